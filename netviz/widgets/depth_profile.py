"""A number of every layer from first to last: the present bold, past steps fading, the straight line that fits best."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.run.messages import WEIGHT_FIELDS
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import depth_colour, mix, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import Column, columns, draw_head, draw_lit, draw_note
from netviz.widgets.ticks import decade_ticks, figure, whole

PAST = 8  # profiles of the past
DOT = 3.2  # pixels
DECADES = 16.0  # at most on the axis
ROOM_FOR_WORDS = 110.0  # pixels of a column


@dataclass(frozen=True, slots=True)
class Profile:
    """One number of some layers at some steps, the latest last; what is not known is NaN."""

    layers: tuple[int, ...]
    steps: np.ndarray  # (n,)
    values: np.ndarray  # (n, layers)


@dataclass(frozen=True, slots=True)
class Trend:
    """log₁₀ of the values as a straight line over the layers, by least squares: `at` the first one, and its slope.

    `factor` is what the value changes by from a layer to the one before it, towards the input; `fit` is r².
    """

    at: float
    slope: float
    factor: float
    fit: float


def trend(values: np.ndarray) -> Trend | None:
    """Of the finite values above 0; None of fewer than two."""
    values = np.asarray(values, float)
    known = np.isfinite(values) & (values > 0)
    if np.count_nonzero(known) < 2:
        return None
    x, y = np.flatnonzero(known).astype(float), np.log10(values[known])
    across = x - x.mean()
    slope = float((across * (y - y.mean())).sum() / (across**2).sum())
    at = float(y.mean() - slope * x.mean())
    around, off = float(((y - y.mean()) ** 2).sum()), float(((y - at - slope * x) ** 2).sum())
    return Trend(at, slope, 10.0**-slope, 1 - off / around if around > 1e-24 else 1.0)


def profile(lane: LaneHistory, field: str) -> Profile:
    """`field` of the layers that have it: the present, and PAST steps of the past, the first among them."""
    layers = lane.weighted() if field in WEIGHT_FIELDS else lane.unweighted()
    series = lane.layers
    places = np.unique(np.linspace(0, max(0, len(series) - 1), PAST + 1).astype(int))[: len(series)]
    steps, wanted = series.steps[places], [lane.column(i, field) for i in layers]
    return Profile(tuple(layers), steps, series.last[places][:, wanted])


class DepthProfiles(Canvas):
    """All lanes side by side on the same axis; `shown` tells a lane's profile."""

    def __init__(self, history: History, shown: Callable[[LaneHistory], Profile]) -> None:
        super().__init__()
        self.history, self.shown = history, shown
        self.setAccessibleName("From the first layer to the last")
        self.follow(history.cursor, "layer", "step")

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def columns(self, rect: QRectF) -> list[Column]:
        left = self.fonts.figure_metrics.horizontalAdvance("10⁻¹²") + 6
        inner = rect.adjusted(left, 2, 0, 0)
        return columns(inner, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def area(self, column: Column) -> QRectF:
        """Where the curves are drawn."""
        return column.body.adjusted(2, 2, -4, -3 * self.fonts.line - 4)

    def decades(self) -> tuple[float, float]:
        """The whole decades of all that is drawn, the same for all lanes."""
        found = [self.shown(lane).values.ravel() for lane in self.history.lanes]
        values = np.concatenate(found) if found else np.zeros(0)
        known = np.log10(values[np.isfinite(values) & (values > 0)])
        if not len(known):
            return -3.0, 0.0
        high = float(np.ceil(known.max() - 1e-9))
        low = max(float(np.floor(known.min() + 1e-9)), high - DECADES)
        return (low, high) if high > low else (low - 1, high)

    def spots(self, area: QRectF, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of one profile; NaN for what has no logarithm."""
        low, high = self.decades()
        x = area.left() + (np.arange(len(values)) + 0.5) / max(1, len(values)) * area.width()
        with np.errstate(all="ignore"):
            exponents = np.where(np.isfinite(values) & (values > 0), np.log10(values), np.nan)
        y = area.bottom() - (np.maximum(exponents, low) - low) / (high - low) * area.height()
        return x, y

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        for i, (column, lane) in enumerate(zip(self.columns(rect), self.history.lanes, strict=True)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            area, seen = self.area(column), self.shown(lane)
            if not seen.layers or not len(seen.steps):
                draw_note(painter, self.fonts, column.body, "There is no such layer here." if not seen.layers else "")
                continue
            self._draw_grid(painter, area, i == 0)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for k in range(len(seen.steps) - 1):
                share = 0.15 + 0.35 * (k + 1) / len(seen.steps)
                self._draw_line(painter, area, seen.values[k], mix(theme().card, theme().text, share), 1.0)
            self._draw_present(painter, area, lane, seen)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            self._draw_words(painter, column, area, lane, seen)

    def _draw_grid(self, painter: QPainter, area: QRectF, ticks: bool) -> None:
        low, high = self.decades()
        line = self.fonts.line
        painter.setFont(self.fonts.figures)
        for exponent, text in decade_ticks(low, high, max(2, int(area.height() // (line * 1.5)))):
            y = round(area.bottom() - (exponent - low) / (high - low) * area.height())
            painter.setPen(QPen(QColor(theme().line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            if ticks:
                painter.setPen(QColor(theme().faint))
                box = QRectF(0, y - line / 2, area.left() - 6, line)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_line(self, painter: QPainter, area: QRectF, values: np.ndarray, colour: QColor, wide: float) -> None:
        x, y = self.spots(area, values)
        known = ~np.isnan(y)
        if known.any():  # pyqtgraph cannot make a polygon of nothing
            painter.setPen(QPen(colour, wide))
            painter.drawPolyline(arrayToQPolygonF(x[known], y[known]))

    def _draw_present(self, painter: QPainter, area: QRectF, lane: LaneHistory, seen: Profile) -> None:
        values, found = seen.values[-1], trend(seen.values[-1])
        x, y = self.spots(area, values)
        if found is not None:
            pen = QPen(QColor(theme().amber), 1.2)
            pen.setDashPattern([4, 3])
            painter.setPen(pen)
            ends = 10.0 ** (found.at + found.slope * np.arange(len(values)))
            fx, fy = self.spots(area, ends)
            painter.drawLine(QPointF(fx[0], fy[0]), QPointF(fx[-1], fy[-1]))
        self._draw_line(painter, area, values, QColor(theme().text), 2.0)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, layer in enumerate(seen.layers):
            painter.setBrush(depth_colour(layer, len(lane.info.layers)))
            if not np.isnan(y[place]):
                painter.drawEllipse(QPointF(x[place], y[place]), DOT, DOT)
            elif values[place] == 0:  # no logarithm: a mark at the bottom
                painter.drawRect(QRectF(x[place] - DOT, area.bottom() - 3, 2 * DOT, 3))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_words(self, painter: QPainter, column: Column, area: QRectF, lane: LaneHistory, seen: Profile) -> None:
        """The layers' names, the factor a layer, and which steps are drawn."""
        line, advance = self.fonts.line, self.fonts.word_metrics.horizontalAdvance
        painter.setFont(self.fonts.words)
        x, _ = self.spots(area, seen.values[-1])
        names, free = [lane.info.layers[layer] for layer in seen.layers], -1e9
        last = column.body.right() - advance(names[-1])  # the last layer is always named
        for place, layer in enumerate(seen.layers):
            wide = advance(names[place])
            left = min(max(x[place] - wide / 2, column.body.left() - 4), column.body.right() - wide)
            if left < free or (place + 1 < len(names) and left + wide + 5 > min(last, x[-1] - advance(names[-1]) / 2)):
                continue
            free = left + wide + 5
            painter.setPen(depth_colour(layer, len(lane.info.layers)))
            painter.drawText(QRectF(left, area.bottom() + 3, wide + 1, line), 0, names[place])
        painter.setPen(QColor(theme().amber))
        text = next((t for t in trend_words(trend(seen.values[-1])) if advance(t) <= column.body.width()), "")
        painter.drawText(QRectF(column.body.left(), area.bottom() + line + 3, column.body.width(), line), 0, text)
        painter.setPen(QColor(theme().faint))
        first, now = whole(seen.steps[0]), whole(seen.steps[-1])
        words = (f"bold: step {now}; faint: {len(seen.steps) - 1} steps from {first} on", f"bold: step {now}")
        text = next((t for t in words if advance(t) <= column.body.width()), "")
        painter.drawText(QRectF(column.body.left(), area.bottom() + 2 * line + 3, column.body.width(), line), 0, text)

    def _layer_at(self, place: QPointF) -> tuple[int, Profile, int] | None:
        """The lane, its profile, and the place of the layer in it."""
        for i, (column, lane) in enumerate(zip(self.columns(QRectF(self.rect())), self.history.lanes, strict=True)):
            seen, area = self.shown(lane), self.area(column)
            if area.contains(place) and len(seen.steps) and seen.layers:
                at = min(len(seen.layers) - 1, int((place.x() - area.left()) / area.width() * len(seen.layers)))
                return i, seen, at
        return None

    def mark_at(self, place: QPointF) -> Mark:
        found = self._layer_at(place)
        if found is None:
            return NOTHING
        i, seen, at = found
        names = self.history.lanes[i].info.layers
        return Mark(names[seen.layers[at]], lane=i if len(self.history.lanes) > 1 else None)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        """A frame round the layer, and of the profiles the one nearest before the step in the cursor's colour."""
        step = cursor.mark.step
        for column, lane in zip(self.columns(rect), self.history.lanes, strict=True):
            seen, area = self.shown(lane), self.area(column)
            if not seen.layers or not len(seen.steps):
                continue
            if step is not None:
                at = max(0, int(np.searchsorted(seen.steps, step, "right")) - 1)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                self._draw_line(painter, area, seen.values[at], QColor(theme().accent), 1.6)
            wide = area.width() / len(seen.layers)
            for place, layer in enumerate(seen.layers):
                if lane.info.layers[layer] in cursor.layers:
                    draw_lit(painter, QRectF(area.left() + place * wide, area.top(), wide, area.height()))

    def tip(self, place: QPointF) -> str:
        found = self._layer_at(place)
        if found is None:
            return ""
        i, seen, at = found
        steps = zip(seen.steps[::-1].tolist(), seen.values[::-1, at].tolist(), strict=True)
        lines = [f"step {whole(step)}: {figure(value).strip()}" for step, value in steps]
        return "\n".join([self.history.lanes[i].info.layers[seen.layers[at]], *lines])


def trend_words(found: Trend | None) -> tuple[str, ...]:
    """The straight line in several lengths, the longest first."""
    if found is None:
        return ("",)
    factor = f"{found.factor:.3g}"
    return (
        f"× {factor} a layer towards the input (line by least squares, r² {found.fit:.2f})",
        f"× {factor} a layer towards the input (r² {found.fit:.2f})",
        f"× {factor} a layer towards the input",
        f"× {factor} a layer",
    )
