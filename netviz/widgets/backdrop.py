"""What stays the same from picture to picture, painted once and kept as pixels: words are the dearest to paint."""

from collections.abc import Callable
from math import ceil, floor

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QTransform

from netviz.theme import Theme, look

MOST_STAMPS = 400
State = tuple[Theme, float, bool, QRect, QTransform, float]


class Backdrop:
    """One such painting, for whoever holds it: made anew only where it would come out otherwise.

    Pixel by pixel it is what would have been painted on the spot: it has the screen's pixels, and the same place
    between them. For screens and bitmaps, not turned; a file of lines and words is to be painted without it.
    """

    def __init__(self) -> None:
        self._made_of: tuple[object, ...] | None = None
        self._state: State | None = None
        self._place: tuple[object, ...] = ()  # what the following was worked out for
        self._corner, self._size, self._inside = QPointF(), QRect(), QTransform()
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
        self.keep(painter, area, made_of, paint, ground)
        self.lay(painter)

    def keep(
        self,
        painter: QPainter,
        area: QRectF,
        made_of: tuple[object, ...],
        paint: Callable[[QPainter], object],
        ground: QColor | None = None,
    ) -> bool:
        """Makes ready what `draw` would lay down; whether it had to be painted anew."""
        ratio, view, now = painter.device().devicePixelRatioF(), painter.worldTransform(), look()
        place = ratio, area.getRect(), view
        if place != self._place:
            self._place = place
            self._put(view.mapRect(area), view, ratio)
        if self._size.isEmpty():
            return True
        state = now.current, now.scale, now.presenting, self._size, self._inside, ratio
        if made_of == self._made_of and state == self._state:
            return False
        self._made_of, self._state = None, state
        self._pixels = QPixmap(self._size.size())
        self._pixels.setDevicePixelRatio(ratio)
        self._pixels.fill(Qt.GlobalColor.transparent if ground is None else ground)
        with QPainter(self._pixels) as inner:
            inner.setRenderHints(painter.renderHints())
            inner.setWorldTransform(self._inside)
            paint(inner)
        self._made_of = made_of
        return True

    def lay(self, painter: QPainter) -> None:
        """Lays down what is kept for this painter, within its clip."""
        if self._size.isEmpty():
            return
        view = painter.worldTransform()
        if view.isIdentity():
            painter.drawPixmap(self._corner, self._pixels)
            return
        painter.resetTransform()
        painter.drawPixmap(self._corner, self._pixels)
        painter.setWorldTransform(view)

    def _put(self, box: QRectF, view: QTransform, ratio: float) -> None:
        """Its place on the device, in whole pixels, and the way from what is painted to these."""
        left, top = floor(box.left() * ratio), floor(box.top() * ratio)
        high, wide = ceil(box.bottom() * ratio) - top, ceil(box.right() * ratio) - left
        self._size = QRect() if box.isEmpty() else QRect(0, 0, wide, high)
        self._corner = QPointF(left / ratio, top / ratio)
        self._inside = view * QTransform.fromTranslate(-self._corner.x(), -self._corner.y())


class Stamps:
    """Small paintings on the card that come again, here or elsewhere, as `Backdrop` is one large one.

    For painters that are neither turned nor moved.
    """

    def __init__(self) -> None:
        self._state: tuple[object, ...] = ()
        self._made: dict[tuple[object, ...], QPixmap] = {}

    def forget(self) -> None:
        """They are painted anew the next time."""
        self._made.clear()

    def draw(
        self,
        painter: QPainter,
        area: QRectF,
        made_of: tuple[object, ...],
        paint: Callable[[QPainter, QRectF], object],
    ) -> None:
        """Lays down what `paint` paints within `area`, or the place that it has on a stamp.

        `made_of` is all that it depends on beside theme, size of text and size.
        """
        ratio, now = painter.device().devicePixelRatioF(), look()
        state = now.current, now.scale, now.presenting, ratio
        if state != self._state or len(self._made) > MOST_STAMPS:
            self._state = state
            self._made.clear()
        x, y, wide, high = area.getRect()
        left, top = floor(x * ratio), floor(y * ratio)
        key = made_of, x * ratio - left, y * ratio - top, wide, high
        stamp = self._made.get(key)
        if stamp is None:
            inside = QRectF(x - left / ratio, y - top / ratio, wide, high)
            stamp = QPixmap(ceil((x + wide) * ratio) - left, ceil((y + high) * ratio) - top)
            stamp.setDevicePixelRatio(ratio)
            stamp.fill(QColor(now.current.card))
            with QPainter(stamp) as inner:
                inner.setRenderHints(painter.renderHints())
                paint(inner, inside)
            self._made[key] = stamp
        painter.drawPixmap(QPointF(left / ratio, top / ratio), stamp)
