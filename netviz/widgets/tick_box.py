"""A box to tick whose outline is seen in every theme."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QCheckBox, QStyle, QStyleOptionButton

from netviz import theme

CORNER = 3.0
TICK = ((0.22, 0.52), (0.42, 0.72), (0.78, 0.3))  # of the box


class TickBox(QCheckBox):
    """Ticked it is full of the accent; with the keys it has a frame in it."""

    def paintEvent(self, event: QPaintEvent) -> None:
        option, t = QStyleOptionButton(), theme.theme()
        self.initStyleOption(option)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        box = QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5)
        if not self.isEnabled():
            painter.setOpacity(0.5)
        painter.setPen(QPen(QColor(t.accent if self.isChecked() or self.hasFocus() else t.faint), 1))
        painter.setBrush(QColor(t.accent if self.isChecked() else t.raised))
        painter.drawRoundedRect(box, CORNER, CORNER)
        if self.isChecked():
            painter.setPen(QPen(QColor(t.on_accent), max(1.6, box.width() / 8)))
            points = [QPointF(box.left() + x * box.width(), box.top() + y * box.height()) for x, y in TICK]
            painter.drawPolyline(QPolygonF(points))
        if self.hasFocus():
            painter.setPen(QPen(QColor(t.text if self.isChecked() else t.accent), 1))
            painter.setBrush(QColor(0, 0, 0, 0))
            painter.drawRoundedRect(box.adjusted(1.5, 1.5, -1.5, -1.5), CORNER - 1, CORNER - 1)
        painter.setOpacity(1.0)
        if self.text():
            option.rect = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxContents, option, self)
            self.style().drawControl(QStyle.ControlElement.CE_CheckBoxLabel, option, painter, self)
        painter.end()
