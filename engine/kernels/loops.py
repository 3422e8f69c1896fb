"""Loops over what one row is about: number by number, sums and products."""

# mypy: ignore-errors

import numba as nb
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from engine.kernels.functions import exp, log1p

FOUR = np.uint64(4)
NONE = np.uint64(0)
BYTE = np.uint8(0)
FAR = 1 << 40  # numbers: whoever indexes knows how many there are

# NumPy's rules of division, so that no check stands in a loop's way to vector instructions.
OPTIONS = {"error_model": "numpy", "boundscheck": False}
compiled = nb.njit(**OPTIONS)
# Of one number: a call inside a loop would keep it from vector instructions.
small = nb.njit(**OPTIONS, forceinline=True)


@intrinsic
def _pointer(typing, address, like):
    """An address as a pointer to numbers of the type of `like`."""

    def codegen(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(like)(address, like), codegen


@small
def at(address, like):
    return nb.carray(_pointer(address, like), (FAR,))


# One number from one or two. A NaN comes through `maximum`, and not through `fmax`: NumPy's rules.


@small
def maximum(x, y):
    return x if x > y or x != x else y


@small
def minimum(x, y):
    return x if x < y or x != x else y


@small
def logaddexp(x, y):
    most, least = maximum(x, y), minimum(x, y)
    apart = type(x)(0) if x == y else least - most  # of two infinities the difference is no number
    return most + log1p(exp(apart))


def unary(function):
    """out ← function(a); `write` and `read` are of their types."""

    @compiled
    def loop(row, write, read):
        out, a = at(row[4], write), at(row[7], read)
        n, m, so, to, sa, ta = row[1], row[2], row[5], row[6], row[8], row[9]
        for i in range(n):
            o, p = i * so, i * sa
            if to == 1 and ta == 0:
                value = function(a[p])
                for j in range(m):
                    out[o + j] = value
            # In place, a compiler sees it only where it is one array.
            elif to == 1 and ta == 1 and row[4] == row[7]:
                for j in range(m):
                    out[o + j] = function(out[o + j])
            elif to == 1 and ta == 1:
                for j in range(m):
                    out[o + j] = function(a[p + j])
            else:
                for j in range(m):
                    out[o + j * to] = function(a[p + j * ta])

    return loop


def binary(function):
    """out ← function(a, b); `write`, `read` and `like` are of their types."""

    @compiled
    def loop(row, write, read, like):
        out, a, b = at(row[4], write), at(row[7], read), at(row[10], like)
        n, m, so, to, sa, ta = row[1], row[2], row[5], row[6], row[8], row[9]
        sb, tb = row[11], row[12]
        for i in range(n):
            o, p, q = i * so, i * sa, i * sb
            if to == 1 and ta == 1 and tb == 1:
                if row[4] == row[7]:
                    for j in range(m):
                        out[o + j] = function(out[o + j], b[q + j])
                elif row[4] == row[10]:
                    for j in range(m):
                        out[o + j] = function(a[p + j], out[o + j])
                else:
                    for j in range(m):
                        out[o + j] = function(a[p + j], b[q + j])
            elif to == 1 and ta == 1 and tb == 0:
                second = b[q]
                if row[4] == row[7]:
                    for j in range(m):
                        out[o + j] = function(out[o + j], second)
                else:
                    for j in range(m):
                        out[o + j] = function(a[p + j], second)
            elif to == 1 and ta == 0 and tb == 1:
                first = a[p]
                if row[4] == row[10]:
                    for j in range(m):
                        out[o + j] = function(first, out[o + j])
                else:
                    for j in range(m):
                        out[o + j] = function(first, b[q + j])
            else:
                for j in range(m):
                    out[o + j * to] = function(a[p + j * ta], b[q + j * tb])

    return loop


def reduction(function):
    """Along the axes where `out` does not step on, from its first number on."""

    @compiled
    def loop(row, like):
        out, a = at(row[4], like), at(row[7], like)
        n, m, so, to, sa, ta = row[1], row[2], row[5], row[6], row[8], row[9]
        for i in range(n):
            for j in range(m):
                first = (so != 0 or i == 0) and (to != 0 or j == 0)
                value = a[i * sa + j * ta]
                out[i * so + j * to] = value if first else function(out[i * so + j * to], value)

    return loop


@compiled
def count(row, zero):
    """How many of the `row[2]` bytes of a mask are 1."""
    mask, found = at(row[7], BYTE), NONE
    for j in range(row[2]):
        found += np.uint64(mask[j])
    at(row[4], zero)[0] = found
