"""Line searches as a training: exact again, the same on any array, and never uphill."""

from itertools import pairwise

import numpy as np
import pytest

from engine.backend import Backend
from engine.searched import SearchedUpdate
from engine.trainer import Trainer
from tests.engine.cases import project
from tests.engine.test_searching import SEARCHING, each, each_dtype, on_noise, trainer
from tests.engine.test_trainer import BATCH, DATA, LAYERS, bits, losses
from tests.strict_array import strict


@each_dtype
@each
@pytest.mark.parametrize("batch", ["all", BATCH])
def test_restore_is_exact(name, dtype, batch):
    first = trainer(name, dtype, batch_size=batch)
    losses(first, 5)
    state, at = first.snapshot(), bits(first)
    on, end = losses(first, 6), bits(first)
    other = trainer(name, dtype, batch_size=batch, seed=9)
    losses(other, 2)
    other.restore(state)
    assert bits(other) == at
    assert losses(other, 6) == on
    assert bits(other) == end


@each_dtype
@each
@pytest.mark.parametrize("batch", ["all", BATCH])
def test_strict_arrays_give_the_same_bits(name, dtype, batch):
    settings = {"batch_size": batch, "regularization": {"l1": 1e-3, "l2": 1e-2, "max_norm": 2.0}}
    there = Trainer(on_noise(name, **settings), backend=Backend(strict, "strict", dtype))
    here = trainer(name, dtype, **settings)
    assert losses(there, 5) == losses(here, 5)
    assert there.step(layers=True) == here.step(layers=True)
    assert there.run(2) == here.run(2)
    assert bits(there) == bits(here)


@each
def test_run_is_steps_is_observed_steps(name):
    ran, observed = trainer(name), trainer(name)
    last = ran.run(6)
    for _ in range(6):
        seen = observed.step(layers=True)
    assert (last.step, last.loss) == (seen.step, seen.loss)
    assert bits(ran) == bits(observed)
    ran.reset()
    observed = trainer(name)
    assert losses(ran, 4) == losses(observed, 4)


@each_dtype
@each
def test_the_loss_of_all_examples_never_rises(name, dtype):
    made = trainer(name, dtype)
    seen = losses(made, 12)
    noise = 8 * np.finfo(dtype).eps * seen[0]
    assert all(after <= before + noise for before, after in pairwise(seen))
    assert seen[-1] < 0.9 * seen[0]


@each
def test_one_example_and_a_last_small_batch(name):
    made = trainer(name, batch_size=1)
    assert np.isfinite(losses(made, 3)).all()
    made = trainer(name, batch_size=BATCH)
    assert np.isfinite(losses(made, 9)).all()  # 16, 16, 16, 8


def test_the_loss_that_is_searched_has_the_regularizer_in_it():
    made = trainer("lbfgs", "float64", regularization={"l1": 0.02, "l2": 0.3})
    plan, _, after = made._calls_for(made.examples)
    made.update()  # fills the plan
    (update,) = [call for call in after if isinstance(call, SearchedUpdate)]
    point = np.random.default_rng(1).uniform(-1, 1, made.parameters.trained)
    value, gradient = update.evaluate(point)
    gradient = gradient.copy()
    plain, _ = made.network.loss_and_gradients(made.data.x, made.data.y)
    weights = np.concatenate([a.ravel() for n, a in made.network.parameters().items() if n.endswith("weight")])
    assert value == pytest.approx(plain + 0.02 * np.abs(weights).sum() + 0.15 * (weights**2).sum(), rel=1e-12)
    for i in range(0, point.size, 7):
        ends = []
        for h in (1e-6, -1e-6):
            there = point.copy()
            there[i] += h
            ends.append(update.evaluate(there)[0])
        assert gradient[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)
    assert plan.batch == made.examples


@each
def test_all_frozen_stays(name):
    layers = [{**layer, "trainable": False} if layer["kind"] == "dense" else layer for layer in LAYERS]
    made = Trainer(project(layers, "cross_entropy", DATA, optimizer=SEARCHING[name], batch_size="all"))
    before = made.network.parameters()
    made.run(3)
    assert all(np.array_equal(made.network.parameters()[key], array) for key, array in before.items())


XOR = {"kind": "xor", "samples": 80, "noise": 0.1, "validation": 0.0}
SMALL = [
    {"id": "h1", "kind": "dense", "units": 4, "init": "normal", "init_std": 1.0},
    {"id": "a1", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 1},
]


def steps_to(optimizer, below, most):
    made = Trainer(
        project(SMALL, "binary_cross_entropy", XOR, optimizer=optimizer, batch_size="all", seed=1), dtype="float64"
    )
    for step in range(most):
        if made.update() < below:
            return step
    return most


def test_xor_is_learned_in_fewer_steps_than_by_descent():
    most = 600
    plain = steps_to({"kind": "sgd", "lr": 0.5}, 0.05, most)
    searched = steps_to(SEARCHING["wolfe"], 0.05, most)
    by = {name: steps_to(SEARCHING[name], 0.05, most) for name in ("polak ribiere", "lbfgs", "newton")}
    assert 100 < plain <= most
    assert searched < plain
    assert all(steps < searched / 2 for steps in by.values()), (plain, searched, by)
