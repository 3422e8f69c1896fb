"""What each network makes of one example: the decision, a bar for each output, a strip of cells for each layer."""

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite, isnan

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter

from engine.probes.example import ExampleAnswer, NodeValues, Origin
from netviz import theme
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import class_colour, depth_colour
from netviz.widgets.backdrop import Backdrop
from netviz.widgets.canvas import Canvas
from netviz.widgets.cells import cell_rect, draw_gaps, draw_strips, reading
from netviz.widgets.marks import LEFT, RIGHT, Column, columns, draw_head, draw_lit, draw_note
from netviz.widgets.outcome_parts import BarRow, CellRow, Part, places_of_cells
from netviz.widgets.outcome_words import bar_in_words, short, units_in_words
from netviz.widgets.outputs import Bar, bars, captions, shown, verdict
from netviz.widgets.plane import Palette
from netviz.widgets.ticks import Reach, whole

TALLEST_BAR, TALLEST_CELL = 26.0, 34.0
LEAST_REACH = 1e-6


Shown = tuple[int, LaneHistory, ExampleAnswer | None, Part]


class Outcome(Canvas):
    """All lanes, a column for each."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self._before = Backdrop()  # what lies over the cells and stays
        self._widest: dict[str, float] = {}  # figures by their kind, and the fonts in which they were measured
        self._measured = self.fonts
        self._found: tuple[QRectF, list[Shown]] | None = None  # in the picture
        self.origin: Origin | None = None  # of the example that is shown, where it is one of the data
        self.follow(history.cursor, "layer", "unit")
        self.forget()

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def forget(self) -> None:
        """Scales are made anew."""
        self._reaches: dict[tuple[str, str], Reach] = {}
        self._widest.clear()
        self.update()

    def _reach(self, lane: str, what: str, size: float) -> float:
        """Steady from frame to frame: a scale grows at once and shrinks late."""
        return self._reaches.setdefault((lane, what), Reach(LEAST_REACH)).take(size)

    def _room(self, what: str, figures: Iterable[str]) -> float:
        """For the widest there have been: what is beside them stays where it is, and need not be painted anew."""
        if self._measured is not self.fonts:
            self._measured = self.fonts
            self._widest.clear()
        room = self._widest[what] = max(self._widest.get(what, 0.0), *map(self.fonts.figures_wide, figures), 0.0)
        return room

    # Places

    def update(self, *area: object) -> None:
        self._found = None
        super().update(*area)

    def parts(self, rect: QRectF) -> list[Shown]:
        """Found once for each picture: a light, and what is told beside the mouse, are of what is drawn."""
        if self._found is None or self._found[0] != rect:
            self._found = rect, list(self._parts(rect))
        return self._found[1]

    def _parts(self, rect: QRectF) -> Iterator[Shown]:
        lanes = self.history.lanes
        for i, column in enumerate(columns(rect, [lane.info.name for lane in lanes], self.fonts.line + 4)):
            answer = lanes[i].example
            yield i, lanes[i], answer, Part(column) if answer is None else self._part(i, lanes[i], answer, column)

    def _part(self, lane: int, history: LaneHistory, answer: ExampleAnswer, column: Column) -> Part:
        body, line = column.body, self.fonts.line
        left, width, bottom = body.left(), body.width(), body.bottom()
        made, found = bars(answer, self.origin), verdict(answer, self.origin)
        decided = QRectF(left, body.top(), width, line + 5 if found[0] else 0.0)
        called = self.fonts.fitting(captions(answer, self.origin), width) if body.height() > 9 * line else ""
        named = QRectF(left, decided.bottom(), width, line if called else 0.0)
        rest, layers = bottom - named.bottom(), len(answer.nodes)
        # The layers get what they can use, but the bars at least half.
        wanted = layers * min(TALLEST_CELL, line + 2) + 6
        for_bars = max(rest * 0.5, rest - wanted)
        count = max(1, int(for_bars / min(line, 15.0)))
        visible, left_out = shown(made, count, answer.outputs)
        height = min(TALLEST_BAR, for_bars / (len(visible) + bool(left_out)))
        rows = self._bar_rows(lane, visible, QRectF(left, named.bottom(), width, height * len(visible)), height)
        rest_at = QRectF(left, named.bottom() + height * len(visible), width, height if left_out else 0.0)
        top = rest_at.bottom() + 6
        cells = self._cell_rows(lane, history, answer, QRectF(left, top, width, bottom - top))
        return Part(column, found, decided, named, called, rows, left_out, rest_at, cells)

    def _bar_rows(self, lane: int, visible: list[Bar], rect: QRectF, height: float) -> list[BarRow]:
        left, top, width, named = rect.left(), rect.top(), rect.width(), [bar.label for bar in visible]
        if width < 3 * max(map(self.fonts.bold_wide, named), default=0.0):
            named = [label.removeprefix("class ") for label in named]
        name = min(max(map(self.fonts.bold_wide, named), default=0.0) + 9, width * 0.4)
        figures = self._room("bars", (bar.figures for bar in visible)) + 6
        if width - name - figures < 16:
            figures = 0.0
        start, long, high = left + name, max(4.0, width - name - figures), max(1.0, height - 2)
        return [
            BarRow(
                lane,
                bar,
                label,
                QRectF(left, y, name, height),
                QRectF(start, y + 1, long, high),
                QRectF(left + width - figures, y, figures, height if figures else 0.0),
            )
            for y, bar, label in ((top + k * height, bar, named[k]) for k, bar in enumerate(visible))
        ]

    def _cell_rows(self, lane: int, history: LaneHistory, answer: ExampleAnswer, rect: QRectF) -> list[CellRow]:
        nodes = answer.nodes
        if rect.height() < 3 or not nodes:
            return []
        left, top, width = rect.left(), rect.top(), rect.width()
        numbers = {node: i for i, node in enumerate(history.info.layers)}
        height = min(TALLEST_CELL, rect.height() / len(nodes))
        name = min(self.fonts.width([node.node for node in nodes]) + 8, width * 0.34)
        reaches = [self.layer_reach(history, node) for node in nodes]
        said = list(map(_scale_in_words, nodes, reaches))
        figures = self._room("cells", said) + 8 if width > 170 else 0.0
        places = places_of_cells(left, top, width, height, name, figures, len(nodes))
        return [
            CellRow(lane, numbers.get(node.node, k), node, *places[k], reaches[k], said[k])
            for k, node in enumerate(nodes)
        ]

    # Painting

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        found = self.parts(rect)
        still = tuple(
            (history.info.name, history.info.layers, history.apart, answer is None, part.still)
            for _, history, answer, part in found
        )

        def behind(inner: QPainter) -> None:
            for lane, history, answer, part in found:
                draw_head(inner, self.fonts, part.column.head, part.column.name, lane, apart=history.apart)
                if answer is None:
                    draw_note(inner, self.fonts, part.column.body, "No answer yet")
                self._draw_still(inner, history, part)

        self.paint_behind(painter, rect, still, behind)
        for _, history, answer, part in found:
            if answer is not None:
                self._draw_verdict(painter, part)
                reach = self._bar_reach(history, answer)
                for row in part.bars:
                    self._draw_bar(painter, row, reach)
                self._draw_scales(painter, part.cells)
                if part.rest:
                    rest = self.fonts.fitting((part.rest, part.rest.partition(",")[0]), part.rest_at.width())
                    self._draw_words(painter, part.rest_at, rest)
        rows = [row for _, _, _, part in found for row in part.cells]
        draw_strips(painter, [row.strip for row in rows], Palette.of_theme(0).signs)
        if self.sharpness is None:
            frames = tuple(part.framed for _, _, _, part in found)
            around = QRectF()
            for frame in frames:
                around |= frame[0]
            self._before.draw(
                painter, around.adjusted(-2, -2, 2, 2), frames, lambda inner: self._draw_over(inner, rows)
            )
        else:
            self._draw_over(painter, rows)

    def _bar_reach(self, history: LaneHistory, answer: ExampleAnswer) -> float:
        """What the end of a bar to both sides means."""
        sizes = [abs(value) for value in np.asarray(answer.output, float).tolist()]
        if self.origin is not None and self.origin.target is not None:
            sizes += [abs(value) for value in np.asarray(self.origin.target, float).tolist()]
        return self._reach(history.info.name, "", max(filter(isfinite, sizes), default=1.0))

    # What stays from answer to answer

    def _draw_words(self, painter: QPainter, rect: QRectF, text: str) -> None:
        if rect.height() > 0 and text:
            painter.setFont(self.fonts.words)
            painter.setPen(QColor(theme.theme().faint))
            painter.drawText(rect, LEFT, self.fonts.shortened(text, rect.width()))

    def _draw_still(self, painter: QPainter, history: LaneHistory, part: Part) -> None:
        """Caption and names."""
        self._draw_words(painter, part.caption, part.called)
        for row in part.bars:
            self._draw_name(painter, row)
        painter.setFont(self.fonts.words)
        for row, middle in self._written(part.cells):
            painter.setPen(depth_colour(row.layer, len(history.info.layers)))
            box = QRectF(row.name.left(), middle - 12, row.name.width() - 4, 24)
            painter.drawText(box, LEFT, self.fonts.shortened(row.node.node, box.width()))

    def _written(self, rows: Sequence[CellRow]) -> Iterator[tuple[CellRow, float]]:
        """The rows that there is room to write something at, and the middles of their lines."""
        last = -100.0
        for row in rows:
            middle = row.area.center().y()
            if middle - last >= self.fonts.line * 0.85:
                last = middle
                yield row, middle

    def _draw_name(self, painter: QPainter, row: BarRow) -> None:
        t, bar, room = theme.theme(), row.bar, row.name.width() - 4
        strong = bar.chosen or bar.label_class is None
        painter.setFont(self.fonts.bold if bar.chosen else self.fonts.words)
        painter.setPen(QColor(t.text if strong or bar.true else t.faint))
        metrics = self.fonts.bold_metrics if bar.chosen else self.fonts.word_metrics
        painter.drawText(row.name, LEFT, metrics.elidedText(row.label, Qt.TextElideMode.ElideRight, room))
        if bar.true:  # where the answer is, or should have been
            colour = QColor(t.green if bar.chosen else t.red)
            painter.fillRect(QRectF(row.area.left() - 3, row.area.top(), 2, row.area.height()), colour)

    # What is new in each answer

    def _draw_scales(self, painter: QPainter, rows: Sequence[CellRow]) -> None:
        """How much full colour is, or how many units are not shown."""
        if rows and rows[0].figures.height() > 0:
            painter.setFont(self.fonts.figures)
            painter.setPen(QColor(theme.theme().faint))
            left, wide = rows[0].figures.left(), rows[0].figures.width()
            for row, middle in self._written(rows):
                painter.drawText(QRectF(left, middle - 12, wide, 24), RIGHT, row.said)

    def _draw_verdict(self, painter: QPainter, part: Part) -> None:
        t, rect, (text, compared, right) = theme.theme(), part.verdict, part.decided
        painter.setFont(self.fonts.title)
        metrics = self.fonts.title_metrics
        painter.setPen(QColor(t.text))
        mark = {True: "✓ ", False: "✗ ", None: ""}[right]
        wide = metrics.horizontalAdvance(text)
        if wide + (10 + self.fonts.wide(mark) if mark else 0) > rect.width():
            text = text.partition("  ")[0]  # without how sure it is
            wide = metrics.horizontalAdvance(text)
        if wide > rect.width():
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, LEFT, text)
        if not compared:
            return
        room = rect.adjusted(wide + 10, 0, 0, 0)
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(t.faint if right is None else t.green if right else t.red))
        fits = self.fonts.wide(mark + compared) <= room.width()
        painter.drawText(room, LEFT, mark + compared if fits else mark if room.width() > 8 else "")

    def _draw_bar(self, painter: QPainter, row: BarRow, reach: float) -> None:
        t, bar, area = theme.theme(), row.bar, row.area
        left, top, width, height = area.left(), area.top(), area.width(), area.height()
        if bar.label_class is not None:
            colour = class_colour(bar.label_class)
            if not bar.chosen:
                colour.setAlphaF(0.5)
        elif bar.share is not None:
            colour = QColor(t.accent)
        else:
            colour = QColor(t.orange if bar.value >= 0 else t.blue)
        painter.fillRect(area, QColor(t.raised))
        if bar.share is not None:
            painter.fillRect(QRectF(left, top, width * _within(bar.share, 0, 1), height), colour)
        else:
            length = _within(bar.value / reach, -1, 1) * width / 2
            start = left + width / 2
            painter.fillRect(QRectF(min(start, start + length), top, abs(length), height), colour)
            painter.fillRect(QRectF(round(start), top, 1, height), QColor(t.faint))
        if bar.wanted is not None:
            x = left + width / 2 + _within(bar.wanted / reach, -1, 1) * width / 2
            if bar.share is not None:
                x = left + _within(bar.wanted, 0, 1) * width
            painter.fillRect(QRectF(x - 1, top - 1, 2, height + 2), QColor(t.text))
        if row.figures.height() > 0:
            painter.setFont(self.fonts.figures)
            painter.setPen(QColor(t.text if bar.chosen or bar.label_class is None else t.faint))
            painter.drawText(row.figures, RIGHT, bar.figures)

    def _draw_over(self, painter: QPainter, rows: Sequence[CellRow]) -> None:
        """Gaps between cells, and frames."""
        for row in rows:
            draw_gaps(painter, row.strip)
            if row.area.height() >= 5:
                painter.setPen(QColor(theme.theme().line))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(row.area.adjusted(-0.5, -0.5, 0.5, 0.5))

    def layer_reach(self, history: LaneHistory, node: NodeValues) -> float:
        """What full colour means in a layer: as much to both sides of 0."""
        ends = [abs(end) for end in (node.least, node.most) if isfinite(end)]
        return self._reach(history.info.name, node.node, max(ends, default=1.0))

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
        layers, unit = cursor.layers, cursor.mark.unit
        for row in self._cells(rect):
            if row.node.node in layers:
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


def _scale_in_words(node: NodeValues, reach: float) -> str:
    """How many units are not shown, or else the scale."""
    if node.left_out:
        return f"+ {whole(node.left_out)}"
    return "all 0" if node.least == node.most == 0 else "±" + short(reach)


def _within(value: float, low: float, high: float) -> float:
    """Cut off at both ends; 0 for what is no number."""
    return 0.0 if isnan(value) else min(max(value, low), high)
