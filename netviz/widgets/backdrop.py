"""What stays the same from picture to picture, painted once and kept as pixels: words are the dearest to paint."""

from collections.abc import Callable
from math import ceil, floor

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QTransform

from netviz.theme import Theme, look

State = tuple[Theme, float, bool, float, QRect, QTransform]


class Backdrop:
    """One such painting, for whoever holds it: made anew only where it would come out otherwise.

    Pixel by pixel it is what would have been painted on the spot: it has the screen's pixels, and the same place
    between them. For screens and bitmaps, not turned; a file of lines and words is to be painted without it.
    """

    def __init__(self) -> None:
        self._made_of: tuple[object, ...] | None = None
        self._state: State | None = None
        self._pixels = QPixmap()

    def forget(self) -> None:
        """It is painted anew the next time."""
        self._made_of = None

    def draw(
        self,
        painter: QPainter,
        area: QRectF,
        made_of: tuple[object, ...],
        paint: Callable[[QPainter], object],
        ground: QColor | None = None,
    ) -> None:
        """Lays down what `paint` paints within `area`, on `ground` where there is one.

        `made_of` is all that it depends on beside theme, size of text and place.
        """
        ratio, view, now = painter.device().devicePixelRatioF(), painter.worldTransform(), look()
        box = view.mapRect(area)
        if box.isEmpty():
            return
        left, top = floor(box.left() * ratio), floor(box.top() * ratio)
        size = ceil(box.right() * ratio) - left, ceil(box.bottom() * ratio) - top
        corner = QPointF(left / ratio, top / ratio)
        inside = view * QTransform.fromTranslate(-corner.x(), -corner.y())
        state = now.current, now.scale, now.presenting, ratio, QRect(0, 0, *size), inside
        if made_of != self._made_of or state != self._state:
            self._made_of, self._state = made_of, state
            self._pixels = QPixmap(*size)
            self._pixels.setDevicePixelRatio(ratio)
            self._pixels.fill(Qt.GlobalColor.transparent if ground is None else ground)
            inner = QPainter(self._pixels)
            inner.setRenderHints(painter.renderHints())
            inner.setWorldTransform(inside)
            paint(inner)
            inner.end()
        painter.resetTransform()
        painter.drawPixmap(corner, self._pixels)
        painter.setWorldTransform(view)
