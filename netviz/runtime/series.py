"""Curves that never grow too long: exact at both ends, thinned in between without losing an extreme."""

import numpy as np

FIRST = 50  # buckets at the beginning that are never merged: most faults begin there
CAP = 4096  # buckets kept; when there are more, the older ones are merged in pairs
RECENT = 1024  # buckets at the end that are never merged


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
        """Merges neighbours between the first and the recent buckets in pairs."""
        start = FIRST
        stop = start + (self._length - RECENT - start) // 2 * 2
        pairs = (stop - start) // 2
        left, right = slice(start, stop, 2), slice(start + 1, stop, 2)
        weights = np.stack([self._weight[left], self._weight[right]])[:, None]
        both = np.stack([self._mean[:, left], self._mean[:, right]])
        known = weights * ~np.isnan(both)
        with np.errstate(all="ignore"):
            mean = np.nansum(both * weights, axis=0) / known.sum(axis=0)
            low = np.fmin(self._low[:, left], self._low[:, right])
            high = np.fmax(self._high[:, left], self._high[:, right])
        last = np.where(np.isnan(self._last[:, right]), self._last[:, left], self._last[:, right])
        into, tail = slice(start, start + pairs), slice(stop, self._length)
        rest = self._length - stop
        moved = slice(start + pairs, start + pairs + rest)
        for column, merged in zip(self._columns(), (low, high, mean, last), strict=True):
            column[:, into] = merged
            column[:, moved] = column[:, tail].copy()
        self._steps[into] = self._steps[left].copy()
        self._weight[into] = weights.sum(axis=0)[0]
        self._steps[moved] = self._steps[tail].copy()
        self._weight[moved] = self._weight[tail].copy()
        self._length = start + pairs + rest
