"""What each network makes of one example: the decision, a bar for each output, a strip of cells for each layer."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from engine.probes.example import ExampleAnswer, NodeValues, Origin
from netviz import theme
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import class_colour, depth_colour
from netviz.widgets.canvas import Canvas
from netviz.widgets.cells import cell_rect, draw_cells, reading
from netviz.widgets.marks import Column, columns, draw_head, draw_lit, draw_note
from netviz.widgets.outcome_words import bar_in_words, short, units_in_words
from netviz.widgets.outputs import Bar, bars, captions, shown, verdict
from netviz.widgets.plane import Palette
from netviz.widgets.ticks import Reach, whole

TALLEST_BAR, TALLEST_CELL = 26.0, 34.0
LEAST_REACH = 1e-6
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
MIDDLE = Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class BarRow:
    lane: int
    bar: Bar
    label: str  # as it fits
    name: QRectF
    area: QRectF
    figures: QRectF  # empty where there is no room


@dataclass(frozen=True, slots=True)
class CellRow:
    lane: int
    layer: int
    node: NodeValues
    name: QRectF
    area: QRectF
    figures: QRectF


@dataclass(frozen=True, slots=True)
class Part:
    """A lane's column, taken apart."""

    column: Column
    verdict: QRectF
    caption: QRectF  # empty where there is no room
    bars: list[BarRow]
    rest: str  # outputs that no bar shows
    rest_at: QRectF
    cells: list[CellRow]


class Outcome(Canvas):
    """All lanes, a column for each."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.origin: Origin | None = None  # of the example that is shown, where it is one of the data
        self.follow(history.cursor, "layer", "unit")
        self.forget()

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def forget(self) -> None:
        """Scales are made anew."""
        self._reaches: dict[tuple[str, str], Reach] = {}
        self.update()

    def _reach(self, lane: str, what: str, size: float) -> float:
        """Steady from frame to frame: a scale grows at once and shrinks late."""
        return self._reaches.setdefault((lane, what), Reach(LEAST_REACH)).take(size)

    # Places

    def parts(self, rect: QRectF) -> Iterator[tuple[int, LaneHistory, ExampleAnswer | None, Part]]:
        lanes = self.history.lanes
        for i, column in enumerate(columns(rect, [lane.info.name for lane in lanes], self.fonts.line + 4)):
            answer = lanes[i].example
            empty = Part(column, QRectF(), QRectF(), [], "", QRectF(), [])
            yield i, lanes[i], answer, empty if answer is None else self._part(i, lanes[i], answer, column)

    def _part(self, lane: int, history: LaneHistory, answer: ExampleAnswer, column: Column) -> Part:
        body, line = column.body, self.fonts.line
        made = bars(answer, self.origin)
        said = verdict(answer, self.origin)[0]
        decided = QRectF(body.left(), body.top(), body.width(), line + 5 if said else 0.0)
        called = self._fitting(captions(answer, self.origin), body.width()) if body.height() > 9 * line else ""
        named = QRectF(body.left(), decided.bottom(), body.width(), line if called else 0.0)
        rest = body.bottom() - named.bottom()
        layers = len(answer.nodes)
        # The layers get what they can use, but the bars at least half.
        wanted = layers * min(TALLEST_CELL, line + 2) + 6
        for_bars = max(rest * 0.5, rest - wanted)
        count = max(1, int(for_bars / min(line, 15.0)))
        visible, left_out = shown(made, count, answer.outputs)
        lines = len(visible) + bool(left_out)
        height = min(TALLEST_BAR, for_bars / lines)
        rows = self._bar_rows(
            lane, visible, QRectF(body.left(), named.bottom(), body.width(), height * len(visible)), height
        )
        below = named.bottom() + height * len(visible)
        rest_at = QRectF(body.left(), below, body.width(), height if left_out else 0.0)
        cells_top = rest_at.bottom() + 6
        cells = self._cell_rows(
            lane, history, answer, QRectF(body.left(), cells_top, body.width(), body.bottom() - cells_top)
        )
        return Part(column, decided, named, rows, left_out, rest_at, cells)

    def _bar_rows(self, lane: int, visible: list[Bar], rect: QRectF, height: float) -> list[BarRow]:
        advance = self.fonts.figure_metrics.horizontalAdvance
        bold = QFontMetricsF(_bold(self.fonts.words))
        named = [bar.label for bar in visible]
        if rect.width() < 3 * max(map(bold.horizontalAdvance, named), default=0.0):
            named = [label.removeprefix("class ") for label in named]
        name = min(max(map(bold.horizontalAdvance, named), default=0.0) + 9, rect.width() * 0.4)
        figures = max((advance(bar.figures) for bar in visible), default=0.0) + 6
        if rect.width() - name - figures < 16:
            figures = 0.0
        rows = []
        for k, bar in enumerate(visible):
            top = rect.top() + k * height
            area = QRectF(rect.left() + name, top + 1, max(4.0, rect.width() - name - figures), max(1.0, height - 2))
            rows.append(
                BarRow(
                    lane,
                    bar,
                    named[k],
                    QRectF(rect.left(), top, name, height),
                    area,
                    QRectF(rect.right() - figures, top, figures, height if figures else 0.0),
                )
            )
        return rows

    def _cell_rows(self, lane: int, history: LaneHistory, answer: ExampleAnswer, rect: QRectF) -> list[CellRow]:
        nodes = answer.nodes
        if rect.height() < 3 or not nodes:
            return []
        numbers = {node: i for i, node in enumerate(history.info.layers)}
        height = min(TALLEST_CELL, rect.height() / len(nodes))
        name = min(self.fonts.width([node.node for node in nodes]) + 8, rect.width() * 0.34)
        figures = 0.0
        if rect.width() > 170:
            advance = self.fonts.figure_metrics.horizontalAdvance
            figures = max(advance(self._cell_figures(history, node)) for node in nodes) + 8
        rows = []
        for k, node in enumerate(nodes):
            top = rect.top() + k * height
            gap = min(2.0, height * 0.15)
            area = QRectF(rect.left() + name, top + gap, max(4.0, rect.width() - name - figures - 1), height - 2 * gap)
            rows.append(
                CellRow(
                    lane,
                    numbers.get(node.node, k),
                    node,
                    QRectF(rect.left(), top, name, height),
                    area,
                    QRectF(rect.right() - figures, top, figures, height if figures else 0.0),
                )
            )
        return rows

    # Painting

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        for lane, history, answer, part in self.parts(rect):
            draw_head(painter, self.fonts, part.column.head, part.column.name, lane, apart=history.apart)
            if answer is None:
                draw_note(painter, self.fonts, part.column.body, "No answer yet")
                continue
            self._draw_verdict(painter, part.verdict, answer)
            called = self._fitting(captions(answer, self.origin), part.caption.width())
            self._draw_words(painter, part.caption, called, theme.theme().faint)
            reach = self._bar_reach(history, answer)
            for row in part.bars:
                self._draw_bar(painter, row, reach)
            rest = self._fitting((part.rest, part.rest.partition(",")[0]), part.rest_at.width())
            self._draw_words(painter, part.rest_at, rest, theme.theme().faint)
            self._draw_layers(painter, history, part.cells)

    def _bar_reach(self, history: LaneHistory, answer: ExampleAnswer) -> float:
        """What the end of a bar to both sides means."""
        sizes = np.abs(np.asarray(answer.output, float))
        if self.origin is not None and self.origin.target is not None:
            sizes = np.concatenate([sizes, np.abs(self.origin.target)])
        sizes = sizes[np.isfinite(sizes)]
        return self._reach(history.info.name, "", float(sizes.max()) if sizes.size else 1.0)

    def _fitting(self, wordings: tuple[str, ...], width: float) -> str:
        """The first that fits, or nothing."""
        return next((text for text in wordings if self.fonts.width([text]) <= width), "")

    def _draw_words(self, painter: QPainter, rect: QRectF, text: str, colour: str) -> None:
        if rect.height() <= 0 or not text:
            return
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(colour))
        shortened = self.fonts.word_metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, LEFT | MIDDLE, shortened)

    def _draw_verdict(self, painter: QPainter, rect: QRectF, answer: ExampleAnswer) -> None:
        t = theme.theme()
        text, compared, right = verdict(answer, self.origin)
        font = QFont(theme.title())
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        painter.setPen(QColor(t.text))
        mark = {True: "✓ ", False: "✗ ", None: ""}[right]
        word = self.fonts.word_metrics.horizontalAdvance
        if metrics.horizontalAdvance(text) + (10 + word(mark) if mark else 0) > rect.width():
            text = text.partition("  ")[0]  # without how sure it is
        wide = metrics.horizontalAdvance(text)
        painter.drawText(rect, LEFT | MIDDLE, metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width()))
        if not compared:
            return
        room = rect.adjusted(wide + 10, 0, 0, 0)
        colour = t.faint if right is None else t.green if right else t.red
        painter.setFont(self.fonts.words)
        fits = word(mark + compared) <= room.width()
        painter.setPen(QColor(colour))
        painter.drawText(room, LEFT | MIDDLE, mark + compared if fits else mark if room.width() > 8 else "")

    def _draw_bar(self, painter: QPainter, row: BarRow, reach: float) -> None:
        t, bar, area = theme.theme(), row.bar, row.area
        painter.fillRect(area, QColor(t.raised))
        colour = QColor(class_colour(bar.label_class)) if bar.label_class is not None else QColor(t.accent)
        if bar.share is not None:
            length = float(np.nan_to_num(np.clip(bar.share, 0, 1)))
            filled = QRectF(area.left(), area.top(), area.width() * length, area.height())
        else:
            length = float(np.nan_to_num(np.clip(bar.value / reach, -1, 1))) * area.width() / 2
            start = area.center().x()
            filled = QRectF(min(start, start + length), area.top(), abs(length), area.height())
            if bar.label_class is None:
                colour = QColor(t.orange if bar.value >= 0 else t.blue)
        if bar.label_class is not None and not bar.chosen:
            colour.setAlphaF(0.5)
        painter.fillRect(filled, colour)
        if bar.share is None:
            painter.fillRect(QRectF(round(area.center().x()), area.top(), 1, area.height()), QColor(t.faint))
        if bar.wanted is not None:
            x = area.center().x() + float(np.clip(bar.wanted / reach, -1, 1)) * area.width() / 2
            if bar.share is not None:
                x = area.left() + float(np.clip(bar.wanted, 0, 1)) * area.width()
            painter.fillRect(QRectF(x - 1, area.top() - 1, 2, area.height() + 2), QColor(t.text))
        self._draw_bar_words(painter, row)

    def _draw_bar_words(self, painter: QPainter, row: BarRow) -> None:
        t, bar = theme.theme(), row.bar
        strong = bar.chosen or bar.label_class is None
        font = _bold(self.fonts.words) if bar.chosen else self.fonts.words
        painter.setFont(font)
        painter.setPen(QColor(t.text if strong or bar.true else t.faint))
        text = QFontMetricsF(font).elidedText(row.label, Qt.TextElideMode.ElideRight, row.name.width() - 4)
        painter.drawText(row.name, LEFT | MIDDLE, text)
        if bar.true and not bar.chosen:  # where the answer should have been
            painter.fillRect(QRectF(row.area.left() - 3, row.area.top(), 2, row.area.height()), QColor(t.red))
        elif bar.true:
            painter.fillRect(QRectF(row.area.left() - 3, row.area.top(), 2, row.area.height()), QColor(t.green))
        if row.figures.height() > 0:
            painter.setFont(self.fonts.figures)
            painter.setPen(QColor(t.text if strong else t.faint))
            painter.drawText(row.figures, RIGHT | MIDDLE, bar.figures)

    def _draw_layers(self, painter: QPainter, history: LaneHistory, rows: list[CellRow]) -> None:
        t, last, ramp = theme.theme(), -100.0, Palette.of_theme(0).signs
        for row in rows:
            reach = self.layer_reach(history, row.node)
            draw_cells(painter, row.area, np.asarray(row.node.values), reach, ramp)
            if row.area.height() >= 5:
                painter.setPen(QColor(t.line))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(row.area.adjusted(-0.5, -0.5, 0.5, 0.5))
            middle = row.area.center().y()
            if middle - last < self.fonts.line * 0.85:
                continue
            last = middle
            painter.setFont(self.fonts.words)
            painter.setPen(depth_colour(row.layer, len(history.info.layers)))
            box = QRectF(row.name.left(), middle - 12, row.name.width() - 4, 24)
            text = self.fonts.word_metrics.elidedText(row.node.node, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, LEFT | MIDDLE, text)
            if row.figures.height() > 0:
                painter.setFont(self.fonts.figures)
                painter.setPen(QColor(t.faint))
                box = QRectF(row.figures.left(), middle - 12, row.figures.width(), 24)
                painter.drawText(box, RIGHT | MIDDLE, self._cell_figures(history, row.node))

    def layer_reach(self, history: LaneHistory, node: NodeValues) -> float:
        """What full colour means in a layer: as much to both sides of 0."""
        ends = [abs(end) for end in (node.least, node.most) if np.isfinite(end)]
        return self._reach(history.info.name, node.node, max(ends, default=1.0))

    def _cell_figures(self, history: LaneHistory, node: NodeValues) -> str:
        """How many units are not shown, or else the scale."""
        if node.left_out:
            return f"+ {whole(node.left_out)}"
        if node.least == node.most == 0:
            return "all 0"
        return "±" + short(self.layer_reach(history, node))

    # Reading

    def _cells(self, rect: QRectF) -> Iterator[CellRow]:
        for _, _, answer, part in self.parts(rect):
            if answer is not None:
                yield from part.cells

    def mark_at(self, place: QPointF) -> Mark:
        for row in self._cells(QRectF(self.rect())):
            lane = row.lane if len(self.history.lanes) > 1 else None
            if row.area.contains(place):
                found = reading(np.asarray(row.node.values), row.area, place)
                return Mark(row.node.node, None if found is None else found[0], lane)
            if row.name.contains(place):
                return Mark(row.node.node, lane=lane)
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        for row in self._cells(rect):
            if row.node.node in cursor.layers:
                unit = cursor.mark.unit
                cell = None if unit is None else cell_rect(len(np.asarray(row.node.values)), row.area, unit)
                draw_lit(painter, (cell or row.area).adjusted(-1, -1, 1, 1))

    def tip(self, place: QPointF) -> str:
        for _, _, answer, part in self.parts(QRectF(self.rect())):
            if answer is None or not part.column.body.contains(place):
                continue
            for row in part.bars:
                if row.area.united(row.name).contains(place):
                    return bar_in_words(row.bar, answer)
            for cells in part.cells:
                if cells.area.contains(place):
                    return units_in_words(cells.node, cells.area, place)
        return ""


def _bold(font: QFont) -> QFont:
    made = QFont(font)
    made.setWeight(QFont.Weight.DemiBold)
    return made
