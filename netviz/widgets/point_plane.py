"""The input plane as a place to point at: the examples, and one point more that follows the hand."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.run.messages import Points
from netviz import theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.plane import Bounds, draw_ticks, place, points_layer
from netviz.widgets.ticks import signed
from netviz.widgets.value_fields import ValueField, feature

ROOM_FOR_TICKS = 110.0  # pixels of the square's side
ROOM_FOR_FIELDS = 130  # pixels
STEPS = 50  # of an arrow key across the plane; with Shift five times as fine
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}


def around(low: np.ndarray, high: np.ndarray) -> Bounds:
    """A square around the data, a tenth wider than they reach: the same as the decision's picture."""
    half = float((high - low).max()) * 0.55 or 1.0
    x1, x2 = (float(middle) for middle in (low + high) / 2)
    return (x1 - half, x1 + half, x2 - half, x2 + half)


class PointPlane(Canvas):
    """A click or a drag moves the point, arrows move it by steps."""

    moved = Signal()

    def __init__(self, bounds: Bounds, points: Points | None) -> None:
        super().__init__()
        self.bounds, self.points = bounds, points
        self.at = np.zeros(2)
        self._layer: tuple[object, QPixmap] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Input plane")
        self.setAccessibleDescription("Arrows move the point, with Shift by less")

    def sizeHint(self) -> QSize:
        return QSize(160, 160)

    def left_of(self, width: int) -> float:
        """What the figures at the left of the square take."""
        return self.fonts.figure_metrics.horizontalAdvance("−0.0") + 6 if width >= ROOM_FOR_TICKS + 30 else 0.0

    def square(self) -> QRectF:
        left = below = 0.0
        if min(self.width(), self.height()) >= ROOM_FOR_TICKS + 30:
            left, below = self.left_of(self.width()), self.fonts.line + 1
        side = float(int(max(8.0, min(self.width() - left - 3, self.height() - below - 3))))
        return QRectF(int(left + (self.width() - left - side) / 2), 1, side, side)

    def spot(self) -> QPointF:
        """Where the point lies, in pixels; a point beyond the plane lies at its edge."""
        ((across, down),) = place(self.bounds, self.square(), self.at[None])
        square = self.square()
        return QPointF(
            min(max(float(across), square.left()), square.right()), min(max(float(down), square.top()), square.bottom())
        )

    def go_to(self, at: np.ndarray) -> None:
        self.at = np.array(at, float).reshape(2)
        self.update()

    def show_points(self, points: Points | None) -> None:
        if points is not self.points:  # dots take longer to draw than all the rest
            self.points = points
            self.recoloured()

    def recoloured(self) -> None:
        self._layer = None
        self.update()

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        t, square = theme.theme(), self.square()
        painter.fillRect(square, QColor(t.raised))
        if self.points is not None:
            key = square.width(), self.ratio, t.name
            if self._layer is None or self._layer[0] != key:
                reach = float(max(np.nanmax(np.abs(y), initial=0.0) for y in (self.points.y, self.points.y_val))) or 1.0
                self._layer = key, points_layer(self.points, self.bounds, square.width(), self.ratio, reach)
            painter.setOpacity(0.55)
            painter.drawPixmap(square.topLeft(), self._layer[1])
            painter.setOpacity(1.0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(t.accent if self.hasFocus() else t.line), 1))
        painter.drawRect(square.adjusted(-0.5, -0.5, 0.5, 0.5))
        if square.left() > 20:
            draw_ticks(painter, self.fonts, square, self.bounds)
        self._draw_point(painter, square)

    def _draw_point(self, painter: QPainter, square: QRectF) -> None:
        t, spot = theme.theme(), self.spot()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(t.text)
        colour.setAlphaF(0.45)
        painter.setPen(QPen(colour, 1))
        painter.drawLine(QPointF(square.left(), spot.y()), QPointF(square.right(), spot.y()))
        painter.drawLine(QPointF(spot.x(), square.top()), QPointF(spot.x(), square.bottom()))
        painter.setPen(QPen(QColor(t.rim), 2))
        painter.setBrush(QColor(t.text))
        painter.drawEllipse(spot, 5.5, 5.5)

    def tip(self, at: QPointF) -> str:
        if not self.square().contains(at):
            return ""
        x1, x2 = self._place(at)
        return signed(f"({x1:.2f}, {x2:.2f})")

    # The hand

    def _place(self, at: QPointF) -> np.ndarray:
        """The point of the plane under a pixel, within the plane."""
        left, right, low, high = self.bounds
        square = self.square()
        across = min(max((at.x() - square.left()) / square.width(), 0.0), 1.0)
        up = min(max((square.bottom() - at.y()) / square.height(), 0.0), 1.0)
        return np.array([left + across * (right - left), low + up * (high - low)])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._move(self._place(event.position()))
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(self._place(event.position()))
        else:
            super().mouseMoveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrow = _ARROWS.get(Qt.Key(event.key()))
        if arrow is None:
            super().keyPressEvent(event)
            return
        left, right, low, high = self.bounds
        step = (right - left) / STEPS / (5 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        self._move(np.clip(self.at + np.multiply(arrow, step), [left, low], [right, high]))

    def _move(self, to: np.ndarray) -> None:
        self.at = to
        self.update()
        self.moved.emit()


class PlaneInput(QWidget):
    """The plane with a field for each of its two numbers below."""

    edited = Signal()

    def __init__(self, shape: tuple[int, ...], low: np.ndarray, high: np.ndarray, points: Points | None) -> None:
        super().__init__()
        self._shape = shape
        self._x = np.zeros(2)
        self.plane = PointPlane(around(low, high), points)
        self.plane.moved.connect(self._moved)
        self.setFocusProxy(self.plane)
        self.fields = [ValueField(feature(i), float(low[i]), float(high[i])) for i in range(2)]
        self.labels: list[QLabel] = []
        below = QHBoxLayout()
        below.setSpacing(4)
        for i, field in enumerate(self.fields):
            field.edited.connect(lambda at=i: self._typed(at))
            label = QLabel(feature(i))
            label.setFont(theme.small())
            label.setBuddy(field)
            self.labels.append(label)
            below.addWidget(label)
            below.addWidget(field, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.plane, 1)
        column.addLayout(below)

    def height_for(self, width: int) -> int:
        """So that the square fills the width."""
        below = self.fields[0].sizeHint().height() + 4
        ticks = self.plane.left_of(width) - self.plane.fonts.line - 1 if width >= ROOM_FOR_TICKS + 30 else 0
        return width - round(ticks) + below

    def resizeEvent(self, event: QResizeEvent) -> None:
        for widget in (*self.fields, *self.labels):
            widget.setVisible(self.width() >= ROOM_FOR_FIELDS)
        super().resizeEvent(event)

    @property
    def x(self) -> np.ndarray:
        return self._x.reshape(self._shape)

    def show_x(self, x: np.ndarray) -> None:
        self._x = np.array(x, float).reshape(2)
        self.plane.go_to(self._x)
        for field, value in zip(self.fields, self._x, strict=True):
            field.show_value(float(value))

    def _moved(self) -> None:
        self.show_x(self.plane.at)
        self.edited.emit()

    def _typed(self, at: int) -> None:
        self._x[at] = self.fields[at].value
        self.plane.go_to(self._x)
        self.edited.emit()
