"""Contour lines of a function on a grid, by marching squares, and which levels to draw."""

import numpy as np

MOST_LEVELS = 12


def contours(values: np.ndarray, level: float) -> np.ndarray:
    """The line where `values` (rows, columns) pass `level`, as pieces (n, 4): x₁, y₁, x₂, y₂ in columns and rows.

    Along a grid line the crossing lies where a straight line between its ends would. Cells with a corner that is no
    number have none.
    """
    high = values > level
    corners = values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]  # round about each cell
    above = high[:-1, :-1], high[:-1, 1:], high[1:, 1:], high[1:, :-1]
    known = np.logical_and.reduce([np.isfinite(corner) for corner in corners])
    rows, columns = np.mgrid[: values.shape[0] - 1, : values.shape[1] - 1].astype(float)
    starts = ((0, 0), (1, 0), (1, 1), (0, 1))  # of the corners: columns and rows from the first
    crossed, places = [], []
    for k, (x, y) in enumerate(starts):
        to_x, to_y = starts[(k + 1) % 4]
        first, second = corners[k], corners[(k + 1) % 4]
        with np.errstate(all="ignore"):
            share = np.clip(np.nan_to_num((level - first) / (second - first)), 0, 1)
        crossed.append((above[k] != above[(k + 1) % 4]) & known)
        places.append(np.stack([columns + x + share * (to_x - x), rows + y + share * (to_y - y)], axis=-1))
    crossing, place = np.array(crossed), np.array(places)
    count = crossing.sum(axis=0)
    pieces = []
    for number in (2, 4):  # of a saddle, the first two sides and the last two belong together
        cells = count == number
        if cells.any():
            order = np.argsort(~crossing[:, cells], axis=0, kind="stable")[:number]
            ends = np.take_along_axis(place[:, cells], order[..., None], axis=0)
            pieces += [np.concatenate([ends[k], ends[k + 1]], axis=1) for k in range(0, number, 2)]
    return np.concatenate(pieces) if pieces else np.zeros((0, 4))


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
