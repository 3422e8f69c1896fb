"""Activation histograms: how each layer's outputs are spread. Shows saturation, collapse and dead layers."""

from math import asinh, isfinite, prod
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array, Backend
from engine.graph import Structure
from engine.layers.base import Activation, Weighted
from engine.probes.base import SAMPLE, Probe
from engine.trainer import Trainer

BINS = 64
LINEAR, REACH = 0.1, 1000.0  # symlog: linear below 0.1 either side, counted up to ±1000
ENOUGH = 4096  # values of a layer that show its shape; of wide layers fewer examples are looked at
FEWEST = 64  # examples


class LayerHistogram(msgspec.Struct, frozen=True, eq=False):
    """One layer's outputs in fixed bins; what no bin holds is counted apart, and nothing is counted twice.

    Bins are even over `low`..`high` where the output is bounded, else even in asinh(x / 0.1).
    Exact zeros are counted in `zeros` and in no bin.
    """

    node: str
    counts: Any  # (BINS,) int64
    low: float
    high: float
    symlog: bool
    zeros: int
    nan: int
    infinite: int
    under: int
    over: int
    least: float  # of the finite values; NaN without any
    most: float


class HistogramAnswer(msgspec.Struct, frozen=True, eq=False, tag="histograms"):
    layers: tuple[LayerHistogram, ...]
    examples: int  # how many training examples were looked at
    training: bool = False  # as a step would see them


class Histograms(Probe, frozen=True, tag="histograms"):
    """The activations' and the network's outputs on the first training examples, in inference mode.

    With `weighted`, those of layers with weights too; with `training`, as a step would see them: dropout draws its
    mask, batch norm takes the mean and variance of these examples.
    """

    weighted: bool = False
    training: bool = False

    def measure(self, trainer: Trainer, detail: float = 1.0) -> HistogramAnswer:
        shapes = trainer.network.structure.shapes
        widest = max(prod(shapes[node]) for node in trainer.network.structure.drawn)
        rows = trainer.training_rows[: max(FEWEST, round(min(SAMPLE, ENOUGH // widest) * detail))]
        plan = trainer.network.plan(len(rows), "train" if self.training else "predict")
        plan.fill(rows)
        with np.errstate(all="ignore"):
            plan.run_forward()
            plan.draw_output()
            layers = tuple(
                counted(trainer.backend, node, plan.vars[node].value, _bounds(plan.structure, node))
                for node in self._nodes(plan.structure)
            )
        return HistogramAnswer(layers, len(rows), self.training)

    def _nodes(self, structure: Structure) -> list[str]:
        return [
            node
            for node in structure.drawn
            if self.weighted or node == structure.output or not isinstance(structure.layers[node], Weighted)
        ]


def edges(low: float, high: float, symlog: bool) -> Array:
    """The BINS + 1 edges between bins."""
    if not symlog:
        return np.linspace(low, high, BINS + 1)
    return LINEAR * np.sinh(np.linspace(asinh(low / LINEAR), asinh(high / LINEAR), BINS + 1))


def _bounds(structure: Structure, node: str) -> tuple[float, float] | None:
    layer = structure.layers[node]
    return layer.bounds if isinstance(layer, Activation) else None


def counted(backend: Backend, node: str, values: Array, bounds: tuple[float, float] | None) -> LayerHistogram:
    """The histogram of numbers on the device: even bins within `bounds`, or the symlog ones."""
    low, high = bounds or (-REACH, REACH)
    xp, flat = backend.xp, values.ravel()
    nan = infinite = under = over = 0
    # Nearly always there is nothing to take out but zeros: what is no number shows in the extremes.
    least, most = float(flat.min().item()), float(flat.max().item())
    if not (isfinite(least) and isfinite(most)):
        nan, infinite = int(xp.isnan(flat).sum().item()), int(xp.isinf(flat).sum().item())
        flat = flat[xp.isfinite(flat)]
        least, most = (float(flat.min().item()), float(flat.max().item())) if flat.size else (np.nan, np.nan)
    if least < low or most > high:
        under, over = int((flat < low).sum().item()), int((flat > high).sum().item())
        flat = flat[(flat >= low) & (flat <= high)]
    zeros = int((flat == 0).sum().item())
    if zeros:
        flat = flat[flat != 0]
    place = flat if bounds else xp.arcsinh(flat * (1 / LINEAR))
    start, stop = (low, high) if bounds else (asinh(low / LINEAR), asinh(high / LINEAR))
    index = ((place - start) * (BINS / (stop - start))).astype("int64")
    counts = xp.bincount(xp.minimum(index, BINS - 1), minlength=BINS)
    return LayerHistogram(
        node,
        backend.to_host(counts),
        low,
        high,
        bounds is None,
        zeros,
        nan,
        infinite,
        under,
        over,
        least,
        most,
    )
