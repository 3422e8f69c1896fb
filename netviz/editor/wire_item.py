"""A wire between two boxes, with the shape that flows; and the line that stands above a lane."""

from math import inf
from typing import Protocol

from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPainterPathStroker, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from netviz.editor.bounded import Bounded
from netviz.editor.boxes import Wire
from netviz.editor.kit import Kit, Stress
from netviz.editor.metrics import Detail, Metrics
from netviz.editor.routing import Route
from netviz.editor.strands import Strands
from netviz.theme import lane_colour, theme

SAMPLES = 12  # points of a curve that are looked at to find what is near
ABOVE_BOXES = 1.5
LEAST_ROOM = 48.0  # for words, so that most other ones have room there as well
NEAR = 4.0  # how far from its curve a wire is found
WIDE, ENDS = 6.5, 1.0  # how far a wire's pen reaches from its curve, the widest from afar, and over its ends
TOUCH = 10.0  # how wide a wire is for the pointer that rests on it


class Carried(Protocol):
    """What one example sends along a wire; `lit` where it is on its way there just now."""

    @property
    def lit(self) -> bool: ...

    def rect(self, route: Route) -> QRectF: ...

    def paint(self, painter: QPainter, route: Route) -> None: ...


class WireItem(Bounded):
    """A curve from port to port, in scene coordinates."""

    def __init__(self, lane: int, wire: Wire, kit: Kit) -> None:
        super().__init__()
        self.lane, self.wire = lane, wire
        self._kit = kit
        self.route = Route(QPainterPath(), QPointF())
        self._curve = self._drawn = self._room = QRectF()  # near the curve, what it paints, and for its words
        self.reach = (inf, -inf, inf, -inf)  # left, right, top, bottom of what the pointer finds of it
        self._line: QLineF | None = None  # where the curve is one: it is drawn ten times as fast
        self._points: list[tuple[float, float]] = []
        self._label, self._font = "", QFont()
        self.ends: tuple[QPointF, QPointF] | None = None  # where it was led from and to
        self.stress = Stress.NONE
        self._words = ""  # beside the pointer
        self._carried: Carried | None = None
        self.flow: int | None = None  # how much runs along it, see `flow.step_of`; None where nothing is known
        self.strands: Strands | None = None  # its single weights
        self.size: float | None = None  # of its weights, where they are not drawn one by one
        self.lit: tuple[int, int] | None = None  # unit and input of the weight that the pointer rests on

    def show(self, found: Route, label: str, font: QFont) -> None:
        old = self.route
        led = found is not old and (found.path != old.path or found.below != old.below)
        if not led and label == self._label and font is self._font:
            return
        self.route, self._label, self._font = found, label, font
        width, height = self._kit.size_of(label, font)
        if led:
            self._points = []
            self._line = straight_line(found.path)
            self._curve, self._drawn = _round(found.path)
        if led or width > self._room.width() or height > self._room.height():
            self._room.setSize(QSizeF(max(width, LEAST_ROOM), height))
            self._room.moveCenter(found.middle + QPointF(0, height / 2 + 2 if found.below else -height / 2 - 4))
            self._surround()
        if led or self._kit.detail is Detail.ALL:
            self.update()

    def _surround(self) -> None:
        """All that is painted lies in the bounds."""
        around = self._drawn | self._room
        self.reach = _edges(self._curve)
        if self.strands is not None:
            around |= self.strands.area
            self.reach = _edges(self.strands.area)
        if self._carried is not None:
            around |= self._carried.rect(self.route)
        self.bound(around)

    def emphasise(self, stress: Stress) -> None:
        if stress is not self.stress:
            self.stress = stress
            self.lit = None
            self._rise()
            self.update()

    def show_flow(self, step: int | None, words: str) -> None:
        """Colours the wire by what runs along it; `words` say it beside the pointer."""
        self._say(words)
        if step != self.flow or self.strands is not None or self.size is not None:
            stranded, self.flow, self.strands, self.size = self.strands, step, None, None
            if stranded is not None:
                self._surround()
            self.update()

    def _say(self, words: str) -> None:
        if words != self._words:
            self._words = words
            self.setToolTip(words)

    def carry(self, carried: "Carried | None") -> None:
        """What one example sends along the wire, in place of the shape that flows."""
        if carried is not self._carried:
            self._carried = carried
            self._surround()
            self._rise()
            self.update()

    def _rise(self) -> None:
        """Numbers on a short wire lie over the boxes at its ends."""
        plain = 0.5 if self.stress is not Stress.NONE else 0.0
        self.setZValue(plain if self._carried is None else ABOVE_BOXES)

    @property
    def carried(self) -> "Carried | None":
        return self._carried

    def show_weights(self, strands: Strands | None, size: float | None, words: str) -> None:
        """Its weights, one by one or as a whole."""
        stranded, self.flow, self.strands, self.size = self.strands, None, strands, size
        if strands is not None or stranded is not None:
            self._surround()
        self._say(words)
        self.update()

    def point_at(self, point: QPointF, near: float) -> str:
        """Lights the single weight at `point`, and says which it is; nothing where there is none."""
        found = self.strands.near(point, near) if self.strands is not None else None
        lit = found[1:] if found is not None else None
        if lit != self.lit:
            self.lit = lit
            self.update()
        return "" if lit is None or self.strands is None else self.strands.words(self.wire, lit)

    @property
    def level(self) -> bool:
        """Whether it goes straight on to the right, round no box."""
        return self.route.path.elementCount() == 4 and self.ends is not None and self.ends[0].x() < self.ends[1].x()

    @property
    def label(self) -> str:
        return self._label

    def path(self) -> QPainterPath:
        return self.route.path

    def middle(self) -> QPointF:
        return self.route.middle

    def distance(self, point: QPointF, limit: float) -> float:
        """How far `point` is from the wire; infinity where that is more than `limit`."""
        if self.strands is not None:
            found = self.strands.near(point, limit)
            return float("inf") if found is None else found[0]
        x, y = point.x(), point.y()
        if not self._points:
            at = (self.route.path.pointAtPercent(i / SAMPLES) for i in range(SAMPLES + 1))
            self._points = [(p.x(), p.y()) for p in at]
        near = min(_to_segment(x, y, *a, *b) for a, b in zip(self._points, self._points[1:], strict=False))
        return near if near <= limit else float("inf")

    def shape(self) -> QPainterPath:
        stroker = QPainterPathStroker()
        stroker.setWidth(TOUCH)
        return stroker.createStroke(self.route.path)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        kit = self._kit
        carried, strands = self._carried, self.strands
        lit = carried is not None and carried.lit
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if strands is None or self.stress is not Stress.NONE or lit:
            stress = Stress.DROP if lit and self.stress is Stress.NONE else self.stress
            painter.setPen(self._pen() if stress is Stress.NONE else kit.wire_pen(stress))
            if self._line is not None:
                painter.drawLine(self._line)
            else:
                painter.drawPath(self.route.path)
        if strands is not None:
            strands.paint(painter, kit, self.lit)
        elif kit.detail is Detail.ALL and carried is not None:
            carried.paint(painter, self.route)
        elif kit.detail is Detail.ALL and self._label:
            painter.setFont(self._font)
            painter.setPen(kit.label)
            painter.drawText(self._room, Qt.AlignmentFlag.AlignCenter, self._label)

    def _pen(self) -> QPen:
        kit = self._kit
        if self.flow is not None:
            return kit.flow_pen(self.flow)
        if self.size is not None:
            return kit.size_pen(self.size)
        return kit.wire_thin if kit.thin else kit.wire


def straight_line(path: QPainterPath) -> QLineF | None:
    """The line that a curve of one piece is where it leads on at one height; None where it bends or runs back."""
    points = [path.elementAt(i) for i in range(path.elementCount())]
    across, down = [point.x for point in points], {point.y for point in points}
    if len(points) != 4 or len(down) > 1 or across != sorted(across):
        return None
    return QLineF(across[0], points[0].y, across[3], points[0].y)


def _round(path: QPainterPath) -> tuple[QRectF, QRectF]:
    """What lies near a curve, and what its widest pen paints: that ends with it where it leaves and enters sideways.

    So what a box shows is painted anew without the wires that end at it.
    """
    rect, last = path.boundingRect(), path.currentPosition().x()
    sideways = ENDS if path.elementAt(0).x - rect.left() < 0.01 and rect.right() - last < 0.01 else WIDE
    return rect.adjusted(-NEAR, -NEAR, NEAR, NEAR), rect.adjusted(-sideways, -WIDE, sideways, WIDE)


def _edges(rect: QRectF) -> tuple[float, float, float, float]:
    left, top, right, bottom = rect.getCoords()
    return left, right, top, bottom


def _to_segment(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> float:
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / length))
    return float(((x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2) ** 0.5)


class LaneItem(QGraphicsItem):
    """The lane's colour and name, how many parameters it has, and what is wrong with it."""

    def __init__(self, lane: int) -> None:
        super().__init__()
        self._lane = lane
        self._name = self._note = self._problem = ""
        self._width = 0.0
        self._metrics: Metrics | None = None

    def show(self, name: str, note: str, problem: str, width: float, metrics: Metrics) -> None:
        old = (self._name, self._note, self._problem, self._width, self._metrics)
        if (name, note, problem, width, metrics) != old:
            self.prepareGeometryChange()
            self._name, self._note, self._problem = name, note, problem
            self._width, self._metrics = width, metrics
            self.setToolTip(problem)
            self.update()

    @property
    def problem(self) -> str:
        return self._problem

    @property
    def note(self) -> str:
        return self._note

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._width, self._metrics.title_height if self._metrics else 0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._metrics is None:
            return
        t, height = theme(), self._metrics.title_height
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(lane_colour(self._lane))
        painter.drawEllipse(QPointF(4, height / 2), 4, 4)
        parts = (
            (self._name, self._metrics.title, t.text),
            (self._note, self._metrics.small, t.faint),
            (self._problem, self._metrics.small, t.red),
        )
        x = 14.0
        for text, font, colour in parts:
            if not text or x >= self._width:
                continue
            measure = QFontMetricsF(font)
            elided = measure.elidedText(text, Qt.TextElideMode.ElideRight, self._width - x)
            painter.setFont(font)
            painter.setPen(QColor(colour))
            painter.drawText(QRectF(x, 0, self._width - x, height), Qt.AlignmentFlag.AlignVCenter, elided)
            x += measure.horizontalAdvance(elided) + 12
