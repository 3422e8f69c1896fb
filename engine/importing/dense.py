"""Gemm and MatMul with constant weights: dense layers, over vectors or at each step of a sequence."""

from math import prod
from typing import Any

import numpy as np

from engine.backend import Array
from engine.data.preprocess import PREFIX
from engine.importing.arithmetic import joined, scaled
from engine.importing.call import Call, Result, Translate
from engine.importing.model import RefusedError
from engine.importing.values import BATCH, Value, group
from engine.layers.dense import Dense


def gemm(call: Call) -> Result:
    """α A B + β C, A or B transposed."""
    op = call.op
    value = call.value(0)
    if len(value.axes) != 2:
        raise RefusedError(f"expected a matrix, got {value.told}")
    if op.whole("transA", 0):
        value = value.transposed((1, 0))
    weight = call.tensor(1)
    if op.input(1) == f"{PREFIX}matrix" and _turns_x(call, value, weight):
        return value
    if weight.ndim != 2:
        raise RefusedError(f"weights: expected a matrix, got {weight.ndim} axes")
    turned = bool(op.whole("transB", 0))  # as (out, in)
    alpha, beta = op.real("alpha", 1.0), op.real("beta", 1.0)
    rows = (weight if turned else weight.T) * _single(alpha, weight)
    beside = call.there(2)
    if isinstance(beside, Value):
        return joined(call, "add", [layer(call, value, rows, None, turned), scaled(call, call.value(2), beta)])
    bias = call.constant(2)
    if bias is not None:
        if bias.ndim > 1 and bias.shape[0] != 1:
            raise RefusedError("its bias differs from example to example")
        bias = np.broadcast_to(bias.reshape(-1) * _single(beta, bias), (len(rows),))
    shared = alpha == 1 and op.input(1) in call.draft.model.constants
    return layer(call, value, rows, bias, turned if shared else None)


def _turns_x(call: Call, value: Value, matrix: Array) -> bool:
    """Whether it turns raw examples to their principal axes, as netviz writes it: that is a preprocessing."""
    draft, node = call.draft, value.node
    shape = draft.shapes[node]
    if len(draft.layers) > 1 or not value.in_order or not value.alone or "mean" not in draft.prepared:
        return False
    if "scale" in draft.prepared or draft.prepared["mean"].shape != shape or matrix.shape != (prod(shape),) * 2:
        return False
    draft.prepared["matrix"] = matrix
    return True


def _single(factor: float, array: Array) -> Array:
    return np.asarray(factor, array.dtype if array.dtype.kind == "f" else np.float32)


def matmul(call: Call) -> Result:
    value, weight = call.there(0), call.there(1)
    if isinstance(value, Value) and isinstance(weight, Value):
        raise RefusedError("multiplies two values that both follow from x; netviz has no layer for that")
    if not isinstance(value, Value):
        raise RefusedError("has its constant on the left; netviz has weights on the right")
    matrix = call.tensor(1)
    if matrix.ndim == 1:
        raise RefusedError("multiplies with a vector; netviz' dense layers have a matrix")
    while matrix.ndim > 2 and len(matrix) == 1:
        matrix = matrix[0]
    if matrix.ndim != 2:
        raise RefusedError("multiplies with a stack of matrices; netviz' dense layers have one")
    return layer(call, call.value(0), matrix.T, None, None)


def layer(call: Call, value: Value, weight: Array, bias: Array | None, turned: bool | None) -> Value:
    """A dense layer of `weight` (out, in) over the last axis; `turned` says how the file has the tensor."""
    draft, op = call.draft, call.op
    *front, last = value.axes
    before = [factor for axis in front for factor in axis]
    if before[:1] != [BATCH] or BATCH in last:
        raise RefusedError(f"expected the examples along the first axis, got axes {value.told}")
    if prod(factor.size for factor in last) != weight.shape[1]:
        raise RefusedError(f"its weights take {weight.shape[1]} features, got {value.told}")
    fields: dict[str, Any] = {"units": len(weight), "bias": bias is not None}
    numbers = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    units, rows = group(len(weight)), before[1:]
    if rows:  # a sequence, or what can be seen as one
        source = draft.shaped(op, value, (prod(factor.size for factor in rows), weight.shape[1]))
        node = draft.add(op, "dense", [source], numbers, call.origin(1), **fields)
        return draft.seen(node, [*front, units], [*rows, *units])
    if not value.in_order:
        numbers["weight"] = _in_order(value, weight)
    source = draft.flat(op, value.node)
    plain = turned is not None and value.in_order
    owner = _owner(call, weight, turned) if plain else ""
    if owner:
        draft.held.add(owner)
        del numbers["weight"]
        node = draft.add(op, "tied", [source], numbers, to=owner, **fields)
    else:
        node = draft.add(op, "dense", [source], numbers, call.origin(1), **fields)
        if plain:
            draft.owners.setdefault(op.input(1), (node, bool(turned)))
    return draft.seen(node, [*front, units], units)


def _in_order(value: Value, weight: Array) -> Array:
    """The columns in the order in which the layer before has its numbers."""
    *_, last = value.axes
    places = {factor: place for place, factor in enumerate(last)}
    table = weight.reshape(-1, *(factor.size for factor in last))
    return table.transpose([0, *(1 + places[factor] for factor in value.factors)]).reshape(weight.shape)


def _owner(call: Call, weight: Array, turned: bool | None) -> str:
    """The dense layer that has the same tensor the other way round; empty where there is none."""
    owner, its_turn = call.draft.owners.get(call.op.input(1), ("", turned))
    if not owner or its_turn == turned or type(call.draft.layers[owner]) is not Dense:
        return ""
    kept = call.draft.weights[f"{owner}.weight"]
    same = kept.shape == weight.shape[::-1] and np.array_equal(kept, weight.T.astype(kept.dtype), equal_nan=True)
    return owner if same else ""


OPERATORS: dict[str, Translate] = {"Gemm": gemm, "MatMul": matmul}
