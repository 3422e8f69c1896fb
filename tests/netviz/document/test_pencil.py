"""A brush adds and takes away what lies under it, and every stroke is one step of the document."""

import math

import numpy as np
import pytest

from engine.data.points import MOST_POINTS, PointsByHand
from engine.data.shipped import Iris
from engine.data.toy import Blobs, Xor
from engine.errors import ProjectError
from engine.graph import Graph, Node
from engine.layers.input import Input
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Adam
from engine.project import Project
from engine.training import Training
from netviz.document.difference import Kind, difference
from netviz.document.document import Document
from netviz.document.pencil import added, along, draw, draw_by_hand, erased, sprayed, values_of

RNG = np.random.default_rng(0)


def document(data) -> Document:
    training = Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.03))
    return Document(Project("p", data, Graph((Node("x", Input()),), ()), training))


def test_a_dab_is_even_on_a_disc() -> None:
    points = sprayed((2.0, -1.0), 0.5, 4000, 1.0, RNG)
    far = np.array([math.hypot(x1 - 2, x2 + 1) for x1, x2, _ in points])
    assert far.max() <= 0.5 + 1e-5
    assert (far < 0.25).mean() == pytest.approx(0.25, abs=0.03)  # a quarter of the area
    assert {y for *_, y in points} == {1.0}
    assert sprayed((2.0, -1.0), 0.5, 1, 0.0, RNG) == ((2.0, -1.0, 0.0),)


def test_there_is_a_most_of_points() -> None:
    full = ((0.0, 0.0, 0.0),) * (MOST_POINTS - 1)
    assert len(added(full, ((1.0, 1.0, 1.0),) * 5)) == MOST_POINTS
    assert len(added(added(full, ((1.0, 1.0, 1.0),)), ((1.0, 1.0, 1.0),))) == MOST_POINTS


def test_erasing_takes_what_lies_under_the_brush() -> None:
    points = ((0.0, 0.0, 0.0), (0.3, 0.0, 1.0), (0.0, 0.9, 0.0))
    assert erased(points, (0.0, 0.0), 0.4) == points[2:]
    assert erased(points, (5.0, 5.0), 0.4) is points
    assert erased((), (0.0, 0.0), 1.0) == ()


def test_dabs_stand_evenly_along_a_stroke() -> None:
    places = along((0.0, 0.0), (3.0, 4.0), 1.0)
    assert len(places) == 5
    assert places[0] == pytest.approx((0.6, 0.8))
    assert places[-1] == pytest.approx((3.0, 4.0))
    assert along((0.0, 0.0), (0.5, 0.0), 1.0) == along((1.0, 1.0), (1.0, 1.0), 1.0) == []


def test_what_a_point_can_be_given() -> None:
    assert values_of(PointsByHand(points=(), classes=3)) == (0.0, 1.0, 2.0)
    assert values_of(PointsByHand(points=((0, 0, -4.0), (0, 0, 4.0)), classes=None)) == (-4, -2, 0, 2, 4)
    assert values_of(PointsByHand(points=((0, 0, 3.0),), classes=None)) == (2, 2.5, 3, 3.5, 4)


def test_drawing_begins_with_what_is_there_or_with_nothing() -> None:
    made = document(Blobs(samples=30, classes=3))
    draw_by_hand(made)
    assert (len(made.project.data.points), made.project.data.classes) == (30, 3)
    draw_by_hand(made)
    assert made.stack.count() == 1, "they are one's own already"
    draw_by_hand(made, empty=True)
    assert (made.project.data.points, made.project.data.classes) == ((), 3)
    other = document(Iris())
    draw_by_hand(other)
    assert other.project.data == PointsByHand(points=())
    assert str(other.problems()[0]).startswith("data.points: expected at least 2, got 0")
    other.stack.undo()
    assert other.project.data == Iris()


def test_a_stroke_is_one_step_that_does_not_spell_out_its_points() -> None:
    made = document(Xor(samples=40))
    draw_by_hand(made)
    before = made.project
    stroke = object()
    for i in range(1, 4):
        draw(made, [*before.data.points, *((0.5, 0.5, 1.0),) * i], stroke)
    draw(made, made.project.data.points[:10], object())
    assert (made.stack.count(), made.stack.undoText()) == (3, "Erase points")
    made.stack.undo()
    assert (len(made.project.data.points), made.stack.undoText()) == (43, "Draw points")
    found = difference(before, made.project)
    assert (found.kind, found.words) == (Kind.RESTART, "points of the data: 40 → 43")
    moved = document(PointsByHand(points=before.data.points[::-1], validation=0.25)).project
    assert difference(before, moved).words.startswith("points of the data: 40 → 40 others")
    made.stack.undo()
    assert made.project == before
    with pytest.raises(ProjectError):
        draw(document(Xor()), (), None)
