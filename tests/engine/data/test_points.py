"""Points that stand in the project file: what is there is loaded in its order, what cannot be is named."""

import json

import numpy as np
import pytest

from engine.data import points
from engine.data.functions import Sine, Surface
from engine.data.points import PointsByHand, by_hand, written
from engine.data.shipped import Iris
from engine.data.toy import Blobs, Xor
from engine.errors import ProjectError
from engine.project import load_project, project_from, save_project
from engine.spec import convert
from engine.trainer import Trainer
from tests.engine.cases import project_json

FOUR = [[-1, -1, 0], [-1, 1, 1], [1, -1, 1], [1, 1, 0]]


def source(**fields) -> PointsByHand:
    return convert({"kind": "points", **fields}, PointsByHand, "data")


def refused(tmp_path, **fields) -> tuple[str, str]:
    with pytest.raises(ProjectError) as caught:
        source(**fields).load(tmp_path)
    (problem,) = caught.value.problems
    return problem.where, problem.message


def test_classes_are_loaded_in_order(tmp_path):
    data, summary = source(points=FOUR).load(tmp_path), source(points=FOUR).summary(tmp_path)
    assert (summary.shape, summary.classes, summary.targets) == ((2,), 2, 1)
    assert data.x.tolist() == [row[:2] for row in FOUR]
    assert (data.y.tolist(), data.y.dtype, len(data.x_val)) == ([0, 1, 1, 0], np.int64, 0)


def test_numbers_and_a_validation_part(tmp_path):
    made = source(points=[[0, 0, i / 4] for i in range(8)], classes=None, validation=0.25, seed=3)
    data = made.load(tmp_path)
    assert (data.y.shape, data.y_val.shape, data.classes) == ((6, 1), (2, 1), None)
    assert sorted([*data.y[:, 0], *data.y_val[:, 0]]) == [i / 4 for i in range(8)]


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"points": []}, "data.points", "expected at least 2, got 0"),
        ({"points": FOUR[:1]}, "data.points", "expected at least 2, got 1"),
        ({"points": [*FOUR, [0, 0, 2]]}, "data.points.4", "expected a class from 0 to 1, got 2"),
        ({"points": [*FOUR, [0, 0, 0.5]]}, "data.points.4", "expected a class from 0 to 1, got 0.5"),
        ({"points": [*FOUR, [0, -1]]}, "data.points.4", "length 3, got [0, -1]"),
        ({"points": [*FOUR, [0, 2e6, 1]]}, "data.points.4", "from -1e+06 to 1e+06"),
        ({"points": [*FOUR, [0, float("nan"), 1]]}, "data.points.4", "from -1e+06 to 1e+06"),
        ({"points": [[0, 0, 0]] * 20_001}, "data.points", "length <= 20000"),
        ({"points": FOUR, "classes": 9}, "data.classes", "<= 8"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, fields, where, words):
    at, message = refused(tmp_path, **fields)
    assert at == where
    assert words in message
    assert len(message) < 200


def test_a_set_in_the_plane_becomes_points_of_ones_own(tmp_path):
    blobs = Blobs(samples=60, classes=3, seed=4, validation=0.2)
    made, data = by_hand(blobs, tmp_path), blobs.load(tmp_path)
    assert (made.classes, made.seed, made.validation, len(made.points)) == (3, 4, 0.2, 60)
    again = made.load(tmp_path)
    assert len(again.x) == len(data.x) == 48
    every = [*zip(data.x, data.y, strict=True), *zip(data.x_val, data.y_val, strict=True)]
    assert made.points == written([(*x, float(y)) for x, y in every])
    surface = by_hand(Surface(samples=20), tmp_path)
    assert surface.classes is None
    assert len({y for _, _, y in surface.points}) > 10
    assert by_hand(made, tmp_path) is made


@pytest.mark.parametrize(("other", "shape"), [(Iris(), "4"), (Sine(), "1")])
def test_what_is_no_plane_cannot_be_drawn(tmp_path, other, shape):
    with pytest.raises(ProjectError, match=f"only points in the plane are drawn, these are {shape}"):
        by_hand(other, tmp_path)


def test_too_many_are_thinned_out(tmp_path, monkeypatch):
    monkeypatch.setattr(points, "MOST_POINTS", 50)
    made = by_hand(Xor(samples=200), tmp_path)
    assert len(made.points) == 50
    assert {y for _, _, y in made.points} == {0, 1}


def test_digits_that_nobody_sees_are_not_written():
    assert written([(1 / 3, -1e-9 / 3, 1)]) == ((0.333333, -3.33333e-10, 1.0),)
    assert written([(float("inf"), 0, 0), (1, 2, 0)]) == ((1.0, 2.0, 0.0),)


def test_a_project_with_points_trains_and_is_a_line_a_point(tmp_path):
    layers = [{"id": "h1", "kind": "dense", "units": 4}, {"id": "out", "kind": "dense", "units": 1}]
    data = {"kind": "points", "points": FOUR * 5}
    made = project_from(project_json(layers, "binary_cross_entropy", data), tmp_path)
    path = tmp_path / "p.netviz"
    save_project(made, path)
    again = load_project(path)
    assert again.data == made.data
    assert np.isfinite(Trainer(again).run(3).loss)
    text = path.read_text()
    assert "[-1.0, 1.0, 1.0]" in text
    assert len(text.splitlines()) < 120
    assert json.loads(text)["data"]["points"][1] == [-1.0, 1.0, 1.0]
