"""Training is deterministic, restorable to the bit, and visits the examples as it says."""

import hashlib
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import engine
from engine.errors import ProjectError
from engine.trainer import Trainer
from tests.engine.cases import DTYPES, project
from tests.engine.optimizer_cases import OPTIMIZER_CASES

ROOT = Path(__file__).resolve().parents[2]
OPTIMIZERS = {name: case.declared for name, case in OPTIMIZER_CASES.items()}
each_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)
LAYERS = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "a1", "kind": "relu"},
    {"id": "h2", "kind": "dense", "units": 5, "bias": False},
    {"id": "a2", "kind": "tanh"},
    {"id": "out", "kind": "dense", "units": 3},
]
DATA = {"kind": "noise", "shape": [4], "classes": 3, "samples": 70, "validation": 0.2}
TRAINED, BATCH = 56, 16  # examples; an epoch's last batch is of 8


def made(optimizer="adam", layers=LAYERS, data=DATA, loss="cross_entropy", **training):
    settings = {"optimizer": OPTIMIZERS[optimizer], "batch_size": BATCH, "seed": 5, **training}
    return project(layers, loss, data, **settings)


def bits(trainer):
    """All of the state, to the bit."""
    state = trainer.snapshot()
    plain = (state.step, state.epoch, state.position, state.seed, state.lr, state.batch_size)
    return plain, state.values.tobytes(), tuple(slot.tobytes() for slot in state.slots)


def losses(trainer, steps):
    return [trainer.update() for _ in range(steps)]


# The same bits again


@each_dtype
@each_optimizer
@pytest.mark.parametrize("start", [0, 4, 9], ids=["at first", "at an epoch's end", "within an epoch"])
def test_restore_is_exact(optimizer, dtype, start):
    trainer = Trainer(made(optimizer), dtype=dtype)
    losses(trainer, start)
    state, at = trainer.snapshot(), bits(trainer)
    first, end = losses(trainer, 11), bits(trainer)
    trainer.restore(state)
    assert bits(trainer) == at
    assert losses(trainer, 11) == first
    assert bits(trainer) == end

    other = Trainer(made(optimizer), dtype=dtype, seed=99)
    losses(other, 3)
    other.restore(state)
    assert bits(other) == at
    assert losses(other, 11) == first
    assert bits(other) == end
    assert end != at


@each_dtype
@each_optimizer
def test_restore_after_the_run_was_changed(optimizer, dtype):
    trainer = Trainer(made(optimizer), dtype=dtype)
    losses(trainer, 5)
    trainer.set_learning_rate(0.03)
    trainer.set_batch_size(10)
    losses(trainer, 2)
    state = trainer.snapshot()
    assert (state.lr, state.batch_size, state.position) == (0.03, 10, BATCH + 20)
    first, end = losses(trainer, 9), bits(trainer)
    other = Trainer(made(optimizer), dtype=dtype)
    other.restore(state)
    assert losses(other, 9) == first
    assert bits(other) == end


def test_a_snapshot_is_a_copy():
    trainer = Trainer(made())
    losses(trainer, 3)
    state = trainer.snapshot()
    kept = state.values.copy()
    losses(trainer, 3)
    assert np.array_equal(state.values, kept)
    trainer.restore(state)
    losses(trainer, 3)
    assert np.array_equal(state.values, kept)


@pytest.mark.parametrize(
    ("other", "dtype"),
    [
        ({"layers": LAYERS[:1] + LAYERS[-1:]}, "float32"),
        ({}, "float64"),
        ({"optimizer": "sgd"}, "float32"),
        ({"layers": [{**LAYERS[0], "trainable": False}, *LAYERS[1:]]}, "float32"),
    ],
    ids=["other layers", "other dtype", "other optimizer", "other layers trained"],
)
def test_a_state_of_another_network_is_refused_and_nothing_changed(other, dtype):
    state = Trainer(made(**other), dtype=dtype).snapshot()
    trainer = Trainer(made())
    losses(trainer, 2)
    before = bits(trainer)
    with pytest.raises(ValueError, match="state: expected"):
        trainer.restore(state)
    assert bits(trainer) == before


@each_dtype
@each_optimizer
def test_run_is_steps_is_observed_steps(optimizer, dtype):
    settings = {"regularization": {"l1": 1e-3, "l2": 1e-2}, "clip_norm": 0.5}
    ran, stepped, observed = (Trainer(made(optimizer, **settings), dtype=dtype) for _ in range(3))
    last = ran.run(11)
    for _ in range(11):
        record = stepped.step()
        seen = observed.step(layers=True)
        assert (record.step, record.epoch, record.loss, record.lr) == (seen.step, seen.epoch, seen.loss, seen.lr)
    assert last == record
    assert (last.step, last.epoch) == (10, 2)
    assert record.layers is None
    assert list(seen.layers) == ["h1", "a1", "h2", "a2", "out"]
    assert bits(ran) == bits(stepped) == bits(observed)


def test_steps_are_counted_from_zero():
    records = [Trainer(made()).step(), Trainer(made()).run(5)]
    assert [(r.step, r.epoch) for r in records] == [(0, 0), (4, 1)]
    with pytest.raises(ValueError, match="steps: expected at least 1, got 0"):
        Trainer(made()).run(0)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(ProjectError, match=r"^training\.seed: expected int [<>]="):
        Trainer(made(), seed=seed)
    with pytest.raises(TypeError):
        Trainer(made(), seed="1")
    assert Trainer(made(), seed=np.int64(7)).seed == 7


WRONG_NUMBERS = [np.array([None, None]), np.array([1j, 2j]), np.array(["a", "b"])]


@pytest.mark.parametrize("wrong", WRONG_NUMBERS, ids=lambda array: array.dtype.kind)
def test_what_are_no_real_numbers_is_refused_by_name_and_nothing_changed(wrong):
    trainer = Trainer(made())
    network, before = trainer.network, bits(trainer)
    name = next(name for name, array in network.parameters().items() if array.ndim == 1)
    wrong = np.resize(wrong, network.parameters()[name].shape)
    for weights in (network.parameters(), network.state()):
        changed = {key: array + 1 for key, array in weights.items()}
        with pytest.raises(ValueError, match=f"^{name}: expected real numbers, got {wrong.dtype}$"):
            network.load_parameters({**changed, name: wrong})
    x = np.resize(wrong, (3, *network.input_shape))
    with pytest.raises(ValueError, match=f"^x: expected real numbers, got {wrong.dtype}$"):
        network.predict(x)
    assert bits(trainer) == before


def digest_of_a_run():
    trainer = Trainer(made())
    seen = losses(trainer, 9)
    return hashlib.sha256(repr((seen, bits(trainer))).encode()).hexdigest()


def test_fresh_processes_give_the_same_bits():
    program = "from tests.engine.test_trainer import digest_of_a_run as d; print(d())"
    found = set()
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        found.add(done.stdout.strip())
    assert found == {digest_of_a_run()}


@each_optimizer
def test_reset_begins_anew(optimizer):
    trainer = Trainer(made(optimizer))
    first = bits(trainer)
    ran = losses(trainer, 9)
    trainer.reset()
    assert bits(trainer) == first
    assert losses(trainer, 9) == ran


@each_optimizer
def test_reset_with_a_seed_is_a_trainer_of_that_seed(optimizer):
    trainer = Trainer(made(optimizer))
    losses(trainer, 9)
    trainer.reset(seed=8)
    other = Trainer(made(optimizer), seed=8)
    assert bits(trainer) == bits(other)
    assert losses(trainer, 9) == losses(other, 9)
    assert bits(trainer) == bits(other)
    assert bits(trainer) != bits(Trainer(made(optimizer)))


def test_the_seed_of_the_project_is_overridden():
    assert bits(Trainer(made(seed=3))) == bits(Trainer(made(seed=1), seed=3))
    assert bits(Trainer(made(seed=3))) != bits(Trainer(made(seed=1)))


def test_another_layer_changes_no_other_first_weights():
    longer = [*LAYERS[:-1], {"id": "extra", "kind": "dense", "units": 5}, LAYERS[-1]]
    short, long = (Trainer(made(layers=layers)).network.parameters() for layers in (LAYERS, longer))
    assert set(long) - set(short) == {"extra.weight", "extra.bias"}
    assert all(np.array_equal(long[name], array) for name, array in short.items())


# Batches


def seen_by_an_update(trainer):
    """The row numbers of the examples that the next step sees."""
    numbers = {row.tobytes(): i for i, row in enumerate(trainer.training_rows)}
    assert len(numbers) == trainer.examples
    before = trainer.position
    trainer.update()
    plan, *_ = trainer._plans[(trainer.position or trainer.examples) - before]
    return [numbers[row.tobytes()] for row in plan.rows]


def visited(trainer, epochs):
    """What each step sees, an epoch at a time."""
    seen = [[] for _ in range(epochs)]
    while trainer.epoch < epochs:
        seen[trainer.epoch].append(seen_by_an_update(trainer))
    return seen


def test_an_epoch_visits_each_example_once():
    epochs = visited(Trainer(made()), 3)
    for epoch in epochs:
        assert [len(batch) for batch in epoch] == [16, 16, 16, 8]
        assert sorted(chain(*epoch)) == list(range(TRAINED))
    orders = {tuple(chain(*epoch)) for epoch in epochs}
    assert len(orders) == 3
    assert tuple(range(TRAINED)) not in orders


def test_without_shuffle_the_order_is_the_data_s():
    assert [[*chain(*epoch)] for epoch in visited(Trainer(made(shuffle=False)), 2)] == [list(range(TRAINED))] * 2


@pytest.mark.parametrize("size", ["all", TRAINED, 1000])
def test_a_batch_of_all_is_not_shuffled(size):
    trainer = Trainer(made(batch_size=size))
    assert trainer.steps_per_epoch == 1
    assert trainer.batch_size == TRAINED
    assert visited(trainer, 2) == [[list(range(TRAINED))]] * 2


def test_small_windows_change_nothing(monkeypatch):
    whole = Trainer(made())
    expected = losses(whole, 9)
    monkeypatch.setattr("engine.data.batches.WINDOW", 1)
    trainer = Trainer(made())
    assert losses(trainer, 9) == expected
    assert bits(trainer) == bits(whole)


@pytest.mark.parametrize("size", [5, "all"])
def test_a_new_batch_size_finishes_the_epoch(size):
    trainer = Trainer(made())
    seen = [seen_by_an_update(trainer) for _ in range(2)]
    trainer.set_batch_size(size)
    while not trainer.epoch:
        seen.append(seen_by_an_update(trainer))
    assert [len(batch) for batch in seen] == [16, 16, *([24] if size == "all" else [5, 5, 5, 5, 4])]
    assert sorted(chain(*seen)) == list(range(TRAINED))
    trainer.update()
    assert trainer.position == (0 if size == "all" else 5)


@pytest.mark.parametrize("size", [0, -3, True, 1.5, "some", None])
def test_a_batch_size_that_is_none_is_refused(size):
    trainer = Trainer(made())
    with pytest.raises(engine.ProjectError, match=r"^training\.batch_size: "):
        trainer.set_batch_size(size)
    assert trainer.batch_size == BATCH
    trainer.step()


# Looking


def test_evaluate_is_the_mean_over_all_examples():
    trainer = Trainer(made(), dtype="float64")
    trainer.run(10)
    train, validation = trainer.evaluate()
    for score, x, y in ((train, trainer.data.x, trainer.data.y), (validation, trainer.data.x_val, trainer.data.y_val)):
        loss, _ = trainer.network.loss_and_gradients(x, y)
        np.testing.assert_allclose(score.loss, loss, rtol=1e-12)
        assert score.accuracy == (trainer.network.predict(x).argmax(axis=1) == y).mean()
    assert len(trainer.data.y_val) == 14


def test_evaluate_in_pieces(monkeypatch):
    trainer = Trainer(made(), dtype="float64")
    train, validation = trainer.evaluate()
    monkeypatch.setattr("engine.network.MOST_NUMBERS", 9 * trainer.network._widths())
    again = trainer.evaluate()
    assert [score.accuracy for score in again] == [train.accuracy, validation.accuracy]
    np.testing.assert_allclose([score.loss for score in again], [train.loss, validation.loss], rtol=1e-12)


def test_evaluating_and_predicting_leave_training_alone():
    looked, plain = Trainer(made()), Trainer(made())
    for _ in range(9):
        looked.evaluate()
        looked.network.predict(looked.data.x)
        looked.network.loss_and_gradients(looked.data.x[:3], looked.data.y[:3])
        assert looked.update() == plain.update()
    assert bits(looked) == bits(plain)


def test_no_validation_and_no_decision():
    regression = made(data={"kind": "noise", "shape": [4], "targets": 3, "samples": 20, "validation": 0.0}, loss="mse")
    trainer = Trainer(regression)
    train, validation = trainer.evaluate()
    assert validation is None
    assert train.accuracy is None
    assert trainer.step(layers=True).batch_accuracy is None


def test_batch_accuracy_is_of_the_batch_before_its_update():
    trainer = Trainer(made(batch_size="all"))
    for _ in range(5):
        right = (trainer.network.predict(trainer.data.x).argmax(axis=1) == trainer.data.y).mean()
        assert trainer.step(layers=True).batch_accuracy == right


@pytest.mark.parametrize(("loss", "last"), [("binary_cross_entropy", "sigmoid"), ("cross_entropy", "softmax")])
@each_dtype
def test_a_drawn_last_activation_trains_to_the_same_bits(loss, last, dtype):
    units = 1 if loss == "binary_cross_entropy" else 2
    layers = [*LAYERS[:-1], {"id": "out", "kind": "dense", "units": units}]
    data = {"kind": "xor", "samples": 60}
    logits = Trainer(made(layers=layers, data=data, loss=loss), dtype=dtype)
    drawn = Trainer(made(layers=[*layers, {"id": "end", "kind": last}], data=data, loss=loss), dtype=dtype)
    for _ in range(9):
        left, right = logits.step(layers=True), drawn.step(layers=True)
        assert (left.loss, left.batch_accuracy) == (right.loss, right.batch_accuracy)
        assert left.layers == {node: s for node, s in right.layers.items() if node != "end"}
    assert bits(logits) == bits(drawn)
    assert logits.evaluate() == drawn.evaluate()
    z, p = logits.network.predict(logits.data.x), drawn.network.predict(logits.data.x)
    e = np.exp(z.astype(np.float64))
    np.testing.assert_allclose(p, e / (1 + e) if units == 1 else e / e.sum(axis=1, keepdims=True), rtol=1e-5)


def test_seed_and_settings_are_part_of_what_a_trainer_is():
    """Guards the helper of this file: each part of the state shows in `bits`."""
    trainer = Trainer(made())
    seen = {repr(bits(trainer))}
    for change in (
        lambda: trainer.update(),
        lambda: trainer.set_learning_rate(0.5),
        lambda: trainer.set_batch_size(3),
        lambda: setattr(trainer, "seed", 77),
        lambda: trainer._slots[1].fill(3),
    ):
        change()
        seen.add(repr(bits(trainer)))
    assert len(seen) == 6
