"""First weights have the mean, the variance and the limits that their formulas say."""

import math
from typing import get_args

import numpy as np
import pytest

from engine.initializers import INITIALIZERS, InitName, draw
from engine.random import generator

SHAPE, FAN_IN, FAN_OUT = (400, 500), 60, 40  # the fans are given, not read off the shape
N = math.prod(SHAPE)
NORMAL = {
    "normal": 0.3,
    "glorot_normal": math.sqrt(2 / 100),
    "he_normal": math.sqrt(2 / 60),
    "lecun_normal": math.sqrt(1 / 60),
}
UNIFORM = {"uniform": 0.7, "glorot_uniform": math.sqrt(6 / 100), "he_uniform": math.sqrt(6 / 60)}
CONSTANT = {"zeros": 0.0, "ones": 1.0, "constant": -2.5}


def drawn(name, seed=0, shape=SHAPE):
    rng = generator(seed, "init", name)
    weights = draw(name, rng, shape, FAN_IN, FAN_OUT, std=0.3, limit=0.7, value=-2.5)
    assert weights.shape == shape
    assert weights.dtype == np.float64
    return weights


def test_every_name_has_one_initializer_and_one_expectation():
    assert tuple(INITIALIZERS) == get_args(InitName)
    assert all(name == initializer.name for name, initializer in INITIALIZERS.items())
    assert set(INITIALIZERS) == {*NORMAL, *UNIFORM, *CONSTANT}
    for initializer in INITIALIZERS.values():
        assert initializer.help.startswith("W ")
        assert "\n" not in initializer.help
        assert initializer.title


@pytest.mark.parametrize(("name", "std"), NORMAL.items())
def test_normal_weights(name, std):
    weights = drawn(name)
    assert abs(weights.mean()) < 6 * std / math.sqrt(N)
    assert abs(weights.var() / std**2 - 1) < 6 * math.sqrt(2 / N)
    kurtosis = (weights**4).mean() / std**4
    assert abs(kurtosis - 3) < 6 * math.sqrt(96 / N)
    # Untruncated: of 200 000 normal numbers 12.7 lie beyond 4 σ; that none does has probability e^-12.7.
    assert np.abs(weights).max() > 4 * std


@pytest.mark.parametrize(("name", "limit"), UNIFORM.items())
def test_uniform_weights(name, limit):
    weights = drawn(name)
    assert abs(weights.mean()) < 6 * limit / math.sqrt(3 * N)
    # The variance of w² for w ~ U(−l, l) is 4 l⁴ / 45.
    assert abs((weights**2).mean() - limit**2 / 3) < 6 * limit**2 * math.sqrt(4 / 45 / N)
    assert limit * (1 - 1e-3) < np.abs(weights).max() <= limit
    assert weights.min() < -0.99 * limit
    assert weights.max() > 0.99 * limit


@pytest.mark.parametrize(("name", "value"), CONSTANT.items())
def test_constant_weights(name, value):
    assert (drawn(name) == value).all()


@pytest.mark.parametrize("name", [*NORMAL, *UNIFORM])
def test_the_generator_alone_decides(name):
    assert np.array_equal(drawn(name, 1), drawn(name, 1))
    assert not np.array_equal(drawn(name, 1), drawn(name, 2))
    assert drawn(name, shape=(3, 2, 5, 5)).std() > 0


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="unknown init 'he_normla' \\(did you mean 'he_normal'\\?\\), allowed: zeros"):
        drawn("he_normla")
