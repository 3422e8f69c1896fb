"""What is done to the gradient between the way back and the update: L1, L2 and clipping."""

from functools import partial

from engine.backend import Backend, BoundCall
from engine.parameters import Parameters
from engine.training import Regularization


def regularizer_calls(backend: Backend, parameters: Parameters, penalty: Regularization) -> list[BoundCall]:
    """g ← g + l2 w + l1 sign(w), for trained weights, never biases, nor what scales a norm."""
    xp = backend.xp
    calls: list[BoundCall] = []
    for node, layer in parameters.layers.items():
        if not (layer.trains and layer.penalized):
            continue
        w, g = parameters.weights(parameters.values, node), parameters.weights(parameters.grads, node)
        t = backend.zeros(*w.shape)
        if penalty.l2:
            calls += [(xp.multiply, w, backend.scalar(penalty.l2), t), (xp.add, g, t, g)]
        if penalty.l1:
            calls += [(xp.sign, w, t), (xp.multiply, t, backend.scalar(penalty.l1), t), (xp.add, g, t, g)]
    return calls


def clip_calls(backend: Backend, parameters: Parameters, longest: float) -> list[BoundCall]:
    """g ← g · min(1, longest / ‖g‖), over all trained parameters as one vector (Pascanu et al. 2013)."""
    xp, g = backend.xp, parameters.grads[: parameters.trained]
    norm, limit = backend.scalar(0.0), backend.scalar(longest)
    return [
        (xp.dot, g, g, norm),
        (xp.sqrt, norm, norm),
        (partial(xp.maximum, out=norm), norm, limit),  # a shorter gradient is scaled by 1
        (xp.divide, limit, norm, norm),
        (xp.multiply, g, norm, g),
    ]
