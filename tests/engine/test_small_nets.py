"""What is done for many small things in one call is what each of them alone would get, to the bit."""

import numpy as np
import pytest

from engine import statistics
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
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_what_follows_from_the_targets_of_many_batches(case, dtype):
    network = Network(loss_project(case), Backend(np, "cpu", dtype))
    x, y = examples(case)
    rows, targets = network.prepared(x), network.targets(y)
    few = 3
    plan = network.plan(few, "train")
    count = len(x) // few * few
    blocks = targets[:count].reshape(-1, few, targets.shape[1]).transpose(0, 2, 1)
    together = plan.given_by(blocks[None])[0]
    assert len(together) > 1
    for number, block in enumerate(blocks):
        plan.fill(np.append(rows[:few], np.ones((few, 1)), axis=1), block)
        assert plan.given.tobytes() == together[number].tobytes()
        assert np.array_equal(plan.targets, block)


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

    (ahead, found), each = run(), 4
    monkeypatch.setattr(batches, "AHEAD", 1)
    by_epoch, expected = run()
    assert len(by_epoch._ahead) < each < len(ahead._ahead)
    assert found == expected
    assert bits(ahead) == bits(by_epoch)


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
