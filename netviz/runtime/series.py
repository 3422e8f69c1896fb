"""Curves that never grow too long: exact at both ends, evenly thinned in between without losing an extreme."""

import numpy as np

FIRST = 50  # buckets at the beginning that are never merged: most faults begin there
CAP = 4096  # buckets kept; when there are more, those of the middle are merged
RECENT = 1024  # buckets at the end that are never merged
MIDDLE = CAP - FIRST - RECENT


class Series:
    """Buckets over steps, each with minimum, maximum, mean and last of its samples, `width` numbers a sample.

    A sample of NaN is a gap: it counts in no extreme and in no mean.
    """

    def __init__(self, width: int = 1) -> None:
        self.width = width
        self.clear()

    def clear(self) -> None:
        self._length = 0
        self._steps = np.zeros(CAP + 1)
        self._weight = np.zeros(CAP + 1)  # samples in the bucket
        self._cell = 1  # samples that a bucket of the middle stands for, at most
        # A number's past lies together: a panel reads few of the numbers, and all of their past.
        self._low, self._high, self._mean, self._last = (np.zeros((self.width, CAP + 1)) for _ in range(4))
        self.version = 0

    def __len__(self) -> int:
        return self._length

    @property
    def steps(self) -> np.ndarray:
        """(n,) the first step of each bucket."""
        return self._steps[: self._length]

    @property
    def low(self) -> np.ndarray:
        """(n, width) minima."""
        return self._low[:, : self._length].T

    @property
    def high(self) -> np.ndarray:
        return self._high[:, : self._length].T

    @property
    def mean(self) -> np.ndarray:
        return self._mean[:, : self._length].T

    @property
    def last(self) -> np.ndarray:
        return self._last[:, : self._length].T

    def extend(
        self,
        steps: np.ndarray,
        low: np.ndarray,
        high: np.ndarray | None = None,
        mean: np.ndarray | None = None,
        last: np.ndarray | None = None,
    ) -> None:
        """Adds buckets (or, with `low` alone, samples): `steps` (n,), the others (n, width)."""
        parts = [low, low if high is None else high, low if mean is None else mean, low if last is None else last]
        for start in range(0, len(steps), RECENT):
            piece = slice(start, start + RECENT)
            self._add(steps[piece], [np.reshape(part[piece], (-1, self.width)) for part in parts])

    def cut(self, step: float) -> None:
        """Forgets every bucket that begins at `step` or later."""
        self._length = int(np.searchsorted(self.steps, step))
        self.version += 1

    def _add(self, steps: np.ndarray, parts: list[np.ndarray]) -> None:
        while self._length + len(steps) > CAP:
            self._thin()
        new = slice(self._length, self._length + len(steps))
        self._steps[new], self._weight[new] = steps, 1
        for mine, part in zip(self._columns(), parts, strict=True):
            mine[:, new] = part.T
        self._length += len(steps)
        self.version += 1

    def _columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return self._low, self._high, self._mean, self._last

    def _thin(self) -> None:
        """Merges the buckets between the first and the recent ones into cells of equally many samples.

        Cells count from the first bucket on, and grow by doubling: the whole past stays evenly fine.
        """
        start, stop = FIRST, self._length - RECENT
        before = np.cumsum(self._weight[start:stop]) - self._weight[start:stop]  # samples ahead of each bucket
        while len(starts := _changes(before // self._cell)) > MIDDLE // 2:
            self._cell *= 2
        alone = int(np.argmax(np.append(starts, stop - start) != np.arange(len(starts) + 1))) - 1
        start, starts = start + alone, starts[alone:] - alone  # what was merged before stays as it is
        middle, tail = slice(start, stop), slice(stop, self._length)
        into, moved = slice(start, start + len(starts)), slice(start + len(starts), start + len(starts) + RECENT)
        weight = self._weight[middle]
        with np.errstate(all="ignore"):
            low, high = (
                join.reduceat(part[:, middle], starts, axis=1)
                for join, part in ((np.fmin, self._low), (np.fmax, self._high))
            )
            known = ~np.isnan(self._mean[:, middle])
            sums = np.add.reduceat(np.where(known, self._mean[:, middle] * weight, 0.0), starts, axis=1)
            mean = sums / np.add.reduceat(known * weight, starts, axis=1)
        places = np.where(np.isnan(self._last[:, middle]), -1, np.arange(stop - start))
        places = np.maximum(np.maximum.reduceat(places, starts, axis=1), starts)
        last = np.take_along_axis(self._last[:, middle], places, axis=1)
        for column, merged in zip(self._columns(), (low, high, mean, last), strict=True):
            column[:, into] = merged
            column[:, moved] = column[:, tail].copy()
        for line, merged in (
            (self._steps, self._steps[middle][starts]),
            (self._weight, np.add.reduceat(weight, starts)),
        ):
            line[into] = merged
            line[moved] = line[tail].copy()
        self._length = moved.stop


def _changes(cells: np.ndarray) -> np.ndarray:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))
