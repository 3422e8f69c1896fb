"""Activation histograms: how each layer's outputs are spread. Shows saturation, collapse and dead layers."""

from math import asinh, isfinite, log, log10, prod
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array, Backend
from engine.graph import Structure
from engine.layers.base import Activation, Weighted
from engine.plan import Plan
from engine.probes.base import SAMPLE, Probe
from engine.trainer import Trainer

BINS = 64
LINEAR, REACH = 0.1, 1000.0  # symlog: linear below 0.1 either side, counted up to ±1000
ENOUGH = 4096  # values of a layer that show its shape; of wide layers fewer examples are looked at
FEWEST = 64  # examples


class LayerHistogram(msgspec.Struct, frozen=True, eq=False):
    """One layer's outputs in fixed bins; what no bin holds is counted apart, and nothing is counted twice.

    Bins are even over `low`..`high` where the output is bounded, else even in asinh(x / 0.1); with `decades`, of
    absolute values and even in their logarithm. Exact zeros are counted in `zeros` and in no bin.
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
    decades: bool = False


class HistogramAnswer(msgspec.Struct, frozen=True, eq=False, tag="histograms"):
    layers: tuple[LayerHistogram, ...]
    examples: int  # how many training examples were looked at
    training: bool = False  # as a step would see them
    before: bool = False  # what comes into the activations, not what goes out


class Histograms(Probe, frozen=True, tag="histograms"):
    """The activations' and the network's outputs on the first training examples, in inference mode.

    With `weighted`, those of layers with weights too; with `training`, as a step would see them: dropout draws its
    mask, batch norm takes the mean and variance of these examples. With `before`, an activation's row holds what comes
    into it, the pre-activation.
    """

    weighted: bool = False
    training: bool = False
    before: bool = False

    def measure(self, trainer: Trainer, detail: float = 1.0) -> HistogramAnswer:
        rows = trainer.training_rows[: sample_of(trainer, detail)]
        plan = trainer.network.plan(len(rows), "train" if self.training else "predict")
        plan.fill(rows)
        with np.errstate(all="ignore"):
            plan.run_forward()
            plan.draw_output()
            layers = tuple(
                counted(trainer.backend, node, *self._seen(plan, node)) for node in self._nodes(plan.structure)
            )
        return HistogramAnswer(layers, len(rows), self.training, self.before)

    def _seen(self, plan: Plan, node: str) -> tuple[Array, tuple[float, float] | None]:
        """The numbers of a layer's row, and their bounds."""
        structure = plan.structure
        if self.before and isinstance(structure.layers[node], Activation):
            return plan.vars[structure.inputs[node][0]].value, None
        return plan.vars[node].value, bounds_of(structure, node)

    def _nodes(self, structure: Structure) -> list[str]:
        return [
            node
            for node in structure.drawn
            if self.weighted or node == structure.output or not isinstance(structure.layers[node], Weighted)
        ]


def sample_of(trainer: Trainer, detail: float) -> int:
    """How many of the first training examples show a layer's shape: fewer of wide nets."""
    structure = trainer.network.structure
    widest = max(prod(structure.shapes[node]) for node in structure.drawn)
    return max(FEWEST, round(min(SAMPLE, ENOUGH // widest) * detail))


def edges(low: float, high: float, symlog: bool, decades: bool = False) -> Array:
    """The BINS + 1 edges between bins."""
    if decades:
        return np.logspace(log10(low), log10(high), BINS + 1)
    if not symlog:
        return np.linspace(low, high, BINS + 1)
    return LINEAR * np.sinh(np.linspace(asinh(low / LINEAR), asinh(high / LINEAR), BINS + 1))


def bounds_of(structure: Structure, node: str) -> tuple[float, float] | None:
    layer = structure.layers[node]
    return layer.bounds if isinstance(layer, Activation) else None


def counted(
    backend: Backend, node: str, values: Array, bounds: tuple[float, float] | None, decades: bool = False
) -> LayerHistogram:
    """The histogram of numbers on the device: even bins within `bounds`, or the symlog ones.

    With `decades`, of their absolute values, in bins even in the logarithm within `bounds`.
    """
    low, high = bounds or (-REACH, REACH)
    xp, flat = backend.xp, values.ravel()
    nan = infinite = under = over = 0
    if decades:
        flat = xp.absolute(flat)
    # Nearly always there is nothing to take out but zeros: what is no number shows in the extremes.
    least, most = float(flat.min().item()), float(flat.max().item())
    if not (isfinite(least) and isfinite(most)):
        nan, infinite = int(xp.isnan(flat).sum().item()), int(xp.isinf(flat).sum().item())
        flat = flat[xp.isfinite(flat)]
        least, most = (float(flat.min().item()), float(flat.max().item())) if flat.size else (np.nan, np.nan)
    zeros = int((flat == 0).sum().item())
    if zeros:
        flat = flat[flat != 0]
    if least < low or most > high:
        under, over = int((flat < low).sum().item()), int((flat > high).sum().item())
        flat = flat[(flat >= low) & (flat <= high)]
    if decades:
        place, start, stop = xp.log(flat), log(low), log(high)
    elif bounds:
        place, start, stop = flat, low, high
    else:
        place, start, stop = xp.arcsinh(flat * (1 / LINEAR)), asinh(low / LINEAR), asinh(high / LINEAR)
    index = ((place - start) * (BINS / (stop - start))).astype("int64")
    counts = xp.bincount(xp.minimum(index, BINS - 1), minlength=BINS)
    return LayerHistogram(
        node=node,
        counts=backend.to_host(counts),
        low=low,
        high=high,
        symlog=bounds is None,
        zeros=zeros,
        nan=nan,
        infinite=infinite,
        under=under,
        over=over,
        least=least,
        most=most,
        decades=decades,
    )
