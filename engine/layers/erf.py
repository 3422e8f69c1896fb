"""Φ(x) = erfc(-x / √2) / 2, the normal distribution, of array calls alone: NumPy has no error function.

Φ(-z) exp(z²/2) (z + 4.5) is smooth from z = 0 to infinity, and a short Chebyshev series in t = (z - 4.5) / (z + 4.5):
M. M. Shepherd and J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞, Math. Comp. 36
(1981). Φ is right to 5e-16 in float64, and far to the left, where it is tiny, still in its first twelve digits.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np

from engine.backend import Array, BoundCall

MIDDLE = 4.5  # where t = 0: here the series is shortest
# Of a computation with 60 digits. Coefficients of T_0, T_1, ...; the last is below the rounding of float64.
SERIES = (
    *(1.029318941338989236, -0.8503301835614761646, 0.280536984594226784, -0.07329857843766994815),
    *(0.01453725990120668044, -0.001926873405116986841, 8.316678911061766816e-5, 2.688054658530306179e-5),
    *(-5.362320085704354855e-6, -9.730051419870386004e-8, 1.540937322813737036e-7, -8.058288034325820272e-9),
    *(-4.329450788448216984e-9, 4.339003114722494175e-10, 1.379619761741113899e-10, -1.729994177893978614e-11),
    *(-5.189159718687251058e-12, 6.139326120900871524e-13, 2.244474709079590709e-13, -1.820820967730711467e-14),
    *(-1.050787754908942639e-14, 2.538948789458940578e-16, 4.978300112161635785e-16, 2.33802405633452753e-17),
)


def powers(dtype: str) -> list[float]:
    """The series as a polynomial in t, as far as numbers of `dtype` can tell."""
    left_out = accumulate(abs(c) for c in reversed(SERIES))  # at most so much is lost
    kept = len(SERIES) - sum(rest < float(np.finfo(dtype).eps) / 4 for rest in left_out)
    return [float(c) for c in np.polynomial.chebyshev.cheb2poly(SERIES[:kept])]


def normal_cdf(
    xp: Any, number: Callable[[float], Any], dtype: str, x: Array, phi: Array, bell: Array, t: Array, r: Array
) -> list[BoundCall]:
    """The calls that write Φ(x) into `phi` and exp(-x²/2) into `bell`; `t` and `r` are overwritten."""
    first, *others = reversed(powers(dtype))
    calls: list[BoundCall] = [
        (xp.absolute, x, r),
        (xp.add, r, number(MIDDLE), r),
        (xp.reciprocal, r, r),  # 1 / (z + 4.5)
        (xp.multiply, r, number(-2 * MIDDLE), t),
        (xp.add, t, number(1), t),
        (xp.multiply, t, number(first), phi),
    ]
    for power in others[:-1]:
        calls += [(xp.add, phi, number(power), phi), (xp.multiply, phi, t, phi)]
    return [
        *calls,
        (xp.add, phi, number(others[-1]), phi),
        (xp.multiply, phi, r, phi),
        (xp.square, x, bell),
        (xp.multiply, bell, number(-0.5), bell),
        (xp.exp, bell, bell),
        (xp.multiply, phi, bell, phi),  # Φ(-|x|)
        (xp.greater, x, number(0), t),
        (xp.subtract, t, phi, phi),
        (xp.absolute, phi, phi),  # |1 - Φ(-|x|)| on the right, |0 - Φ(-|x|)| on the left, where nothing is rounded
    ]
