"""Views are drawn one at a time and evenly, however many there are and however long one takes."""

import numpy as np
import pytest
from PySide6.QtCore import QObject

from netviz.runtime.turns import APART, ROUND, Turns
from tests.netviz.runtime.sessions import FakeView


class Timed(Turns):
    """Turns by a clock of its own: no event loop runs, and `work` is what each view takes."""

    def __init__(self, parent: QObject, work: float = 0.0) -> None:
        super().__init__(parent)
        self.now, self.work = 100.0, work
        self.clock = lambda: self.now
        self.at: list[float] = []  # when each view was drawn

    def run_out(self) -> np.ndarray:
        """Takes turns until nothing waits; when, from the first one on."""
        self.at.clear()
        ended = self.now
        while self.timer.isActive():
            self.now = max(ended, self.now + self.timer.interval() / 1000)
            self.at.append(self.now)
            self.take()
            ended = self.now + self.work
        return np.array(self.at) - self.at[0]


def made(qapp: QObject, count: int, work: float = 0.0) -> tuple[Timed, list[FakeView]]:
    turns, views = Timed(qapp, work), [FakeView("loss") for _ in range(count)]
    for view in views:
        turns.add(view)
    return turns, views


def drawn(views: list[FakeView]) -> list[int]:
    return [view.refreshed for view in views]


def test_one_at_a_time(qapp: QObject) -> None:
    turns, views = made(qapp, 4)
    for view in (*views, *views):
        turns.mark(view)  # twice marked is drawn once
    for count in range(4):
        assert sum(drawn(views)) == count
        turns.take()
    assert drawn(views) == [1, 1, 1, 1]
    assert not turns.timer.isActive()
    for view in views:
        turns.mark(view)
    views[0].visible = False  # hidden before its turn
    turns.take()
    assert drawn(views) == [1, 2, 1, 1]


@pytest.mark.parametrize("count", [1, 7, 14, 22, 40])
@pytest.mark.parametrize("hurried", [True, False])
def test_all_are_drawn_in_a_round_and_as_far_apart(qapp: QObject, count: int, hurried: bool) -> None:
    turns, views = made(qapp, count)
    for number in (1, 2):
        turns.tell({"loss"}, True, hurried)
        assert turns.timer.interval() == 0  # the first at once
        at = turns.run_out()
        assert drawn(views) == [number] * count
        apart = ROUND / count if hurried else min(APART, ROUND / count)
        np.testing.assert_allclose(at, apart * np.arange(count), atol=0.00051)


@pytest.mark.parametrize("work", [0.001, 0.0024])
def test_what_each_takes_is_no_time_lost(qapp: QObject, work: float) -> None:
    turns, _ = made(qapp, 22, work)
    turns.tell({"loss"}, True, True)
    assert turns.run_out()[-1] <= ROUND + work


def test_a_slow_window_draws_one_after_another_and_makes_up_for_little(qapp: QObject) -> None:
    turns, _ = made(qapp, 22, 0.01)
    turns.tell({"loss"}, True, True)
    at = turns.run_out()
    np.testing.assert_allclose(at, 0.01 * np.arange(22))
    turns.work = 0.0
    turns.now += 5.0  # a dialog, or a machine that slept
    turns.tell({"loss"}, True, True)
    assert turns.run_out()[-1] > ROUND * 0.9


def test_when_there_are_too_many_for_every_answer_all_are_drawn_equally_often(qapp: QObject) -> None:
    turns, views = made(qapp, 22)
    for _ in range(30):
        turns.tell({"loss"}, True, True)
        for _ in range(9):
            turns.take()
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
    turns.run_out()
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
    turns.run_out()
    assert order == ["long", "short", "long"]
    assert stranger.refreshed == 0
