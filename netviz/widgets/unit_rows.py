"""The units of one layer as rows, a column for each lane: a small histogram each, mean ± spread, the dead marked."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QWheelEvent

from engine.probes.histograms import LINEAR
from engine.probes.unit_spread import UNIT_BINS, UnitSpreadAnswer
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.heat import paint_pixels, share_colours
from netviz.widgets.marks import Column, columns, draw_head, draw_lit, draw_note
from netviz.widgets.ridges import Span, reach_for
from netviz.widgets.strips import colours
from netviz.widgets.ticks import percent, signed, whole
from netviz.widgets.value_axis import ValueAxis

TALLEST = 26.0  # of a row
ROOM_FOR_MARKS = 6.0  # pixels of a row from which mean ± spread are drawn
EDGE = 5.0  # pixels of the marks of saturated and dead units
OVERVIEW = 8.0  # pixels of the strip of all units
SATURATED = 0.5  # share of the examples from which a unit is called saturated


@dataclass(frozen=True, slots=True)
class Units:
    """One lane's units in their place: rows from `first` on, `height` each; `overview` shows all of the layer."""

    lane: int
    answer: UnitSpreadAnswer
    span: Span
    area: QRectF
    marks: QRectF
    overview: QRectF
    first: int
    height: float
    shown: int

    def row(self, unit: int) -> QRectF:
        top = self.area.top() + (unit - self.first) * self.height
        return QRectF(self.area.left(), top, self.area.width(), self.height)


class UnitRows(Canvas):
    """What `answer` tells of a lane's layer; the wheel goes through the units of a layer that has more than fit."""

    moved = Signal(int)  # the first unit that should be shown

    def __init__(
        self, history: History, answer: Callable[[LaneHistory], UnitSpreadAnswer | None], axis: ValueAxis
    ) -> None:
        super().__init__()
        self.history, self.answer, self.axis = history, answer, axis
        self.first = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Units of a layer")
        axis.watchers.append(self.update)
        self.follow(history.cursor, "layer", "unit")

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def own_span(self, a: UnitSpreadAnswer) -> Span:
        """The layer's bounds, or as much of the symlog axis as its bins fill."""
        if not a.symlog:
            return Span(a.low, a.high, False)
        held = np.flatnonzero(np.asarray(a.counts).any(axis=0))
        if not len(held):
            return Span(-1.0, 1.0, not self.axis.even)
        ends = unit_edges(a)[[held[0], held[-1] + 1]]
        reach = reach_for(float(np.abs(ends).max()))
        return Span(-reach if ends[0] < -1e-9 else 0.0, reach, not self.axis.even)

    def placed(self, rect: QRectF) -> list[Units]:
        made, line = [], self.fonts.line
        for i, (column, lane) in enumerate(zip(self.columns(rect), self.history.lanes, strict=True)):
            a = self.answer(lane)
            if a is None:
                continue
            number = self.fonts.figure_metrics.horizontalAdvance(whole(a.units)) + 6
            body = column.body.adjusted(number, 2, -2, -2 * line - 4)
            known = len(a.counts)
            height = max(1.0 / self.ratio, min(TALLEST, body.height() / max(1, known)))
            shown = max(1, min(known, int(body.height() / height + 1e-6)))
            first = max(a.first, min(self.first, a.first + known - shown))
            area = QRectF(body.left(), body.top(), max(8.0, body.width() - EDGE - OVERVIEW - 6), shown * height)
            marks = QRectF(area.right() + 2, area.top(), EDGE, area.height())
            overview = QRectF(marks.right() + 3, body.top(), OVERVIEW, area.height())
            span = self.axis.of(self.own_span(a))
            made.append(Units(i, a, span, area, marks, overview, first, height, shown))
        return made

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        placed = {units.lane: units for units in self.placed(rect)}
        for i, column in enumerate(self.columns(rect)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            if i in placed:
                self._draw(painter, placed[i], column.body)
            else:
                draw_note(painter, self.fonts, column.body, "There is no such layer here.")

    def _draw(self, painter: QPainter, units: Units, body: QRectF) -> None:
        a, area = units.answer, units.area
        start = units.first - a.first
        counts = np.asarray(a.counts)[start : start + units.shown]
        wide = max(2, round(area.width() * self.ratio))
        values = units.span.at((np.arange(wide) + 0.5) / wide)
        bins = np.searchsorted(unit_edges(a), values, "right") - 1
        inside = (bins >= 0) & (bins < UNIT_BINS)
        pixels = share_colours(counts / max(1, a.examples))[:, np.clip(bins, 0, UNIT_BINS - 1)]
        pixels[:, ~inside] = QColor(theme().card).rgb()
        paint_pixels(painter, area, pixels)
        codes = states(a)
        table = np.concatenate([colours(theme().card, theme().amber), [QColor(theme().red).rgb()]]).astype(np.uint32)
        pixels = table[codes]
        paint_pixels(painter, units.marks, pixels[units.first : units.first + units.shown, None])
        if a.units > units.shown:
            self._draw_overview(painter, units, codes, table)
        if units.height >= ROOM_FOR_MARKS:
            for unit in range(units.first, units.first + units.shown):
                self._draw_mean(painter, units, unit)
        self._draw_words(painter, units, body)

    def _draw_overview(self, painter: QPainter, units: Units, codes: np.ndarray, table: np.ndarray) -> None:
        """All units of the layer, of more than there are pixels the worst of each, and a frame around those shown."""
        strip, a = units.overview, units.answer
        high = max(1, min(a.units, round(strip.height() * self.ratio)))
        worst = np.maximum.reduceat(codes, np.arange(high) * a.units // high)
        painter.fillRect(strip, QColor(theme().raised))
        paint_pixels(painter, strip, table[worst][:, None])
        top, tall = units.first / a.units * strip.height(), units.shown / a.units * strip.height()
        painter.setPen(QPen(QColor(theme().text), 1))
        painter.drawRect(QRectF(strip.left(), strip.top() + top, strip.width() - 1, max(3.0, tall)))

    def _draw_mean(self, painter: QPainter, units: Units, unit: int) -> None:
        """A dot at the mean, a line of a spread to either side."""
        a, row = units.answer, units.row(unit)
        mean, std = float(a.mean[unit]), float(a.std[unit])
        if not (np.isfinite(mean) and np.isfinite(std)):
            return
        places = np.clip(units.span.share(np.array([mean - std, mean, mean + std])), 0, 1)
        left, middle, right = (row.left() + places * row.width()).tolist()
        y = row.center().y()
        for colour, wide in ((theme().card, 3.0), (theme().orange, 1.4)):
            painter.setPen(QPen(QColor(colour), wide))
            painter.drawLine(QPointF(left, y), QPointF(right, y))
            painter.drawLine(QPointF(middle, row.top() + 1), QPointF(middle, row.bottom() - 1))

    def _draw_words(self, painter: QPainter, units: Units, body: QRectF) -> None:
        """Numbers of units at the left, ticks below, and what there is in all."""
        line, area = self.fonts.line, units.area
        painter.setFont(self.fonts.figures)
        painter.setPen(QColor(theme().faint))
        right, last = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, -100.0
        for unit in range(units.first, units.first + units.shown):
            y = units.row(unit).center().y()
            if y - last >= line:
                last = y
                box = QRectF(body.left(), y - line / 2, area.left() - body.left() - 4, line)
                painter.drawText(box, right, whole(unit + 1))
        advance, free = self.fonts.figure_metrics.horizontalAdvance, -1e9
        for value in units.span.ticks():
            text = units.span.text(value)
            x = area.left() + float(units.span.share(value)) * area.width()
            left = min(max(x - advance(text) / 2, area.left() - 4), area.right() + 4 - advance(text))
            if left >= free and area.left() - 1 <= x <= area.right() + 1:
                free = left + advance(text) + 4
                painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 2))
                painter.drawText(QRectF(left, area.bottom() + 1, advance(text) + 1, line), 0, text)
        painter.setFont(self.fonts.words)
        text = next((words for words in captions(units) if self.fonts.width([words]) <= body.width()), "")
        painter.drawText(QRectF(body.left(), area.bottom() + line + 2, body.width(), line), 0, text)

    def _unit_at(self, place: QPointF) -> tuple[Units, int] | None:
        for units in self.placed(QRectF(self.rect())):
            if units.area.united(units.marks).contains(place):
                return units, units.first + min(units.shown - 1, int((place.y() - units.area.top()) / units.height))
        return None

    def mark_at(self, place: QPointF) -> Mark:
        found = self._unit_at(place)
        if found is None:
            return NOTHING
        units, unit = found
        return Mark(units.answer.node, unit, units.lane if len(self.history.lanes) > 1 else None)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        """A frame round the unit that is pointed at."""
        unit = cursor.mark.unit
        for units in self.placed(rect):
            if unit is None or cursor.mark.layer != units.answer.node:
                continue
            if units.first <= unit < units.first + units.shown:
                row = units.row(unit).united(QRectF(units.marks.left(), units.row(unit).top(), units.marks.width(), 1))
                draw_lit(painter, row.adjusted(-1, -1, 1, 1))

    def tip(self, place: QPointF) -> str:
        found = self._unit_at(place)
        return "" if found is None else unit_in_words(found[0].answer, found[1])

    def wheelEvent(self, event: QWheelEvent) -> None:
        placed = [] if self.note else self.placed(QRectF(self.rect()))
        units = next((u for u in placed if u.area.contains(event.position())), placed[0] if placed else None)
        if units is None:
            event.ignore()
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            share = (event.position().x() - units.area.left()) / units.area.width()
            self.axis.zoom(self.own_span(units.answer), share, 0.8 ** (event.angleDelta().y() / 120))
        else:
            self.go(-round(event.angleDelta().y() / 120 * max(1, units.shown // 4)))

    def go(self, by: int) -> None:
        """So many units further down."""
        placed = self.placed(QRectF(self.rect()))
        most = max((units.answer.units - units.shown for units in placed), default=0)
        first = max(0, min(most, self.first + by))
        if first != self.first:
            self.first = first
            self.moved.emit(first)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        placed = [] if self.note else self.placed(QRectF(self.rect()))
        page = max((units.shown for units in placed), default=1)
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: page, Qt.Key.Key_PageUp: -page}
        if event.key() in steps:
            self.go(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_A, Qt.Key.Key_Home):
            self.axis.choose(None)
        else:
            event.ignore()


def unit_edges(a: UnitSpreadAnswer) -> np.ndarray:
    """The edges between the bins of units."""
    if not a.symlog:
        return np.linspace(a.low, a.high, UNIT_BINS + 1)
    return LINEAR * np.sinh(np.linspace(np.arcsinh(a.low / LINEAR), np.arcsinh(a.high / LINEAR), UNIT_BINS + 1))


def states(a: UnitSpreadAnswer) -> np.ndarray:
    """(units,): 256 of the dead, else the saturated share from 0 to 255; what is no number counts as dead."""
    share = np.nan_to_num(np.asarray(a.saturated, float))
    lost = np.asarray(a.dead, bool) | ~np.isfinite(np.asarray(a.mean))
    return np.where(lost, 256, np.rint(share * 255)).astype(int)


def counted(a: UnitSpreadAnswer) -> tuple[int, int]:
    """How many units are dead, and how many of the others saturated in half of the examples."""
    dead = np.asarray(a.dead, bool)
    return int(dead.sum()), int((~dead & (np.nan_to_num(np.asarray(a.saturated)) >= SATURATED)).sum())


def captions(units: Units) -> tuple[str, ...]:
    """What is drawn, in several lengths, the longest first."""
    a, (dead, saturated) = units.answer, counted(units.answer)
    which = f"{whole(a.units)} units"
    if units.shown < a.units:
        which = f"units {whole(units.first + 1)} to {whole(units.first + units.shown)} of {whole(a.units)}"
    worst = f"{whole(dead)} dead, {whole(saturated)} saturated"
    return (
        f"{a.node}: {which}, {worst}, on {whole(a.examples)} examples; line: mean ± standard deviation",
        f"{a.node}: {which}, {worst}, on {whole(a.examples)} examples",
        f"{which}, {worst}",
        worst,
    )


def unit_in_words(a: UnitSpreadAnswer, unit: int) -> str:
    lines = [
        f"{a.node}, unit {whole(unit + 1)} of {whole(a.units)}, on {whole(a.examples)} examples",
        f"mean {signed(f'{a.mean[unit]:.4g}')}, standard deviation {a.std[unit]:.4g}",
    ]
    if a.zeros[unit]:
        lines.append(f"exact zeros: {percent(float(a.zeros[unit])).strip()}")
    if a.apart[unit]:
        lines.append(f"no number or beyond the axis: {percent(float(a.apart[unit])).strip()}")
    if not np.isnan(a.saturated[unit]):
        lines.append(f"saturated: {percent(float(a.saturated[unit])).strip()}")
    if a.dead[unit]:
        lines.append("dead: the derivative is 0 for every example")
    return "\n".join(lines)
