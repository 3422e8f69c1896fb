"""Singular values against NumPy's, of weights and of a Jacobian by finite differences; closed forms of linear nets."""

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes import spectrum as probe
from engine.probes.spectrum import EXAMPLES, Spectrum, SpectrumAnswer
from engine.trainer import Trainer
from tests.engine.cases import LAYER_CASES, behind_identity, project
from tests.strict_array import strict

Layers = list[dict[str, object]]
DATA: dict[str, object] = {"kind": "noise", "shape": [5], "classes": 3, "samples": 40}
DEEP: Layers = [
    {"id": "h1", "kind": "dense", "units": 7},
    {"id": "n1", "kind": "batch_norm"},
    {"id": "a1", "kind": "tanh"},
    {"id": "d1", "kind": "dropout", "rate": 0.5},
    {"id": "h2", "kind": "dense", "units": 6},
    {"id": "n2", "kind": "layer_norm"},
    {"id": "a2", "kind": "prelu"},
    {"id": "out", "kind": "dense", "units": 3},
]
SOFTMAX = {"id": "softmax", "kind": "softmax"}


def trainer(layers: Layers = DEEP, loss: str = "cross_entropy", steps: int = 7, **data: object) -> Trainer:
    made = Trainer(project(layers, loss, {**DATA, **data}), dtype="float64")
    for _ in range(steps):
        made.update()
    return made


def by_differences(made: Trainer, row: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """∂z/∂x by central differences of what a prediction computes."""
    columns = []
    for k in range(len(row)):
        ends = []
        for sign in (1, -1):
            x = row.copy()
            x[k] += sign * h
            ends.append(np.array(made.network.logits(made.network.walk(x[None])))[:, 0])
        columns.append((ends[0] - ends[1]) / (2 * h))
    return np.array(columns).T


@pytest.mark.parametrize("last", [[], [SOFTMAX]], ids=["logits drawn", "softmax drawn"])
def test_the_jacobian_is_that_of_differences_in_inference_mode(last: Layers) -> None:
    made = trainer(DEEP + last)
    found = Spectrum().measure(made).jacobian
    assert found is not None
    assert (found.shape, found.logits) == ((3, 5), bool(last))
    x = np.asarray(made.data.x[:EXAMPLES], np.float64)
    expected = [np.linalg.svd(by_differences(made, row), compute_uv=False) for row in x]
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)


def test_every_matrix_of_a_recurrent_layer_is_told_by_its_name() -> None:
    layers: Layers = [
        {"id": "r", "kind": "rnn", "units": 4, "layers": 2, "recurrent_init": "orthogonal", "recurrent_gain": 0.5},
        {"id": "out", "kind": "dense", "units": 3},
    ]
    made = trainer(layers, steps=0, shape=[6, 5])
    layers_found = Spectrum().measure(made).layers
    assert [layer.node for layer in layers_found] == ["r"] * 4 + ["out"]
    found = {f"{layer.node}.{layer.name}": layer for layer in layers_found}
    assert list(found) == [*(f"r.weight_{part}_l{k}" for k in (0, 1) for part in ("ih", "hh")), "out.weight"]
    np.testing.assert_allclose(found["r.weight_hh_l0"].values, [0.5] * 4)
    for name, layer in found.items():
        np.testing.assert_allclose(layer.values, np.linalg.svd(made.network.parameters()[name], compute_uv=False))


def test_a_last_sigmoid_that_the_loss_does_not_take_in_belongs_to_it() -> None:
    layers: Layers = [{"id": "out", "kind": "dense", "units": 1}, {"id": "s", "kind": "sigmoid"}]
    made = trainer(layers, "mse", classes=2)
    found = Spectrum().measure(made).jacobian
    assert found is not None
    assert not found.logits
    x, w = made.data.x[:EXAMPLES], made.network.parameters()
    s = 1 / (1 + np.exp(-(x @ w["out.weight"].T + w["out.bias"])))
    np.testing.assert_allclose(found.values, s * (1 - s) * np.linalg.norm(w["out.weight"]), rtol=1e-10)


def test_weights_have_numpys_singular_values() -> None:
    made = trainer()
    answer, weights = Spectrum().measure(made), made.network.parameters()
    assert [layer.node for layer in answer.layers] == ["h1", "h2", "out"]  # norms and slopes are no matrices
    assert answer.step == made.step_number
    for layer in answer.layers:
        matrix = weights[f"{layer.node}.{layer.name}"]
        assert layer.shape == matrix.shape
        np.testing.assert_allclose(layer.values, np.linalg.svd(matrix, compute_uv=False), rtol=1e-12)
        assert layer.length == pytest.approx(np.linalg.norm(matrix), rel=1e-12)


def test_through_convolutions_and_pooling_it_is_that_of_differences_too() -> None:
    layers: Layers = [
        {"id": "r", "kind": "reshape", "shape": [1, 6, 6]},
        {"id": "c1", "kind": "conv2d", "filters": 3, "kernel_size": 3},
        {"id": "n1", "kind": "batch_norm"},
        {"id": "a1", "kind": "tanh"},
        {"id": "p1", "kind": "avg_pool2d", "kernel_size": 2},
        {"id": "f", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 3},
    ]
    made = trainer(layers, shape=[36])
    answer = Spectrum().measure(made)
    assert [(layer.node, layer.shape) for layer in answer.layers] == [("c1", (3, 9)), ("out", (3, 12))]
    assert answer.jacobian is not None
    x = np.asarray(made.data.x[:EXAMPLES], np.float64)
    expected = [np.linalg.svd(by_differences(made, row), compute_uv=False) for row in x]
    np.testing.assert_allclose(answer.jacobian.values, expected, rtol=1e-6)


@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_the_jacobian_through_every_layer_is_that_of_differences(case) -> None:
    made = Trainer(behind_identity(case), dtype="float64")
    made.run(2)
    found = Spectrum().measure(made).jacobian
    assert found is not None
    x = np.asarray(made.data.x[:EXAMPLES], np.float64)
    expected = [np.linalg.svd(by_differences(made, row), compute_uv=False) for row in x]
    np.testing.assert_allclose(found.values, expected, rtol=1e-4, atol=1e-6)


def test_of_a_deep_linear_net_with_orthogonal_weights_all_are_one() -> None:
    """Saxe et al. 2014: the control with Glorot's weights is far from it."""

    def jacobian(init: str) -> np.ndarray:
        layers: Layers = [{"id": f"h{i}", "kind": "dense", "units": 20, "init": init} for i in range(30)]
        found = Spectrum().measure(trainer(layers, "mse", steps=0, shape=[20], classes=None, targets=20)).jacobian
        assert found is not None
        return found.values

    np.testing.assert_allclose(jacobian("orthogonal"), 1, rtol=1e-12)
    glorot = jacobian("glorot_uniform")
    assert (glorot[:, 0] / glorot[:, -1]).min() > 1e6


@pytest.mark.parametrize("shape", [(60, 90), (90, 60), (70, 70)], ids=str)
def test_of_a_large_matrix_the_largest_are_told_and_they_are_sure(shape, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST_WORK", 100)
    monkeypatch.setattr(probe, "ROUNDS", 40)
    units, inputs = shape
    layers: Layers = [{"id": "h", "kind": "dense", "units": units}]
    made = trainer(layers, "mse", 0, shape=[inputs], classes=None, targets=units)
    answer = Spectrum().measure(made)
    (layer,) = answer.layers
    matrix = made.network.parameters()["h.weight"]
    exact = np.linalg.svd(matrix, compute_uv=False)
    assert 3 <= len(layer.values) < min(shape)
    np.testing.assert_allclose(layer.values, exact[: len(layer.values)], rtol=probe.SURE)
    assert layer.values[0] == pytest.approx(exact[0], rel=1e-4)
    assert layer.length == pytest.approx(np.linalg.norm(matrix))
    assert answer.jacobian is not None
    assert "too long" in answer.jacobian.reason


@pytest.mark.parametrize("rank", [0, 1, 4])
def test_a_large_matrix_of_low_rank_ends_early_and_exactly(rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST_WORK", 100)
    made = trainer([{"id": "h", "kind": "dense", "units": 30}], "mse", 0, shape=[20], classes=None, targets=30)
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((30, rank)) @ rng.standard_normal((rank, 20))
    made.network.load_parameters({**made.network.parameters(), "h.weight": matrix})
    (layer,) = Spectrum().measure(made).layers
    exact = np.linalg.svd(matrix, compute_uv=False)[:rank]
    np.testing.assert_allclose(layer.values[:rank], exact, rtol=1e-9)
    assert layer.values[rank:].max(initial=0.0) <= 1e-5 * exact.max(initial=1.0)


def test_what_is_no_number_is_said() -> None:
    made = trainer()
    weights = made.network.parameters()
    weights["h2.weight"][1, 2] = np.nan
    made.network.load_parameters(weights)
    answer = Spectrum().measure(made)
    assert [layer.reason for layer in answer.layers] == ["", "holds what is no number", ""]
    assert answer.jacobian is not None
    assert np.isnan(answer.jacobian.values).all()


def test_what_cannot_be_afforded_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST_NUMBERS", 20)
    monkeypatch.setattr(probe, "MOST_OUTPUTS", 2)
    answer = Spectrum().measure(trainer())
    assert [bool(layer.reason) for layer in answer.layers] == [True, True, False]
    assert answer.jacobian is not None
    assert answer.jacobian.reason == "3 outputs are too many, up to 2 are looked at"


def test_a_round_is_of_one_step_and_the_next_follows() -> None:
    made, other = trainer(), trainer()
    work = Spectrum().begin(made)
    work.go_on(made)
    before = made.network.parameters()
    for _ in range(5):
        assert made.update() == other.update()  # slices in between change nothing
        work.go_on(made)
    while made.step_number != work.answer(made).step:
        work.go_on(made)
        answer: SpectrumAnswer = work.answer(made)
        if answer.step == 7 and answer.jacobian is not None:
            np.testing.assert_allclose(
                answer.layers[2].values, np.linalg.svd(before["out.weight"], compute_uv=False), rtol=1e-12
            )
    while work.wants(made):
        work.go_on(made)
    last = work.answer(made).layers[2].values
    np.testing.assert_allclose(last, np.linalg.svd(made.network.parameters()["out.weight"], compute_uv=False))
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("most", [10, 1 << 27], ids=["bidiagonalised", "whole"])
def test_on_a_device_it_is_the_same(dtype: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST_WORK", most)
    made = project(DEEP, "cross_entropy", DATA)
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    mine, theirs = (Spectrum().measure(one) for one in (there, here))
    for a, b in zip(mine.layers, theirs.layers, strict=True):
        assert a.values.tobytes() == b.values.tobytes()
    assert mine.jacobian is not None
    assert theirs.jacobian is not None
    assert mine.jacobian.values.tobytes() == theirs.jacobian.values.tobytes()


def test_a_network_that_is_too_large_to_copy_is_refused_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer()
    before = Spectrum().measure(made)
    monkeypatch.setattr(probe, "MOST_WEIGHTS", made.parameters.count - 1)
    monkeypatch.setattr(probe, "copied", lambda _: pytest.fail("a copy was made"))
    work = Spectrum().begin(made)
    assert not work.wants(made)
    seen = work.answer(made)
    assert [(layer.node, layer.name, layer.shape) for layer in seen.layers] == [
        (layer.node, layer.name, layer.shape) for layer in before.layers
    ]
    assert {layer.reason for layer in seen.layers} == {
        f"not looked at: the network has {made.parameters.count:,} weights, over {made.parameters.count - 1:,}"
    }
