"""Views are drawn one at a time and evenly, however many there are and however long one takes."""

from collections.abc import Sequence
from math import inf

import numpy as np
import pytest
from PySide6.QtCore import QObject

from netviz.runtime.costs import FIRST, SELDOM
from netviz.runtime.turns import APART, ROUND, Turns
from tests.netviz.runtime.sessions import FakeView


class Working(FakeView):
    """One whose drawing takes time."""

    def __init__(self, turns: "Timed", seconds: float) -> None:
        super().__init__("loss")
        self.turns, self.seconds = turns, seconds

    def refresh(self) -> None:
        super().refresh()
        self.turns.at.append(self.turns.now)
        self.turns.now += self.seconds


class Timed(Turns):
    """Turns by a clock of its own: no event loop runs, and time is what views take and what turns wait."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.now = 100.0
        self.clock = lambda: self.now
        self.at: list[float] = []  # when each view was drawn

    def run_out(self, until: float = inf) -> np.ndarray:
        """Takes turns until nothing waits; when, from the first one on."""
        self.at.clear()
        while self.timer.isActive() and self.now + self.timer.interval() / 1000 < until:
            self.now += self.timer.interval() / 1000
            self.take()
        return np.array(self.at) - self.at[0] if self.at else np.array([])


def made(qapp: QObject, *work: float) -> tuple[Timed, list[Working]]:
    """Views that take so many seconds each, which the turns have learnt."""
    turns = Timed(qapp)
    views = [Working(turns, seconds) for seconds in work]
    for view in views:
        turns.add(view)
    for _ in range(2):
        turns.tell({"loss"}, True, True)
        turns.run_out()
    for view in views:
        view.refreshed = 0
    turns.now += 1.0
    return turns, views


def drawn(views: Sequence[FakeView]) -> list[int]:
    return [view.refreshed for view in views]


def test_one_at_a_time(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.0] * 4)
    for view in (*views, *views):
        turns.mark(view)  # twice marked is drawn once
    assert turns.timer.interval() == 0  # the first at once
    for count in range(4):
        assert sum(drawn(views)) == count
        while sum(drawn(views)) == count:  # a turn may only tell what the last one has taken
            turns.take()
    turns.run_out()
    assert drawn(views) == [1, 1, 1, 1]
    for view in views:
        turns.mark(view)
    views[0].visible = False  # hidden before its turn
    turns.take()
    assert drawn(views) == [1, 2, 1, 1]


@pytest.mark.parametrize("count", [1, 7, 14, 22, 40])
@pytest.mark.parametrize("hurried", [True, False])
def test_views_alike_are_drawn_in_a_round_and_as_far_apart(qapp: QObject, count: int, hurried: bool) -> None:
    turns, views = made(qapp, *[0.0] * count)
    for number in (1, 2):
        turns.tell({"loss"}, True, hurried)
        assert turns.timer.interval() == 0  # the first at once
        at = turns.run_out()
        assert drawn(views) == [number] * count
        apart = ROUND / count if hurried else min(APART, ROUND / count)
        np.testing.assert_allclose(at, apart * np.arange(count), atol=0.00051)


def test_who_takes_longer_is_followed_by_a_longer_rest(qapp: QObject) -> None:
    """Every stretch of a round has as much to do as any other, whatever it is made of."""
    work = [0.003, 0.0005, 0.0005, 0.001, 0.004, 0.0005, 0.002, 0.0005, 0.001, 0.001]
    turns, _ = made(qapp, *work)
    turns.tell({"loss"}, True, True)
    at = turns.run_out()
    np.testing.assert_allclose(at, ROUND * np.cumsum([0, *work[:-1]]) / sum(work), atol=0.00051)


def test_views_that_are_quickly_drawn_share_a_turn(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.0004] * 9, 0.002, 0.002)
    for _ in range(FIRST - 2):  # each has its turns to be timed behind it
        turns.tell({"loss"}, True, True)
        turns.run_out()
    turns.tell({"loss"}, True, True)
    turns.run_out()
    starts = np.array(turns.at)
    together = np.split(np.arange(11), np.flatnonzero(np.diff(starts) > 0.002) + 1)
    assert [len(some) for some in together] == [3, 3, 3, 1, 1]
    assert len(set(drawn(views))) == 1
    for _ in range(SELDOM):  # now and then each is timed, alone
        turns.tell({"loss"}, True, True)
        turns.run_out()
        alone = (np.diff(turns.at) > 0.002).all()
        if alone:
            break
    assert alone


def test_news_that_have_taken_long_are_followed_by_a_rest_too(qapp: QObject) -> None:
    turns, _ = made(qapp, *[0.001] * 10)
    turns.tell({"loss"}, True, True, 0.004)
    assert turns.timer.interval() == round(1000 * ROUND * 0.004 / 0.014)
    turns.run_out(turns.now + 0.03)
    told = turns.now
    turns.tell({"loss"}, True, True, 0.004)  # while others still wait, too
    turns.run_out()
    assert turns.at[0] - told > 0.9 * ROUND * 0.004 / 0.014


@pytest.mark.parametrize("work", [0.001, 0.0024])
def test_what_each_takes_is_no_time_lost(qapp: QObject, work: float) -> None:
    turns, _ = made(qapp, *[work] * 22)
    turns.tell({"loss"}, True, True)
    assert turns.run_out()[-1] <= ROUND + work


def test_one_that_was_held_up_once_takes_no_longer_for_that(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.001] * 10)
    views[0].seconds = 0.5
    turns.tell({"loss"}, True, True)
    turns.run_out()
    views[0].seconds = 0.001
    for _ in range(SELDOM):
        turns.tell({"loss"}, True, True)
        at = turns.run_out()
    np.testing.assert_allclose(at, ROUND / 10 * np.arange(10), atol=0.00051)


def test_a_slow_window_draws_one_after_another_and_makes_up_for_little(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.01] * 22)
    turns.tell({"loss"}, True, True)
    np.testing.assert_allclose(turns.run_out(), 0.01 * np.arange(22), atol=1e-9)
    for view in views:
        view.seconds = 0.0
    turns.now += 5.0  # a dialog, or a machine that slept
    turns.tell({"loss"}, True, True)
    assert turns.run_out()[-1] > ROUND * 0.9


def test_when_there_are_too_many_for_every_answer_all_are_drawn_equally_often(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.001] * 22)
    for _ in range(30):
        turns.tell({"loss"}, True, True)
        turns.run_out(turns.now + ROUND / 3)
    assert sum(drawn(views)) < 30 * 22
    assert max(drawn(views)) - min(drawn(views)) <= 1


def test_a_view_that_fails_holds_up_no_other(qapp: QObject) -> None:
    class Broken(FakeView):
        def refresh(self) -> None:
            raise ValueError("broken")

    turns, whole = Timed(qapp), FakeView("loss")
    for view in (Broken("loss"), whole):
        turns.add(view)
        turns.mark(view)
    with pytest.raises(ValueError, match="broken"):
        turns.take()
    while turns.timer.isActive():
        turns.take()
    assert whole.refreshed == 1


def test_a_view_that_marks_itself_has_another_turn_after_the_others(qapp: QObject) -> None:
    turns, order = Timed(qapp), list[str]()

    class Long(FakeView):
        def refresh(self) -> None:
            order.append("long")
            if len(order) < 3:
                turns.mark(self)

    class Short(FakeView):
        def refresh(self) -> None:
            order.append("short")

    stranger = FakeView("loss")
    turns.mark(stranger)
    assert not turns.timer.isActive(), "who is no view of the session has no turn"
    for view in (Long("loss"), Short("loss")):
        turns.add(view)
        turns.mark(view)
    while turns.timer.isActive():
        turns.take()
    assert order == ["long", "short", "long"]
    assert stranger.refreshed == 0
