"""Principal axes of examples: the directions along which they are spread most, and how many they fill.

Pearson 1901. The number of directions filled is the participation ratio (Σ λ)² / Σ λ² of the variances λ: d for
examples spread alike along d axes, 1 for examples on a line.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from engine.backend import Array, Backend
from engine.random import generator

LARGE = 128  # rows and columns: of a smaller matrix all eigenvectors are found as fast as two
BLOCK, MOST_DIRECTIONS = 6, 48  # columns multiplied at once, and in all


@dataclass(frozen=True, slots=True)
class Axes:
    """The first two principal axes on the device, each signed so that its entry of greatest size is positive."""

    mean: Array  # (features, 1)
    directions: Array  # (features, 2); zeros where there is no spread
    shares: tuple[float, float]  # of the variance; NaN where all examples are alike
    dimensions: float  # the participation ratio; NaN likewise

    def places(self, values: Array) -> Array:
        """(n, 2) on the device: where columns of `values` lie on the plane of the two axes."""
        placed: Array = (values - self.mean).T.dot(self.directions)
        return placed


def principal(backend: Backend, values: Array) -> Axes:
    """The axes of the columns of `values` (features, n); columns with what is no finite number do not count.

    The smaller of the products C Cᵀ and Cᵀ C is taken apart, on the host: they have the same variances.
    """
    xp, (features, count) = backend.xp, values.shape
    if not isfinite(float(values.sum().item())):
        values = values[:, xp.isfinite(values).all(axis=0)]
        count = values.shape[1]
    if not count:
        return _none(backend, backend.zeros(features, 1) * float("nan"))
    mean = values.mean(axis=1).reshape(features, 1)
    centred = values - mean
    size = max(float(centred.max().item()), -float(centred.min().item()))
    if not (0 < size < np.inf):
        return _none(backend, mean)
    centred *= backend.scalar(1 / size)  # so that no square overflows
    wide = features > count
    product = backend.to_host(centred.T.dot(centred) if wide else centred.dot(centred.T)).astype(np.float64)
    variances, columns = greatest_two(product, float(np.finfo(backend.dtype).eps))
    if wide:
        columns = backend.to_host(centred.dot(backend.from_host(columns))).astype(np.float64)
        columns /= np.maximum(np.linalg.norm(columns, axis=0), np.finfo(np.float64).tiny)
    # What is left beside a spread that has fewer directions is rounding of this size (as in numpy's matrix_rank).
    columns[:, variances <= variances[0] * max(features, count) * np.finfo(backend.dtype).eps] = 0.0
    if columns.shape[1] < 2:
        columns = np.column_stack([columns, np.zeros(features)])
    greatest = np.take_along_axis(columns, np.abs(columns).argmax(axis=0)[None], 0)
    columns = columns * np.where(greatest < 0, -1.0, 1.0)
    whole = float(np.trace(product))
    first, second = (*(float(v) / whole for v in variances), 0.0)[:2]
    dimensions = whole * whole / float((product * product).sum())
    return Axes(mean, backend.from_host(columns), (first, second), dimensions)


def greatest_two(product: Array, rounding: float) -> tuple[Array, Array]:
    """The two greatest eigenvalues of a positive semidefinite matrix, and their vectors as columns.

    Of a large one by a block Krylov method (Golub and Underwood 1977): it is multiplied by few columns, and taken apart
    in the space of these. What is left of P v − λ v must be no more than the `rounding` that is in P itself; where it
    is more, P is taken apart as a whole.
    """
    size = len(product)
    columns = generator(0, "krylov", size).standard_normal((size, BLOCK)) if size >= LARGE else None
    basis, images = np.zeros((size, 0)), np.zeros((size, 0))
    while columns is not None and basis.shape[1] < MOST_DIRECTIONS:
        for _ in range(2):  # once more, for what rounding has left
            columns, _ = np.linalg.qr(columns - basis @ (basis.T @ columns))
        basis, images = np.column_stack([basis, columns]), np.column_stack([images, product @ columns])
        variances, places = np.linalg.eigh(basis.T @ images)
        found = places[:, ::-1][:, :2]
        left = images @ found - basis @ found * variances[::-1][:2]
        if np.linalg.norm(left, axis=0).max() <= rounding * variances[-1]:
            return np.maximum(variances[::-1][:2], 0.0), basis @ found
        columns = images[:, -BLOCK:].copy()
    variances, columns = np.linalg.eigh(product)
    return np.maximum(variances[::-1][:2], 0.0), columns[:, ::-1][:, :2]


def _none(backend: Backend, mean: Array) -> Axes:
    nan = float("nan")
    return Axes(mean, backend.zeros(mean.shape[0], 2), (nan, nan), nan)
