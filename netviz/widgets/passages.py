"""The way back, layer by layer: what each lets through of the gradient, as bars about 1, and what is left of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.catalogue import LAYERS
from engine.layers.base import Activation
from engine.probes.derivative import DerivativeAnswer, Passage
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import depth_colour, mix, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import Column, columns, draw_head, draw_lit, draw_note
from netviz.widgets.ticks import power

TALLEST = 24.0
LEAST_DECADES, MOST_DECADES = 1.0, 8.0  # of the bars, to either side of 1


@dataclass(frozen=True, slots=True)
class Way:
    """What a lane's gradient loses: `whole` is δ at the first layer over δ at the last, split in two factors."""

    whole: float
    activations: float
    others: float  # weights, norms, joins


@dataclass(frozen=True, slots=True)
class Bar:
    """One node's row: `left` of δ after it over δ at the last layer, the way the gradient comes."""

    lane: int
    passage: Passage
    active: bool
    rms: float  # of φ′; NaN of no activation
    left: float
    row: QRectF
    area: QRectF


def way_of(lane: LaneHistory, answer: DerivativeAnswer) -> Way:
    """The whole way, and what the activations and all else have to do with it."""
    if not answer.way or not answer.way[-1].after:
        return Way(np.nan, np.nan, np.nan)
    kinds = dict(zip(lane.info.layers, lane.info.kinds, strict=True))
    active = [p.factor for p in answer.way[1:] if issubclass(LAYERS[kinds[p.node]], Activation)]
    whole, activations = answer.way[0].after / answer.way[-1].after, float(np.prod(active))
    return Way(whole, activations, whole / activations if activations else np.nan)


class Passages(Canvas):
    """All lanes side by side, the last layer on top: the gradient comes down. Bars of all lanes have one scale."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.setAccessibleName("What each layer lets through")
        self.follow(history.cursor, "layer")

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def reach(self) -> float:
        """Decades to either side of 1: as many as the strongest factor of any lane takes, whole ones."""
        found = [
            abs(np.log10(passage.factor))
            for lane in self.history.lanes
            if lane.derivative is not None
            for passage in lane.derivative.way
            if np.isfinite(passage.factor) and passage.factor > 0
        ]
        return float(min(MOST_DECADES, max(LEAST_DECADES, np.ceil(max(found, default=0.0) - 1e-9))))

    def bars(self, rect: QRectF) -> Iterator[Bar]:
        """Every node in its place."""
        line, digits = self.fonts.line, self.fonts.figure_metrics.horizontalAdvance("×0.0000")
        for i, (column, lane) in enumerate(zip(self.columns(rect), self.history.lanes, strict=True)):
            answer = lane.derivative
            if answer is None or not answer.way:
                continue
            body = column.body.adjusted(0, line + 2, 0, -3 * line - 4)
            kinds = dict(zip(lane.info.layers, lane.info.kinds, strict=True))
            slopes = {layer.histogram.node: layer.rms for layer in answer.layers}
            name_width = min(self.fonts.width([p.node for p in answer.way]) + 7, body.width() * 0.3)
            height = min(TALLEST, body.height() / len(answer.way))
            numbers = 2 * digits + 8 if body.width() > 2.4 * digits + name_width + 60 else 0.0
            for k, passage in enumerate(reversed(answer.way)):
                row = QRectF(body.left(), body.top() + k * height, body.width(), height)
                area = row.adjusted(name_width, 0, -numbers - 2, 0)
                active = issubclass(LAYERS[kinds[passage.node]], Activation)
                left = passage.before / answer.way[-1].after if answer.way[-1].after else np.nan
                yield Bar(i, passage, active, slopes.get(passage.node, np.nan), left, row, area)

    def bar(self, bar: Bar, factor: float) -> QRectF:
        """From 1 in the middle to the factor, to the left what is less."""
        reach = self.reach()
        share = np.clip(np.log10(factor) / reach, -1, 1) if factor > 0 else -1.0
        middle, wide = bar.area.center().x(), bar.area.width() / 2 * float(share)
        tall = max(1.0, bar.area.height() * 0.62)
        return QRectF(min(middle, middle + wide), bar.area.center().y() - tall / 2, abs(wide), tall)

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        bars = list(self.bars(rect))
        for i, (column, lane) in enumerate(zip(self.columns(rect), self.history.lanes, strict=True)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            mine = [bar for bar in bars if bar.lane == i]
            if mine and lane.derivative is not None:
                self._draw_scale(painter, mine)
                self._draw_bars(painter, mine, lane)
                self._draw_words(painter, column, lane, lane.derivative)
            else:
                draw_note(painter, self.fonts, column.body, "Nothing goes back here.")

    def _draw_scale(self, painter: QPainter, bars: list[Bar]) -> None:
        area, reach, line = bars[0].area, self.reach(), self.fonts.line
        painter.setFont(self.fonts.figures)
        advance = self.fonts.figure_metrics.horizontalAdvance
        for exponent in (0.0, -reach, reach):
            x = area.center().x() + exponent / reach * area.width() / 2
            painter.setPen(QPen(QColor(theme().line if exponent else theme().faint), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, bars[-1].area.bottom()))
            text = "× 1" if not exponent else power(round(exponent))
            painter.setPen(QColor(theme().faint))
            left = min(max(x - advance(text) / 2, area.left() - 4), area.right() - advance(text) + 2)
            if exponent and abs(left + advance(text) / 2 - area.center().x()) < advance(text) + 4:
                continue  # no room beside the one in the middle
            painter.drawText(QRectF(left, area.top() - line - 1, advance(text) + 1, line), 0, text)
        if bars[0].row.right() - area.right() > 20:
            painter.setFont(self.fonts.words)
            half = (bars[0].row.right() - area.right()) / 2
            for k, words in enumerate(("factor", "left")):
                box = QRectF(area.right() + k * half, area.top() - line - 1, half - 2, line)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight, words)

    def _draw_bars(self, painter: QPainter, bars: list[Bar], lane: LaneHistory) -> None:
        line, last, numbers = self.fonts.line, -100.0, {node: i for i, node in enumerate(lane.info.layers)}
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for bar in bars:
            factor, colour = bar.passage.factor, depth_colour(numbers[bar.passage.node], len(lane.info.layers))
            if np.isfinite(factor):
                fill = colour if bar.active else mix(theme().card, theme().faint, 0.55)
                painter.fillRect(self.bar(bar, factor), fill)
            if bar.rms > 0:
                spot = self.bar(bar, bar.rms)
                x = spot.left() if bar.rms < 1 else spot.right()
                painter.setPen(QPen(QColor(theme().text), 1))
                painter.drawLine(QPointF(x, bar.area.top() + 1), QPointF(x, bar.area.bottom() - 1))
            middle = bar.row.center().y()
            if middle - last < line * 0.9:
                continue
            last = middle
            painter.setFont(self.fonts.words)
            painter.setPen(colour)
            box = QRectF(bar.row.left(), middle - line / 2, bar.area.left() - bar.row.left() - 5, line)
            text = self.fonts.word_metrics.elidedText(bar.passage.node, Qt.TextElideMode.ElideRight, box.width() + 2)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
            half = (bar.row.right() - bar.area.right()) / 2
            if half < 20:
                continue
            painter.setFont(self.fonts.figures)
            for k, value in enumerate((factor, bar.left)):
                painter.setPen(QColor(theme().faint if k else theme().text))
                if np.isfinite(value):
                    box = QRectF(bar.area.right() + k * half, middle - line / 2, half - 2, line)
                    painter.drawText(box, right, short(value))

    def _draw_words(self, painter: QPainter, column: Column, lane: LaneHistory, answer: DerivativeAnswer) -> None:
        """The whole way in words: the product explains the loss."""
        line, advance = self.fonts.line, self.fonts.word_metrics.horizontalAdvance
        painter.setFont(self.fonts.words)
        top = column.body.bottom() - 3 * line
        for k, wordings in enumerate(captions(lane, answer)):
            painter.setPen(QColor(theme().text if k == 0 else theme().faint))
            text = next((words for words in wordings if advance(words) <= column.body.width()), "")
            painter.drawText(QRectF(column.body.left(), top + k * line, column.body.width(), line), 0, text)

    def mark_at(self, place: QPointF) -> Mark:
        for bar in self.bars(QRectF(self.rect())):
            if bar.row.contains(place):
                return Mark(bar.passage.node, lane=bar.lane if len(self.history.lanes) > 1 else None)
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        for bar in self.bars(rect):
            if bar.passage.node in cursor.layers:
                draw_lit(painter, bar.row.adjusted(0, 0, -1, -1))

    def tip(self, place: QPointF) -> str:
        for bar in self.bars(QRectF(self.rect())):
            if not bar.row.contains(place):
                continue
            passage = bar.passage
            lines = [f"{passage.node}: root mean square of δ after it {passage.after:.3g}"]
            if np.isfinite(passage.before):
                lines.append(f"before it {passage.before:.3g}: × {passage.factor:.3g}")
            if np.isfinite(bar.rms):
                lines.append(f"its local derivative, root mean square: {bar.rms:.3g}")
            if not passage.alone:
                lines.append("other layers share its input or output: the factor is not its doing alone")
            return "\n".join(lines)
        return ""


def captions(lane: LaneHistory, answer: DerivativeAnswer) -> tuple[tuple[str, ...], ...]:
    """Three lines, each in several lengths."""
    if not answer.way:
        return ()
    way, first, last = way_of(lane, answer), answer.way[0].node, answer.way[-1].node
    whole, active, rest = map(short, (way.whole, way.activations, way.others))
    parts, examples = f"activations × {active}, other layers × {rest}", f"{answer.examples} examples"
    return (
        (f"δ at {first} is {whole} × δ at {last}: what is left", f"δ at {first} = {whole} × {last}", f"left: {whole}"),
        (f"= {parts}", parts, f"φ′ {active}, rest {rest}", f"φ′ {active}"),
        (f"line: what φ′ alone would pass; on {examples}", f"line: φ′; {examples}", "line: φ′"),
    )


def short(value: float) -> str:
    """A factor in two or three figures."""
    if not np.isfinite(value):
        return "–"
    text = f"{value:.2g}" if value < 1e-3 or value >= 1e4 else f"{value:.3g}"
    digits, _, exponent = text.partition("e")
    return f"{digits} · 10{_raised(int(exponent))}" if exponent else digits


def _raised(exponent: int) -> str:
    return power(exponent).removeprefix("10")
