"""One bound array call as rows of numbers: what to do, how often, and for each array its address and its steps."""

from collections.abc import Iterator
from enum import IntEnum
from functools import partial
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from engine.backend import Array, Call, count

OPERANDS = 5  # of one row; what it writes besides `out` counts as one
VECTOR = 8  # numbers that a processor takes at once, about
MOST_PARTS = 64  # rows that one call may become
MOST_SUMMED = 256  # numbers one after another: of more, NumPy's sums by pairs are the better ones
FLOATS = {np.dtype(np.float32), np.dtype(np.float64)}
WIDTH = 4 + 3 * (OPERANDS + 1)  # op, rows, columns, inner; address, row step and column step of out and operands


class Op(IntEnum):
    """What a row does, number by number unless it says otherwise. In masks a number is a byte."""

    ADD = 0
    SUBTRACT = 1
    MULTIPLY = 2
    DIVIDE = 3
    MAXIMUM = 4
    MINIMUM = 5
    FMAX = 6
    FMIN = 7
    GREATER = 8
    LOGADDEXP = 9
    COPYSIGN = 10
    COPY = 11
    NEGATIVE = 12
    ABSOLUTE = 13
    SIGN = 14
    SQUARE = 15
    SQRT = 16
    RECIPROCAL = 17
    EXP = 18
    EXPM1 = 19
    LOG = 20
    LOG1P = 21
    TANH = 22
    CLIP = 23
    GREATER_TO_MASK = 24
    COPY_OF_MASK = 25
    MULTIPLY_BY_MASK = 26
    # Several in one, see `engine.kernels.patterns`.
    MULTIPLY_ADD = 27
    MULTIPLY_SUBTRACT = 28
    DIVIDE_MULTIPLY = 29
    SQRT_ADD = 30
    HALF_WAVE = 31
    GREATER_ONE = 32
    TANH_SLOPE = 33
    SIGMOID_SLOPE = 34
    SQUARE_MEAN = 35
    SCALED_STEP = 36
    # Into masks only.
    EQUAL = 37
    NOT_EQUAL = 38
    # Not number by number.
    TOTAL = 39  # over rows, columns or both: where the step of `out` is 0
    MOST = 40  # the same with the greatest
    COUNT = 41  # of a mask in one piece
    DOT = 42  # (rows, inner) times (inner, columns)
    BLOCKS = 43  # the `inner` rows behind the next one, a block of (rows, columns) after another


PLAIN = {
    np.add: Op.ADD,
    np.subtract: Op.SUBTRACT,
    np.multiply: Op.MULTIPLY,
    np.divide: Op.DIVIDE,
    np.maximum: Op.MAXIMUM,
    np.minimum: Op.MINIMUM,
    np.fmax: Op.FMAX,
    np.fmin: Op.FMIN,
    np.greater: Op.GREATER,
    np.equal: Op.EQUAL,
    np.not_equal: Op.NOT_EQUAL,
    np.logaddexp: Op.LOGADDEXP,
    np.copysign: Op.COPYSIGN,
    np.negative: Op.NEGATIVE,
    np.absolute: Op.ABSOLUTE,
    np.sign: Op.SIGN,
    np.square: Op.SQUARE,
    np.sqrt: Op.SQRT,
    np.reciprocal: Op.RECIPROCAL,
    np.exp: Op.EXP,
    np.expm1: Op.EXPM1,
    np.log: Op.LOG,
    np.log1p: Op.LOG1P,
    np.tanh: Op.TANH,
    np.clip: Op.CLIP,
}
# Those of which one of the arrays may be a mask, and at which place (0 is `out`).
MASKED = {
    (Op.GREATER, 0): Op.GREATER_TO_MASK,
    (Op.EQUAL, 0): Op.EQUAL,
    (Op.NOT_EQUAL, 0): Op.NOT_EQUAL,
    (Op.COPY, 1): Op.COPY_OF_MASK,
    (Op.MULTIPLY, 1): Op.MULTIPLY_BY_MASK,
}
# What is written besides `out`.
WRITTEN = {
    (Op.HALF_WAVE, 3),
    (Op.HALF_WAVE, 4),
    (Op.GREATER_ONE, 3),
    (Op.GREATER_ONE, 4),
    (Op.TANH_SLOPE, 4),
    (Op.SIGMOID_SLOPE, 4),
    (Op.MULTIPLY_SUBTRACT, 4),
    (Op.SQUARE_MEAN, 3),
    (Op.SCALED_STEP, 5),
}
REDUCED = {np.add: Op.TOTAL, np.maximum: Op.MOST, np.fmax: Op.MOST}


class NotPlainError(Exception):
    """A call that no row can stand for."""


class Place(NamedTuple):
    """Where a row finds an array: bytes of one number, address, and steps from row to row and column to column."""

    size: int
    address: int
    row_step: int
    column_step: int


class Row(NamedTuple):
    """One entry of a table; `arrays` are those that `places` (of `out`, then operands) are in, and must stay."""

    op: Op
    shape: tuple[int, int]
    inner: int
    places: tuple[Place, ...]
    arrays: tuple[Array, ...]

    @property
    def work(self) -> int:
        return prod(self.shape) * max(self.inner, 1)

    def writes(self, place: int) -> bool:
        return place == 0 or (self.op, place) in WRITTEN

    @property
    def bytes(self) -> int:
        """Of a number that is in no mask."""
        return max(place.size for place in self.places)

    def in_rows(self, shape: tuple[int, int]) -> "Row | None":
        """The same row as `shape`; None unless it is that, or as many numbers in one piece."""
        if self.shape == shape:
            return self
        if self.op >= Op.TOTAL or self.shape[0] > 1 or self.shape[1] != prod(shape):
            return None
        places = tuple(place._replace(row_step=place.column_step * shape[1]) for place in self.places)
        return self._replace(shape=shape, places=places)

    def numbers(self) -> list[int]:
        """The entry as the machine reads it. Of what goes number by number `inner` says the sizes, a byte for each."""
        inner = self.inner
        if self.op < Op.TOTAL:
            inner = sum(place.size << 8 * i for i, place in enumerate(self.places))
        told = [int(self.op), *self.shape, inner]
        for place in self.places:
            told += place[1:]
        return told + [0] * (WIDTH - len(told))


def rows_of(call: Call) -> list[Row]:
    """The rows that do what `call` does; NotPlainError where none can."""
    if not isinstance(call, partial):
        raise NotPlainError
    function, arguments = call.func, [*call.args, *call.keywords.values()]
    if set(call.keywords) - {"out"}:
        raise NotPlainError
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if isinstance(owner, np.ufunc) and name == "reduce":
        return [_reduction(owner, arguments)]
    if isinstance(owner, np.ndarray) and name == "dot":
        return _dot([owner, *arguments])
    if isinstance(owner, np.ndarray) and name == "fill":
        return _plain(Op.COPY, [np.array(arguments[0], owner.dtype), owner])
    if function is np.dot:
        return _dot(arguments)
    if function is count:
        return [_counted(*arguments[1:])]
    if function is np.copyto:
        return _plain(Op.COPY, [arguments[1], arguments[0]])
    try:
        return _plain(PLAIN[function], arguments)
    except (KeyError, TypeError):
        raise NotPlainError from None


def _plain(op: Op, arguments: list[Any]) -> list[Row]:
    """Number by number, whatever the shapes that are broadcast: one row for what has two axes at most."""
    if not all(isinstance(array, np.ndarray) for array in arguments) or len(arguments) > OPERANDS + 1:
        raise NotPlainError
    *operands, out = arguments
    arrays = out, *operands
    for place, array in enumerate(arrays):
        if array.dtype == bool:
            op = MASKED.get((op, place)) or _refuse()
    _must_be_floats(arrays)
    if op in (Op.EQUAL, Op.NOT_EQUAL) and out.dtype != bool:
        raise NotPlainError
    if any(_overlaps_partly(out, array) for array in operands):
        raise NotPlainError
    lengths, steps = _merged(out.shape, [_steps(array, out.shape) for array in arrays])
    outer = lengths[:-2]
    if prod(outer) > MOST_PARTS or not out.size:
        raise NotPlainError
    return [Row(op, (lengths[-2], lengths[-1]), 0, places, arrays) for places in _parts(outer, arrays, steps)]


def _parts(outer: tuple[int, ...], arrays: tuple[Array, ...], steps: list[list[int]]) -> Iterator[tuple[Place, ...]]:
    """Where each row stands, of those that the outer axes make."""
    starts = [array.__array_interface__["data"][0] for array in arrays]
    for index in product(*map(range, outer)):
        yield tuple(
            Place(
                array.itemsize,
                start + (array.itemsize * sum(i * step for i, step in zip(index, own, strict=False)) if index else 0),
                *own[-2:],
            )
            for array, start, own in zip(arrays, starts, steps, strict=True)
        )


def _steps(array: Array, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The steps of `array` broadcast to `shape`, in numbers."""
    if any(n not in (1, whole) for n, whole in zip(array.shape[::-1], shape[::-1], strict=False)):
        raise NotPlainError
    own = (step // array.itemsize if n > 1 else 0 for n, step in zip(array.shape, array.strides, strict=True))
    return (0,) * (len(shape) - array.ndim) + tuple(own)


def _merged(shape: tuple[int, ...], steps: list[tuple[int, ...]]) -> tuple[tuple[int, ...], list[list[int]]]:
    """As few axes as can be, two at least, those first along which `out` takes the longest steps."""
    axes = sorted((i for i, n in enumerate(shape) if n > 1), key=lambda i: -abs(steps[0][i]))
    lengths, made = list[int](), [list[int]() for _ in steps]
    for axis in axes:
        if lengths and all(mine[-1] == own[axis] * shape[axis] for mine, own in zip(made, steps, strict=True)):
            lengths[-1] *= shape[axis]
            for mine, own in zip(made, steps, strict=True):
                mine[-1] = own[axis]
            continue
        lengths.append(shape[axis])
        for mine, own in zip(made, steps, strict=True):
            mine.append(own[axis])
    if len(lengths) > 2:  # the longest of the others are the rows of each part
        rows = lengths.index(max(lengths[:-1]))
        for numbers in (lengths, *made):
            numbers.insert(-1, numbers.pop(rows))
    missing = max(0, 2 - len(lengths))
    return (1,) * missing + tuple(lengths), [[0] * missing + mine for mine in made]


def _reduction(ufunc: np.ufunc, arguments: list[Any]) -> Row:
    source, axis, dtype, out, *_ = arguments
    if ufunc not in REDUCED or dtype is not None or not source.size:
        raise NotPlainError
    source, out = _matrix(source), _matrix(out)
    axes = {0, 1} if axis is None else {axis} if isinstance(axis, int) else set(axis)
    shape = tuple(1 if i in axes else n for i, n in enumerate(source.shape))
    if source.size // prod(shape) > MOST_SUMMED:
        raise NotPlainError
    _must_be_floats((out, source))
    return _told(REDUCED[ufunc], source.shape, 0, np.broadcast_to(out.reshape(shape), source.shape), source)


def _counted(mask: Array, out: Array) -> Row:
    if not mask.flags.c_contiguous or not mask.size:
        raise NotPlainError
    flat, out = mask.reshape(1, -1), _matrix(out)
    _must_be_floats((out, flat))
    return _told(Op.COUNT, flat.shape, 0, out, flat)


def _dot(arguments: list[Any]) -> list[Row]:
    a, b, out = arguments
    if a.ndim == b.ndim == 1:
        a, b, out = a[None, :], b[:, None], _matrix(out)
    elif (a.ndim, b.ndim, out.ndim) == (2, 1, 1):
        b, out = b[:, None], out[:, None]
    if not a.ndim == b.ndim == out.ndim == 2 or not a.size or not b.size:
        raise NotPlainError
    _must_be_floats((a, b, out))
    (rows, inner), columns = a.shape, b.shape[1]
    step = b.itemsize
    by_rows = b.strides[1] == out.strides[1] == step and columns >= VECTOR
    by_products = a.strides[1] == b.strides[0] == step and inner >= VECTOR
    if by_rows or by_products or rows == 1 or max(columns, inner) < VECTOR:
        return [_told(Op.DOT, out.shape, inner, out, a, b)]
    # The columns lie so that none of the two ways to a vector instruction is open: they are laid out anew first.
    order: Any = "C" if columns >= VECTOR else "F"
    laid = np.empty(b.shape, b.dtype, order)
    return [*_plain(Op.COPY, [b, laid]), _told(Op.DOT, out.shape, inner, out, a, laid)]


def _matrix(array: Any) -> Array:
    """An array of up to two axes as one of two."""
    if not isinstance(array, np.ndarray) or array.ndim > 2:
        raise NotPlainError
    made: Array = array[(None,) * (2 - array.ndim)]
    return made


def _told(op: Op, shape: tuple[int, int], inner: int, *arrays: Array) -> Row:
    """A row over matrices as they lie."""
    places = tuple(
        Place(a.itemsize, a.__array_interface__["data"][0], *(step // a.itemsize for step in a.strides)) for a in arrays
    )
    return Row(op, shape, inner, places, arrays)


def _must_be_floats(arrays: tuple[Array, ...]) -> None:
    """All of one type, but for masks."""
    floats = {a.dtype for a in arrays if a.dtype != bool}
    if len(floats) != 1 or floats.isdisjoint(FLOATS):
        raise NotPlainError


def _overlaps_partly(out: Array, operand: Array) -> bool:
    """Whether some of what is read has been written for another number, which NumPy takes care of."""
    if same_place(out, operand) or not np.may_share_memory(out, operand):
        return False
    return np.shares_memory(out, operand)


def same_place(a: Array, b: Array) -> bool:
    """Whether both are the same numbers in the same order."""
    if a.__array_interface__["data"][0] != b.__array_interface__["data"][0] or a.size != b.size:
        return False
    return (a.shape == b.shape and a.strides == b.strides) or (a.flags.c_contiguous and b.flags.c_contiguous)


def overlap(a: Place, b: Place, shape: tuple[int, int]) -> bool:
    """Whether the memory from the first number to the last one has anything in common."""
    (low, high), (its_low, its_high) = (_bounds(place, shape) for place in (a, b))
    return low < its_high and its_low < high


def _bounds(place: Place, shape: tuple[int, int]) -> tuple[int, int]:
    ends = [(n - 1) * step * place.size for n, step in zip(shape, place[2:], strict=True)]
    low = place.address + sum(min(end, 0) for end in ends)
    return low, place.address + sum(max(end, 0) for end in ends) + place.size


def _refuse() -> Op:
    raise NotPlainError
