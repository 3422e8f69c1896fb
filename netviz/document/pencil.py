"""Points drawn by hand: what a brush adds to them or takes away, and how drawing begins."""

from collections.abc import Sequence

import msgspec
import numpy as np

from engine.data.points import MOST_POINTS, Point, PointsByHand, by_hand, written
from engine.errors import Problem, ProjectError
from netviz.document.address import Address
from netviz.document.document import Document

Place = tuple[float, float]


def sprayed(at: Place, radius: float, count: int, value: float, rng: np.random.Generator) -> tuple[Point, ...]:
    """`count` points even on a disc round `at`; one point alone lies in its middle."""
    if count == 1:
        return written([(*at, value)])
    angle, share = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    x1, x2 = at[0] + radius * share * np.cos(angle), at[1] + radius * share * np.sin(angle)
    return written(zip(x1.tolist(), x2.tolist(), [value] * count, strict=True))


def added(points: tuple[Point, ...], new: tuple[Point, ...]) -> tuple[Point, ...]:
    """As many of the new ones as there is room for."""
    return points + new[: max(0, MOST_POINTS - len(points))]


def erased(points: tuple[Point, ...], at: Place, radius: float) -> tuple[Point, ...]:
    """Those that lie outside the disc."""
    if not points:
        return points
    rows = np.array(points)
    outside = np.hypot(rows[:, 0] - at[0], rows[:, 1] - at[1]) > radius
    return points if outside.all() else tuple(p for p, stays in zip(points, outside.tolist(), strict=True) if stays)


def along(start: Place, end: Place, spacing: float) -> list[Place]:
    """Places on the way from `start` to `end`, `spacing` apart; the start is not among them."""
    steps = int(np.hypot(end[0] - start[0], end[1] - start[1]) / spacing)
    way = np.subtract(end, start) / max(np.hypot(*np.subtract(end, start)), 1e-300) * spacing
    return [(float(start[0] + i * way[0]), float(start[1] + i * way[1])) for i in range(1, steps + 1)]


def values_of(data: PointsByHand) -> tuple[float, ...]:
    """What a point can be given: the classes, or five numbers that reach as far as those that there are."""
    if data.classes is not None:
        return tuple(float(i) for i in range(data.classes))
    low = min((y for _, _, y in data.points), default=-1.0)
    high = max((y for _, _, y in data.points), default=1.0)
    if low == high:
        low, high = low - 1.0, high + 1.0
    return tuple(float(f"{value:.2g}") for value in np.linspace(low, high, 5).tolist())


def draw_by_hand(document: Document, empty: bool = False) -> None:
    """One step: the points of the data become one's own, or none are left; those already one's own stay.

    Data that are no points in the plane leave none. ProjectError where there are points that cannot be taken over.
    """
    source = document.project.data
    if isinstance(source, PointsByHand) and not empty:
        return
    try:
        made = by_hand(source, document.project.folder)
    except ProjectError:
        if document.data_shape() == (2,) and not empty:
            raise
        made = PointsByHand(points=(), preprocess=source.preprocess)
    if empty:
        made = msgspec.structs.replace(made, points=())
    document.set_data(made.to_json())


def draw(document: Document, points: Sequence[Point], gesture: object) -> None:
    """The points as a stroke leaves them; all of one `gesture` is one step. ProjectError where data are others."""
    source = document.project.data
    if not isinstance(source, PointsByHand):
        raise ProjectError(Problem("data.points", "these data are not drawn by hand"))
    words = "Draw points" if len(points) >= len(source.points) else "Erase points"
    after = msgspec.structs.replace(source, points=tuple(points))
    document.edit(Address("data"), after, words, "points", gesture)
