"""The whole network, small, in the corner of a view that shows only a part of it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from netviz.theme import look, mix, theme

if TYPE_CHECKING:
    from netviz.editor.sheet import Sheet

LARGEST = (168, 104)
CORNER = 10
INSET = 6.0
LATE_MS = 60


class MiniMap(QWidget):
    """A click or a drag says where to look; it is there only where there is more than is in view."""

    asked = Signal(QPointF)

    def __init__(self, sheet: "Sheet") -> None:
        super().__init__(sheet)
        self._sheet = sheet
        self._picture: QPixmap | None = None
        self._drawn_of: list[tuple[object, ...]] = []
        self._late = QTimer(self, singleShot=True, interval=LATE_MS)
        self._late.timeout.connect(self._renew)
        self.setAccessibleName("Map of the network")
        self.setToolTip("The whole network; click to look there")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()
        look().changed.connect(self._recolour)

    def look(self) -> None:
        """The view looks elsewhere."""
        content, seen = self._sheet.sheet.content(), self._sheet.visible_rect()
        partly = not content.isEmpty() and not seen.adjusted(-2, -2, 2, 2).contains(content)
        if partly != self.isVisibleTo(self._sheet):
            self.setVisible(partly)
            self.place()
        self.update()

    def renew(self) -> None:
        """The network may be another one: drawn anew a little later, for an edit is not to wait for its map."""
        self._late.start()

    def _renew(self) -> None:
        items = self._sheet.sheet.nodes.values()
        shown = [(i.x(), i.y(), i.picture.depth, i.picture.problem) for i in items]
        if shown != self._drawn_of:
            self._drawn_of, self._picture = shown, None
            self.place()
            self.update()

    def _recolour(self) -> None:
        self._picture = None
        self.update()

    def place(self) -> None:
        """In the lower right corner, in the shape of the network."""
        content = self._sheet.sheet.content()
        if content.isEmpty():
            return
        scale = min((LARGEST[0] - 2 * INSET) / content.width(), (LARGEST[1] - 2 * INSET) / content.height())
        width, height = content.width() * scale + 2 * INSET, content.height() * scale + 2 * INSET
        self.resize(max(48, round(width)), max(28, round(height)))
        self.move(self._sheet.width() - self.width() - CORNER, self._sheet.height() - self.height() - CORNER)
        self._picture = None

    def _scale(self) -> tuple[float, QPointF]:
        content = self._sheet.sheet.content()
        inside = self.width() - 2 * INSET, self.height() - 2 * INSET
        scale = min(inside[0] / content.width(), inside[1] / content.height())
        return scale, content.topLeft() - QPointF(INSET, INSET) / scale

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        if self._picture is None or self._picture.devicePixelRatio() != ratio:
            self._picture = self._drawn(ratio)
        t, (scale, corner) = theme(), self._scale()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        seen = self._sheet.visible_rect().translated(-corner)
        frame = QRectF(seen.x() * scale, seen.y() * scale, seen.width() * scale, seen.height() * scale)
        frame = frame.intersected(QRectF(self.rect()).adjusted(1, 1, -2, -2))
        fill = QColor(t.accent)
        fill.setAlphaF(0.14)
        painter.setPen(QPen(QColor(t.accent), 1))
        painter.setBrush(fill)
        painter.drawRect(frame)

    def _drawn(self, ratio: float) -> QPixmap:
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        t, (scale, corner) = theme(), self._scale()
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(t.line), 1))
        painter.setBrush(QColor(t.card))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.setPen(Qt.PenStyle.NoPen)
        scene = self._sheet.sheet
        width, height = max(2.0, scene.metrics.width * scale), max(1.5, scene.metrics.height * scale)
        wrong, plain = QColor(t.red), mix(t.faint, t.card, 0.25)
        left, top = corner.x(), corner.y()
        for item in scene.nodes.values():
            depth = item.picture.depth
            colour = wrong if item.picture.problem else plain if depth is None else scene.kit.depth(*depth)
            painter.fillRect(QRectF((item.x() - left) * scale, (item.y() - top) * scale, width, height), colour)
        painter.end()
        return picture

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._ask(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons():
            self._ask(event.position())

    def _ask(self, at: QPointF) -> None:
        scale, corner = self._scale()
        self.asked.emit(at / scale + corner)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._picture = None
