"""Activations: those that netviz has, and those that are made of a few of its layers."""

from collections.abc import Callable
from dataclasses import replace
from math import pi, sqrt

import numpy as np

from engine.importing.arithmetic import elementwise, joined, scaled
from engine.importing.call import Call, Result, Translate
from engine.importing.model import RefusedError, floats
from engine.importing.values import BATCH, Value
from engine.layers.rectifiers import SELU_ALPHA, SELU_SCALE


def plain(kind: str) -> Translate:
    return lambda call: elementwise(call, call.value(0), kind)


def _twice(value: Value) -> Value:
    """Taken by several layers: what is done for one of them must not be done to the value itself."""
    return replace(value, alone=False)


def leaky_relu(call: Call) -> Result:
    slope = call.op.real("alpha", 0.01)
    if 0 <= slope <= 1:
        return elementwise(call, call.value(0), "leaky_relu", negative_slope=slope)
    return _difference(call, call.value(0), slope)


def _difference(call: Call, value: Value, slope: float) -> Value:
    """max(a, 0) - slope · max(-a, 0)."""
    value = _twice(value)
    above = elementwise(call, value, "relu")
    below = elementwise(call, scaled(call, value, -1), "relu")
    return joined(call, "add", [above, scaled(call, below, -slope)])


def absolute(call: Call) -> Result:
    return _difference(call, call.value(0), -1.0)


def elu(call: Call) -> Result:
    return elementwise(call, call.value(0), "elu", alpha=call.op.real("alpha", 1.0))


def selu(call: Call) -> Result:
    alpha, gamma = call.op.real("alpha", SELU_ALPHA), call.op.real("gamma", SELU_SCALE)
    if np.allclose([alpha, gamma], [SELU_ALPHA, SELU_SCALE], rtol=1e-6):
        return elementwise(call, call.value(0), "selu")
    return scaled(call, elementwise(call, call.value(0), "elu", alpha=alpha), gamma)


def celu(call: Call) -> Result:
    """α elu(a / α)."""
    alpha = call.op.real("alpha", 1.0)
    if alpha <= 0:
        raise RefusedError(f"alpha is {alpha:g}, expected more than 0")
    inside = scaled(call, call.value(0), 1 / alpha)
    return scaled(call, elementwise(call, inside, "elu"), alpha)


def gelu(call: Call) -> Result:
    value = _twice(call.value(0))
    if call.op.text("approximate", "none") == "none":
        return elementwise(call, value, "gelu")
    # a σ(2 √(2/π) (a + 0.044715 a³)), which is the form with tanh.
    steep = 2 * sqrt(2 / pi)
    bent = scaled(call, elementwise(call, value, "square"), steep * 0.044715, steep)
    gate = elementwise(call, joined(call, "multiply", [value, bent]), "sigmoid")
    return joined(call, "multiply", [value, gate])


def mish(call: Call) -> Result:
    value = call.value(0)
    gate = elementwise(call, elementwise(call, value, "softplus"), "tanh")
    return joined(call, "multiply", [value, gate])


def swish(call: Call) -> Result:
    value, alpha = _twice(call.value(0)), call.op.real("alpha", 1.0)
    if alpha == 1:
        return elementwise(call, value, "silu")
    gate = elementwise(call, scaled(call, value, alpha), "sigmoid")
    return joined(call, "multiply", [value, gate])


def hard_sigmoid(call: Call) -> Result:
    slope, height = call.op.real("alpha", 0.2), call.op.real("beta", 0.5)
    return _between(call, scaled(call, call.value(0), slope, height), 0.0, 1.0)


def hard_swish(call: Call) -> Result:
    value = _twice(call.value(0))
    return joined(call, "multiply", [value, _between(call, scaled(call, value, 1 / 6, 0.5), 0.0, 1.0)])


def clip(call: Call) -> Result:
    low, high = call.number(1, "min", -np.inf), call.number(2, "max", np.inf)
    if call.there(1) is None and low < -1e38:
        low = -np.inf
    if call.there(2) is None and high > 1e38:
        high = np.inf
    return _between(call, call.value(0), low, high)


def _between(call: Call, value: Value, low: float, high: float) -> Value:
    """low + max(a - low, 0) - max(a - high, 0)."""
    if low > high:
        raise RefusedError(f"is between {low:g} and {high:g}, which is nothing")
    if low == -np.inf and high == np.inf:
        return value
    if high == np.inf:
        return scaled(call, elementwise(call, scaled(call, value, 1, -low), "relu"), 1, low)
    if low == -np.inf:  # high - max(high - a, 0)
        return scaled(call, elementwise(call, scaled(call, value, -1, high), "relu"), -1, high)
    value = _twice(value)
    above = elementwise(call, scaled(call, value, 1, -low), "relu")
    over = elementwise(call, scaled(call, value, 1, -high), "relu")
    return scaled(call, joined(call, "add", [above, scaled(call, over, -1)]), 1, low)


def least_or_most(is_max: bool) -> Translate:
    """Max and Min with a constant number."""

    def translate(call: Call) -> Result:
        if len(call.known) == 1:
            return call.value(0)
        values = [known for known in call.known if isinstance(known, Value)]
        arrays = [call.tensor(n) for n, known in enumerate(call.known) if not isinstance(known, Value)]
        if len(values) != 1 or any(array.size != 1 for array in arrays):
            raise RefusedError("compares values number by number; netviz has only that with one number")
        bounds = [float(array.reshape(-1)[0]) for array in arrays]
        value = call.value(next(n for n, known in enumerate(call.known) if isinstance(known, Value)))
        return _between(call, value, max(bounds), np.inf) if is_max else _between(call, value, -np.inf, min(bounds))

    return translate


def prelu(call: Call) -> Result:
    """One slope, one for each map, or one for each number."""
    op, value, draft = call.op, call.value(0), call.draft
    slope = value.along(floats(call.tensor(1)))
    if slope.size == 1:
        return draft.like(value, draft.add(op, "prelu", [value.node], {"weight": slope.reshape(1)}, call.origin(1)))
    full = np.broadcast_to(slope, [factor.size for factor in value.factors])
    if value.examples_first and len(value.example) == 3 and value.in_order:
        by_map = full.reshape(value.example[0], -1)
        if (by_map == by_map[:, :1]).all():
            source, numbers = draft.shaped(op, value, value.example), {"weight": by_map[:, 0]}
            return draft.like(value, draft.add(op, "prelu", [source], numbers, call.origin(1), per_feature=True))
    if full.size > slope.size:
        draft.note(f"{op.called}: has a slope for each number now, where the model has one for several")
    source, numbers = draft.flat(op, value.node), {"weight": full.reshape(-1)}
    return draft.like(value, draft.add(op, "prelu", [source], numbers, call.origin(1), per_feature=True))


def softmax(kind: str) -> Translate:
    def translate(call: Call) -> Result:
        op, value = call.op, call.value(0)
        axis = value.axis(op.whole("axis", -1 if call.opset >= 13 else 1))
        # Until opset 13 all axes from this one on are one.
        own = value.axes[axis : axis + 1] if call.opset >= 13 else value.axes[axis:]
        beside = [f for part in value.axes for f in part if not any(f in each for each in own)]
        if beside != [BATCH]:
            raise RefusedError(f"is over axis {axis} of {value.told}; netviz' {kind} is over the whole of one vector")
        node = call.draft.add(op, kind, [call.draft.flat(op, value.node)])
        return call.draft.like(value, node)

    return translate


def dropout(call: Call) -> Result:
    op, value = call.op, call.value(0)
    call.only_first_output()
    if call.opset >= 12:
        trains = call.constant(2)
        if trains is not None and trains.any():
            raise RefusedError("is exported in training mode; netviz takes networks as they are used")
        rate = call.number(1, "", 0.5)
    else:
        rate = op.real("ratio", 0.5)
    if not 0 <= rate < 1:
        raise RefusedError(f"its ratio is {rate:g}, expected 0 to below 1")
    return elementwise(call, value, "dropout", rate=rate) if rate else value


_PLAIN = {
    **{"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Softplus": "softplus", "Softsign": "softsign"},
    **{"Exp": "exp", "Log": "log"},
}
_OWN: dict[str, Callable[[Call], Result]] = {
    "LeakyRelu": leaky_relu,
    "Abs": absolute,
    "Elu": elu,
    "Selu": selu,
    "Celu": celu,
    "Gelu": gelu,
    "Mish": mish,
    "Swish": swish,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "Clip": clip,
    "Max": least_or_most(True),
    "Min": least_or_most(False),
    "PRelu": prelu,
    "Softmax": softmax("softmax"),
    "LogSoftmax": softmax("log_softmax"),
    "Dropout": dropout,
}
OPERATORS: dict[str, Translate] = {**{kind: plain(own) for kind, own in _PLAIN.items()}, **_OWN}
