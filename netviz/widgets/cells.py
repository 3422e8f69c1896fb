"""A layer's values as a strip of cells, in several rows where there are many: blue is negative, orange positive."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from netviz import theme
from netviz.widgets.shades import clipped

NARROWEST = 3.0  # pixels of a cell, while there is room for another row
GAPS_FROM = 6.0  # pixels of a cell from which cells are parted


@dataclass(frozen=True, slots=True)
class Grid:
    """`count` cells in `rows` rows of `columns`, each cell standing for `each` values (the last for fewer)."""

    rows: int
    columns: int
    each: int
    count: int

    def cell(self, share_x: float, share_y: float) -> int | None:
        """The number of the cell at a place of the strip; None in the empty end of the last row."""
        column, row = int(share_x * self.columns), int(share_y * self.rows)
        at = row * self.columns + column
        inside = 0 <= column < self.columns and 0 <= row < self.rows
        return at if inside and at < self.count else None


@lru_cache(256)  # a strip is as it was in the picture before
def arrange(values: int, width: float, height: float) -> Grid:
    """As few rows as leave cells wide enough; where even the most rows do not, a cell stands for several values."""
    most = max(1, int(height / NARROWEST))
    for rows in range(1, most + 1):
        columns = ceil(values / rows)
        if width / columns >= NARROWEST:
            return Grid(ceil(values / columns), columns, 1, values)
    columns = max(1, min(ceil(values / most), int(width)))
    each = ceil(values / (columns * most))
    count = ceil(values / each)
    columns = ceil(count / most)
    return Grid(ceil(count / columns), columns, each, count)


def strongest(values: np.ndarray, grid: Grid) -> np.ndarray:
    """A value a cell: of several the one farthest from 0; what is no number wins."""
    if grid.each == 1:
        return values
    padded = np.zeros(grid.count * grid.each, values.dtype)
    padded[: len(values)] = values
    groups = padded.reshape(grid.count, grid.each)
    size = np.where(np.isfinite(groups), np.abs(groups), np.inf)
    return groups[np.arange(grid.count), size.argmax(axis=1)]


def pixels(values: np.ndarray, grid: Grid, reach: float, ramp: np.ndarray) -> np.ndarray:
    """(rows, columns) uint32: full colour at ±reach, red for what is no number, transparent after the last."""
    return _laid(colours(values, np.full(len(values), reach, values.dtype), ramp), grid)


def colours(values: np.ndarray, reach: np.ndarray, ramp: np.ndarray) -> np.ndarray:
    """uint32 of each value: full colour at ±`reach`, red for what is no number."""
    with np.errstate(all="ignore"):
        level = clipped(values / (2 * reach) + 0.5) * (len(ramp) - 1)
    painted: np.ndarray = ramp[level.astype(int)]
    known = np.isfinite(values)
    if not known.all():
        painted[~known] = QColor(theme.theme().red).rgb()
    return painted


def _laid(painted: np.ndarray, grid: Grid) -> np.ndarray:
    """In rows, the end of the last one transparent."""
    if len(painted) < grid.rows * grid.columns:
        painted = np.concatenate([painted, np.zeros(grid.rows * grid.columns - len(painted), np.uint32)])
    return painted.reshape(grid.rows, grid.columns)


@dataclass(frozen=True, slots=True)
class Strip:
    """The values of a layer, full colour being ±`reach`."""

    area: QRectF
    values: np.ndarray
    reach: float

    @property
    def grid(self) -> Grid:
        return arrange(len(self.values), self.area.width(), self.area.height())


def draw_cells(painter: QPainter, area: QRectF, values: np.ndarray, reach: float, ramp: np.ndarray) -> None:
    strip = Strip(area, values, reach)
    draw_strips(painter, [strip], ramp)
    draw_gaps(painter, strip)


def draw_strips(painter: QPainter, strips: Sequence[Strip], ramp: np.ndarray) -> None:
    """Without gaps; coloured all at once, for a call takes longer than a hundred cells."""
    grids = [strip.grid for strip in strips]
    shown = [strongest(strip.values, grid) for strip, grid in zip(strips, grids, strict=True)]
    if not shown:
        return
    values, counts = np.concatenate(shown), [grid.count for grid in grids]
    reaches = np.repeat(np.array([strip.reach for strip in strips], values.dtype), counts)
    painted, start = colours(values, reaches, ramp), 0
    for strip, grid in zip(strips, grids, strict=True):
        part = _laid(painted[start : start + grid.count], grid)
        image = QImage(part.data, grid.columns, grid.rows, 4 * grid.columns, QImage.Format.Format_ARGB32)
        painter.drawImage(strip.area, image)
        start += grid.count


def draw_gaps(painter: QPainter, strip: Strip) -> None:
    """Between cells that are wide enough."""
    area, grid = strip.area, strip.grid
    wide, high = area.width() / grid.columns, area.height() / grid.rows
    if min(wide, high if grid.rows > 1 else wide) >= GAPS_FROM:
        painter.setPen(QPen(QColor(theme.theme().card), 1))
        painter.drawLines(gaps(*area.getRect(), grid.rows, grid.columns))


@lru_cache(256)
def gaps(left: float, top: float, width: float, height: float, rows: int, columns: int) -> list[QLineF]:
    """Lines between the cells of an area."""
    across = (round(left + column * width / columns) for column in range(1, columns))
    down = (round(top + row * height / rows) for row in range(1, rows))
    bottom, right = top + height, left + width
    return [*(QLineF(x, top, x, bottom) for x in across), *(QLineF(left, y, right, y) for y in down)]


def reading(values: np.ndarray, area: QRectF, place: QPointF) -> tuple[int, int] | None:
    """The first and the last value that the cell under `place` stands for."""
    grid = arrange(len(values), area.width(), area.height())
    at = grid.cell((place.x() - area.left()) / area.width(), (place.y() - area.top()) / area.height())
    return None if at is None else (at * grid.each, min((at + 1) * grid.each, len(values)) - 1)


def cell_rect(values: int, area: QRectF, at: int) -> QRectF | None:
    """Where the cell is drawn that stands for value number `at`."""
    grid = arrange(values, area.width(), area.height())
    if not 0 <= at < values:
        return None
    row, column = divmod(at // grid.each, grid.columns)
    wide, high = area.width() / grid.columns, area.height() / grid.rows
    return QRectF(area.left() + column * wide, area.top() + row * high, wide, high)
