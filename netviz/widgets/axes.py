"""A pair of axes among several that share their steps: which part of the plane it shows, and what is drawn in it."""

from enum import Enum

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from netviz.theme import theme
from netviz.widgets.curves import Bundle, View
from netviz.widgets.guides import Guide, Moment, draw_guides
from netviz.widgets.marks import RIGHT, Fonts, draw_head
from netviz.widgets.ticks import Tick, decade_ticks, linear_ticks


class Scale(Enum):
    LINEAR = "linear"
    LOG = "log"
    SHARE = "share"  # 0 to 100 %, not zoomed


class _Box(pg.ViewBox):
    """A view box whose wheel zooms the steps; with ⌃, the values."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.disableAutoRange()

    def wheelEvent(self, event, axis=None) -> None:
        values = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        super().wheelEvent(event, axis=1 if values else 0)


class Axes:
    """One pair of axes: what is drawn in it, and which part of the plane."""

    def __init__(
        self,
        scale: Scale = Scale.LINEAR,
        name: str = "",
        lane: int = 0,
        *,
        end_labels: bool = False,
        guides: tuple[Guide, ...] = (),
    ) -> None:
        self.scale, self.name, self.lane, self.end_labels, self.guides = scale, name, lane, end_labels, guides
        self.bundles: list[Bundle] = []
        self.moments: tuple[Moment, ...] = ()
        self.apart = ""  # words that tell the lane from the others
        self.shown = True
        self._box: _Box | None = None

    @property
    def box(self) -> _Box:
        """What knows the part of the plane; its own, unless it was given one of axes that are no more."""
        if self._box is None:
            self.take(_Box())
        assert self._box is not None
        return self._box

    def take(self, box: _Box) -> None:
        self._box = box
        box.setMouseEnabled(x=True, y=self.scale is not Scale.SHARE)

    def view(self, *, fine: bool = False) -> View:
        (left, right), (bottom, top) = self.box.viewRange()
        return View(self.box.geometry(), left, right, bottom, top, self.scale is Scale.LOG, fine)

    def looks(self) -> tuple[object, ...]:
        """All that it is painted from, but for its curves."""
        steps, values = self.box.viewRange()
        place = self.box.geometry().getRect(), *steps, *values
        return self.scale, self.name, self.lane, self.apart, self.guides, place

    def ticks(self, most: int) -> list[Tick]:
        _, (bottom, top) = self.box.viewRange()
        if self.scale is Scale.LOG:
            return decade_ticks(bottom, top, most)
        if self.scale is Scale.SHARE:
            return [(0.0, "0 %"), (1.0, "100 %")] if most < 3 else [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")]
        return linear_ticks(bottom, top, most)


def draw_axes(painter: QPainter, fonts: Fonts, one: Axes, label_width: float, *, values: bool, steps: bool) -> None:
    """The name, grid and guides; with `values` the figures at the left, with `steps` those below."""
    rect = one.box.geometry()
    head = QRectF(rect.left(), 0, rect.width() + label_width, fonts.line)
    draw_head(painter, fonts, head, one.name, one.lane, apart=one.apart)
    view, metrics = one.view(), fonts.figure_metrics
    area, height = view.rect, metrics.height()
    painter.setFont(fonts.figures)
    line, ink = QPen(QColor(theme().line), 1), QColor(theme().faint)
    for value, text in one.ticks(max(2, int(area.height() // (height * 1.7)))):
        y = round(float(view.y(10.0**value if view.log and value < 300 else value)))
        painter.setPen(line)
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        if values:
            painter.setPen(ink)
            box = QRectF(0, y - height / 2, area.left() - 5, height)
            painter.drawText(box, RIGHT, text)
    draw_guides(painter, fonts, view, one.guides)
    if not steps:
        return
    painter.setPen(ink)
    most = max(2, int(area.width() // (metrics.averageCharWidth() * 9)))
    for value, text in linear_ticks(view.left, view.right, most, 1.0):
        wide = metrics.horizontalAdvance(text)
        x = float(view.x(value))
        painter.drawLine(QPointF(round(x), area.bottom()), QPointF(round(x), area.bottom() + 3))
        x = min(max(x - wide / 2, area.left() - 2), area.right() + label_width - wide)
        painter.drawText(QRectF(x, area.bottom() + 3, wide + 1, height), Qt.AlignmentFlag.AlignLeft, text)
    if values:
        painter.setFont(fonts.words)
        box = QRectF(0, area.bottom() + 3, area.left() - 5, height)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, "step")
