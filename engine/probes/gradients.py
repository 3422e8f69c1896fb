"""∂L/∂W by layer: how its sizes are spread over the decades. Shows a gradient that vanishes, explodes or is not there.

On the first training examples, the same at every step, so that steps compare; a step's own batch is what the curves
of norms over time show. A layer whose numbers lie decades below the next one's learns as much more slowly; exact
zeros are weights that no example moves.
"""

from math import prod, sqrt

import msgspec
import numpy as np

from engine.backend import Array, Backend
from engine.layers.base import Weighted
from engine.probes.base import Probe
from engine.probes.histograms import LayerHistogram, counted
from engine.probes.way_back import way_back
from engine.probes.weights import MOST, sampled
from engine.trainer import Trainer

DECADES = (1e-12, 1e4)  # four bins a decade


class LayerGradient(msgspec.Struct, frozen=True, eq=False):
    """One layer's ∂L/∂W without biases. The histogram is of `looked_at` absolute values, all else of every weight.

    What is no number is counted over every weight, too.
    """

    histogram: LayerHistogram
    norm: float
    mean_abs: float
    positive: float  # share; all of one sign is the zig-zag of inputs that are all positive
    shape: tuple[int, ...]
    looked_at: int


class GradientsAnswer(msgspec.Struct, frozen=True, eq=False, tag="gradients"):
    layers: tuple[LayerGradient, ...]
    examples: int


class Gradients(Probe, frozen=True, tag="gradients"):
    """The gradient of every layer with weights, of the loss on the first training examples, without regularizer."""

    def measure(self, trainer: Trainer, detail: float = 1.0) -> GradientsAnswer:
        backend, parameters = trainer.backend, trainer.parameters
        with way_back(trainer, detail) as plan:
            structure = plan.structure
            layers = tuple(
                _looked_at(backend, node, parameters.weights(parameters.grads, node), round(MOST * detail))
                for node in structure.drawn
                if isinstance(structure.layers[node], Weighted)
            )
            return GradientsAnswer(layers, plan.batch)


def _looked_at(backend: Backend, node: str, grads: Array, most: int) -> LayerGradient:
    xp, size = backend.xp, prod(grads.shape)
    some, lost = sampled(backend, grads, most)
    histogram = counted(backend, node, some, DECADES, decades=True)
    if lost is not None:
        histogram = msgspec.structs.replace(histogram, nan=lost[0], infinite=lost[1])
    large = xp.absolute(grads)
    scale = float(large.max().item())
    with np.errstate(all="ignore"):
        share = large / scale if scale > 0 else large  # squares of what is tiny would be 0
        squares = float((share * share).sum(dtype="float64").item())
        norm = sqrt(squares) * (scale if scale > 0 else 1.0)
        mean_abs = float(large.sum(dtype="float64").item()) / size
        positive = float((grads > 0).sum(dtype="float64").item()) / size
    return LayerGradient(histogram, norm, mean_abs, positive, tuple(grads.shape), int(some.shape[0]))
