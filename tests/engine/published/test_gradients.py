"""The lectures on the way back: where gradients come from, where they get lost, and what brings them through."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.divergence import DivergenceError
from engine.gradient_check import check_project
from engine.layers.activations import Tanh
from engine.project import Project, project_from
from engine.trainer import StepRecord, Trainer
from tests.engine.cases import project_json
from tests.engine.published.nets import IDENTITY, chain, dense, noise, project

Array = np.ndarray[Any, Any]
SEEDS = (0, 1, 2)


def column(record: StepRecord, field: str, prefix: str) -> Array:
    """A field of telemetry, from the first layer whose id begins so to the last."""
    assert record.layers is not None
    return np.array([layer[field] for node, layer in record.layers.items() if node.startswith(prefix)], np.float64)


# Residual connections


def thirty(skips: bool) -> Project:
    """30 layers of tanh on XOR; with `skips`, h ← h + tanh(W h + b) (He, Zhang, Ren and Sun 2016)."""
    nodes: list[dict[str, object]] = [{"id": "x", "kind": "input"}, dense("first", 16)]
    edges, last = [["x", "first"]], "first"
    for i in range(1, 31):
        nodes += [dense(f"h{i}", 16, init="normal", init_std=0.1), {"id": f"a{i}", "kind": "tanh"}]
        edges += [[last, f"h{i}"], [f"h{i}", f"a{i}"]]
        if skips:
            nodes.append({"id": f"sum{i}", "kind": "add"})
            edges += [[last, f"sum{i}"], [f"a{i}", f"sum{i}"]]
        last = f"sum{i}" if skips else f"a{i}"
    data = {"kind": "xor", "noise": 0.03}
    made = project_json([], "binary_cross_entropy", data, optimizer={"kind": "sgd", "lr": 0.05}, batch_size="all")
    made["graph"] = {"nodes": [*nodes, dense("out", 1)], "edges": [*edges, [last, "out"]]}
    return project_from(made, Path())


@pytest.mark.parametrize("seed", SEEDS)
def test_with_residual_connections_the_gradient_survives_thirty_layers(seed):
    for skips in (True, False):
        trainer = Trainer(thirty(skips), seed=seed)
        norms = column(trainer.step(layers=True), "grad_norm", "h")
        assert len(norms) == 30
        assert bool(norms[0] > 0.1) is skips
        assert bool(norms[0] < 1e-10) is not skips
        trainer.run(600)
        score, _ = trainer.evaluate()
        assert (score.accuracy == 1.0) is skips
        assert (score.loss < 0.01) is skips
        assert (score.loss > 0.68) is not skips  # as good as knowing nothing: ln 2


# The exploding gradient


@pytest.mark.parametrize("gain", [1.0, 1.5, 0.5])
def test_in_a_linear_chain_signal_and_gradient_grow_by_the_gain_at_every_layer(gain):
    layers = chain(20, 8, IDENTITY, 8, init="orthogonal", init_gain=gain, bias=False)
    made = project(layers, "mse", noise(8, 64, targets=8), batch_size="all")
    record = Trainer(made, dtype="float64").step(layers=True)
    signal = np.hypot(column(record, "std", "a"), column(record, "mean", "a"))
    delta = column(record, "delta_rms", "a")
    np.testing.assert_allclose(signal[1:] / signal[:-1], gain, rtol=1e-9)
    np.testing.assert_allclose(delta[:-1] / delta[1:], gain, rtol=1e-9)
    assert bool(delta[0] / delta[-1] > 1000) is (gain == 1.5)
    assert bool(delta[0] / delta[-1] < 1e-5) is (gain == 0.5)


def test_clipping_holds_an_exploding_gradient():
    layers = chain(20, 8, IDENTITY, 8, init="orthogonal", init_gain=1.5, bias=False)
    data, lr = noise(8, 64, targets=8), 0.01
    for limit in (None, 1.0):
        made = project(layers, "mse", data, batch_size="all", clip_norm=limit, optimizer={"kind": "sgd", "lr": lr})
        trainer = Trainer(made)
        if limit is None:
            with pytest.raises(DivergenceError):
                trainer.run(20)
            continue
        first = trainer.step(layers=True)
        assert np.linalg.norm(column(first, "grad_norm", "h")) > 1e4  # telemetry has it as it was before clipping
        before = trainer.parameters.values.copy()
        trainer.step()
        np.testing.assert_allclose(np.linalg.norm(trainer.parameters.values - before), lr * limit, rtol=1e-3)
        last = trainer.run(500)
        assert np.isfinite(last.loss)
        assert last.loss < 1e-3 * first.loss


# Softmax and cross-entropy


@pytest.mark.parametrize("label", [0, 1, 2, 3])
def test_of_softmax_and_cross_entropy_the_gradient_is_output_minus_target_class_by_class(label):
    """∂L/∂z = f(x) − e(y), and with it ∂L/∂W = (f(x) − e(y)) xᵀ (Larochelle's lectures; Bridle 1990)."""
    x = np.random.default_rng(label).standard_normal((1, 3))
    for loss in ("cross_entropy", "mse"):
        layers = [dense("z", 4), {"id": "f", "kind": "softmax"}]
        net = Trainer(project(layers, loss, noise(3, 8, classes=4)), dtype="float64").network
        expected = net.predict(x)[0] - np.eye(4)[label]
        _, gradients = net.loss_and_gradients(x, np.array([label]))
        holds = loss == "cross_entropy"
        assert np.allclose(gradients["z.bias"], expected, rtol=1e-10, atol=1e-12) is holds
        assert np.allclose(gradients["z.weight"], np.outer(expected, x[0]), rtol=1e-10, atol=1e-12) is holds
        if holds:
            assert (np.delete(gradients["z.bias"], label) > 0).all()
            assert gradients["z.bias"][label] < 0


# A sigmoid is not zero-centred


def example_gradients(activation: str, positive: bool) -> list[Array]:
    """∂L/∂W of 40 single examples: of the first layer, fed with x, and of the second, fed with the activation."""
    layers = [dense("h1", 6), {"id": "a1", "kind": activation}, dense("h2", 5), {"id": "a2", "kind": activation}]
    net = Trainer(project([*layers, dense("out", 2)], "cross_entropy", noise(4, 8, classes=2)), dtype="float64").network
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (40, 4)) if positive else rng.uniform(-1, 1, (40, 4))
    found = [net.loss_and_gradients(x[i : i + 1], np.array([i % 2]))[1] for i in range(40)]
    return [np.array([gradients[name] for gradients in found]) for name in ("h1.weight", "h2.weight")]


def share_of_one_sign(gradients: Array) -> float:
    """Of how many (example, unit) all weights want to go the same way; no gradient is 0 here."""
    signs = np.sign(gradients)
    assert (signs != 0).all()
    return float((np.abs(signs.sum(axis=2)) == signs.shape[2]).mean())


def test_with_positive_inputs_all_weights_of_a_unit_want_the_same_way():
    positive, behind_sigmoid = example_gradients("sigmoid", positive=True)
    centred, behind_tanh = example_gradients("tanh", positive=False)
    assert share_of_one_sign(positive) == 1.0
    assert share_of_one_sign(behind_sigmoid) == 1.0
    assert share_of_one_sign(centred) < 0.3
    assert share_of_one_sign(behind_tanh) < 0.3


def two_weights(activation: str, gain: float, seed: int) -> Array:
    """The way of the two weights behind two fixed features down to a loss of 0.005, (steps + 1, 2), in plain SGD."""
    layers = [dense("h1", 2, trainable=False, init="orthogonal", init_gain=gain), {"id": "a1", "kind": activation}]
    data = {"kind": "surface", "surface": "plane", "samples": 100, "validation": 0.0}
    optimizer = {"kind": "sgd", "lr": 0.05}
    made = project([*layers, dense("out", 1, init="zeros")], "mse", data, batch_size=1, optimizer=optimizer)
    trainer = Trainer(made, dtype="float64", seed=seed)
    way = [trainer.network.state()["out.weight"][0]]
    while trainer.evaluate()[0].loss > 0.005:
        trainer.step()
        way.append(trainer.network.state()["out.weight"][0])
    return np.array(way)


@pytest.mark.parametrize("seed", SEEDS)
def test_features_of_one_sign_make_the_path_zig_zag(seed):
    """tanh(a) = 2 σ(2a) − 1: the same two features but for their mean and scale, and as good a fit at the end."""
    lengths, same = {}, {}
    for activation, gain in (("sigmoid", 2.0), ("tanh", 1.0)):
        way = two_weights(activation, gain, seed)
        steps = np.diff(way, axis=0)
        lengths[activation] = np.linalg.norm(steps, axis=1).sum() / np.linalg.norm(way[-1] - way[0])
        same[activation] = (steps.prod(axis=1) > 0).mean()
    assert same["sigmoid"] == 1.0  # every step goes up or down with both weights
    assert same["tanh"] < 0.8
    assert lengths["sigmoid"] > 2 * lengths["tanh"], lengths


# A broken gradient still learns


def two_activations(optimizer: dict[str, object]) -> Project:
    layers = [dense("h1", 8), {"id": "a1", "kind": "tanh"}, dense("h2", 8), {"id": "a2", "kind": "sigmoid"}]
    data = {"kind": "moons", "samples": 100, "noise": 0.1, "validation": 0.0}
    return project([*layers, dense("out", 1)], "binary_cross_entropy", data, optimizer=optimizer)


def losses(made: Project, steps: int) -> Array:
    trainer = Trainer(made, dtype="float64", seed=1)
    return np.array([trainer.step().loss for _ in range(steps)])


def test_a_broken_gradient_still_learns_and_only_the_check_finds_it(monkeypatch):
    """Tanh's gradient comes out 0.3 times as large as it is: SGD learns all the same, Adam does not even notice."""
    momentum = two_activations({"kind": "sgd", "lr": 0.3, "momentum": 0.9})
    adam = two_activations({"kind": "adam", "lr": 0.05})
    assert check_project(momentum).ok
    sound = losses(momentum, 2000), losses(adam, 100)
    right = Tanh.bind

    def broken(self, plan, h, a, p):
        if h.grad is not None:  # blocks run in reverse order of binding: this one after tanh's own
            plan.backward((plan.xp.multiply, h.grad, plan.number(0.3), h.grad))
        right(self, plan, h, a, p)

    monkeypatch.setattr(Tanh, "bind", broken)
    slower, unmoved = losses(momentum, 2000), losses(adam, 100)
    assert slower[-50:].mean() < 0.05 * slower[:50].mean()
    assert not np.allclose(slower, sound[0], rtol=0.01)
    np.testing.assert_allclose(unmoved, sound[1], rtol=1e-3)  # m / √v has no scale
    report = check_project(momentum)
    assert not report.ok
    wrong = {tensor.name for tensor in report.tensors if tensor.failures}
    assert wrong == {"x", "h1.weight", "h1.bias"}  # what lies before the tanh, and nothing else


def test_gradients_of_a_sigmoid_net_fade_layer_by_layer_and_of_tanh_less():
    ratios = {}
    for activation in ("sigmoid", "tanh"):
        made = project(chain(8, 20, activation), "mse", noise(20, 100), batch_size="all")
        delta = column(Trainer(made, dtype="float64").step(layers=True), "delta_rms", "a")
        ratios[activation] = np.array([before / after for before, after in pairwise(delta)])
    # δ shrinks by σ' ≤ 1/4 and by the weights, whose root mean square gain is 1 here.
    assert (ratios["sigmoid"] < 0.35).all()
    assert (ratios["tanh"] > 0.5).all()
