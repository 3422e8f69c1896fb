"""Curves that never grow too long: exact at both ends, evenly thinned in between without losing an extreme."""

import numpy as np

FIRST = 50  # buckets at the beginning that are never merged: most faults begin there
CAP = 4096  # buckets kept; when there are more, those of the middle are merged
RECENT = 1024  # buckets at the end that are never merged
MIDDLE = CAP - FIRST - RECENT
AT_ONCE = MIDDLE // 2  # buckets that there is room for after a merger, at the least
ABREAST = 16  # numbers whose past is merged at a time: they fit into the processor's cache


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
    def nbytes(self) -> int:
        """What its arrays take."""
        return sum(part.nbytes for part in (self._steps, self._weight, *self._columns()))

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
        for start in range(0, len(steps), AT_ONCE):
            piece = slice(start, start + AT_ONCE)
            self._add(steps[piece], [np.reshape(part[piece], (-1, self.width)) for part in parts])

    def cut(self, step: float) -> None:
        """Forgets every bucket that begins at `step` or later. What comes then is another past, in other arrays."""
        length = int(np.searchsorted(self.steps, step))
        if length < self._length:
            self._low, self._high, self._mean, self._last = (part.copy() for part in self._columns())
        self._length = length
        self.version += 1

    def _add(self, steps: np.ndarray, parts: list[np.ndarray]) -> None:
        if self._length + len(steps) > CAP:
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
        while len(starts := _changes(before // self._cell)) > MIDDLE - AT_ONCE:
            self._cell *= 2
        alone = int(np.argmax(np.append(starts, stop - start) != np.arange(len(starts) + 1))) - 1
        start, starts = start + alone, starts[alone:] - alone  # what was merged before stays as it is
        middle, tail = slice(start, stop), slice(stop, self._length)
        into, moved = slice(start, start + len(starts)), slice(start + len(starts), start + len(starts) + RECENT)
        weight = self._weight[middle]
        for first in range(0, self.width, ABREAST):
            low, high, mean, last = (column[first : first + ABREAST] for column in self._columns())
            seen = low[:, middle], high[:, middle], mean[:, middle], last[:, middle]
            merged = _joined(seen, weight, starts)
            for column, part in zip((low, high, mean, last), merged, strict=True):
                column[:, into] = part
                column[:, moved] = column[:, tail].copy()
        for line, merged in (
            (self._steps, self._steps[middle][starts]),
            (self._weight, np.add.reduceat(weight, starts)),
        ):
            line[into] = merged
            line[moved] = line[tail].copy()
        self._length = moved.stop


Four = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # low, high, mean, last, each (numbers, n)


def _joined(parts: Four, weight: np.ndarray, starts: np.ndarray) -> Four:
    """The buckets merged from each of `starts` to the next."""
    with np.errstate(all="ignore"):
        whole = ~np.isnan(sum(parts)).any(axis=1)  # without a gap: most of the numbers
        if whole.all():
            low, high, mean, last = parts
            means = np.add.reduceat(mean * weight, starts, axis=1) / np.add.reduceat(weight, starts)
            ends = np.append(starts[1:], len(weight)) - 1
            return np.minimum.reduceat(low, starts, 1), np.maximum.reduceat(high, starts, 1), means, last[:, ends]
        made = tuple(np.full((len(whole), len(starts)), np.nan) for _ in range(4))
        for rows, join in ((whole, _joined), (~whole, _joined_with_gaps)):
            if rows.any():
                low, high, mean, last = (part[rows] for part in parts)
                for into, merged in zip(made, join((low, high, mean, last), weight, starts), strict=True):
                    into[rows] = merged
        return made


def _joined_with_gaps(parts: Four, weight: np.ndarray, starts: np.ndarray) -> Four:
    low, high, mean, last = parts
    known = ~np.isnan(mean)
    sums = np.add.reduceat(np.where(known, mean, 0.0) * weight, starts, axis=1)
    means = sums / np.add.reduceat(known * weight, starts, axis=1)
    places = np.where(np.isnan(last), -1, np.arange(last.shape[1]))
    places = np.maximum(np.maximum.reduceat(places, starts, axis=1), starts)
    lasts = np.take_along_axis(last, places, axis=1)
    return np.fmin.reduceat(low, starts, axis=1), np.fmax.reduceat(high, starts, axis=1), means, lasts


def _changes(cells: np.ndarray) -> np.ndarray:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))
