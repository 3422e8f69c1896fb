"""One box of the drawn network: a layer, its docked activation, its parameters. All painting of a box is here."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from netviz.editor.boxes import BoxPicture
from netviz.editor.metrics import BAR, BAR_LEFT, PADDING, PORT, Metrics
from netviz.theme import RADIUS, depth_colour, mix, theme


class NodeItem(QGraphicsItem):
    """Draws a BoxPicture; knows which of its two nodes lies under a point. Its place is the box's top left."""

    def __init__(self, lane: int, picture: BoxPicture, metrics: Metrics) -> None:
        super().__init__()
        self.lane = lane
        self.picture = picture
        self.metrics = metrics
        self.ports = (False, False)  # whether wires come in and go out
        self._chosen: str | None = None
        self._focused = False
        self._hovered: str | None = None
        self.setAcceptHoverEvents(True)
        self.setToolTip(picture.words)
        self.setZValue(1)

    def show(self, picture: BoxPicture, metrics: Metrics) -> None:
        """Repaints only where something differs."""
        if metrics != self.metrics:
            self.prepareGeometryChange()
            self.metrics = metrics
        elif picture == self.picture:
            return
        self.picture = picture
        self.setToolTip(picture.words)
        self.update()

    def choose(self, node: str | None, focused: bool) -> None:
        """Outlines the box where `node` is one of its two, thicker while the keys go to the canvas."""
        if (node, focused) != (self._chosen, self._focused):
            self._chosen, self._focused = node, focused
            self.update()

    @property
    def chosen(self) -> str | None:
        return self._chosen

    def rect(self) -> QRectF:
        return QRectF(0, 0, self.metrics.width, self.metrics.height)

    def second_rect(self) -> QRectF:
        """The second line, where a docked activation is clicked."""
        top = PADDING + self.metrics.title_height
        left = BAR_LEFT + BAR + 1
        return QRectF(left, top - 0.5, self.metrics.width - left - 4, self.metrics.line_height + 1)

    def port(self, right: bool) -> QPointF:
        """Where wires end, in the scene."""
        return self.mapToScene(QPointF(self.metrics.width if right else 0, self.metrics.height / 2))

    def node_at(self, point: QPointF) -> str:
        box = self.picture.box
        return box.activation if box.activation and self.second_rect().contains(point) else box.node

    def boundingRect(self) -> QRectF:
        return self.rect().adjusted(-5, -5, 5, 5)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.rect())
        return path

    def hoverMoveEvent(self, event) -> None:
        self._hover(self.node_at(event.pos()))

    def hoverLeaveEvent(self, event) -> None:
        self._hover(None)

    def _hover(self, node: str | None) -> None:
        if node != self._hovered:
            self._hovered = node
            self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_frame(painter)
        self._paint_second_mark(painter)
        self._paint_words(painter)
        self._paint_ports(painter)

    def _paint_frame(self, painter: QPainter) -> None:
        t, rect = theme(), self.rect()
        edge = t.line if self._hovered is None else mix(t.line, t.text, 0.35)
        width = 1.0
        if self._chosen is not None:
            edge, width = t.accent, 1.6
        elif self.picture.problem:
            edge, width = t.red, 1.6
        if self._chosen is not None and self._focused:
            glow = mix(t.card, t.accent, 0.4)
            painter.setPen(QPen(glow, 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(-2.2, -2.2, 2.2, 2.2), RADIUS + 2, RADIUS + 2)
        painter.setPen(QPen(QColor(edge), width))
        painter.setBrush(mix(t.card, t.raised, 0.7 if self._hovered else 0.0))
        painter.drawRoundedRect(rect, RADIUS, RADIUS)
        if self.picture.problem and self._chosen is not None:
            painter.setPen(QPen(QColor(t.red), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(2.5, 2.5, -2.5, -2.5), RADIUS - 2, RADIUS - 2)
        if self.picture.depth is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(depth_colour(*self.picture.depth))
            painter.drawRoundedRect(QRectF(BAR_LEFT, PADDING, BAR, rect.height() - 2 * PADDING), BAR / 2, BAR / 2)

    def _paint_second_mark(self, painter: QPainter) -> None:
        """The activation's line, where it is chosen or about to be."""
        activation = self.picture.box.activation
        if activation is None or activation not in (self._chosen, self._hovered):
            return
        t = theme()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(t.card, t.accent, 0.32 if self._chosen == activation else 0.14))
        painter.drawRoundedRect(self.second_rect(), 3, 3)

    def _paint_words(self, painter: QPainter) -> None:
        t, m = theme(), self.metrics
        left = BAR_LEFT + BAR + 4 if self.picture.depth is not None else PADDING + 2
        room = m.width - left - PADDING + 1
        chosen_second = self._chosen is not None and self._chosen == self.picture.box.activation
        line = QRectF(left, PADDING, room, m.title_height)
        _text(painter, line, self.picture.title, m.title, t.text)
        line = QRectF(left, line.bottom(), room, m.line_height)
        _text(painter, line, self.picture.second, m.small, t.text if chosen_second else t.faint)
        line = QRectF(left, line.bottom(), room, m.line_height)
        _text(painter, line, self._last_line(room), m.small, t.faint)

    def _last_line(self, room: float) -> str:
        """The id and the count of parameters, as long as there is room."""
        node, count = self.picture.box.node, self.picture.count
        if not count:
            return node
        number = count.split(" param")[0]
        measure = QFontMetricsF(self.metrics.small)
        for text in (f"{node} · {count}", f"{node} · {number} param.", f"{node} · {number}", count, number):
            if measure.horizontalAdvance(text) <= room:
                return text
        return number

    def _paint_ports(self, painter: QPainter) -> None:
        t = theme()
        painter.setPen(QPen(mix(t.faint, t.card, 0.2), 1.2))
        painter.setBrush(mix(t.card, t.window, 0.5))
        for there, x in zip(self.ports, (0.0, self.metrics.width), strict=True):
            if there:
                painter.drawEllipse(QPointF(x, self.metrics.height / 2), PORT, PORT)


def _text(painter: QPainter, rect: QRectF, text: str, font: QFont, colour: str | QColor) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    elided = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
