"""Dashed lines through curves: across at a value that one should know, and down at a step at which something was."""

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from netviz.theme import theme
from netviz.widgets.curves import View
from netviz.widgets.marks import Fonts


@dataclass(frozen=True, slots=True)
class Guide:
    """A line across at a value that one should know."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A line down at a step."""

    step: float
    text: str
    colour: QColor


def _dashed(colour: QColor) -> QPen:
    pen = QPen(colour, 1)
    pen.setDashPattern([4, 4])
    return pen


def draw_guides(painter: QPainter, fonts: Fonts, view: View, guides: Iterable[Guide]) -> None:
    amber, height = QColor(theme().amber), fonts.figure_metrics.height()
    for guide in guides:
        y = round(float(view.y(guide.value)))
        if not view.rect.top() <= y <= view.rect.bottom():
            continue
        painter.setPen(_dashed(amber))
        painter.drawLine(QPointF(view.rect.left(), y), QPointF(view.rect.right(), y))
        painter.setPen(amber)
        above = y - height if y - height > view.rect.top() else y + 1
        room = view.rect.width() - 6
        if fonts.figure_metrics.horizontalAdvance(guide.text) <= room:
            box = QRectF(view.rect.left() + 3, above, room, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, guide.text)


def draw_moments(painter: QPainter, fonts: Fonts, view: View, moments: Iterable[Moment]) -> None:
    """The lines, each with its words at the top on the side that has room; one below another."""
    height = fonts.figure_metrics.height()
    for number, moment in enumerate(moments):
        x = round(float(view.x(moment.step)))
        if not view.rect.left() <= x <= view.rect.right():
            continue
        painter.setPen(_dashed(moment.colour))
        painter.drawLine(QPointF(x, view.rect.top()), QPointF(x, view.rect.bottom()))
        wide = fonts.figure_metrics.horizontalAdvance(moment.text)
        left = x - 4 - wide if x - 4 - wide >= view.rect.left() else x + 4
        if left + wide <= view.rect.right():
            painter.setPen(moment.colour)
            box = QRectF(left, view.rect.top() + number * height, wide + 1, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, moment.text)
