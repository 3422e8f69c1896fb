"""The learning-rate range test against a closed form, and by what its suggestion is good for."""

from dataclasses import replace
from math import isfinite, log

import msgspec
import numpy as np
import pytest

from engine.catalogue import OPTIMIZERS
from engine.checks import rates as module
from engine.checks.rates import FIRST, HIGHEST, LOWEST, STEPS, range_test, rates
from engine.divergence import DivergenceError
from engine.errors import ProjectError
from engine.project import save_project
from engine.trainer import Trainer
from tests.engine.checks.nets import BCE, CE, DIGITS, chain, last, made, of_arrays, sgd

HADAMARD = np.array([[(-1) ** bin(i & j).count("1") for j in range(8)] for i in range(8)], float)
SCHEDULED = {"schedule": {"kind": "exponential", "gamma": 0.5}, "early_stopping": {"patience": 1}}
DO_NOT_SEARCH = [kind for kind, optimizer in OPTIMIZERS.items() if not optimizer.searches]


def bowl(folder, **training):
    """(1/8) Σ (w·x + b - y)² over columns of a Hadamard matrix: curvature 2 in every direction, and 0 at its bottom."""
    x = HADAMARD[:, 1:4]
    y = (x @ [1.0, -2.0, 0.5] + 0.3)[:, None]
    return of_arrays(folder, x, y, chain(depth=0), "mse", **{"optimizer": sgd(0.1), "batch_size": "all", **training})


def trained(project, rate, steps=300):
    """First and last loss; infinite where it is no number."""
    optimizer = project.training.optimizer.replace("lr", float(rate))
    trainer = Trainer(replace(project, training=msgspec.structs.replace(project.training, optimizer=optimizer)))
    before = trainer.evaluate()[0].loss
    try:
        trainer.run(steps)
    except DivergenceError:
        return before, np.inf
    after = trainer.evaluate()[0].loss
    return before, after if isfinite(after) else np.inf


def test_every_rate_is_the_same_multiple_of_the_one_before():
    made_rates = rates(STEPS)
    assert len(made_rates) == STEPS
    assert made_rates == pytest.approx(np.geomspace(LOWEST, HIGHEST, STEPS).tolist(), rel=1e-12)
    assert max(made_rates) == HIGHEST


@pytest.mark.parametrize("settings", [{}, SCHEDULED], ids=["plain", "with schedule and early stopping"])
def test_losses_on_a_bowl_are_those_of_the_closed_form(tmp_path, settings):
    """Every update multiplies the loss by (1 - 2η)², with the rate of that step and no other."""
    report = last(range_test(bowl(tmp_path, **settings)))
    assert [p.rate for p in report.points] == rates(STEPS)[: len(report.points)]
    loss = report.points[0].loss
    for point in report.points:
        if point.rate > 0.2:
            break
        assert point.loss == pytest.approx(loss, rel=1e-3)
        loss *= (1 - 2 * point.rate) ** 2
    assert point.rate > 0.2


def test_the_suggestion_on_a_bowl_is_where_the_closed_form_falls_fastest(tmp_path):
    """Losses go as exp(-4η / ln r) with r from rate to rate; the steepest slope over ln η is at η = ln r / 4."""
    project = bowl(tmp_path)
    report = last(range_test(project))
    steepest = log(HIGHEST / LOWEST) / (STEPS - 1) / 4
    assert steepest / 1.3 < report.suggestion < steepest * 1.3
    before, after = trained(project, report.suggestion)
    assert after < 1e-6 * before
    before, after = trained(project, 100 * report.suggestion)
    assert after > before


def test_it_ends_where_the_loss_has_risen_to_four_times_the_lowest(tmp_path):
    report = last(range_test(bowl(tmp_path)))
    means, mean = [], 0.0
    for step, point in enumerate(report.points, 1):
        mean = 0.9 * mean + 0.1 * point.loss
        means.append(mean / (1 - 0.9**step))
    risen = [value > 4 * min(means[: i + 1]) for i, value in enumerate(means)]
    assert risen.index(True) == len(means) - 1
    assert 1 < report.points[-1].rate < HIGHEST  # above 1 the bowl throws out
    assert report.diverged_at is None


def test_it_ends_where_the_loss_is_no_number(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RISEN", np.inf)
    monkeypatch.setattr(module, "HIGHEST", 1e6)
    report = last(range_test(bowl(tmp_path, optimizer=sgd(1.0)), steps=60))
    assert report.diverged_at == report.points[-1].rate
    assert len(report.points) < 60
    assert "no number" in str(report)


@pytest.mark.parametrize("kind", DO_NOT_SEARCH)
def test_the_suggestion_trains_with_every_optimizer(kind):
    project = made(chain(16, 2, "relu"), optimizer={"kind": kind})
    report = last(range_test(project))
    before, after = trained(project, report.suggestion)
    assert after < 0.5 * before


@pytest.mark.parametrize("optimizer", [{"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9}, {"kind": "adam"}], ids=str)
@pytest.mark.parametrize("task", ["xor", "digits"])
def test_a_hundredth_learns_less_and_a_hundredfold_harms(task, optimizer):
    nets = {"xor": (chain(16, 2, "relu"), BCE), "digits": (chain(32, 1, "relu", 10), CE, DIGITS)}
    project = made(*nets[task], optimizer=optimizer)
    rate = last(range_test(project)).suggestion
    (_, slow), (before, well), (_, harmed) = (trained(project, share * rate) for share in (0.01, 1, 100))
    assert well < 0.2 * before
    assert slow > 3 * well
    assert harmed > min(well, 0.2)


def test_a_net_that_comes_back_from_far_away_is_no_suggestion():
    """At a rate near 0.3 raw digits throw it out, its units die, and the loss falls steeply to that of guessing."""
    project = made(chain(32, 1, "relu", 10), CE, DIGITS, optimizer=sgd(0.1))
    report = last(range_test(project))
    assert max(p.loss for p in report.points) > 1.2 * report.points[0].loss
    assert report.points[-1].loss < 4
    assert report.suggestion < 0.02


@pytest.mark.parametrize("seed", range(5))
def test_batches_that_differ_are_no_fall(seed):
    """Behind frozen weights of 0 nothing can be learnt; the loss goes up and down with the batches alone."""
    still = [
        {"id": "zero", "kind": "dense", "units": 1, "init": "zeros", "trainable": False},
        {"id": "bend", "kind": "prelu"},
    ]
    data = {"kind": "noise", "shape": [4], "samples": 200, "seed": seed}
    report = last(range_test(made(still, "mse", data, batch_size=8, optimizer=sgd(0.1))))
    assert np.std([p.loss for p in report.points]) > 0.1
    assert report.suggestion is None
    assert str(report).startswith("the loss fell at no rate")


@pytest.mark.parametrize("seed", range(5))
def test_what_cannot_be_learnt_falls_at_no_rate(seed):
    """Targets that have nothing to do with the inputs, never the same example twice."""
    data = {"kind": "noise", "shape": [4], "samples": 2000, "seed": seed}
    zero = [{"id": "out", "kind": "dense", "units": 1, "init": "zeros"}]
    assert last(range_test(made(zero, "mse", data, batch_size=4, optimizer=sgd(0.1)))).suggestion is None


def test_batches_do_not_shake_the_smoothed_curve():
    report = last(range_test(made(chain(16, 2, "relu"), batch_size=8, optimizer=sgd(0.1))))
    low = [p for p in report.points if p.rate < 1e-4]
    level = np.mean([p.loss for p in report.points if p.rate < 1e-2])
    assert np.std([p.loss for p in low]) > 0.02 * level
    assert np.std([p.smoothed for p in low]) < 0.001 * level
    assert np.mean([p.smoothed for p in low]) == pytest.approx(level, rel=0.05)


def test_it_repeats_itself_and_leaves_the_project_alone(tmp_path):
    project = made(chain(), **SCHEDULED)
    save_project(project, tmp_path / "net.netviz")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    bits = project.to_bytes()
    assert last(range_test(project)) == last(range_test(project))
    assert last(range_test(project, seed=1)) != last(range_test(project))
    assert project.to_bytes() == bits
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("kind", [kind for kind in OPTIMIZERS if kind not in DO_NOT_SEARCH])
def test_an_optimizer_that_searches_is_refused_at_once(kind):
    project = made(chain(4), optimizer={"kind": kind}, batch_size="all")
    with pytest.raises(ProjectError, match=rf"training\.optimizer: {kind} looks for the length of every step itself"):
        range_test(project)


def test_a_loss_that_is_no_number_from_the_start(tmp_path):
    x = np.full((8, 3), 1e30)
    report = last(range_test(of_arrays(tmp_path, x, HADAMARD[:, :1], chain(depth=0), "mse")))
    assert (report.points, report.suggestion) == ((), None)
    assert str(report) == "the loss is no number with the first weights: no rate can help"


def test_few_steps_are_told_as_they_are(tmp_path):
    report = last(range_test(bowl(tmp_path), steps=FIRST // 2))
    assert (len(report.points), report.suggestion) == (FIRST // 2, None)
