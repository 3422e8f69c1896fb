"""Easy examples first: what an epoch shows, the same bits again, and what it is good for."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engine.backend import Backend
from engine.data.curriculum import Curriculum, by_centroid
from engine.data.digits import Digits
from engine.errors import ProjectError
from engine.project import project_from
from engine.trainer import Trainer
from tests.engine.cases import DTYPES, project_json
from tests.engine.test_trainer import TRAINED, bits, losses, made, seen_by_an_update, visited
from tests.strict_array import strict

ORDER = {"epochs": 4, "start": 0.25, "by": "order"}
SHOWN = [14, 25, 35, 46, 56]  # of 56 examples: ⌈(1/4 + 3/4 · e/4) · 56⌉


# What an epoch shows


@pytest.mark.parametrize("batch_size", [16, "all"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_shows_the_easiest_and_each_as_often(batch_size, shuffle):
    trainer = Trainer(made(curriculum=ORDER, batch_size=batch_size, shuffle=shuffle))
    assert trainer.steps_per_epoch == (1 if batch_size == "all" else 4)
    for epoch, shown in zip(visited(trainer, 6), [*SHOWN, TRAINED], strict=True):
        seen = [number for batch in epoch for number in batch]
        counts = Counter(seen)
        assert len(seen) == TRAINED
        assert set(seen) == set(range(shown))
        assert max(counts.values()) - min(counts.values()) <= 1
        if not shuffle:
            assert seen == [number % shown for number in range(TRAINED)]
        elif batch_size == 16:
            assert seen[:shown] != sorted(seen[:shown])
            assert sorted(seen[:shown]) == list(range(shown))  # one round, then the next


def test_without_one_and_after_its_end_nothing_is_changed():
    over = {**ORDER, "start": 1.0}
    with_it, without = Trainer(made(curriculum=over)), Trainer(made())
    assert losses(with_it, 30) == losses(without, 30)
    assert bits(with_it) == bits(without)
    late, plain = Trainer(made(curriculum=ORDER)), Trainer(made())
    for trainer in (late, plain):
        losses(trainer, 16)
    assert [seen_by_an_update(late) for _ in range(8)] == [seen_by_an_update(plain) for _ in range(8)]
    assert bits(late) != bits(plain)


def test_the_share_grows_in_a_line():
    curriculum = Curriculum(epochs=4, start=0.25)
    assert [curriculum.shown(epoch, 56) for epoch in range(6)] == [*SHOWN, 56]
    assert Curriculum(epochs=3, start=0.01).shown(0, 10) == 1
    assert Curriculum(epochs=10**6, start=0.5).shown(10**6, 7) == 7


@pytest.mark.parametrize("in_parts", [1, 5, 1000])
def test_easy_is_near_the_own_mean_and_far_from_the_others(in_parts):
    rng = np.random.default_rng(3)
    y = rng.choice([0, 2, 5], 40)  # a class of the data may have no example among them
    x = rng.standard_normal((40, 3)) + y[:, None]
    found = by_centroid(lambda: (x[start : start + in_parts] for start in range(0, 40, in_parts)), y)

    def hardness(i):
        own = np.linalg.norm(x[i] - x[y == y[i]].mean(0))
        return own / min(np.linalg.norm(x[i] - x[y == c].mean(0)) for c in set(y) - {y[i]})

    assert found.tolist() == sorted(range(40), key=hardness)


def test_one_class_and_means_that_meet():
    x = np.zeros((4, 2))
    assert by_centroid(lambda: [x], np.zeros(4, int)).tolist() == [0, 1, 2, 3]
    assert sorted(by_centroid(lambda: [x], np.array([0, 1, 0, 1])).tolist()) == [0, 1, 2, 3]


def test_numbers_have_no_classes():
    regression = project_json(
        [{"id": "out", "kind": "dense", "units": 3}],
        "mse",
        {"kind": "noise", "shape": [4], "targets": 3, "samples": 20},
        curriculum={"epochs": 3},
    )
    (problem,) = project_from(regression, Path()).problems()
    assert str(problem) == "training.curriculum.by: centroid wants classes, the data have numbers; order is left"
    regression["training"]["curriculum"]["by"] = "order"
    assert not project_from(regression, Path()).problems()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"epochs": 0}, "training.curriculum.epochs: expected int >= 1, got 0"),
        ({"start": 0}, "training.curriculum.start: expected float >= 0.01, got 0"),
        ({"start": 1.5}, "training.curriculum.start: expected float <= 1.0, got 1.5"),
        ({"by": "mood"}, "training.curriculum.by: invalid enum value 'mood'"),
        ({"speed": 1}, "training.curriculum.speed: unknown field"),
    ],
)
def test_what_is_no_curriculum(fields, message):
    with pytest.raises(ProjectError) as caught:
        made(curriculum=fields)
    assert str(caught.value).startswith(message)


# The same bits again


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [16, "all"])
@pytest.mark.parametrize("start", [0, 3, 7, 13, 17])
def test_restore_is_exact(start, batch_size, dtype):
    curriculum = {"epochs": 10 if batch_size == "all" else 4, "start": 0.2, "by": "centroid"}
    trainer = Trainer(made(curriculum=curriculum, batch_size=batch_size), dtype=dtype)
    losses(trainer, start)
    state = trainer.snapshot()
    first, end = losses(trainer, 11), bits(trainer)
    other = Trainer(made(curriculum=curriculum, batch_size=batch_size), dtype=dtype, seed=99)
    losses(other, 30)
    for again in (trainer, other):
        again.restore(state)
        assert losses(again, 11) == first
        assert bits(again) == end


def test_observed_small_windows_and_a_device_see_the_same(monkeypatch):
    whole = Trainer(made(curriculum={"epochs": 3, "start": 0.3}))
    expected = losses(whole, 14)
    there = Trainer(made(curriculum={"epochs": 3, "start": 0.3}), backend=Backend(strict, "strict", "float32"))
    assert losses(there, 14) == expected
    monkeypatch.setattr("engine.data.batches.WINDOW", 1)
    looked = Trainer(made(curriculum={"epochs": 3, "start": 0.3}))
    assert [looked.step(layers=True).loss for _ in range(14)] == expected
    assert bits(there) == bits(looked) == bits(whole)


def test_data_that_are_not_kept_on_the_device_are_graded_the_same(monkeypatch):
    expected = losses(Trainer(made(curriculum={"epochs": 3})), 14)
    monkeypatch.setattr("engine.data.batches.RESIDENT", 0)
    monkeypatch.setattr("engine.data.batches.CHUNK", 60)
    assert losses(Trainer(made(curriculum={"epochs": 3})), 14) == expected


# What it is good for


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Digits of which six in ten training examples have a wrong label; the validation part is clean."""
    folder = tmp_path_factory.mktemp("noisy")
    data, rng = Digits().load(folder), np.random.default_rng(0)
    y = data.y.copy()
    wrong = rng.random(len(y)) < 0.6
    y[wrong] = (y[wrong] + rng.integers(1, 10, wrong.sum())) % 10
    np.savez(folder / "noisy.npz", x=data.x / 16, y=y, x_val=data.x_val / 16, y_val=data.y_val)
    return folder


@pytest.mark.parametrize("seed", [0, 1])
def test_wrong_labels_come_late(noisy, seed):
    def accuracy(curriculum):
        layers = [
            {"id": "h1", "kind": "dense", "units": 64},
            {"id": "a1", "kind": "relu"},
            {"id": "out", "kind": "dense", "units": 10},
        ]
        json = project_json(
            layers,
            "cross_entropy",
            {"kind": "npz", "path": "noisy.npz"},
            optimizer={"kind": "adam", "lr": 0.003},
            curriculum=curriculum,
        )
        trainer = Trainer(project_from(json, noisy), seed=seed)
        trainer.run(5 * trainer.steps_per_epoch)
        return trainer.evaluate()[1].accuracy

    plan = {"epochs": 60, "start": 0.3}
    plain = accuracy(None)
    assert accuracy({**plan, "by": "centroid"}) > plain + 0.05
    assert accuracy({**plan, "by": "order"}) < plain + 0.03  # the control: as few examples, not the easy ones
