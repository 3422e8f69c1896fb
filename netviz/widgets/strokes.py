"""Curves as lines on the screen: found once for a picture, and drawn again by its lights."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from netviz.theme import mix, theme, thick
from netviz.widgets.curves import Bundle, Columns, Style, View, columns
from netviz.widgets.joined import Joined

FAINT = 0.32  # of the way from the card to a band's colour: opaque, for blending a jagged line takes 20 times as long
SPARSE = 2.5  # pixels between columns from which a band is filled
STRONG = 1.8  # pixels
GRAIN = 2  # pixels that one mean is taken over
MARGIN = 5.0  # pixels that the ink of a column reaches to its left


# Lines, areas, points, and of each line whether it goes from extreme to extreme
Shapes = tuple[Sequence[QPolygonF], Sequence[QPolygonF], Sequence[QLineF], tuple[bool, ...]]


class Ink(NamedTuple):
    """How one curve is drawn."""

    pen: QPen
    times: int
    apart: float
    filled: bool
    smooth: bool
    dashed: bool


class Stroke(NamedTuple):
    """One curve, or the end of one, as it lies on the screen, in stretches from gap to gap."""

    name: str
    ink: Ink
    lines: Sequence[QPolygonF]
    areas: Sequence[QPolygonF] = ()  # instead of lines where a band is filled
    points: Sequence[QLineF] = ()  # dashes for values alone
    zeros: Sequence[QLineF] = ()  # along the bottom of a logarithmic axis
    zero_pen: QPen | None = None

    def draw(self, painter: QPainter) -> None:
        ink = self.ink
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


class Traced(NamedTuple):
    """The curves of a bundle as they lie on the screen."""

    bundle: Bundle
    inks: tuple[Ink, ...]
    across: np.ndarray  # (points,) of all, or else each has shapes of its own
    up: np.ndarray  # (curves, points)
    doubled: bool  # two points a column
    shapes: Sequence[Shapes] = ()
    zeros: Sequence[Sequence[QLineF]] = ()

    @property
    def manner(self) -> tuple[object, ...]:
        """How they are drawn, wherever they lie."""
        return self.inks, self.doubled, tuple((len(areas), doubled) for _, areas, _, doubled in self.shapes)

    def strokes(self, since: float = -np.inf, wanted: Callable[[str, int | None], bool] | None = None) -> list[Stroke]:
        """Those that are `wanted`, the first lowest; at the least from the pixel `since` on."""
        shapes = self.shapes or self._from(since)
        made = []
        for j, (name, ink) in enumerate(zip(self.bundle.names, self.inks, strict=True)):
            if wanted is None or wanted(name, self.bundle.lane):
                lines, areas, points, _ = shapes[j]
                if self.zeros:
                    zero_pen = QPen(self.bundle.colours[j], 2)
                    made.append(Stroke(name, ink, lines, areas, points, self.zeros[j], zero_pen))
                else:
                    made.append(Stroke(name, ink, lines, areas, points))
        return made

    def _from(self, since: float) -> Sequence[Shapes]:
        start = max(0, int(self.across.searchsorted(since - MARGIN)) - 2) if since > -np.inf else 0
        first = [0 if ink.dashed else start for ink in self.inks]  # dashes go on from the first
        lines = [arrayToQPolygonF(self.across[i:], up[i:]) for i, up in zip(first, self.up, strict=True)]
        return [((line,), (), (), ()) for line in lines]


class Found(NamedTuple):
    """A bundle's columns: where they lie, and their largest and smallest values (curves, n), often the same array."""

    x: np.ndarray
    top: np.ndarray
    bottom: np.ndarray


class Tracer:
    """Finds the strokes of pictures; curves over the same steps are cut into pixel columns once."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._joined = Joined()
        self._before: dict[int, Found] = {}  # in the last picture, curves being told apart by their number in it
        self.start(ratio)

    def start(self, ratio: float) -> None:
        """Another picture, of so many pixels of the device each."""
        self._ratio, self._number = ratio, 0
        self._cut: dict[tuple[float, ...], list[tuple[np.ndarray, Columns, np.ndarray]]] = {}
        self.since = np.inf

    def trace(self, view: View, bundles: Iterable[Bundle]) -> list[Traced]:
        """The first is the lowest.

        `since` is then the pixel across from which they are not as in the picture before, if that had the same view
        and drew them in the same manner.
        """
        self.since = np.inf
        return [self._trace(view, bundle) for bundle in bundles if len(bundle.steps) and bundle.names]

    def _trace(self, view: View, bundle: Bundle) -> Traced:
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
        if bottom is not top and bool((top == bottom).all()):
            bottom = top
        now = Found(x, top, bottom)
        self.since = min(self.since, _since(self._before.get(number), now))
        self._before[number] = now if top.base is None and bottom.base is None else Found(x, top.copy(), bottom.copy())
        heights = (view.y(top), None) if bottom is top else view.y(np.array((top, bottom)))
        return _traced(view, bundle, self._ratio, x, *heights, top == 0 if view.log else None)

    def _columns(self, view: View, steps: np.ndarray, pixels: int) -> tuple[Columns, np.ndarray]:
        """The pixel columns and where they lie; networks that train side by side often have the same steps."""
        key = view.left, view.right, view.rect.left(), view.rect.width(), pixels
        known = self._cut.setdefault(key, [])
        for of, found, x in known:
            if of is steps or np.array_equal(of, steps):
                return found, x
        found = columns(steps, view.left, view.right, pixels)
        x = view.x(found.steps(steps))
        known.append((steps, found, x))
        return found, x


def _since(before: Found | None, now: Found) -> float:
    """The pixel across from which curves are others; a gap is as another gap."""
    if before is None or len(before.top) != len(now.top):
        return -np.inf
    count = min(len(before.x), len(now.x))
    others = before.x[:count] != now.x[:count]
    plain = before.bottom is before.top and now.bottom is now.top
    for old, fresh in ((before.top, now.top),) if plain else ((before.top, now.top), (before.bottom, now.bottom)):
        other = old[:, :count].view(np.int64) != fresh[:, :count].view(np.int64)
        others |= other[0] if len(other) == 1 else other.any(axis=0)
    first = int(others.argmax())
    first = first if count and others[first] else count
    if first == len(before.x) == len(now.x):
        return np.inf
    # Where a line ends the whole of its last piece is shaded a little otherwise than where it goes on.
    return float(now.x[first - 2]) - MARGIN if first > 1 else -np.inf


def draw(painter: QPainter, view: View, bundles: Iterable[Bundle]) -> None:
    """Draws every bundle, the first lowest."""
    traced = Tracer(painter.device().devicePixelRatioF()).trace(view, bundles)
    draw_strokes(painter, view, (stroke for one in traced for stroke in one.strokes()))


def draw_strokes(painter: QPainter, view: View, strokes: Iterable[Stroke]) -> None:
    painter.save()
    painter.setClipRect(view.rect, Qt.ClipOperation.IntersectClip)
    smooth = None
    for stroke in strokes:
        if stroke.ink.smooth is not smooth:
            smooth = stroke.ink.smooth
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        stroke.draw(painter)
    painter.restore()


def _traced(
    view: View,
    bundle: Bundle,
    ratio: float,
    x: np.ndarray,
    top: np.ndarray,
    bottom: np.ndarray | None,
    zero: np.ndarray | None,
) -> Traced:
    """`x` (n,), the others (curves, n); no `bottom` where it is `top`. What curves have in common is asked once."""
    gaps = np.isnan(top)
    broken, marked = bool(gaps.any()), zero is not None and bool(zero.any())
    styles = bundle.style if isinstance(bundle.style, tuple) else (bundle.style,) * len(bundle.names)
    inks = _inks(tuple(colour.rgba() for colour in bundle.colours), styles, view.fine, ratio, theme().card, thick(1.0))
    zeros = [_zeros(view, x, each) for each in zero] if marked and zero is not None else ()
    single = len(x) == 1 or (inks[0].filled and bottom is not None and _sparse(x))
    alike = bottom is None or len(top) == 1 or bool((top != bottom).any(axis=1).all())  # of points, or of columns
    if alike and not broken and not single:
        across, up = (x, top) if bottom is None else _zigzags(x, top, bottom)
        return Traced(bundle, inks, across, up, bottom is not None, (), zeros)
    shapes = []
    for j, ink in enumerate(inks):
        runs = _runs(gaps[j]) if broken else [slice(0, len(x))]
        shapes.append(_shapes(x, top[j], top[j] if bottom is None else bottom[j], runs, ink))
    return Traced(bundle, inks, x, top, False, shapes, zeros)


def _shapes(x: np.ndarray, top: np.ndarray, bottom: np.ndarray, runs: Sequence[slice], ink: Ink) -> Shapes:
    """Of one curve, stretch by stretch."""
    lines, areas, points, doubled = [], [], [], []
    for run in runs:
        across, upper, lower = x[run], top[run], bottom[run]
        if len(across) == 1:
            points.append(QLineF(across[0] - 2, upper[0], across[0] + 2, upper[0]))
        even = upper is lower or bool((upper == lower).all())
        if ink.filled and not even and _sparse(across):
            areas.append(band(across, upper, lower))
            continue
        doubled.append(not even)
        if even:
            lines.append(arrayToQPolygonF(across, upper))
        else:
            twice, ends = _zigzags(across, upper[None], lower[None])
            lines.append(arrayToQPolygonF(twice, ends[0]))
    return lines, areas, points, tuple(doubled)


def _sparse(x: np.ndarray) -> bool:
    return bool(x[-1] - x[0] > SPARSE * len(x))


@lru_cache(256)  # of few bundles, which come again in every picture
def _inks(
    colours: tuple[int, ...], styles: tuple[Style, ...], fine: bool, ratio: float, card: str, thicker: float
) -> tuple[Ink, ...]:
    """`card` is the ground's colour, `thicker` what lines are wider by for those who look from afar."""
    return tuple(
        _ink(QColor.fromRgba(colour), style, fine, ratio, card, thicker)
        for colour, style in zip(colours, styles, strict=True)
    )


def _ink(colour: QColor, style: Style, fine: bool, ratio: float, card: str, thicker: float) -> Ink:
    filled = style is Style.BAND
    colour = mix(card, colour, FAINT) if filled else colour
    wide, ratio = thicker * (STRONG if style is Style.STRONG else 1.0), 1.0 if fine else ratio
    pen = QPen(colour, wide) if fine else hairline(colour)
    dashed = style is Style.DASHED
    if dashed:
        pen.setDashPattern([5 * ratio, 3 * ratio])
    return Ink(pen, 1 if fine or filled else round(ratio * wide), 0.8 / ratio, filled, not filled, dashed)


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
