"""Gradients by decades against the network's own, against finite differences, and against a closed form."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.gradient_check import check_project
from engine.probes.gradients import DECADES, Gradients
from engine.probes.histograms import BINS
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.strict_array import strict

LAYERS: list[dict[str, object]] = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "a1", "kind": "relu"},
    {"id": "d1", "kind": "dropout", "rate": 0.4},
    {"id": "n1", "kind": "batch_norm"},
    {"id": "h2", "kind": "dense", "units": 5},
    {"id": "a2", "kind": "sigmoid"},
    {"id": "out", "kind": "dense", "units": 3},
    {"id": "p", "kind": "softmax"},
]
DATA: dict[str, object] = {"kind": "noise", "shape": [4], "classes": 3, "samples": 100, "validation": 0.2}


def trainer(dtype: str = "float64", layers: list[dict[str, object]] = LAYERS, loss: str = "cross_entropy", **kwargs):
    return Trainer(project(layers, loss, DATA), dtype=dtype, **kwargs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sizes_are_those_of_the_gradient_on_the_first_examples(dtype: str) -> None:
    made = trainer(dtype)
    made.run(3)
    answer = Gradients().measure(made)
    x, y = made.data.x[:80], made.data.y[:80]
    _, expected = made.network.loss_and_gradients(x, y)
    assert answer.examples == 80
    assert [layer.histogram.node for layer in answer.layers] == ["h1", "n1", "h2", "out"]
    for layer in answer.layers:
        g = expected[f"{layer.histogram.node}.weight"].astype("float64").ravel()
        h = layer.histogram
        assert layer.norm == pytest.approx(np.linalg.norm(g), rel=1e-6)
        assert layer.mean_abs == pytest.approx(np.abs(g).mean(), rel=1e-6)
        assert layer.positive == (g > 0).mean()
        assert (h.zeros, h.nan, h.infinite) == ((g == 0).sum(), 0, 0)
        assert (h.low, h.high, h.decades) == (*DECADES, True)
        size = np.log10(np.abs(g[g != 0]))
        np.testing.assert_array_equal(h.counts, np.histogram(size, np.linspace(-12, 4, BINS + 1))[0])
        assert h.under + h.over + h.zeros + h.counts.sum() == layer.looked_at == g.size == np.prod(layer.shape)


def test_the_gradient_itself_is_held_to_finite_differences() -> None:
    """The probe reads what the gradient check checks: the same project passes it."""
    smooth = [
        {**layer, "kind": "tanh"} if layer["kind"] == "relu" else layer for layer in LAYERS if layer["id"] != "d1"
    ]
    made = trainer(layers=smooth)
    answer, h = Gradients().measure(made), 1e-6
    state = made.network.parameters()
    x, y = made.data.x[:80], made.data.y[:80]
    weights, g = state["h1.weight"], np.zeros((6, 4))
    for place in np.ndindex(6, 4):
        losses = []
        for sign in (1, -1):
            moved = weights.copy()
            moved[place] += sign * h
            made.network.load_parameters({**made.network.state(), "h1.weight": moved})
            losses.append(made.network.loss_and_gradients(x, y)[0])
        g[place] = (losses[0] - losses[1]) / (2 * h)
    assert answer.layers[0].norm == pytest.approx(np.linalg.norm(g), rel=1e-6)
    assert answer.layers[0].mean_abs == pytest.approx(np.abs(g).mean(), rel=1e-6)
    assert not any(tensor.failures for tensor in check_project(project(smooth, "cross_entropy", DATA)).tensors)


def test_all_positive_inputs_give_every_weight_of_a_unit_one_sign() -> None:
    """x > 0 and one example: ∂L/∂w = δ x, Δ of one sign for each unit (LeCun et al. 1998, section 4.3)."""
    layers: list[dict[str, object]] = [{"id": "s", "kind": "sigmoid"}, {"id": "out", "kind": "dense", "units": 1}]
    data: dict[str, object] = {"kind": "noise", "shape": [4], "samples": 2, "validation": 0.5}
    (layer,) = Gradients().measure(Trainer(project(layers, "mse", data))).layers
    assert layer.positive in (0.0, 1.0)


def test_tiny_and_lost_gradients_are_told() -> None:
    made = trainer("float32")
    state = made.network.parameters()
    made.network.load_parameters({**made.network.state(), "out.weight": state["out.weight"] * 1e-30})
    h1 = Gradients().measure(made).layers[0]
    assert 0 < h1.norm < 1e-25
    assert h1.histogram.under > 0
    assert h1.histogram.counts.sum() == 0
    state["out.bias"][0] = np.nan
    made.network.load_parameters({**made.network.state(), **state})
    answer = Gradients().measure(made, 0.0001)
    assert [layer.histogram.nan for layer in answer.layers] == [24, 6, 30, 15]
    assert [layer.looked_at for layer in answer.layers] == [5, 6, 6, 5]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_on_a_device_it_is_the_same(dtype: str) -> None:
    there = Trainer(project(LAYERS, "cross_entropy", DATA), backend=Backend(strict, "strict", dtype))
    mine, theirs = Gradients().measure(there), Gradients().measure(trainer(dtype))
    for one, other in zip(mine.layers, theirs.layers, strict=True):
        assert one.histogram.counts.tobytes() == other.histogram.counts.tobytes()
        assert (one.norm, one.mean_abs, one.positive) == (other.norm, other.mean_abs, other.positive)


def test_looking_changes_nothing() -> None:
    made, other = trainer(), trainer()
    for _ in range(3):
        assert made.step(layers=True) == other.step(layers=True)
        Gradients().measure(made)
        assert made.network.gradients()["h1.weight"].tobytes() == other.network.gradients()["h1.weight"].tobytes()
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()
