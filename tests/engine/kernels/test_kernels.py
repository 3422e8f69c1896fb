"""Nets with compiled kernels: NumPy's numbers within rounding, the same bits whichever way a step is made."""

import numpy as np
import pytest

from engine.backend import open_backend
from engine.divergence import DivergenceError
from engine.kernels import choice, program
from engine.network import Network
from engine.plan import Plan
from engine.trainer import Trainer
from tests.engine.cases import LAYER_CASES, behind_identity, project
from tests.engine.loss_cases import LOSS_CASES, examples, loss_project
from tests.engine.optimizer_cases import OPTIMIZER_CASES

pytest.importorskip("numba")

RNG = np.random.default_rng(1)
# Functions written in polynomials, in float32 good to two units in the last place; sums in another order.
CLOSE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-12, "atol": 1e-14}}
XOR = [
    {"id": "h1", "kind": "dense", "units": 8},
    {"id": "a1", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 1},
]


# A list as one table, or in tables between products that stay calls; with blocks that end anywhere.
MANNERS = {"as one": {}, "in parts": {"MOST_WORK": 0}, "in blocks": {"MOST_WORK": 0, "SMALL_PRODUCT": 0, "BLOCK": 3}}
each_manner = pytest.mark.parametrize("manner", MANNERS)


@pytest.fixture(autouse=True)
def in_manner(request, monkeypatch):
    if "manner" in request.fixturenames:
        for name, value in MANNERS[request.getfixturevalue("manner")].items():
            monkeypatch.setattr(program, name, value)


def both(made, dtype="float32", seed=None):
    return tuple(
        Trainer(made, seed=seed, backend=open_backend("cpu", dtype, kernels)) for kernels in ("numpy", "numba")
    )


def xor(optimizer=None, batch_size=16, **training):
    optimizer = optimizer or {"kind": "adam", "lr": 0.01}
    data = {"kind": "xor", "samples": 80, "validation": 0.2}
    return project(XOR, "binary_cross_entropy", data, optimizer=optimizer, batch_size=batch_size, **training)


# Whole nets


@each_manner
@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_losses_and_their_gradients(case, dtype, manner):
    made = loss_project(case)
    x, y = examples(case)
    nets = [Network(made, open_backend("cpu", dtype, kernels)) for kernels in ("numpy", "numba")]
    weights = {name: RNG.uniform(-1, 1, w.shape) for name, w in nets[0].parameters().items()}
    for net in nets:
        net.load_parameters(weights)
    (loss, gradients), (own_loss, own) = (net.loss_and_gradients(x, y) for net in nets)
    assert own_loss == pytest.approx(loss, rel=CLOSE[dtype]["rtol"])
    for name, gradient in gradients.items():
        np.testing.assert_allclose(own[name], gradient, **CLOSE[dtype])


@each_manner
@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_every_layer_trains_alike_compiled_or_not(case, manner):
    numpy, numba = both(behind_identity(case), "float64")
    for _ in range(5):
        there, here = numpy.step(layers=True), numba.step(layers=True)
        assert here.loss == pytest.approx(there.loss, rel=1e-10)
    np.testing.assert_allclose(numba.parameters.values, numpy.parameters.values, rtol=1e-9, atol=1e-12)


@each_manner
@pytest.mark.parametrize("name", OPTIMIZER_CASES)
def test_every_optimizer_moves_alike_compiled_or_not(name, manner):
    made = xor(OPTIMIZER_CASES[name].declared, clip_norm=1.0, regularization={"l1": 1e-3, "l2": 1e-2, "max_norm": 2.0})
    numpy, numba = both(made, "float64")
    for trainer in (numpy, numba):
        trainer.run(60)
    np.testing.assert_allclose(numba.parameters.values, numpy.parameters.values, rtol=1e-8, atol=1e-10)


WAYS = {
    "batches": {"batch_size": 16},
    "a smaller last one": {"batch_size": 30},
    "all": {"batch_size": "all"},
    "all, scheduled": {"batch_size": "all", "schedule": {"kind": "cosine", "period": 40}},
    "scheduled": {"schedule": {"kind": "exponential", "gamma": 0.9}},
    "stopping": {"early_stopping": {"patience": 3}},
    "all, stopping": {"batch_size": "all", "early_stopping": {"patience": 3}},
    "curriculum": {"curriculum": {"epochs": 3, "start": 0.3}},
    "noise": {"augmentation": {"shift": 0, "noise": 0.1}},
}


def three_classes(**training):
    layers = [
        {"id": "a", "kind": "dense", "units": 5},
        {"id": "b", "kind": "relu"},
        {"id": "c", "kind": "dense", "units": 3},
    ]
    return project(
        layers, "cross_entropy", {"kind": "blobs", "classes": 3, "samples": 80, "validation": 0.2}, **training
    )


@each_manner
@pytest.mark.parametrize("make", [xor, three_classes])
@pytest.mark.parametrize("way", WAYS)
def test_many_steps_in_one_call_are_the_same_steps(way, make, manner):
    """The same bits by ones, in any groups, looked at always, now and then or never, and after going back."""
    made = make(**WAYS[way])
    many, ones, looked, seldom = (both(made)[1] for _ in range(4))
    many.run(7)
    state = many.snapshot()
    many.run(50)
    for _ in range(57):
        ones.update()
        looked.step(layers=True)
    for between in (5, 0, 9, 1, 37):
        if between:
            seldom.run(between)
        seldom.step(layers=True)
    for other in (ones, looked, seldom):
        assert np.array_equal(other.parameters.values, many.parameters.values)
        assert (other.step_number, other.epoch, other.position) == (many.step_number, many.epoch, many.position)
        assert other.rate == many.rate
    ones.restore(state)
    ones.run(50)
    assert np.array_equal(ones.parameters.values, many.parameters.values)


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("way", WAYS)
def test_losses_of_many_updates_are_those_of_each(way, kernels):
    """After another batch size in the middle of an epoch, too, whose rest is another last batch."""
    backend = open_backend(kernels=kernels)
    many, ones = (Trainer(three_classes(**WAYS[way]), backend=backend) for _ in range(2))
    told, single = [], []
    with np.errstate(all="ignore"):
        for size, count in ((None, 3), (7, 25), (9, 2), ("all", 12)):
            if size is not None:
                many.set_batch_size(size)
                ones.set_batch_size(size)
            until = len(told) + count
            while len(told) < until:
                told += many.updates(until - len(told)).tolist()
            single += [ones.update() for _ in range(count)]
    assert told == single
    assert np.array_equal(many.parameters.values, ones.parameters.values)
    assert (many.step_number, many.epoch, many.position) == (ones.step_number, ones.epoch, ones.position)


def test_a_run_is_made_in_few_calls(monkeypatch):
    """The guard of the one above: many steps do go through one call."""
    trainer = both(xor())[1]
    update, calls = trainer.update, []
    monkeypatch.setattr(trainer, "update", lambda: calls.append(1) or update())
    trainer.run(400)
    assert trainer.step_number == 400
    assert len(calls) == 1  # of the last one the record is wanted


def test_a_step_that_alone_is_looked_at_has_its_one_batch_laid_out(monkeypatch):
    trainer = both(xor())[1]
    sizes = []
    laid = Plan.laid_out
    monkeypatch.setattr(Plan, "laid_out", lambda plan, rows, y: sizes.append(rows.shape[:2]) or laid(plan, rows, y))
    trainer.run(100)
    sizes.clear()  # of `run`'s last one
    for _ in range(3):
        trainer.updates(6)
        trainer.step(layers=True)
    assert sizes == [(1, 1)] * 3
    for _ in range(7):  # looked at in turn they come together again
        trainer.step(layers=True)
    assert len(sizes) < 3 + 4


@pytest.mark.parametrize(("batch_size", "ended"), [(16, (25, 16)), (30, (33, 60)), (63, (50, 63))])
def test_batches_of_several_epochs_are_those_of_each(batch_size, ended, monkeypatch):
    """`run` takes what fits into a window at once, over the ends of epochs, with a smaller last batch or none."""
    made = xor(batch_size=batch_size)
    many, ones = (both(made)[1] for _ in range(2))
    taken = []
    lot = many._train.lot
    monkeypatch.setattr(many._train, "lot", lambda *args: taken.append(args[-2]) or lot(*args))
    many.run(3)
    many.run(98)
    for _ in range(101):
        ones.update()
    assert np.array_equal(many.parameters.values, ones.parameters.values)
    assert (many.epoch, many.position) == (ones.epoch, ones.position) == ended
    assert taken == [2, 97]


@pytest.mark.parametrize("batch_size", [16, "all"])
def test_a_loss_that_is_no_number_ends_a_run_before_its_update(batch_size):
    layers = [{"id": "h1", "kind": "dense", "units": 3}, {"id": "out", "kind": "dense", "units": 1}]
    data = {"kind": "sine", "samples": 64, "validation": 0.0}
    numpy, numba = both(project(layers, "mse", data, optimizer={"kind": "sgd", "lr": 30.0}, batch_size=batch_size))
    steps = []
    for trainer in (numpy, numba):
        with pytest.raises(DivergenceError) as caught:
            trainer.run(200)
        steps.append((trainer.step_number, caught.value.step))
    assert steps[0] == steps[1]
    assert 0 < steps[0][0] < 200
    for trainer in (numpy, numba):
        trainer.reset()
        with np.errstate(all="ignore"):
            told = 0
            while told < steps[0][0]:
                losses = trainer.updates(200)
                assert np.isfinite(losses).all()
                told += len(losses)
            with pytest.raises(DivergenceError) as caught:
                trainer.updates(200)
        assert (told, told, told) == (trainer.step_number, caught.value.step, steps[0][0])


# Which are chosen


def test_runs_on_the_cpu_take_compiled_kernels_where_there_are_any(monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, "auto")
    monkeypatch.setattr(choice, "is_compiled", lambda: True)
    assert choice.kernels_for("cpu") == "numba"
    assert choice.kernels_for("cuda") == "numpy"
    monkeypatch.setattr(choice, "is_compiled", lambda: False)
    assert choice.kernels_for("cpu") == "numpy"
    monkeypatch.setenv(choice.VARIABLE, "numba")
    assert choice.kernels_for("cpu") == "numba"
    monkeypatch.setattr(choice, "installed", lambda: False)
    assert choice.kernels_for("cpu") == "numpy"


def test_what_was_compiled_of_other_sources_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setattr(choice, "STAMP", tmp_path / "compiled")
    monkeypatch.setattr("engine.kernels.running.warm", lambda: None)
    assert not choice.is_compiled()
    choice.compile_all()
    assert choice.is_compiled()
    (tmp_path / "compiled").write_text("numba 0.1")
    assert not choice.is_compiled()


def test_what_was_compiled_of_other_sources_is_thrown_away_before_it_is_called(monkeypatch, tmp_path):
    monkeypatch.setattr(choice, "SOURCES", tmp_path / "sources")
    code = tmp_path / "machine.run.nbc"
    for wrong in (None, "numba 0.1"):
        code.write_text("old")
        if wrong is not None:
            (tmp_path / "sources").write_text(wrong)
        choice.forget_others()
        assert not code.exists()
    code.write_text("new")
    choice.forget_others()
    assert code.exists()


@pytest.mark.parametrize("wanted", ["numpy", "numba"])
def test_a_trainer_takes_the_kernels_of_a_run_by_command_or_window(wanted, monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, wanted)
    assert Trainer(project(XOR)).backend.kernels == choice.kernels_for("cpu") == wanted
