"""How much of the gradient each layer lets through: δ before = φ′(a) δ after, and a weight matrix between.

|φ′| of each activation piles up at 0 where units are saturated; its root mean square is the factor by which the
activation alone shrinks δ, if the two do not know one another. Measured is the ratio of root mean squares of δ before
and after each layer: their product from last to first is the whole loss of gradient. A sigmoid passes at most 1/4
(Hochreiter 1991); what its weights do not make good again vanishes.
"""

from math import nan

import msgspec

from engine.layers.base import Activation
from engine.plan import Plan
from engine.probes.base import Probe
from engine.probes.histograms import LayerHistogram, counted
from engine.probes.way_back import way_back
from engine.statistics import root_mean_square
from engine.trainer import Trainer


class LayerDerivative(msgspec.Struct, frozen=True, eq=False):
    """|φ′| of one activation, in even bins from 0 to the steepest there is; exact zeros are counted apart."""

    histogram: LayerHistogram
    mean: float
    rms: float
    steepest: float


class Passage(msgspec.Struct, frozen=True):
    """One node on the way back: the root mean squares of δ = ∂L/∂(its output) and of ∂L/∂(its input).

    NaN where nothing goes back. Where the input goes to other nodes too, or the node has several, they are not this
    node's doing alone: `alone` is False.
    """

    node: str
    after: float
    before: float
    alone: bool

    @property
    def factor(self) -> float:
        """What of δ gets through."""
        return self.before / self.after if self.after else nan


class DerivativeAnswer(msgspec.Struct, frozen=True, eq=False, tag="derivative"):
    layers: tuple[LayerDerivative, ...]  # the activations on the way back
    way: tuple[Passage, ...]  # all drawn nodes, in order
    examples: int


class Derivative(Probe, frozen=True, tag="derivative"):
    """On the first training examples, in training mode, without regularizer.

    A last sigmoid or softmax that the loss takes in is not on the way back: the loss's gradient begins before it.
    """

    def measure(self, trainer: Trainer, detail: float = 1.0) -> DerivativeAnswer:
        with way_back(trainer, detail) as plan:
            drawn = [node for node in plan.structure.drawn if plan.vars[node].grad is not None]
            kinds = plan.structure.layers
            layers = tuple(_slopes(plan, node) for node in drawn if isinstance(kinds[node], Activation))
            return DerivativeAnswer(layers, tuple(_passage(plan, node) for node in drawn), plan.batch)


def _slopes(plan: Plan, node: str) -> LayerDerivative:
    layer = plan.structure.layers[node]
    assert isinstance(layer, Activation)
    before, h = plan.vars[plan.structure.inputs[node][0]].value, plan.vars[node].value
    slope = layer.derivative(plan.xp, before, h).astype(plan.backend.dtype, copy=False)
    mean, rms, steepest = float(slope.mean(dtype="float64").item()), root_mean_square(slope), layer.steepest
    rounded = plan.xp.minimum(slope, steepest)  # float32 may be a little above
    return LayerDerivative(counted(plan.backend, node, rounded, (0.0, steepest)), mean, rms, steepest)


def _passage(plan: Plan, node: str) -> Passage:
    inputs = plan.structure.inputs[node]
    feeds = sum(node_inputs.count(inputs[0]) for node_inputs in plan.structure.inputs.values()) if inputs else 0
    before = plan.vars[inputs[0]].grad if len(inputs) == 1 else None
    return Passage(
        node, root_mean_square(plan.vars[node].grad), root_mean_square(before), len(inputs) == 1 and feeds == 1
    )
