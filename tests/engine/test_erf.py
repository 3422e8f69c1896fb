"""Φ from array calls against the standard library's erfc."""

from math import erfc, sqrt

import numpy as np
import pytest

from engine.layers.erf import normal_cdf, powers


def computed(x):
    phi, bell, t, r = (np.empty_like(x) for _ in range(4))
    with np.errstate(all="ignore"):
        for function, *args in normal_cdf(np, float, str(x.dtype), x, phi, bell, t, r):
            function(*args)
    return phi, bell


def exact(x):
    return np.array([erfc(-a / sqrt(2)) / 2 for a in x.astype(np.float64)])


@pytest.mark.parametrize(("dtype", "absolute", "relative"), [("float64", 5e-16, 3e-13), ("float32", 2.5e-7, 5e-6)])
def test_it_is_the_normal_distribution(dtype, absolute, relative):
    far = 37 if dtype == "float64" else 12  # beyond it Φ is below the normal numbers
    small = 10.0 ** np.linspace(-30, 1, 500)
    x = np.concatenate([np.linspace(-far, far, 40_001), small, -small, [0.0, -0.0]]).astype(dtype)
    phi, bell = computed(x)
    assert phi.dtype == dtype
    assert np.abs(phi - exact(x)).max() < absolute
    assert (np.abs(phi - exact(x)) / exact(x)).max() < relative
    np.testing.assert_allclose(bell, np.exp(-(x.astype(np.float64) ** 2) / 2), rtol=relative, atol=1e-37)
    near = np.abs(x) < 5  # where x² rounds little
    assert (np.abs(phi - exact(x)) / exact(x))[near].max() < (1e-14 if dtype == "float64" else 2e-6)


def test_at_the_ends_and_at_zero():
    phi, bell = computed(np.array([0.0, -0.0, 1e6, -1e6, 1e200, -1e200, np.inf, -np.inf, np.nan]))
    np.testing.assert_array_equal(phi, [0.5, 0.5, 1, 0, 1, 0, 1, 0, np.nan])
    np.testing.assert_array_equal(bell, [1, 1, 0, 0, 0, 0, 0, 0, np.nan])


def test_float32_takes_fewer_terms():
    assert (len(powers("float32")), len(powers("float64"))) == (11, 23)
