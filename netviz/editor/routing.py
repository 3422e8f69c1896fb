"""The curve of a wire from port to port, round the boxes that stand between them."""

from bisect import bisect_left
from collections.abc import Iterable
from math import inf
from operator import itemgetter
from typing import NamedTuple

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainterPath

CLEAR = 12.0  # between a wire and a box that it goes round
LOOP = 40.0  # how far a wire that runs back swings out at least
SLACK = 3.0  # how near to a box's edge a wire may come before it goes round


Rect = tuple[float, float, float, float]  # left, right, top, bottom


class Obstacles:
    """The boxes of a lane, to be asked which stand between two places."""

    def __init__(self, rects: Iterable[Rect]) -> None:
        self._across = sorted(rects)
        self._down = sorted(self._across, key=itemgetter(2))
        self._lefts, self._tops = [rect[0] for rect in self._across], [rect[2] for rect in self._down]
        self._tallest = max((bottom - top for _, _, top, bottom in self._across), default=0.0)

    def between(self, left: float, right: float, top: float, bottom: float) -> list[Rect]:
        """The boxes that stand wholly between `left` and `right` and reach into what is between `top` and `bottom`."""
        first, last = bisect_left(self._lefts, left), bisect_left(self._lefts, right)
        if first >= last:
            return []
        high, low = bisect_left(self._tops, top - self._tallest), bisect_left(self._tops, bottom)
        fewer = self._across[first:last] if last - first < low - high else self._down[high:low]
        return [r for r in fewer if left <= r[0] and r[1] <= right and r[2] < bottom and r[3] > top]


def straight(start: QPointF, end: QPointF) -> QPainterPath:
    """One curve, which leaves and enters a box sideways even where it runs back or steeply."""
    path = QPainterPath(start)
    back = LOOP if end.x() < start.x() else 0.0
    reach = max(abs(end.x() - start.x()) / 2, abs(end.y() - start.y()) / 3, back)
    path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)
    return path


class Route(NamedTuple):
    """A path, the middle of it, and whether it passes below boxes, so that words have no room above it."""

    path: QPainterPath
    middle: QPointF
    below: bool = False


def route(start: QPointF, end: QPointF, obstacles: Obstacles) -> Route:
    """The straight curve, or one that passes above or below all that it would cross, whichever is nearer."""
    x0, y0, x1, y1 = start.x(), start.y(), end.x(), end.y()
    near = obstacles.between(x0, x1, min(y0, y1) - SLACK, max(y0, y1) + SLACK)
    hit = [r for r in near if _crossed(r, x0, y0, x1, y1)]
    if not hit:
        return Route(straight(start, end), (start + end) / 2)  # one half of the curve is the other, turned round
    level, first, last = min(
        (_level(obstacles, x0, x1, hit, above) for above in (True, False)),
        key=lambda found: abs(found[0] - y0) + abs(found[0] - y1),
    )
    path = QPainterPath(start)
    _curve(path, QPointF(first, level))
    path.lineTo(last, level)
    _curve(path, end)
    return Route(path, path.pointAtPercent(0.5), level > max(rect[3] for rect in hit))


def _crossed(rect: Rect, x0: float, y0: float, x1: float, y1: float) -> bool:
    """Whether the straight curve comes too near to a box; its y is, nearly, a smooth step of its x."""
    left, right, top, bottom = rect
    a, b = (left - x0) / (x1 - x0), (right - x0) / (x1 - x0)
    first, last = y0 + (y1 - y0) * a * a * (3 - 2 * a), y0 + (y1 - y0) * b * b * (3 - 2 * b)
    return (first < bottom + SLACK or last < bottom + SLACK) and (first > top - SLACK or last > top - SLACK)


def _level(obstacles: Obstacles, x0: float, x1: float, hit: list[Rect], above: bool) -> tuple[float, float, float]:
    """y of the way round, and from where to where it runs; what it would meet there is gone round as well."""
    met, more = list[Rect](), hit
    known = set(hit)
    first, last, top, bottom = inf, -inf, inf, -inf
    while more:
        met += more
        known.update(more)
        first, last = min(first, min(r[0] for r in more)), max(last, max(r[1] for r in more))
        top, bottom = min(top, min(r[2] for r in more)), max(bottom, max(r[3] for r in more))
        # A longer way round runs further out, so that two do not lie upon each other.
        away = CLEAR + 3.0 * min(len(met) - 1, 6)
        level = top - away if above else bottom + away
        there = obstacles.between(x0, x1, level - SLACK, level + SLACK)
        more = [r for r in there if r not in known and r[1] > first - CLEAR and r[0] < last + CLEAR]
    return level, first, last


def _curve(path: QPainterPath, end: QPointF) -> None:
    start = path.currentPosition()
    reach = max((end.x() - start.x()) / 2, min(abs(end.y() - start.y()) / 3, 40.0))
    path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)
