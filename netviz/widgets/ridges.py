"""One layer's histogram as a filled shape over an axis that all layers of its kind share."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log10

import numpy as np

from engine.probes.histograms import BINS, LINEAR, REACH, LayerHistogram, edges
from netviz.runtime.past import HistogramPast
from netviz.widgets.ticks import decade_ticks, linear_ticks, percent, power, signed

REACHES = (1.0, 10.0, 100.0, REACH)
FEW = BINS // 4  # bins in sight below which they are drawn as steps
MOST_TICKS = 5
ZERO_ROOM = 0.04  # of the width, left of a zero that stands at the axis' end


@dataclass(frozen=True, slots=True)
class Span:
    """What of the numbers an axis shows: even, even in asinh(x / 0.1), or with `decades` even in log10."""

    low: float
    high: float
    symlog: bool
    decades: bool = False

    def share(self, value: np.ndarray | float) -> np.ndarray:
        """Where `value` lies, from 0 at the left end to 1 at the right."""
        low, high = self.even(self.low), self.even(self.high)
        place = (self.even(value) - low) / (high - low)
        if self.low == 0:
            place = ZERO_ROOM + place * (1 - ZERO_ROOM)
        return place

    def at(self, share: np.ndarray | float) -> np.ndarray:
        """The value that lies at `share`."""
        low, high = self.even(self.low), self.even(self.high)
        place = np.asarray(share, float)
        if self.low == 0:
            place = (place - ZERO_ROOM) / (1 - ZERO_ROOM)
        return self.value(low + place * (high - low))

    def even(self, value: np.ndarray | float) -> np.ndarray:
        """`value` as the axis measures it: evenly."""
        if self.decades:
            return np.log10(np.maximum(value, 1e-300))
        return np.arcsinh(np.asarray(value) / LINEAR) if self.symlog else np.asarray(value, float)

    def value(self, even: np.ndarray | float) -> np.ndarray:
        """What `even` gives, taken back."""
        even = np.asarray(even, float)
        return 10.0**even if self.decades else LINEAR * np.sinh(even) if self.symlog else even

    def ticks(self) -> tuple[float, ...]:
        if self.decades:
            return tuple(10.0**exponent for exponent, _ in decade_ticks(log10(self.low), log10(self.high), MOST_TICKS))
        if not self.symlog:
            if all(len(f"{end:g}") <= 4 for end in (self.low, self.high)):
                return (self.low, (self.low + self.high) / 2, self.high)
            return tuple(value for value, _ in linear_ticks(self.low, self.high, MOST_TICKS))
        known = sorted({0.0, *REACHES, *(-reach for reach in REACHES)})
        inside = tuple(value for value in known if self.low <= value <= self.high)
        even = (value for value, _ in linear_ticks(self.low, self.high, MOST_TICKS))
        return inside if len(inside) > 1 else tuple(even)

    def text(self, value: float) -> str:
        """A tick's words."""
        return power(round(log10(value))) if self.decades else signed(f"{value:.6g}")


def bins_of(h: LayerHistogram) -> np.ndarray:
    """The edges between a histogram's bins."""
    return edges(h.low, h.high, h.symlog, h.decades)


def span_of(histogram: LayerHistogram, reach: float, negative: bool) -> Span:
    """The axis of a histogram: its own bounds, or the part of the symlog axis that its net reaches."""
    if not histogram.symlog:
        return Span(histogram.low, histogram.high, False, histogram.decades)
    return Span(-reach if negative else 0.0, reach, True)


def held_decades(borders: np.ndarray, held: np.ndarray) -> tuple[float, float] | None:
    """The whole decades of the bins that hold anything; None of none."""
    places = np.flatnonzero(held)
    if not len(places):
        return None
    return 10.0 ** floor(log10(borders[places[0]]) + 1e-9), 10.0 ** ceil(log10(borders[places[-1] + 1]) - 1e-9)


def wider(a: tuple[float, float] | None, b: tuple[float, float] | None) -> tuple[float, float] | None:
    """From the lower of both to the higher."""
    return b if a is None else a if b is None else (min(a[0], b[0]), max(a[1], b[1]))


def reach_for(value: float) -> float:
    """The smallest of the fixed reaches that shows `value`."""
    return next((reach for reach in REACHES if reach >= value), REACHES[-1])


@lru_cache(64)
def border_shares(low: float, high: float, symlog: bool, decades: bool, span: Span) -> np.ndarray:
    """Where the edges between the bins lie on `span`."""
    return span.share(edges(low, high, symlog, decades))


def ridge(histogram: LayerHistogram, span: Span) -> tuple[np.ndarray, np.ndarray]:
    """(places, heights) of the outline, both from 0 to 1. Empty where no bin in sight holds anything.

    On the bins' own axis heights are counts, and the fullest bin in sight is 1; on another, where bins are not equally
    wide, they are counts by width. Where few bins are in sight, they are drawn as steps.
    """
    h = histogram
    seen, places, widths, stepped = _ground(h.low, h.high, h.symlog, h.decades, span)
    heights = np.asarray(h.counts)[seen]
    if widths is not None:
        heights = heights / widths
    most = heights.max(initial=0)
    if most <= 0:
        return np.zeros(0), np.zeros(0)
    outline = np.zeros(len(places))
    outline[1:-1] = (np.repeat(heights, 2) if stepped else heights) / most
    return places, outline


@lru_cache(64)
def _ground(
    low: float, high: float, symlog: bool, decades: bool, span: Span
) -> tuple[slice, np.ndarray, np.ndarray | None, bool]:
    """What of an outline is the same for all counts: the bins in sight, where it turns, how wide they are, if steps."""
    borders = border_shares(low, high, symlog, decades, span)
    alike = (symlog, decades) == (span.symlog, span.decades)
    middles = (borders[:-1] + borders[1:]) / 2
    stepped = not alike or np.count_nonzero((middles >= 0) & (middles <= 1)) < FEW
    inside = (borders[1:] > 0) & (borders[:-1] < 1) if stepped else (middles >= 0) & (middles <= 1)
    which = np.flatnonzero(inside)
    seen = slice(int(which[0]), int(which[-1]) + 1) if len(which) else slice(0, 0)
    places = middles[seen]
    if stepped:
        places = np.clip(np.stack([borders[:-1][seen], borders[1:][seen]], axis=1), 0, 1).ravel()
    places = np.concatenate([places[:1], places, places[-1:]])
    places.flags.writeable = False
    return seen, places, None if alike else np.diff(borders)[seen], bool(stepped)


def total(histogram: LayerHistogram) -> int:
    """How many numbers were counted, in bins and apart."""
    h = histogram
    return int(np.asarray(h.counts).sum()) + h.zeros + h.nan + h.infinite + h.under + h.over


def bin_at(histogram: LayerHistogram, span: Span, share: float) -> int | None:
    """The bin drawn at `share` of the width."""
    borders = span.share(bins_of(histogram))
    place = int(np.searchsorted(borders, share, "right")) - 1
    return place if 0 <= place < BINS else None


def bin_rows(h: LayerHistogram) -> Iterator[tuple[str, float | None, float | None, int]]:
    """(what it holds, from, to, how many): the bins, then what no bin holds."""
    ends = bins_of(h).tolist()
    for low, high, count in zip(ends, ends[1:], np.asarray(h.counts).tolist(), strict=False):
        yield "bin", low, high, count
    yield "zeros", 0.0, 0.0, h.zeros
    yield "below", None, h.low, h.under
    yield "above", h.high, None, h.over
    yield "infinite", None, None, h.infinite
    yield "nan", None, None, h.nan


def past_rows(past: HistogramPast, node: str) -> Iterator[tuple[str | float | int | None, ...]]:
    """(layer, step, what it holds, from, to, how many) of every step that is kept."""
    for place, step in enumerate(past[node].steps.tolist()):
        for row in bin_rows(past.at(node, place)):
            yield node, int(step), *row


def in_words(h: LayerHistogram) -> str:
    count = max(1, total(h))
    text = f"{h.node} from {h.least + 0.0:.3g} to {h.most:.3g}, {percent(h.zeros / count).strip()} zeros"
    return text + (f", {h.nan + h.infinite} not finite" if h.nan + h.infinite else "")
