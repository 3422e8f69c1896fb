"""Weights by layer: how they are spread, and one layer's matrix. Shows a collapse, outliers and what never learns.

Weights that keep their initial shape step by step belong to a layer that no gradient reaches.
"""

from math import floor, gcd, log10, sqrt
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array, Backend
from engine.layers.base import Weighted
from engine.probes.base import Probe
from engine.probes.histograms import LayerHistogram, counted
from engine.trainer import Trainer

MOST = 65_536  # weights of a layer that are looked at; of more, every n-th
SIDE = 96  # cells of a matrix's side; of a larger matrix a cell is the mean of a block
OUTLYING = 6.0  # root mean squares from 0 beyond which weights are counted apart


class LayerWeights(msgspec.Struct, frozen=True, eq=False):
    """One layer's weights without biases, in even bins about 0; what lies beyond the bins is counted apart.

    What is no number is counted over all weights, also where only some are looked at.
    """

    histogram: LayerHistogram
    shape: tuple[int, ...]
    looked_at: int  # how many of them


class Matrix(msgspec.Struct, frozen=True, eq=False):
    """A layer's weights, a row a unit: the numbers themselves, or where `block` is larger than 1 × 1 means of blocks.

    The last row and column of blocks may be smaller.
    """

    node: str
    rows: int
    columns: int
    block: tuple[int, int]
    values: Any  # float64 (⌈rows / block⌉, ⌈columns / block⌉)


class WeightsAnswer(msgspec.Struct, frozen=True, eq=False, tag="weights"):
    layers: tuple[LayerWeights, ...]
    matrix: Matrix | None  # None: not asked for, or no layer of that name has weights


class Weights(Probe, frozen=True, tag="weights"):
    """The spread of every layer's weights, and the matrix of layer `matrix` (of the first one, where it is empty)."""

    matrix: str | None = None

    def measure(self, trainer: Trainer, detail: float = 1.0) -> WeightsAnswer:
        backend, structure, parameters = trainer.backend, trainer.network.structure, trainer.parameters
        weights = {
            node: parameters.weights(parameters.values, node)
            for node in structure.drawn
            if isinstance(structure.layers[node], Weighted)
        }
        node = next(iter(weights), "") if self.matrix == "" else self.matrix
        with np.errstate(all="ignore"):
            layers = tuple(_spread(backend, name, w, round(MOST * detail)) for name, w in weights.items())
            matrix = _matrix(backend, node, _table(trainer, node)) if node in weights else None
        return WeightsAnswer(layers, matrix)


def _table(trainer: Trainer, node: str) -> Array:
    """The weights of a layer; of a recurrent one, W and beside it U of its first layer: a row for each gate's unit."""
    tensors = trainer.parameters.tensors(trainer.parameters.values, node)
    return trainer.backend.xp.concatenate(tensors[:2], axis=1) if len(tensors) > 1 else tensors[0]


def _spread(backend: Backend, node: str, weights: Array, most: int) -> LayerWeights:
    flat, lost = sampled(backend, weights, most)
    reach = round_reach(_robust_reach(backend, flat))
    histogram = counted(backend, node, flat, (-reach, reach))
    if lost is not None:
        histogram = msgspec.structs.replace(histogram, nan=lost[0], infinite=lost[1])
    return LayerWeights(histogram, weights.shape, flat.shape[0])


def sampled(backend: Backend, array: Array, most: int) -> tuple[Array, tuple[int, int] | None]:
    """Every n-th number, about `most` of them; and if some are left out, how many of all are NaN and infinite."""
    xp, flat = backend.xp, array.reshape(-1)
    every = -(-flat.shape[0] // most)
    if every <= 1:
        return flat, None
    while gcd(every, array.shape[-1]) > 1:  # else only some of the columns would be looked at
        every += 1
    lost = (0, 0)
    if not xp.isfinite(flat).all().item():
        lost = int(xp.isnan(flat).sum().item()), int(xp.isinf(flat).sum().item())
    return flat[::every], lost


def _robust_reach(backend: Backend, flat: Array) -> float:
    """The largest weight, but no more than OUTLYING root mean squares: one outlier leaves the rest their bins."""
    xp = backend.xp
    wide = flat.astype("float64")
    size = xp.absolute(wide[xp.isfinite(wide)])
    if not size.size:
        return 0.0
    scale = float(size.max().item())
    if not scale:
        return 0.0
    mean = float(((size / scale) ** 2).mean().item())
    return min(scale, OUTLYING * scale * sqrt(mean))


def round_reach(value: float) -> float:
    """The smallest of 1, 2, 5 × 10ⁿ that is not below `value`: an axis moves seldom."""
    if not value > 1e-300:
        return 1.0
    decade = float(10.0 ** floor(log10(value)))
    return next(step * decade for step in (1.0, 2.0, 5.0, 10.0) if step * decade >= value * (1 - 1e-12))


def _matrix(backend: Backend, node: str, weights: Array) -> Matrix:
    table = weights.reshape(1, -1) if weights.ndim == 1 else weights.reshape(len(weights), -1)
    rows, columns = table.shape
    high, wide = -(-rows // SIDE), -(-columns // SIDE)
    if high == wide == 1:
        return Matrix(node, rows, columns, (1, 1), backend.to_host(table).astype(np.float64))
    down, across = -(-rows // high), -(-columns // wide)
    padded = backend.zeros(down * high, across * wide)
    padded[:rows, :columns] = table
    sums = padded.reshape(down, high, across, wide).sum(axis=(1, 3), dtype="float64")
    heights = np.minimum(rows - high * np.arange(down), high)
    widths = np.minimum(columns - wide * np.arange(across), wide)
    return Matrix(node, rows, columns, (high, wide), backend.to_host(sums) / np.outer(heights, widths))
