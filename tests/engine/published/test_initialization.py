"""The lectures' figures on first weights: what a layer's output looks like at 0.01, 0.05, 1, Xavier and He.

Numbers are those printed in Stanford's CS231n (lecture 6, 2017): ten layers of 500 units on 1000 examples. Independent
of them, the scale in a wide net is known: with q the mean square of a layer's output and weights N(0, σ²) from n
inputs, the next has E[f(√(σ² n q) z)²], z ~ N(0, 1) (Poole et al. 2016, equation 3). It also stands for the later
figure of six layers of 4096 units on 16 examples.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from engine.statistics import LayerStatistics
from engine.telemetry import one_blas_thread
from engine.trainer import Trainer
from tests.engine.published.nets import chain, dense, noise, project

Array = np.ndarray[Any, Any]
ABSCISSAE, SHARES = np.polynomial.hermite_e.hermegauss(200)
SHARES = SHARES / SHARES.sum()
FUNCTIONS: dict[str, Callable[[Array], Array]] = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}
XAVIER, HE = {"init": "lecun_normal"}, {"init": "he_normal"}  # Xavier as the lecture has it: σ = 1 / √fan_in


def std(value: float) -> dict[str, object]:
    return {"init": "normal", "init_std": value}


@cache
def ten_by_500(activation: str, *init: tuple[str, object]) -> tuple[LayerStatistics, ...]:
    """Telemetry of the ten activations at the first step."""
    one_blas_thread()  # as every run has it
    layers = chain(10, 500, activation, bias=False, trainable=False, **dict(init))
    return first_step(Trainer(project(layers, "mse", noise(500, 1000), batch_size="all")))


def first_step(trainer: Trainer) -> tuple[LayerStatistics, ...]:
    record = trainer.step(layers=True)
    assert record.layers is not None
    return tuple(values for node, values in record.layers.items() if node.startswith("a"))


def of(statistics: tuple[LayerStatistics, ...], field: str) -> Array:
    return np.array([layer[field] for layer in statistics], np.float64)


def rms(statistics: tuple[LayerStatistics, ...]) -> Array:
    return np.hypot(of(statistics, "mean"), of(statistics, "std"))


def in_theory(activation: str, gain: float, depth: int) -> Array:
    """Root mean square of each layer's output in a wide net; `gain` is σ² n, and q = 1 at the input."""
    q, found = 1.0, []
    for _ in range(depth):
        q = float(SHARES @ FUNCTIONS[activation](np.sqrt(gain * q) * ABSCISSAE) ** 2)
        found.append(np.sqrt(q))
    return np.array(found)


def test_ten_layers_at_001_collapse():
    found = of(ten_by_500("tanh", *std(0.01).items()), "std")
    published = [0.213081, 0.047551, 0.010630, 0.002378, 0.000532, 0.000119]
    np.testing.assert_allclose(found[:6], published, rtol=0.02)
    # Where tanh is a line, each layer multiplies by σ √n: 0.01 √500 = 0.2236.
    np.testing.assert_allclose(found[1:] / found[:-1], 0.01 * np.sqrt(500), rtol=0.03)
    assert found[-1] < 1e-6
    control = of(ten_by_500("tanh", *XAVIER.items()), "std")
    assert (control[1:] / control[:-1] > 0.75).all()
    assert control[-1] > 0.2


def test_ten_layers_at_1_saturate():
    found = ten_by_500("tanh", *std(1.0).items())
    assert (of(found, "std") > 0.98).all()
    assert (of(found, "saturated_fraction") > 0.85).all()
    assert (of(ten_by_500("tanh", *XAVIER.items()), "saturated_fraction") < 0.01).all()


def test_ten_layers_by_xavier_are_just_right():
    """Neither collapsed nor saturated in any layer; each of the controls is one of the two."""
    for init, right in ((XAVIER, True), (std(0.01), False), (std(1.0), False)):
        found = ten_by_500("tanh", *init.items())
        assert bool((of(found, "std") > 0.2).all() and (of(found, "saturated_fraction") < 0.01).all()) is right


def test_relu_fades_by_xavier_and_holds_by_he():
    """A ReLU lets half of the mean square through (He et al. 2015): σ² = 1/n halves it in each layer, 2/n holds it."""
    xavier, he = (rms(ten_by_500("relu", *init.items())) ** 2 for init in (XAVIER, HE))
    halves = 0.5 ** np.arange(1, 11)
    np.testing.assert_allclose(xavier, halves, rtol=0.2)
    np.testing.assert_allclose(he, 1.0, rtol=0.2)
    assert not np.allclose(xavier, 1.0, rtol=0.2)
    assert not np.allclose(he, halves, rtol=0.2)
    printed = [0.825232, 0.827835, 0.813855, 0.826902, 0.834092, 0.860035, 0.870610, 0.889348, 0.845357, 0.844523]
    np.testing.assert_allclose(of(ten_by_500("relu", *HE.items()), "std"), printed, rtol=0.08)
    assert not np.allclose(of(ten_by_500("relu", *XAVIER.items()), "std"), printed, rtol=0.08)


CASES = [
    ("tanh", std(0.01), 1e-4 * 500),
    ("tanh", std(0.05), 25e-4 * 500),
    ("tanh", std(1.0), 500.0),
    ("tanh", XAVIER, 1.0),
    ("relu", XAVIER, 1.0),
    ("relu", HE, 2.0),
]


@pytest.mark.parametrize(("activation", "init", "gain"), CASES, ids=str)
def test_ten_layers_are_as_the_theory_of_wide_nets_has_them(activation, init, gain):
    # 500 units are not infinitely many: the error of a mean square goes as 1/√500 and adds up over layers.
    expected = in_theory(activation, gain, 10)
    np.testing.assert_allclose(rms(ten_by_500(activation, *init.items())), expected, rtol=0.12)
    others = [in_theory(activation, other, 10) for _, _, other in CASES if other != gain]
    assert not any(np.allclose(expected, other, rtol=0.12) for other in others)


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "shown"), [("tanh", (0.01, 0.05, 1 / 64)), ("relu", (1 / 64, 2**0.5 / 64))])
def test_six_layers_of_4096(activation, shown):
    """Collapse, saturation, just right; Xavier's σ is 1 / √4096 = 1 / 64, He's √2 times that.

    N(0, σ²) is σ · N(0, 1): the weights are drawn once, and made larger in place.
    """
    one_blas_thread()
    layers = chain(6, 4096, activation, bias=False, **std(0.01))
    trainer = Trainer(project(layers, "mse", noise(4096, 16)))
    values, x = trainer.parameters.values, trainer.data.x
    found, at = {}, 0.01
    for sigma in shown:
        values *= np.float32(sigma / at)
        plan, at = trainer.network.walk(x), sigma
        found[sigma] = np.array([plan.vars[f"a{i}"].value for i in range(1, 7)], np.float64)
    sizes = {sigma: np.sqrt((h**2).mean(axis=(1, 2))) for sigma, h in found.items()}
    for sigma in shown:
        expected = in_theory(activation, sigma**2 * 4096, 6)
        for other in shown:
            assert np.allclose(sizes[other], expected, rtol=0.04) is (other == sigma)
    if activation == "tanh":
        collapsed, saturated, right = (sizes[sigma] for sigma in shown)
        tails = [(np.abs(found[sigma]) > 0.99).mean(axis=(1, 2)) for sigma in shown]
        assert collapsed[-1] < 0.05
        assert (saturated > 0.8).all()
        assert (tails[1] > 0.2).all()
        assert (right > 0.25).all()
        assert (tails[2] < 0.01).all()


@pytest.mark.parametrize("depth", [5, 30])
def test_a_deep_linear_net_of_orthogonal_weights_is_a_rotation(depth):
    """Saxe, McClelland and Ganguli 2014: every singular value of the product is 1, and the gradient is as large in
    every layer; of scaled normal weights most singular values vanish with the depth.
    """
    spread, norms = {}, {}
    for init in ("orthogonal", "lecun_normal"):
        layers = [dense(f"h{i}", 20, bias=False, init=init) for i in range(1, depth + 1)]
        made = project(layers, "mse", noise(20, 50, targets=20), batch_size="all")
        trainer = Trainer(made, dtype="float64")
        spread[init] = np.linalg.svd(trainer.network.predict(np.eye(20)), compute_uv=False)
        record = trainer.step(layers=True)
        assert record.layers is not None
        norms[init] = np.array([layer["grad_norm"] for layer in record.layers.values()], np.float64)
    np.testing.assert_allclose(spread["orthogonal"], 1.0, rtol=1e-12)
    assert spread["lecun_normal"].min() < 1e-2 < 1.5 < spread["lecun_normal"].max()
    assert (spread["lecun_normal"] < 0.5).mean() >= 0.5
    # ‖δ hᵀ‖² = tr(hᵀh δᵀδ), and rotations leave both products as they are.
    np.testing.assert_allclose(norms["orthogonal"], norms["orthogonal"][0], rtol=1e-12)
    assert norms["lecun_normal"].max() > 1.2 * norms["lecun_normal"].min()


def units_after(steps: int, **fields: object) -> Array:
    """The weights into six hidden units, a row each, after training on XOR's four points."""
    layers = [dense("h1", 6, **fields), {"id": "a1", "kind": "tanh"}, dense("out", 1, **fields)]
    optimizer = {"kind": "sgd", "lr": 0.5}
    data = {"kind": "parity", "bits": 2}
    made = project(layers, "binary_cross_entropy", data, batch_size="all", optimizer=optimizer)
    trainer = Trainer(made, dtype="float64")
    trainer.run(steps)
    return trainer.network.state()["h1.weight"]


@pytest.mark.parametrize(
    "same", [{"init": "zeros"}, {"init": "ones"}, {"init": "constant", "init_value": 0.3}], ids=str
)
def test_units_that_begin_alike_stay_alike_for_ever(same):
    """Symmetry: equal weights have equal gradients, so that six units are never more than one."""
    for steps in (1, 100, 3000):
        weights = units_after(steps, **same)
        np.testing.assert_allclose(weights, np.broadcast_to(weights[0], weights.shape), rtol=0, atol=1e-12)
        assert units_after(steps).std(axis=0).min() > 0.1  # the control: drawn at random
    moved = np.abs(units_after(3000, **same) - units_after(1, **same)).max()
    # From zeros not even that one unit moves: its gradient is 0 as long as the weight behind it is.
    assert moved == 0 if same["init"] == "zeros" else moved > 0.1
