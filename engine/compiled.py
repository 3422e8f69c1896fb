"""Updates in compiled kernels, many in one call: nothing of Python's lies between two of them."""

from collections.abc import Callable

import numpy as np

from engine.backend import Array, Backend, Call, Steps
from engine.data.batches import Batches
from engine.plan import Plan
from engine.subnormal import Flushed

MOST = 1 << 13  # updates of one call: their scalars stay in the processor's nearest memories
NONE = np.empty(0)


class Compiled:
    """What `laid` tells of each size of a batch: its plan, the calls until its loss is known and those after."""

    def __init__(
        self, backend: Backend, laid: Callable[[int], tuple[Plan, list[Call], list[Call]]], scalars: Array
    ) -> None:
        """The calls take `scalars`."""
        self._backend, self._laid, self._scalars = backend, laid, scalars
        self._steps: dict[tuple[int, ...], Steps | None] = {}

    def forget(self) -> None:
        """There are other plans now."""
        self._steps.clear()

    def losses(
        self,
        most: int,
        train: Batches,
        at: tuple[int, int, int],
        pause: bool,
        scalars: Callable[[int], Array] | None,
    ) -> Array:
        """The losses of up to `most` updates, which are done; none where the first cannot be done here.

        They begin `at` an epoch, an example in it and a size of batches, and with `pause` end with the epoch. `scalars`
        makes a row of them for each update, None where they stay.
        """
        epoch, position, size = at
        stays = size == train.count and not position and train.stays(epoch)
        tail = (train.count - position) % size
        run = self._for((size, tail) if tail else (size,))
        most = 1 if stays and pause else min(most, MOST)
        if run is None or most < 2:
            return NONE
        lot = None
        if stays:
            rows, targets = next(train.window(epoch, 0, size, pause))
            self._laid(size)[0].fill(rows[0, 0], targets[0, 0])
        else:
            most, lot = train.lot(epoch, position, size, most, pause)
        changes = None if scalars is None else scalars(most)
        with Flushed():
            return run(most, lot, changes)

    def _for(self, sizes: tuple[int, ...]) -> Steps | None:
        if sizes not in self._steps:
            self._steps[sizes] = self._backend.steps([self._laid(size) for size in sizes], self._scalars)
        return self._steps[sizes]
