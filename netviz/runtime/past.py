"""What probes told at past steps, as far as memory goes: the first answers and the latest, evenly fewer in between."""

from collections.abc import Iterable, Mapping

import numpy as np

from engine.probes.histograms import BINS, LayerHistogram
from engine.probes.unit_shares import LayerShares

FIRST = 32  # rows at the beginning that are never dropped: most faults begin there
RECENT = 64  # rows at the end that are never dropped
MOST = 512  # rows of a layer
LEAST = FIRST + RECENT + 32  # of the deepest nets
NUMBERS = 4_000_000  # of all layers together: 16 MB a network
APART = ("zeros", "nan", "infinite", "under", "over")  # what no bin holds


def most_rows(layers: int, width: int) -> int:
    """How many rows of `width` numbers each of so many layers may keep."""
    return max(LEAST, min(MOST, NUMBERS // max(1, layers * max(1, width))))


class Past:
    """Rows of numbers at rising steps, each as it was told: thinning leaves rows out, and changes none."""

    def __init__(self, width: int, most: int = MOST, dtype: str = "uint32") -> None:
        self.width, self.most = width, most
        self._steps = np.zeros(0)
        self._rows = np.zeros((0, width), dtype)
        self._length = 0
        self._gap = 1.0  # between two rows of the middle, in rows as they came
        self._came = np.zeros(0)  # which one each row was, counted from 0
        self._next = 0
        self.ever = np.zeros(width, bool)  # which of the numbers were ever other than 0
        self.version = 0  # changes with the rows

    def __len__(self) -> int:
        return self._length

    @property
    def nbytes(self) -> int:
        """What its arrays take."""
        return self._steps.nbytes + self._rows.nbytes + self._came.nbytes

    @property
    def steps(self) -> np.ndarray:
        """(n,) rising."""
        return self._steps[: self._length]

    @property
    def rows(self) -> np.ndarray:
        """(n, width)."""
        return self._rows[: self._length]

    def add(self, step: float, row: np.ndarray) -> None:
        """Adds a row; those of this step and of later ones are forgotten."""
        self.cut(step)
        if self._length == self.most:
            self._thin()
        if self._length == len(self._steps):
            more = min(self.most, max(16, 2 * self._length)) - self._length
            self._steps, self._came, self._rows = (
                _longer(part, more) for part in (self._steps, self._came, self._rows)
            )
        self._steps[self._length], self._rows[self._length], self._came[self._length] = step, row, self._next
        self._length += 1
        self._next += 1
        self.version += 1
        self.ever |= self._rows[self._length - 1] != 0

    def cut(self, step: float) -> None:
        """Forgets every row of `step` and later."""
        length = int(np.searchsorted(self.steps, step))
        if length < self._length:
            self._length = length
            self.version += 1
            self.ever = (self.rows != 0).any(axis=0)

    def _thin(self) -> None:
        """Of the rows between the first and the recent ones, one stays of as many as make room."""
        start, stop = FIRST, self._length - RECENT
        came = self._came[start:stop]
        while len(kept := _firsts(came // self._gap)) > (self.most - FIRST - RECENT) // 2:
            self._gap *= 2
        order = np.concatenate([np.arange(start), start + kept, np.arange(stop, self._length)])
        for line in (self._steps, self._rows, self._came):
            line[: len(order)] = line[order]
        self._length = len(order)


def _longer(part: np.ndarray, more: int) -> np.ndarray:
    return np.concatenate([part, np.zeros((more, *part.shape[1:]), part.dtype)])


def _firsts(cells: np.ndarray) -> np.ndarray:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))


class HistogramPast:
    """The histograms of each layer over time. All of a layer have the same bins, so that steps compare as they are."""

    def __init__(self, layers: int) -> None:
        self._most = most_rows(layers, BINS + len(APART))
        self._pasts: dict[str, Past] = {}
        self._bins: dict[str, tuple[float, float, bool, bool]] = {}

    def add(self, step: float, histograms: Iterable[LayerHistogram]) -> None:
        for h in histograms:
            bins = (h.low, h.high, h.symlog, h.decades)
            if self._bins.get(h.node) != bins:  # other bins are another past
                self._bins[h.node], self._pasts[h.node] = bins, Past(BINS + len(APART), self._most)
            apart = [getattr(h, name) for name in APART]
            self._pasts[h.node].add(step, np.append(np.asarray(h.counts), apart))

    def cut(self, step: float) -> None:
        for past in self._pasts.values():
            past.cut(step)

    def __getitem__(self, node: str) -> Past:
        """The past of a layer; an empty one where nothing was told."""
        return self._pasts.get(node) or Past(BINS + len(APART))

    @property
    def nodes(self) -> Mapping[str, Past]:
        return self._pasts

    def at(self, node: str, place: int) -> LayerHistogram:
        """Row `place` of a layer as a histogram, but for its least and largest value."""
        low, high, symlog, decades = self._bins[node]
        row = self._pasts[node].rows[place].astype(np.int64)
        apart = dict(zip(APART, row[BINS:].tolist(), strict=True))
        nan = float("nan")
        return LayerHistogram(node, row[:BINS], low, high, symlog, **apart, least=nan, most=nan, decades=decades)


DEAD = 255  # of a unit's byte; below it, its share of saturated examples from 0 to ALL
ALL = 254


def unit_bytes(layer: LayerShares) -> np.ndarray:
    """(units,) uint8: DEAD, or the saturated share; 0 and ALL only of none and of all examples."""
    share = np.asarray(layer.saturated, float)
    code = np.clip(np.rint(np.nan_to_num(share) * ALL), share > 0, np.where(share < 1, ALL - 1, ALL))
    return np.where(layer.dead, DEAD, code).astype(np.uint8)
