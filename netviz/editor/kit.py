"""Pens and brushes of the drawn network, made once for each theme, and how much is to be read at the zoom of the view.

All items of a scene share one Kit: making a pen costs as much as drawing a box with it.
"""

from enum import Enum
from math import isfinite

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen

from netviz.editor.flow import STEPS, weight_colour, weight_step, weight_width, width_of
from netviz.editor.metrics import Detail
from netviz.theme import Theme, depth_colour, flow_colour, mix, theme

THIN = 0.75  # zoom below which lines grow no thinner on the screen: what a width tells can be read from afar


class Stress(Enum):
    """Why a wire looks unlike the others."""

    NONE = 0
    HOVER = 1
    CHOSEN = 2
    DROP = 3  # what is held will be put into it
    LEAVING = 4  # what it leads to is being pulled out


class Kit:
    """What items paint with."""

    def __init__(self) -> None:
        self.detail = Detail.ALL
        self.thin = False  # from afar; a bent line of one pixel is drawn five times as fast as a wider one
        self._grown = 1.0  # how much wider a line is than at zoom 1, in scene units
        self._theme: Theme | None = None
        self._elided: dict[tuple[str, int, float], str] = {}
        self._sizes: dict[tuple[str, int], tuple[float, float]] = {}
        self.renew()

    def stand_at(self, zoom: float) -> None:
        """The view shows the scene at this zoom now."""
        self.detail, self.thin = Detail.at(zoom), zoom < THIN
        grown = max(1.0, THIN / zoom)
        if grown != self._grown:
            self._grown = grown
            self._flows.clear()

    def renew(self) -> None:
        """Takes over the theme in use."""
        t = theme()
        if t is self._theme:
            return
        self._theme = t
        self._depths: dict[tuple[int, int], QColor] = {}
        self._flows: dict[int, QPen] = {}
        self._weights: dict[int | None, QPen] = {}
        self.slot = QBrush(mix(t.card, t.window, 0.55))
        self.card, self.raised = QBrush(QColor(t.card)), QBrush(mix(t.card, t.raised, 0.7))
        self.faded = QBrush(mix(t.card, t.window, 0.75))
        self.afar = mix(t.card, t.faint, 0.35)
        self.port, self.port_taken = QBrush(mix(t.card, t.window, 0.5)), QBrush(mix(t.faint, t.card, 0.2))
        self.edge, self.edge_hover = QPen(QColor(t.line), 1.0), QPen(mix(t.line, t.text, 0.35), 1.0)
        self.edge_faded = QPen(mix(t.line, t.window, 0.25), 1.0, Qt.PenStyle.DashLine)
        self.edge_chosen, self.edge_wrong = QPen(QColor(t.accent), 1.6), QPen(QColor(t.red), 1.6)
        self.glow, self.inner_wrong = QPen(mix(t.card, t.accent, 0.4), 3.0), QPen(QColor(t.red), 1.2)
        self.port_edge, self.port_hot = QPen(mix(t.faint, t.card, 0.2), 1.2), QPen(QColor(t.accent), 1.6)
        self.text, self.faint = QPen(QColor(t.text)), QPen(QColor(t.faint))
        self.text_faded, self.faint_faded = QPen(mix(t.text, t.window, 0.45)), QPen(mix(t.faint, t.window, 0.35))
        self.wire, self.wire_hover = QPen(mix(t.faint, t.window, 0.35), 2.0), QPen(mix(t.faint, t.text, 0.3), 2.4)
        self.wire_chosen, self.wire_drop = QPen(QColor(t.accent), 2.6), QPen(QColor(t.accent), 4.0)
        self.wire_thin = QPen(mix(t.faint, t.window, 0.35), 1.0)
        self.wire_thin.setCosmetic(True)
        self.wire_leaving = QPen(mix(t.faint, t.window, 0.6), 1.6, Qt.PenStyle.DashLine)
        self.level_track, self.signal = QBrush(QColor(t.line)), QBrush(QColor(t.accent))
        self.gradient = QBrush(QColor(t.green))
        self.label = QPen(mix(t.faint, t.text, 0.2))
        self.mark_chosen, self.mark_hover = QBrush(mix(t.card, t.accent, 0.32)), QBrush(mix(t.card, t.accent, 0.14))
        self.guide = QPen(QColor(t.accent), 1.0, Qt.PenStyle.DashLine)
        self.mark_afar, self.wrong_afar = QPen(QColor(t.accent), 2.5), QPen(QColor(t.red), 1.6)
        for pen in (self.guide, self.mark_afar, self.wrong_afar):
            pen.setCosmetic(True)
        for pen in (self.wire, self.wire_hover, self.wire_chosen, self.wire_drop):
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)

    def depth(self, index: int, count: int) -> QColor:
        """The colour of a layer with weights, by its depth."""
        if (colour := self._depths.get((index, count))) is None:
            colour = self._depths[index, count] = depth_colour(index, count)
        return colour

    def box_afar(self, depth: tuple[int, int] | None, loose: bool) -> QColor:
        """All that is left of a box from far away."""
        colour = self.afar if depth is None else self.depth(*depth)
        return mix(colour, theme().window, 0.6) if loose else colour

    def flow_pen(self, step: int) -> QPen:
        """For a wire along which so much runs, see `flow.step_of`."""
        if (pen := self._flows.get(step)) is None:
            pen = self._flows[step] = QPen(flow_colour(step / STEPS), width_of(step) * self._grown)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen

    def weight_pen(self, weight: float) -> QPen:
        """For a single weight: blue below 0, orange above; red for what is no number."""
        step = weight_step(weight)
        if (pen := self._weights.get(step)) is None:
            pen = self._weights[step] = QPen(weight_colour(step), weight_width(step))
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen

    def size_pen(self, size: float) -> QPen:
        """For a wire of which only the size of its weights is shown, whatever their signs."""
        pen = QPen(self.wire if isfinite(size) else self.edge_wrong)
        pen.setWidthF(weight_width(weight_step(size)) * self._grown)
        return pen

    def wire_pen(self, stress: Stress) -> QPen:
        pen = {
            Stress.NONE: self.wire,
            Stress.HOVER: self.wire_hover,
            Stress.CHOSEN: self.wire_chosen,
            Stress.DROP: self.wire_drop,
            Stress.LEAVING: self.wire_leaving,
        }[stress]
        if self._grown > 1:
            pen = QPen(pen)
            pen.setWidthF(pen.widthF() * self._grown)
        return pen

    def verdict_pen(self, ok: bool, possible: bool) -> QPen:
        """Accent: fits. Amber: can be drawn and is a problem then. Red: cannot be."""
        t = theme()
        pen = QPen(QColor(t.accent if ok else t.amber if possible else t.red), 2.4)
        if not ok:
            pen.setStyle(Qt.PenStyle.DashLine)
        return pen

    def write(self, painter: QPainter, rect: QRectF, text: str, font: QFont, pen: QPen) -> None:
        """One line from the left, cut with … where it is too long."""
        key = text, id(font), round(rect.width())
        elided = self._elided.get(key)
        if elided is None:
            if len(self._elided) > 5000:
                self._elided.clear()
            measure = QFontMetricsF(font)
            elided = self._elided[key] = measure.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.setFont(font)
        painter.setPen(pen)
        painter.drawText(rect, _LEFT, elided)

    def size_of(self, label: str, font: QFont) -> tuple[float, float]:
        """The room that a wire's words take: thousands of wires have few."""
        key = label, id(font)
        if (size := self._sizes.get(key)) is None:
            measure = QFontMetricsF(font)
            size = self._sizes[key] = measure.horizontalAdvance(label) + 2, measure.height()
        return size

    def forget_words(self) -> None:
        """Fonts are new: what fitted before may not fit now."""
        self._elided.clear()
        self._sizes.clear()


def dot(painter: QPainter, x: float, y: float, radius: float) -> None:
    painter.drawEllipse(QPointF(x, y), radius, radius)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
