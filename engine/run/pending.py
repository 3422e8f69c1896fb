"""What has happened and was not told yet, bounded however long nobody asks."""

from typing import Any

import numpy as np

from engine.run.messages import LayerScalars, LossBuckets

Array = np.ndarray[Any, Any]
FIRST = 50  # steps of a run that always stand one by one
MOST = 512  # half of the most buckets of one width; a power of two, so that buckets fill evenly
ROOM = 16  # times as many steps are kept one by one before they go into buckets: seldom, for each time has its price
MOST_ROWS = 2048  # of layers' scalars


class Losses:
    """The losses of consecutive steps: one by one while they are few, else in buckets of `width` steps."""

    def __init__(self) -> None:
        self._begun, self._first, self._width = False, 0, 1
        self._early: list[float] = []  # of the run's first steps, before those in buckets
        self._new, self._count = np.empty(ROOM * MOST), 0  # single steps
        self._part, self._filled = np.zeros((4, 0)), 0  # of a bucket wider than there is room: how many steps are in it
        self._old = np.zeros((4, 0))  # low, high, mean, last of full buckets

    def add(self, step: int, loss: float) -> None:
        self._begin(step)
        if step < FIRST:
            self._early.append(loss)
            return
        self._new[self._count] = loss
        self._count += 1
        if self._count == len(self._new):
            self._fold()

    def extend(self, step: int, losses: Array) -> None:
        """Those of `step` and the following ones."""
        self._begin(step)
        if step < FIRST:
            early, losses = losses[: FIRST - step], losses[FIRST - step :]
            self._early += early.tolist()
        while len(losses):
            piece, losses = np.split(losses, [len(self._new) - self._count])
            self._new[self._count : self._count + len(piece)] = piece
            self._count += len(piece)
            if self._count == len(self._new):
                self._fold()

    def _begin(self, step: int) -> None:
        if not self._begun:
            self._begun, self._first = True, step

    def _fold(self) -> None:
        """Buckets the single steps; when there are too many buckets, makes them wider."""
        if not self._old.shape[1] and not self._filled:
            self._width = max(self._width, len(self._new) // MOST)  # at once, not half by half
        folded, self._count = _merged(_single(self._new), min(self._width, len(self._new))), 0
        if self._width > len(self._new):
            if self._filled:
                mean = (self._part[2] * self._filled + folded[2] * len(self._new)) / (self._filled + len(self._new))
                folded = _merged(np.concatenate([self._part, folded], axis=1), 2)
                folded[2] = mean
            self._part, self._filled = folded, self._filled + len(self._new)
            if self._filled < self._width:
                return
            self._part, self._filled = np.zeros((4, 0)), 0
        self._old = np.concatenate([self._old, folded], axis=1)
        # Never in the middle of a bucket, and never leaving one over: all these numbers are powers of two.
        while self._old.shape[1] >= 2 * MOST:
            self._old = _merged(self._old, 2)
            self._width *= 2

    def take(self) -> LossBuckets:
        """All buckets since the last call; what has not filled one of `width` steps is in narrower ones."""
        narrow = 1
        while self._count // narrow >= 2 * MOST:
            narrow *= 2
        tail, left = np.split(self._new[: self._count], [self._count - self._count % narrow])
        early = np.array(self._early)
        parts = _single(early), self._old, self._part, _merged(_single(tail), narrow), _single(left)
        widths = np.repeat([1, self._width, self._filled, narrow, 1], [part.shape[1] for part in parts])
        steps = self._first + np.cumsum(widths) - widths
        buckets = np.concatenate(parts, axis=1)
        self.__init__()  # type: ignore[misc]
        return LossBuckets(steps, *buckets)


def _single(losses: Array) -> Array:
    """Buckets of one step each."""
    return np.broadcast_to(losses, (4, len(losses)))


def _merged(buckets: Array, count: int) -> Array:
    """`count` neighbours of (low, high, mean, last) made one, for a power of two: pair by pair, whole rows at once."""
    low, high, mean, last = buckets
    for _ in range(count.bit_length() - 1):
        low, high = np.minimum(low[::2], low[1::2]), np.maximum(high[::2], high[1::2])
        mean = (mean[::2] + mean[1::2]) / 2
    return np.stack([low, high, mean, last[count - 1 :: count]])


class Scalars:
    """The layers' scalars of some steps; of a long wait the first and the last are kept."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._rows: list[list[list[float]]] = []

    def add(self, step: int, row: list[list[float]]) -> None:
        if len(self._steps) >= MOST_ROWS:
            del self._steps[MOST_ROWS // 2 :: 2], self._rows[MOST_ROWS // 2 :: 2]
        self._steps.append(step)
        self._rows.append(row)

    def take(self) -> LayerScalars | None:
        if not self._steps:
            return None
        taken = LayerScalars(np.array(self._steps), np.array(self._rows))
        self._steps, self._rows = [], []
        return taken
