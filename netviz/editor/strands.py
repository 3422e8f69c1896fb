"""Single weights, as lines between the units of two boxes: width |w|, blue below 0, orange above."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from math import isfinite

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from engine.probes.connections import LayerConnections
from netviz.editor.boxes import Wire, text_of_shape
from netviz.editor.followed_pictures import Cells
from netviz.editor.kit import Kit
from netviz.editor.node_item import NodeItem
from netviz.editor.pictures import Maps
from netviz.editor.routing import straight
from netviz.widgets.ticks import signed

EDGE = 8.0  # from a box's edge, where it holds no picture


@dataclass(frozen=True, slots=True, eq=False)
class Strands:
    """The weights (units, inputs) of the layer that a wire leads to. Lines follow the boxes wherever those are."""

    values: np.ndarray
    start: NodeItem
    end: NodeItem

    def lines(self) -> Iterator[tuple[int, int, QPointF, QPointF]]:
        """(unit, input, from, to) of every weight, in the scene."""
        units, inputs = self.values.shape
        x, left = self.start.x() + self.start.rect().width(), self.end.x()
        starts = [QPointF(x, self.start.y() + y) for y in heights(self.start, inputs)]
        ends = [QPointF(left, self.end.y() + y) for y in heights(self.end, units)]
        for unit, end in enumerate(ends):
            for number, start in enumerate(starts):
                yield unit, number, start, end

    def area(self) -> QRectF:
        """All lines lie in it."""
        start, end = (box.rect().translated(box.pos()) for box in (self.start, self.end))
        both = start | end
        return QRectF(QPointF(start.right(), both.top()), QPointF(end.left(), both.bottom())).normalized()

    def paint(self, painter: QPainter, kit: Kit, lit: tuple[int, int] | None) -> None:
        """The heaviest on top, but what the pointer rests on above all."""
        sizes = np.nan_to_num(np.abs(self.values), nan=np.inf)
        for unit, number, start, end in sorted(self.lines(), key=lambda line: (line[:2] == lit, sizes[line[:2]])):
            pen, path = kit.weight_pen(float(self.values[unit, number])), straight(start, end)
            if (unit, number) == lit:
                painter.strokePath(path, QPen(kit.text.color(), pen.widthF() + 2))
            painter.strokePath(path, pen)

    def near(self, point: QPointF, limit: float) -> tuple[float, int, int] | None:
        """(gap, unit, input) of the line that comes nearest to `point`, within `limit`; of equals the heaviest."""
        x, y, found = point.x(), point.y(), list[tuple[float, float, int, int]]()
        for unit, number, start, end in self.lines():
            low, high = sorted((start.y(), end.y()))
            if start.x() <= x <= end.x() and low - limit <= y <= high + limit:
                gap = abs(_at(start, end, x) - y)
                if gap <= limit:
                    found.append((gap, -abs(float(self.values[unit, number])), unit, number))
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
    many = "are not drawn one by one" if layer.values is not None else "are too many to be drawn one by one"
    return f"the {shape} weights of {wire.target} {many}: width is their root mean square, {size}"


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


def _at(start: QPointF, end: QPointF, x: float) -> float:
    """The height at `x` of the curve `straight`, whose handles are level: y follows from the parameter alone."""
    reach = straight(start, end).elementAt(1).x - start.x()
    low, high = 0.0, 1.0
    for _ in range(16):
        t = (low + high) / 2
        here = start.x() * (1 - t) ** 3 + 3 * (start.x() + reach) * t * (1 - t) ** 2
        here += 3 * (end.x() - reach) * t**2 * (1 - t) + end.x() * t**3
        low, high = (t, high) if here < x else (low, t)
    return start.y() + (end.y() - start.y()) * low**2 * (3 - 2 * low)
