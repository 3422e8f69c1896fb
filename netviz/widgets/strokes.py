"""Curves as lines on the screen: found once for a picture, and drawn again by its lights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF, create_qpolygonf, ndarray_from_qpolygonf
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from netviz.theme import mix, theme, thick
from netviz.widgets.curves import Bundle, Columns, Style, View, columns
from netviz.widgets.joined import Joined

FAINT = 0.32  # of the way from the card to a band's colour: opaque, for blending a jagged line takes 20 times as long
SPARSE = 2.5  # pixels between columns from which a band is filled
STRONG = 1.8  # pixels
GRAIN = 2  # pixels that one mean is taken over


class Ink(NamedTuple):
    """How one curve is drawn."""

    pen: QPen
    times: int
    apart: float
    filled: bool
    smooth: bool


@dataclass(frozen=True, slots=True)
class Stroke:
    """One curve as it lies on the screen, in stretches from gap to gap."""

    name: str
    lane: int | None
    ink: Ink
    lines: Sequence[QPolygonF]
    areas: Sequence[QPolygonF] = ()  # instead of lines where a band is filled
    points: Sequence[QLineF] = ()  # dashes for values alone
    zeros: Sequence[QLineF] = ()  # along the bottom of a logarithmic axis
    zero_pen: QPen | None = None

    def draw(self, painter: QPainter) -> None:
        ink = self.ink
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, ink.smooth)
        painter.setPen(ink.pen)
        if self.points:
            painter.drawLines(self.points)
        if self.areas:
            painter.setBrush(ink.pen.color())
            for shape in self.areas:
                painter.drawPolygon(shape)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        for shape in self.lines:
            pile(painter, shape, ink.times, ink.apart)
        if self.zeros:
            painter.setPen(self.zero_pen)
            painter.drawLines(self.zeros)


class Tracer:
    """Finds the strokes of pictures; curves over the same steps are cut into pixel columns once."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._joined = Joined()
        self.start(ratio)

    def start(self, ratio: float) -> None:
        """Another picture, of so many pixels of the device each."""
        self._ratio, self._number = ratio, 0
        self._cut: dict[tuple[object, ...], tuple[np.ndarray, Columns, np.ndarray]] = {}

    def trace(self, view: View, bundles: Iterable[Bundle]) -> list[Stroke]:
        """A stroke for each curve, the first lowest."""
        some = (bundle for bundle in bundles if len(bundle.steps) and bundle.names)
        return [stroke for bundle in some for stroke in self._strokes(view, bundle)]

    def _strokes(self, view: View, bundle: Bundle) -> list[Stroke]:
        self._number += 1
        number, join = self._number, self._joined.join
        if bundle.middle is not None:
            found, x = self._columns(view, bundle.steps, max(1, int(view.rect.width()) // GRAIN))
            top = bottom = join(number, np.add, bundle.middle.T, found) / found.counts
        else:
            found, x = self._columns(view, bundle.steps, max(1, int(view.rect.width() * self._ratio)))
            top = bottom = join(number, np.fmax, bundle.high.T, found)
            if bundle.low is not bundle.high or found.starts is not None:
                bottom = join(number, np.fmin, bundle.low.T, found)
                if view.log:
                    bottom = np.where(bottom > 0, bottom, top)  # a column from zero on begins at its largest value
        even = top is bottom or bool((top == bottom).all())
        heights = (view.y(top), None) if even else view.y(np.array((top, bottom)))
        return _strokes(view, bundle, self._ratio, x, *heights, top == 0 if view.log else None)

    def _columns(self, view: View, steps: np.ndarray, pixels: int) -> tuple[Columns, np.ndarray]:
        """The pixel columns and where they lie."""
        key = id(steps), view.left, view.right, view.rect.left(), view.rect.width(), pixels
        if key not in self._cut:
            found = columns(steps, view.left, view.right, pixels)
            self._cut[key] = steps, found, view.x(found.steps(steps))  # with `steps`, whose id is not given away so
        return self._cut[key][1:]


def draw(painter: QPainter, view: View, bundles: Iterable[Bundle]) -> None:
    """Draws every bundle, the first lowest."""
    draw_strokes(painter, view, Tracer(painter.device().devicePixelRatioF()).trace(view, bundles))


def draw_strokes(painter: QPainter, view: View, strokes: Iterable[Stroke]) -> None:
    painter.save()
    painter.setClipRect(view.rect)
    for stroke in strokes:
        stroke.draw(painter)
    painter.restore()


def _strokes(
    view: View,
    bundle: Bundle,
    ratio: float,
    x: np.ndarray,
    top: np.ndarray,
    bottom: np.ndarray | None,
    zero: np.ndarray | None,
) -> list[Stroke]:
    """`x` (n,), the others (curves, n); no `bottom` where it is `top`. What curves have in common is asked once."""
    gaps = np.isnan(top)
    broken, marked = bool(gaps.any()), zero is not None and bool(zero.any())
    styles = bundle.style if isinstance(bundle.style, tuple) else (bundle.style,) * len(bundle.names)
    how = view.fine, ratio, theme().card, thick(1.0)
    inks = [_ink(colour.getRgbF(), style, *how) for colour, style in zip(bundle.colours, styles, strict=True)]
    single = len(x) == 1 or (inks[0].filled and bottom is not None and _sparse(x))
    alike = bottom is None or len(top) == 1 or bool((top != bottom).any(axis=1).all())  # of points, or of columns
    if alike and not broken and not single:
        across, up = (x, top) if bottom is None else _zigzags(x, top, bottom)
        shapes = [((line,), (), ()) for line in _polygons(across, up)]
    else:
        shapes = []
        for j, ink in enumerate(inks):
            runs = _runs(gaps[j]) if broken else [slice(0, len(x))]
            shapes.append(_shapes(x, top[j], top[j] if bottom is None else bottom[j], runs, ink))
    made = []
    for j, (name, colour) in enumerate(zip(bundle.names, bundle.colours, strict=True)):
        zeros = _zeros(view, x, zero[j]) if marked and zero is not None else ()
        made.append(Stroke(name, bundle.lane, inks[j], *shapes[j], zeros, QPen(colour, 2) if zeros else None))
    return made


Shapes = tuple[Sequence[QPolygonF], Sequence[QPolygonF], Sequence[QLineF]]  # lines, areas, points


def _shapes(x: np.ndarray, top: np.ndarray, bottom: np.ndarray, runs: Sequence[slice], ink: Ink) -> Shapes:
    """Of one curve, stretch by stretch."""
    lines, areas, points = [], [], []
    for run in runs:
        across, upper, lower = x[run], top[run], bottom[run]
        if len(across) == 1:
            points.append(QLineF(across[0] - 2, upper[0], across[0] + 2, upper[0]))
        even = upper is lower or bool((upper == lower).all())
        if ink.filled and not even and _sparse(across):
            areas.append(band(across, upper, lower))
        elif even:
            lines.append(arrayToQPolygonF(across, upper))
        else:
            doubled, ends = _zigzags(across, upper[None], lower[None])
            lines.append(arrayToQPolygonF(doubled, ends[0]))
    return lines, areas, points


def _sparse(x: np.ndarray) -> bool:
    return bool(x[-1] - x[0] > SPARSE * len(x))


@lru_cache(256)  # of few curves, which come again in every picture
def _ink(rgba: tuple[float, ...], style: Style, fine: bool, ratio: float, card: str, thicker: float) -> Ink:
    """`card` is the ground's colour, `thicker` what lines are wider by for those who look from afar."""
    filled, colour = style is Style.BAND, QColor.fromRgbF(*rgba)
    colour = mix(card, colour, FAINT) if filled else colour
    wide, ratio = thicker * (STRONG if style is Style.STRONG else 1.0), 1.0 if fine else ratio
    pen = QPen(colour, wide) if fine else hairline(colour)
    if style is Style.DASHED:
        pen.setDashPattern([5 * ratio, 3 * ratio])
    return Ink(pen, 1 if fine or filled else round(ratio * wide), 0.8 / ratio, filled, not filled)


def _runs(gap: np.ndarray) -> list[slice]:
    """The stretches without a gap."""
    if not gap.any():
        return [slice(0, len(gap))]
    change = np.flatnonzero(np.diff(np.concatenate([[True], gap, [True]]).astype(np.int8)))
    return [slice(a, b) for a, b in change.reshape(-1, 2)]


def hairline(colour: QColor) -> QPen:
    """One pixel of the device, whatever its density: a wider pen leaves Qt's fast path and takes 20 times as long.

    Wider lines are drawn several times, a little apart.
    """
    return QPen(colour, 0)


def pile(painter: QPainter, shape: QPolygonF, times: int, apart: float) -> None:
    """The line `times` over, each `apart` below the one before."""
    painter.drawPolyline(shape)
    for _ in range(times - 1):
        painter.translate(0, apart)
        painter.drawPolyline(shape)
    if times > 1:
        painter.translate(0, -(times - 1) * apart)


def _polygons(x: np.ndarray, heights: np.ndarray) -> list[QPolygonF]:
    """Curves (curves, n) over the same x (n,)."""
    points = np.empty((*heights.shape, 2))
    points[..., 0], points[..., 1] = x, heights
    made = [create_qpolygonf(len(x)) for _ in heights]
    for polygon, places in zip(made, points, strict=True):
        ndarray_from_qpolygonf(polygon)[:] = places
    return made


def band(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> QPolygonF:
    """There along the top, back along the bottom."""
    return arrayToQPolygonF(np.concatenate([x, x[::-1]]), np.concatenate([top, bottom[::-1]]))


def _zigzags(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each column from one extreme to the other; every second is turned, which joins neighbours by the shorter way."""
    ends = np.empty((len(top), len(x), 2))
    ends[:, 0::2, 0], ends[:, 0::2, 1] = bottom[:, 0::2], top[:, 0::2]
    ends[:, 1::2, 0], ends[:, 1::2, 1] = top[:, 1::2], bottom[:, 1::2]
    return np.repeat(x, 2), ends.reshape(len(top), -1)


def _zeros(view: View, x: np.ndarray, zero: np.ndarray) -> list[QLineF]:
    """A line along the bottom where a value was exactly zero, which has no logarithm."""
    if not zero.any():
        return []
    bottom = view.rect.bottom() - 2
    return [QLineF(x[part][0] - 1, bottom, x[part][-1] + 1, bottom) for part in _runs(~zero)]
