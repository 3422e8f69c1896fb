"""Norms by the batch, by the example, by maps and by groups of maps."""

import numpy as np

from engine.backend import Array
from engine.importing.arithmetic import affine
from engine.importing.call import Call, Result, Translate
from engine.importing.model import RefusedError, floats
from engine.importing.values import BATCH, Value
from engine.importing.windows import picture


def batch_norm(call: Call) -> Result:
    """By the running averages, as after training."""
    op, value = call.op, call.value(0)
    if op.whole("training_mode", 0):
        raise RefusedError("is exported in training mode; netviz takes networks as they are used")
    call.only_first_output()
    numbers = [floats(call.tensor(number)).reshape(-1) for number in range(1, 5)]
    features = value.example[0] if value.example else 1
    if any(len(array) != features for array in numbers):
        raise RefusedError(f"expected numbers for {features} maps, got {[len(array) for array in numbers]}")
    eps, share = op.real("epsilon", 1e-5), 1 - op.real("momentum", 0.9)
    names = ("weight", "bias", "running_mean", "running_var")
    fields = {"eps": eps, "momentum": share if 0 < share <= 1 else 0.1}
    state = {**dict(zip(names, numbers, strict=True)), "num_batches_tracked": np.array(0, np.int64)}
    if len(value.example) <= 1 and value.in_order:
        source = call.draft.shaped(op, value, (features,))
        return call.draft.like(value, call.draft.add(op, "batch_norm", [source], state, call.origin(1), **fields))
    if value.in_order and len(value.example) in (2, 3):
        seen = picture(call, value)
        return seen.back(call, call.draft.add(op, "batch_norm", [seen.node], state, call.origin(1), **fields))
    weight, bias, mean, variance = numbers
    factor = weight / np.sqrt(variance + np.asarray(eps, variance.dtype))
    call.draft.note(f"{op.called}: stands as a constant factor and term, netviz has no batch norm of {value.told}")
    along = (features, *(1 for _ in value.example[1:]))
    return affine(call, value, factor.reshape(along), (bias - mean * factor).reshape(along))


def layer_norm(call: Call) -> Result:
    op, value = call.op, call.value(0)
    call.only_first_output()
    axis = value.axis(op.whole("axis", -1))
    if [factor for part in value.axes[:axis] for factor in part] != [BATCH]:
        raise RefusedError(
            f"is over the axes from {axis} of {value.told}; netviz' layer norm is over the whole example"
        )
    shape = call.draft.shapes[value.node]
    weight = _full(value, call.tensor(1)).reshape(shape)
    bias = call.constant(2)
    shift = np.zeros(shape, weight.dtype) if bias is None else _full(value, bias).reshape(shape)
    state = {"weight": weight, "bias": shift}
    node = call.draft.add(op, "layer_norm", [value.node], state, call.origin(1), eps=op.real("epsilon", 1e-5))
    return call.draft.like(value, node)


def _full(value: Value, array: Array) -> Array:
    return np.broadcast_to(value.along(floats(array)), [factor.size for factor in value.factors])


def instance_norm(call: Call) -> Result:
    op, value = call.op, call.value(0)
    weight, bias = (floats(call.tensor(number)).reshape(-1) for number in (1, 2))
    seen, eps = picture(call, value), op.real("epsilon", 1e-5)
    maps = seen.shape[0]
    if len(weight) != maps or len(bias) != maps:
        raise RefusedError(f"expected numbers for {maps} maps, got {len(weight)} and {len(bias)}")
    if (weight == 1).all() and not bias.any():
        return seen.back(call, call.draft.add(op, "instance_norm", [seen.node], eps=eps))
    # With numbers of its own for each map it is a norm of groups of one map.
    state = {"weight": weight, "bias": bias}
    return seen.back(call, call.draft.add(op, "group_norm", [seen.node], state, call.origin(1), groups=maps, eps=eps))


def group_norm(call: Call) -> Result:
    op, value = call.op, call.value(0)
    weight, bias = (floats(call.tensor(number)).reshape(-1) for number in (1, 2))
    seen, groups = picture(call, value), op.whole("num_groups", 0)
    maps = seen.shape[0]
    if groups < 1 or maps % groups:
        raise RefusedError(f"{maps} maps cannot be divided into {groups} groups")
    if len(weight) == groups and call.opset < 21:  # until then one number for each group
        weight, bias = (np.repeat(array, maps // groups) for array in (weight, bias))
    if len(weight) != maps or len(bias) != maps:
        raise RefusedError(f"expected numbers for {maps} maps, got {len(weight)} and {len(bias)}")
    state, eps = {"weight": weight, "bias": bias}, op.real("epsilon", 1e-5)
    return seen.back(call, call.draft.add(op, "group_norm", [seen.node], state, call.origin(1), groups=groups, eps=eps))


OPERATORS: dict[str, Translate] = {
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "InstanceNormalization": instance_norm,
    "GroupNormalization": group_norm,
}
