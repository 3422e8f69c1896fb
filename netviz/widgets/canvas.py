"""A widget that is painted by hand as one picture: a fortieth of the cost of as many plot items."""

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from netviz import theme
from netviz.widgets.marks import draw_note, fonts


class Canvas(QWidget):
    """Fills itself with the card's colour, then either `note` or `paint`; `tip` tells what is under the mouse."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = ""
        self.sharpness: float | None = None  # device pixels a pixel, where it is not the screen that is drawn on
        self.fonts = fonts()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)

    @property
    def ratio(self) -> float:
        """Device pixels a pixel, for what is drawn as a bitmap."""
        return self.sharpness or self.devicePixelRatioF()

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        raise NotImplementedError(type(self).__name__)

    def tip(self, place: QPointF) -> str:
        """What is at `place`, in words; nothing by default."""
        return ""

    def show_note(self, note: str) -> None:
        """Shows `note` instead of the picture; the empty text brings the picture back."""
        self.note = note
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, rect = QPainter(self), QRectF(self.rect())
        painter.fillRect(rect, QColor(theme.theme().card))
        if self.note:
            draw_note(painter, self.fonts, rect, self.note)
        else:
            self.paint(painter, rect)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        text = "" if self.note else self.tip(event.position())
        if text:
            QToolTip.showText(event.globalPosition().toPoint(), text, self)
        else:
            QToolTip.hideText()
        super().mouseMoveEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self.fonts = fonts()
            self.update()
        super().changeEvent(event)
