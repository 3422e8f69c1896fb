"""An epoch's examples in order, batch by batch."""

from collections.abc import Iterator

from engine.backend import Array, Backend
from engine.random import generator

WINDOW = 1 << 20  # bytes of shuffled examples gathered at once: a batch is then a slice of rows that lie together


class Batches:
    """Examples on the device: `rows` (N, features + 1) ending in a constant 1, `targets` (N, units)."""

    def __init__(self, backend: Backend, x: Array, targets: Array, shuffle: bool, seed: int) -> None:
        self.backend, self.shuffle, self.seed = backend, shuffle, seed
        self.rows, self.targets = with_ones(backend, x), backend.from_host(targets)
        self.count = len(x)
        self._order: tuple[int, Array | None] = (-1, None)  # of the epoch that was last asked for

    def window(self, epoch: int, position: int, batch: int) -> Iterator[tuple[Array, Array]]:
        """The next batches of `epoch` from example `position`: rows, and targets as columns (units, n).

        The last, smaller batch is part of it. A batch of all examples is not shuffled; the rest of an epoch
        that was begun in smaller batches is, so that each example still has its turn once.
        """
        size = max(batch, WINDOW // self.rows[0].nbytes // batch * batch)
        stop = min(position + size, self.count)
        rows, targets = self.rows[position:stop], self.targets[position:stop]
        if self.shuffle and (batch < self.count or position):
            chosen = self._permutation(epoch)[position:stop]
            # `take` needs a third of the time of `rows[chosen]`.
            rows, targets = self.rows.take(chosen, 0), self.targets.take(chosen, 0)
        # Batches of one size are rows of a three-dimensional view: walking over it is faster than slicing.
        full, units = (stop - position) // batch * batch, targets.shape[1]
        yield from zip(
            rows[:full].reshape(-1, batch, rows.shape[1]),
            targets[:full].reshape(-1, batch, units).transpose(0, 2, 1),
            strict=True,
        )
        if full < stop - position:
            yield rows[full:], targets[full:].T

    def forget(self) -> None:
        """The seed has changed: no order is known."""
        self._order = (-1, None)

    def _permutation(self, epoch: int) -> Array:
        known, order = self._order
        if order is None or known != epoch:
            drawn = generator(self.seed, "shuffle", epoch).permutation(self.count)
            order = self.backend.xp.asarray(drawn)
            self._order = (epoch, order)
        return order


def with_ones(backend: Backend, x: Array) -> Array:
    """`x` (N, features) on the device, with a column of ones behind it."""
    rows = backend.ones(x.shape[0], x.shape[1] + 1)
    rows[:, :-1] = backend.from_host(x)
    return rows
