"""A plane through more than two inputs, against points worked out by hand and the singular value decomposition."""

from typing import Any

import numpy as np
import pytest

from engine.backend import Backend
from engine.probes.boundary import SMALLEST, Boundary, BoundaryAnswer
from engine.probes.section import KEPT, PlaneSection, Through, cut
from engine.trainer import Trainer
from tests.engine.cases import project, sigmoid, softmax
from tests.strict_array import strict

Array = np.ndarray[Any, Any]


def trained(units: int = 1, loss: str = "binary_cross_entropy", **data: object) -> Trainer:
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "dense", "units": 6},
        {"id": "a1", "kind": "tanh"},
        {"id": "out", "kind": "dense", "units": units},
    ]
    told = {"kind": "noise", "shape": [4], "samples": 60, "classes": 2, "validation": 0.25, **data}
    made = Trainer(project(layers, loss, told, optimizer={"kind": "adam", "lr": 0.05}), dtype="float64")
    made.run(30)
    return made


def picture(made: Trainer, through: Through, size: int = 12) -> tuple[BoundaryAnswer, PlaneSection]:
    answer = Boundary(size, through=through).measure(made)
    assert answer is not None
    assert answer.section is not None
    return answer, answer.section


def centre(answer: BoundaryAnswer, row: int, column: int) -> Array:
    left, right, low, high = answer.bounds
    size = len(answer.values)
    return np.array([left + (column + 0.5) * (right - left) / size, low + (row + 0.5) * (high - low) / size])


@pytest.mark.parametrize("at", [None, 7, 7 + 45])
def test_two_features_move_and_the_others_stay(at: int | None) -> None:
    made = trained()
    answer, section = picture(made, Through((2, 0), at))
    base = made.data.x.mean(axis=0) if at is None else made.data.x[7]
    for row, column in ((0, 0), (3, 9), (11, 5)):
        x = base.copy()
        x[[2, 0]] = centre(answer, row, column)
        assert answer.values[row, column] == pytest.approx(sigmoid(made.network.predict(x[None]))[0, 0], rel=1e-6)
    assert (section.features, section.at) == ((2, 0), None if at is None else 7)
    np.testing.assert_allclose(section.x, made.data.x[:, [2, 0]], rtol=1e-6)
    np.testing.assert_allclose(section.x_val, made.data.x_val[:, [2, 0]], rtol=1e-6)
    np.testing.assert_array_equal(section.y, made.data.y)
    assert section.counts == (45, 15)
    variances = made.data.x.var(axis=0)
    assert section.share == pytest.approx(variances[[0, 2]].sum() / variances.sum())


@pytest.mark.parametrize("preprocess", ["none", "standardize"])
@pytest.mark.parametrize("at", [None, 5])
def test_principal_axes_are_those_of_the_examples(preprocess: str, at: int | None) -> None:
    made = trained(preprocess=preprocess)
    answer, section = picture(made, Through(None, at))
    x = made.data.x
    mean, scale = x.mean(axis=0), x.std(axis=0) if preprocess == "standardize" else np.ones(4)
    _, sizes, axes = np.linalg.svd((x - mean) / scale, full_matrices=False)
    axes = axes[:2] * np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    laid = (x - mean) / scale @ axes.T
    np.testing.assert_allclose(section.x, laid, atol=1e-5)
    assert section.share == pytest.approx((sizes[:2] ** 2).sum() / (sizes**2).sum())
    base = np.zeros(4) if at is None else (x[at] - mean) / scale
    for row, column in ((0, 0), (2, 8), (11, 11)):
        inside = base - base @ axes.T @ axes + centre(answer, row, column) @ axes
        said = sigmoid(made.network.predict((mean + inside * scale)[None]))[0, 0]
        assert answer.values[row, column] == pytest.approx(said, rel=1e-5)
    left, right, low, high = answer.bounds
    assert right - left == pytest.approx(high - low)
    assert (laid > [left, low]).all()
    assert (laid < [right, high]).all()


def test_an_example_lies_on_the_plane_through_it() -> None:
    made = trained()
    for features in (None, (1, 3)):
        found = cut(made, Through(features, 9))
        assert found is not None
        np.testing.assert_allclose(found.raw(found.origin[None])[0], made.data.x[9], atol=1e-12)
        np.testing.assert_allclose(found.section.x[9], found.origin, rtol=1e-5)


def test_several_classes_and_pictures_as_inputs() -> None:
    made = Trainer(
        project([{"id": "out", "kind": "dense", "units": 10}], "cross_entropy", {"kind": "digits"}), dtype="float64"
    )
    made.run(20)
    answer, section = picture(made, Through((20, 43), 3))
    x = made.data.x[3].astype(float)
    x[[20, 43]] = centre(answer, 4, 7)
    shares = softmax(made.network.predict(x[None]))[0]
    assert answer.winners is not None
    assert answer.winners[4, 7] == shares.argmax()
    assert answer.values[4, 7] == pytest.approx(shares.max(), rel=1e-6)
    assert (section.classes, len(section.x), len(section.x_val)) == (10, 500, 250)


def test_features_that_there_are_not_give_the_principal_axes() -> None:
    made = trained()
    expected, _ = picture(made, Through())
    for features in ((1, 1), (0, 4), (-1, 2)):
        answer, section = picture(made, Through(features))
        assert section.features is None
        np.testing.assert_array_equal(answer.values, expected.values)


def test_only_where_it_is_asked_for_and_never_for_two_inputs_or_one() -> None:
    assert Boundary(5).measure(trained()) is None
    for shape in (1, 2):
        answer = Boundary(5, through=Through()).measure(trained(shape=[shape]))
        assert answer is None if shape == 1 else answer is not None and answer.section is None


def test_a_plane_is_worked_out_once_and_few_are_kept() -> None:
    made = trained()
    first = cut(made, Through())
    assert cut(made, Through()) is first
    for at in range(KEPT):
        cut(made, Through(None, at))
    assert cut(made, Through()) is not first


def test_data_that_do_not_move_are_a_spot() -> None:
    made = trained()
    made.sample.x[:] = 0.5
    made.sample.x_val[:] = 0.5
    answer, section = picture(made, Through())
    assert np.isnan(section.share)
    assert np.isfinite(answer.values).all()
    left, right, low, high = answer.bounds
    assert right - left == high - low == 2
    assert np.isnan(picture(made, Through((0, 1)))[1].share)


def test_large_networks_have_fewer_cells_but_never_too_few() -> None:
    layers: list[dict[str, object]] = [
        {"id": "h1", "kind": "dense", "units": 1000},
        {"id": "h2", "kind": "dense", "units": 1000},
        {"id": "out", "kind": "dense", "units": 1},
    ]
    made = Trainer(project(layers, "mse", {"kind": "noise", "shape": [2], "samples": 20, "targets": 1}))
    answer = Boundary().measure(made)
    assert answer is not None
    assert answer.values.shape == (SMALLEST, SMALLEST)
    small = Boundary(20).measure(made)
    assert small is not None
    assert small.values.shape == (20, 20)


def test_of_large_inputs_fewer_examples_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trained()
    monkeypatch.setattr("engine.probes.section.MOST_KEPT", 4 * 20)
    _, section = picture(made, Through((0, 1), 30))
    assert (len(section.x), section.at) == (20, 30)
    np.testing.assert_allclose(section.x, made.data.x[:20, :2], rtol=1e-6)
    variances = made.data.x[:20].var(axis=0)
    assert section.share == pytest.approx(variances[:2].sum() / variances.sum())
    found = cut(made, Through((0, 1), 30))
    assert found is not None
    np.testing.assert_allclose(found.raw(found.origin[None])[0], made.data.x[30])


def test_on_a_device_the_same() -> None:
    data = {"kind": "noise", "shape": [4], "samples": 40, "classes": 2, "preprocess": "standardize"}
    made = project([{"id": "out", "kind": "dense", "units": 1}], "binary_cross_entropy", data)
    there, here = Trainer(made, backend=Backend(strict, "strict", "float64")), Trainer(made, dtype="float64")
    for through in (Through(), Through((0, 3), 2)):
        np.testing.assert_array_equal(picture(there, through)[0].values, picture(here, through)[0].values)
