"""One example through the network against a plain walk, layer by layer, and PyTorch."""

from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.data.augmentation import Augmentation
from engine.probes.example import (
    FEW_FEATURES,
    FEWEST,
    MOST,
    MOST_IN_ALL,
    Example,
    ExampleAnswer,
    Meaning,
    Part,
    raw,
)
from engine.trainer import Trainer
from engine.views import Views
from tests.engine.cases import project, sigmoid, softmax, walk
from tests.engine.loss_cases import LOSS_CASES, LossCase, loss_project
from tests.strict_array import strict

X = np.array([0.3, -1.7, 2.2, 0.01])


def trained(case: LossCase, activation: str = "tanh", dtype: str = "float64", **training: Any) -> Trainer:
    made = Trainer(loss_project(case, activation, **training), dtype=dtype)
    if case.rows == "numbers":
        made.run(15)
    return made


def ask(trainer: Trainer, **fields: Any) -> ExampleAnswer:
    answer = Example(**fields).measure(trainer)
    assert answer is not None
    return answer


def dense(units: int, shape: tuple[int, ...] = (4,), **data: object) -> Trainer:
    layers: list[dict[str, object]] = [{"id": "h", "kind": "dense", "units": units}, {"id": "out", "kind": "dense"}]
    layers[-1]["units"] = 1
    return Trainer(project(layers, "mse", {"kind": "noise", "shape": list(shape), "samples": 40, **data}))


runnable = [case for case in LOSS_CASES if case.rows == "numbers"]


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("case", runnable, ids=lambda case: case.name)
def test_every_layer_is_what_a_plain_walk_finds(case: LossCase, activation: str) -> None:
    made = trained(case, activation)
    answer = ask(made, x=raw(X), number=7)
    expected = walk(made.project, made.network.parameters(), X[None])
    assert answer.number == 7
    assert [node.node for node in answer.nodes] == list(expected)[1:]
    for node in answer.nodes:
        values = expected[node.node][0]
        assert (node.shape, node.left_out) == (values.shape, 0)
        assert node.values.dtype == np.float32
        np.testing.assert_allclose(node.values, values, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose((node.least, node.most), (values.min(), values.max()), rtol=1e-12)
    np.testing.assert_allclose(answer.output, expected[answer.nodes[-1].node][0], rtol=1e-12)
    assert (answer.outputs, answer.units.tolist()) == (case.units, list(range(case.units)))


@pytest.mark.parametrize("case", runnable, ids=lambda case: case.name)
def test_what_comes_out_is_called_by_its_name(case: LossCase) -> None:
    answer = ask(trained(case), x=raw(X))
    z = answer.nodes[2].values[None].astype(np.float64)  # of the last dense layer
    if case.kind not in ("cross_entropy", "binary_cross_entropy"):
        assert (answer.meaning, answer.probabilities) == (Meaning.NUMBERS, None)
    else:
        assert answer.meaning is (Meaning.PROBABILITIES if case.last else Meaning.LOGITS)
        shares = (softmax if case.kind == "cross_entropy" else sigmoid)(z)[0]
        np.testing.assert_allclose(answer.probabilities, shares, rtol=1e-5)
    np.testing.assert_allclose(answer.output, answer.probabilities if case.last else z[0], rtol=1e-6)


@pytest.mark.parametrize("case", runnable, ids=lambda case: case.name)
def test_the_class_is_the_one_that_counts_as_right(case: LossCase) -> None:
    """Over the whole training part, the share of labels met is the accuracy that training shows."""
    made = trained(case)
    answers = [ask(made, index=i) for i in range(made.examples)]
    accuracy = made.evaluate()[0].accuracy
    if case.classes is None or case.name == "mse_one_number":
        assert {answer.chosen for answer in answers} == {None}
        assert accuracy is None
    else:
        met = [answer.chosen == answer.origin.label for answer in answers if answer.origin is not None]
        assert np.mean(met) == accuracy
        assert 0 < sum(met) < len(met)  # both are seen


def test_a_loss_on_one_output_has_its_own_threshold() -> None:
    """Squared error decides at a half, a logit at 0."""
    layers: list[dict[str, object]] = [{"id": "out", "kind": "dense", "units": 1}]
    for loss, low, high in (("mse", 0.49, 0.51), ("binary_cross_entropy", -0.01, 0.01)):
        made = Trainer(project(layers, loss, {"kind": "noise", "shape": [1], "classes": 2, "samples": 20}))
        made.network.load_parameters({"out.weight": np.ones((1, 1)), "out.bias": np.zeros(1)})
        assert [ask(made, x=raw(np.array([x]))).chosen for x in (low, high)] == [0, 1]
        assert ask(made, x=raw(np.array([np.nan]))).chosen is None


def test_an_example_of_the_data_is_the_data_s() -> None:
    made = dense(3, targets=1, validation=0.25)
    for part, xs, ys in (
        (Part.TRAINING, made.data.x, made.data.y),
        (Part.VALIDATION, made.data.x_val, made.data.y_val),
    ):
        for index in (0, 3, len(xs) - 1, len(xs) + 2, -1):
            answer = ask(made, part=part, index=index)
            origin = answer.origin
            assert origin is not None
            at = index % len(xs)
            assert (origin.part, origin.index, origin.label) == (part, at, None)
            assert origin.x.tobytes() == xs[at].tobytes()
            assert origin.target.tolist() == ys[at].tolist()
            np.testing.assert_array_equal(answer.output, made.network.predict(xs[at : at + 1])[0])
            same = ask(made, x=raw(xs[at]))
            assert same.origin is None
            assert same.output.tolist() == answer.output.tolist()


def test_without_a_validation_part_the_training_part_takes_its_place() -> None:
    made = dense(3, classes=2, validation=0.0)
    answer = ask(made, part=Part.VALIDATION, index=41)
    assert answer.origin is not None
    assert (answer.origin.part, answer.origin.index) == (Part.TRAINING, 1)
    assert answer.origin.label == made.data.y[1]
    assert (answer.data.training, answer.data.validation, answer.data.classes) == (40, 0, 2)


@pytest.mark.parametrize("features", [1, FEW_FEATURES, FEW_FEATURES + 1])
def test_the_range_is_that_of_all_examples(features: int) -> None:
    made = dense(3, (features,))
    x = np.concatenate([made.data.x, made.data.x_val])
    data = ask(made).data
    if features <= FEW_FEATURES:
        np.testing.assert_array_equal(data.low, x.min(axis=0))
        np.testing.assert_array_equal(data.high, x.max(axis=0))
    else:
        assert (data.low.tolist(), data.high.tolist()) == ([x.min()], [x.max()])
    assert ask(made).data is data  # looked up once


def test_of_wide_layers_the_first_values_are_told_and_the_rest_counted() -> None:
    made = dense(MOST + 5)
    wide, out = ask(made).nodes
    values = walk(made.project, made.network.parameters(), made.data.x[:1])["h"][0]
    assert (len(wide.values), wide.left_out, out.left_out) == (MOST, 5, 0)
    np.testing.assert_allclose(wide.values, values[:MOST], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose((wide.least, wide.most), (values.min(), values.max()), rtol=1e-5)


def test_of_many_layers_fewer_values_each() -> None:
    count = MOST_IN_ALL // MOST * 2
    layers: list[dict[str, object]] = [{"id": f"h{i}", "kind": "dense", "units": MOST} for i in range(2)]
    layers += [{"id": f"a{i}", "kind": "tanh"} for i in range(count - 2)]
    answer = ask(Trainer(project(layers, "mse", {"kind": "noise", "shape": [4], "targets": MOST, "samples": 4})))
    assert {(len(node.values), node.left_out) for node in answer.nodes} == {(MOST // 2, MOST // 2)}
    assert FEWEST < MOST // 2


def test_of_many_outputs_the_greatest_are_told() -> None:
    units = MOST + 20
    made = Trainer(
        project(
            [{"id": "out", "kind": "dense", "units": units}],
            "cross_entropy",
            {"kind": "noise", "shape": [4], "classes": 3, "samples": 9},
        )
    )
    answer = ask(made)
    z = made.network.predict(made.data.x[:1])[0].astype(np.float64)
    greatest = np.sort(np.argsort(z, kind="stable")[-MOST:])
    np.testing.assert_array_equal(answer.units, greatest)
    np.testing.assert_array_equal(answer.output, z[greatest])
    np.testing.assert_allclose(answer.probabilities, softmax(z[None])[0, greatest], rtol=1e-6)
    assert (answer.outputs, answer.chosen) == (units, z.argmax())


@pytest.mark.parametrize("size", [0, 31, 33, 40])
def test_numbers_of_another_size_have_no_answer(size: int) -> None:
    assert Example(x=bytes(size)).measure(dense(3)) is None
    assert Example(x=bytes(32)).measure(dense(3)) is not None


def test_numbers_that_are_none_go_through_without_a_warning() -> None:
    made = trained(runnable[3], dtype="float32")
    for x in (np.full(4, np.nan), np.full(4, 1e300), np.full(4, np.inf)):
        answer = ask(made, x=raw(x))
        assert np.isnan(answer.nodes[0].least) or np.isfinite(answer.nodes[0].least)
    assert ask(made, x=raw(np.full(4, np.nan))).chosen is None


def test_looking_changes_nothing() -> None:
    watched, alone = (trained(runnable[0]) for _ in range(2))
    for _ in range(5):
        ask(watched, x=raw(X))
        ask(watched, index=3)
        assert watched.update() == alone.update()


@pytest.mark.parametrize("case", runnable, ids=lambda case: case.name)
def test_a_device_gives_the_same(case: LossCase) -> None:
    made = loss_project(case)
    there, here = Trainer(made, backend=Backend(strict, "strict", "float32")), Trainer(made)
    for question in ({"x": raw(X)}, {"index": 2}):
        answers = [ask(trainer, **question) for trainer in (there, here)]
        for mine, theirs in zip(*(answer.nodes for answer in answers), strict=True):
            assert type(mine.values) is np.ndarray
            assert mine.values.tobytes() == theirs.values.tobytes()
        assert answers[0].output.tobytes() == answers[1].output.tobytes()
        assert answers[0].chosen == answers[1].chosen


def test_against_pytorch() -> None:
    torch = pytest.importorskip("torch")
    case = next(case for case in LOSS_CASES if case.name == "ce_drawn")
    made = trained(case, "relu")
    p = {name: torch.tensor(array) for name, array in made.network.parameters().items()}
    h = torch.nn.functional.linear(torch.tensor(X), p["h1.weight"], p["h1.bias"])
    a = torch.relu(h)
    z = torch.nn.functional.linear(a, p["out.weight"], p["out.bias"])
    answer = ask(made, x=raw(X))
    for node, values in zip(answer.nodes, (h, a, z, torch.softmax(z, 0)), strict=True):
        np.testing.assert_allclose(node.values, values.numpy(), rtol=1e-6, atol=1e-7)
    assert answer.chosen == int(z.argmax())


PICTURES = {"kind": "noise", "shape": [1, 5, 4], "classes": 3, "samples": 20}


@pytest.mark.parametrize("last", [(), ({"id": "p", "kind": "softmax"},)], ids=["logits", "softmax"])
def test_the_answer_can_be_the_mean_over_views(last: tuple[dict[str, object], ...]) -> None:
    """Of those that the project's augmentation makes; each layer is that of the example itself."""
    layers = [
        {"id": "c", "kind": "conv2d", "filters": 2},
        {"id": "f", "kind": "flatten"},
        {"id": "out", "kind": "dense"},
    ]
    layers[-1]["units"] = 3
    augmentation = {"shift": 2, "flip": True}
    made = Trainer(project([*layers, *last], "cross_entropy", PICTURES, augmentation=augmentation), dtype="float64")
    plain, answer = ask(made, index=2), ask(made, index=2, views=6)
    views = Views(Augmentation(shift=2, flip=True), 6, made.project.training.seed)
    told = [output[0] for output in views.predictions(made.network, np.asarray(made.data.x[2:3]))]
    mean = np.mean([one if last else softmax(one[None])[0] for one in told], axis=0)
    np.testing.assert_allclose(answer.probabilities, mean, rtol=1e-9)
    assert not np.allclose(plain.probabilities, mean, rtol=1e-3)
    assert (answer.chosen, answer.views, plain.views) == (int(mean.argmax()), 6, 1)
    for mine, theirs in zip(answer.nodes, plain.nodes, strict=True):
        np.testing.assert_array_equal(mine.values, theirs.values)


def test_where_there_are_no_views_it_is_the_one_answer() -> None:
    made = dense(3)
    answer = ask(made, views=6)
    assert answer.views == 1
    np.testing.assert_array_equal(answer.output, ask(made).output)


def test_one_output_is_averaged_as_a_probability() -> None:
    layers = [
        {"id": "f", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 1},
        {"id": "p", "kind": "sigmoid"},
    ]
    made = Trainer(project(layers, "binary_cross_entropy", {**PICTURES, "classes": 2}), dtype="float64")
    for index in range(8):
        answer = ask(made, index=index, views=4)
        views = Views(Augmentation(), 4, made.project.training.seed)
        mean = np.mean(list(views.predictions(made.network, np.asarray(made.data.x[index : index + 1]))))
        assert answer.output[0] == pytest.approx(mean)
        assert answer.chosen == int(mean > 0.5)
