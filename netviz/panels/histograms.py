"""How each layer's outputs are spread: heaps at the ends are saturation, a bar at zero is dead ReLUs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.catalogue import LAYERS
from engine.probes.histograms import Histograms, LayerHistogram, edges
from engine.run.messages import ProbeRequest
from netviz.panels.base import Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP, depth_colour, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.curves import hairline
from netviz.widgets.marks import Column, backed, columns, draw_head
from netviz.widgets.ridges import Span, bin_at, reach_for, ridge, span_of, total
from netviz.widgets.ticks import percent, signed, whole
from netviz.widgets.toggle import Toggle

ZERO_BAR = 5.0  # pixels wide
OVERLAP = 1.25  # rows: a ridge may rise into the row above
TALLEST = 130.0


class HistogramsPanel(Panel):
    ident: ClassVar[str] = "histograms"
    title: ClassVar[str] = "Activations"
    help: ClassVar[str] = (
        "How the outputs of each layer are spread over the first training examples, from input (top) to output; each "
        "shape is scaled to its own fullest bin. The bar at 0 holds the exact zeros, its height is their share. "
        "Red and amber figures count what no bin holds: not a number, infinite, beyond the axis. "
        "Look for heaps at both ends (saturated tanh or sigmoid), for a shape that shrinks to a needle from layer to "
        "layer (collapse), and for a high bar at 0 (dead ReLUs). All shows the layers with weights too (key W); where "
        "there is dropout or batch norm, Train shows them at work as in a training step (key M)."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"histograms"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.ridges = _Ridges(history)
        self.all = Toggle("all", "Layers with weights too (W)", self)
        self.all.toggled.connect(self._choose)
        self.all.adjustSize()
        self.mode = Toggle("train", "As in a training step: dropout and batch norm at work (M)", self)
        self.mode.toggled.connect(self._choose)
        self.mode.adjustSize()
        self.ridges.corner = self.all.width() + 6.0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.ridges)
        self.reopened()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Histograms(self.all.isChecked(), self.mode.isChecked() and self._has_modes()),)

    def _has_modes(self) -> bool:
        """Whether some layer does another thing while training."""
        return any(LAYERS[kind].two_modes for lane in self.history.lanes for kind in lane.info.kinds)

    def _choose(self) -> None:
        self.ridges.all = self.all.isChecked()
        self.wishes_changed.emit()
        self.ridges.forget()
        self.refresh()

    def reopened(self) -> None:
        self.mode.setVisible(self._has_modes())
        self._place_toggles()
        self.ridges.forget()
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        if not lanes:
            self.ridges.show_note("No network is open.")
        elif not any(lane.histograms is not None for lane in lanes):
            self.ridges.show_note("Press play: the spread of each layer's outputs is drawn here.")
        else:
            self.ridges.show_note("")
        self.describe()

    def resizeEvent(self, event: object) -> None:
        self._place_toggles()

    def _place_toggles(self) -> None:
        """In the upper right corner, which the drawing leaves free."""
        left = self.width() - GAP
        for toggle in (self.all, self.mode):
            if not toggle.isHidden():
                left -= toggle.width()
                toggle.move(left, GAP)
                toggle.raise_()
                left -= 4
        self.ridges.corner = self.width() - GAP - left + 2.0

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_W and not event.modifiers():
            self.all.toggle()
        elif event.key() == Qt.Key.Key_M and not event.modifiers() and not self.mode.isHidden():
            self.mode.toggle()
        else:
            super().keyPressEvent(event)

    def summary(self) -> str:
        parts = []
        for lane in self.history.lanes:
            words = [_in_words(h) for _, h in shown_layers(lane, self.all.isChecked())]
            parts.append(f"{lane.info.name}: {'; '.join(words)}")
        return ". ".join(parts)

    def table(self) -> Table:
        """A row for each bin, and for each count that no bin holds."""
        rows = []
        for lane in self.history.lanes:
            for _, histogram in shown_layers(lane, self.all.isChecked()):
                rows += [(lane.info.name, histogram.node, *row) for row in _counts(histogram)]
        return ("network", "layer", "holds", "from", "to", "count"), rows

    def state(self) -> dict[str, Any]:
        return {"all": self.all.isChecked(), "training": self.mode.isChecked()}

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("all"), bool):
            self.all.setChecked(state["all"])
        if isinstance(state.get("training"), bool):
            self.mode.setChecked(state["training"])


def shown_layers(lane: LaneHistory, everything: bool) -> list[tuple[int, LayerHistogram]]:
    """The layers drawn, each with its number: activations and the output, or all."""
    if lane.histograms is None:
        return []
    numbers = {node: i for i, node in enumerate(lane.info.layers)}
    found = [(numbers[h.node], h) for h in lane.histograms.layers if h.node in numbers]
    last = len(lane.info.layers) - 1
    return [(i, h) for i, h in found if everything or not lane.info.weighted[i] or i == last]


def _counts(h: LayerHistogram) -> Iterator[Row]:
    """(what it holds, from, to, how many)"""
    ends = edges(h.low, h.high, h.symlog).tolist()
    for low, high, count in zip(ends, ends[1:], np.asarray(h.counts).tolist(), strict=False):
        yield "bin", low, high, count
    yield "zeros", 0.0, 0.0, h.zeros
    yield "below", None, h.low, h.under
    yield "above", h.high, None, h.over
    yield "infinite", None, None, h.infinite
    yield "nan", None, None, h.nan


def _in_words(h: LayerHistogram) -> str:
    count = max(1, total(h))
    text = f"{h.node} from {h.least:.3g} to {h.most:.3g}, {percent(h.zeros / count).strip()} zeros"
    return text + (f", {h.nan + h.infinite} not finite" if h.nan + h.infinite else "")


@dataclass(frozen=True, slots=True)
class _Row:
    """One layer's histogram in its place: `area` without the name."""

    lane: int
    layer: int
    histogram: LayerHistogram
    span: Span
    name: QRectF
    area: QRectF
    ticks: bool  # below it
    colour: QColor
    count: int  # of all numbers


class _Ridges(Canvas):
    """All lanes' histograms, a column for each lane."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history, self.all = history, False
        self.corner = 0.0  # left free at the right end of the heads
        self.forget()

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def forget(self) -> None:
        """The common axis is chosen anew."""
        self._reach, self._negative = 0.0, False

    def _common(self, rows: list[tuple[int, LayerHistogram]]) -> None:
        """The symlog axis of all lanes: grows by decades, shrinks when a hundredth of it would do."""
        ends = [max(abs(h.least), abs(h.most)) for _, h in rows if h.symlog and not np.isnan(h.least)]
        wanted = reach_for(max(ends, default=1.0))
        if wanted > self._reach or wanted <= self._reach / 100:
            self._reach = wanted
        self._negative = self._negative or any(h.symlog and h.least < 0 for _, h in rows)

    def columns(self, rect: QRectF) -> list[Column]:
        """The lanes' columns; the heads keep the corner of the button free."""
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 4, always=True)

    def rows(self, rect: QRectF) -> Iterator[_Row]:
        """Every histogram in its place."""
        lanes = self.history.lanes
        shown = [shown_layers(lane, self.all) for lane in lanes]
        self._common([row for rows in shown for row in rows])
        line = self.fonts.line
        for i, column in enumerate(self.columns(rect)):
            spans = [span_of(h, self._reach, self._negative) for _, h in shown[i]]
            lasts = [k + 1 == len(spans) or spans[k + 1] != span for k, span in enumerate(spans)]
            count, feet = len(spans), sum(lasts)
            if not count:
                continue
            body = column.body
            height = (body.height() - feet * line - 8) / count
            if height < 8:  # no room for each kind's ticks: only the last one's
                lasts = [k + 1 == count for k in range(count)]
                height = (body.height() - line - 8) / count
            height = max(0.5, min(height, TALLEST))
            name_width = min(self.fonts.width([h.node for _, h in shown[i]]) + 7, body.width() * 0.34)
            top = body.top() + 8
            for (layer, histogram), span, last in zip(shown[i], spans, lasts, strict=True):
                name = QRectF(body.left(), top, name_width, height)
                area = QRectF(
                    body.left() + name_width, top, max(8.0, body.width() - name_width - 4), max(height - 1, height / 2)
                )
                colour = depth_colour(layer, len(lanes[i].info.layers))
                yield _Row(i, layer, histogram, span, name, area, last, colour, total(histogram))
                top += height + (line if last else 0.0)

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        named = len(self.history.lanes) > 1
        for i, column in enumerate(self.columns(rect)):
            head = column.head.adjusted(0, 0, -self.corner if i + 1 == len(self.history.lanes) else 0.0, 0)
            draw_head(painter, self.fonts, head, column.name if named else "", i)
        rows = list(self.rows(rect))
        for row in rows:
            self._draw_ridge(painter, row)
        lane, last = -1, 0.0
        for row in rows:
            if row.lane != lane:
                lane, last = row.lane, -100.0
            if row.area.bottom() - last >= self.fonts.line * 0.85:
                self._draw_words(painter, row)
                last = row.area.bottom()
            if row.ticks:
                self._draw_ticks(painter, row)

    def _draw_ridge(self, painter: QPainter, row: _Row) -> None:
        area, colour = row.area, row.colour
        tall = min(area.height() * OVERLAP, area.height() + 10)
        places, heights = ridge(row.histogram, row.span)
        if len(places):
            shape = arrayToQPolygonF(area.left() + places * area.width(), area.bottom() - heights * tall)
            body = QColor(colour)
            body.setAlphaF(0.45 if theme().name == "dark" else 0.35)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(body)
            painter.drawPolygon(shape)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour, 1) if self.sharpness else hairline(colour))
            painter.drawPolyline(shape)
        painter.setPen(QPen(colour, 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if row.histogram.zeros:
            painter.fillRect(self.zero_bar(row), QColor(theme().text))

    def zero_bar(self, row: _Row) -> QRectF:
        """The exact zeros: as high as their share, at 0."""
        share = row.histogram.zeros / row.count
        x = row.area.left() + float(row.span.share(0.0)) * row.area.width()
        height = max(1.0, share * row.area.height())
        return QRectF(x - ZERO_BAR / 2, row.area.bottom() - height, ZERO_BAR, height)

    def _draw_words(self, painter: QPainter, row: _Row) -> None:
        """The layer's name at the left, its counts apart at the right, the share of zeros beside their bar."""
        t, line, h = theme(), self.fonts.line, row.histogram
        painter.setFont(self.fonts.words)
        painter.setPen(row.colour)
        box = QRectF(row.name.left(), row.area.bottom() - line + 2, row.name.width() - 4, line)
        text = self.fonts.word_metrics.elidedText(h.node, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(self.fonts.figures)
        advance = self.fonts.figure_metrics.horizontalAdvance
        if h.zeros and row.area.width() > 70:
            bar, text = self.zero_bar(row), percent(h.zeros / row.count).strip()
            beside = QRectF(bar.right() + 3, row.area.top(), advance(text), line)
            if beside.right() > row.area.right():
                beside.moveRight(bar.left() - 3)
            backed(painter, beside)
            painter.setPen(QColor(t.text))
            painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, text)
        right = row.area.right()
        for text, colour in apart(h):
            box = QRectF(right - advance(text), row.area.top(), advance(text), line)
            backed(painter, box)
            painter.setPen(QColor(t.red if colour == "red" else t.amber))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
            right -= advance(text) + 8

    def _draw_ticks(self, painter: QPainter, row: _Row) -> None:
        painter.setFont(self.fonts.figures)
        painter.setPen(QColor(theme().faint))
        advance, taken = self.fonts.figure_metrics.horizontalAdvance, []
        ticks = row.span.ticks()
        for value in sorted(ticks, key=lambda v: (v not in (0.0, ticks[0], ticks[-1]), abs(v))):
            x = row.area.left() + float(row.span.share(value)) * row.area.width()
            text = signed(f"{value:g}")
            wide = advance(text)
            left = min(max(x - wide / 2, row.area.left() - 4), row.area.right() + 4 - wide)
            if any(left < b + 4 and left + wide > a - 4 for a, b in taken):
                continue
            taken.append((left, left + wide))
            painter.drawLine(QPointF(x, row.area.bottom()), QPointF(x, row.area.bottom() + 2))
            painter.drawText(QRectF(left, row.area.bottom() + 1, wide + 1, self.fonts.line), 0, text)

    def tip(self, place: QPointF) -> str:
        for row in self.rows(QRectF(self.rect())):
            if row.area.contains(place):
                return _bin_in_words(row, (place.x() - row.area.left()) / row.area.width())
        return ""


def apart(h: LayerHistogram) -> list[tuple[str, str]]:
    """What no bin holds, as (text, colour), the worst first."""
    counts = (
        (h.nan, "NaN {}", "red"),
        (h.infinite, "∞ {}", "red"),
        (h.over, f"> {h.high:g}: {{}}", "amber"),
        (h.under, f"< {signed(f'{h.low:g}')}: {{}}", "amber"),
    )
    return [(text.format(whole(count)), colour) for count, text, colour in counts if count]


def _bin_in_words(row: _Row, share: float) -> str:
    h, count = row.histogram, max(1, row.count)
    lines = [f"{h.node}: {signed(f'{h.least:.3g}')} … {signed(f'{h.most:.3g}')}"]
    place = bin_at(h, row.span, share)
    if place is not None:
        low, high = edges(h.low, h.high, h.symlog)[place : place + 2]
        held = int(h.counts[place])
        ends = f"{signed(f'{low:.3g}')} … {signed(f'{high:.3g}')}"
        lines.append(f"{ends}: {whole(held)} of {whole(count)} ({percent(held / count).strip()})")
    if h.zeros:
        lines.append(f"exact zeros: {whole(h.zeros)} ({percent(h.zeros / count).strip()})")
    lines += [text for text, _ in apart(h)]
    return "\n".join(lines)
