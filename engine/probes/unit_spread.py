"""One layer unit by unit: mean, spread and a small histogram of each. Shows units that are dead, saturated or alike."""

from math import asinh
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array, Backend
from engine.layers.base import Activation
from engine.plan import Plan
from engine.probes.base import Probe
from engine.probes.histograms import LINEAR, REACH, bounds_of, sample_of
from engine.statistics import FLAT
from engine.trainer import Trainer

UNIT_BINS = 32
MOST_UNITS = 256  # with a histogram of their own in one answer


class UnitSpreadAnswer(msgspec.Struct, frozen=True, eq=False, tag="unit_spread"):
    """Of every unit its numbers; of those from `first` on a histogram, too, in bins even as a LayerHistogram's.

    In no bin are exact zeros, what is no number, and what lies beyond the bins.
    """

    node: str
    units: int
    first: int
    counts: Any  # (shown, UNIT_BINS) uint16
    low: float
    high: float
    symlog: bool
    mean: Any  # (units,) float64
    std: Any
    zeros: Any  # (units,) share of exact zeros
    apart: Any  # (units,) share of what is no number or beyond the bins
    saturated: Any  # (units,) share where the local derivative is under 1 % of its maximum; NaN of no activation
    dead: Any  # (units,) bool: the derivative is 0 for every example
    examples: int
    training: bool
    before: bool


class UnitSpread(Probe, frozen=True, tag="unit_spread"):
    """The units of layer `node` on the first training examples; histograms of MOST_UNITS of them from `first` on.

    `training` and `before` as in the histograms of whole layers. None for a layer that a network does not have.
    """

    node: str
    first: int = 0
    training: bool = False
    before: bool = False

    def measure(self, trainer: Trainer, detail: float = 1.0) -> UnitSpreadAnswer | None:
        structure, backend = trainer.network.structure, trainer.backend
        if self.node not in structure.drawn:
            return None
        rows = trainer.training_rows[: sample_of(trainer, detail)]
        plan = trainer.network.plan(len(rows), "train" if self.training else "predict")
        plan.fill(rows)
        layer = structure.layers[self.node]
        with np.errstate(all="ignore"):
            plan.run_forward()
            plan.draw_output()
            shown, bounds = self.node, bounds_of(structure, self.node)
            if self.before and isinstance(layer, Activation):
                shown, bounds = structure.inputs[self.node][0], None
            values = plan.counted(plan.vars[shown].value, shown)
            units = len(values)
            saturated, dead = np.full(units, np.nan), np.zeros(units, bool)
            if isinstance(layer, Activation):
                saturated, dead = flat_units(plan, self.node)
            low, high = bounds or (-REACH, REACH)
            place = values if bounds else backend.xp.arcsinh(values * (1 / LINEAR))
            start, stop = (low, high) if bounds else (asinh(low / LINEAR), asinh(high / LINEAR))
            finite = backend.xp.isfinite(values)
            zero, inside = values == 0, finite & (values >= low) & (values <= high)
            first = max(0, min(self.first, units - MOST_UNITS))
            piece = slice(first, first + MOST_UNITS)
            index = (place[piece] - start) * (UNIT_BINS / (stop - start))
            wide = values.astype("float64")
            mean = wide.mean(axis=1)
            spread = ((wide - mean[:, None]) ** 2).mean(axis=1) ** 0.5
            return UnitSpreadAnswer(
                node=self.node,
                units=units,
                first=first,
                counts=_counts(backend, index, (inside & ~zero)[piece]),
                low=low,
                high=high,
                symlog=bounds is None,
                mean=backend.to_host(mean),
                std=backend.to_host(spread),
                zeros=_share(backend, zero),
                apart=_share(backend, ~inside),
                saturated=saturated,
                dead=dead,
                examples=len(rows),
                training=self.training,
                before=self.before,
            )


def flat_units(plan: Plan, node: str) -> tuple[Array, Array]:
    """Of each unit of an activation the share of examples that saturate it, and whether its slope is 0 for all."""
    structure, xp, backend = plan.structure, plan.xp, plan.backend
    layer = structure.layers[node]
    assert isinstance(layer, Activation)
    before, h = plan.vars[structure.inputs[node][0]].value, plan.vars[node].value
    slope = layer.derivative(xp, before, h)
    flat = ~slope if slope.dtype == bool else slope == 0
    saturated = flat if layer.pieces else slope < FLAT * layer.steepest
    shares = (_share(backend, plan.counted(each, node)) for each in (saturated, flat))
    return next(shares), next(shares) == 1.0


def _share(backend: Backend, mask: Array) -> Array:
    """(units,) float64 on the host: the share of examples where `mask` (units, N) holds."""
    share: Array = backend.to_host(mask.sum(axis=1, dtype="float64")) / mask.shape[1]
    return share


def _counts(backend: Backend, index: Array, counted: Array) -> Array:
    """(units, UNIT_BINS): how many of each unit's numbers fall into each bin."""
    xp, units = backend.xp, len(index)
    safe = xp.where(counted, index, xp.zeros_like(index)).astype("int64")
    places = xp.minimum(safe, UNIT_BINS - 1) + xp.arange(units)[:, None] * UNIT_BINS
    counts = xp.bincount(places[counted], minlength=units * UNIT_BINS)
    table: Array = backend.to_host(counts).reshape(units, UNIT_BINS).astype(np.uint16)
    return table
