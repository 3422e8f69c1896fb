"""LSTM and GRU against RNN, and the forget bias, on the adding problem: each claim holds, and fails on its control."""

from functools import cache

import numpy as np
import pytest

from engine.probes.through_time import ThroughTime
from tests.netviz.experiments.runs import SEEDS, begun, experiment, steps, trained

NAME = "long-memory"
CHANCE = 1 / 6  # the mean square of who always says 1
LEARNED = 0.05


@cache
def course(variant: str, seed: int) -> list[float]:
    """The validation loss after each epoch."""
    trainer, losses = begun(NAME, variant, seed), []
    while trainer.step_number < steps(NAME):
        trainer.run(trainer.steps_per_epoch)
        _, validation = trainer.evaluate()
        losses.append(validation.loss)
    return losses


def epochs_to_learn(variant: str, seed: int) -> float:
    return next((i + 1 for i, loss in enumerate(course(variant, seed)) if loss < LEARNED), np.inf)


@pytest.mark.parametrize("seed", SEEDS)
def test_gates_add_what_lies_far_back_and_a_plain_rnn_does_not(seed):
    rnn, *gated = (lane.variant for lane in experiment(NAME).lanes())
    assert min(course(rnn, seed)) > 0.75 * CHANCE
    for variant in gated:
        assert min(course(variant, seed)) < LEARNED


@pytest.mark.parametrize("seed", SEEDS)
def test_an_open_forget_gate_learns_it_sooner(seed):
    _, shut, opened, _ = (epochs_to_learn(lane.variant, seed) for lane in experiment(NAME).lanes())
    assert opened < 0.75 * shut


@pytest.mark.parametrize("seed", SEEDS)
def test_before_the_first_step_the_gradient_comes_back_through_an_open_forget_gate_alone(seed):
    back = {}
    for lane in experiment(NAME).lanes():
        (sweep,) = ThroughTime().measure(begun(NAME, lane.variant, seed)).sweeps
        back[lane.variant] = sweep.gradient[0] / sweep.gradient[-1]
    rnn, shut, opened, gru = back.values()
    assert opened > 1e-3
    assert max(shut, gru) < 1e-9
    assert rnn < 1e-6


def test_a_gru_opens_its_gate_as_it_learns():
    (sweep,) = ThroughTime().measure(trained(NAME, "GRU", 0)).sweeps
    assert sweep.gradient[0] / sweep.gradient[-1] > 1e-3


def test_nothing_but_the_kind_and_the_forget_bias_differs():
    rnn, *gated = experiment(NAME).lanes()
    kinds = [lane.graph.layer("memory").to_json() for lane in (rnn, *gated)]
    assert [kind["kind"] for kind in kinds] == ["rnn", "lstm", "lstm", "gru"]
    assert [kind.get("forget_bias") for kind in kinds] == [None, 0.0, 2.0, None]
    assert {kind["units"] for kind in kinds} == {16}
    assert all(lane.training == rnn.training and lane.data == rnn.data for lane in gated)
