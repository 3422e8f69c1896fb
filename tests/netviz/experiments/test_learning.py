"""Experiments on how a network is trained: each claim holds, and fails on its control."""

from functools import cache

import numpy as np
import pytest

from tests.netviz.experiments.runs import SEEDS, begun, experiment, scores, steps, trained


@pytest.mark.parametrize("seed", SEEDS)
def test_over_fitting_is_narrowed_by_dropout_and_by_l2(seed):
    train, validation = scores("over-fitting", "plain", seed)
    gap = validation.loss - train.loss
    assert train.accuracy == 1.0
    assert gap > 1.5
    for remedy in ("dropout", "L2"):
        train, validation = scores("over-fitting", remedy, seed)
        assert validation.loss - train.loss < 0.6 * gap, remedy


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
