"""What is drawn only while something is in the hand, and the words beside it."""

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QLabel, QStyleOptionGraphicsItem, QWidget

from netviz import theme
from netviz.editor.kit import Kit
from netviz.editor.routing import straight

TOAST_MS = 4000
BESIDE = QPoint(16, 14)  # from the pointer to the words
EMPTY = "Drag a layer here, or press Tab"
BEGUN = "Next: double-click a layer in the list, drag it here, or press Tab"
BELOW = 36  # pixels from the lower edge: clear of a box in the middle


class Trace(QGraphicsItem):
    """A path with a pen, and under it perhaps a fill: a wire in the making, a guide, a ghost, a rubber band."""

    def __init__(self, scene: QGraphicsScene, z: float) -> None:
        super().__init__()
        self._path, self._pen, self._fill = QPainterPath(), QPen(), QColor(0, 0, 0, 0)
        self._title = ""
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        scene.addItem(self)
        self.hide()

    def show_path(self, path: QPainterPath, pen: QPen, fill: QColor | None = None, title: str = "") -> None:
        self.prepareGeometryChange()
        self._path, self._pen, self._fill, self._title = path, pen, fill or QColor(0, 0, 0, 0), title
        self.show()
        self.update()

    def path(self) -> QPainterPath:
        return self._path

    def pen(self) -> QPen:
        return self._pen

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-5, -5, 5, 5)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setPen(self._pen)
        painter.setBrush(self._fill)
        painter.drawPath(self._path)
        if self._title:
            painter.setPen(QColor(theme.theme().text))
            painter.setFont(theme.title())
            painter.drawText(self._path.boundingRect(), Qt.AlignmentFlag.AlignCenter, self._title)


class Preview:
    """The traces of one scene. Each kind is shown until it is hidden, or all are by `clear`."""

    def __init__(self, scene: QGraphicsScene, kit: Kit) -> None:
        self._kit = kit
        self.wire, self.guides = Trace(scene, 5), Trace(scene, 4)
        self.ghost, self.band = Trace(scene, 6), Trace(scene, 7)

    def show_wire(self, start: QPointF, end: QPointF, pen: QPen) -> None:
        self.wire.show_path(straight(start, end), pen)

    def show_guides(self, lines: tuple[tuple[float, float, float, float], ...]) -> None:
        path = QPainterPath()
        for x0, y0, x1, y1 in lines:
            path.moveTo(x0, y0)
            path.lineTo(x1, y1)
        if lines:
            self.guides.show_path(path, self._kit.guide)
        else:
            self.guides.hide()

    def show_ghost(self, rect: QRectF, title: str) -> None:
        path = QPainterPath()
        path.addRoundedRect(rect, theme.RADIUS, theme.RADIUS)
        fill = QColor(theme.theme().card)
        fill.setAlphaF(0.85)
        self.ghost.show_path(path, QPen(QColor(theme.theme().accent), 1.4, Qt.PenStyle.DashLine), fill, title)

    def show_band(self, rect: QRectF) -> None:
        path = QPainterPath()
        path.addRect(rect)
        fill = QColor(theme.theme().accent)
        fill.setAlphaF(0.12)
        self.band.show_path(path, self._kit.guide, fill)

    def clear(self) -> None:
        for trace in (self.wire, self.guides, self.ghost, self.band):
            trace.hide()


class Bubble(QLabel):
    """A few words beside the pointer, or beside what they are about."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.hide()

    def say(self, words: str, at: QPoint, colour: str = "") -> None:
        """Shows `words` near `at`, inside the parent."""
        if not words:
            self.hide()
            return
        t = theme.theme()
        style = _STYLE.format(t=t, colour=colour or t.line)
        if style != self.styleSheet():
            self.setStyleSheet(style)
        if words != self.text():
            self.setText(words)
            self.ensurePolished()
            self.setFixedWidth(min(320, self.fontMetrics().horizontalAdvance(words) + 30))
        self.adjustSize()
        room = self.parentWidget().rect()
        x = min(at.x() + BESIDE.x(), room.right() - self.width() - 4)
        y = at.y() + BESIDE.y()
        if y + self.height() > room.bottom() - 4:
            y = at.y() - BESIDE.y() - self.height()
        self.move(max(4, x), max(4, y))
        self.raise_()
        self.show()


class Toast(QLabel):
    """Words at the lower edge that go away by themselves."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._timer = QTimer(self, singleShot=True, interval=TOAST_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def say(self, words: str) -> None:
        t = theme.theme()
        self.setStyleSheet(_STYLE.format(t=t, colour=t.amber))
        self.setText(words)
        self.ensurePolished()
        self.place()
        self.raise_()
        self.show()
        self._timer.start()

    def place(self) -> None:
        """At the middle of the lower edge."""
        room = self.parentWidget().rect()
        self.setFixedWidth(min(room.width() - 24, self.fontMetrics().horizontalAdvance(self.text()) + 32))
        self.adjustSize()
        self.move((room.width() - self.width()) // 2, room.height() - self.height() - 12)


_STYLE = (
    "QLabel {{ background: {t.card}; color: {t.text}; border: 1px solid {colour}; border-radius: 5px;"
    " padding: 4px 8px; }}"
)


def advise(painter: QPainter, room: QRectF, begun: bool) -> None:
    """What to do on a sheet with nothing on it, or below its one box."""
    place = room.adjusted(0, max(0.0, room.height() - BELOW), 0, 0) if begun else room
    painter.setFont(theme.title())
    painter.setPen(QColor(theme.theme().faint))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, BEGUN if begun else EMPTY)
