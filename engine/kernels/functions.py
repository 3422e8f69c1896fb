"""Exponential, hyperbolic tangent and logarithm without a branch or a call: loops over them become vector instructions.

Of float32 alone, good to two units in the last place; a float64 goes to the C library. With x = n log 2 + r, n whole
and |r| at most log 2 / 2, expm1(r) is a polynomial (fitted for the least greatest relative error), eˣ = 2ⁿ expm1(r) +
2ⁿ, and tanh x = expm1(2x) / (expm1(2x) + 2), which loses no digit near 0. Logarithms are by the polynomial of Moshier's
Cephes library (1989; logf.c).
"""

# mypy: ignore-errors
import math

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload, register_jitable

ZERO, ONE, TWO, HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
LEAST, MOST = np.float32(-103.98), np.float32(88.7228)  # beyond, float32 has nothing but 0 and infinity
LOG2_E = np.float32(1.44269504088896341)
LN2_HIGH, LN2_LOW = np.float32(-0.693359375), np.float32(2.12194440e-4)  # together -log 2
WHOLE = np.float32(1.5 * 2**23)  # added to a number, it leaves the nearest whole one in the last bits
E4, E3, E2, E1, E0 = map(np.float32, (1.3946663e-3, 8.366711e-3, 4.166628e-2, 0.16666542, 0.5))
LAST = np.float32(9.02)  # from where on tanh is 1
LOWEST = np.float32(-20)  # from where on expm1 is -1
L8, L7, L6, L5, L4, L3, L2, L1, L0 = map(
    np.float32,
    (
        *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
        *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
    ),
)
LOG_HIGH, LOG_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
ROOT_OF_2, NORMAL = np.float32(1.41421356237), np.float32(1.1754944e-38)
TINY, TINY_POWER = np.float32(2.0**24), np.float32(24)  # brings what is below `NORMAL` up
FRACTION, ONE_BITS = np.int32((1 << 23) - 1), np.int32(127 << 23)
BIAS, MANTISSA = np.int32(127), np.int32(23)  # of a float32's exponent; bits below it


@register_jitable
def _bits(x):
    """The 32 bits of x."""
    return np.float32(x).view(np.int32)


@intrinsic
def _times_plus(typing, a, b, c):
    """a b + c, rounded once where the processor can do so at once."""

    def codegen(context, builder, signature, arguments):
        kind = ir.FunctionType(arguments[0].type, [arguments[0].type] * 3)
        return builder.call(builder.module.declare_intrinsic("llvm.fmuladd", [arguments[0].type], kind), arguments)

    return a(a, b, c), codegen


@register_jitable
def _two_to(power):
    """2ⁿ, n from -126 to 127."""
    return np.int32((power + BIAS) << MANTISSA).view(np.float32)


@register_jitable
def _parts(x):
    """n and expm1(r)."""
    shifted = _times_plus(x, LOG2_E, WHOLE)
    power = shifted - WHOLE
    rest = _times_plus(power, LN2_LOW, _times_plus(power, LN2_HIGH, x))
    p = _times_plus(_times_plus(E4, rest, E3), rest, E2)
    p = _times_plus(_times_plus(p, rest, E1), rest, E0)
    return np.int32(_bits(shifted) - _bits(WHOLE)), _times_plus(p, rest * rest, rest)


# What the machine calls; plain Python has the same functions from the C library.


def exp(x):
    """eˣ."""
    return math.exp(x)


def expm1(x):
    """eˣ - 1, good beside 0 too."""
    return math.expm1(x)


def tanh(x):
    """The hyperbolic tangent of x."""
    return math.tanh(x)


def log(x):
    """The natural logarithm of x."""
    return math.log(x)


def log1p(x):
    """log(1 + x), good beside 0 too."""
    return math.log1p(x)


@overload(exp, jit_options={"forceinline": True})
def _exp_of(x):
    if x is types.float32:

        def short(x):
            within = min(max(x, LEAST), MOST)
            power, rest = _parts(within)
            half = np.int32(power >> 1)  # in two factors, for n beyond what one number can say
            made = (rest + ONE) * _two_to(half) * _two_to(np.int32(power - half))
            made = ZERO if x < LEAST else made
            made = np.float32(np.inf) if x > MOST else made
            return x if x != x else made

        return short
    return lambda x: math.exp(x)


@overload(expm1, jit_options={"forceinline": True})
def _expm1_of(x):
    if x is types.float32:

        def short(x):
            within = min(max(x, LOWEST), MOST)
            power, rest = _parts(within)
            half = _two_to(np.int32(power - 1))  # 2ⁿ alone would be infinite for the greatest n
            made = math.copysign(_times_plus(half, rest, half - HALF) * TWO, x)
            made = np.float32(np.inf) if x > MOST else made
            return x if x != x else made

        return short
    return lambda x: math.expm1(x)


@overload(tanh, jit_options={"forceinline": True})
def _tanh_of(x):
    if x is types.float32:

        def short(x):
            size = min(abs(x), LAST)
            power, rest = _parts(-(size + size))
            scale = _two_to(power)
            grown = _times_plus(scale, rest, scale - ONE)  # from -1 to 0
            below = grown + TWO
            share = grown / below
            left = _times_plus(-share, below, grown)  # what rounding has lost in the share, and in the sum
            left = _times_plus(-share, grown - (below - TWO), left)
            share = _times_plus(left, _times_plus(-HALF, below, ONE + HALF), share)  # 1 / below, about
            made = math.copysign(share, x)
            return x if x != x else made

        return short
    return lambda x: math.tanh(x)


@overload(log, jit_options={"forceinline": True})
def _log_of(x):
    if x is types.float32:

        def short(x):
            bits = _bits(x * TINY if x < NORMAL else x)
            power = np.float32(np.int32((bits >> MANTISSA) - BIAS))
            part = np.int32((bits & FRACTION) | ONE_BITS).view(np.float32)
            above = part > ROOT_OF_2
            part = (part * HALF if above else part) - ONE
            power = (power + ONE if above else power) - (TINY_POWER if x < NORMAL else np.float32(0))
            z = part * part
            p = (((L8 * part + L7) * part + L6) * part + L5) * part + L4
            p = (((p * part + L3) * part + L2) * part + L1) * part + L0
            made = part + (part * z * p + power * LOG_LOW - HALF * z) + power * LOG_HIGH
            made = np.float32(np.inf) if x == np.float32(np.inf) else made
            made = -np.float32(np.inf) if x == np.float32(0) else made
            return made if x >= np.float32(0) else np.float32(np.nan)

        return short
    return lambda x: math.log(x)


@overload(log1p, jit_options={"forceinline": True})
def _log1p_of(x):
    if x is types.float32:

        def short(x):
            u = ONE + x
            d = u - ONE
            made = log(u) * (x / (ONE if d == np.float32(0) else d))  # Kahan: what rounding took from u comes back
            made = x if d == np.float32(0) else made
            return u if u == np.float32(np.inf) else made

        return short
    return lambda x: math.log1p(x)
