"""Many things of one kind, painted in one call from an array: each by itself takes ten times as long to hand over."""

import numpy as np
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF
from PySide6.QtGui import QPainter, QPixmap

LINE = 4  # numbers of a line: x₁, y₁, x₂, y₂
PIECE = 10  # of a piece of a pixmap: its middle, left, top, width, height on the pixmap, two scales, turn, opacity
UNTURNED, SOLID = 0.0, 1.0


def draw_lines(painter: QPainter, ends: np.ndarray) -> None:
    """Lines (n, 4) with the painter's pen."""
    lines = PrimitiveArray(QLineF, LINE)
    lines.resize(len(ends))
    lines.ndarray()[:] = ends
    if len(ends):
        painter.drawLines(*lines.drawargs())


def lay_tiles(painter: QPainter, corners: np.ndarray, sheet: QPixmap, which: np.ndarray, ratio: float) -> None:
    """Square tiles at `corners` (n, 2): number `which` of those that stand side by side on `sheet`, in its pixels."""
    if not len(corners):
        return
    side = sheet.height()
    tiles = PrimitiveArray(QPainter.PixmapFragment, PIECE)
    tiles.resize(len(corners))
    pieces = tiles.ndarray()
    pieces[:, :2] = corners + side / ratio / 2
    pieces[:, 2], pieces[:, 3], pieces[:, 4:6] = which * side, 0.0, side
    pieces[:, 6:8], pieces[:, 8], pieces[:, 9] = 1 / ratio, UNTURNED, SOLID
    painter.drawPixmapFragments(*tiles.drawargs(), sheet)
