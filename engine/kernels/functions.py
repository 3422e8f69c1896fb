"""Exponential and hyperbolic tangent without a branch or a call, so that a loop over them becomes vector instructions.

Of float32 alone, by the polynomials of Moshier's Cephes library (1989; expf.c, tanhf.c), good to two units in the last
place; a float64 goes to the C library.
"""

# mypy: ignore-errors
import math

import numpy as np
from numba.core import types
from numba.extending import overload, register_jitable

ONE, TWO, HALF = np.float32(1), np.float32(2), np.float32(0.5)
LEAST, MOST = np.float32(-103.98), np.float32(88.7228)  # beyond, float32 has nothing but 0 and infinity
LOG2_E = np.float32(1.44269504088896341)
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
E5, E4, E3, E2, E1, E0 = map(
    np.float32,
    (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1),
)
T4, T3, T2, T1, T0 = map(
    np.float32, (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
)
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
NEAR = np.float32(0.625)  # of 0, where tanh is its own polynomial
BIAS, MANTISSA = np.int32(127), np.int32(23)  # of a float32's exponent; bits below it


@register_jitable
def _bits(x):
    """The 32 bits of x."""
    return np.float32(x).view(np.int32)


def exp(x):
    """eˣ."""
    raise NotImplementedError("compiled only")


def tanh(x):
    """The hyperbolic tangent of x."""
    raise NotImplementedError("compiled only")


def log(x):
    """The natural logarithm of x."""
    raise NotImplementedError("compiled only")


def log1p(x):
    """log(1 + x), good beside 0 too."""
    raise NotImplementedError("compiled only")


@overload(exp, jit_options={"forceinline": True})
def _exp_of(x):
    if x is types.float32:

        def short(x):
            within = min(max(x, LEAST), MOST)
            power = math.floor(within * LOG2_E + HALF)
            rest = within - power * LN2_HIGH - power * LN2_LOW
            p = ((((E5 * rest + E4) * rest + E3) * rest + E2) * rest + E1) * rest + E0
            half = np.int32(np.int32(power) >> 1)  # 2ⁿ in two factors, for n beyond what one number can say
            one = np.int32((half + BIAS) << MANTISSA).view(np.float32)
            other = np.int32((np.int32(power) - half + BIAS) << MANTISSA).view(np.float32)
            made = (p * rest * rest + rest + ONE) * one * other
            made = np.float32(0) if x < LEAST else made
            made = np.float32(np.inf) if x > MOST else made
            return x if x != x else made

        return short
    return lambda x: math.exp(x)


@overload(tanh, jit_options={"forceinline": True})
def _tanh_of(x):
    if x is types.float32:

        def short(x):
            size = abs(x)
            far = ONE - TWO / (exp(size + size) + ONE)
            z = x * x
            near = ((((T4 * z + T3) * z + T2) * z + T1) * z + T0) * z * x + x
            return near if size < NEAR else math.copysign(far, x)

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
