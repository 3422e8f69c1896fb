"""An epoch's examples in order, batch by batch."""

from collections.abc import Callable, Iterator
from math import prod

import numpy as np

from engine.backend import Array, Backend, Lot
from engine.data.augmentation import Augmentation, Augmenter
from engine.data.curriculum import Curriculum, by_centroid
from engine.data.preprocess import CHUNK
from engine.data.rows import Rows
from engine.random import Generators, keys_of

WINDOW = 1 << 20  # bytes of shuffled examples gathered at once: a batch is then a slice of rows that lie together
WINDOW_THERE = 1 << 26  # the same on a device, where a launch costs more than a look at far memory
AHEAD = 256  # batches laid out at once, where several epochs have no more
NARROW = 8  # features, with the 1, of examples that are taken from memory column by column
RESIDENT = 1 << 31  # bytes of prepared rows that are kept on the device; of more, a window at a time is prepared
FIRST = 512  # rows that pictures are made of, where not all are kept


class Batches:
    """Examples on the device: rows (N, features + 1) ending in a constant 1, `targets` (N, units)."""

    def __init__(
        self,
        backend: Backend,
        x: Rows,
        targets: Array,
        shuffle: bool,
        seed: int,
        prepared: Callable[[Array], Array] | None = None,
    ) -> None:
        """`prepared` takes raw examples (n, *shape) to what the first layer sees, (n, features)."""
        self.backend, self.shuffle, self.seed = backend, shuffle, seed
        self.targets = backend.from_host(targets)
        self.count, self._width = len(x), prod(x.shape[1:]) + 1
        self._prepared = prepared or (lambda part: part.reshape(len(part), -1))
        self._x: Rows | None = None
        self._kept: Array | None = None
        if self.count * self._row_bytes <= RESIDENT:
            self._kept = self._all(x)
        else:
            self._x = x
        self._columns: Array | None = None  # of the same, made when they are first wanted
        self._curriculum: Curriculum | None = None
        self._augmenter: Augmenter | None = None
        self._easiest: Array | None = None  # the examples' numbers, those of a curriculum's first epoch first
        self._generators = Generators()
        self._orders = np.empty((0, self.count), np.int64)  # of epochs in turn
        self._order: tuple[int, Array | None] = (-1, None)  # of the epoch that was last asked for

    @property
    def rows(self) -> Array:
        """All rows; of examples that are too many to be kept, the first ones."""
        return self._kept if self._kept is not None else self._gathered(slice(0, FIRST))

    def parts(self) -> Iterator[tuple[Array, Array]]:
        """All rows with their targets (n, units), in the data's order, as many at once as are kept."""
        if self._kept is not None:
            yield self._kept, self.targets
            return
        size = max(1, CHUNK // self._width)
        for start in range(0, self.count, size):
            part = slice(start, start + size)
            yield self._gathered(part), self.targets[part]

    def ease(self, curriculum: Curriculum | None, y: Array) -> None:
        """Follows `curriculum`, if there is one; `y` as the data have them."""
        if curriculum is None:
            return
        self._curriculum = curriculum
        if curriculum.by == "centroid":
            self._easiest = by_centroid(lambda: (self.backend.to_host(rows)[:, :-1] for rows, _ in self.parts()), y)
        else:
            self._easiest = np.arange(self.count)
        self.forget()

    def augment(self, how: Augmentation | None, shape: tuple[int, ...]) -> None:
        """Shows examples, of `shape`, changed in such a way, if there is one."""
        self._augmenter = None if how is None else Augmenter(self.backend, how, shape, self.count)

    def stays(self, epoch: int) -> bool:
        """Whether a batch of all examples is the same in this epoch as in the next ones."""
        return self._augmenter is None and not self.chooses(epoch)

    def chooses(self, epoch: int) -> bool:
        """Whether `epoch` does not show every example once."""
        return self._curriculum is not None and self._curriculum.shown(epoch, self.count) < self.count

    def window(
        self, epoch: int, position: int, batch: int, pause: bool, alone: bool = False
    ) -> Iterator[tuple[Array, Array]]:
        """The next batches of `epoch` from example `position`, those of one size together.

        Rows (epochs, batches, n, features + 1), and targets as columns (epochs, batches, units, n): the last, smaller
        batch of each epoch comes behind the others. Of few examples those of several epochs come at once, unless there
        is a `pause` between them. A batch of all examples is not shuffled; the rest of an epoch that was begun in
        smaller batches is, so that each example still has its turn once. `alone`, one batch is all that comes.
        """
        most = batch if alone else self._size(batch)
        stop = min(position + most, self.count)
        epochs = min(most, AHEAD * batch) // self.count
        if epochs > 1 and batch < self.count and self._alike and self.backend.xp is np and not (pause or position):
            chosen = self._chosen(epoch, epochs * self.count)[: epochs * self.count]
            rows, targets = self._taken(chosen), self.targets.take(chosen, 0)
        else:
            epochs = 1
            rows, targets = self._laid_out(epoch, position, stop, batch)
        full, units = (stop - position) // batch * batch, targets.shape[1]
        rows, targets = rows.reshape(epochs, -1, self._width), targets.reshape(epochs, -1, units)
        for part, size in ((slice(full), batch), (slice(full, None), stop - position - full)):
            if rows[:, part].size:
                columns = targets[:, part].reshape(epochs, -1, size, units).transpose(0, 1, 3, 2)
                yield rows[:, part].reshape(epochs, -1, size, self._width), columns

    def _taken(self, chosen: Array) -> Array:
        """Of a few features each one's numbers at once, as small plans have them too."""
        assert self._kept is not None
        if self._width > NARROW:
            return self._kept.take(chosen, 0)
        if self._columns is None:
            self._columns = np.ascontiguousarray(self._kept.T)
        return self._columns.take(chosen, 1).T

    @property
    def _alike(self) -> bool:
        """Whether epochs differ in nothing but their order."""
        return self._kept is not None and self._augmenter is None and self._curriculum is None

    def lot(self, epoch: int, position: int, batch: int, most: int, pause: bool) -> tuple[int, Lot]:
        """Up to `most` batches from example `position` of `epoch` on: how many, and their examples.

        With `pause`, or where epochs differ in more than their order, until the epoch ends. Good until the next one is
        asked for.
        """
        most = min(most, max(1, self._size(batch) // batch))
        if pause or not self._alike or position % batch:
            most = min(most, self.left(position, batch))
        stop = self.reach(position, batch, most)
        if self._alike:
            assert self._kept is not None
            rows, targets, chosen = self._kept, self.targets, self._chosen(epoch, stop)[position:stop]
        else:
            rows, targets = self._laid_out(epoch, position, stop, batch)
            chosen = np.arange(len(rows))
        return most, Lot(rows, targets, chosen, self.count, self.count - position)

    def left(self, position: int, batch: int) -> int:
        """How many batches there are until the epoch ends."""
        return -(-(self.count - position) // batch)

    def reach(self, position: int, batch: int, steps: int) -> int:
        """Where so many batches from example `position` on end, counted on past the end of the epoch."""
        left, each = self.left(position, batch), self.left(0, batch)
        if steps < left:
            return position + steps * batch
        epochs, more = divmod(steps - left, each)
        return (1 + epochs) * self.count + more * batch

    def _chosen(self, first: int, stop: int) -> Array:
        """The examples in the order of epochs `first` and following, until there are `stop`."""
        epochs = -(-stop // self.count)
        if len(self._orders) < epochs:
            self._orders = np.empty((epochs, self.count), np.int64)
            self._orders[:] = np.arange(self.count)
        if self.shuffle:
            self._draw(first, self._orders[:epochs])
        return self._orders.reshape(-1)

    def _draw(self, first: int, orders: Array) -> None:
        """The orders (n, N) of epochs `first` and following, each of all examples."""
        shuffle = self.backend.shuffle or self._generators.shuffle
        shuffle(keys_of(self.seed, "shuffle", range(first, first + len(orders))), orders)

    def _size(self, batch: int) -> int:
        """How many examples are gathered at once."""
        window = WINDOW if self.backend.device == "cpu" else WINDOW_THERE
        return max(batch, window // self._row_bytes // batch * batch)

    def _laid_out(self, epoch: int, position: int, stop: int, batch: int) -> tuple[Array, Array]:
        """The examples of `epoch` in their order from `position` to `stop`: rows, and targets (n, units)."""
        if self.chooses(epoch) or (self.shuffle and (batch < self.count or position)):
            chosen = self._permutation(epoch)[position:stop]
            # `take` needs a third of the time of `rows[chosen]`.
            rows = self._kept.take(chosen, 0) if self._kept is not None else self._gathered(chosen)
            targets = self.targets.take(chosen, 0)
        else:
            part = slice(position, stop)
            rows = self._kept[part] if self._kept is not None else self._gathered(part)
            targets = self.targets[part]
        if self._augmenter is not None:
            rows = self._augmenter(rows, self.seed, epoch, position)
        return rows, targets

    def forget(self) -> None:
        """The seed has changed: no order is known."""
        self._order = (-1, None)

    @property
    def _row_bytes(self) -> int:
        return self._width * np.dtype(self.backend.dtype).itemsize

    def _all(self, x: Rows) -> Array:
        """Every row, prepared some at a time: in float64 all of them would be twice as large."""
        rows = self.backend.ones(self.count, self._width)
        size = max(1, CHUNK // self._width)
        for start in range(0, self.count, size):
            part = slice(start, start + size)
            rows[part, :-1] = self.backend.from_host(self._prepared(x[part]))
        return rows

    def _gathered(self, where: slice | Array) -> Array:
        assert self._x is not None
        index = where if isinstance(where, slice) else self.backend.to_host(where)
        return with_ones(self.backend, self._prepared(self._x[index]))

    def _permutation(self, epoch: int) -> Array:
        known, order = self._order
        if order is None or known != epoch:
            order = self.backend.xp.asarray(self._drawn(epoch))
            self._order = (epoch, order)
        return order

    def _drawn(self, epoch: int) -> Array:
        """The order of an epoch; of a curriculum, the shown examples again and again until it is full."""
        if self._curriculum is None or not self.chooses(epoch):
            orders = np.empty((1, self.count), np.int64)
            self._draw(epoch, orders)
            return orders.reshape(-1)
        rng = self._generators.at(self.seed, "shuffle", epoch)
        assert self._easiest is not None
        shown = np.sort(self._easiest[: self._curriculum.shown(epoch, self.count)])
        rounds = range(-(-self.count // len(shown)))
        return np.concatenate([rng.permutation(shown) if self.shuffle else shown for _ in rounds])[: self.count]


def with_ones(backend: Backend, x: Array) -> Array:
    """`x` (N, features) on the device, with a column of ones behind it."""
    rows = backend.ones(x.shape[0], x.shape[1] + 1)
    rows[:, :-1] = backend.from_host(x)
    return rows
