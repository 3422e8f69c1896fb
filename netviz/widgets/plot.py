"""Curves over steps that people zoom into: pyqtgraph's view boxes move the view, one painter draws it.

Several axes lie in one view and share the steps: in a row (lanes) or in a column (loss over accuracy). Wheel and
drag zoom and move; ⌃ with the wheel zooms the values; a double click, A or Home shows all again. Axes and grid are
kept as pixels until a range changes, and the curves over them until they are drawn anew: a light that comes or goes
paints neither.
"""

from collections.abc import Sequence
from math import floor

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.theme import on_change, theme
from netviz.widgets import hover
from netviz.widgets.axes import Axes, Scale, draw_axes
from netviz.widgets.axes_picture import Drawn
from netviz.widgets.backdrop import Backdrop
from netviz.widgets.endlabels import changed, end_labels
from netviz.widgets.lighting import Lighting
from netviz.widgets.marks import COLUMN_GAP, draw_note, fonts
from netviz.widgets.pointing import Pointer
from netviz.widgets.strokes import Tracer, draw_strokes

ROOM_FOR_ALL = 150.0  # pixels in height below which only the first of a column of axes is drawn
ROOM_FOR_CURVES = 48.0  # pixels in width that names at the ends of curves leave to these
LABEL = 76.0  # pixels at most for such a name


class Plot(pg.GraphicsView):
    """Axes that share their steps, and in a row their values too. Nothing here ranges by itself."""

    axes: tuple[Axes, ...] = ()
    in_row = False
    zoomed = False  # the person looks at a part: ranges are left alone
    note = ""
    label_width = 0.0  # of the room right of each pair of axes, for the names of curves
    sharpness: float | None = None  # as a Canvas has it
    layered = False  # curves are layers, and are called by their ids

    def __init__(self, parent: QWidget | None = None) -> None:
        self.pointed = Cursor()  # its own, until it follows the one that all share
        self._ringed = False
        self._wanted: dict[int, tuple[tuple[float, float], tuple[float, float]]] = {}
        self._behind = Backdrop()
        self._kept: QPixmap | None = None  # axes and curves without lights
        self._drawn: list[Drawn] = []  # in that picture
        self._new: list[QRect] = []  # the parts of it that were not as in the one before
        self._tracer = Tracer()
        self._stale = True  # they are to be painted anew
        super().__init__(parent)
        self.fonts = fonts()
        self.setCacheMode(pg.GraphicsView.CacheModeFlag.CacheNone)
        self.setViewportUpdateMode(pg.GraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setAccessibleName("Curves")
        on_change(self.relay)
        self._lighting = Lighting(self.viewport(), self.viewport().update)
        self._pointer = Pointer(self.viewport(), self.pointed, self.mark_at, self._near)
        self.pointed.changed.connect(self._relight)

    def follow(self, cursor: Cursor) -> None:
        """Reads its curves at the step that all views point at, and lights the layer."""
        self.pointed.changed.disconnect(self._relight)
        self.pointed = self._pointer.cursor = cursor
        cursor.changed.connect(self._relight)

    def arrange(self, axes: Sequence[Axes], *, in_row: bool = False) -> None:
        """Shows these axes in a row or in a column instead of those before, and in their boxes: those are dear."""
        boxes = [old.box for old in self.axes]
        self.axes, self.in_row, self.zoomed = tuple(axes), in_row, False
        self._wanted.clear()
        for one in self.axes:
            one.take(boxes.pop(0)) if boxes else self._add(one.box)
        for box in boxes:
            self.removeItem(box)
        self.relay()

    def _add(self, box: pg.ViewBox) -> None:
        self.addItem(box)
        box.sigRangeChangedManually.connect(lambda *_: self._moved(next(one for one in self.axes if one.box is box)))
        box.sigRangeChanged.connect(self.redraw)

    def show_note(self, note: str) -> None:
        """Shows `note` instead of axes; the empty text brings them back."""
        if note != self.note:
            self.note = note
            self.relay()

    def show_range(self, axes: Axes, steps: tuple[float, float], values: tuple[float, float]) -> None:
        """The range that shows all; taken unless the person has zoomed."""
        key = self.axes.index(axes)
        if self._wanted.get(key) != (steps, values):
            self._wanted[key] = steps, values
            if not self.zoomed:
                axes.box.setRange(xRange=steps, yRange=values, padding=0)

    def show_all(self) -> None:
        """Forgets the person's zoom."""
        self.zoomed = False
        for key, (steps, values) in self._wanted.items():
            self.axes[key].box.setRange(xRange=steps, yRange=values, padding=0)
        self.redraw()

    def redraw(self, *_: object) -> None:
        """Draws the bundles as they are now."""
        self._stale = True
        self.viewport().update()

    def show_new(self) -> None:
        """Draws the bundles as they are now: the screen is asked for that part only which is new."""
        lit = not self.note and self.pointed.mark != NOTHING  # figures may lie anywhere
        if self._stale or lit or self.sharpness is not None or not self.isVisible():
            self.redraw()
            return
        self._stale = True
        self._picture()
        for part in self._new:
            self.viewport().update(part)

    def _moved(self, moved: Axes) -> None:
        """The others follow the axes that the person moved."""
        self.zoomed = True
        steps, values = moved.box.viewRange()
        for one in self.axes:
            if one is not moved:
                one.box.setXRange(*steps, padding=0)
                if self.in_row:
                    one.box.setYRange(*values, padding=0)
        self.redraw()

    # Where things lie

    def relay(self) -> None:
        """Places the axes anew: the size, the theme or their number has changed."""
        if self.axes and self.width() > 0:
            self._place_row() if self.in_row else self._place_column()
        self.redraw()

    def _margins(self) -> tuple[float, float]:
        """Left of the first axes and below the last: room for tick texts of any range."""
        return self.fonts.figure_metrics.horizontalAdvance("0.0000") + 4, self.fonts.line + 3

    def _place_row(self) -> None:
        left, bottom = self._margins()
        head = self.fonts.line + 2 if any(one.name for one in self.axes) else self.fonts.line / 2
        count = len(self.axes)
        gap = min(COLUMN_GAP, self.width() * 0.03)
        room = self.width() - left - 4 - gap * (count - 1)
        self.label_width = 0.0
        if any(one.end_labels for one in self.axes):
            names = [name for one in self.axes for bundle in one.bundles for name in bundle.names]
            wide = min(LABEL, self.fonts.width(names) + 8)
            self.label_width = wide if room / count - wide >= ROOM_FOR_CURVES else 0.0
        width = max(8.0, room / count - self.label_width)
        for i, one in enumerate(self.axes):
            one.box.setVisible(not self.note)
            x = left + i * (room / count + gap)
            one.box.setGeometry(QRectF(x, head, width, max(8.0, self.height() - head - bottom)))

    def _place_column(self) -> None:
        left, bottom = self._margins()
        top, gap = self.fonts.line / 2, self.fonts.line
        self.label_width = 0.0
        height = self.height() - top - bottom
        wanted = [one for one in self.axes if one.shown]
        wanted = wanted if height >= ROOM_FOR_ALL else wanted[:1]
        weights = [1.0 if one.scale is Scale.SHARE else 2.5 for one in wanted]
        room = height - gap * (len(wanted) - 1)
        for one in self.axes:
            one.box.setVisible(one in wanted and not self.note)
        for one, weight in zip(wanted, weights, strict=True):
            share = max(8.0, room * weight / sum(weights))
            one.box.setGeometry(QRectF(left, top, max(8.0, self.width() - left - 8), share))
            top += share + gap

    def visible_axes(self) -> list[Axes]:
        return [one for one in self.axes if one.box.isVisible()]

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self.relay() if self.axes else None

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self.fonts = fonts()
            self.relay()
        super().changeEvent(event)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """By one painter: the boxes, which know the ranges, draw nothing."""
        with QPainter(self.viewport()) as painter:
            if self.sharpness is None:
                painter.drawPixmap(0, 0, self._picture())
                drawn = self._drawn
            else:
                self._paint_axes(painter)
                drawn = self._trace(painter, fine=True)
                for one in drawn:
                    one.draw(painter, self.fonts, self._room)
            self._paint_lights(painter, drawn)
        self._lighting.painted(event, self.viewport().rect())

    def _picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        size = self.size() * ratio
        fresh = self._kept is None or self._kept.size() != size or self._kept.devicePixelRatio() != ratio
        if fresh:
            self._kept, self._stale = QPixmap(size), True
            self._kept.setDevicePixelRatio(ratio)
        if self._stale:
            with QPainter(self._kept) as painter:
                self._paint_curves(painter, fresh)
            self._stale = False
        return self._kept

    def _paint_curves(self, painter: QPainter, fresh: bool) -> None:
        """Axes, curves and names; on a picture that is not `fresh` only what is not as it was.

        Curves grow at their right end, and most often axes and names stay.
        """
        made_of = self.note, self.fonts, self.label_width, *(one.looks() for one in self.visible_axes())
        ground = QColor(theme().card)
        fresh |= self._behind.keep(painter, QRectF(self.rect()), made_of, self._paint_axes, ground)
        before, self._drawn = self._drawn, self._trace(painter)
        if fresh or [one.manner for one in before] != [one.manner for one in self._drawn]:
            self._behind.lay(painter)
            self._new = [self.rect()]
            for one in self._drawn:
                one.draw(painter, self.fonts, self._room)
            return
        self._new = []
        for old, one in zip(before, self._drawn, strict=True):
            rect = one.view.rect
            if one.since <= rect.right():
                left = max(rect.left(), floor(max(one.since, rect.left())))
                self._lay(painter, QRectF(left, rect.top(), rect.right() - left, rect.height()))
                one.draw_curves(painter, self.fonts, left)
            if one.labels != old.labels:
                top, bottom = changed(self.fonts, old.labels, one.labels)
                self._lay(painter, QRectF(rect.right() + 2, top, self.label_width + 2, bottom - top))
                one.draw_names(painter, self.fonts, self._room, (top, bottom))

    def _lay(self, painter: QPainter, part: QRectF) -> None:
        """What lies behind curves, in a part that is then painted anew."""
        self._new.append(part.toAlignedRect())
        painter.setClipRect(part)
        self._behind.lay(painter)

    def _paint_axes(self, painter: QPainter) -> None:
        self.scene().prepareForPaint()  # boxes take over ranges that are new
        painter.fillRect(self.rect(), QColor(theme().card))
        if self.note:
            draw_note(painter, self.fonts, QRectF(self.rect()), self.note)
            return
        shown = self.visible_axes()
        for i, one in enumerate(shown):
            first, last = i == 0 or not self.in_row, i == len(shown) - 1 or self.in_row
            draw_axes(painter, self.fonts, one, self.label_width, values=first, steps=last)

    @property
    def _room(self) -> float:
        """For the names at curves' ends, in pixels."""
        return self.label_width - 5

    def _trace(self, painter: QPainter, *, fine: bool = False) -> list[Drawn]:
        """The curves as they lie on a picture."""
        tracer, made, ratio = Tracer() if fine else self._tracer, [], painter.device().devicePixelRatioF()
        tracer.start(ratio)
        for one in () if self.note else self.visible_axes():
            view = one.view(fine=fine)
            curves = tracer.trace(view, one.bundles)
            named = one.bundles if one.end_labels and self.label_width else ()
            labels = end_labels(self.fonts, view, named, self._room, ratio)
            made.append(Drawn(view, curves, tracer.since, labels, one.moments))
        return made

    def _paint_lights(self, painter: QPainter, drawn: Sequence[Drawn]) -> None:
        """What the shared cursor points at, and who has the keys."""
        if not self.note and self.pointed.mark != NOTHING:
            is_lit = hover.lights(self.pointed, layered=self.layered)
            for one in drawn:
                if lit := [stroke for curves in one.curves for stroke in curves.strokes(wanted=is_lit)]:
                    hover.dim(painter, one.view)
                    draw_strokes(painter, one.view, lit)
            self._draw_readings(painter)
        if self._ringed:
            painter.setPen(QPen(QColor(theme().accent), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0, 0, -1, -1))

    def _draw_readings(self, painter: QPainter) -> None:
        """The step that is pointed at in every pair of axes, with figures wherever there is room for them.

        Where the mouse is elsewhere and a layer is lit, only the figures of that layer: the curves stay in sight.
        """
        step, pinned = self.pointed.mark.step, self.pointed.pinned.step
        if step is None:
            return
        aside = not self.underMouse()
        for one in self.visible_axes():
            lit = [] if not aside else hover.lit(one.bundles, self.pointed, layered=self.layered)
            reading = hover.read(lit or one.bundles, step)
            if reading is not None:
                room = one.box.geometry().adjusted(0, 0, self.label_width, 0)
                hover.draw_reading(painter, self.fonts, one.view(), reading, room, pinned=step == pinned, aside=aside)

    def _under(self, place: QPointF) -> Axes | None:
        return next((one for one in self.visible_axes() if one.box.geometry().contains(place)), None)

    # Mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Boxes are dragged; what is hovered is the pointer's matter, and no item here asks for it."""
        if event.buttons():
            super().mouseMoveEvent(event)

    def mark_at(self, place: QPointF) -> Mark:
        """The step under the mouse, as its curves have it, and of layers the one whose curve is near."""
        one = None if self.note else self._under(place)
        if one is None:
            return NOTHING
        view = one.view()
        reading = hover.read(one.bundles, view.step_at(place.x()))
        if reading is None:
            return NOTHING
        lane, name = hover.curve_at(one.bundles, view, place)
        return Mark(name if self.layered else None, lane=one.lane if one.name else lane, step=reading.step)

    def _near(self) -> float:
        """Steps so near to one another look like one."""
        shown = self.visible_axes()
        return 3 * (shown[0].view().step_at(1.0) - shown[0].view().step_at(0.0)) if shown else 0.0

    def _relight(self, changed: frozenset[str]) -> None:
        if self.isVisible() and changed & ({"step", "layer"} if self.layered else {"step", "lane"}):
            self._lighting.change()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.show_all()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._ringed = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._ringed = False
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shown = event.key(), self.visible_axes()
        if key in (Qt.Key.Key_A, Qt.Key.Key_Home):
            self.show_all()
        elif shown and key in ZOOM_KEYS:
            scale, shift = ZOOM_KEYS[key]
            left, right = shown[0].box.viewRange()[0]
            middle, half = (left + right) / 2 + shift * (right - left), (right - left) / 2 * scale
            shown[0].box.setXRange(middle - half, middle + half, padding=0)
            self._moved(shown[0])
        else:
            event.ignore()


# How the view's width and place (in widths) change
ZOOM_KEYS = {
    Qt.Key.Key_Plus: (0.8, 0.0),
    Qt.Key.Key_Equal: (0.8, 0.0),
    Qt.Key.Key_Minus: (1.25, 0.0),
    Qt.Key.Key_Left: (1.0, -0.1),
    Qt.Key.Key_Right: (1.0, 0.1),
}
