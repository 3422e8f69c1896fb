"""How a box's live picture comes onto the screen: as it is answered, and again where the box is painted once more."""

from math import ceil

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter, QPixmap, QTransform

from netviz.editor.pictures import Picture

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
        zoom, corner = view.m11(), view.map(area.topLeft())
        sharp, state = zoom * ratio, (area.size(), zoom * ratio)
        again = shown is self._shown and state == self._state and not once
        if not again:
            self._shown, self._state, self._pixels = shown, state, None
        if sharp > SHARPEST:  # a picture of the network that is larger than any screen
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            pixels = _pixels(area, shown, SHARPEST)
            painter.drawPixmap(area, pixels, QRectF(pixels.rect()))
            return
        left, top = round(corner.x() * ratio) / ratio, round(corner.y() * ratio) / ratio
        wide, high = _size(area, sharp)
        place = QRectF(left, top, wide / ratio, high / ratio)
        # At the edge of the view lines are cut, and may then miss a pixel.
        if not again and QRectF(painter.viewport()).contains(place):
            inside = QRectF(QPointF(), area.size())
            painter.save()
            painter.resetTransform()
            painter.setClipRect(place, Qt.ClipOperation.IntersectClip)
            painter.setWorldTransform(QTransform.fromTranslate(left, top).scale(zoom, zoom))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            shown.paint(painter, inside)
            painter.restore()
            return
        if self._pixels is None:
            self._pixels = _pixels(area, shown, sharp)
            self._pixels.setDevicePixelRatio(ratio)
        painter.resetTransform()
        painter.drawPixmap(place.topLeft(), self._pixels)
        painter.setWorldTransform(view)


def _pixels(area: QRectF, shown: Picture, sharp: float) -> QPixmap:
    """The picture with `sharp` pixels to one of the scene."""
    made = QPixmap(*_size(area, sharp))
    made.fill(Qt.GlobalColor.transparent)
    made.setDevicePixelRatio(sharp)
    with QPainter(made) as inner:
        shown.paint(inner, QRectF(QPointF(), area.size()))
    return made


def _size(area: QRectF, sharp: float) -> tuple[int, int]:
    """In whole pixels."""
    return ceil(area.width() * sharp), ceil(area.height() * sharp)
