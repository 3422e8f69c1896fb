"""A widget that is painted by hand as one picture: a fortieth of the cost of as many plot items."""

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QToolTip, QWidget

from netviz import theme
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.widgets.backdrop import Backdrop, Stamps
from netviz.widgets.lighting import Lighting
from netviz.widgets.marks import draw_note, fonts
from netviz.widgets.pointing import Pointer


class Canvas(QWidget):
    """Fills itself with the card's colour, then either `note` or `paint`; `tip` tells what is under the mouse.

    One that follows the shared cursor tells it by `mark_at` what lies at a place, and paints by `paint_marks` what
    is pointed at, over its picture: that is kept, and not painted anew because a light comes or goes.
    """

    covers: ClassVar[bool] = False  # begins with `paint_behind` over all its place: the card need not be filled first

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = ""
        self.sharpness: float | None = None  # device pixels a pixel, where it is not the screen that is drawn on
        self.fonts = fonts()
        self.pointed: Cursor | None = None
        self._follows: frozenset[str] = frozenset()
        self._kept: QPixmap | None = None  # the picture without lights
        self._kept_size = 0, 0, 0.0  # width and height in pixels, and device pixels a pixel
        self._kept_looks: tuple[object, ...] | None = None  # what the kept picture looks like, of one that says it
        self._lighting: Lighting | None = None  # of one that follows the cursor
        self._behind = Backdrop()
        self._stamps = Stamps()
        self._stale = True  # it is to be painted anew
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)

    @property
    def ratio(self) -> float:
        """Device pixels a pixel, for what is drawn as a bitmap."""
        return self.sharpness or self.devicePixelRatioF()

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def looks(self) -> object:
        """All that the picture depends on beside place, theme and fonts: while that stays it is not painted anew.

        None, as by default, where it seldom stays.
        """
        return None

    def paint_behind(
        self, painter: QPainter, rect: QRectF, made_of: tuple[object, ...], paint: Callable[[QPainter], object]
    ) -> None:
        """Paints first what stays the same from picture to picture as long as `made_of`, size, theme and fonts do."""
        if self.sharpness is None:
            self._behind.draw(painter, rect, (self.fonts, *made_of), paint, QColor(theme.theme().card))
        else:
            paint(painter)

    def paint_stamp(
        self, painter: QPainter, rect: QRectF, made_of: tuple[object, ...], paint: Callable[[QPainter, QRectF], object]
    ) -> None:
        """Paints on the card what is likely to come again, here or elsewhere; `made_of` is all that it depends on."""
        if self.sharpness is None:
            self._stamps.draw(painter, rect, made_of, paint)
        else:
            paint(painter, rect)

    def tip(self, place: QPointF) -> str:
        """What is at `place`, in words; nothing by default."""
        return ""

    def follow(self, cursor: Cursor, *fields: str) -> None:
        """Shows what is pointed at, of these fields of a Mark; hovers and pins by `mark_at`."""
        self.pointed, self._follows = cursor, frozenset(fields)
        self._lighting = Lighting(self, lambda: QWidget.update(self, self.room()))
        cursor.changed.connect(self._relight)
        Pointer(self, cursor, lambda place: NOTHING if self.note else self.mark_at(place))

    def mark_at(self, place: QPointF) -> Mark:
        """What lies at `place`, for the shared cursor; nothing by default."""
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        """Lights what the shared cursor points at."""

    def room(self) -> QRect:
        """What the picture fills: a child that lies on the rest is not painted with it."""
        return self.rect()

    def _relight(self, changed: frozenset[str]) -> None:
        if changed & self._follows and self.isVisible() and not self.note:
            assert self._lighting is not None
            self._lighting.change()  # the picture itself stays

    def update(self, *area: object) -> None:
        """Paints the picture anew."""
        self._stale = True
        super().update(*(area or (self.room(),)))

    def show_note(self, note: str) -> None:
        """Shows `note` instead of the picture; the empty text brings the picture back, and paints it anew."""
        if not note or note != self.note:
            self.note = note
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        rect = QRectF(self.rect())
        looks = None if self.note or self.sharpness is not None else self.looks()
        with QPainter(self) as painter:  # it ends whatever happens: one that is left open ends the program
            if looks is not None or (self.pointed is not None and self.sharpness is None and not self.note):
                painter.drawPixmap(0, 0, self._picture(rect, looks))
            else:
                self._fill(painter, rect)
            if self.pointed is not None and not self.note and self._lights(self.pointed.mark):
                self.paint_marks(painter, rect, self.pointed)
        if self._lighting is not None:
            self._lighting.painted(event, self.room())

    def _lights(self, mark: Mark) -> bool:
        return any(getattr(mark, name) is not None for name in self._follows)

    def _fill(self, painter: QPainter, rect: QRectF) -> None:
        if self.note or not self.covers or self.sharpness is not None:
            painter.fillRect(rect, QColor(theme.theme().card))
        if self.note:
            draw_note(painter, self.fonts, rect, self.note)
        else:
            self.paint(painter, rect)

    def _picture(self, rect: QRectF, looks: object) -> QPixmap:
        now, size = theme.look(), (self.width(), self.height(), self.devicePixelRatioF())
        seen = None if looks is None else (looks, self.fonts, now.current, now.presenting)
        if self._kept is None or self._kept_size != size:
            self._kept, self._kept_size = QPixmap((rect.size() * size[2]).toSize()), size
            self._kept.setDevicePixelRatio(size[2])
            self._kept_looks, self._stale = None, True
        if self._stale and (seen is None or seen != self._kept_looks):
            with QPainter(self._kept) as inner:
                self._fill(inner, rect)
        self._stale, self._kept_looks = False, seen
        return self._kept

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
            self._stamps.forget()
            self.update()
        elif event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._stale = True
        super().changeEvent(event)
