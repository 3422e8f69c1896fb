"""The units of an image are numbered as they are counted, C, H, W, whatever the order in which a plan holds them."""

import numpy as np
import pytest

from engine.probes.example import Example
from engine.probes.neuron import Neuron
from engine.probes.unit_shares import UnitShares
from engine.probes.unit_spread import UnitSpread
from engine.trainer import Trainer
from tests.engine.cases import project

LAYERS = [
    {"id": "c", "kind": "conv2d", "filters": 3, "kernel_size": 2, "init": "uniform", "init_limit": 1.0},
    {"id": "a", "kind": "tanh"},
    {"id": "flat", "kind": "flatten"},
    {"id": "out", "kind": "dense", "units": 2},
]


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    data = {"kind": "noise", "shape": [2, 4, 5], "classes": 2, "samples": 24, "validation": 0.0}
    return Trainer(project(LAYERS, "cross_entropy", data), dtype="float64")


def outputs(trainer: Trainer) -> np.ndarray:
    """tanh of the convolution of every example by its sums, (N, 3·3·4) in C order."""
    x, w = np.asarray(trainer.data.x), trainer.network.parameters()
    sums = np.empty((len(x), 3, 3, 4))
    for i in range(3):
        for j in range(4):
            sums[:, :, i, j] = np.einsum("ncij,fcij->nf", x[:, :, i : i + 2, j : j + 2], w["c.weight"]) + w["c.bias"]
    return np.tanh(sums).reshape(len(x), -1)


def test_an_example_has_them_in_order(trainer) -> None:
    told = {node.node: node.values for node in Example().measure(trainer).nodes}
    np.testing.assert_allclose(told["a"], outputs(trainer)[0], rtol=1e-6)
    np.testing.assert_allclose(told["flat"], told["a"])


@pytest.mark.parametrize("unit", [0, 7, 20, 35])
def test_a_neuron_is_the_one_of_its_number(trainer, unit) -> None:
    mine = outputs(trainer)[:, unit]
    answer = Neuron("a", unit).measure(trainer)
    assert answer.answers.mean == pytest.approx(mine.mean())
    assert answer.highest[0].index == int(mine.argmax())
    assert answer.saturated == pytest.approx((1 - mine**2 < 0.01).mean())
    assert answer.delta == pytest.approx(np.sqrt((back(trainer, unit) ** 2).mean()))  # ∂ℓ/∂h, behind the tanh


def back(trainer: Trainer, unit: int) -> np.ndarray:
    """∂ℓ/∂(flat unit) of every example's own loss: (softmax − e) W."""
    w, logits = trainer.network.parameters()["out.weight"], trainer.network.predict(np.asarray(trainer.data.x))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return (shares - np.eye(2)[trainer.data.y]) @ w[:, unit]


def test_spread_and_shares_are_told_unit_by_unit(trainer) -> None:
    mine = outputs(trainer)
    spread = UnitSpread("a").measure(trainer)
    np.testing.assert_allclose(spread.mean, mine.mean(0), rtol=1e-6)
    (layer,) = UnitShares().measure(trainer).layers
    np.testing.assert_allclose(layer.saturated, (1 - mine**2 < 0.01).mean(0), atol=1e-6)
