"""Icons, painted: sharp at every scale, in the colours of the theme that is in use."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from netviz import theme

Draw = Callable[[QPainterPath], None]


def _triangle(path: QPainterPath, left: float, right: float) -> None:
    path.addPolygon(QPolygonF([QPointF(left, 3), QPointF(right, 8), QPointF(left, 13)]))
    path.closeSubpath()


def _play(path: QPainterPath) -> None:
    _triangle(path, 4, 13)


def _previous(path: QPainterPath) -> None:
    _triangle(path, 12, 3)


def _pause(path: QPainterPath) -> None:
    path.addRect(QRectF(4, 3, 3, 10))
    path.addRect(QRectF(9, 3, 3, 10))


def _step(path: QPainterPath) -> None:
    _triangle(path, 3, 10)
    path.addRect(QRectF(11, 3, 2, 10))


def _epoch(path: QPainterPath) -> None:
    _triangle(path, 1, 7)
    _triangle(path, 7, 13)
    path.addRect(QRectF(13, 3, 2, 10))


def _reset(path: QPainterPath) -> None:
    path.addRect(QRectF(2, 3, 2, 10))
    path.addPolygon(QPolygonF([QPointF(14, 3), QPointF(5, 8), QPointF(14, 13)]))
    path.closeSubpath()


def _dice(path: QPainterPath) -> None:
    outer = QPainterPath()
    outer.addRoundedRect(QRectF(2, 2, 12, 12), 2, 2)
    for x, y in ((5.5, 5.5), (10.5, 5.5), (8, 8), (5.5, 10.5), (10.5, 10.5)):
        outer.addEllipse(QPointF(x, y), 1.2, 1.2)
    path.addPath(outer)


def _close(path: QPainterPath) -> None:
    path.moveTo(4.5, 4.5)
    path.lineTo(11.5, 11.5)
    path.moveTo(11.5, 4.5)
    path.lineTo(4.5, 11.5)


def _full(path: QPainterPath) -> None:
    for x, y, across, down in ((3, 3, 1, 1), (13, 3, -1, 1), (3, 13, 1, -1), (13, 13, -1, -1)):
        path.moveTo(x + 3.2 * across, y)
        path.lineTo(x, y)
        path.lineTo(x, y + 3.2 * down)


def _restore(path: QPainterPath) -> None:
    for x, y, across, down in ((6.2, 6.2, -1, -1), (9.8, 6.2, 1, -1), (6.2, 9.8, -1, 1), (9.8, 9.8, 1, 1)):
        path.moveTo(x + 3.2 * across, y)
        path.lineTo(x, y)
        path.lineTo(x, y + 3.2 * down)


def _more(path: QPainterPath) -> None:
    for x in (3.8, 8.0, 12.2):
        path.addEllipse(QPointF(x, 8), 0.7, 0.7)


def _help(path: QPainterPath) -> None:
    path.addEllipse(QRectF(2.5, 2.5, 11, 11))
    path.moveTo(6.2, 6.6)
    path.cubicTo(6.2, 4.2, 9.8, 4.2, 9.8, 6.6)
    path.cubicTo(9.8, 8, 8, 8, 8, 9.4)
    path.moveTo(8, 11)
    path.lineTo(8, 11.4)


def _pencil(path: QPainterPath) -> None:
    path.addPolygon(
        QPolygonF([QPointF(*at) for at in ((3, 13), (3.8, 9.8), (10.6, 3), (13, 5.4), (6.2, 12.2), (3, 13))])
    )
    path.moveTo(9, 4.6)
    path.lineTo(11.4, 7)


def _sharp(path: QPainterPath) -> None:
    path.addRect(QRectF(3, 3, 10, 10))
    path.moveTo(3, 11)
    path.cubicTo(8, 11, 6, 5, 13, 5)


def _target(path: QPainterPath) -> None:
    path.addEllipse(QPointF(8, 8), 4, 4)
    for x, y in ((0, -1), (1, 0), (0, 1), (-1, 0)):
        path.moveTo(8 + 2.2 * x, 8 + 2.2 * y)
        path.lineTo(8 + 6.5 * x, 8 + 6.5 * y)


def _beside(path: QPainterPath) -> None:
    """One box and a plus below it: another of the same."""
    path.addRoundedRect(QRectF(2, 2, 12, 4.5), 1, 1)
    path.moveTo(8, 9)
    path.lineTo(8, 14)
    path.moveTo(5.5, 11.5)
    path.lineTo(10.5, 11.5)


_FILLED: dict[str, Draw] = {
    "next": _play,
    "play": _play,
    "previous": _previous,
    "pause": _pause,
    "step": _step,
    "epoch": _epoch,
    "reset": _reset,
    "dice": _dice,
}
_LINES: dict[str, Draw] = {
    "beside": _beside,
    "close": _close,
    "full": _full,
    "help": _help,
    "more": _more,
    "pencil": _pencil,
    "restore": _restore,
    "sharp": _sharp,
    "target": _target,
}
FIRST = "play"  # what a hand looks for before all else


def icon(name: str) -> QIcon:
    """An icon by name, drawn on a 16 × 16 field."""
    return QIcon(_Engine(name))


class _Engine(QIconEngine):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        t = theme.theme()
        colour = QColor(t.on_accent if state == QIcon.State.On else t.accent if self._name == FIRST else t.text)
        if mode == QIcon.Mode.Disabled:
            colour = theme.mix(t.faint, t.card, 0.4)
        path = QPainterPath()
        (_FILLED.get(self._name) or _LINES[self._name])(path)
        side = min(rect.width(), rect.height())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2)
        painter.scale(side / 16, side / 16)
        if self._name in _FILLED:
            painter.fillPath(path, colour)
        else:
            painter.strokePath(path, QPen(colour, 1.3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(  # noqa: N802 (Qt's)
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        if size.isEmpty():  # a button that is being laid out
            return QPixmap()
        made = QPixmap(size * scale)  # the size is in the screen's own units
        made.setDevicePixelRatio(scale)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return made

    def clone(self) -> QIconEngine:
        return _Engine(self._name)
