"""How a box's live picture comes onto the screen: as it is answered, and again where the box is painted once more."""

from collections.abc import Callable
from math import ceil, floor

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter, QPixmap, QTransform

from netviz.editor.pictures import Picture, Tiled, sharpness

SHARPEST = 4.0  # pixels that a kept picture has to a pixel of the scene, at most


class LivePixels:
    """Most pictures are painted once, on the spot. What is painted again is kept as pixels: a drag paints every box.

    These are laid down pixel on pixel: to stretch them, even by little, takes longer than to paint anew. Both ways
    lead to the same pixels, but for the last bits of what is half transparent.
    """

    def __init__(self) -> None:
        self._shown: Picture | None = None
        self._state: tuple[QSizeF, float] | None = None  # that it was painted in
        self._pixels: QPixmap | None = None

    @property
    def kept(self) -> bool:
        return self._pixels is not None

    def draw(self, painter: QPainter, area: QRectF, shown: Picture, once: bool = False) -> None:
        """Paints `shown` into `area`, which begins where pixels do; `once`, nothing is kept of it."""
        ratio, view = painter.device().devicePixelRatioF(), painter.worldTransform()
        sharp = view.m11() * ratio
        again = self._seen(shown, area, sharp) and not once
        if not again:
            self._pixels = None
        if sharp > SHARPEST:  # a picture of the network that is larger than any screen
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            pixels = _pixels(area, shown.paint, SHARPEST)
            painter.drawPixmap(area, pixels, QRectF(pixels.rect()))
            return
        onto = on_device(view, area, ratio)
        wide, high = _size(area, sharp)
        place = QRectF(onto.dx(), onto.dy(), wide / ratio, high / ratio)
        # At the edge of the view lines are cut, and may then miss a pixel.
        if not again and QRectF(painter.viewport()).contains(place):
            inside = QRectF(QPointF(), area.size())
            painter.save()
            painter.resetTransform()
            painter.setClipRect(place, Qt.ClipOperation.IntersectClip)
            painter.setWorldTransform(onto)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            shown.paint(painter, inside)
            painter.restore()
            return
        self._lay(painter, onto, area, shown.paint, sharp)
        painter.setWorldTransform(view)

    def fill(self, painter: QPainter, area: QRectF, shown: Tiled) -> None:
        """Paints the squares of `shown` alone: these are whole pixels, which no edge of the view cuts otherwise."""
        ratio, view = painter.device().devicePixelRatioF(), painter.worldTransform()
        sharp, onto = view.m11() * ratio, on_device(view, area, ratio)
        if self._seen(shown, area, sharp):
            self._lay(painter, onto, area, shown.fill, sharp)
        else:
            self._pixels = None
            painter.setWorldTransform(onto)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            shown.fill(painter, QRectF(QPointF(), area.size()))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setWorldTransform(view)

    def _seen(self, shown: Picture, area: QRectF, sharp: float) -> bool:
        """Whether it was painted like this the last time."""
        before, self._shown, self._state = (self._shown, self._state), shown, (area.size(), sharp)
        return before[0] is shown and before[1] == self._state

    def _lay(
        self,
        painter: QPainter,
        onto: QTransform,
        area: QRectF,
        paint: Callable[[QPainter, QRectF], object],
        sharp: float,
    ) -> None:
        if self._pixels is None:
            self._pixels = _pixels(area, paint, sharp)
            self._pixels.setDevicePixelRatio(sharp / onto.m11())
        painter.resetTransform()
        painter.drawPixmap(QPointF(onto.dx(), onto.dy()), self._pixels)


def clear(painter: QPainter, area: QRectF, shown: Tiled) -> None:
    """Leaves holes for the squares of `shown`, and paints what lies over them: to be laid on what `fill` paints."""
    painter.save()
    painter.setWorldTransform(on_device(painter.worldTransform(), area, painter.device().devicePixelRatioF()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    inside = QRectF(QPointF(), area.size())
    for square in shown.squares(inside, sharpness(painter)):
        painter.fillRect(square, Qt.GlobalColor.black)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    shown.frame(painter, inside)
    painter.restore()


def too_sharp(painter: QPainter) -> bool:
    """Whether pictures are stretched here: they have fewer pixels."""
    return sharpness(painter) > SHARPEST


def on_device(view: QTransform, area: QRectF, ratio: float) -> QTransform:
    """From within `area`, which begins on a whole pixel then."""
    corner, zoom = view.map(area.topLeft()), view.m11()
    # The upper one of two that are as near, at odd places and at even ones.
    left, top = floor(corner.x() * ratio + 0.5) / ratio, floor(corner.y() * ratio + 0.5) / ratio
    return QTransform.fromTranslate(left, top).scale(zoom, zoom)


def _pixels(area: QRectF, paint: Callable[[QPainter, QRectF], object], sharp: float) -> QPixmap:
    """The picture with `sharp` pixels to one of the scene."""
    made = QPixmap(*_size(area, sharp))
    made.fill(Qt.GlobalColor.transparent)
    made.setDevicePixelRatio(sharp)
    with QPainter(made) as inner:
        paint(inner, QRectF(QPointF(), area.size()))
    return made


def _size(area: QRectF, sharp: float) -> tuple[int, int]:
    """In whole pixels."""
    return ceil(area.width() * sharp), ceil(area.height() * sharp)
