"""Sums and products: of two values a join; with a constant, numbers of the layer before, or a layer of its own."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from engine.backend import Array
from engine.importing.call import Call, Result, Translate
from engine.importing.draft import ones, zeros
from engine.importing.folding import folded
from engine.importing.model import RefusedError, floats
from engine.importing.values import Value


def add(call: Call) -> Result:
    return _two(call, "add")


def multiply(call: Call) -> Result:
    a, b = call.there(0), call.there(1)
    if isinstance(a, Value) and isinstance(b, Value) and _same(a, b):
        return elementwise(call, call.value(0), "square")
    return _two(call, "multiply")


def subtract(call: Call) -> Result:
    a, b = call.there(0), call.there(1)
    if isinstance(b, Value):
        turned = scaled(call, call.value(1), -1.0)
        return (
            joined(call, "add", [call.value(0), turned])
            if isinstance(a, Value)
            else moved(call, turned, call.tensor(0))
        )
    return moved(call, call.value(0), -call.tensor(1))


def divide(call: Call) -> Result:
    if isinstance(call.there(1), Value):
        raise RefusedError("divides by a value that follows from x; netviz has no layer for that")
    divisor = floats(call.tensor(1))
    if not divisor.all():
        raise RefusedError("divides by 0")
    return affine(call, call.value(0), divisor, None, divides=True)


def total(call: Call) -> Result:
    values = [call.value(number) for number in range(len(call.known))]
    return values[0] if len(values) == 1 else joined(call, "add", values)


def mean(call: Call) -> Result:
    made = total(call)
    assert isinstance(made, Value)
    return scaled(call, made, 1 / len(call.known))


def negative(call: Call) -> Result:
    return scaled(call, call.value(0), -1.0)


def power(call: Call) -> Result:
    exponent = call.number(1, "", 1.0)
    if exponent == 1:
        return call.value(0)
    if exponent != 2:
        raise RefusedError(f"raises to the power {exponent:g}; netviz has only the square")
    return elementwise(call, call.value(0), "square")


def _two(call: Call, kind: str) -> Result:
    values = [known for known in call.known if isinstance(known, Value)]
    if len(values) == 2:
        return joined(call, kind, [call.value(0), call.value(1)])
    place = 0 if isinstance(call.there(0), Value) else 1
    value, array = call.value(place), call.tensor(1 - place)
    return moved(call, value, array) if kind == "add" else affine(call, value, floats(array), None)


def _same(a: Value, b: Value) -> bool:
    return a.node == b.node and _arrangement(a) == _arrangement(b)


def _arrangement(value: Value) -> tuple[Any, ...]:
    """How the axes run over the numbers, whatever they are called."""
    place = {factor: number for number, factor in enumerate(value.factors)}
    if value.in_order:
        return value.sizes
    return tuple(tuple((place.get(factor, -1), factor.size) for factor in axis) for axis in value.axes)


def joined(call: Call, kind: str, values: Sequence[Value]) -> Value:
    """Values of one shape, number by number."""
    first, *others = values
    for other in others:
        if other.sizes != first.sizes:
            raise RefusedError(f"joins {first.told} with {other.told}; netviz joins equal shapes")
        if _arrangement(other) != _arrangement(first):
            raise RefusedError("joins values whose axes stand in different orders")
    draft = call.draft
    shape = draft.shapes[first.node]
    sources = [first.node, *(draft.plain(call.op, other.node, shape) for other in others)]
    return draft.like(first, draft.add(call.op, kind, sources))


def elementwise(call: Call, value: Value, kind: str, **fields: Any) -> Value:
    """A layer that acts on every number alone, whatever axes they stand in."""
    return call.draft.like(value, call.draft.add(call.op, kind, [value.node], **fields))


def scaled(call: Call, value: Value, factor: float, shift: float = 0.0) -> Value:
    """`factor` times the value, plus `shift`."""
    if factor == 1 and not shift:
        return value
    return affine(call, value, np.array(factor, np.float32), np.array(shift, np.float32) if shift else None)


def moved(call: Call, value: Value, shift: Array) -> Value:
    return affine(call, value, None, floats(shift))


def affine(call: Call, value: Value, scale: Array | None, shift: Array | None, divides: bool = False) -> Value:
    """The value times (or divided by) `scale`, plus `shift`, which are laid over its axes."""
    factor = None if scale is None else value.along(scale)
    offset = None if shift is None else value.along(shift)
    if folded(call, value, factor, offset, divides):
        return value
    if factor is not None and divides:
        factor = 1 / factor
    return _layers(call, value, factor, offset)


def _layers(call: Call, value: Value, scale: Array | None, shift: Array | None) -> Value:
    """Layers of their own: by the map on pictures; else a constant multiplied, and a bias for each number."""
    draft, op = call.draft, call.op
    shape = draft.shapes[value.node]
    sizes = [factor.size for factor in value.factors]
    both = [array for array in (scale, shift) if array is not None]
    if len(shape) == 3 and all(_by_map(array, sizes, shape[0]) for array in both):
        count = shape[0]
        numbers = {
            "weight": ones(count) if scale is None else _maps(scale, sizes, count),
            "bias": zeros(count) if shift is None else _maps(shift, sizes, count),
        }
        trains = any(array.size > 1 for array in both)
        node = draft.add(op, "subsampling", [value.node], numbers, kernel_size=1, stride=1, trainable=trains)
        return draft.like(value, node)
    node = value.node
    if scale is not None:
        held = draft.add(op, "constant", [], {"weight": _full(scale, sizes)}, "multiply_by", units=prod(sizes))
        node = draft.add(op, "multiply", [node, draft.plain(op, held, shape)])
    if shift is not None:
        numbers = {"weight": _full(shift, sizes).reshape(shape)}
        node = draft.add(op, "bias", [node], numbers, call.origin(1), trainable=shift.size > 1)
    return draft.like(value, node)


def _full(array: Array, sizes: Sequence[int]) -> Array:
    return np.broadcast_to(array, sizes).reshape(-1)


def _by_map(array: Array, sizes: Sequence[int], maps: int) -> bool:
    """Whether the numbers differ from map to map at most."""
    first = _first_axes(sizes, maps)
    return first is not None and all(length == 1 for length in array.shape[first:])


def _first_axes(sizes: Sequence[int], maps: int) -> int | None:
    """How many factors make up the maps."""
    product = 1
    for number, size in enumerate([*sizes, 0]):
        if product == maps:
            return number
        product *= size
    return None


def _maps(array: Array, sizes: Sequence[int], maps: int) -> Array:
    first = _first_axes(sizes, maps) or 0
    return np.broadcast_to(array.reshape(array.shape[:first]), sizes[:first]).reshape(maps)


OPERATORS: dict[str, Translate] = {
    "Add": add,
    "Sub": subtract,
    "Mul": multiply,
    "Div": divide,
    "Sum": total,
    "Mean": mean,
    "Neg": negative,
    "Pow": power,
}
