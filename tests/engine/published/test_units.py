"""Units that die, and how many of them a task takes."""

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.trainer import Trainer
from tests.engine.published.nets import chain, dense, project

Array = np.ndarray[Any, Any]
SEEDS = (0, 1, 2)
MOONS = {"kind": "moons", "samples": 100, "noise": 0.1, "validation": 0.0}

# Dead ReLUs


def moons(hidden: list[dict[str, object]], lr: float, seed: int, dtype: str = "float32") -> Trainer:
    """Plain SGD on the whole training set."""
    optimizer = {"kind": "sgd", "lr": lr}
    layers = [*hidden, dense("out", 1)]
    made = project(layers, "binary_cross_entropy", MOONS, batch_size="all", optimizer=optimizer)
    return Trainer(made, seed=seed, dtype=dtype)


def dead_share(activation: str, lr: float, seed: int, steps: int = 200) -> Array:
    trainer = moons([dense("h1", 20, init="he_normal"), {"id": "a1", "kind": activation}], lr, seed)
    shares = []
    for _ in range(steps):
        record = trainer.step(layers=True)
        assert record.layers is not None
        shares.append(record.layers["a1"]["dead_fraction"])
    return np.array(shares, np.float64)


@pytest.mark.parametrize("seed", SEEDS)
def test_at_a_high_rate_relus_die_and_none_comes_back(seed):
    """In the first layer, on the whole training set, by plain SGD: no gradient, so no way back."""
    shares = dead_share("relu", 10.0, seed)
    assert shares[0] == 0
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] > 0.5
    for activation, lr in (("relu", 0.1), ("leaky_relu", 10.0)):
        assert (dead_share(activation, lr, seed) == 0).all()


OTHERS = [
    ({"kind": "leaky_relu", "negative_slope": 0.1}, 0.2),
    ({"kind": "elu"}, 0.2),
    ({"kind": "selu"}, 0.2),
    ({"kind": "prelu"}, 0.1),  # at 0.2 its slope runs away
]


def shut(activation: dict[str, object], lr: float, seed: int) -> tuple[list[float], float]:
    """From biases of −6: the share of units without gradient at each of 2000 steps, and the last loss."""
    trainer = moons([dense("h1", 20, init="he_normal", bias_init=-6.0), {"id": "a1", **activation}], lr, seed)
    shares = []
    for _ in range(2000):
        trainer.step()
        gradient = trainer.network.gradients()["h1.weight"]
        shares.append(float((gradient == 0).all(axis=1).mean()))
    return shares, trainer.evaluate()[0].loss


@pytest.mark.parametrize("seed", SEEDS)
def test_behind_negative_biases_relus_stay_dead_and_others_come_alive(seed):
    shares, loss = shut({"kind": "relu"}, 0.2, seed)
    assert min(shares) == 1
    assert loss > 0.69  # as good as knowing nothing: ln 2
    for activation, lr in OTHERS:
        shares, loss = shut(activation, lr, seed)
        assert max(shares) == 0, activation
        assert loss < 0.5, activation


@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_maxout_no_unit_dies(seed):
    """One of its pieces always has the gradient (Goodfellow et al. 2013), at a rate that kills ReLUs."""
    trainer = moons([{"id": "a1", "kind": "maxout", "units": 20, "pieces": 2}], 10.0, seed)
    for _ in range(25):  # a little later the loss is beyond float32
        trainer.step()
        gradient = trainer.network.gradients()["a1.weight"].reshape(20, 2, 2)
        assert (gradient != 0).any(axis=(1, 2)).all()
    assert dead_share("relu", 10.0, seed, 25)[-1] > 0.5


# XOR by the number of hidden units

XOR = {"kind": "parity", "bits": 2}  # the four points themselves
WIDTHS = (0, 1, 2, 3, 4, 8)
RUNS, STEPS = 200, 400


@cache
def successes(activation: str) -> dict[int, float]:
    """The share of 200 seeds that gets all four points right, by the number of hidden units."""
    found = {}
    for width in WIDTHS:
        layers = chain(1, width, activation) if width else [dense("out", 1)]
        optimizer = {"kind": "adam", "lr": 0.03}
        made = project(layers, "binary_cross_entropy", XOR, batch_size="all", optimizer=optimizer)
        trainer = Trainer(made)
        right = 0
        for seed in range(RUNS):
            trainer.reset(seed)
            trainer.run(STEPS)
            right += trainer.evaluate()[0].accuracy == 1.0
        found[width] = right / RUNS
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "bands"),
    [
        # Measured; each band is four standard errors of 200 draws, √(p (1 − p) / 200), to each side.
        ("relu", {2: (0.06, 0.27), 3: (0.26, 0.54), 4: (0.43, 0.71), 8: (0.78, 0.97)}),
        ("tanh", {2: (0.35, 0.63), 3: (0.76, 0.96), 4: (0.92, 1.0), 8: (0.98, 1.0)}),
    ],
)
def test_more_hidden_units_learn_xor_more_often(activation, bands):
    """Two hidden units can (Rumelhart, Hinton and Williams 1986), but seldom do: more make a good start likely."""
    found = successes(activation)
    # No line and no single unit, whose output is monotonous along one direction, separates XOR.
    assert found[0] == found[1] == 0
    for width, (low, high) in bands.items():
        assert low <= found[width] <= high, (width, found)
    rates = [found[width] for width in WIDTHS]
    assert rates == sorted(rates)
    assert found[8] - found[2] > 0.4


# Universal approximation


def fit(width: int, activation: str | dict[str, object], seed: int) -> float:
    """Mean squared error on a sine of two waves, by one hidden layer."""
    data = {"kind": "sine", "noise": 0.0, "samples": 100, "validation": 0.0}
    optimizer = {"kind": "adam", "lr": 0.02}
    made = project(chain(1, width, activation), "mse", data, batch_size="all", optimizer=optimizer)
    trainer = Trainer(made, seed=seed)
    trainer.run(3000)
    return trainer.evaluate()[0].loss


def test_the_error_of_a_function_falls_with_the_width():
    """Cybenko 1989: one hidden layer comes as near as is wanted. Without a curve in it, width is of no use."""
    errors = [float(np.median([fit(width, "tanh", seed) for seed in SEEDS])) for width in (1, 2, 4, 8)]
    assert all(wider < 0.5 * narrower for narrower, wider in pairwise(errors)), errors
    assert errors[0] > 0.3
    assert errors[-1] < 1e-3
    linear = [fit(width, {"kind": "leaky_relu", "negative_slope": 1.0}, 0) for width in (1, 8)]
    assert min(linear) > 0.3
