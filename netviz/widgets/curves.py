"""Curves over steps, thinned to the pixels they are drawn on without losing an extreme."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from netviz.theme import mix, theme, thick

FAR = 20_000.0  # pixels: what lies further out is drawn at this distance, within the reach of Qt's rasterizer
FAINT = 0.32  # of the way from the card to a band's colour: opaque, for blending a jagged line takes 20 times as long
SPARSE = 2.5  # pixels between columns from which a band is filled
STRONG = 1.8  # pixels
GRAIN = 2  # pixels that one mean is taken over


class Style(Enum):
    LINE = "line"
    DASHED = "dashed"
    BAND = "band"  # from low to high, faint
    STRONG = "strong"  # a line of twice the width


@dataclass(frozen=True, slots=True)
class Bundle:
    """Curves over the same steps: `steps` (n,), `low` and `high` (n, curves). NaN is a gap.

    Drawn from extreme to extreme, or with `middle` (n, curves) as a line of means where many curves share a plot.
    """

    steps: np.ndarray
    low: np.ndarray
    high: np.ndarray
    names: tuple[str, ...]
    colours: tuple[QColor, ...]
    style: Style = Style.LINE
    middle: np.ndarray | None = None
    lane: int | None = None  # where several lanes share a plot

    def nearest(self, step: float) -> int | None:
        """The place of the bucket nearest to `step`."""
        if not len(self.steps):
            return None
        after = int(np.searchsorted(self.steps, step))
        if after == len(self.steps) or (after and step - self.steps[after - 1] <= self.steps[after] - step):
            after -= 1
        return after


@dataclass(frozen=True, slots=True)
class View:
    """What of the plane is seen where: `left`..`right` and `bottom`..`top` on `rect`; exponents if `log`."""

    rect: QRectF
    left: float
    right: float
    bottom: float
    top: float
    log: bool = False
    fine: bool = False  # for a picture of any size: lines are as wide as they look, whatever that takes

    def x(self, steps: np.ndarray | float) -> np.ndarray:
        place = (np.asarray(steps, float) - self.left) * (self.rect.width() / (self.right - self.left))
        return np.minimum(np.maximum(place, -FAR), FAR) + self.rect.left()

    def y(self, values: np.ndarray | float) -> np.ndarray:
        """Pixels of values; NaN for what a logarithmic axis cannot show."""
        values = np.asarray(values, float)
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log10(np.where(values > 0, values, np.nan))
        place = (self.top - values) * (self.rect.height() / (self.top - self.bottom))
        return np.minimum(np.maximum(place, -FAR), FAR) + self.rect.top()

    def step_at(self, x: float) -> float:
        return self.left + (x - self.rect.left()) * (self.right - self.left) / self.rect.width()


def decimate(
    steps: np.ndarray, low: np.ndarray, high: np.ndarray, left: float, right: float, pixels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The buckets seen from `left` to `right`; where they are more than `pixels`, joined into pixel columns.

    A column belongs to the same steps whatever comes after it, so that a growing curve does not shimmer.
    """
    seen, starts = _columns(steps, left, right, pixels)
    steps, same = steps[seen], low is high
    low = low[seen]
    high = low if same else high[seen]
    if starts is None:
        return steps, low, high
    return steps[starts], np.fmin.reduceat(low, starts, axis=0), np.fmax.reduceat(high, starts, axis=0)


def means(
    steps: np.ndarray, middle: np.ndarray, left: float, right: float, pixels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Like `decimate`, each column the mean of its buckets."""
    seen, starts = _columns(steps, left, right, pixels)
    steps, middle = steps[seen], middle[seen]
    if starts is None:
        return steps, middle
    counts = np.diff(np.append(starts, len(steps)))
    return steps[starts], np.add.reduceat(middle, starts, axis=0) / counts[:, None]


def _columns(steps: np.ndarray, left: float, right: float, pixels: int) -> tuple[slice, np.ndarray | None]:
    """The buckets in sight, and where among them each pixel column starts; None where they need no joining."""
    start = max(int(np.searchsorted(steps, left, "right")) - 1, 0)
    stop = min(int(np.searchsorted(steps, right, "left")) + 1, len(steps))
    if stop - start <= pixels:
        return slice(start, stop), None
    borders = left + np.arange(1, pixels) * ((right - left) / pixels)
    starts = np.searchsorted(steps[start:stop], borders)
    starts = np.concatenate([[0], starts[(starts > 0) & (starts < stop - start)]])
    return slice(start, stop), starts[np.concatenate([[True], starts[1:] > starts[:-1]])]


def draw(painter: QPainter, view: View, bundles: Sequence[Bundle]) -> None:
    """Draws every bundle, the first lowest."""
    ratio = painter.device().devicePixelRatioF()
    painter.save()
    painter.setClipRect(view.rect)
    for bundle in bundles:
        if len(bundle.steps):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, bundle.style is not Style.BAND)
            if bundle.middle is None:
                _draw_extremes(painter, view, bundle, ratio)
            else:
                _draw_means(painter, view, bundle, bundle.middle, ratio)
    painter.restore()


def _draw_means(painter: QPainter, view: View, bundle: Bundle, middle: np.ndarray, ratio: float) -> None:
    pixels = max(1, int(view.rect.width()) // GRAIN)
    steps, middle = means(bundle.steps, middle, view.left, view.right, pixels)
    heights = view.y(middle)
    _draw_curves(painter, view, bundle, ratio, view.x(steps), heights, heights, middle == 0)


def _draw_extremes(painter: QPainter, view: View, bundle: Bundle, ratio: float) -> None:
    pixels = max(1, int(view.rect.width() * ratio))
    steps, low, high = decimate(bundle.steps, bundle.low, bundle.high, view.left, view.right, pixels)
    if view.log:
        low = np.where(low > 0, low, high)  # a column that begins at zero is drawn from its largest value
    top = view.y(high)
    bottom = top if low is high else view.y(low)
    _draw_curves(painter, view, bundle, ratio, view.x(steps), top, bottom, high == 0)


def _draw_curves(
    painter: QPainter,
    view: View,
    bundle: Bundle,
    ratio: float,
    x: np.ndarray,
    top: np.ndarray,
    bottom: np.ndarray,
    zero: np.ndarray,
) -> None:
    """`x` (n,), the others (n, curves). What all curves have in common is asked once."""
    gaps = np.isnan(top)
    broken, marked = bool(gaps.any()), view.log and bool(zero.any())
    even = top is bottom or (not broken and np.array_equal(top, bottom))
    for j, colour in enumerate(bundle.colours):
        ink = _ink(bundle.style, colour, view.fine, ratio)
        painter.setPen(ink.pen)
        for part in _runs(gaps[:, j]) if broken else (slice(None),):
            heights = top[part, j]
            _draw_run(painter, x[part], heights, heights if even else bottom[part, j], ink)
        if marked:
            _mark_zeros(painter, view, x, zero[:, j], colour)


class _Ink(NamedTuple):
    """How one curve is drawn."""

    pen: QPen
    times: int
    apart: float
    filled: bool


def _ink(style: Style, colour: QColor, fine: bool, ratio: float) -> _Ink:
    band = style is Style.BAND
    colour = mix(theme().card, colour, FAINT) if band else colour
    wide, ratio = thick(STRONG if style is Style.STRONG else 1.0), 1.0 if fine else ratio
    pen = QPen(colour, wide) if fine else hairline(colour)
    if style is Style.DASHED:
        pen.setDashPattern([5 * ratio, 3 * ratio])
    return _Ink(pen, 1 if fine or band else round(ratio * wide), 0.8 / ratio, band)


def _runs(gap: np.ndarray) -> list[slice]:
    """The stretches without a gap."""
    if not gap.any():
        return [slice(0, len(gap))]
    change = np.flatnonzero(np.diff(np.concatenate([[True], gap, [True]]).astype(np.int8)))
    return [slice(a, b) for a, b in change.reshape(-1, 2)]


def _draw_run(painter: QPainter, x: np.ndarray, top: np.ndarray, bottom: np.ndarray, ink: _Ink) -> None:
    if len(x) == 1:
        painter.drawLine(QPointF(x[0] - 2, top[0]), QPointF(x[0] + 2, top[0]))
    even = top is bottom or np.array_equal(top, bottom)
    if ink.filled and not even and x[-1] - x[0] > SPARSE * len(x):
        painter.setBrush(ink.pen.color())
        painter.drawPolygon(band(x, top, bottom))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        return
    pile(painter, arrayToQPolygonF(x, top) if even else zigzag(x, top, bottom), ink.times, ink.apart)


def hairline(colour: QColor) -> QPen:
    """One pixel of the device, whatever its density: a wider pen leaves Qt's fast path and takes 20 times as long.

    Wider lines are drawn several times, a little apart.
    """
    return QPen(colour, 0)


def pile(painter: QPainter, shape: QPolygonF, times: int, apart: float) -> None:
    """The line `times` over, each `apart` below the one before."""
    for _ in range(times):
        painter.drawPolyline(shape)
        painter.translate(0, apart)
    painter.translate(0, -times * apart)


def band(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> QPolygonF:
    """There along the top, back along the bottom."""
    return arrayToQPolygonF(np.concatenate([x, x[::-1]]), np.concatenate([top, bottom[::-1]]))


def zigzag(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> QPolygonF:
    """Each column from one extreme to the other; every second is turned, which joins neighbours by the shorter way."""
    ends = np.empty((len(x), 2))
    ends[0::2, 0], ends[0::2, 1] = bottom[0::2], top[0::2]
    ends[1::2, 0], ends[1::2, 1] = top[1::2], bottom[1::2]
    return arrayToQPolygonF(np.repeat(x, 2), ends.ravel())


def _mark_zeros(painter: QPainter, view: View, x: np.ndarray, zero: np.ndarray, colour: QColor) -> None:
    """A line along the bottom where a value was exactly zero, which has no logarithm."""
    if not zero.any():
        return
    painter.setPen(QPen(colour, 2))
    bottom = view.rect.bottom() - 2
    for part in _runs(~zero):
        painter.drawLine(QPointF(x[part][0] - 1, bottom), QPointF(x[part][-1] + 1, bottom))
