"""Histograms over time as heat maps: steps across, values up, the share of values as colour. Nothing is re-binned."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QWheelEvent

from engine.probes.histograms import BINS
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.runtime.past import APART, HistogramPast, Past
from netviz.theme import depth_colour, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.heat import draw_share_key, end_of, paint_pixels, share_colours, shown_rows
from netviz.widgets.map_places import Mapped, MapRow, map_rows
from netviz.widgets.marks import Column, columns, draw_head, draw_lit, draw_note, draw_step
from netviz.widgets.plot import ZOOM_KEYS
from netviz.widgets.ridges import Span, bins_of, held_decades, reach_for, span_of, total, wider
from netviz.widgets.strips import colours
from netviz.widgets.ticks import Reach, linear_ticks, percent, signed, whole
from netviz.widgets.value_axis import ValueAxis

SEEN = 64  # of 255, its colour where it holds anything at all
ZOOM = 0.8  # a notch of the wheel
NARROWEST = 4.0  # steps
KINDS = (("zeros", (0,)), ("NaN, ∞", (1, 2)), ("beyond", (3, 4)))  # strips, and which of APART each holds


class HistogramMap(Canvas):
    """All lanes' histograms over time, a column for each lane, a map for each layer that `shown` tells."""

    def __init__(
        self,
        history: History,
        past: Callable[[LaneHistory], HistogramPast],
        shown: Callable[[LaneHistory], list[int]],
        axis: ValueAxis,
        lacks: Callable[[LaneHistory], str] = lambda lane: "",
    ) -> None:
        super().__init__()
        self.history, self.past, self.shown, self.axis = history, past, shown, axis
        self.lacks = lacks  # why a network has no maps, in words
        self.steps: tuple[float, float] | None = None  # that a person chose; None: all
        self._held: tuple[MapRow, QPointF] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Histograms over time")
        axis.watchers.append(self.update)
        self.follow(history.cursor, "layer", "step")
        self.forget()

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def forget(self) -> None:
        """The common axis and the steps are chosen anew."""
        self.steps, self._even_reach, self._reach, self._negative = None, Reach(1e-3), 1.0, False
        self._decades: tuple[float, float] | None = None
        self._made: dict[tuple[int, str], Any] = {}

    # Where things lie

    def columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def seen_steps(self) -> tuple[float, float]:
        """From where to where steps are shown, of all lanes alike."""
        if self.steps is not None:
            return self.steps
        ends = [(past.steps[0], end_of(past)) for _, _, past in self._pasts() if len(past)]
        first, last = min((a for a, _ in ends), default=0.0), max((b for _, b in ends), default=1.0)
        return float(first), float(max(last, first + 1))

    def _pasts(self) -> Iterator[tuple[LaneHistory, int, Past]]:
        for lane in self.history.lanes:
            past = self.past(lane)
            for layer in self.shown(lane):
                yield lane, layer, past[lane.info.layers[layer]]

    def _measure(self) -> None:
        """The common symlog axis: wide enough for every bin that ever held anything."""
        end, self._negative, self._decades = 0.0, False, None
        for lane, layer, past in self._pasts():
            h = self.past(lane).at(lane.info.layers[layer], -1) if len(past) else None
            if h is None or not (h.symlog or h.decades):
                continue
            held = np.flatnonzero(past.ever[:BINS])
            if h.decades:
                self._decades = wider(self._decades, held_decades(bins_of(h), past.ever[:BINS]))
                continue
            if len(held):
                borders = bins_of(h)
                self._negative = self._negative or held[0] < BINS // 2
                end = max(end, abs(borders[held[0]]) if held[0] < BINS // 2 else 0.0, borders[held[-1] + 1])
        self._reach = reach_for(end or 1.0)
        self._even_reach.take(end or 1.0)

    def own_span(self, lane: LaneHistory, layer: int) -> Span:
        """The axis of a map as long as nobody chose another."""
        h = self.past(lane).at(lane.info.layers[layer], -1)
        if h.decades and self._decades is not None:
            return Span(*self._decades, False, True)
        even = self.axis.even and h.symlog
        span = span_of(h, self._even_reach.value if even else self._reach, self._negative)
        return replace(span, symlog=False) if even else span

    def rows(self, rect: QRectF) -> list[MapRow]:
        """Every map in its place."""
        self._measure()
        made: list[MapRow] = []
        for i, (column, lane) in enumerate(zip(self.columns(rect), self.history.lanes, strict=True)):
            mapped = self._mapped(lane)
            body = column.body.adjusted(0, 2, 0, -self.fonts.line - 4 - self._key_height(rect))
            names = self.fonts.width([one.node for one in mapped]) if mapped else 0.0
            ticks = max((self._tick_width(one.span) for one in mapped), default=0.0)
            made += map_rows(i, mapped, body, min(max(names + 7, ticks), body.width() * 0.34))
        return made

    def _mapped(self, lane: LaneHistory) -> list[Mapped]:
        past, made = self.past(lane), []
        for layer in self.shown(lane):
            node = lane.info.layers[layer]
            if len(past[node]):
                apart = past[node].ever[BINS:]
                kinds = tuple(n for n, (_, of) in enumerate(KINDS) if apart[list(of)].any())
                made.append(Mapped(layer, node, self.axis.of(self.own_span(lane, layer)), kinds))
        return made

    def _tick_width(self, span: Span) -> float:
        return max(map(self.fonts.figure_metrics.horizontalAdvance, map(span.text, span.ticks())), default=0.0) + 8

    def _key_height(self, rect: QRectF) -> float:
        return self.fonts.line + 4 if rect.height() > 150 else 0.0

    # Painting

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        for i, column in enumerate(self.columns(rect)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            if words := self.lacks(self.history.lanes[i]):
                draw_note(painter, self.fonts, column.body, words)
        rows, lane, last = self.rows(rect), -1, 0.0
        for row in rows:
            self._draw_map(painter, row)
            if row.lane != lane:
                lane, last = row.lane, -100.0
            if row.name.center().y() - last >= self.fonts.line * 0.9:
                last = row.name.center().y()
                self._draw_name(painter, row)
        for i, column in enumerate(self.columns(rect)):
            mine = [row for row in rows if row.lane == i]
            if mine:
                self._draw_steps(painter, mine[-1])
                if self._key_height(rect):
                    kinds = sorted({n for row in mine for n, _ in row.strips})
                    marks = [(KINDS[n][0], self._kind_colour(n)) for n in kinds]
                    draw_share_key(painter, self.fonts, column.body, marks)

    def columns_of(self, row: MapRow, pixels: int) -> np.ndarray:
        """Which row of the past each pixel column shows."""
        return shown_rows(self.past(self.history.lanes[row.lane])[row.node], *self.seen_steps(), pixels)

    def _draw_map(self, painter: QPainter, row: MapRow) -> None:
        past, area = self.past(self.history.lanes[row.lane])[row.node], row.area
        wide, high = max(2, round(area.width() * self.ratio)), max(1, round(area.height() * self.ratio))
        found = self.columns_of(row, wide)
        borders, table, strips = self._coloured(row, past)
        values = row.span.at((np.arange(high)[::-1] + 0.5) / high)
        bins = np.searchsorted(borders, values, "right") - 1
        pixels = table[np.clip(bins, 0, BINS - 1)]
        pixels[(bins < 0) | (bins >= BINS)] = QColor(theme().card).rgb()
        drawn = np.take(pixels, found, axis=1)
        drawn[:, found < 0] = QColor(theme().card).rgb()
        paint_pixels(painter, area, drawn)
        for n, place in row.strips:
            line = strips[n][found]
            line[found < 0] = QColor(theme().card).rgb()
            paint_pixels(painter, place, line[None])
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.drawLine(area.topLeft(), area.bottomLeft())

    def _coloured(self, row: MapRow, past: Past) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
        """The edges of a layer's bins, the colours of each bin at each step, and of each kind of what none holds."""
        made_of = (past, past.version, theme().name)
        known = self._made.get((row.lane, row.node))
        if known is None or known[0] != made_of:
            shares = past.rows / np.maximum(past.rows.sum(axis=1, dtype=float), 1.0)[:, None]
            strips = []
            for n, (_, of) in enumerate(KINDS):
                share = shares[:, [BINS + k for k in of]].sum(axis=1)
                level = np.where(share > 0, SEEN + np.rint(np.clip(share, 0, 1) * (255 - SEEN)), 0).astype(int)
                strips.append(colours(theme().raised, self._kind_colour(n))[level])
            borders = bins_of(self.past(self.history.lanes[row.lane]).at(row.node, -1))
            table = np.ascontiguousarray(share_colours(shares[:, :BINS]).T)
            known = self._made[row.lane, row.node] = made_of, (borders, table, tuple(strips))
        return known[1]

    def _kind_colour(self, n: int) -> str:
        return (theme().green, theme().red, theme().amber)[n]

    def _draw_name(self, painter: QPainter, row: MapRow) -> None:
        """The layer's name, and where there is room the values up its side."""
        line, lane = self.fonts.line, self.history.lanes[row.lane]
        colour = depth_colour(row.layer, len(lane.info.layers))
        tall = row.area.height() > 3.4 * line
        middle = row.area.center().y()
        box = QRectF(row.name.left(), middle - line / 2, row.name.width() - 2, line)
        taken = [(middle - line * 0.6, middle + line * 0.6)]
        painter.setFont(self.fonts.words)
        painter.setPen(colour)
        text = self.fonts.word_metrics.elidedText(row.node, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        if not tall:
            return
        painter.setFont(self.fonts.figures)
        painter.setPen(QColor(theme().faint))
        ticks = row.span.ticks()
        for value in sorted(ticks, key=lambda v: (v not in (ticks[0], ticks[-1]), abs(v))):
            y = row.area.bottom() - float(row.span.share(value)) * row.area.height()
            top = min(max(y - line / 2, row.area.top() - 2), row.area.bottom() + 2 - line)
            if any(top < b and top + line > a for a, b in taken):
                continue
            taken.append((top, top + line))
            painter.drawLine(QPointF(row.area.left() - 3, y), QPointF(row.area.left(), y))
            place = QRectF(row.name.left(), top, row.name.width() - 2, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, row.span.text(value))

    def _draw_steps(self, painter: QPainter, row: MapRow) -> None:
        """Steps below the last map."""
        left, right = self.seen_steps()
        area, line = row.area, self.fonts.line
        bottom = row.bottom + (1 if row.strips else 0)
        painter.setFont(self.fonts.figures)
        painter.setPen(QColor(theme().faint))
        wide, free = self.fonts.figure_metrics.horizontalAdvance, area.left() - 4.0
        for value, text in linear_ticks(left, right, max(2, int(area.width() // (wide("0") * 9))), 1.0):
            x = area.left() + (value - left) / (right - left) * area.width()
            place = min(max(x - wide(text) / 2, area.left() - 2), area.right() - wide(text))
            if place < free:
                continue
            free = place + wide(text) + 4
            painter.drawLine(QPointF(x, bottom), QPointF(x, bottom + 2))
            painter.drawText(QRectF(place, bottom + 2, wide(text) + 1, line), 0, text)
        painter.setFont(self.fonts.words)
        box = QRectF(row.name.left(), bottom + 2, row.name.width(), line)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, "step")

    # What is pointed at

    def mark_at(self, place: QPointF) -> Mark:
        row = self._row_at(place)
        if row is None:
            return NOTHING
        at, lane = self.place_at(row, place.x()), self.history.lanes[row.lane]
        step = float(self.past(lane)[row.node].steps[at]) if at >= 0 else None
        return Mark(row.node, lane=row.lane if len(self.history.lanes) > 1 else None, step=step)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        """A frame round the layer's map, and a line at the step."""
        step, (left, right) = cursor.mark.step, self.seen_steps()
        for row in self.rows(rect):
            if row.node in cursor.layers:
                ends = QPointF(row.name.left() + 1, row.area.top() - 1), QPointF(row.area.right() + 1, row.bottom)
                draw_lit(painter, QRectF(*ends).intersected(rect.adjusted(1, 1, -1, -1)))
            if step is not None and left <= step <= right:
                x = row.area.left() + (step - left) / (right - left) * row.area.width()
                draw_step(painter, x, row.area.top(), row.bottom, pinned=step == cursor.pinned.step)

    # Mouse and keys

    def tip(self, place: QPointF) -> str:
        row = self._row_at(place)
        if row is None:
            return ""
        at = self.place_at(row, place.x())
        if at < 0:
            return ""
        past = self.past(self.history.lanes[row.lane])
        h = past.at(row.node, at)
        count = max(1, total(h))
        lines = [f"{row.node} at step {whole(past[row.node].steps[at])}"]
        value = float(row.span.at((row.area.bottom() - place.y()) / row.area.height()))
        borders = bins_of(h)
        k = int(np.searchsorted(borders, value, "right")) - 1
        if row.area.contains(place) and 0 <= k < BINS:
            ends = f"{signed(f'{borders[k]:.3g}')} … {signed(f'{borders[k + 1]:.3g}')}"
            held = int(h.counts[k])
            lines.append(f"{ends}: {whole(held)} of {whole(count)} ({percent(held / count).strip()})")
        counts = zip(("exact zeros", "NaN", "infinite", "below", "above"), APART, strict=True)
        lines += [
            f"{words}: {whole(getattr(h, name))} ({percent(getattr(h, name) / count).strip()})"
            for words, name in counts
            if getattr(h, name)
        ]
        return "\n".join(lines)

    def place_at(self, row: MapRow, x: float) -> int:
        """Which row of the past is drawn at `x`; -1 for none."""
        pixels = max(2, round(row.area.width() * self.ratio))
        share = (x - row.area.left()) / row.area.width()
        return int(self.columns_of(row, pixels)[min(pixels - 1, max(0, int(share * pixels)))])

    def _row_at(self, place: QPointF) -> MapRow | None:
        for row in self.rows(QRectF(self.rect())):
            whole_row = QRectF(row.area)
            whole_row.setBottom(row.bottom)
            if whole_row.contains(place):
                return row
        return None

    def wheelEvent(self, event: QWheelEvent) -> None:
        row = None if self.note else self._row_at(event.position())
        if row is None:
            event.ignore()
            return
        place, factor = event.position(), ZOOM ** (event.angleDelta().y() / 120)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            share = (row.area.bottom() - place.y()) / row.area.height()
            self.axis.zoom(self.own_span(self.history.lanes[row.lane], row.layer), share, factor)
        else:
            self.zoom_steps((place.x() - row.area.left()) / row.area.width(), factor)

    def zoom_steps(self, share: float, factor: float) -> None:
        left, right = self.seen_steps()
        middle = left + share * (right - left)
        if (right - left) * factor >= NARROWEST or factor > 1:
            self.steps = middle + (left - middle) * factor, middle + (right - middle) * factor
            self.update()

    def show_all(self) -> None:
        """Forgets what a person has zoomed."""
        self.steps = None
        self.axis.choose(None)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = None if self.note else self._row_at(event.position())
        if row is not None and event.button() is Qt.MouseButton.LeftButton:
            self._held = row, event.position()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is None:
            super().mouseMoveEvent(event)
            return
        row, before = self._held
        self._held = row, event.position()
        moved = event.position() - before
        if moved.x():
            left, right = self.seen_steps()
            by = -moved.x() / row.area.width() * (right - left)
            self.steps = left + by, right + by
        if moved.y():
            lane = self.history.lanes[row.lane]
            self.axis.move(self.own_span(lane, row.layer), moved.y() / row.area.height())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.show_all()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_A, Qt.Key.Key_Home):
            self.show_all()
        elif key in ZOOM_KEYS and not self.note:
            factor, shift = ZOOM_KEYS[key]
            left, right = self.seen_steps()
            self.steps = left + shift * (right - left), right + shift * (right - left)
            self.zoom_steps(0.5, factor)
        else:
            event.ignore()
