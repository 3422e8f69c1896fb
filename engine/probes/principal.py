"""Principal axes of examples: the directions along which they are spread most, and how many they fill.

Pearson 1901. The number of directions filled is the participation ratio (Σ λ)² / Σ λ² of the variances λ: d for
examples spread alike along d axes, 1 for examples on a line.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from engine.backend import Array, Backend


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
    size = float(xp.absolute(centred).max().item())
    if not (0 < size < np.inf):
        return _none(backend, mean)
    centred = centred * backend.scalar(1 / size)  # so that no square overflows
    wide = features > count
    product = backend.to_host(centred.T.dot(centred) if wide else centred.dot(centred.T)).astype(np.float64)
    variances, columns = np.linalg.eigh(product)
    variances, columns = np.maximum(variances[::-1][:2], 0.0), columns[:, ::-1][:, :2]
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


def _none(backend: Backend, mean: Array) -> Axes:
    nan = float("nan")
    return Axes(mean, backend.zeros(mean.shape[0], 2), (nan, nan), nan)
