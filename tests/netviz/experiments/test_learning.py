"""Experiments on how a network is trained: each claim holds, and fails on its control."""

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest

from engine.probes.landscape import Landscape, PlaneOf
from engine.run.lane import Lane
from engine.trainer import Trainer
from tests.netviz.experiments.runs import SEEDS, begun, experiment, scores, steps, trained


@pytest.mark.parametrize("seed", SEEDS)
def test_over_fitting_is_narrowed_by_dropout_by_l2_and_by_noisy_inputs(seed):
    train, validation = scores("over-fitting", "plain", seed)
    gap = validation.loss - train.loss
    assert train.accuracy == 1.0
    assert gap > 1.5
    for remedy in ("dropout", "L2", "noisy inputs"):
        train, validation = scores("over-fitting", remedy, seed)
        assert validation.loss - train.loss < 0.6 * gap, remedy
    plain = experiment("over-fitting").lane("plain")
    penalty = msgspec.structs.replace(plain.training.regularization, l1=0.01)
    trainer = Trainer(
        replace(plain, training=msgspec.structs.replace(plain.training, regularization=penalty)), seed=seed
    )
    trainer.run(steps("over-fitting"))
    train, validation = trainer.evaluate()
    assert validation.loss - train.loss < 0.6 * gap


@pytest.mark.parametrize("seed", SEEDS)
def test_early_stopping_is_back_at_the_best_weights(seed):
    free, course = begun("early-stopping", "to the end", seed), []
    while free.step_number < steps("early-stopping"):
        free.step()
        course.append(free.evaluate()[1].loss)
    stopped = trained("early-stopping", "early stopping", seed)
    assert stopped.stopped
    assert stopped.epoch == int(np.argmin(course[: stopped.epoch])) + 1 + 30
    _, validation = stopped.evaluate()
    assert validation.loss == pytest.approx(min(course[: stopped.epoch]), rel=1e-6)
    assert course[-1] > 2 * validation.loss  # the control ran on, and got worse


TO_REACH = 0.1


@cache
def steps_to_reach(variant: str, seed: int, lr: float | None = None) -> int:
    trainer = begun("optimizers", variant, seed)
    if lr is not None:
        trainer.set_learning_rate(lr)
    while trainer.step_number < steps("optimizers"):
        if trainer.step().loss < TO_REACH:
            break
    return trainer.step_number


@pytest.mark.parametrize("seed", SEEDS)
def test_the_race_is_won_by_adam_and_lost_by_plain_descent(seed):
    sgd, momentum, rmsprop, adam = (steps_to_reach(lane.variant, seed) for lane in experiment("optimizers").lanes())
    assert adam < rmsprop < momentum < sgd
    assert adam < 0.25 * steps("optimizers")
    assert sgd == steps("optimizers")  # not there yet


def test_no_rate_of_plain_descent_wins_the_race():
    """Of rates each twice the one before, up to where it begins to jump about: in the mean of three seeds."""
    means = [np.mean([steps_to_reach("SGD", seed, lr) for seed in SEEDS]) for lr in (0.25, 0.5, 1.0, 2.0)]
    adam, momentum = (np.mean([steps_to_reach(variant, seed) for seed in SEEDS]) for variant in ("Adam", "momentum"))
    assert min(means) > momentum > adam


ADAPTIVE = ("Adagrad", "AdamW", "Adamax", "NAdam", "Lion")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_step_of_its_own_for_each_weight_learns_from_features_of_other_scales(seed):
    for variant in ADAPTIVE:
        assert scores("optimizers-adaptive", variant, seed)[0].accuracy > 0.87, variant
    assert scores("optimizers-adaptive", "Nesterov", seed)[0].accuracy < 0.85


def test_no_rate_for_all_weights_does():
    found = []
    for rate in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2):
        trainer = begun("optimizers-adaptive", "Nesterov", 0)
        trainer.set_learning_rate(rate)
        trainer.run(steps("optimizers-adaptive"))
        found.append(trainer.evaluate()[0].accuracy)
    assert max(found) < 0.85


def test_of_features_of_one_scale_one_rate_is_enough():
    """The control: the same wine, standardized."""
    made = experiment("optimizers-adaptive").lane("Nesterov")
    trainer = Trainer(replace(made, data=msgspec.structs.replace(made.data, preprocess="standardize")))
    trainer.set_learning_rate(0.1)
    trainer.run(steps("optimizers-adaptive"))
    assert trainer.evaluate()[0].accuracy > 0.99


def path_by_hand(optimizer: str, steps: int) -> np.ndarray:
    """y = w₂ tanh(w₁ x) on the experiment's data: its gradient and each optimizer's published step, written anew."""
    made = begun("optimizer-paths", "SGD", 0)
    x, y = np.asarray(made.data.x, np.float64)[:, 0], np.asarray(made.data.y, np.float64)[:, 0]
    w, way, speed, square = np.array([0.3, 2.0]), [], np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        way.append(w.copy())
        hidden = np.tanh(w[0] * x)
        off = 2 * (w[1] * hidden - y) / len(x)
        g = np.array([(off * w[1] * (1 - hidden**2) * x).sum(), (off * hidden).sum()])
        if optimizer == "SGD":
            w = w - 0.2 * g
        elif optimizer == "momentum":  # Sutskever et al. 2013, in PyTorch's form
            speed = 0.9 * speed + g
            w = w - 0.2 * speed
        elif optimizer == "RMSprop":  # Hinton 2012
            square = 0.99 * square + 0.01 * g**2
            w = w - 0.03 * g / (np.sqrt(square) + 1e-8)
        else:  # Adam: Kingma and Ba 2015, algorithm 1
            speed, square = 0.9 * speed + 0.1 * g, 0.999 * square + 0.001 * g**2
            w = w - 0.1 * (speed / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
    return np.array(way)


@pytest.mark.parametrize("optimizer", ["SGD", "momentum", "RMSprop", "Adam"])
def test_the_paths_on_the_plane_of_two_weights_are_the_published_ones(optimizer):
    trainer = begun("optimizer-paths", optimizer, 0, dtype="float64")
    lane = Lane(trainer)
    lane.studies.watch((Landscape(),), trainer)
    for _ in range(200):
        lane.advance()
    while lane.studies.wants(trainer):
        lane.studies.go_on(trainer)
    (seen,) = lane.studies.take_news(trainer)
    assert seen.plane is PlaneOf.WEIGHTS
    assert seen.steps.tolist() == list(range(201))
    # Later on RMSprop jumps to and fro, and doubles each rounding as it does.
    np.testing.assert_allclose(seen.places[:60], path_by_hand(optimizer, 60), rtol=1e-6, atol=1e-9)


def to_the_valleys_end(optimizer: str, lr: float | None = None) -> int:
    trainer = begun("optimizer-paths", optimizer, 0)
    if lr is not None:
        trainer.set_learning_rate(lr)
    while trainer.step_number < steps("optimizer-paths"):
        if trainer.step().loss < 0.06:
            break
    return trainer.step_number


def test_along_a_flat_valley_plain_descent_is_left_behind():
    sgd, momentum, rmsprop, adam = map(to_the_valleys_end, ("SGD", "momentum", "RMSprop", "Adam"))
    assert momentum < adam < rmsprop < steps("optimizer-paths")
    assert sgd == steps("optimizer-paths")  # not there yet
    rates = (0.2, 0.4, 0.8, 1.6)  # at 3.2 it jumps out of the valley
    assert min(to_the_valleys_end("SGD", lr) for lr in rates) > 3 * min(
        to_the_valleys_end("momentum", lr) for lr in rates
    )
    ways = {name: path_by_hand(name, 60) for name in ("SGD", "momentum")}
    straight = {name: np.linalg.norm(way[-1] - way[0]) for name, way in ways.items()}
    lengths = {name: np.linalg.norm(np.diff(way, axis=0), axis=1).sum() for name, way in ways.items()}
    assert lengths["momentum"] > 3 * lengths["SGD"]
    assert straight["momentum"] > 3 * straight["SGD"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_of_one_example_is_noisy_and_of_all_is_not(seed):
    """How far ‖∂L/∂W‖ jumps from step to step, late in training, relative to itself."""
    noise = {}
    for variant in ("1 example", "16 examples", "all examples"):
        trainer, norms = begun("minibatches", variant, seed), []
        trainer.run(300)
        for _ in range(300):
            record = trainer.step(layers=True)
            assert record.layers is not None
            norms.append(record.layers["out"]["grad_norm"])
        found = np.array(norms, np.float64)
        noise[variant] = np.abs(np.diff(found)).mean() / found.mean()
    single, some, every = noise.values()
    assert single > 1.5 * some > 15 * every, noise
    assert every < 0.01
    assert all(scores("minibatches", variant, seed)[1].accuracy > 0.9 for variant in noise)
