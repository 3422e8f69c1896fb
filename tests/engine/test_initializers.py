"""First weights have the mean, the variance and the limits that their formulas say."""

import math
from typing import get_args

import numpy as np
import pytest

from engine.initializers import GAINED, INITIALIZERS, InitName, Request
from engine.random import generator

SHAPE, FAN_IN, FAN_OUT = (400, 500), 60, 40  # the fans are given, not read off the shape
N = math.prod(SHAPE)
NORMAL = {
    "normal": 0.3,
    "glorot_normal": math.sqrt(2 / 100),
    "he_normal": math.sqrt(2 / 60),
    "lecun_normal": math.sqrt(1 / 60),
    "random_walk": math.exp(1 / 120) / math.sqrt(60),
    "random_walk_relu": math.sqrt(2) * math.exp(1.2 / 57.6) / math.sqrt(60),
}
UNIFORM = {"uniform": 0.7, "glorot_uniform": math.sqrt(6 / 100), "he_uniform": math.sqrt(6 / 60)}
CONSTANT = {"zeros": 0.0, "ones": 1.0, "constant": -2.5}


STRUCTURED = ("orthogonal", "lsuv", "sparse")  # lsuv in test_lsuv.py


def drawn(name, seed=0, shape=SHAPE, **more):
    rng = generator(seed, "init", name)
    want = Request(shape, FAN_IN, FAN_OUT, std=0.3, limit=0.7, value=-2.5, **more)
    weights = INITIALIZERS[name].draw(rng, want)
    assert weights.shape == shape
    assert weights.dtype == np.float64
    return weights


def test_every_name_has_one_initializer_and_one_expectation():
    assert tuple(INITIALIZERS) == get_args(InitName)
    assert all(name == initializer.name for name, initializer in INITIALIZERS.items())
    assert set(INITIALIZERS) == {*NORMAL, *UNIFORM, *CONSTANT, *STRUCTURED}
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


@pytest.mark.parametrize("name", GAINED)
def test_a_gain_multiplies(name):
    # To the bit by a power of two; PyTorch's names of gains are in test_torch_modules.py.
    np.testing.assert_array_equal(drawn(name, gain=4.0), 4 * drawn(name))


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - set(GAINED)))
def test_the_others_know_no_gain(name):
    np.testing.assert_array_equal(drawn(name, gain=4.0), drawn(name))


@pytest.mark.parametrize("shape", [(30, 30), (50, 20), (20, 50), (6, 2, 3, 3), (40, 2, 3, 3), (1, 7), (7, 1)])
def test_orthogonal_weights(shape):
    w = drawn("orthogonal", shape=shape, gain=1.5).reshape(shape[0], -1)
    small = w @ w.T if len(w) <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, 1.5**2 * np.eye(len(small)), atol=1e-13)


def test_orthogonal_weights_lean_to_no_side():
    # Of all rotations alike, W₀₀ has mean 0 and variance 1/n; without the signs of R its mean is far from 0.
    first = np.array([drawn("orthogonal", seed, (4, 4))[0, 0] for seed in range(2000)])
    assert abs(first.mean()) < 6 * math.sqrt(1 / 4 / 2000)
    assert abs(first.var() - 1 / 4) < 0.02
    assert 0.4 < np.mean([np.linalg.det(drawn("orthogonal", seed, (4, 4))) > 0 for seed in range(500)]) < 0.6


@pytest.mark.parametrize("nonzero", [1, 15, 500, 700])
def test_sparse_weights(nonzero):
    w = drawn("sparse", nonzero=nonzero)
    kept = min(nonzero, SHAPE[1])
    assert ((w != 0).sum(axis=1) == kept).all()
    inside = w[w != 0]
    assert abs(inside.mean()) < 6 / math.sqrt(inside.size)
    assert abs(inside.var() - 1) < 6 * math.sqrt(2 / inside.size)
    # Every input has the same chance: of 400 units, a share of kept/500 each.
    share = kept / SHAPE[1]
    assert np.abs((w != 0).mean(axis=0) - share).max() <= 6 * math.sqrt(share * (1 - share) / SHAPE[0])
    assert drawn("sparse", shape=(6, 2, 3, 3), nonzero=5).astype(bool).sum() == 6 * 5


@pytest.mark.parametrize(
    ("name", "biased", "shut"), [("random_walk", "lecun_normal", False), ("random_walk_relu", "he_normal", True)]
)
def test_a_random_walk_has_no_drift(name, biased, shut):
    """Log ‖δ‖ over many narrow layers goes nowhere on average; without the correction for the width it falls."""
    n, depth, walks = 16, 100, 200
    want = Request((n, n), n, n, std=1, limit=1, value=1)
    drifts = {}
    for init in (name, biased):
        rng, ends = np.random.default_rng(0), []
        for _ in range(walks):
            delta = np.full(n, 1 / math.sqrt(n))
            for _ in range(depth):
                w = INITIALIZERS[init].draw(rng, want)
                delta = w.T @ (delta * rng.integers(0, 2, n) if shut else delta)
            ends.append(math.log(np.linalg.norm(delta)) / depth)
        drifts[init] = np.mean(ends)
    assert abs(drifts[name]) < 0.01
    assert drifts[biased] < -0.025


@pytest.mark.parametrize("name", [*NORMAL, *UNIFORM, *STRUCTURED])
def test_the_generator_alone_decides(name):
    assert np.array_equal(drawn(name, 1), drawn(name, 1))
    assert not np.array_equal(drawn(name, 1), drawn(name, 2))
    assert drawn(name, shape=(3, 2, 5, 5)).std() > 0
