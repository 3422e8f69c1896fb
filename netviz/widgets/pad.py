"""A pad to draw a small picture on, at the network's own resolution."""

from math import prod

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QVBoxLayout, QWidget

from netviz import theme
from netviz.theme import mix
from netviz.widgets.canvas import Canvas
from netviz.widgets.ink import Ink, Place
from netviz.widgets.ticks import signed

GRID_FROM = 9.0  # pixels of a cell from which its borders are drawn
FINEST = 10.0  # steps of the brush's slider in a cell
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class Pad(Canvas):
    """Left draws, right or Shift erases; arrows move a cell's mark, Space draws there, Backspace erases."""

    drawn = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ink = Ink(8, 8)
        self.low, self.high = 0.0, 1.0
        self.radius = 0.6  # of the brush, in cells
        self._last: Place | None = None  # of the stroke that is being drawn
        self._cell = (4, 4)  # (across, down): where keys draw
        self._by_keys = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Drawing pad")
        self.setAccessibleDescription("Arrows move, Space draws, Backspace erases, Delete clears")

    def sizeHint(self) -> QSize:
        return QSize(160, 160)

    def fit(self, rows: int, columns: int, low: float, high: float) -> None:
        """An empty pad of so many cells for numbers from `low` to `high`."""
        self.ink, self.low, self.high = Ink(rows, columns), low, high
        self._cell, self._last = (columns // 2, rows // 2), None
        self.update()

    @property
    def values(self) -> np.ndarray:
        """(rows, columns), no ink being `low`."""
        return self.low + self.ink.share * (self.high - self.low)

    def show_values(self, values: np.ndarray) -> None:
        span = self.high - self.low or 1.0
        self.ink.share = np.clip((values.reshape(self.ink.share.shape) - self.low) / span, 0, 1)
        self.update()

    def clear(self) -> None:
        self.ink.clear()
        self._changed()

    def area(self) -> QRectF:
        """Where the cells lie: as large as they fit, each a whole number of pixels if there is room."""
        rows, columns = self.ink.share.shape
        cell = max(0.5, min((self.width() - 2) / columns, (self.height() - 2) / rows))
        cell = float(int(cell)) if cell >= 4 else cell
        width, height = cell * columns, cell * rows
        return QRectF(int((self.width() - width) / 2), 1, width, height)

    def place(self, at: QPointF) -> Place:
        """Pixels as cells from the upper left corner."""
        area, (rows, columns) = self.area(), self.ink.share.shape
        return (at.x() - area.left()) / area.width() * columns, (at.y() - area.top()) / area.height() * rows

    # Painting

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        t, area, (rows, columns) = theme.theme(), self.area(), self.ink.share.shape
        painter.drawImage(area, _picture(self.ink.share))
        cell = area.width() / columns
        if cell >= GRID_FROM:
            painter.setPen(QPen(mix(t.raised, t.line, 0.6), 1))
            for i in range(1, columns):
                painter.drawLine(
                    QPointF(area.left() + i * cell, area.top()), QPointF(area.left() + i * cell, area.bottom())
                )
            for i in range(1, rows):
                painter.drawLine(
                    QPointF(area.left(), area.top() + i * cell), QPointF(area.right(), area.top() + i * cell)
                )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(t.accent if self.hasFocus() else t.line), 1))
        painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        if self._by_keys and self.hasFocus():
            across, down = self._cell
            painter.setPen(QPen(QColor(t.accent), 2))
            painter.drawRect(QRectF(area.left() + across * cell, area.top() + down * cell, cell, cell))
        if not self.ink.share.any() and area.height() > 3 * self.fonts.line:
            painter.setFont(self.fonts.words)
            painter.setPen(QColor(t.faint))
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), "Draw here")

    def tip(self, place: QPointF) -> str:
        if self._last is not None or not self.area().contains(place):
            return ""
        across, down = (int(v) for v in self.place(place))
        rows, columns = self.ink.share.shape
        across, down = min(across, columns - 1), min(down, rows - 1)
        return signed(f"row {down + 1}, column {across + 1}: {self.values[down, across]:.3g}")

    # The hand

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            super().mousePressEvent(event)
            return
        self._by_keys = False
        self._last = self.place(event.position())
        self._stroke(self._last, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if self._last is not None:
            self._stroke(self.place(event.position()), event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None
        super().mouseReleaseEvent(event)

    def _stroke(self, to: Place, event: QMouseEvent) -> None:
        assert self._last is not None
        right = Qt.MouseButton.RightButton in (event.button(), *event.buttons())
        erase = right or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.ink.stroke(self._last, to, self.radius, erase)
        self._last = to
        self._changed()

    def event(self, event: QEvent) -> bool:
        asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asked and not event.modifiers() and event.key() == Qt.Key.Key_Space:
            event.accept()  # elsewhere it plays
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, (rows, columns) = Qt.Key(event.key()), self.ink.share.shape
        if key in _ARROWS:
            across, down = (a + b for a, b in zip(self._cell, _ARROWS[key], strict=True))
            self._cell = min(max(across, 0), columns - 1), min(max(down, 0), rows - 1)
            self._by_keys = True
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Backspace):
            self._by_keys = True
            middle = self._cell[0] + 0.5, self._cell[1] + 0.5
            self.ink.stroke(middle, middle, self.radius, erase=key == Qt.Key.Key_Backspace)
            self._changed()
        elif key == Qt.Key.Key_Delete:
            self.clear()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_keys = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        super().focusInEvent(event)

    def _changed(self) -> None:
        self.update()
        self.drawn.emit()


def _picture(share: np.ndarray) -> QImage:
    """Ink in the colour of text on the colour of fields."""
    paper, ink = (np.array(QColor(c).getRgb()[:3], float) for c in (theme.theme().raised, theme.theme().text))
    rgb = np.rint(paper + share[..., None] * (ink - paper)).astype(np.uint32)
    pixels = np.ascontiguousarray(0xFF000000 | rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]).astype(np.uint32)
    rows, columns = share.shape
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32).copy()


class PadInput(QWidget):
    """The pad, the brush's size, and a clean sheet."""

    edited = Signal()

    def __init__(self, shape: tuple[int, ...], rows: int, columns: int, low: float, high: float) -> None:
        super().__init__()
        self._shape = shape
        self.pad = Pad()
        self.pad.fit(rows, columns, low, high)
        self.setFocusProxy(self.pad)
        self.pad.drawn.connect(self._drawn)
        self._exact: np.ndarray | None = None  # what was shown, until something is drawn
        self.brush = QSlider(Qt.Orientation.Horizontal)
        self.brush.setRange(round(0.4 * FINEST), round(max(1.0, columns / 7) * FINEST))
        self.brush.setMinimumHeight(theme.SLIDER)
        self.brush.setAccessibleName("Brush size")
        self.brush.setToolTip("Brush size. Left button draws, right button or Shift erases.")
        self.brush.valueChanged.connect(self._resize_brush)
        self.brush.setValue(round(max(0.9, columns * 0.05) * FINEST))
        self._resize_brush(self.brush.value())
        self.clear = QToolButton()
        self.clear.setText("Clear")
        self.clear.setToolTip("A clean pad (Delete)")
        self.clear.setAccessibleName("Clear the pad")
        self.clear.setFont(theme.small())
        self.clear.setStyleSheet("QToolButton { padding: 1px 6px; }")
        self.clear.clicked.connect(self.pad.clear)
        below = QHBoxLayout()
        below.setSpacing(6)
        below.addWidget(self.clear)
        below.addWidget(self.brush, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.pad, 1)
        column.addLayout(below)

    def height_for(self, width: int) -> int:
        """So that the pad is filled by its cells."""
        rows, columns = self.pad.ink.share.shape
        return round(width * rows / columns) + self.clear.sizeHint().height() + 4

    @property
    def x(self) -> np.ndarray:
        return (self.pad.values if self._exact is None else self._exact).reshape(self._shape)

    def show_x(self, x: np.ndarray) -> None:
        assert x.size == prod(self._shape)
        self._exact = np.array(x, float)
        self.pad.show_values(self._exact)

    def _drawn(self) -> None:
        self._exact = None
        self.edited.emit()

    def _resize_brush(self, size: int) -> None:
        self.pad.radius = size / FINEST
