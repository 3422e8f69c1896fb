"""What is done for many small things in one call is what each of them alone would get, to the bit."""

from math import isfinite

import numpy as np
import pytest

from engine import ahead, given, statistics
from engine.backend import Backend
from engine.data import batches
from engine.network import Network
from engine.trainer import Trainer
from tests.engine.cases import DTYPES, LAYER_CASES, behind_identity
from tests.engine.loss_cases import LOSS_CASES, examples, loss_project
from tests.engine.test_trainer import bits, losses, made

TANHS = [
    {"id": "h1", "kind": "dense", "units": 6},
    {"id": "a1", "kind": "tanh"},
    {"id": "h2", "kind": "dense", "units": 5},
    {"id": "a2", "kind": "sigmoid"},
    {"id": "h3", "kind": "dense", "units": 7},
    {"id": "a3", "kind": "tanh"},
    {"id": "h4", "kind": "dense", "units": 5},
    {"id": "a4", "kind": "sigmoid"},
    {"id": "out", "kind": "dense", "units": 3},
]

each_dtype = pytest.mark.parametrize("dtype", DTYPES)


@each_dtype
@pytest.mark.parametrize(("few", "pieces", "line"), [(1024, 1, 64), (1024, 1, 1), (0, 2, 64)])
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_what_steps_are_given_is_made_for_many_batches(case, few, pieces, line, dtype, monkeypatch):
    """In one piece, with examples as rows or as columns, and in two."""
    monkeypatch.setattr(given, "FEW", few)
    monkeypatch.setattr(given, "LINE", line)
    network = Network(loss_project(case), Backend(np, "cpu", dtype))
    x, y = examples(case)
    rows, targets = network.prepared(x), network.targets(y)
    size = 3
    plan = network.plan(size, "train")
    count = len(x) // size * size
    columns = targets[:count].reshape(-1, size, targets.shape[1]).transpose(0, 2, 1)
    ending_in_1 = np.append(rows[:count], np.ones((count, 1)), axis=1).reshape(len(columns), size, -1)
    rooms, together = plan.laid_out(ending_in_1[None], columns[None])
    assert len(columns) > 1
    assert len(rooms) == len(together) == pieces
    for number, batch in enumerate(zip(ending_in_1, columns, strict=True)):
        plan.fill(*batch)
        filled = [array.tobytes() for array in (plan.rows, plan.targets, plan.beside)]
        for room, laid_out in zip(rooms, together, strict=True):
            room.fill(-7)
            room[...] = laid_out[0, number]
        assert [array.tobytes() for array in (plan.rows, plan.targets, plan.beside)] == filled
        assert np.array_equal(plan.rows, batch[0].astype(dtype))
        assert np.array_equal(plan.targets, batch[1])


@each_dtype
def test_slopes_of_neighbours(dtype, monkeypatch):
    together = Trainer(made(layers=TANHS), dtype=dtype)
    found = losses(together, 20)
    monkeypatch.setattr(Backend, "calls_are_dear", False)
    alone = Trainer(made(layers=TANHS), dtype=dtype)
    assert found == losses(alone, 20)
    assert bits(together) == bits(alone)
    fewer, more = (trainer._calls_for(16)[0].backward_calls for trainer in (together, alone))
    assert len(fewer) == len(more) - 4  # of two kinds two layers each, and of each of these two calls


@each_dtype
@pytest.mark.parametrize("optimizer", ["adam", "amsgrad", "adamw", "nadam"])
def test_two_means_in_one_call(optimizer, dtype, monkeypatch):
    together = Trainer(made(optimizer), dtype=dtype)
    monkeypatch.setattr(Backend, "joined", lambda *_: None)
    alone = Trainer(made(optimizer), dtype=dtype)
    assert losses(together, 20) == losses(alone, 20)
    assert bits(together) == bits(alone)
    assert len(together._update_calls) == len(alone._update_calls) - 2


@pytest.mark.parametrize("batch_size", [14, 16])  # with and without a smaller batch at the end of each 56
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("start", [0, 3])
def test_batches_of_several_epochs(batch_size, shuffle, start, monkeypatch):
    def run():
        trainer = Trainer(made(batch_size=batch_size, shuffle=shuffle))
        before = losses(trainer, start)
        trainer.set_learning_rate(0.02)
        return trainer, [*before, *losses(trainer, 22)]

    (together, found), each = run(), 4
    monkeypatch.setattr(batches, "AHEAD", 1)
    by_epoch, expected = run()
    assert len(list(by_epoch._ahead)) < each < len(list(together._ahead))
    assert found == expected
    assert bits(together) == bits(by_epoch)


def test_examples_of_few_features_are_taken_column_by_column(monkeypatch):
    narrow = Trainer(made(shuffle=True))
    found = losses(narrow, 20)
    monkeypatch.setattr(batches, "NARROW", 0)
    wide = Trainer(made(shuffle=True))
    assert losses(wide, 20) == found
    assert bits(wide) == bits(narrow)
    assert (narrow._train._columns is None, wide._train._columns is None) == (False, True)


@each_dtype
def test_small_batches_lie_as_columns(dtype, monkeypatch):
    """Products may then sum in another order."""
    columns = Trainer(made(), dtype=dtype)
    found = losses(columns, 20)
    monkeypatch.setattr(given, "FEW", 0)
    rows = Trainer(made(), dtype=dtype)
    assert losses(rows, 20) == pytest.approx(found, rel=1e-5 if dtype == "float32" else 1e-13)
    assert [t._calls_for(16)[0].rows.T.flags.c_contiguous for t in (columns, rows)] == [True, False]


def test_what_is_drawn_is_of_its_update():
    layers = [{"id": "h1", "kind": "dense", "units": 6}, {"id": "d", "kind": "dropout", "rate": 0.5}, TANHS[-1]]
    many, each = (Trainer(made(layers=layers)) for _ in range(2))
    assert many.updates(4).tolist() == losses(each, 4)
    assert bits(many) == bits(each)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("batch_size", ["all", 14])
def test_an_update_that_was_broken_off_comes_next(batch_size, optimizer, error, monkeypatch):
    """Those before it have been, whether they were asked for one by one or many at once."""
    ended, whole = (Trainer(made(optimizer, batch_size=batch_size)) for _ in range(2))
    done = losses(whole, 9)
    told = iter([*[True] * 5, None])

    def until_the_sixth(loss):
        if next(told) is None:
            raise error
        return isfinite(loss)

    monkeypatch.setattr(ahead, "isfinite", until_the_sixth)
    if error is MemoryError:
        assert ended.updates(9).tolist() == done[:5]
    else:
        with pytest.raises(error):
            ended.updates(9)
    monkeypatch.undo()
    assert ended.step_number == 5
    assert losses(ended, 4) == done[5:]
    assert bits(ended) == bits(whole)


@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_statistics_of_few_parameters_are_those_of_many(case, monkeypatch):
    """Few are looked at as whole vectors, many layer by layer and some rows at a time."""
    found = Trainer(behind_identity(case), dtype="float64").step(layers=True).layers
    monkeypatch.setattr(statistics, "PIECE", 7)
    expected = Trainer(behind_identity(case), dtype="float64").step(layers=True).layers
    assert list(found) == list(expected)
    for node, values in expected.items():
        assert [name for name, value in found[node].items() if value is None] == [
            n for n in values if values[n] is None
        ]
        numbers = {name: value for name, value in values.items() if value is not None}
        assert {name: found[node][name] for name in numbers} == pytest.approx(numbers, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("beyond", [np.nan, np.inf])
def test_biases_beyond_numbers_are_no_part_of_the_weights(beyond):
    plan = Trainer(made(), dtype="float64").network.plan(4, "train")
    expected = statistics.layer_statistics(plan)["h1"]["weight_norm"]
    plan.parameters.views(plan.parameters.values, "h1")["bias"][:] = beyond
    assert statistics.layer_statistics(plan)["h1"]["weight_norm"] == expected
