"""A box that is moved comes to rest in line with its neighbours, or on the grid."""

from collections.abc import Iterable
from dataclasses import dataclass

GRID = 24.0
REACH = 3.0  # how many boxes away a neighbour may be, across and down


@dataclass(frozen=True, slots=True)
class Snap:
    """How far to move on from where the hand is, and the lines that say why: (x0, y0, x1, y1)."""

    dx: float
    dy: float
    lines: tuple[tuple[float, float, float, float], ...] = ()


def snap(
    corner: tuple[float, float],
    others: Iterable[tuple[float, float]],
    size: tuple[float, float],
    near: float,
    grid: float = GRID,
) -> Snap:
    """`corner` is the top left of the box in the hand, `others` those of the boxes at rest; all have `size`.

    Centres of neighbours come before the grid, since equal boxes in line are what one sees.
    """
    (x, y), (width, height) = corner, size
    around = [o for o in others if abs(o[0] - x) <= REACH * width * 2 and abs(o[1] - y) <= REACH * height * 3]
    across = _nearest(x, [o[0] for o in around], near)
    down = _nearest(y, [o[1] for o in around], near)
    lines = []
    if across is not None:
        ys = [o[1] for o in around if abs(o[0] - across) < 0.5] + [down if down is not None else y]
        lines.append((across + width / 2, min(ys) - 8, across + width / 2, max(ys) + height + 8))
    if down is not None:
        xs = [o[0] for o in around if abs(o[1] - down) < 0.5] + [across if across is not None else x]
        lines.append((min(xs) - 8, down + height / 2, max(xs) + width + 8, down + height / 2))
    to_x = across if across is not None else _on_grid(x, near, grid)
    to_y = down if down is not None else _on_grid(y, near, grid)
    return Snap(to_x - x, to_y - y, tuple(lines))


def _nearest(value: float, candidates: list[float], near: float) -> float | None:
    best = min(candidates, key=lambda c: abs(c - value), default=None)
    return best if best is not None and abs(best - value) <= near else None


def _on_grid(value: float, near: float, grid: float) -> float:
    rest = round(value / grid) * grid
    return rest if abs(rest - value) <= near / 2 else value
