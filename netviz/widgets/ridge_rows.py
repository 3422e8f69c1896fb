"""Histograms of layers as rows of ridges, a column for each lane: zeros as a bar, what no bin holds in figures."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QWheelEvent

from engine.probes.histograms import LayerHistogram
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import depth_colour, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import Column, backed, columns, draw_head, draw_lit, draw_note
from netviz.widgets.ridge_places import Inks, Place, Row, Shape
from netviz.widgets.ridges import Span, bin_at, bins_of, held_decades, reach_for, ridge, span_of, wider
from netviz.widgets.strokes import hairline
from netviz.widgets.ticks import Reach, percent, signed, whole
from netviz.widgets.value_axis import ValueAxis

ZERO_BAR = 5.0  # pixels wide
OVERLAP = 1.25  # rows: a ridge may rise into the row above
TALLEST = 130.0
ZOOM = 0.8  # of the axis, a notch of the wheel
ROOM_FOR_ENDS = 110.0  # pixels of a column

Shown = list[tuple[int, LayerHistogram]]  # each with its layer's number


def numbered(lane: LaneHistory, histograms: Iterable[LayerHistogram]) -> Shown:
    """Each histogram with its layer's number; those of layers that are not drawn are left out."""
    numbers = {node: i for i, node in enumerate(lane.info.layers)}
    return [(numbers[h.node], h) for h in histograms if h.node in numbers]


class RidgeRows(Canvas):
    """All lanes' histograms, a column for each lane; `shown` says which of a lane's.

    Rows of one kind share an axis with ticks below the last; or with `own_axes` each row, even about 0, has its own,
    whose end stands at the right. With `axis`, wheel and drag zoom and move the axis of all rows.
    """

    covers: ClassVar[bool] = True

    def __init__(
        self,
        history: History,
        shown: Callable[[LaneHistory], Shown],
        *,
        own_axes: bool = False,
        axis: ValueAxis | None = None,
        lacks: Callable[[LaneHistory], str] = lambda lane: "",
    ) -> None:
        super().__init__()
        self.history, self.shown, self.own_axes, self.axis = history, shown, own_axes, axis
        self.lacks = lacks  # why a network has no rows, in words
        self._places: list[Place] = []
        self._placed_for: tuple[object, ...] = ()
        self._made = 0  # how often they were placed
        self._held: tuple[Row, float] | None = None  # by the mouse: the row, and the share that was last
        if axis is not None:
            axis.watchers.append(self.update)
        self.follow(history.cursor, "layer")
        self.forget()

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def forget(self) -> None:
        """The common axis is chosen anew."""
        self._reach, self._negative = 0.0, False
        self._even_reach = Reach(1e-3)
        self._decades: tuple[float, float] | None = None

    def _common(self, rows: list[tuple[int, LayerHistogram]]) -> None:
        """The symlog axis of all lanes: grows by decades, shrinks when a hundredth of it would do."""
        ends = [max(abs(h.least), abs(h.most)) for _, h in rows if h.symlog and not np.isnan(h.least)]
        wanted = reach_for(max(ends, default=1.0))
        self._even_reach.take(max(ends, default=1.0))
        if wanted > self._reach or wanted <= self._reach / 100:
            self._reach = wanted
        for _, h in rows:
            if h.decades:
                self._decades = wider(self._decades, held_decades(bins_of(h), np.asarray(h.counts) > 0))
        self._negative = self._negative or any(h.symlog and h.least < 0 for _, h in rows)

    def columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 4)

    @property
    def own(self) -> bool:
        """Whether each row is drawn on an axis of its own now."""
        return self.own_axes and (self.axis is None or self.axis.span is None)

    def span(self, h: LayerHistogram) -> Span:
        """The axis of a row."""
        if self.axis is None:
            return span_of(h, self._reach, self._negative)
        return self.axis.of(self.own_span(h))

    def own_span(self, h: LayerHistogram) -> Span:
        """The axis of a row as long as nobody chose another."""
        even = self.axis is not None and self.axis.even and h.symlog
        if h.decades and self._decades is not None:
            return Span(*self._decades, False, True)
        span = span_of(h, self._even_reach.value if even else self._reach, self._negative)
        return replace(span, symlog=False) if even else span

    def rows(self, rect: QRectF) -> list[Row]:
        """Every histogram in its place."""
        lanes = self.history.lanes
        shown = [self.shown(lane) for lane in lanes]
        self._common([row for rows in shown for row in rows])
        spans = [[self.span(h) for _, h in rows] for rows in shown]
        ends = [[end_of(h) for _, h in rows] if self.own else [] for rows in shown]
        looks = [(lane.info, lane.apart, [layer for layer, _ in rows]) for lane, rows in zip(lanes, shown, strict=True)]
        placed_for = rect.getRect(), self.fonts, theme(), self.sharpness, looks, spans, ends
        if placed_for != self._placed_for:
            self._placed_for, self._places = placed_for, self._placed(rect, shown, spans)
            self._made += 1
        histograms = (h for rows in shown for _, h in rows)
        return [Row(place, h) for place, h in zip(self._places, histograms, strict=True)]

    def _placed(self, rect: QRectF, shown: list[Shown], spans: list[list[Span]]) -> list[Place]:
        return [
            place
            for i, column in enumerate(self.columns(rect))
            for place in self._in_column(i, column.body, shown[i], spans[i])
        ]

    def _in_column(self, lane: int, body: QRectF, shown: Shown, spans: list[Span]) -> Iterator[Place]:
        line, count = self.fonts.line, len(spans)
        if not count:
            return
        if self.own:
            lasts = [False] * count
        else:
            lasts = [k + 1 == count or spans[k + 1] != span for k, span in enumerate(spans)]
        feet = sum(lasts)
        height = (body.height() - feet * line - (8 if feet else 11)) / count
        if height < 8 and feet:  # no room for each kind's ticks: only the last one's
            lasts = [k + 1 == count for k in range(count)]
            height = (body.height() - line - 8) / count
        height = max(0.5, min(height, TALLEST))
        name_width = min(self.fonts.width([h.node for _, h in shown]) + 7, body.width() * 0.34)
        end_width = self._end_width([h for _, h in shown], body.width())
        layers, top, written = len(self.history.lanes[lane].info.layers), body.top() + 8, -100.0
        for (layer, histogram), span, last in zip(shown, spans, lasts, strict=True):
            name = QRectF(body.left(), top, name_width, height)
            wide = max(8.0, body.width() - name_width - end_width - 4)
            area = QRectF(body.left() + name_width, top, wide, max(height - 1, height / 2))
            end = QRectF(area.right() + 6, area.bottom() - line + 2, max(0.0, end_width - 6), line)
            words = area.bottom() - written >= line * 0.85
            written = area.bottom() if words else written
            told, colour = end_of(histogram), depth_colour(layer, layers)
            yield Place(
                lane,
                layer,
                histogram.node,
                span,
                name,
                area,
                end,
                told,
                last,
                words,
                colour,
                self._inks(colour),
                Shape(),
            )
            top += height + (line if last else 0.0)

    def _end_width(self, histograms: list[LayerHistogram], room: float) -> float:
        """What the axes' ends take at the right."""
        if not self.own or room < ROOM_FOR_ENDS:
            return 0.0
        return max(map(self.fonts.figures_wide, map(end_of, histograms)), default=0.0) + 6

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        rows = self.rows(rect)
        self.paint_behind(painter, rect, (self._made, self.own), lambda painter: self._paint_behind(painter, rect))
        for row in rows:
            self._draw_ridge(painter, row)
        for row in rows:
            if row.place.words:
                self._draw_counts(painter, row)

    def _paint_behind(self, painter: QPainter, rect: QRectF) -> None:
        """Names and axes, which stay where they are."""
        painter.fillRect(rect, QColor(theme().card))
        for i, column in enumerate(self.columns(rect)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            if words := self.lacks(self.history.lanes[i]):
                draw_note(painter, self.fonts, column.body, words)
        for place in self._places:
            if self.own:
                painter.setPen(QPen(QColor(theme().line), 1))
                middle = place.area.center().x()
                painter.drawLine(QPointF(middle, place.area.top()), QPointF(middle, place.area.bottom()))
            if place.words:
                self._draw_names(painter, place)
            if place.ticks:
                self._draw_ticks(painter, place)

    def _draw_ridge(self, painter: QPainter, row: Row) -> None:
        area, inks = row.place.area, row.place.inks
        left, _, wide, high = area.getRect()
        places, heights = ridge(row.histogram, row.place.span)
        if len(places):
            tall = min(high * OVERLAP, high + 10)
            shape = row.place.shape.of(left + places * wide, area.bottom() - heights * tall)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(inks.body)
            painter.drawPolygon(shape)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(inks.edge)
            painter.drawPolyline(shape)
        painter.setPen(inks.floor)
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if row.histogram.zeros and not (bar := self.zero_bar(row)).isEmpty():
            painter.fillRect(bar, QColor(theme().text))

    def _inks(self, colour: QColor) -> Inks:
        body = QColor(colour)
        body.setAlphaF(0.45 if theme().name == "dark" else 0.35)
        return Inks(body, QPen(colour, 1) if self.sharpness else hairline(colour), QPen(colour, 1))

    def zero_bar(self, row: Row) -> QRectF:
        """The exact zeros: as high as their share, at 0 (of a logarithmic axis at its left end); empty out of sight."""
        share, place = row.histogram.zeros / row.count, 0.0 if row.span.decades else float(row.span.share(0.0))
        if not 0 <= place <= 1:
            return QRectF()
        x = row.area.left() + place * row.area.width()
        height = max(1.0, share * row.area.height())
        return QRectF(x - ZERO_BAR / 2, row.area.bottom() - height, ZERO_BAR, height)

    def _draw_names(self, painter: QPainter, place: Place) -> None:
        """The layer's name at the left; at the right where its axis ends."""
        line = self.fonts.line
        painter.setFont(self.fonts.words)
        painter.setPen(place.colour)
        box = QRectF(place.name.left(), place.area.bottom() - line + 2, place.name.width() - 4, line)
        text = self.fonts.shortened(place.node, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        if not place.end.isEmpty():
            painter.setFont(self.fonts.figures)
            painter.setPen(QColor(theme().faint))
            painter.drawText(place.end, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, place.told)

    def _draw_counts(self, painter: QPainter, row: Row) -> None:
        """The share of zeros beside their bar, and at the right what no bin holds."""
        t, line, h = theme(), self.fonts.line, row.histogram
        if not (h.zeros or h.nan or h.infinite or h.over or h.under):
            return
        painter.setFont(self.fonts.figures)
        advance = self.fonts.figures_wide
        if h.zeros and row.area.width() > 70 and not self.zero_bar(row).isEmpty():
            bar, text = self.zero_bar(row), percent(h.zeros / row.count).strip()
            beside = QRectF(bar.right() + 3, row.area.top(), advance(text), line)
            if beside.right() > row.area.right():
                beside.moveRight(bar.left() - 3)
            if beside.left() >= row.area.left():  # else it would lie over the layer's name
                backed(painter, beside)
                painter.setPen(QColor(t.text))
                painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, text)
        right = row.area.right()
        for text, colour in fitting_apart(h, advance, row.area.width()):
            box = QRectF(right - advance(text), row.area.top(), advance(text), line)
            backed(painter, box)
            painter.setPen(QColor(t.red if colour == "red" else t.amber))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
            right -= advance(text) + 8

    def _draw_ticks(self, painter: QPainter, row: Place) -> None:
        painter.setFont(self.fonts.figures)
        painter.setPen(QColor(theme().faint))
        advance, taken = self.fonts.figures_wide, []
        ticks = row.span.ticks()
        for value in sorted(ticks, key=lambda v: (v not in (0.0, ticks[0], ticks[-1]), abs(v))):
            x = row.area.left() + float(row.span.share(value)) * row.area.width()
            text = row.span.text(value)
            wide = advance(text)
            left = min(max(x - wide / 2, row.area.left() - 4), row.area.right() + 4 - wide)
            if any(left < b + 4 and left + wide > a - 4 for a, b in taken):
                continue
            taken.append((left, left + wide))
            painter.drawLine(QPointF(x, row.area.bottom()), QPointF(x, row.area.bottom() + 2))
            painter.drawText(QRectF(left, row.area.bottom() + 1, wide + 1, self.fonts.line), 0, text)

    def mark_at(self, place: QPointF) -> Mark:
        for one in self._places:
            if one.area.united(one.name).contains(place):
                return Mark(one.node, lane=one.lane if len(self.history.lanes) > 1 else None)
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        layers = cursor.layers
        for one in self._places:
            if one.node in layers:
                lit = one.area.united(one.name).adjusted(-2, -1, 1, 1)
                draw_lit(painter, lit.intersected(rect.adjusted(1, 1, -1, -1)))

    def tip(self, place: QPointF) -> str:
        for row in self.rows(QRectF(self.rect())):
            if row.area.contains(place):
                return _bin_in_words(row, (place.x() - row.area.left()) / row.area.width())
        return ""

    # The axis in the reader's hand

    def _row_at(self, place: QPointF) -> Row | None:
        rows = self.rows(QRectF(self.rect()))
        inside = (r for r in rows if r.area.adjusted(0, 0, 0, self.fonts.line if r.ticks else 1).contains(place))
        return next(inside, None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        row = self._row_at(event.position()) if self.axis is not None else None
        if self.axis is None or row is None or self.note:
            event.ignore()
            return
        share = (event.position().x() - row.area.left()) / row.area.width()
        self.axis.zoom(self.own_span(row.histogram), share, ZOOM ** (event.angleDelta().y() / 120))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position()) if self.axis is not None and not self.note else None
        if row is None or event.button() is not Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._held = row, event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None or self.axis is None:
            super().mouseMoveEvent(event)
            return
        row, before = self._held
        self._held = row, event.position().x()
        self.axis.move(self.own_span(row.histogram), (before - event.position().x()) / row.area.width())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.axis is not None:
            self.axis.choose(None)


def end_of(h: LayerHistogram) -> str:
    """Where an axis even about 0 ends."""
    return f"±{h.high:g}"


def apart(h: LayerHistogram) -> list[tuple[str, str]]:
    """What no bin holds, as (text, colour), the worst first."""
    size = "|·| " if h.decades else ""
    counts = (
        (h.nan, "NaN {}", "red"),
        (h.infinite, "∞ {}", "red"),
        (h.over, f"{size}> {h.high:g}: {{}}", "amber"),
        (h.under, f"{size}< {signed(f'{h.low:g}')}: {{}}", "amber"),
    )
    return [(text.format(whole(count)), colour) for count, text, colour in counts if count]


def fitting_apart(h: LayerHistogram, wide: Callable[[str], float], room: float) -> list[tuple[str, str]]:
    """The same where it fits, else what lies beyond the axis together, else the worst alone: the tip has all."""
    told = apart(h)
    if sum(wide(text) + 8 for text, _ in told) - 8 <= room:
        return told
    bad = [one for one in told if one[1] == "red"]
    beyond = [(f"beyond {whole(h.over + h.under)}", "amber")] if h.over or h.under else []
    choices = ([*bad, *beyond], bad or beyond, bad[:1])
    return next((c for c in choices if c and sum(wide(text) + 8 for text, _ in c) - 8 <= room), [])


def _bin_in_words(row: Row, share: float) -> str:
    h, count = row.histogram, max(1, row.count)
    lines = [f"{h.node}: {signed(f'{h.least:.3g}')} … {signed(f'{h.most:.3g}')}"]
    place = bin_at(h, row.span, share)
    if place is not None:
        low, high = bins_of(h)[place : place + 2]
        held = int(h.counts[place])
        ends = f"{signed(f'{low:.3g}')} … {signed(f'{high:.3g}')}"
        lines.append(f"{ends}: {whole(held)} of {whole(count)} ({percent(held / count).strip()})")
    if h.zeros:
        lines.append(f"exact zeros: {whole(h.zeros)} ({percent(h.zeros / count).strip()})")
    lines += [text for text, _ in apart(h)]
    return "\n".join(lines)
