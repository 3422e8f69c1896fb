"""A list of bound array calls as a table of numbers that one compiled function runs: for nets so small that calls cost.

A plan is a flat list of NumPy calls over buffers that exist already, at a quarter of a microsecond each, whatever they
do. Here each call becomes a row: what to do, how often, and for each array its address and its steps. A list is taken
as a whole or not at all; what it computes is the same within rounding.
"""

from collections.abc import Sequence
from enum import IntEnum
from functools import partial
from typing import Any

import numpy as np

from engine.backend import Array, Call

MOST_WORK = 1 << 15  # multiplications and other operations of one list: larger ones are better off with BLAS
OPERANDS = 3
VECTOR = 8  # numbers that a processor takes at once, about
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
    COPY = 10
    NEGATIVE = 11
    ABSOLUTE = 12
    SIGN = 13
    SQUARE = 14
    SQRT = 15
    RECIPROCAL = 16
    EXP = 17
    EXPM1 = 18
    LOG = 19
    LOG1P = 20
    TANH = 21
    CLIP = 22
    GREATER_TO_MASK = 23
    COPY_OF_MASK = 24
    MULTIPLY_BY_MASK = 25
    SUM = 26  # over rows, columns or both: where the step of `out` is 0
    MOST = 27  # the same with the greatest
    DOT = 28  # (rows, inner) times (inner, columns)


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
    np.logaddexp: Op.LOGADDEXP,
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
    (Op.COPY, 1): Op.COPY_OF_MASK,
    (Op.MULTIPLY, 1): Op.MULTIPLY_BY_MASK,
}
REDUCED = {np.add: Op.SUM, np.maximum: Op.MOST, np.fmax: Op.MOST}


class NotPlainError(Exception):
    """A call that no row can stand for."""


def table(calls: Sequence[Call]) -> tuple[Array, list[Array]] | None:
    """The rows (n, WIDTH) int64 of `calls`, and the arrays that must stay; None where a call is of another kind."""
    kept: list[Array] = []
    try:
        rows = [row for call in calls for row in _rows(call, kept)]
    except NotPlainError:
        return None
    made = np.array(rows, np.int64).reshape(len(rows), WIDTH)
    if int((made[:, 1] * made[:, 2] * np.maximum(made[:, 3], 1)).sum()) > MOST_WORK:
        return None
    return made, kept


def _rows(call: Call, kept: list[Array]) -> list[list[int]]:
    if not isinstance(call, partial):
        raise NotPlainError
    function, arguments = call.func, [*call.args, *call.keywords.values()]
    if set(call.keywords) - {"out"}:
        raise NotPlainError
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc) and function == owner.reduce:
        return [_reduction(owner, arguments, kept)]
    if isinstance(owner, np.ndarray) and function.__name__ == "dot":
        return _dot([owner, *arguments], kept)
    if function is np.dot:
        return _dot(arguments, kept)
    if function is np.logaddexp and arguments[2].size >= 2 * VECTOR:
        return _long_logaddexp(arguments, kept)
    if function is np.copyto:
        return [_plain(Op.COPY, [arguments[1], arguments[0]], kept)]
    try:
        return [_plain(PLAIN[function], arguments, kept)]
    except (KeyError, TypeError):
        raise NotPlainError from None


def _plain(op: Op, arguments: list[Any], kept: list[Array]) -> list[int]:
    *operands, out = [_matrix(a) for a in arguments]
    if len(operands) > OPERANDS:
        raise NotPlainError
    for place, array in enumerate([out, *operands]):
        if array.dtype == bool:
            op = MASKED.get((op, place)) or _refuse()
    whole = [np.broadcast_to(array, out.shape) for array in operands]
    return _told(op, out.shape, 0, [out, *whole], kept)


def _long_logaddexp(arguments: list[Any], kept: list[Array]) -> list[list[int]]:
    """max(a, b) + log(1 + exp(-|a - b|)) in parts, each of which is vector instructions."""
    a, b, out = arguments
    apart = np.empty(out.shape, out.dtype)
    return [
        _plain(Op.SUBTRACT, [a, b, apart], kept),
        _plain(Op.ABSOLUTE, [apart, apart], kept),
        _plain(Op.NEGATIVE, [apart, apart], kept),
        _plain(Op.EXP, [apart, apart], kept),
        _plain(Op.LOG1P, [apart, apart], kept),
        _plain(Op.MAXIMUM, [a, b, out], kept),
        _plain(Op.ADD, [out, apart, out], kept),
    ]


def _reduction(ufunc: np.ufunc, arguments: list[Any], kept: list[Array]) -> list[int]:
    source, axis, dtype, out, *_ = arguments
    if ufunc not in REDUCED or dtype is not None:
        raise NotPlainError
    source, out = _matrix(source), _matrix(out)
    axes = {0, 1} if axis is None else {axis} if isinstance(axis, int) else set(axis)
    shape = tuple(1 if i in axes else n for i, n in enumerate(source.shape))
    return _told(REDUCED[ufunc], source.shape, 0, [np.broadcast_to(out.reshape(shape), source.shape), source], kept)


def _dot(arguments: list[Any], kept: list[Array]) -> list[list[int]]:
    a, b, out = arguments
    if a.ndim == b.ndim == 1:
        a, b, out = a[None, :], b[:, None], _matrix(out)
    if not a.ndim == b.ndim == out.ndim == 2:
        raise NotPlainError
    (rows, inner), columns = a.shape, b.shape[1]
    step = b.itemsize
    by_rows = b.strides[1] == out.strides[1] == step and columns >= VECTOR
    by_products = a.strides[1] == b.strides[0] == step and inner >= VECTOR
    if by_rows or by_products or rows == 1 or max(columns, inner) < VECTOR:
        return [_told(Op.DOT, out.shape, inner, [out, a, b], kept)]
    # The columns lie so that none of the two ways to a vector instruction is open: they are laid out anew first.
    order: Any = "C" if columns >= VECTOR else "F"
    laid = np.empty(b.shape, b.dtype, order)
    return [_told(Op.COPY, b.shape, 0, [laid, b], kept), _told(Op.DOT, out.shape, inner, [out, a, laid], kept)]


def _matrix(array: Any) -> Array:
    """An array of up to two axes as one of two."""
    if not isinstance(array, np.ndarray) or array.ndim > 2:
        raise NotPlainError
    made: Array = array[(None,) * (2 - array.ndim)]
    return made


def _told(op: Op, shape: tuple[int, ...], inner: int, arrays: list[Array], kept: list[Array]) -> list[int]:
    floats = {a.dtype for a in arrays if a.dtype != bool}
    if len(floats) != 1 or any(dtype.kind != "f" for dtype in floats):
        raise NotPlainError
    kept += arrays
    if op < Op.SUM and all(a.strides == (0, 0) or a.flags.c_contiguous for a in arrays):
        arrays = [a.reshape(1, -1) if any(a.strides) else a for a in arrays]  # one long row
        shape = (1, shape[0] * shape[1])
    row = [int(op), *shape, inner]
    for a in arrays:
        row += [a.ctypes.data, *(step // a.itemsize for step in a.strides)]
    return row + [0] * (WIDTH - len(row))


def _refuse() -> Op:
    raise NotPlainError
