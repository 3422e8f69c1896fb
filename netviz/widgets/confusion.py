"""Confusion tables, a column for each lane: a row a true class, a column a decision, coloured by the row's shares."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

from engine.probes.confusion import ConfusionAnswer
from netviz.runtime.history import History
from netviz.theme import ink_on, mix, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.cells import gaps
from netviz.widgets.example_list import class_name
from netviz.widgets.marks import Fonts, columns, draw_head, draw_note
from netviz.widgets.ticks import of_all, percent, whole

STRETCH = 2.2  # a cell may be so many times as wide as high
FAINTEST = 0.16  # of the full colour for a single example: it is seen
GAPS_FROM = 6.0  # pixels of a cell from which cells are parted
SIDES = ("rows: truth, columns: decision", "truth down, decision across", "truth ↓ decision →", "rows: truth")
ROOMY = 9  # lines high: a lower table has no line to spare
MIDDLE = Qt.AlignmentFlag.AlignVCenter
RIGHT = MIDDLE | Qt.AlignmentFlag.AlignRight
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """A lane's table: `area` holds the cells, `left` and `above` the classes' names, `right` the accuracies."""

    lane: int
    answer: ConfusionAnswer
    counts: np.ndarray
    area: QRectF
    names: list[str]
    name_width: float
    share_width: float

    @property
    def still(self) -> tuple[object, ...]:
        """What the classes' names at its sides depend on."""
        return self.lane, self.names, self.area, self.name_width

    def cell(self, row: int, column: int) -> QRectF:
        wide, high = self.area.width() / len(self.counts), self.area.height() / len(self.counts)
        return QRectF(self.area.left() + column * wide, self.area.top() + row * high, wide, high)

    def at(self, place: QPointF) -> Cell | None:
        if not self.area.contains(place):
            return None
        count = len(self.counts)
        row = int((place.y() - self.area.top()) / self.area.height() * count)
        column = int((place.x() - self.area.left()) / self.area.width() * count)
        return min(row, count - 1), min(column, count - 1)


class ConfusionTable(Canvas):
    """Says `picked` when a cell is clicked; `chosen` is framed."""

    covers: ClassVar[bool] = True

    picked = Signal(int, int)

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.chosen: Cell | None = None

    def sizeHint(self) -> QSize:
        return QSize(240, 220)

    def looks(self) -> object:
        """Of a network that has learned, the same counts come again and again."""
        answers = [lane.confusion for lane in self.history.lanes]
        heads = [(lane.info.name, lane.apart) for lane in self.history.lanes]
        told = [answer and (answer.reason, answer.names, answer.extent, _bytes_of(answer)) for answer in answers]
        return self.chosen, heads, told

    def placed(self, rect: QRectF) -> list[Placed]:
        """Every lane's table in its place."""
        lanes, line = self.history.lanes, self.fonts.line
        made = []
        for i, part in enumerate(columns(rect, [lane.info.name for lane in lanes], line + 2)):
            answer = lanes[i].confusion
            if answer is None or answer.counts is None:
                continue
            counts = np.asarray(answer.counts)
            names = [class_name(k, answer.names) for k in range(len(counts))]
            name_width = min(self.fonts.width(names) + 8, part.body.width() * 0.3)
            share_width = self.fonts.figures_wide("100 %") + 8
            if part.body.width() - name_width - share_width < 12 * len(counts):
                share_width = 0.0
            below = line * len(said_below(answer, self.fonts, part.body)) + 4
            room = part.body.adjusted(name_width, line + 2, -share_width - 1, -below)
            side = max(1.0, min(room.width(), room.height()) / len(counts))
            width = min(room.width(), side * STRETCH * len(counts))
            height = min(room.height(), side * len(counts))
            area = QRectF(float(int(room.left())), float(int(room.top())), max(4.0, width), max(4.0, height))
            made.append(Placed(i, answer, counts, area, names, name_width, share_width))
        return made

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        lanes, placed = self.history.lanes, self.placed(rect)
        parts = columns(rect, [lane.info.name for lane in lanes], self.fonts.line + 2)
        heads = tuple((lane.info.name, lane.apart) for lane in lanes)
        reasons = [answer.reason if (answer := lane.confusion) and answer.counts is None else "" for lane in lanes]

        def behind(inner: QPainter) -> None:
            for i, part in enumerate(parts):
                draw_head(inner, self.fonts, part.head, part.name, i, apart=heads[i][1])
                if reasons[i]:
                    draw_note(inner, self.fonts, part.body, reasons[i])
            for one in placed:
                self._draw_names(inner, one)

        self.paint_behind(painter, rect, (heads, reasons, [one.still for one in placed]), behind)
        for one in placed:
            self._draw_cells(painter, one)
            self._draw_words(painter, one, parts[one.lane].body)

    def _draw_cells(self, painter: QPainter, one: Placed) -> None:
        """The cells that count something; the others are card."""
        t, count, shares = theme(), len(one.counts), row_shares(one.counts)
        wide, high = one.area.width() / count, one.area.height() / count
        readable = self.fonts.figure_metrics.height() <= high + 3
        painter.setFont(self.fonts.figures)
        for row, column in np.argwhere(one.counts).tolist():
            cell, text = one.cell(row, column), whole(int(one.counts[row, column]))
            colour = cell_colour(row == column, float(shares[row, column]))
            painter.fillRect(cell, colour)
            if readable and self.fonts.figures_wide(text) <= wide:
                painter.setPen(ink_on(colour))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
        if wide > GAPS_FROM:
            painter.setPen(QPen(QColor(t.card), 1))
            painter.drawLines(gaps(*one.area.getRect(), count, count))
        painter.setPen(QPen(QColor(t.line), 1))
        painter.drawRect(one.area)
        if self.chosen is not None and max(self.chosen) < count:
            painter.setPen(QPen(QColor(t.text), 2))
            painter.drawRect(one.cell(*self.chosen))

    def _draw_names(self, painter: QPainter, one: Placed) -> None:
        """The classes at both sides."""
        line, wide = self.fonts.line, one.cell(0, 0).width()
        across = max(1, ceil((self.fonts.width(one.names) + 4) / wide)) if wide < 40 else 1
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        for k, name in enumerate(one.names):
            row, column = one.cell(k, 0), one.cell(0, k)
            if k % self._every(one) == 0:
                box = QRectF(row.left() - one.name_width, row.center().y() - line / 2, one.name_width - 5, line)
                painter.drawText(box, RIGHT, self.fonts.shortened(name, box.width()))
            if k % across == 0:
                box = QRectF(column.center().x() - wide * across / 2, one.area.top() - line - 1, wide * across, line)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.fonts.shortened(name, box.width()))

    def _every(self, one: Placed) -> int:
        """Of so many rows one has words beside it."""
        return max(1, ceil(self.fonts.line * 0.9 / one.cell(0, 0).height()))

    def _draw_words(self, painter: QPainter, one: Placed, body: QRectF) -> None:
        """Each row's accuracy, and below what was looked at."""
        line = self.fonts.line
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        below = QRectF(body.left(), one.area.bottom() + 3, body.width(), line)
        for text in said_below(one.answer, self.fonts, body):
            painter.drawText(below, MIDDLE, text)
            below.translate(0, line)
        if not one.share_width:
            return
        painter.setFont(self.fonts.figures)
        accuracies, every = class_accuracies(one.counts).tolist(), self._every(one)
        for k in range(0, len(accuracies), every):
            middle = one.cell(k, 0).center().y()
            box = QRectF(one.area.right() + 4, middle - line / 2, one.share_width - 4, line)
            painter.drawText(box, RIGHT, percent(accuracies[k], 0).strip())

    def tip(self, place: QPointF) -> str:
        for one in self.placed(QRectF(self.rect())):
            cell = one.at(place)
            if cell is not None:
                return cell_in_words(one.answer, *cell)
        return ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for one in self.placed(QRectF(self.rect())):
            cell = one.at(event.position())
            if cell is not None and not self.note:
                self.picked.emit(*cell)
                return
        super().mousePressEvent(event)


def _bytes_of(answer: ConfusionAnswer) -> bytes:
    return b"" if answer.counts is None else np.asarray(answer.counts).tobytes()


def row_shares(counts: np.ndarray) -> np.ndarray:
    """Of each true class, the share of every decision; 0 for classes without an example."""
    return counts / np.maximum(1, counts.sum(axis=1, keepdims=True))


def class_accuracies(counts: np.ndarray) -> np.ndarray:
    """Of each true class, the share decided rightly; NaN for classes without an example."""
    totals = counts.sum(axis=1)
    return np.where(totals > 0, np.diag(counts) / np.maximum(1, totals), np.nan)


def cell_colour(right: bool, share: float) -> QColor:
    """Blue on the diagonal, orange off it; fuller the larger its share of the row."""
    t = theme()
    return mix(t.card, t.blue if right else t.orange, FAINTEST + (1 - FAINTEST) * share if share else 0.0)


def said_below(answer: ConfusionAnswer, fonts: Fonts, body: QRectF) -> tuple[str, ...]:
    """What stands below a table: what was looked at, and what its sides are, in one line where there is room."""
    widest = f"{SIDES[0]}; {extents(answer, 0.999)[0]}"  # whatever the share: as many lines in every frame
    if fonts.width([widest]) <= body.width():
        return (f"{SIDES[0]}; {extents(answer)[0]}",)
    extent = fonts.fitting(extents(answer), body.width())
    sides = fonts.fitting(SIDES, body.width()) if body.height() >= ROOMY * fonts.line else ""
    return (extent, sides) if sides else (extent,)


def extents(answer: ConfusionAnswer, share: float | None = None) -> tuple[str, ...]:
    """Which examples the table counts, and the share decided rightly, in several lengths."""
    e = answer.extent
    some = of_all(e.examined, e.count)
    if share is None:
        share = (
            float(np.diag(answer.counts).sum() / max(1, np.sum(answer.counts))) if answer.counts is not None else np.nan
        )
    right = f"{percent(share).strip()} right"
    return (
        f"{some} {e.part.value} examples, {right}",
        f"{some} {e.part.value}, {right}",
        f"{some} {e.part.value}",
    )


def cell_in_words(answer: ConfusionAnswer, row: int, column: int) -> str:
    counts = np.asarray(answer.counts)
    count, total = int(counts[row, column]), int(counts[row].sum())
    truth, decided = class_name(row, answer.names), class_name(column, answer.names)
    share = percent(count / total).strip() if total else "none"
    return f"{whole(count)} of {whole(total)} examples of {truth} are taken for {decided} ({share})"
