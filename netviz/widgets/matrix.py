"""Weight matrices as heat maps, a column for each lane: a row a unit, a column an input, blue below 0, orange above."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPen

from engine.probes.weights import Matrix
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import ink_on, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.cells import gaps
from netviz.widgets.marks import Column, columns, draw_head, draw_lit, draw_note
from netviz.widgets.plane import Palette
from netviz.widgets.shades import clipped
from netviz.widgets.ticks import Reach, signed, whole

STRETCH = 3.0  # a cell may be so many times as long as wide
GAPS_FROM = 6.0  # pixels of a cell from which cells are parted
KEY_WIDTH, KEY_HEIGHT = 64.0, 6.0  # of the bar that explains the colours


@dataclass(frozen=True, slots=True)
class Placed:
    """A lane's matrix and where it is drawn."""

    lane: int
    matrix: Matrix
    area: QRectF

    def cell(self, place: QPointF) -> tuple[int, int]:
        """Row and column of the cell under a place of `area`."""
        rows, across = self.matrix.values.shape
        row = min(rows - 1, int((place.y() - self.area.top()) / self.area.height() * rows))
        return row, min(across - 1, int((place.x() - self.area.left()) / self.area.width() * across))

    def row(self, number: int) -> QRectF:
        """Where a row of cells is drawn."""
        high = self.area.height() / len(self.matrix.values)
        return QRectF(self.area.left(), self.area.top() + number * high, self.area.width(), high)


class MatrixMap(Canvas):
    """The matrix of layer `node` of every lane; full colour means the same number in all."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history, self.node = history, ""
        self._reach = Reach(1e-12)
        self.follow(history.cursor, "layer", "unit")

    def sizeHint(self) -> QSize:
        return QSize(280, 240)

    def forget(self) -> None:
        """The colours' reach is chosen anew."""
        self._reach = Reach(1e-12)

    def columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def placed(self, rect: QRectF) -> list[Placed]:
        """Every lane's matrix in its place: cells as near to squares as fills the room."""
        made = []
        for i, (column, lane) in enumerate(zip(self.columns(rect), self.history.lanes, strict=True)):
            matrix = self.matrix_of(lane)
            if matrix is None:
                continue
            room = column.body.adjusted(0, 0, 0, -2 * self.fonts.line - 4)
            rows, across = matrix.values.shape
            side = max(0.1, min(room.width() / across, room.height() / rows))
            width = max(4.0, min(room.width() - 1, across * side * STRETCH))
            height = max(4.0, min(room.height() - 1, rows * side * STRETCH))
            left = column.body.left() + (room.width() - width) / 2
            made.append(Placed(i, matrix, QRectF(float(int(left)), room.top(), width, height)))
        return made

    def matrix_of(self, lane: LaneHistory) -> Matrix | None:
        matrix = lane.weights.matrix if lane.weights is not None else None
        return matrix if matrix is not None and self.node in ("", matrix.node) else None

    def reach(self) -> float:
        """What full colour means, for all lanes."""
        found = [0.0]
        for lane in self.history.lanes:
            matrix = self.matrix_of(lane)
            if matrix is not None:
                size = np.abs(matrix.values)
                found.append(float(size[np.isfinite(size)].max(initial=0.0)))
        return self._reach.take(max(found))

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        reach, ramp = self.reach(), Palette.of_theme(0).signs
        placed = {one.lane: one for one in self.placed(rect)}
        for i, column in enumerate(self.columns(rect)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            if i not in placed:
                draw_note(painter, self.fonts, column.body, f"There is no {self.node} here." if self.node else "")
                continue
            one = placed[i]
            self._draw_cells(painter, one, reach, ramp)
            self._draw_foot(painter, column, one, reach)

    def _draw_cells(self, painter: QPainter, one: Placed, reach: float, ramp: np.ndarray) -> None:
        values, area, t = one.matrix.values, one.area, theme()
        colours = np.ascontiguousarray(painted(values, reach, ramp))
        rows, across = colours.shape
        image = QImage(colours.data, across, rows, 4 * across, QImage.Format.Format_RGB32)
        painter.drawImage(area, image)
        wide, high = area.width() / across, area.height() / rows
        if min(wide, high) >= GAPS_FROM:
            painter.setPen(QPen(QColor(t.card), 1))
            painter.drawLines(gaps(*area.getRect(), rows, across))
        painter.setPen(QPen(QColor(t.line), 1))
        painter.drawRect(area)
        metrics = self.fonts.figure_metrics
        if high >= metrics.height() and wide >= metrics.horizontalAdvance("−0.00") + 4:
            painter.setFont(self.fonts.figures)
            for (row, k), value in np.ndenumerate(values):
                cell = QRectF(area.left() + k * wide, area.top() + row * high, wide, high)
                painter.setPen(ink_on(QColor(int(colours[row, k]))))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, signed(f"{value:.2f}"))

    def _draw_foot(self, painter: QPainter, column: Column, one: Placed, reach: float) -> None:
        """What the matrix is, in as many words as fit, and below it what the colours mean."""
        line, top = self.fonts.line, one.area.bottom() + 3
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        width = column.body.width()
        text = next((words for words in captions(one.matrix) if self.fonts.width([words]) <= width), "")
        painter.drawText(QRectF(column.body.left(), top, width, line), Qt.AlignmentFlag.AlignHCenter, text)
        ends = signed(f"{-reach:g}"), f"{reach:g}"
        painter.setFont(self.fonts.figures)
        wide = max(map(self.fonts.figure_metrics.horizontalAdvance, ends)) + 5
        if width < 2 * wide + 20:
            return
        bar = QRectF(0, 0, min(KEY_WIDTH, width - 2 * wide), KEY_HEIGHT)
        bar.moveCenter(QPointF(column.body.center().x(), top + 1.5 * line + 1))
        colours = QLinearGradient(bar.topLeft(), bar.topRight())
        for share, colour in ((0.0, theme().blue), (0.5, theme().neutral), (1.0, theme().orange)):
            colours.setColorAt(share, QColor(colour))
        painter.fillRect(bar, colours)
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.drawRect(bar)
        painter.setPen(QColor(theme().faint))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(bar.left() - wide, top + line, wide - 5, line + 2), right, ends[0])
        painter.drawText(QRectF(bar.right() + 5, top + line, wide, line + 2), Qt.AlignmentFlag.AlignVCenter, ends[1])

    def mark_at(self, place: QPointF) -> Mark:
        for one in self.placed(QRectF(self.rect())):
            if one.area.contains(place):
                unit = one.cell(place)[0] * one.matrix.block[0]
                return Mark(one.matrix.node, unit, one.lane if len(self.history.lanes) > 1 else None)
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        for one in self.placed(rect):
            if one.matrix.node in cursor.layers:
                unit = cursor.mark.unit
                lit = one.area if unit is None or unit >= one.matrix.rows else one.row(unit // one.matrix.block[0])
                draw_lit(painter, lit.adjusted(-1, -1, 1, 1))

    def tip(self, place: QPointF) -> str:
        for one in self.placed(QRectF(self.rect())):
            if one.area.contains(place):
                return cell_in_words(one.matrix, *one.cell(place))
        return ""


def painted(values: np.ndarray, reach: float, ramp: np.ndarray) -> np.ndarray:
    """uint32 pixels of numbers: full colour at ±reach, red for what is no number."""
    with np.errstate(all="ignore"):
        level = np.rint(clipped(values / (2 * reach) + 0.5) * (len(ramp) - 1))
    colours = ramp[level.astype(int)].astype(np.uint32, copy=False)
    known = np.isfinite(values)
    if not known.all():
        colours[~known] = QColor(theme().red).rgb()
    return colours


def captions(m: Matrix) -> tuple[str, ...]:
    """What a matrix is, in several lengths, the longest first."""
    size = f"{whole(m.rows)} × {whole(m.columns)}"
    if m.block == (1, 1):
        return f"{m.node}: {whole(m.rows)} units (down) × {whole(m.columns)} inputs (across)", f"{m.node}: {size}", size
    block = f"{m.block[0]} × {m.block[1]}"
    return (
        f"{m.node}: {whole(m.rows)} units (down) × {whole(m.columns)} inputs (across); a cell is the mean of {block}",
        f"{m.node}: {size}; a cell is the mean of {block}",
        f"{size}, means of {block}",
        f"means of {block}",
    )


def cell_in_words(m: Matrix, row: int, column: int) -> str:
    """The units, the inputs and the number of a cell."""
    high, wide = m.block
    units = _from_to("unit", row * high, min((row + 1) * high, m.rows))
    inputs = _from_to("input", column * wide, min((column + 1) * wide, m.columns))
    what = "" if m.block == (1, 1) else "mean "
    return f"{m.node}, {units} from {inputs}: {what}{signed(f'{m.values[row, column]:.5g}')}"


def _from_to(word: str, start: int, stop: int) -> str:
    return f"{word} {start + 1}" if stop == start + 1 else f"{word}s {start + 1} to {stop}"
