"""Lines of figures, a swatch before each: the latest numbers, in as many words as there is room for."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from netviz.theme import theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import MIDDLE

SWATCH = 12.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line in several wordings, the longest first; all keep their width while numbers change."""

    colour: QColor
    wordings: tuple[str, ...]


class Readout(Canvas):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: Sequence[Line] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Writes these; where all say the same as before nothing is painted."""
        if len(lines) != len(self.lines):
            self.updateGeometry()
        if lines != self.lines:
            self.lines = lines
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(80, round(self.fonts.line * max(1, len(self.lines))))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def texts(self) -> list[str]:
        """What is written, line by line: the same wording for all."""
        advance, room = self.fonts.figures_wide, self.width() - SWATCH
        count = min((len(line.wordings) for line in self.lines), default=0)
        for wording in range(count):
            texts = [line.wordings[wording] for line in self.lines]
            if all(advance(text) <= room for text in texts):
                return texts
        elide, right = self.fonts.figure_metrics.elidedText, Qt.TextElideMode.ElideRight
        return [elide(line.wordings[-1], right, room) for line in self.lines]

    def tip(self, place: QPointF) -> str:
        """The line under the mouse in all its words."""
        row = int(place.y() // self.fonts.line)
        return " ".join(self.lines[row].wordings[0].split()) if 0 <= row < len(self.lines) else ""

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        height = self.fonts.line
        painter.setFont(self.fonts.figures)
        for i, (line, text) in enumerate(zip(self.lines, self.texts(), strict=True)):
            row = QRectF(0, i * height, rect.width(), height)
            painter.fillRect(QRectF(0, row.center().y() - 1, SWATCH - 5, 3), line.colour)
            painter.setPen(QColor(theme().text))
            painter.drawText(row.adjusted(SWATCH, 0, 0, 0), MIDDLE, text)
