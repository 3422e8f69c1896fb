"""Optimizers, regularization, clipping, learning rate and frozen layers do what the project says."""

import numpy as np
import pytest

import engine
from engine.trainer import Trainer
from tests.engine.cases import CLOSE, DTYPES, project
from tests.engine.optimizer_cases import OPTIMIZER_CASES
from tests.engine.test_trainer import BATCH, DATA, LAYERS, OPTIMIZERS, bits, losses, made

each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def flat(mapping):
    return np.concatenate([array.astype(np.float64).ravel() for array in mapping.values()])


@each_dtype
@each_optimizer
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"regularization": {"l1": 0.02}},
        {"regularization": {"l2": 0.3}},
        {"clip_norm": 0.2},
        {"regularization": {"l1": 0.02, "l2": 0.3}, "clip_norm": 0.2},
        {"clip_norm": 1e6},
        {"clip_value": 0.03},
        {"regularization": {"l2": 0.3}, "clip_value": 0.03, "clip_norm": 0.2},
    ],
    ids=["plain", "l1", "l2", "clipped", "all", "not clipped", "values clipped", "values, then length"],
)
def test_updates_are_the_textbook_s(optimizer, settings, dtype):
    trainer = Trainer(made(optimizer, batch_size="all", **settings), dtype=dtype)
    rng = np.random.default_rng(1)
    start = {name: rng.uniform(-1, 1, a.shape) for name, a in trainer.network.parameters().items()}
    trainer.network.load_parameters(start)
    of_weights = flat({name: np.full(a.shape, name.endswith("weight")) for name, a in start.items()})
    penalty = settings.get("regularization", {})
    state, clipped = {}, 0
    lr = OPTIMIZERS[optimizer]["lr"]
    for step in range(1, 6):
        if step == 4:
            lr /= 2
            trainer.set_learning_rate(lr)
        w = flat(trainer.network.parameters())
        loss, gradients = trainer.network.loss_and_gradients(trainer.data.x, trainer.data.y)
        g = flat(gradients) + of_weights * (penalty.get("l2", 0) * w + penalty.get("l1", 0) * np.sign(w))
        if "clip_value" in settings:
            assert 0.1 < (np.abs(g) > settings["clip_value"]).mean() < 0.9
            g = np.clip(g, -settings["clip_value"], settings["clip_value"])
        length = np.sqrt((g**2).sum())
        if length > settings.get("clip_norm", np.inf):
            g, clipped = g * (settings["clip_norm"] / length), clipped + 1
        record = trainer.step()
        assert record.lr == lr
        np.testing.assert_allclose(record.loss, loss, rtol=1e-6)  # without the regularizer
        expected = OPTIMIZER_CASES[optimizer].update(w, g, state, step, lr, of_weights)
        tolerance = {"float32": {"rtol": 2e-4, "atol": 2e-5}, "float64": CLOSE["float64"]}[dtype]
        np.testing.assert_allclose(flat(trainer.network.parameters()) - w, expected - w, **tolerance)
    assert clipped == (5 if settings.get("clip_norm") == 0.2 else 0)


@each_optimizer
def test_more_parameters_than_one_chunk(optimizer, monkeypatch):
    whole = Trainer(made(optimizer))
    losses(whole, 5)
    monkeypatch.setattr("engine.update.CHUNK", 7)
    trainer = Trainer(made(optimizer))
    losses(trainer, 5)
    assert bits(trainer) == bits(whole)


@each_optimizer
def test_a_new_learning_rate_counts_at_once(optimizer):
    plain, changed = Trainer(made(optimizer), dtype="float64"), Trainer(made(optimizer), dtype="float64")
    for trainer in (plain, changed):
        losses(trainer, 5)
    before = flat(plain.network.parameters())
    changed.set_learning_rate(plain.lr * 3)
    assert changed.step().lr == plain.step().lr * 3
    moved = [flat(trainer.network.parameters()) - before for trainer in (plain, changed)]
    np.testing.assert_allclose(moved[1], 3 * moved[0], rtol=1e-7, atol=1e-13)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), "fast", True, None])
def test_a_learning_rate_that_is_none_is_refused(rate):
    trainer = Trainer(made())
    with pytest.raises(engine.ProjectError, match=r"^adam\.lr: "):
        trainer.set_learning_rate(rate)
    assert trainer.lr == 0.01


@each_optimizer
@pytest.mark.parametrize("frozen", ["h1", "h2", "out"])
def test_frozen_layers_never_move_and_the_others_do(optimizer, frozen):
    layers = [{**layer, "trainable": False} if layer["id"] == frozen else layer for layer in LAYERS]
    settings = {"regularization": {"l1": 0.01, "l2": 0.1}, "clip_norm": 0.5}
    trainer = Trainer(made(optimizer, layers=layers, **settings))
    before = trainer.network.parameters()
    record = trainer.step(layers=True)
    losses(trainer, 5)
    after = trainer.network.parameters()
    for name, array in before.items():
        assert np.array_equal(after[name], array) == (name.split(".")[0] == frozen), name
    assert record.layers[frozen]["update_ratio"] == 0
    assert record.layers[frozen]["grad_norm"] > 0


def test_frozen_parameters_do_not_count_in_the_gradient_s_length():
    layers = [{**LAYERS[0], "trainable": False}, *LAYERS[1:]]
    trainer = Trainer(made("sgd", layers=layers, clip_norm=1e-3), dtype="float64")
    before = flat(trainer.network.parameters())
    trainer.step()
    moved = flat(trainer.network.parameters()) - before
    np.testing.assert_allclose(np.sqrt((moved**2).sum()), 0.1 * 1e-3, rtol=1e-9)


@each_optimizer
def test_a_network_that_is_all_frozen_runs(optimizer):
    layers = [{**layer, "trainable": False} if layer["kind"] == "dense" else layer for layer in LAYERS]
    trainer = Trainer(made(optimizer, layers=layers, clip_norm=1.0))
    before = trainer.network.parameters()
    trainer.run(5)
    assert all(np.array_equal(trainer.network.parameters()[name], array) for name, array in before.items())


@each_dtype
def test_the_smallest_epsilon_does_not_divide_by_zero(dtype):
    # Of `h1` every unit is shut, so that its gradients and both of Adam's means stay 0.
    layers = [{**LAYERS[0], "init": "zeros", "bias_init": -1.0}, *LAYERS[1:]]
    settings = {"batch_size": BATCH, "optimizer": {"kind": "adam", "eps": 1e-30}}
    trainer = Trainer(project(layers, "cross_entropy", DATA, **settings), dtype=dtype)
    assert trainer.run(5).loss > 0
    with pytest.raises(engine.ProjectError, match=r"adam\.eps: expected float >= 1e-30, got 1e-50"):
        trainer.optimizer.replace("eps", 1e-50)  # in float32 that is 0, and 0 / 0 no number


@each_dtype
@pytest.mark.parametrize("longest", [1e-30, 1e30])
def test_the_limits_of_clip_norm_are_numbers_in_float32(longest, dtype):
    trainer = Trainer(made("sgd", clip_norm=longest), dtype=dtype)
    assert np.isfinite(trainer.run(5).loss)
