"""Shares over time as a line of colours: one strip for each layer."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QRectF

from netviz.theme import mix


@dataclass(frozen=True, slots=True)
class Strip:
    """Where a lane's layer is drawn: `area` the strip itself, `row` with name and figures."""

    lane: int
    layer: int
    area: QRectF
    row: QRectF


def strip_pixels(steps: np.ndarray, shares: np.ndarray, pixels: int) -> np.ndarray:
    """(k, pixels): `shares` (n, k) over `steps`, from the first step to the last, each pixel the mean of its buckets.

    A pixel without a bucket of its own goes on with the one before. NaN where there is no number.
    """
    first, last = steps[0], steps[-1]
    borders = first + np.arange(pixels) * ((last - first) / pixels)
    starts = np.searchsorted(steps, borders)
    stops = np.append(starts[1:], len(steps))
    with np.errstate(invalid="ignore"):
        sums = np.add.reduceat(shares, np.minimum(starts, len(steps) - 1), axis=0)
    means = sums / np.maximum(stops - starts, 1)[:, None]
    held = stops <= starts
    means[held] = shares[np.maximum(starts[held] - 1, 0)]
    return means.T


@lru_cache(16)
def colours(low: str, high: str) -> np.ndarray:
    """(256,) uint32 pixels from `low` (a share of 0) to `high` (1)."""
    return np.array([mix(low, high, i / 255).rgb() for i in range(256)], np.uint32)
