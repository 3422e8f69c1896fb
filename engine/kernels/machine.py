"""The compiled function that runs the rows of a program."""

# mypy: ignore-errors
import math

import numba as nb
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from engine.kernels.functions import exp, log, log1p, tanh
from engine.kernels.program import Op

# Plain numbers, which Numba folds into the code.
ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM, FMAX, FMIN, GREATER, LOGADDEXP = map(int, list(Op)[:10])
COPY, NEGATIVE, ABSOLUTE, SIGN, SQUARE, SQRT, RECIPROCAL, EXP, EXPM1, LOG, LOG1P, TANH = map(int, list(Op)[10:22])
CLIP, GREATER_TO_MASK, COPY_OF_MASK, MULTIPLY_BY_MASK, SUM, MOST, DOT = map(int, list(Op)[22:])
BYTE = np.uint8(0)
FOUR = np.uint64(4)
NONE = np.uint64(0)
FAR = 1 << 40  # numbers: whoever indexes knows how many there are

# NumPy's rules of division, so that no check stands in a loop's way to vector instructions.
compiled = nb.njit(error_model="numpy", nogil=True, cache=True, boundscheck=False)
# Of one number: a call inside a loop would keep it from vector instructions.
small = nb.njit(error_model="numpy", nogil=True, cache=True, boundscheck=False, forceinline=True)


@intrinsic
def _pointer(typing, address, like):
    """An address as a pointer to numbers of the type of `like`."""

    def codegen(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(like)(address, like), codegen


@compiled
def _at(address, like):
    return nb.carray(_pointer(address, like), (FAR,))


# One number from one or two. A NaN comes through `maximum`, and not through `fmax`: NumPy's rules.


@small
def _maximum(x, y):
    return x if x > y or x != x else y


@small
def _minimum(x, y):
    return x if x < y or x != x else y


@small
def _fmax(x, y):
    return x if x >= y or y != y else y


@small
def _fmin(x, y):
    return x if x <= y or y != y else y


@small
def _sign(x):
    return type(x)((x > 0) - (x < 0)) if x == x else x


@small
def _logaddexp(x, y):
    most, least = _maximum(x, y), _minimum(x, y)
    apart = type(x)(0) if x == y else least - most  # of two infinities the difference is no number
    return most + log1p(exp(apart))


def _unary(function):
    """out ← function(a); `write` and `read` are of their types."""

    @compiled
    def loop(rows, k, write, read):
        out, a = _at(rows[k, 4], write), _at(rows[k, 7], read)
        n, m, so, to, sa, ta = rows[k, 1], rows[k, 2], rows[k, 5], rows[k, 6], rows[k, 8], rows[k, 9]
        for i in range(n):
            o, p = i * so, i * sa
            # In place, a compiler sees it only where it is one array.
            if to == 1 and ta == 1 and rows[k, 4] == rows[k, 7]:
                for j in range(m):
                    out[o + j] = function(out[o + j])
            elif to == 1 and ta == 1:
                for j in range(m):
                    out[o + j] = function(a[p + j])
            else:
                for j in range(m):
                    out[o + j * to] = function(a[p + j * ta])

    return loop


def _binary(function):
    """out ← function(a, b); `write`, `read` and `like` are of their types."""

    @compiled
    def loop(rows, k, write, read, like):
        out, a, b = _at(rows[k, 4], write), _at(rows[k, 7], read), _at(rows[k, 10], like)
        n, m, so, to, sa, ta = rows[k, 1], rows[k, 2], rows[k, 5], rows[k, 6], rows[k, 8], rows[k, 9]
        sb, tb = rows[k, 11], rows[k, 12]
        for i in range(n):
            o, p, q = i * so, i * sa, i * sb
            if to == 1 and ta == 1 and tb == 1:
                if rows[k, 4] == rows[k, 7]:
                    for j in range(m):
                        out[o + j] = function(out[o + j], b[q + j])
                elif rows[k, 4] == rows[k, 10]:
                    for j in range(m):
                        out[o + j] = function(a[p + j], out[o + j])
                else:
                    for j in range(m):
                        out[o + j] = function(a[p + j], b[q + j])
            elif to == 1 and ta == 1 and tb == 0:
                second = b[q]
                if rows[k, 4] == rows[k, 7]:
                    for j in range(m):
                        out[o + j] = function(out[o + j], second)
                else:
                    for j in range(m):
                        out[o + j] = function(a[p + j], second)
            elif to == 1 and ta == 0 and tb == 1:
                first = a[p]
                if rows[k, 4] == rows[k, 10]:
                    for j in range(m):
                        out[o + j] = function(first, out[o + j])
                else:
                    for j in range(m):
                        out[o + j] = function(first, b[q + j])
            else:
                for j in range(m):
                    out[o + j * to] = function(a[p + j * ta], b[q + j * tb])

    return loop


def _reduction(function):
    """Along the axes where `out` does not step on, from its first number on."""

    @compiled
    def loop(rows, k, like):
        out, a = _at(rows[k, 4], like), _at(rows[k, 7], like)
        n, m, so, to, sa, ta = rows[k, 1], rows[k, 2], rows[k, 5], rows[k, 6], rows[k, 8], rows[k, 9]
        for i in range(n):
            for j in range(m):
                first = (so != 0 or i == 0) and (to != 0 or j == 0)
                value = a[i * sa + j * ta]
                out[i * so + j * to] = value if first else function(out[i * so + j * to], value)

    return loop


@compiled
def _dot(rows, k, zero):
    """Rows of `a` times columns of `b`."""
    out, a, b = _at(rows[k, 4], zero), _at(rows[k, 7], zero), _at(rows[k, 10], zero)
    n, m, inner, so, to = rows[k, 1], rows[k, 2], rows[k, 3], rows[k, 5], rows[k, 6]
    sa, ta, sb, tb = rows[k, 8], rows[k, 9], rows[k, 11], rows[k, 12]
    for i in range(n):
        if to == 1 and tb == 1:
            for j in range(m):
                out[i * so + j] = zero
            fours = inner // FOUR * FOUR  # whose products are summed up before `out` is touched
            for h in range(NONE, fours, FOUR):
                p = i * sa + h * ta
                a0, a1, a2, a3 = a[p], a[p + ta], a[p + ta + ta], a[p + ta + ta + ta]
                q0 = h * sb
                q1 = q0 + sb
                q2 = q1 + sb
                q3 = q2 + sb
                for j in range(m):
                    out[i * so + j] += a0 * b[q0 + j] + a1 * b[q1 + j] + a2 * b[q2 + j] + a3 * b[q3 + j]
            for h in range(fours, inner):
                factor = a[i * sa + h * ta]
                for j in range(m):
                    out[i * so + j] += factor * b[h * sb + j]
        elif ta == 1 and sb == 1:
            for j in range(m):
                out[i * so + j * to] = _product(a, i * sa, b, j * tb, inner, zero)
        else:
            for j in range(m):
                sum_ = zero
                for h in range(inner):
                    sum_ += a[i * sa + h * ta] * b[h * sb + j * tb]
                out[i * so + j * to] = sum_


@nb.njit(error_model="numpy", nogil=True, cache=True, boundscheck=False, fastmath={"reassoc", "contract"})
def _product(a, p, b, q, inner, zero):
    """Σ a b, several sums at a time."""
    sum_ = zero
    for h in range(inner):
        sum_ += a[p + h] * b[q + h]
    return sum_


@compiled
def _clip(rows, k, like):
    out, a, low, high = _at(rows[k, 4], like), _at(rows[k, 7], like), _at(rows[k, 10], like), _at(rows[k, 13], like)
    n, m, so, to, sa, ta = rows[k, 1], rows[k, 2], rows[k, 5], rows[k, 6], rows[k, 8], rows[k, 9]
    sl, tl, sh, th = rows[k, 11], rows[k, 12], rows[k, 14], rows[k, 15]
    for i in range(n):
        for j in range(m):
            x = a[i * sa + j * ta]
            out[i * so + j * to] = _minimum(_maximum(x, low[i * sl + j * tl]), high[i * sh + j * th])


add = _binary(small(lambda x, y: x + y))
subtract = _binary(small(lambda x, y: x - y))
multiply = _binary(small(lambda x, y: x * y))
divide = _binary(small(lambda x, y: x / y))
greater = _binary(small(lambda x, y: x > y))
maximum, minimum, fmax, fmin, logaddexp = map(_binary, (_maximum, _minimum, _fmax, _fmin, _logaddexp))
copy = _unary(small(lambda x: x))
negative = _unary(small(lambda x: -x))
absolute = _unary(small(lambda x: abs(x)))
square = _unary(small(lambda x: x * x))
root = _unary(small(lambda x: math.sqrt(x)))
reciprocal = _unary(small(lambda x: type(x)(1) / x))
expm1 = _unary(small(lambda x: math.expm1(x)))
logarithm = _unary(small(lambda x: log(x)))
log_beside_one = _unary(small(lambda x: log1p(x)))
exponential = _unary(small(lambda x: exp(x)))
hyperbolic = _unary(small(lambda x: tanh(x)))
sign = _unary(_sign)
total = _reduction(small(lambda x, y: x + y))
greatest = _reduction(_maximum)


@compiled
def run(rows, zero):
    """Runs `rows` (n, WIDTH) uint64, of numbers of the type of `zero`."""
    for k in range(len(rows)):
        op = rows[k, 0]
        if op == MULTIPLY:
            multiply(rows, k, zero, zero, zero)
        elif op == ADD:
            add(rows, k, zero, zero, zero)
        elif op == SUBTRACT:
            subtract(rows, k, zero, zero, zero)
        elif op == DIVIDE:
            divide(rows, k, zero, zero, zero)
        elif op == DOT:
            _dot(rows, k, zero)
        elif op == TANH:
            hyperbolic(rows, k, zero, zero)
        elif op == EXP:
            exponential(rows, k, zero, zero)
        elif op == SQUARE:
            square(rows, k, zero, zero)
        elif op == SQRT:
            root(rows, k, zero, zero)
        elif op == LOG:
            logarithm(rows, k, zero, zero)
        elif op == COPY:
            copy(rows, k, zero, zero)
        elif op == SUM:
            total(rows, k, zero)
        elif op == MOST:
            greatest(rows, k, zero)
        elif op == LOGADDEXP:
            logaddexp(rows, k, zero, zero, zero)
        elif op == GREATER:
            greater(rows, k, zero, zero, zero)
        elif op == GREATER_TO_MASK:
            greater(rows, k, BYTE, zero, zero)
        elif op == COPY_OF_MASK:
            copy(rows, k, zero, BYTE)
        elif op == MULTIPLY_BY_MASK:
            multiply(rows, k, zero, BYTE, zero)
        elif op == MAXIMUM:
            maximum(rows, k, zero, zero, zero)
        elif op == MINIMUM:
            minimum(rows, k, zero, zero, zero)
        elif op == FMAX:
            fmax(rows, k, zero, zero, zero)
        elif op == FMIN:
            fmin(rows, k, zero, zero, zero)
        elif op == NEGATIVE:
            negative(rows, k, zero, zero)
        elif op == ABSOLUTE:
            absolute(rows, k, zero, zero)
        elif op == SIGN:
            sign(rows, k, zero, zero)
        elif op == RECIPROCAL:
            reciprocal(rows, k, zero, zero)
        elif op == EXPM1:
            expm1(rows, k, zero, zero)
        elif op == LOG1P:
            log_beside_one(rows, k, zero, zero)
        elif op == CLIP:
            _clip(rows, k, zero)


@compiled
def run_steps(programs, loss, losses, data, targets, scalars, places, zero):
    """One update after another; returns how many were done: fewer than asked for where a loss is no number.

    `programs`: rows of what follows the targets, of the way to the loss, and of the way back with the update. What
    differs from step to step is copied to its place first: `data` (S, N, features + 1) and `targets` (S, units, N),
    of none where they are there already, and `scalars` (S, k) after the loss is known. `losses` (S,) takes the losses.
    """
    prepare, forward, after = programs
    rows_place, targets_place, scalars_place = places
    for step in range(len(losses)):
        if len(data):
            rows_place[:] = data[step]
            targets_place[:] = targets[step]
            run(prepare, zero)
        run(forward, zero)
        losses[step] = loss[0]
        if not math.isfinite(loss[0]):
            return step
        if len(scalars):
            scalars_place[:] = scalars[step]
        run(after, zero)
    return len(losses)
