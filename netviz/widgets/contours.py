"""Contour lines of a function on a grid, by marching squares, and which levels to draw."""

from collections.abc import Sequence

import numpy as np

MOST_LEVELS = 12


def contours(values: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """The lines where `values` (rows, columns) pass `levels`, as pieces (n, 4): x₁, y₁, x₂, y₂ in columns and rows.

    Along a grid line the crossing lies where a straight line between its ends would. Cells with a corner that is no
    number have none.
    """
    corners = np.stack([values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]])  # round about each cell
    low, high = corners.min(axis=0), corners.max(axis=0)  # NaN where a corner is
    finite = np.isfinite(low) & np.isfinite(high)
    wanted = np.asarray(levels, float)
    passed = (low <= wanted[:, None, None]) & (high > wanted[:, None, None]) & finite
    which, rows, columns = np.nonzero(passed)
    return _lines(corners[:, rows, columns], columns, rows, wanted[which])


_STARTS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])  # of the corners: columns and rows from the first


_WAYS = _STARTS[[1, 2, 3, 0]] - _STARTS  # to the next corner


def _lines(first: np.ndarray, columns: np.ndarray, rows: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Pieces through cells whose corners (4, cells) lie on both sides of their `level`."""
    second = first[[1, 2, 3, 0]]
    crossing = (first > level) != (second > level)
    share = np.where(crossing, (level - first) / np.where(crossing, second - first, 1.0), 0.0)
    x = columns + _STARTS[:, :1] + share * _WAYS[:, :1]
    y = rows + _STARTS[:, 1:] + share * _WAYS[:, 1:]
    made, count = [np.zeros((0, 4))], crossing.sum(axis=0)
    for number in (2, 4):  # of a saddle, the first two sides and the last two belong together
        cells = count == number
        if cells.any():
            order = np.argsort(~crossing[:, cells], axis=0, kind="stable")[:number]
            ends = [np.take_along_axis(part[:, cells], order, axis=0) for part in (x, y)]
            made += [np.stack([ends[0][k], ends[1][k], ends[0][k + 1], ends[1][k + 1]], 1) for k in range(0, number, 2)]
    return np.concatenate(made)


def log_levels(low: float, high: float) -> list[float]:
    """At most MOST_LEVELS of 1, 2, 5 × 10ⁿ between two numbers above 0; in a narrow range, even logarithmic steps."""
    if not 0 < low < high:
        return []
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    round_ones = [step * 10.0**k for k in decades for step in (1, 2, 5)]
    inside = [level for level in round_ones if low < level < high]
    if len(inside) < MOST_LEVELS / 3:
        return [float(level) for level in np.geomspace(low, high, MOST_LEVELS // 2 + 2)[1:-1]]
    every = -(-len(inside) // MOST_LEVELS)
    return inside[::every]
