"""A mark for each state of health, that tells by its shape as well as by its colour."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from engine.diagnosis import Health
from netviz.theme import theme

COLOURS = {Health.FINE: "green", Health.WATCH: "amber", Health.TROUBLE: "red"}
FINE, LARGE = 3.0, 5.0  # from the mark's middle to its rim: what is sound is not to catch the eye
RIM = 1.2


def health_colour(health: Health) -> QColor:
    return QColor(getattr(theme(), COLOURS[health]))


def paint_mark(painter: QPainter, health: Health, middle: QPointF) -> None:
    """A dot: fine; a triangle: watch; a diamond: trouble."""
    painter.setPen(QPen(QColor(theme().card), RIM))
    painter.setBrush(health_colour(health))
    if health is Health.FINE:
        painter.drawEllipse(middle, FINE, FINE)
        return
    x, y = middle.x(), middle.y()
    if health is Health.WATCH:
        corners = ((x, y - LARGE), (x + LARGE, y + 0.8 * LARGE), (x - LARGE, y + 0.8 * LARGE))
    else:
        corners = ((x, y - LARGE), (x + LARGE, y), (x, y + LARGE), (x - LARGE, y))
    painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]), Qt.FillRule.OddEvenFill)
