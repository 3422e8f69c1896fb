"""The lectures on making it train: batches, norms, remedies against over-fitting, a race of optimizers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.trainer import Score, Trainer
from tests.engine.published.nets import Layers, chain, dense, noise, project

Array = np.ndarray[Any, Any]
SEEDS = (0, 1, 2)

# Minibatches


def gradients(batch_size: int | str, steps: int) -> Array:
    """The gradients of so many batches at the same weights, (steps, numbers): the rate is as good as 0."""
    optimizer = {"kind": "sgd", "lr": 1e-12}
    made = project(chain(1, 8, "tanh"), "mse", noise(4, 1024), batch_size=batch_size, optimizer=optimizer)
    trainer, found = Trainer(made, dtype="float64"), []
    for _ in range(steps):
        trainer.step()
        found.append(np.concatenate([g.ravel() for g in trainer.network.gradients().values()]))
    return np.array(found)


def test_the_noise_of_a_gradient_falls_with_the_root_of_the_batch():
    """Var = σ² / B · (N − B) / (N − 1): of B among N examples without one of them twice (Cochran 1977, 2.5)."""
    (full,) = gradients("all", 1)
    sizes = np.array([1, 4, 16, 64, 256])
    variance = np.array([((gradients(int(b), 1024) - full) ** 2).sum(axis=1).mean() for b in sizes])
    single = variance * sizes * 1023 / (1024 - sizes)
    np.testing.assert_allclose(single, single[0], rtol=0.1)
    slope = np.polyfit(np.log(sizes[:-1]), np.log(np.sqrt(variance[:-1])), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.03)
    assert np.abs(gradients("all", 3) - full).max() < 1e-9  # the control: all examples, no noise


# Norms


def deep(norm: str | None) -> Layers:
    """Six layers of sigmoids, each with a norm before it or without."""
    layers: Layers = []
    for i in range(1, 7):
        layers.append(dense(f"h{i}", 16))
        if norm:
            layers.append({"id": f"n{i}", "kind": norm})
        layers.append({"id": f"a{i}", "kind": "sigmoid"})
    return [*layers, dense("out", 1)]


MOONS = {"kind": "moons", "noise": 0.1}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_deep_net_of_sigmoids_trains_with_batch_norm_and_not_without(seed):
    for norm in ("batch_norm", None):
        made = project(deep(norm), "binary_cross_entropy", MOONS, optimizer={"kind": "sgd", "lr": 0.2})
        trainer = Trainer(made, seed=seed)
        record = trainer.step(layers=True)
        assert record.layers is not None
        first, last = (record.layers[node]["grad_norm"] for node in ("h1", "h6"))
        assert first is not None
        assert last is not None
        assert (first > 0.1 * last) is (norm is not None)
        trainer.run(100 * trainer.steps_per_epoch)
        train, validation = trainer.evaluate()
        assert validation is not None
        assert validation.accuracy is not None
        assert (validation.accuracy > 0.95) is (norm is not None)
        assert (train.loss < 0.2) is (norm is not None)
        assert (train.loss > 0.69) is (norm is None)  # as good as knowing nothing: ln 2


@pytest.mark.parametrize("norm", ["batch_norm", "layer_norm"])
def test_a_layer_norm_is_the_same_in_training_and_after_and_a_batch_norm_is_not(norm):
    layers = [dense("h1", 6), {"id": "n1", "kind": norm}, {"id": "a1", "kind": "tanh"}, dense("out", 1)]
    trainer = Trainer(project(layers, "mse", noise(4, 64), batch_size=16), dtype="float64")
    trainer.run(20)
    x, y = trainer.data.x[:16], trainer.data.y[:16]
    training, _ = trainer.network.loss_and_gradients(x, y)
    after = float(((trainer.network.predict(x) - y) ** 2).mean())
    assert (abs(training - after) < 1e-12) is (norm == "layer_norm")
    assert (abs(training - after) > 1e-3 * after) is (norm == "batch_norm")


# Over-fitting

CIRCLES = {"kind": "circles", "samples": 80, "noise": 0.25, "validation": 0.5}
EPOCHS = 400


def over_sized(seed: int, drop: float = 0.0, **training: object) -> Trainer:
    """200 units on 40 noisy points, whose classes overlap."""
    layers: Layers = []
    for i in (1, 2):
        layers += [dense(f"h{i}", 100, init="he_normal"), {"id": f"a{i}", "kind": "relu"}]
        layers += [{"id": f"d{i}", "kind": "dropout", "rate": drop}] if drop else []
    data, optimizer = {**CIRCLES, "seed": seed}, {"kind": "adam", "lr": 0.01}
    made = project(
        [*layers, dense("out", 1)], "binary_cross_entropy", data, optimizer=optimizer, batch_size="all", **training
    )
    return Trainer(made, seed=seed)


def course(trainer: Trainer) -> list[tuple[Score, Score]]:
    """Scores at every epoch's end, until it stops."""
    found = []
    while trainer.epoch < EPOCHS and not trainer.stopped:
        trainer.run(trainer.steps_per_epoch)
        train, validation = trainer.evaluate()
        assert validation is not None
        found.append((train, validation))
    return found


def gap(scores: tuple[Score, Score]) -> float:
    return scores[1].loss - scores[0].loss


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_dropout_and_l2_narrow_the_gap(seed):
    train, validation = plain = course(over_sized(seed))[-1]
    assert train.loss < 0.01  # learnt by heart, and of no use
    assert validation.loss > 1
    for remedy in ({"drop": 0.5}, {"regularization": {"l2": 0.03}}):
        assert gap(course(over_sized(seed, **remedy))[-1]) < 0.5 * gap(plain), remedy


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_early_stopping_keeps_the_best_of_an_over_fitting_run(seed):
    plain = [validation.loss for _, validation in course(over_sized(seed))]
    stopped = [validation.loss for _, validation in course(over_sized(seed, early_stopping={"patience": 30}))]
    best = int(np.argmin(plain[: len(stopped)]))
    assert len(stopped) == best + 1 + 30
    assert stopped[:-1] == plain[: len(stopped) - 1]
    assert stopped[-1] == pytest.approx(min(plain[: len(stopped)]), rel=1e-6)  # back at the best weights
    assert plain[-1] > 1.5 * stopped[-1]  # the control went on, and got worse


# A race


def steps_to(path: Path, condition: float, loss: float, **optimizer: object) -> int:
    """Steps until the squared error is below `loss`: the valley is √condition times as long as wide."""
    x = np.random.default_rng(0).standard_normal((200, 2))
    x = np.linalg.svd(x, full_matrices=False)[0] * np.sqrt(200) * [1, condition**-0.5]
    np.savez(path / "valley.npz", x=x, y=x @ [[1.0], [condition**0.5]])
    layers = [dense("out", 1, bias=False, init="zeros")]
    data = {"kind": "npz", "path": str(path / "valley.npz"), "validation": 0.0}
    trainer = Trainer(project(layers, "mse", data, batch_size="all", optimizer=optimizer), dtype="float64")
    while trainer.step().loss > loss:
        assert trainer.step_number < 10_000
    return trainer.step_number


def test_in_a_narrow_valley_momentum_nesterov_and_adam_are_there_before_plain_descent(tmp_path):
    """On a round one plain descent needs no help."""
    plain = {"kind": "sgd", "lr": 0.4}
    others = {
        "momentum": {"kind": "sgd", "lr": 0.4, "momentum": 0.9},
        "nesterov": {"kind": "sgd", "lr": 0.4, "momentum": 0.9, "nesterov": True},
        "adam": {"kind": "adam", "lr": 0.4},
    }
    narrow, round_ = ({name: steps_to(tmp_path, c, 1e-4, **o) for name, o in others.items()} for c in (400.0, 1.0))
    slow, quick = (steps_to(tmp_path, c, 1e-4, **plain) for c in (400.0, 1.0))
    assert all(4 * steps < slow for steps in narrow.values()), (slow, narrow)
    assert all(steps > quick for steps in round_.values()), (quick, round_)
