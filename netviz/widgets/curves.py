"""Curves over steps, thinned to the pixels they are drawn on without losing an extreme."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

FAR = 20_000.0  # pixels: what lies further out is drawn at this distance, within the reach of Qt's rasterizer


class Style(Enum):
    LINE = "line"
    DASHED = "dashed"
    BAND = "band"  # from low to high, faint
    STRONG = "strong"  # a line of twice the width


@dataclass(frozen=True, slots=True)
class Bundle:
    """Curves over the same steps: `steps` (n,), `low` and `high` (n, curves). NaN is a gap.

    Drawn from extreme to extreme, or with `middle` (n, curves) as a line of means where many curves share a plot.
    """

    steps: np.ndarray
    low: np.ndarray
    high: np.ndarray
    names: tuple[str, ...]
    colours: tuple[QColor, ...]
    style: Style | tuple[Style, ...] = Style.LINE  # of all, or of each; only all of them are bands
    middle: np.ndarray | None = None
    lane: int | None = None  # where several lanes share a plot

    def nearest(self, step: float) -> int | None:
        """The place of the bucket nearest to `step`."""
        if not len(self.steps):
            return None
        after = int(np.searchsorted(self.steps, step))
        if after == len(self.steps) or (after and step - self.steps[after - 1] <= self.steps[after] - step):
            after -= 1
        return after


@dataclass(frozen=True, slots=True)
class View:
    """What of the plane is seen where: `left`..`right` and `bottom`..`top` on `rect`; exponents if `log`."""

    rect: QRectF
    left: float
    right: float
    bottom: float
    top: float
    log: bool = False
    fine: bool = False  # for a picture of any size: lines are as wide as they look, whatever that takes

    def x(self, steps: np.ndarray | float) -> np.ndarray:
        scale, start = self.rect.width() / (self.right - self.left), self.rect.left()
        place = np.asarray(steps, float) * scale + (start - self.left * scale)
        return np.minimum(np.maximum(place, start - FAR), start + FAR)

    def y(self, values: np.ndarray | float) -> np.ndarray:
        """Pixels of values; NaN for what a logarithmic axis cannot show."""
        values = np.asarray(values, float)
        if self.log:
            values = np.log10(values, out=np.full(values.shape, np.nan), where=values > 0)
        scale, start = self.rect.height() / (self.bottom - self.top), self.rect.top()
        place = values * scale + (start - self.top * scale)
        return np.minimum(np.maximum(place, start - FAR), start + FAR)

    def step_at(self, x: float) -> float:
        return self.left + (x - self.rect.left()) * (self.right - self.left) / self.rect.width()


class Columns(NamedTuple):
    """Which buckets are in sight, and where among them each pixel column starts; None where they need no joining."""

    seen: slice
    starts: np.ndarray | None

    def steps(self, steps: np.ndarray) -> np.ndarray:
        """The first step of each column."""
        return steps[self.seen] if self.starts is None else steps[self.seen][self.starts]

    def join(self, how: np.ufunc, values: np.ndarray, axis: int = 0) -> np.ndarray:
        """`how` over the buckets of each column."""
        seen = values[self.seen] if axis == 0 else values[:, self.seen]
        return seen if self.starts is None else how.reduceat(seen, self.starts, axis=axis)

    @property
    def counts(self) -> np.ndarray | int:
        """How many buckets each column has."""
        return 1 if self.starts is None else np.diff(self.starts, append=self.seen.stop - self.seen.start)


def columns(steps: np.ndarray, left: float, right: float, pixels: int) -> Columns:
    """The buckets seen from `left` to `right`; where they are more than `pixels`, joined into pixel columns.

    A column belongs to the same steps whatever comes after it, so that a growing curve does not shimmer.
    """
    count = len(steps)  # most often all are in sight
    start = max(int(steps.searchsorted(left, "right")) - 1, 0) if count and steps[0] < left else 0
    stop = min(int(steps.searchsorted(right, "left")) + 1, count) if count and steps[-1] > right else count
    count = stop - start
    if count <= pixels:
        return Columns(slice(start, stop), None)
    starts = np.zeros(pixels, np.intp)
    starts[1:] = steps[start:stop].searchsorted(_borders(left, right, pixels))
    new = np.empty(pixels, bool)
    new[0] = True
    np.greater(starts[1:], starts[:-1], out=new[1:])
    new[1:] &= starts[1:] < count
    return Columns(slice(start, stop), starts[new])


@lru_cache(64)  # an axis moves seldom
def _borders(left: float, right: float, pixels: int) -> np.ndarray:
    """The steps at which one pixel column ends and the next begins."""
    made: np.ndarray = left + np.arange(1, pixels) * ((right - left) / pixels)
    return made


def decimate(
    steps: np.ndarray, low: np.ndarray, high: np.ndarray, left: float, right: float, pixels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first step and the extremes of each column; `low` and `high` are (n, curves)."""
    found = columns(steps, left, right, pixels)
    return found.steps(steps), found.join(np.fmin, low), found.join(np.fmax, high)


def means(
    steps: np.ndarray, middle: np.ndarray, left: float, right: float, pixels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Like `decimate`, each column the mean of its buckets."""
    found = columns(steps, left, right, pixels)
    counts = found.counts
    return found.steps(steps), found.join(np.add, middle) / (counts if isinstance(counts, int) else counts[:, None])


def evenly(numbers: list[int]) -> list[int] | slice:
    """Numbers as a slice where they are as far apart as one another: what it takes of an array is not copied."""
    apart = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    made = range(numbers[0], numbers[-1] + 1, apart) if numbers and apart > 0 else range(0)
    return slice(made.start, made.stop, made.step) if list(made) == numbers else numbers
