"""The first pictures of each class, a row for each, with what the class is called and how many there are."""

from math import ceil

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter

from netviz.document.importing import Pictures
from netviz.theme import theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.ticks import whole
from netviz.widgets.tiles import as_picture, draw_values, shown

GAP = 3.0  # between pictures
INSET = 6.0
BESIDE = 16.0  # between columns of classes
SMALLEST, LARGEST = 14.0, 64.0  # pixels of a picture's side
MOST_COLUMNS = 4
NAMES = 0.34  # of a column's width at most


class ClassPictures(Canvas):
    """Hidden where there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: tuple[Pictures, ...] = ()
        self.setAccessibleName("First pictures of each class")
        self.setMinimumHeight(round(4 * (SMALLEST + GAP) + 2 * INSET))
        self.hide()

    def show_pictures(self, pictures: tuple[Pictures, ...]) -> None:
        self.pictures = pictures
        words = ", ".join(f"{each.name or 'examples'}: {whole(len(each.values))}" for each in pictures)
        self.setAccessibleDescription(words)
        self.setVisible(bool(pictures))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, 150)

    def placed(self, rect: QRectF) -> tuple[list[tuple[QRectF, str]], list[tuple[QRectF, str, np.ndarray]]]:
        """Where each name stands, and each picture; classes that have no room are left out."""
        if not self.pictures:
            return [], []
        rect = rect.adjusted(INSET, INSET, -INSET, -INSET)
        columns, side = max(
            (self._fitting(rect, columns) for columns in range(1, MOST_COLUMNS + 1)), key=lambda found: found[1]
        )
        if side < SMALLEST:
            columns, side = MOST_COLUMNS, SMALLEST
        rows = ceil(len(self.pictures) / columns)
        width, names = self._widths(rect, columns)
        words: list[tuple[QRectF, str]] = []
        tiles: list[tuple[QRectF, str, np.ndarray]] = []
        for number, each in enumerate(self.pictures):
            left = rect.left() + number // rows * (width + BESIDE)
            place = QRectF(left + names, rect.top() + number % rows * (side + GAP), side, side)
            if place.bottom() > rect.bottom() + 0.5:
                continue
            words.append((QRectF(left, place.top(), names - GAP, side), each.name))
            for values in each.values:
                if place.right() > left + width + 0.5:
                    break
                tiles.append((QRectF(place), each.name, values))
                place.translate(side + GAP, 0)
        return words, tiles

    def _widths(self, rect: QRectF, columns: int) -> tuple[float, float]:
        """Of a column, and of the names in it."""
        width = (rect.width() - (columns - 1) * BESIDE) / columns
        return width, min(NAMES * width, self.fonts.width([each.name for each in self.pictures]) + 8)

    def _fitting(self, rect: QRectF, columns: int) -> tuple[int, float]:
        """The largest side with which all pictures fit into so many columns."""
        width, names = self._widths(rect, columns)
        most = max(len(each.values) for each in self.pictures)
        down = rect.height() / ceil(len(self.pictures) / columns) - GAP
        return columns, min(down, (width - names) / most - GAP, LARGEST)

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        words, tiles = self.placed(rect)
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().text))
        for area, name in words:
            text = self.fonts.word_metrics.elidedText(name, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        span = self._span() if tiles else (0.0, 1.0)
        for area, _, values in tiles:
            draw_values(painter, area, shown(as_picture(values, values.shape, span[0])), span=span)

    def _span(self) -> tuple[float, float]:
        """One for all, so that a dark picture is seen to be one."""
        every = [np.asarray(values, np.float64) for each in self.pictures for values in each.values]
        low, high = min(float(v.min()) for v in every), max(float(v.max()) for v in every)
        return low, high if high > low else low + 1.0

    def tip(self, place: QPointF) -> str:
        return next((name for area, name, _ in self.placed(QRectF(self.rect()))[1] if area.contains(place)), "")
