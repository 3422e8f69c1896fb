"""Learning rates over time: closed forms, PyTorch's schedulers, and what a run really uses."""

from itertools import pairwise
from math import cos, pi

import numpy as np
import pytest

import engine
from engine.catalogue import SCHEDULES
from engine.spec import build
from tests.engine.cases import project

LAYERS = [{"id": "h1", "kind": "dense", "units": 5}, {"id": "a1", "kind": "tanh"}, {"id": "out", "kind": "dense"}]
DATA = {"kind": "noise", "shape": [4], "targets": 64, "samples": 40, "validation": 0.25, "seed": 2}  # 30 to train on


def made(schedule, optimizer="sgd", batch_size=8, **training):
    optimizer = {"kind": optimizer, "lr": 0.1}
    return project(LAYERS, "mse", DATA, schedule=schedule, optimizer=optimizer, batch_size=batch_size, **training)


def factor(declared, t):
    schedule = build(SCHEDULES, declared, "")
    return schedule.factor(t, schedule.begin())


@pytest.mark.parametrize(
    ("declared", "t", "expected"),
    [
        ({"kind": "constant"}, 7.3, 1.0),
        ({"kind": "exponential"}, 0.99, 1.0),
        ({"kind": "exponential"}, 2.5, 0.98**2),
        ({"kind": "step", "period": 3, "gamma": 0.5}, 2.99, 1.0),
        ({"kind": "step", "period": 3, "gamma": 0.5}, 7.0, 0.25),
        ({"kind": "cosine", "period": 4}, 0.0, 1.0),
        ({"kind": "cosine", "period": 4}, 1.0, (1 + cos(pi / 4)) / 2),
        ({"kind": "cosine", "period": 4, "lowest": 0.2}, 3.0, 0.2 + 0.8 * (1 + cos(3 * pi / 4)) / 2),
        ({"kind": "cosine", "period": 4}, 4.0, 1.0),
        ({"kind": "cosine", "period": 4, "growth": 2}, 8.0, 0.5),  # the second period is 8 long
        ({"kind": "cosine", "period": 4, "growth": 2}, 12.0, 1.0),
        ({"kind": "cyclic", "period": 10, "lowest": 0.1}, 0.0, 0.1),
        ({"kind": "cyclic", "period": 10, "lowest": 0.1}, 5.0, 1.0),
        ({"kind": "cyclic", "period": 10, "lowest": 0.1}, 17.5, 0.55),
        ({"kind": "constant", "warmup": 4, "warmup_from": 0.2}, 0.0, 0.2),
        ({"kind": "constant", "warmup": 4, "warmup_from": 0.2}, 3.0, 0.8),
        ({"kind": "exponential", "warmup": 4, "warmup_from": 0.0}, 2.0, 0.98**2 / 2),
        ({"kind": "constant", "warmup": 4}, 4.0, 1.0),
    ],
)
def test_shares_by_closed_form(declared, t, expected):
    assert factor(declared, t) == pytest.approx(expected, rel=1e-12)


PYTORCH = {
    "exponential": ({"kind": "exponential", "gamma": 0.9}, lambda s, o: s.ExponentialLR(o, 0.9)),
    "step": ({"kind": "step", "period": 3, "gamma": 0.5}, lambda s, o: s.StepLR(o, 3, 0.5)),
    "cosine": (
        {"kind": "cosine", "period": 5, "lowest": 0.1},
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, eta_min=0.01),
    ),
    "cosine that grows": (
        {"kind": "cosine", "period": 2, "growth": 3},
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, 3),
    ),
    "cyclic": (
        {"kind": "cyclic", "period": 6, "lowest": 0.2},
        lambda s, o: s.CyclicLR(o, 0.02, 0.1, step_size_up=3, cycle_momentum=False),
    ),
    "warm-up": (
        {"kind": "constant", "warmup": 4, "warmup_from": 0.25},
        lambda s, o: s.LinearLR(o, 0.25, total_iters=4),
    ),
}


@pytest.mark.parametrize("name", PYTORCH)
def test_rates_of_a_run_are_pytorchs(name):
    # Without PyTorch the closed forms above hold.
    torch = pytest.importorskip("torch")
    declared, make = PYTORCH[name]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    trainer = engine.Trainer(made(declared, batch_size="all"))
    for _ in range(20):
        assert trainer.step().lr == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        scheduler.step()


def test_within_an_epoch_the_rate_moves_from_batch_to_batch():
    trainer = engine.Trainer(made({"kind": "cosine", "period": 2}))
    rates = [trainer.step(layers=i % 3 == 0).lr for i in range(8)]
    np.testing.assert_allclose(rates, [0.1 * (1 + cos(pi * i / 8)) / 2 for i in range(8)], rtol=1e-12)


@pytest.mark.parametrize("batch_size", [8, "all"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_each_update_is_made_at_its_rate(optimizer, batch_size):
    """A run by schedule is the run whose rate is set by hand before every step."""
    declared = {"kind": "cyclic", "period": 1.7, "lowest": 0.3, "warmup": 1.5}
    by_schedule, by_hand = (
        engine.Trainer(made(schedule, optimizer, batch_size), dtype="float64") for schedule in (declared, None)
    )
    n = by_hand.steps_per_epoch
    for step in range(20):
        by_hand.set_learning_rate(0.1 * factor(declared, step // n + step % n / n))
        assert by_schedule.step().loss == by_hand.step().loss
    state, same = by_schedule.network.state(), by_hand.network.state()
    np.testing.assert_allclose(state["h1.weight"], same["h1.weight"], rtol=1e-12)
    assert engine.Trainer(made(None, optimizer, batch_size), dtype="float64").run(20).loss != by_hand.run(1).loss


def test_a_rate_set_by_hand_is_what_the_schedule_takes_its_share_of():
    trainer = engine.Trainer(made({"kind": "exponential", "gamma": 0.5}, batch_size="all"))
    trainer.run(2)
    trainer.set_learning_rate(0.4)
    assert [trainer.step().lr for _ in range(2)] == pytest.approx([0.1, 0.05])


# On a plateau


def plateau(**fields):
    return build(SCHEDULES, {"kind": "plateau", "gamma": 0.5, **fields}, "")


def course_of(schedule, losses):
    state, shares = schedule.begin(), []
    for loss in losses:
        state = schedule.observe(loss, state)
        shares.append(schedule.factor(3.0, state))
    return shares


def test_the_rate_falls_after_more_epochs_than_its_patience_without_progress():
    assert course_of(plateau(patience=1), [1.0, 0.9, 0.9, 0.9, 0.9, 0.9]) == [1, 1, 1, 0.5, 0.5, 0.25]
    assert course_of(plateau(patience=1), [1.0, 0.9, 0.8, 0.7, 0.6]) == [1] * 5
    assert course_of(plateau(patience=0, lowest=0.4), [1.0, 1.0, 1.0]) == [1, 0.5, 0.4]
    # A loss that is lower by less than the threshold is no progress.
    assert course_of(plateau(patience=0, threshold=0.1), [1.0, 0.95, 0.8]) == [1, 0.5, 0.5]


def test_plateaus_are_pytorchs():
    torch = pytest.importorskip("torch")
    losses = np.abs(np.cumsum(np.random.default_rng(3).standard_normal(60)) / 5 + 2)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, min_lr=0.01)
    expected = []
    for loss in losses:
        theirs.step(loss)
        expected.append(optimizer.param_groups[0]["lr"])
    assert len(set(expected)) > 3
    assert course_of(plateau(patience=2, lowest=0.01), losses) == pytest.approx(expected)


@pytest.mark.parametrize("batch_size", [8, "all"])
def test_a_run_watches_its_validation_loss(batch_size):
    declared = {"kind": "plateau", "patience": 1, "gamma": 0.5, "threshold": 0.05}
    trainer = engine.Trainer(made(declared, batch_size=batch_size), dtype="float64")
    losses, rates = [], []
    for _ in range(40):
        record = trainer.run(trainer.steps_per_epoch)
        assert trainer.position == 0
        losses.append(trainer.evaluate()[1].loss)
        rates.append(record.lr)
    assert rates[1:] == pytest.approx(
        [0.1 * share for share in course_of(plateau(patience=1, threshold=0.05), losses)[:-1]]
    )
    assert len(set(rates)) > 2


def test_a_snapshot_has_the_plateau_in_it():
    trainer = engine.Trainer(made({"kind": "plateau", "patience": 0, "threshold": 0.5}))
    trainer.run(4 * 5)
    state, rate = trainer.snapshot(), trainer.rate
    assert rate < 0.1
    after = [trainer.step() for _ in range(9)]
    trainer.reset()
    assert trainer.rate == 0.1
    other = engine.Trainer(made({"kind": "plateau", "patience": 0, "threshold": 0.5}))
    other.restore(state)
    assert other.rate == rate
    assert [other.step() for _ in range(9)] == after


def test_every_schedule_is_tested_and_goes_through_json():
    assert {declared["kind"] for declared, _ in PYTORCH.values()} | {"plateau"} == set(SCHEDULES)
    for kind in SCHEDULES:
        declared = {"kind": kind, "warmup": 2.5}
        project_ = made(declared)
        assert project_.training.schedule.to_json() == declared
        rates = [engine.Trainer(project_).rate, *(engine.Trainer(project_).run(i + 1).lr for i in range(3))]
        assert any(a != b for a, b in pairwise(rates))
