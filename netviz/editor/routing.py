"""The curve of a wire from port to port, round the boxes that stand between them."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

CLEAR = 12.0  # between a wire and a box that it goes round
LOOP = 40.0  # how far a wire that runs back swings out at least
SLACK = 3.0  # how near to a box's edge a wire may come before it goes round


class Obstacles:
    """The boxes of a lane from left to right, to be asked which stand between two places."""

    def __init__(self, rects: Iterable[QRectF]) -> None:
        self._rects = sorted(((r.left(), r.right(), r.top(), r.bottom()) for r in rects), key=lambda r: r[0])
        self._lefts = [rect[0] for rect in self._rects]

    def between(self, left: float, right: float) -> list[tuple[float, float, float, float]]:
        """(left, right, top, bottom) of the boxes that stand wholly between."""
        first, last = bisect_left(self._lefts, left), bisect_left(self._lefts, right)
        return [rect for rect in self._rects[first:last] if rect[1] <= right]


def straight(start: QPointF, end: QPointF) -> QPainterPath:
    """One curve, which leaves and enters a box sideways even where it runs back or steeply."""
    path = QPainterPath(start)
    back = LOOP if end.x() < start.x() else 0.0
    reach = max(abs(end.x() - start.x()) / 2, abs(end.y() - start.y()) / 3, back)
    path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)
    return path


class Route(NamedTuple):
    """A path, and whether it passes below boxes, so that words have no room above it."""

    path: QPainterPath
    below: bool = False


def route(start: QPointF, end: QPointF, obstacles: Obstacles) -> Route:
    """The straight curve, or one that passes above or below all that it would cross, whichever is nearer."""
    x0, y0, x1, y1 = start.x(), start.y(), end.x(), end.y()
    among = obstacles.between(x0, x1)
    low, high = min(y0, y1) - SLACK, max(y0, y1) + SLACK
    hit = [r for r in among if r[2] < high and r[3] > low and _crossed(r, x0, y0, x1, y1)]
    if not hit:
        return Route(straight(start, end))
    level, first, last = min(
        (_level(among, hit, above) for above in (True, False)),
        key=lambda found: abs(found[0] - y0) + abs(found[0] - y1),
    )
    path = QPainterPath(start)
    _curve(path, QPointF(first, level))
    path.lineTo(last, level)
    _curve(path, end)
    return Route(path, level > max(rect[3] for rect in hit))


def _crossed(rect: tuple[float, float, float, float], x0: float, y0: float, x1: float, y1: float) -> bool:
    """Whether the straight curve comes too near to a box; its y is a smooth step of its x, nearly."""
    left, right, top, bottom = rect
    ys = [y0 + (y1 - y0) * _step((x - x0) / (x1 - x0)) for x in (left, (left + right) / 2, right)]
    return min(ys) < bottom + SLACK and max(ys) > top - SLACK


def _step(t: float) -> float:
    return t * t * (3 - 2 * t)


def _level(
    among: list[tuple[float, float, float, float]], hit: list[tuple[float, float, float, float]], above: bool
) -> tuple[float, float, float]:
    """y of the way round, and from where to where it runs; what it would meet there is gone round as well."""
    met, rest = list(hit), [rect for rect in among if rect not in hit]
    while True:
        # A longer way round runs further out, so that two do not lie upon each other.
        away = CLEAR + 3.0 * min(len(met) - 1, 6)
        level = min(r[2] for r in met) - away if above else max(r[3] for r in met) + away
        first, last = min(r[0] for r in met), max(r[1] for r in met)
        more, others = [], []
        for r in rest:
            there = r[2] - SLACK < level < r[3] + SLACK and r[1] > first - CLEAR and r[0] < last + CLEAR
            (more if there else others).append(r)
        if not more:
            return level, first, last
        met, rest = met + more, others


def _curve(path: QPainterPath, end: QPointF) -> None:
    start = path.currentPosition()
    reach = max((end.x() - start.x()) / 2, min(abs(end.y() - start.y()) / 3, 40.0))
    path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)
