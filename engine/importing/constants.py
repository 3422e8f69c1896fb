"""What follows from the model's constants alone is computed when it is read: sizes, axes, weights that are turned.

The number of examples stands in sizes as BATCH_SIZE, which may be moved about but not counted with.
"""

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from engine.backend import Array
from engine.importing.model import Op, RefusedError
from engine.importing.values import BATCH_SIZE, Filled

# What leaves numbers the same that are the same everywhere.
MOVES = frozenset(
    ("Identity", "Cast", "Reshape", "Transpose", "Slice", "Gather", "Squeeze", "Unsqueeze", "Expand", "Concat")
)
MOST_NUMBERS = 1 << 26  # of a constant that is computed
# What numbers are in a file, by TensorProto's DataType.
TYPES = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8", 12: "u4", 13: "u8"}


def constant(op: Op) -> Array:
    """The operator Constant."""
    for name, kind in (("value_int", "i8"), ("value_ints", "i8"), ("value_float", "f4"), ("value_floats", "f4")):
        if name in op.attributes:
            return np.array(op.attributes[name], kind)
    value = op.attributes.get("value")
    if not isinstance(value, np.ndarray):
        raise RefusedError("holds no numbers")
    return value


def computed(op: Op, inputs: Sequence[Array | Filled | None], opset: int) -> Array | Filled:
    """The operator's first output; RefusedError where it is none of those that are computed."""
    filled = {known.number for known in inputs if isinstance(known, Filled)}
    if filled:
        if len(filled) > 1 or op.kind not in MOVES or (op.kind == "Concat" and not _all_filled(inputs)):
            raise RefusedError("acts on numbers that are repeated for every example")
        return Filled(filled.pop())
    return _computed(op, [known for known in inputs if not isinstance(known, Filled)], opset)


def _all_filled(inputs: Sequence[Array | Filled | None]) -> bool:
    return all(isinstance(known, Filled) for known in inputs)


def _computed(op: Op, inputs: Sequence[Array | None], opset: int) -> Array | Filled:
    if op.kind == "Constant":
        return constant(op)
    if op.kind not in FOLDS:
        raise RefusedError("acts on constants alone, and is none that netviz computes when it reads a model")
    work = _Folding(op, inputs)
    try:
        with np.errstate(all="ignore"):
            made = FOLDS[op.kind](work)
    except (ValueError, IndexError, TypeError, OverflowError, ZeroDivisionError):
        raise RefusedError("its constants do not fit one another") from None
    if isinstance(made, Filled):
        return made
    made = np.asarray(made)
    if made.size > MOST_NUMBERS:
        raise RefusedError(f"makes a constant of {made.size} numbers")
    return made


class _Folding:
    def __init__(self, op: Op, inputs: Sequence[Array | None]) -> None:
        self.op, self.inputs = op, inputs

    def array(self, number: int) -> Array:
        found = self.inputs[number] if number < len(self.inputs) else None
        if found is None:
            raise RefusedError(f"input {number} is missing")
        return found

    def numbers(self, number: int) -> Array:
        """To be counted with."""
        array = self.array(number)
        if _has_batch(array):
            raise RefusedError("counts with the number of examples")
        return array

    def wholes(self, number: int, attribute: str = "") -> tuple[int, ...] | None:
        if attribute and (said := self.op.wholes(attribute)) is not None:
            return said
        if number >= len(self.inputs) or self.inputs[number] is None:
            return None
        return tuple(int(each) for each in self.array(number).reshape(-1))


def _has_batch(array: Array) -> bool:
    return array.dtype.kind == "i" and array.dtype.itemsize == 8 and bool((array == BATCH_SIZE).any())


def _two(work: Callable[[Array, Array], Array]) -> Callable[[_Folding], Array]:
    def fold(f: _Folding) -> Array:
        a, b = f.numbers(0), f.numbers(1)
        _must_fit(np.broadcast_shapes(a.shape, b.shape))
        return np.asarray(work(a, b))

    return fold


def _one(work: Callable[[Array], Array]) -> Callable[[_Folding], Array]:
    return lambda f: np.asarray(work(f.numbers(0)))


def _must_fit(shape: Sequence[int]) -> None:
    if prod(shape) > MOST_NUMBERS:
        raise RefusedError(f"makes a constant of {prod(shape)} numbers")


def _divided(a: Array, b: Array) -> Array:
    if a.dtype.kind in "iu":
        quotient: Array = np.trunc(a / b).astype(a.dtype)
        return quotient
    return a / b


def _reshape(f: _Folding) -> Array:
    array, shape = f.array(0), f.wholes(1, "shape") or ()
    if not f.op.whole("allowzero", 0):
        shape = tuple(array.shape[number] if size == 0 else size for number, size in enumerate(shape))
    return array.reshape(shape)


def _cast(f: _Folding) -> Array:
    array, to = f.array(0), f.op.whole("to", 1)
    if to == 16:
        return array.astype(np.float32)
    if to not in TYPES or (_has_batch(array) and to != 7):
        raise RefusedError("casts to a kind of number that netviz does not count with")
    return array.astype(TYPES[to])


def _gather(f: _Folding) -> Array:
    index = f.array(1)
    if index.dtype.kind not in "iu":
        raise RefusedError("its indices are no whole numbers")
    array = f.array(0)
    axis = f.op.whole("axis", 0)
    _must_fit((*index.shape, *array.shape[1:]))
    return np.take(array, index, axis=axis)


def _slice(f: _Folding) -> Array:
    array = f.array(0)
    starts, ends = f.wholes(1, "starts") or (), f.wholes(2, "ends") or ()
    axes = f.wholes(3, "axes") or tuple(range(len(starts)))
    steps = f.wholes(4) or (1,) * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = [slice(None)] * array.ndim
        if end == BATCH_SIZE:
            raise RefusedError("counts with the number of examples")
        place[axis] = slice(start, None if step < 0 and end < -array.shape[axis] else end, step)
        array = array[tuple(place)]
    return array


def _squeeze(f: _Folding) -> Array:
    axes = f.wholes(1, "axes")
    return np.squeeze(f.array(0), axes)


def _unsqueeze(f: _Folding) -> Array:
    return np.expand_dims(f.array(0), f.wholes(1, "axes") or ())


def _shaped(f: _Folding, array: Array, shape: Sequence[int]) -> Array | Filled:
    if BATCH_SIZE in shape:
        if array.size and (array == array.reshape(-1)[0]).all():
            return Filled(float(array.reshape(-1)[0]))
        raise VariesError
    _must_fit(np.broadcast_shapes(array.shape, tuple(shape)))
    return np.broadcast_to(array, np.broadcast_shapes(array.shape, tuple(shape)))


def _expanded(f: _Folding) -> Array | Filled:
    array, shape = f.array(0), f.wholes(1) or ()
    if BATCH_SIZE in shape and array.ndim == 1 and len(shape) == 2:
        raise VariesError  # a vector for every example, if of one number
    return _shaped(f, array, shape)


class VariesError(RefusedError):
    """The result has the examples in it: it is no constant."""

    def __init__(self) -> None:
        super().__init__("repeats constants for every example")


def _filled(f: _Folding) -> Array | Filled:
    value = f.op.attributes.get("value", np.zeros(1, np.float32))
    if not isinstance(value, np.ndarray):
        raise RefusedError("its value is no number")
    return _shaped(f, value.reshape(()), f.wholes(0) or ())


def _range(f: _Folding) -> Array:
    start, limit, step = (f.numbers(number).reshape(-1)[0] for number in range(3))
    _must_fit([max(0, int((limit - start) / step) + 1)])
    made: Array = np.arange(start, limit, step)
    return made


def _where(f: _Folding) -> Array:
    _must_fit(np.broadcast_shapes(*(f.array(n).shape for n in range(3))))
    return np.where(f.array(0), f.array(1), f.array(2))


def _sizes(f: _Folding) -> Array:
    shape = np.array(f.array(0).shape, np.int64)
    return shape[f.op.whole("start", 0) : f.op.whole("end", len(shape))]


def _reduced(work: Callable[..., Array]) -> Callable[[_Folding], Array]:
    def fold(f: _Folding) -> Array:
        keep = bool(f.op.whole("keepdims", 1))
        return np.asarray(work(f.numbers(0), axis=f.wholes(1, "axes"), keepdims=keep))

    return fold


FOLDS: dict[str, Callable[[_Folding], Array | Filled]] = {
    "Identity": lambda f: f.array(0),
    "Shape": _sizes,
    "Reshape": _reshape,
    "Flatten": lambda f: f.array(0).reshape(prod(f.array(0).shape[: f.op.whole("axis", 1)]), -1),
    "Transpose": lambda f: f.array(0).transpose(f.op.wholes("perm")),
    "Cast": _cast,
    "Gather": _gather,
    "Slice": _slice,
    "Concat": lambda f: np.concatenate([f.array(n) for n in range(len(f.inputs))], f.op.whole("axis", 0)),
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Expand": _expanded,
    "ConstantOfShape": _filled,
    "Range": _range,
    "Where": _where,
    "Equal": lambda f: np.equal(f.array(0), f.array(1)),
    "Add": _two(np.add),
    "Sub": _two(np.subtract),
    "Mul": _two(np.multiply),
    "Div": _two(_divided),
    "Pow": _two(lambda a, b: np.power(a, b).astype(a.dtype)),
    "Max": _two(np.maximum),
    "Min": _two(np.minimum),
    "Neg": _one(np.negative),
    "Sqrt": _one(np.sqrt),
    "Exp": _one(np.exp),
    "Log": _one(np.log),
    "Abs": _one(np.abs),
    "Reciprocal": _one(lambda a: (1 / a).astype(a.dtype)),
    "Floor": _one(np.floor),
    "Ceil": _one(np.ceil),
    "Not": _one(np.logical_not),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
}
