"""Of every unit of every activation, how often it is saturated and whether it is dead: which units, not only how many.

A unit that is dead for all examples looked at gets no gradient from any of them; one that is dead in every answer
from some step on will not come back.
"""

from typing import Any

import msgspec
import numpy as np

from engine.layers.base import Activation
from engine.probes.base import Probe
from engine.probes.histograms import sample_of
from engine.probes.unit_spread import flat_units
from engine.trainer import Trainer

MOST = 1 << 17  # units of all layers in one answer


class LayerShares(msgspec.Struct, frozen=True, eq=False):
    """The first units of an activation; `units` is how many it has."""

    node: str
    units: int
    saturated: Any  # (shown,) float32, share of the examples
    dead: Any  # (shown,) bool, for all of them


class UnitSharesAnswer(msgspec.Struct, frozen=True, eq=False, tag="unit_shares"):
    layers: tuple[LayerShares, ...]
    examples: int


class UnitShares(Probe, frozen=True, tag="unit_shares"):
    """All activations on the first training examples, in inference mode."""

    def measure(self, trainer: Trainer, detail: float = 1.0) -> UnitSharesAnswer:
        structure = trainer.network.structure
        rows = trainer.training_rows[: sample_of(trainer, detail)]
        plan = trainer.network.plan(len(rows), "predict")
        plan.fill(rows)
        nodes = [node for node in structure.drawn if isinstance(structure.layers[node], Activation)]
        made = []
        with np.errstate(all="ignore"):
            plan.run_forward()
            plan.draw_output()
            for node in nodes:
                saturated, dead = flat_units(plan, node)
                shown = slice(0, MOST // len(nodes))
                made.append(LayerShares(node, len(dead), saturated[shown].astype(np.float32), dead[shown]))
        return UnitSharesAnswer(tuple(made), len(rows))
