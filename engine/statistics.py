"""The scalars of every layer at one step: what telemetry writes and the panels over time draw.

Of a step's batch, before its update, without the regularizer and before clipping.
"""

from math import sqrt

from engine.backend import Array, Backend
from engine.layers.base import Activation
from engine.parameters import Parameters
from engine.plan import Plan

LayerStatistics = dict[str, float | None]
WEIGHT_FIELDS = ("weight_norm", "grad_norm", "grad_mean_abs", "update_ratio", "bias_grad_norm")
ACTIVATION_FIELDS = ("mean", "std", "zero_fraction", "saturated_fraction", "dead_fraction", "delta_rms")
FLAT = 0.01  # of the steepest slope: below it a unit counts as saturated


def layer_statistics(plan: Plan) -> dict[str, LayerStatistics]:
    """The statistics of each drawn node, after a plan's way back; `update_ratio` is still None."""
    plan.draw_output()
    parameters = plan.parameters
    return {
        node: _weights(parameters, node) if node in parameters.blocks else _activations(plan, node)
        for node in plan.structure.drawn
    }


def update_ratio(parameters: Parameters, before: Array, node: str) -> float | None:
    """‖ΔW‖ / ‖W‖ of the update since `before`, a copy of all values; None for weights that were all zero."""
    old = parameters.weights(before, node)
    length = _norm(parameters.backend, old)
    change = _norm(parameters.backend, parameters.weights(parameters.values, node) - old)
    return change / length if length else None


def _weights(parameters: Parameters, node: str) -> LayerStatistics:
    backend = parameters.backend
    weight, grad = (parameters.weights(vector, node) for vector in (parameters.values, parameters.grads))
    bias = parameters.views(parameters.grads, node).get("bias")
    return {
        "weight_norm": _norm(backend, weight),
        "grad_norm": _norm(backend, grad),
        "grad_mean_abs": _mean(backend, backend.xp.absolute(grad)),
        "update_ratio": None,
        "bias_grad_norm": None if bias is None else _norm(backend, bias),
    }


def _activations(plan: Plan, node: str) -> LayerStatistics:
    layer, h, backend = plan.structure.layers[node], plan.vars[node].value, plan.backend
    before = plan.vars[plan.structure.inputs[node][0]]
    saturated = dead = None
    if isinstance(layer, Activation):
        slope = layer.derivative(backend.xp, before.value, h)
        flat = slope == 0
        saturated = _share(flat if layer.pieces else slope < FLAT * layer.steepest)
        dead = _share(flat.all(axis=1))
    delta, mean = before.grad, _mean(backend, h)
    return {
        "mean": mean,
        "std": _norm(backend, h.astype("float64") - mean) / sqrt(h.size),
        "zero_fraction": _share(h == 0),
        "saturated_fraction": saturated,
        "dead_fraction": dead,
        "delta_rms": None if delta is None else _norm(backend, delta) / sqrt(delta.size),
    }


def _mean(backend: Backend, array: Array) -> float:
    return float(array.sum(dtype="float64").item()) / array.size


def _share(mask: Array) -> float:
    return float(mask.sum().item()) / mask.size


def _norm(backend: Backend, array: Array) -> float:
    """The Euclidean norm over all entries, summed in float64."""
    wide = array.astype("float64").ravel()
    return sqrt(float(backend.xp.dot(wide, wide).item()))
