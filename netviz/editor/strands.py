"""Single weights, as lines between the units of two boxes: width |w|, blue below 0, orange above."""

from itertools import groupby
from math import isfinite
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPen

from engine.probes.connections import LayerConnections
from netviz.editor.box_picture import text_of_shape
from netviz.editor.boxes import Wire
from netviz.editor.followed_pictures import Cells
from netviz.editor.kit import Kit
from netviz.editor.node_item import NodeItem
from netviz.editor.pictures import Maps
from netviz.editor.routing import straight
from netviz.widgets.ticks import signed

EDGE = 8.0  # from a box's edge, where it holds no picture


class Line(NamedTuple):
    """One weight's line, in the scene."""

    unit: int
    input: int
    start: QPointF
    end: QPointF
    path: QPainterPath

    @property
    def weight(self) -> tuple[int, int]:
        return self.unit, self.input


class Strands:
    """The weights (units, inputs) of the layer that a wire leads to. Lines follow the boxes wherever those are."""

    def __init__(self, values: np.ndarray, start: NodeItem, end: NodeItem) -> None:
        self.values, self.start, self.end = values, start, end
        self._sizes = np.nan_to_num(np.abs(values), nan=np.inf)
        self._led_for: tuple[object, ...] = ()
        self._lines: list[Line] = []
        self._area = QRectF()

    @property
    def lines(self) -> list[Line]:
        """The heaviest last, so that it lies on top."""
        self._lead()
        return self._lines

    @property
    def area(self) -> QRectF:
        """All lines lie in it."""
        self._lead()
        return self._area

    def _lead(self) -> None:
        """Leads the lines anew where a box stands elsewhere, or holds another picture."""
        start, end = self.start, self.end
        shown = start.live, end.live, start.followed, end.followed
        led_for = start.pos(), end.pos(), *shown, start.metrics, end.metrics
        if led_for == self._led_for:
            return
        self._led_for = led_for
        boxes = [box.rect().translated(box.pos()) for box in (start, end)]
        left, right, both = boxes[0].right(), boxes[1].left(), boxes[0] | boxes[1]
        self._area = QRectF(QPointF(left, both.top()), QPointF(right, both.bottom())).normalized()
        units, inputs = self.values.shape
        starts = [QPointF(left, start.y() + y) for y in heights(start, inputs)]
        ends = [QPointF(right, end.y() + y) for y in heights(end, units)]
        lines = [Line(u, n, a, b, straight(a, b)) for u, b in enumerate(ends) for n, a in enumerate(starts)]
        self._lines = sorted(lines, key=lambda line: self._sizes[line.weight])

    def paint(self, painter: QPainter, kit: Kit, lit: tuple[int, int] | None) -> None:
        """What the pointer rests on lies above all."""
        for line in self.lines:
            painter.strokePath(line.path, kit.weight_pen(float(self.values[line.weight])))
        for line in self.lines if lit is not None else ():
            if line.weight == lit:
                pen = kit.weight_pen(float(self.values[lit]))
                painter.strokePath(line.path, QPen(kit.text.color(), pen.widthF() + 2))
                painter.strokePath(line.path, pen)

    def near(self, point: QPointF, limit: float) -> tuple[float, int, int] | None:
        """(gap, unit, input) of the line that comes nearest to `point`, within `limit`; of equals the heaviest."""
        x, y, found = point.x(), point.y(), list[tuple[float, float, int, int]]()
        for line in self.lines if self.area.adjusted(0, -limit, 0, limit).contains(point) else ():
            low, high = sorted((line.start.y(), line.end.y()))
            if line.start.x() <= x <= line.end.x() and low - limit <= y <= high + limit:
                gap = abs(_at(line, x) - y)
                if gap <= limit:
                    found.append((gap, -self._sizes[line.weight], line.unit, line.input))
        if not found:
            return None
        gap, _, unit, number = min(found)
        return gap, unit, number

    def words(self, wire: Wire, line: tuple[int, int]) -> str:
        return signed(f"{wire.source}[{line[1]}] → {wire.target}[{line[0]}]: weight {self.values[line]:.3g}")


def described(wire: Wire, layer: LayerConnections | None, drawn: bool) -> str:
    """What a wire shows where no single line is meant."""
    if layer is None:
        return f"no weights: {wire.target} has none"
    shape = text_of_shape(layer.shape)
    if drawn:
        return f"the {shape} weights of {wire.target}, a line each: width |w|, blue below 0, orange above"
    size = f"{layer.size:.3g}" if isfinite(layer.size) else "no number"
    return f"the {shape} weights of {wire.target}, not drawn one by one: width is their root mean square, {size}"


def heights(item: NodeItem, count: int) -> list[float]:
    """Where the lines of each of `count` units meet a box's edge: beside their maps, next to each other in a row."""
    area, live = item.live_rect, item.live
    if isinstance(item.followed, Cells) and item.followed.units == count and (tiles := item.followed.tiles(area)):
        return [tile.center().y() for tile in tiles]
    if isinstance(live, Maps) and not area.isEmpty() and live.units == count:
        shown, more = live.placed(area)
        bands = [list(row) for _, row in groupby(shown, QRectF.top)] + [[more] * (count - len(shown))]
        return [row[0].top() + (i + 0.5) / len(row) * row[0].height() for row in bands for i in range(len(row))]
    if area.isEmpty():
        area = item.rect().adjusted(0, EDGE, 0, -EDGE)
    return [area.top() + (i + 0.5) / count * area.height() for i in range(count)]


def _at(line: Line, x: float) -> float:
    """The height at `x` of the curve `straight`, whose handles are level: y follows from the parameter alone."""
    start, end, reach = line.start, line.end, line.path.elementAt(1).x - line.start.x()
    low, high = 0.0, 1.0
    for _ in range(16):
        t = (low + high) / 2
        here = start.x() * (1 - t) ** 3 + 3 * (start.x() + reach) * t * (1 - t) ** 2
        here += 3 * (end.x() - reach) * t**2 * (1 - t) + end.x() * t**3
        low, high = (t, high) if here < x else (low, t)
    return start.y() + (end.y() - start.y()) * low**2 * (3 - 2 * low)
