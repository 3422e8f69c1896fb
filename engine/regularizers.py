"""What is done around an update: L1, L2 and clipping before it, decay and the limit on weights beside it."""

from collections.abc import Iterator
from functools import partial

from engine.backend import Array, Backend, BoundCall
from engine.parameters import Parameters
from engine.training import Regularization, Training


def gradient_calls(backend: Backend, parameters: Parameters, training: Training) -> list[BoundCall]:
    """From the loss's gradient to that which the optimizer takes: L1 and L2, each number clipped, then the length."""
    calls = regularizer_calls(backend, parameters, training.regularization)
    if training.clip_value is not None:
        calls += clip_value_calls(backend, parameters, training.clip_value)
    if training.clip_norm is not None:
        calls += clip_calls(backend, parameters, training.clip_norm)
    return calls


def constraint_calls(backend: Backend, parameters: Parameters, training: Training) -> list[BoundCall]:
    """What holds after the update."""
    longest = training.regularization.max_norm
    return [] if longest is None else max_norm_calls(backend, parameters, longest)


def regularizer_calls(backend: Backend, parameters: Parameters, penalty: Regularization) -> list[BoundCall]:
    """g ← g + l2 w + l1 sign(w), for trained weights, never biases, nor what scales a norm."""
    xp = backend.xp
    calls: list[BoundCall] = []
    for w, g in _trained_weights(parameters):
        t = backend.zeros(*w.shape)
        if penalty.l2:
            calls += [(xp.multiply, w, backend.scalar(penalty.l2), t), (xp.add, g, t, g)]
        if penalty.l1:
            calls += [(xp.sign, w, t), (xp.multiply, t, backend.scalar(penalty.l1), t), (xp.add, g, t, g)]
    return calls


def penalty(backend: Backend, parameters: Parameters, strength: Regularization) -> float:
    """l1 Σ|w| + l2/2 Σw², of which `regularizer_calls` adds the gradient."""
    total, xp = 0.0, backend.xp
    if strength.l1 or strength.l2:
        for w, _ in _trained_weights(parameters):
            total += strength.l1 * float(xp.absolute(w).sum().item()) + strength.l2 / 2 * float((w * w).sum().item())
    return total


def clip_value_calls(backend: Backend, parameters: Parameters, largest: float) -> list[BoundCall]:
    """g ← max(-largest, min(largest, g)), number by number; a NaN stays one."""
    g = parameters.grads[: parameters.trained]
    return [(backend.xp.clip, g, backend.scalar(-largest), backend.scalar(largest), g)]


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


def decay_calls(backend: Backend, parameters: Parameters, kept: Array) -> list[BoundCall]:
    """w ← kept · w, for trained weights, never biases (Loshchilov and Hutter 2019)."""
    # Layer by layer: in the flat vector weights and biases stand side by side.
    return [(backend.xp.multiply, w, kept, w) for w, _ in _trained_weights(parameters)]


def max_norm_calls(backend: Backend, parameters: Parameters, longest: float) -> list[BoundCall]:
    """w ← w · min(1, longest / ‖w‖), for the weights w into each unit (Hinton et al. 2012, appendix A)."""
    xp, limit = backend.xp, backend.scalar(longest)
    calls: list[BoundCall] = []
    for w, _ in _trained_weights(parameters):
        inputs = tuple(range(1, w.ndim))
        t, norms = backend.zeros(*w.shape), backend.zeros(len(w), *(1 for _ in inputs))
        calls += [
            (xp.multiply, w, w, t),
            (xp.add.reduce, t, inputs, None, norms, True),
            (xp.sqrt, norms, norms),
            (xp.fmax, norms, limit, norms),
            (xp.divide, limit, norms, norms),
            (xp.multiply, w, norms, w),
        ]
    return calls


def _trained_weights(parameters: Parameters) -> Iterator[tuple[Array, Array]]:
    """Weights, without biases nor what scales a norm, and their gradients, layer by layer and tensor by tensor."""
    for node, layer in parameters.layers.items():
        if layer.trains and layer.penalized:
            values, grads = parameters.tensors(parameters.values, node), parameters.tensors(parameters.grads, node)
            yield from zip(values, grads, strict=True)
