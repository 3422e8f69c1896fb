"""Kernels that a person sets: by name, or as a table of numbers."""

from __future__ import annotations

from itertools import cycle, islice
from math import comb, isfinite
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from engine.backend import Array
from engine.errors import ShapeError

KernelName = Literal["identity", "box", "gaussian", "sobel_x", "sobel_y", "laplace", "sharpen"]
Kernel = KernelName | tuple[tuple[float, ...], ...]
BY_HAND = "kernels"  # among the ways to draw first weights
ONLY_IF = {"only_if": ("init", BY_HAND)}
Kernels = Annotated[
    tuple[Kernel, ...],
    Meta(
        min_length=1,
        title="Kernels",
        description=(
            "One for each filter in turn, over the mean of the maps that it sees: identity; blur by box or gaussian; "
            "edges by sobel_x (brighter to the right), sobel_y (brighter below), laplace; sharpen; or rows of numbers"
        ),
        extra=ONLY_IF,
    ),
]
Turned = Annotated[
    bool,
    Meta(
        title="Turned round",
        description=(
            "By 180°, so that the sums are a convolution as mathematics has it, Σ k[j] x[i − j]; off, as networks "
            "have it, a cross-correlation, Σ k[j] x[i + j]"
        ),
        extra=ONLY_IF,
    ),
]
EDGE, SLOPE, SMOOTH = (1.0, -2.0, 1.0), (-1.0, 0.0, 1.0), (1.0, 2.0, 1.0)


def numbers(kernel: Kernel, sides: tuple[int, int]) -> Array:
    """The kernel as a table (height, width); a ShapeError where it has no such form.

    box is the mean; gaussian the rows of Pascal's triangle, which add up to 1; sobel_x the slope across, smoothed down
    by 1 2 1 (Sobel and Feldman 1968); laplace the second differences down and across; sharpen the identity without the
    Laplace. Of these all but the blurs stand in the middle 3 × 3 of a larger kernel, and along a side of 1 nothing
    differs.
    """
    high, wide = sides
    if not isinstance(kernel, str):
        if len(kernel) != high or any(len(row) != wide for row in kernel):
            rows = " + ".join(str(len(row)) for row in kernel) or "no"
            raise ShapeError(f"kernels: expected {high} rows of {wide} numbers, got {rows} numbers")
        if not all(isfinite(value) for row in kernel for value in row):
            raise ShapeError("kernels: expected finite numbers")
        return np.array(kernel, np.float64)
    if kernel == "box":
        return np.full(sides, 1 / (high * wide))
    if kernel == "gaussian":
        down, across = ([comb(side - 1, j) / 2.0 ** (side - 1) for j in range(side)] for side in sides)
        return np.outer(np.array(down), np.array(across))
    if not (high % 2 and wide % 2):
        raise ShapeError(f"kernels: {kernel} has a middle, the kernel of {high}×{wide} has none")
    middle = _middle(sides, (1.0,), (1.0,))
    if kernel == "identity":
        return middle
    if kernel in ("sobel_x", "sobel_y"):
        along, beside = (wide, high) if kernel == "sobel_x" else (high, wide)
        if along == 1:
            raise ShapeError(f"kernels: {kernel} wants a side of 3 or more, the kernel is {high}×{wide}")
        smooth = SMOOTH if beside > 1 else (1.0,)
        return _middle(sides, smooth, SLOPE) if kernel == "sobel_x" else _middle(sides, SLOPE, smooth)
    laplace = np.zeros(sides)
    if high > 1:
        laplace += _middle(sides, EDGE, (1.0,))
    if wide > 1:
        laplace += _middle(sides, (1.0,), EDGE)
    return laplace if kernel == "laplace" else middle - laplace


def set_by_hand(
    kernels: tuple[Kernel, ...], turned: bool, filters: int, sides: tuple[int, int], seen: Array | int
) -> Array:
    """(filters, 1, height, width): the kernels in turn, each over the number of maps that its filter sees."""
    tables = np.stack([numbers(kernel, sides) for kernel in islice(cycle(kernels), filters)])
    if turned:
        tables = tables[:, ::-1, ::-1]
    made: Array = tables[:, None] / np.reshape(seen, (-1, 1, 1, 1))
    return made


def _middle(sides: tuple[int, int], down: tuple[float, ...], across: tuple[float, ...]) -> Array:
    """The product of `down` and `across` in the middle of a table of zeros."""
    table = np.zeros(sides)
    top, left = (sides[0] - len(down)) // 2, (sides[1] - len(across)) // 2
    table[top : top + len(down), left : left + len(across)] = np.outer(np.array(down), np.array(across))
    return table
