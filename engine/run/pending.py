"""What has happened and was not told yet, bounded however long nobody asks."""

from typing import Any

import numpy as np

from engine.run.messages import LayerScalars, LossBuckets

Array = np.ndarray[Any, Any]
MOST = 2048  # steps kept one by one, and half of the most buckets; a power of two, so that buckets fill evenly


class Losses:
    """The losses of consecutive steps, in buckets of `width` steps."""

    def __init__(self) -> None:
        self._first, self._width = 0, 1
        self._new, self._count = np.empty(MOST), 0  # single steps
        self._part, self._filled = np.zeros((4, 0)), 0  # of a bucket wider than MOST: how many steps are in it
        self._old = np.zeros((4, 0))  # low, high, mean, last of full buckets

    def add(self, step: int, loss: float) -> None:
        self._begin(step)
        self._new[self._count] = loss
        self._count += 1
        if self._count == MOST:
            self._fold()

    def extend(self, step: int, losses: Array) -> None:
        """Those of `step` and the following ones."""
        self._begin(step)
        while len(losses):
            room = MOST - self._count
            piece, losses = losses[:room], losses[room:]
            self._new[self._count : self._count + len(piece)] = piece
            self._count += len(piece)
            if self._count == MOST:
                self._fold()

    def _begin(self, step: int) -> None:
        if not self._count and not self._filled and not self._old.shape[1]:
            self._first = step

    def _fold(self) -> None:
        """Buckets the single steps; when there are too many buckets, doubles their width."""
        folded = _merged(np.broadcast_to(self._new, (4, MOST)), min(self._width, MOST))
        self._count = 0
        if self._width > MOST:
            if self._filled:
                mean = (self._part[2] * self._filled + folded[2] * MOST) / (self._filled + MOST)
                folded = _merged(np.concatenate([self._part, folded], axis=1), 2)
                folded[2] = mean
            self._part, self._filled = folded, self._filled + MOST
            if self._filled < self._width:
                return
            self._part, self._filled = np.zeros((4, 0)), 0
        self._old = np.concatenate([self._old, folded], axis=1)
        # Never in the middle of a bucket, and never leaving one over: both widths are powers of two.
        if self._old.shape[1] >= 2 * MOST:
            self._old = _merged(self._old, 2)
            self._width *= 2

    def take(self) -> LossBuckets:
        """All buckets since the last call; the steps of an unfinished bucket stand one by one."""
        single = np.broadcast_to(self._new[: self._count], (4, self._count))
        counts = self._old.shape[1], self._part.shape[1], self._count
        widths = np.repeat([self._width, self._filled, 1], counts)
        steps = self._first + np.cumsum(widths) - widths
        buckets = np.concatenate([self._old, self._part, single], axis=1)
        self.__init__()  # type: ignore[misc]
        return LossBuckets(steps, *buckets)


def _merged(buckets: Array, count: int) -> Array:
    """`count` neighbours of (low, high, mean, last) made one."""
    low, high, mean, last = buckets.reshape(4, -1, count)
    return np.stack([low.min(1), high.max(1), mean.mean(1), last[:, -1]])


class Scalars:
    """The layers' scalars of some steps; of a long wait the first and the last are kept."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._rows: list[list[list[float]]] = []

    def add(self, step: int, row: list[list[float]]) -> None:
        if len(self._steps) >= MOST:
            del self._steps[MOST // 2 :: 2], self._rows[MOST // 2 :: 2]
        self._steps.append(step)
        self._rows.append(row)

    def take(self) -> LayerScalars | None:
        if not self._steps:
            return None
        taken = LayerScalars(np.array(self._steps), np.array(self._rows))
        self._steps, self._rows = [], []
        return taken
