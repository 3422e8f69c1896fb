"""One layer's histogram as a filled shape over an axis that all layers of its kind share."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import asinh

import numpy as np

from engine.probes.histograms import BINS, LINEAR, REACH, LayerHistogram, edges
from netviz.widgets.ticks import percent

REACHES = (1.0, 10.0, 100.0, REACH)
ZERO_ROOM = 0.04  # of the width, left of a zero that stands at the axis' end


@dataclass(frozen=True, slots=True)
class Span:
    """What of the numbers an axis shows: even, or even in asinh(x / 0.1)."""

    low: float
    high: float
    symlog: bool

    def share(self, value: np.ndarray | float) -> np.ndarray:
        """Where `value` lies, from 0 at the left end to 1 at the right."""
        low, high = self.low, self.high
        if self.symlog:
            value, low, high = np.arcsinh(np.asarray(value) / LINEAR), asinh(low / LINEAR), asinh(high / LINEAR)
        place = (np.asarray(value) - low) / (high - low)
        if self.low == 0:
            place = ZERO_ROOM + place * (1 - ZERO_ROOM)
        return place

    def ticks(self) -> tuple[float, ...]:
        if not self.symlog:
            return (self.low, (self.low + self.high) / 2, self.high)
        positive = tuple(reach for reach in REACHES if reach <= self.high)
        return (*(-reach for reach in reversed(positive)), 0.0, *positive) if self.low < 0 else (0.0, *positive)


def span_of(histogram: LayerHistogram, reach: float, negative: bool) -> Span:
    """The axis of a histogram: its own bounds, or the part of the symlog axis that its net reaches."""
    if not histogram.symlog:
        return Span(histogram.low, histogram.high, False)
    return Span(-reach if negative else 0.0, reach, True)


def reach_for(value: float) -> float:
    """The smallest of the fixed reaches that shows `value`."""
    return next((reach for reach in REACHES if reach >= value), REACHES[-1])


@lru_cache(64)
def centre_shares(low: float, high: float, symlog: bool, span: Span) -> np.ndarray:
    """Where the middles of the bins lie on `span`."""
    borders = edges(low, high, symlog)
    shares = span.share(borders)
    middles: np.ndarray = (shares[:-1] + shares[1:]) / 2
    return middles


def ridge(histogram: LayerHistogram, span: Span) -> tuple[np.ndarray, np.ndarray]:
    """(places, heights) of the outline, both from 0 to 1; the fullest bin is 1. Empty where no bin holds anything."""
    counts = np.asarray(histogram.counts)
    most = counts.max(initial=0)
    if most <= 0:
        return np.zeros(0), np.zeros(0)
    places = centre_shares(histogram.low, histogram.high, histogram.symlog, span)
    seen = (places >= 0) & (places <= 1)
    places, heights = places[seen], counts[seen] / most
    return np.concatenate([places[:1], places, places[-1:]]), np.concatenate([[0.0], heights, [0.0]])


def total(histogram: LayerHistogram) -> int:
    """How many numbers were counted, in bins and apart."""
    h = histogram
    return int(np.sum(h.counts)) + h.zeros + h.nan + h.infinite + h.under + h.over


def bin_at(histogram: LayerHistogram, span: Span, share: float) -> int | None:
    """The bin drawn at `share` of the width."""
    borders = span.share(edges(histogram.low, histogram.high, histogram.symlog))
    place = int(np.searchsorted(borders, share, "right")) - 1
    return place if 0 <= place < BINS else None


def bin_rows(h: LayerHistogram) -> Iterator[tuple[str, float | None, float | None, int]]:
    """(what it holds, from, to, how many): the bins, then what no bin holds."""
    ends = edges(h.low, h.high, h.symlog).tolist()
    for low, high, count in zip(ends, ends[1:], np.asarray(h.counts).tolist(), strict=False):
        yield "bin", low, high, count
    yield "zeros", 0.0, 0.0, h.zeros
    yield "below", None, h.low, h.under
    yield "above", h.high, None, h.over
    yield "infinite", None, None, h.infinite
    yield "nan", None, None, h.nan


def in_words(h: LayerHistogram) -> str:
    count = max(1, total(h))
    text = f"{h.node} from {h.least:.3g} to {h.most:.3g}, {percent(h.zeros / count).strip()} zeros"
    return text + (f", {h.nan + h.infinite} not finite" if h.nan + h.infinite else "")
