"""Confusion and worst examples against counting by hand over a plain walk."""

from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes import confusion, predictions
from engine.probes.confusion import Confusion
from engine.probes.example import Part
from engine.probes.predictions import LISTED, worst_first
from engine.probes.worst import Worst
from engine.trainer import Trainer
from tests.engine.cases import project, sigmoid, softmax, walk
from tests.engine.loss_cases import LOSS_CASES, LossCase, loss_project
from tests.strict_array import strict

LAYERS: list[dict[str, object]] = [{"id": "h", "kind": "tanh"}, {"id": "out", "kind": "dense", "units": 3}]
DATA: dict[str, object] = {"kind": "noise", "shape": [4], "classes": 3, "samples": 200, "validation": 0.25}


def trainer(layers: list[dict[str, object]] = LAYERS, loss: str = "cross_entropy", **data: object) -> Trainer:
    made = Trainer(project(layers, loss, DATA | data), dtype="float64")
    rng = np.random.default_rng(5)
    made.network.load_parameters({n: rng.normal(0, 1, a.shape) for n, a in made.network.parameters().items()})
    return made


def by_hand(made: Trainer, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Decisions, probabilities and losses of the three classes, example by example."""
    z = walk(made.project, made.network.parameters(), np.asarray(x))["out"]
    p = softmax(z)
    return p.argmax(axis=1), p, -np.log(p[np.arange(len(y)), y])


@pytest.mark.parametrize("part", list(Part))
def test_counts_are_those_by_hand(part: Part) -> None:
    made = trainer()
    x, y = (made.data.x, made.data.y) if part is Part.TRAINING else (made.data.x_val, made.data.y_val)
    decided, _, _ = by_hand(made, x, y)
    expected = np.zeros((3, 3), int)
    for truth, found in zip(y, decided, strict=True):
        expected[truth, found] += 1
    answer = Confusion(part).measure(made)
    np.testing.assert_array_equal(answer.counts, expected)
    assert expected.trace() < expected.sum() == len(x)
    assert (answer.extent.part, answer.extent.examined, answer.extent.count) == (part, len(x), len(x))
    assert (answer.cell, answer.examples, answer.reason) == (None, (), "")


def test_a_cell_lists_its_examples_worst_first() -> None:
    made = trainer()
    x, y = made.data.x_val, made.data.y_val
    decided, p, losses = by_hand(made, x, y)
    cell = (int(y[0]), int(decided[0]))
    answer = Confusion(Part.VALIDATION, cell).measure(made)
    places = np.flatnonzero((y == cell[0]) & (decided == cell[1]))
    places = places[np.argsort(-losses[places], kind="stable")][:LISTED]
    assert answer.cell == cell
    assert [one.index for one in answer.examples] == places.tolist()
    for one in answer.examples:
        assert (one.truth, one.decided, one.shape) == (*cell, (4,))
        assert one.loss == pytest.approx(losses[one.index], rel=1e-12)
        assert one.share == pytest.approx(p[one.index, cell[1]], rel=1e-12)
        assert one.truth_share == pytest.approx(p[one.index, cell[0]], rel=1e-12)
        np.testing.assert_array_equal(one.x, np.asarray(x[one.index], np.float32))
    assert Confusion(Part.VALIDATION, (0, 3)).measure(made).cell is None


def test_the_worst_are_worst_by_hand() -> None:
    made = trainer()
    decided, _, losses = by_hand(made, made.data.x, made.data.y)
    answer = Worst(Part.TRAINING).measure(made)
    assert [one.index for one in answer.examples] == np.argsort(-losses, kind="stable")[:LISTED].tolist()
    assert answer.wrong == (decided != made.data.y).sum()
    assert answer.mean_loss == pytest.approx(losses.mean(), rel=1e-12)
    assert answer.mean_loss == pytest.approx(made.evaluate()[0].loss, rel=1e-9)


def test_a_single_output_s_share_is_that_of_its_decision() -> None:
    made = trainer([{"id": "out", "kind": "dense", "units": 1}], "binary_cross_entropy", classes=2)
    z = walk(made.project, made.network.parameters(), made.data.x_val)["out"][:, 0]
    answer = Worst().measure(made)
    for one in answer.examples:
        p = sigmoid(z[one.index])
        assert one.decided == (z[one.index] > 0)
        assert one.share == pytest.approx(max(p, 1 - p), rel=1e-12)
        assert one.truth_share == pytest.approx(p if one.truth else 1 - p, rel=1e-12)
    counts = Confusion().measure(made).counts
    assert counts.shape == (2, 2)
    assert counts.trace() / counts.sum() == made.evaluate()[1].accuracy  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "case", [c for c in LOSS_CASES if c.classes is not None and c.name != "mse_one_number"], ids=lambda case: case.name
)
def test_the_diagonal_is_the_accuracy_of_training(case: LossCase) -> None:
    made = Trainer(loss_project(case), dtype="float64")
    answer = Confusion(Part.TRAINING).measure(made)
    assert answer.counts is not None
    assert answer.counts.trace() / answer.counts.sum() == made.evaluate()[0].accuracy
    assert answer.counts.shape == (max(case.units, 2, case.classes or 0),) * 2


def test_numbers_have_no_table_but_worst_examples() -> None:
    made = trainer([{"id": "out", "kind": "dense", "units": 2}], "mse", classes=None, targets=2)
    answer = Confusion().measure(made)
    assert answer.counts is None
    assert "numbers" in answer.reason
    z = walk(made.project, made.network.parameters(), made.data.x_val)["out"]
    losses = ((z - made.data.y_val) ** 2).mean(axis=1)
    worst = Worst().measure(made)
    first = worst.examples[0]
    assert (first.index, worst.wrong) == (losses.argmax(), None)
    assert first.loss == pytest.approx(losses.max(), rel=1e-12)
    np.testing.assert_allclose(first.output, z[first.index])
    np.testing.assert_array_equal(first.target, made.data.y_val[first.index])
    assert (first.truth, first.decided) == (None, None)


def test_a_loss_that_does_not_decide_and_too_many_classes_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer([{"id": "out", "kind": "dense", "units": 1}], "mse")
    assert "no class" in Confusion().measure(made).reason
    assert Worst().measure(made).wrong is None
    monkeypatch.setattr(confusion, "MOST_CLASSES", 2)
    assert "up to 2 classes; here there are 3" in Confusion().measure(trainer()).reason


def test_of_many_the_first_are_looked_at_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "MOST", 40)
    monkeypatch.setattr(predictions, "FEWEST", 10)
    made = trainer()
    decided, _, _ = by_hand(made, made.data.x[:40], made.data.y[:40])
    answer = Confusion(Part.TRAINING).measure(made)
    assert (answer.extent.examined, answer.extent.count) == (40, 150)
    assert answer.counts.trace() == (decided == made.data.y[:40]).sum()  # type: ignore[union-attr]
    assert Confusion(Part.TRAINING).measure(made, 0.5).extent.examined == 20
    monkeypatch.setattr(predictions, "WORK", 15 * 12)
    assert Worst(Part.TRAINING).measure(made).extent.examined == 12


def test_without_a_validation_part_the_training_part_is_looked_at() -> None:
    made = trainer(validation=0.0)
    assert Confusion().measure(made).extent.part is Part.TRAINING
    assert Worst().measure(made).extent.part is Part.TRAINING


def test_what_is_no_number_is_worst() -> None:
    assert worst_first(np.array([1.0, np.nan, 3.0, np.inf])).tolist() == [1, 3, 2, 0]
    assert worst_first(np.array([1.0, 2.0, 3.0]), np.array([True, True, False])).tolist() == [1, 0]


def test_preprocessing_is_undone_in_what_is_told() -> None:
    made = trainer(preprocess="standardize")
    one = Worst(Part.TRAINING).measure(made).examples[0]
    np.testing.assert_array_equal(one.x, made.data.x[one.index].astype("float32"))


def test_dropout_sleeps_and_nothing_is_changed() -> None:
    layers = [{"id": "h", "kind": "dense", "units": 8}, {"id": "d", "kind": "dropout", "rate": 0.5}, LAYERS[-1]]
    made, other = trainer(layers), trainer(layers)
    answers = [Worst().measure(made) for _ in range(2)]
    assert [one.loss for one in answers[0].examples] == [one.loss for one in answers[1].examples]
    Confusion(Part.TRAINING, (0, 1)).measure(made)
    assert made.update() == other.update()
    assert made.snapshot().values.tobytes() == other.snapshot().values.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
# Targets that are shares or distributions are drawn by no data source.
@pytest.mark.parametrize("case", [c for c in LOSS_CASES if c.rows == "numbers"], ids=lambda case: case.name)
def test_on_a_device_it_is_the_same(case: LossCase, dtype: str) -> None:
    made = loss_project(case)
    there, here = Trainer(made, backend=Backend(strict, "strict", dtype)), Trainer(made, dtype=dtype)
    for probe in (Worst(Part.TRAINING), Confusion(Part.TRAINING, (0, 1))):
        mine, theirs = probe.measure(there), probe.measure(here)
        assert [one.loss for one in mine.examples] == [one.loss for one in theirs.examples]
        assert [one.index for one in mine.examples] == [one.index for one in theirs.examples]
