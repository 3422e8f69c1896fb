"""The diagnosis names what each experiment was made to show, and nothing in the lanes beside it that are sound."""

import numpy as np
import pytest

from engine.diagnosis import Diagnosis
from engine.run.lane import Lane
from netviz.experiments import find_experiments
from tests.netviz.experiments.runs import WIDE, begun, experiment, steps

LANES = [(name, lane.variant) for name in find_experiments() if name not in WIDE for lane in experiment(name).lanes()]
# The cause of what stands at the end; where nothing is named, nothing must be found.
CAUSES = {
    ("xor", "no hidden layer"): "loss_still",
    ("vanishing-gradient", "sigmoid"): "vanishing",
    ("batch-norm", "without"): "vanishing",
    ("dead-relu", "ReLU"): "rate_high",
    ("deeper", "8 layers"): "vanishing",
    ("deeper", "12 layers"): "vanishing",
    ("early-stopping", "to the end"): "overfitting",
    ("early-stopping", "early stopping"): "overfitting",
    ("initialization", "tanh 0.01"): "weights_small",
    ("initialization-ten", "tanh 0.01"): "weights_small",
    ("initialization-ten", "ReLU Xavier"): "weights_small",
    ("long-memory", "RNN"): "loss_still",
    ("optimizers-adaptive", "Nesterov"): "unscaled",
    ("optimizers-adaptive", "Adamax"): "unscaled",
    ("optimizers-adaptive", "Lion"): "unscaled",
    ("over-fitting", "plain"): "overfitting",
    ("over-fitting", "dropout"): "overfitting",
    ("pre-training", "drawn"): "vanishing",
    ("preprocessing", "raw"): "unscaled",
    ("relu-faster", "sigmoid"): "vanishing",
    ("residual", "without"): "weights_small",
    ("symmetry", "all equal"): "alike",
    ("symmetry", "all zero"): "alike",
    ("universal-approximation", "32 linear units"): "loss_still",
}
GONE_AGAIN = {
    ("long-memory", "LSTM, forget bias 0"): {"loss_still"},
    ("initialization", "tanh 0.5"): {"saturated"},
    ("saturation", "large weights"): {"saturated"},
    ("saturation", "large, softsign"): {"saturated"},
    ("dead-relu", "leaky ReLU"): {"rate_high"},
    ("orthogonal", "normal"): {"rate_low"},
    ("deeper", "4 layers"): {"vanishing"},
    ("deep-against-wide", "1 × 212"): {"loss_still"},
    ("deep-against-wide", "1 × 1700"): {"loss_still"},
    ("optimizers-adaptive", "Adagrad"): {"exploding"},
    ("optimizers-adaptive", "AdamW"): {"exploding", "overfitting"},
    ("optimizers-adaptive", "NAdam"): {"exploding", "overfitting"},
}
BESIDE = {("dead-relu", "ReLU"): "dead", ("preprocessing", "raw"): "saturated", ("residual", "without"): "vanishing"}


@pytest.mark.parametrize("lane", LANES, ids=": ".join)
def test_the_diagnosis_of_a_lane(lane: tuple[str, str]) -> None:
    name, variant = lane
    trainer = begun(name, variant, seed=0)
    run = Lane(trainer)
    diagnosis = run.diagnosis = Diagnosis.of(trainer)
    run.diagnoses_steps = True
    with np.errstate(all="ignore"):  # as every caller has it
        while trainer.step_number < steps(name) and not trainer.stopped:
            run.advance()
    standing = {finding.symptom: finding for finding in diagnosis.findings()}
    causes = [finding.symptom for finding in standing.values() if finding.cause]
    assert causes == ([CAUSES[lane]] if lane in CAUSES else [])
    assert bool(standing) is (lane in CAUSES)
    if lane in BESIDE:
        assert BESIDE[lane] in standing
    past = {finding.symptom for finding in diagnosis.past} - set(standing)
    assert past == GONE_AGAIN.get(lane, set())
