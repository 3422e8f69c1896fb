"""What a loss decides, which targets it takes, and what the mean over unequal examples is."""

import numpy as np
import pytest

import engine
from engine.probes.boundary import Boundary
from engine.spec import properties
from engine.trainer import Trainer
from tests.engine.cases import DTYPES, network, project
from tests.engine.loss_cases import LOSS_CASES, as_rows, examples, loss_project

each_dtype = pytest.mark.parametrize("dtype", DTYPES)
CLASSES = {"kind": "noise", "shape": [2], "samples": 60, "classes": 3}
PAIR = {"kind": "noise", "shape": [2], "samples": 60, "classes": 2}
NUMBERS = {"kind": "noise", "shape": [2], "samples": 60, "targets": 1}


def out(units):
    return [{"id": "out", "kind": "dense", "units": units}]


def with_logits(loss, units, data, z, dtype="float64"):
    """A trainer whose network puts out `z` for every example."""
    trainer = Trainer(project(out(units), loss, data), dtype=dtype)
    trainer.network.load_parameters({"out.weight": np.zeros((units, 2)), "out.bias": np.array(z, float)})
    return trainer


@each_dtype
@pytest.mark.parametrize(
    ("loss", "z", "decided"),
    [
        ("hinge", 0.3, 1),
        ("hinge", -0.3, 0),
        ("binary_cross_entropy", 0.3, 1),
        ("binary_cross_entropy", -0.3, 0),
        ("mse", 0.3, 0),
        ("mse", 0.7, 1),
        ("mae", 0.3, 0),
        ("mae", 0.7, 1),
        ("huber", 0.3, 0),
        ("huber", 0.7, 1),
    ],
)
def test_one_output_decides_where_its_targets_meet(loss, z, decided, dtype):
    trainer = with_logits(loss, 1, PAIR, [z], dtype)
    expected = (trainer.data.y == decided).mean()
    assert trainer.evaluate()[0].accuracy == expected
    assert 0 < expected < 1
    answer = Boundary(4).measure(trainer)
    assert answer.probability
    assert ((answer.values > 0.5) == decided).all()  # the panel's threshold is the loss's


@each_dtype
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_the_loss_of_each_example_is_that_of_it_alone(case, dtype):
    """By the formulas, and their sum over the weight is the loss of the batch."""
    net, (x, y) = network(loss_project(case), dtype), examples(case)
    targets = net.targets(y)
    plan = net.plan(len(x), "evaluate")
    plan.fill(np.hstack([x, np.ones((len(x), 1))]).astype(dtype), targets.T)
    plan.run_forward()
    z = net.logits(plan)
    each = net.loss.each(np, z, targets.T, net.classes)
    assert each.shape == (len(x),)
    weight = net.loss.weight(np, targets.T, net.classes)
    close = {"rtol": 1e-5, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-12}
    np.testing.assert_allclose(each.sum() / weight, plan.loss, **close)
    rows = as_rows(case, y)
    for i in range(len(x)):
        alone = case.value(z.T[i : i + 1].astype(float), rows[i : i + 1])
        share = case.weigh(y[i : i + 1])[0] if case.weigh is not None else 1.0
        np.testing.assert_allclose(each[i], alone * share, **close)


@pytest.mark.parametrize("loss", ["hinge", "mse", "mae", "huber", "cross_entropy"])
def test_of_several_outputs_the_largest_wins(loss):
    trainer = with_logits(loss, 3, CLASSES, [0.1, 0.9, -2.0])
    assert trainer.evaluate()[0].accuracy == (trainer.data.y == 1).mean()
    answer = Boundary(4).measure(trainer)
    assert (answer.winners == 1).all()


def test_margins_of_a_hinge_stand_at_zero_and_one():
    for z, share in ((-1.0, 0.0), (1.0, 1.0), (0.0, 0.5), (3.0, 2.0)):
        values = Boundary(3).measure(with_logits("hinge", 1, PAIR, [z])).values
        np.testing.assert_allclose(values, share)


@pytest.mark.parametrize("loss", ["mae", "huber", "mse"])
def test_numbers_are_not_decided(loss):
    trainer = with_logits(loss, 1, NUMBERS, [0.7])
    assert trainer.evaluate()[0].accuracy is None
    answer = Boundary(3).measure(trainer)
    assert not answer.probability
    np.testing.assert_allclose(answer.values, 0.7)


@pytest.mark.parametrize(
    ("loss", "units", "data", "message"),
    [
        ("hinge", 1, NUMBERS, "hinge wants classes, the data's y are numbers"),
        ("hinge", 1, CLASSES, "hinge on one output wants 2 classes, the data have 3"),
        ("hinge", 2, CLASSES, "the data have 3 classes, the network 2 outputs"),
        ("mae", 2, NUMBERS, "the data's y has 1 columns, the network 2 outputs"),
        (
            {"kind": "cross_entropy", "class_weights": [1, 2]},
            3,
            CLASSES,
            "expected a number for each output, 3 in all, got 2",
        ),
    ],
)
def test_targets_that_do_not_fit_are_said(loss, units, data, message):
    made = project(out(3), "mse", CLASSES)
    parts = made.to_json()
    parts["data"] = data
    parts["graph"]["nodes"][1]["units"] = units
    parts["training"]["loss"] = {"kind": loss} if isinstance(loss, str) else loss
    (problem,) = engine.project.project_from(parts, made.folder).problems()
    assert problem.message == message
    assert problem.where.startswith("training.loss")


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ({"kind": "huber", "delta": 0}, r"training\.loss\.delta: expected float >= 1e-06, got 0"),
        ({"kind": "cross_entropy", "label_smoothing": 1.0}, r"training\.loss\.label_smoothing: expected float < 1"),
        (
            {"kind": "cross_entropy", "class_weights": [1, 0]},
            r"training\.loss\.class_weights\.1: expected float > 0",
        ),
        (
            {"kind": "cross_entropy", "class_weights": [1.0, float("nan")]},
            r"training\.loss\.class_weights\.1: expected float > 0.0, got nan",
        ),
        ({"kind": "cross_entropy", "class_weights": 2}, r"training\.loss\.class_weights: expected array, got 2"),
    ],
)
def test_fields_that_are_not_allowed_are_said(loss, message):
    with pytest.raises(engine.ProjectError, match=message):
        project(out(2), loss, PAIR)


def test_class_weights_are_a_row_of_numbers_in_forms():
    found = {p.name: p for p in properties(type(project(out(2), "cross_entropy", PAIR).training.loss))}
    assert (found["class_weights"].type, found["class_weights"].default) == ("numbers", ())
    assert found["label_smoothing"].type == "float"


@each_dtype
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_a_score_in_pieces_is_the_score(case, dtype, monkeypatch):
    trainer = network(loss_project(case), dtype)
    x, y = examples(case, 23)
    rows = trainer.backend.from_host(np.column_stack([x, np.ones(23)]))
    targets = trainer.targets(y)
    whole = trainer.evaluate(rows, targets)
    assert whole.loss == pytest.approx(trainer.loss_and_gradients(x, y)[0], rel=1e-6)
    monkeypatch.setattr("engine.network.MOST_NUMBERS", 5 * trainer._widths())
    in_pieces = trainer.evaluate(rows, targets)
    close = 1e-6 if dtype == "float32" else 1e-12
    assert in_pieces.loss == pytest.approx(whole.loss, rel=close)
    assert in_pieces.accuracy == whole.accuracy
    assert in_pieces.r2 == (None if whole.r2 is None else pytest.approx(whole.r2, rel=close))
    assert in_pieces.top5 == whole.top5


@each_dtype
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_an_output_that_is_no_number_shows(case, dtype):
    net = network(loss_project(case), dtype)
    x, y = examples(case)
    x[0] = np.nan
    assert np.isnan(net.loss_and_gradients(x, y)[0])


@each_dtype
def test_a_hinge_is_flat_beyond_the_margin(dtype):
    trainer = with_logits("hinge", 1, PAIR, [1.5], dtype)
    ones = np.ones(4, np.int64)
    loss, gradients = trainer.network.loss_and_gradients(np.ones((4, 2)), ones)
    assert (loss, gradients["out.bias"][0]) == (0, 0)
    loss, gradients = trainer.network.loss_and_gradients(np.ones((4, 2)), 1 - ones)
    assert (loss, gradients["out.bias"][0]) == (2.5, 1)


def test_smooth_targets_do_not_change_what_is_right():
    for kind, units in (("binary_cross_entropy", 1), ("cross_entropy", 2)):
        z = [0.4] if units == 1 else [0.1, 0.4]
        plain, smooth = (
            with_logits({"kind": kind, "label_smoothing": share}, units, PAIR, z).evaluate()[0] for share in (0.0, 0.9)
        )
        assert plain.accuracy == smooth.accuracy
        assert plain.loss != smooth.loss
