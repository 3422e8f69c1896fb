"""What has happened and was not told yet, bounded however long nobody asks."""

import numpy as np

from engine.run.messages import LayerScalars, LossBuckets

MOST = 2048  # steps kept one by one; twice as many are merged in pairs


class Losses:
    """The losses of consecutive steps, in buckets of `width` steps."""

    def __init__(self) -> None:
        self._first, self._width = 0, 1
        self._new: list[float] = []  # single steps
        self._old = np.zeros((4, 0))  # low, high, mean, last of full buckets

    def add(self, step: int, loss: float) -> None:
        new = self._new
        if not new and not self._old.shape[1]:
            self._first = step
        new.append(loss)
        if len(new) >= MOST * self._width:
            self._fold()

    def _fold(self) -> None:
        """Buckets the single steps; when there are too many buckets, doubles their width."""
        full = len(self._new) // self._width * self._width
        blocks = np.array(self._new[:full]).reshape(-1, self._width)
        del self._new[:full]
        folded = np.stack([blocks.min(1), blocks.max(1), blocks.mean(1), blocks[:, -1]])
        self._old = np.concatenate([self._old, folded], axis=1)
        while self._old.shape[1] > MOST and self._old.shape[1] % 2 == 0:
            low, high, mean, last = (row.reshape(-1, 2) for row in self._old)
            self._old = np.stack([low.min(1), high.max(1), mean.mean(1), last[:, 1]])
            self._width *= 2

    def take(self) -> LossBuckets:
        """All buckets since the last call; the steps of an unfinished bucket stand one by one."""
        single = np.array(self._new)
        rest = np.stack([single] * 4) if len(single) else np.zeros((4, 0))
        parts = np.concatenate([self._old, rest], axis=1)
        full = self._old.shape[1]
        steps = np.concatenate(
            [self._first + np.arange(full) * self._width, self._first + full * self._width + np.arange(len(single))]
        )
        self.__init__()  # type: ignore[misc]
        return LossBuckets(steps, *parts)


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
