"""Points being drawn, kept as a picture: a new one costs a dot, not a picture of all."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from engine.data.points import Point
from engine.run.messages import Points
from netviz import theme
from netviz.widgets.pencil import Pencil
from netviz.widgets.plane import Bounds, place, points_layer

MANY = 2000  # points, each of which takes 20 µs to draw by itself


class DrawnPoints:
    """The picture of one square after the other; where points are only added, they are painted onto it."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], tuple[tuple[Point, ...], QPixmap]] = {}

    def forget(self) -> None:
        self._kept.clear()

    def picture(self, pencil: Pencil, side: float, ratio: float, reach: float) -> QPixmap:
        assert pencil.frame is not None
        key = (side, ratio, pencil.frame, reach, pencil.drawing.classes)
        points, known = pencil.points, self._kept.get(key)
        if known is not None and known[0] is points:
            return known[1]
        if known is not None and len(points) > len(known[0]) and points[: len(known[0])] == known[0]:
            made = known[1]
            fresh = _layer(points[len(known[0]) :], pencil, side, ratio, reach)
            painter = QPainter(made)
            painter.drawPixmap(0, 0, fresh)
            painter.end()
        else:
            made = _layer(points, pencil, side, ratio, reach)
        if len(self._kept) >= 4:
            self._kept.clear()
        self._kept[key] = points, made
        return made


def _layer(points: tuple[Point, ...], pencil: Pencil, side: float, ratio: float, reach: float) -> QPixmap:
    assert pencil.frame is not None
    rows = np.array(points, float).reshape(-1, 3)
    if len(rows) > MANY and pencil.drawing.classes is not None:
        return _crowd(rows, pencil.frame, side, ratio)
    none = np.zeros((0, 2))
    made = Points(rows[:, :2], rows[:, 2], none, none[:, 0], pencil.drawing.classes)
    return points_layer(made, pencil.frame, side, ratio, reach)


def _crowd(rows: np.ndarray, frame: Bounds, side: float, ratio: float) -> QPixmap:
    """So many that rims between them would hide them: all rims first, then each class at once."""
    made = QPixmap(max(1, round(side * ratio)), max(1, round(side * ratio)))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    at = place(frame, QRectF(0, 0, side, side), rows)
    width = 2 * min(3.2, max(1.1, side / 105))
    cap = Qt.PenCapStyle.RoundCap
    painter.setPen(QPen(QColor(theme.theme().rim), width + 0.9, Qt.PenStyle.SolidLine, cap))
    painter.drawPoints(QPolygonF([QPointF(*p) for p in at.tolist()]))
    for value in np.unique(rows[:, 2]):
        painter.setPen(QPen(theme.class_colour(int(value)), width - 0.9, Qt.PenStyle.SolidLine, cap))
        painter.drawPoints(QPolygonF([QPointF(*p) for p in at[rows[:, 2] == value].tolist()]))
    painter.end()
    return made


def draw_brush(painter: QPainter, square: QRectF, pencil: Pencil) -> None:
    """A ring where the brush is, broken where it takes away."""
    if pencil.at is None or pencil.frame is None:
        return
    ((across, down),) = place(pencil.frame, square, np.array([pencil.at]))
    radius = max(3.0, pencil.size * square.width())
    painter.save()
    painter.setClipRect(square)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    style = Qt.PenStyle.DashLine if pencil.erasing else Qt.PenStyle.SolidLine
    for colour, width in ((QColor(theme.theme().rim), 2.6), (QColor(theme.theme().text), 1.2)):
        painter.setPen(QPen(colour, width, style))
        painter.drawEllipse(QPointF(float(across), float(down)), radius, radius)
    painter.restore()


def around(points: tuple[Point, ...]) -> Bounds:
    """A square with room to draw round what there is, and never less than a little beyond −1 and 1."""
    rows = np.array([*points, (-1.0, -1.0, 0.0), (1.0, 1.0, 0.0)])[:, :2]
    low, high = rows.min(axis=0), rows.max(axis=0)
    half = float((high - low).max()) * 0.575
    x1, x2 = (float(middle) for middle in (low + high) / 2)
    return (x1 - half, x1 + half, x2 - half, x2 + half)
