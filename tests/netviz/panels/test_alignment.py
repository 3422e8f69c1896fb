"""Pictures known up to a turn follow the picture before: against turns that are known."""

import numpy as np
import pytest

from netviz.widgets.alignment import Steady, turn_to

POINTS = np.random.default_rng(0).standard_normal((40, 2)) * [3.0, 1.0]


def turned(angle: float, *, flipped: bool = False) -> np.ndarray:
    made = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return made @ np.diag([1.0, -1.0]) if flipped else made


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 2, 3.0])
def test_finds_the_turn_back(angle: float, flipped: bool) -> None:
    turn = turn_to(POINTS @ turned(angle, flipped=flipped), POINTS)
    np.testing.assert_allclose(POINTS @ turned(angle, flipped=flipped) @ turn, POINTS, atol=1e-12)
    np.testing.assert_allclose(turn @ turn.T, np.eye(2), atol=1e-12)


def test_no_turn_is_nearer() -> None:
    rng = np.random.default_rng(1)
    now = POINTS @ turned(1.1) + rng.normal(0, 0.5, POINTS.shape)
    best = np.square(now @ turn_to(now, POINTS) - POINTS).sum()
    tried = [
        np.square(now @ turned(angle, flipped=flipped) - POINTS).sum()
        for angle in np.linspace(0, 2 * np.pi, 721)
        for flipped in (False, True)
    ]
    assert best <= min(tried)
    assert best == pytest.approx(min(tried), rel=1e-3)


def test_axes_that_change_sign_and_place_do_not_move_the_picture() -> None:
    steady = Steady()
    first = POINTS @ steady.turn("a", 1, POINTS)
    for answer, axes in enumerate((np.diag([-1.0, 1.0]), np.array([[0.0, 1.0], [-1.0, 0.0]]), np.eye(2)), 2):
        now = POINTS @ axes
        np.testing.assert_allclose(now @ steady.turn("a", answer, now), first, atol=1e-12)


def test_the_same_answer_keeps_its_turn_and_each_picture_its_own() -> None:
    steady, other = Steady(), POINTS @ turned(0.7)
    assert (steady.turn("a", 1, POINTS) == np.eye(2)).all()
    turn = steady.turn("a", 2, other)
    assert steady.turn("a", 2, other) is turn
    assert (steady.turn("b", 2, other) == np.eye(2)).all()
    steady.forget()
    assert (steady.turn("a", 2, other) == np.eye(2)).all()


def test_fewer_examples_and_numbers_that_are_none() -> None:
    steady = Steady()
    steady.turn("a", 1, POINTS)
    other = POINTS @ turned(0.7)
    np.testing.assert_allclose(other[:10] @ turn_to(other[:10], POINTS), POINTS[:10], atol=1e-12)
    some = other.copy()
    some[3] = np.nan
    np.testing.assert_allclose(turn_to(some, POINTS), turn_to(other, POINTS), atol=0.1)
    assert (steady.turn("a", 2, POINTS * np.nan) == np.eye(2)).all()
    np.testing.assert_allclose(other @ steady.turn("a", 3, other), POINTS, atol=1e-12)  # what was before them counts
    assert np.isfinite(turn_to(POINTS * 1e300, POINTS * 1e300)).all()
