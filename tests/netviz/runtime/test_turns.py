"""Views are drawn a few in each frame and evenly, however many there are and however long one takes."""

from collections.abc import Sequence

import numpy as np
import pytest
from PySide6.QtCore import QObject

from netviz.runtime.costs import FIRST, SELDOM
from netviz.runtime.turns import ENOUGH, FRAME, FREE, ROUND, Turns
from tests.netviz.runtime.sessions import FakeView


class Working(FakeView):
    """One whose drawing takes time."""

    def __init__(self, turns: "Timed", seconds: float) -> None:
        super().__init__("loss")
        self.turns, self.seconds = turns, seconds

    def refresh(self) -> None:
        super().refresh()
        self.turns.now += self.seconds


class Timed(Turns):
    """Turns by a clock of its own: no event loop runs, and time is what views take."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.now = 100.0
        self.clock = lambda: self.now

    def run_frame(self, spent: float = 0.0) -> float:
        """What a frame has drawn, in seconds."""
        began = self.now
        self.frame(spent)
        while self.timer.isActive():
            self.timer.stop()
            self.take()
        drawn, self.now = self.now - began, max(began + FRAME, self.now)
        return drawn

    def run_out(self) -> list[float]:
        """Frames until nothing waits; what each has drawn."""
        frames = [self.run_frame()]
        while self.waiting:
            frames.append(self.run_frame())
        return frames


def made(qapp: QObject, *work: float) -> tuple[Timed, list[Working]]:
    """Views that take so many seconds each, which the turns have learnt."""
    turns = Timed(qapp)
    views = [Working(turns, seconds) for seconds in work]
    for view in views:
        turns.add(view)
    for _ in range(FIRST):
        turns.tell({"loss"}, True)
        turns.run_out()
    for view in views:
        view.refreshed = 0
    turns.run_frame()
    return turns, views


def drawn(views: Sequence[FakeView]) -> list[int]:
    return [view.refreshed for view in views]


def test_one_at_a_time(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.001] * 4)
    for view in (*views, *views):
        turns.mark(view)  # twice marked is drawn once
    assert turns.timer.isActive(), "nothing was drawn in this frame: the first at once"
    for count in range(4):
        assert sum(drawn(views)) == count
        turns.take()
    turns.run_out()
    assert drawn(views) == [1, 1, 1, 1]
    for view in views:
        turns.mark(view)
    views[0].visible = False  # hidden before its turn
    turns.run_frame()
    assert drawn(views) == [1, 2, 2, 2]


@pytest.mark.parametrize("count", [1, 7, 14, 22, 40, 200])
def test_all_are_drawn_before_the_next_answer(qapp: QObject, count: int) -> None:
    turns, views = made(qapp, *[0.0002] * count)
    for number in (1, 2):
        turns.tell({"loss"}, True)
        frames = turns.run_out()
        assert drawn(views) == [number] * count
        assert len(frames) <= np.ceil(ROUND / FRAME)
        if count * 0.0002 <= FREE:
            assert len(frames) == 1, "what is soon done is done at once"


WORK = {
    "few": (0.001,) * 5,
    "alike": (0.002,) * 12,
    "unlike": (0.004, 0.0004, 0.003) * 3,
    "one long": (0.001,) * 9 + (0.012,),
}


@pytest.mark.parametrize("name", WORK)
def test_no_frame_has_much_more_to_do_than_others(qapp: QObject, name: str) -> None:
    work = WORK[name]
    turns, views = made(qapp, *work)
    frames, rounds = list[float](), 40
    for number in range(rounds * 4):  # an answer in each fourth frame
        if number % 4 == 0:
            turns.tell({"loss"}, True)
        frames.append(turns.run_frame())
    even = sum(work) * FRAME / ROUND
    assert max(frames) <= max(FREE, even) + max(work)
    assert np.mean(np.array(frames) > max(FREE, even) + np.median(work)) <= 0.25  # of one long it is every fourth
    assert min(drawn(views)) >= 0.97 * rounds  # and yet all are drawn


def test_what_news_have_taken_is_not_there_for_views(qapp: QObject) -> None:
    turns, _ = made(qapp, *[0.001] * 30)
    turns.tell({"loss"}, True)
    share = 30 * 0.001 * FRAME / ROUND
    assert turns.run_frame(0.004) == pytest.approx(share - 0.004, abs=0.001)
    assert turns.run_frame() == pytest.approx(share, abs=0.001)


def test_views_that_are_quickly_drawn_share_a_turn(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.0004] * 7, 0.002)
    each = int(ENOUGH / 0.0004)
    turns.tell({"loss"}, True)
    turns.frame(0.0)
    for view in views:
        turns.mark(view)
    turns._costs._turns.clear()
    for view in views:
        for _ in range(FIRST + 1):  # not to be timed now
            turns._costs.count(view)
    turns.take()
    assert sum(drawn(views)) == each
    turns.take()
    assert sum(drawn(views)) == 2 * each


def test_one_that_is_timed_has_its_turn_for_itself(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.0001] * 5)
    learnt = turns._costs.of(views)
    for view in views:
        view.seconds = 0.00005
    for _ in range(SELDOM + 1):
        turns.tell({"loss"}, True)
        turns.run_out()
    assert turns._costs.of(views) == pytest.approx(learnt / 2, rel=1e-6)


def test_one_that_was_held_up_once_takes_no_longer_for_that(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.001] * 10)
    known = turns._costs.of(views)
    views[0].seconds = 0.5
    for _ in range(SELDOM):
        turns.tell({"loss"}, True)
        turns.run_out()
        if max(drawn(views)) and turns._costs.of(views) > known:
            views[0].seconds = 0.001
    for _ in range(SELDOM):
        turns.tell({"loss"}, True)
        turns.run_out()
    assert turns._costs.of(views) == pytest.approx(known, rel=1e-6)


def test_a_slow_window_draws_all_and_makes_up_for_little(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.01] * 22)
    turns.tell({"loss"}, True)
    frames = turns.run_out()
    assert drawn(views) == [1] * 22
    assert max(frames) <= 22 * 0.01 * FRAME / ROUND + 0.01
    turns.now += 5.0  # a dialog, or a machine that slept
    for view in views:
        view.seconds = 0.001
    turns.tell({"loss"}, True)
    assert turns.run_frame() <= 0.01


def test_when_there_are_too_many_for_every_answer_all_are_drawn_equally_often(qapp: QObject) -> None:
    turns, views = made(qapp, *[0.001] * 22)
    for _ in range(30):
        turns.tell({"loss"}, True)
        turns.run_frame()
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
    turns.frame(0.0)
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
    assert not turns.waiting, "who is no view of the session has no turn"
    for view in (Long("loss"), Short("loss")):
        turns.add(view)
        turns.mark(view)
    turns.run_out()
    assert order == ["long", "short", "long"]
    assert stranger.refreshed == 0


def test_a_view_that_goes_while_it_is_painted_is_forgotten(qapp: QObject) -> None:
    turns, view = Timed(qapp), FakeView("loss")
    turns.add(view)
    turns.mark(view)
    turns.frame(0.0)
    turns.take()  # timed: what it has taken is known once it has been painted
    turns.remove(view)
    turns.timer.stop()
    turns.take()
    assert not turns._costs._known
    assert not turns.timer.isActive()


def test_what_is_to_be_painted_anew_stays_as_it_is_until_its_turn(qapp) -> None:
    turns, views = made(qapp, *[0.004] * 6)
    away, gone = views[4:]
    turns.hold()
    away.visible = False
    turns.remove(gone)
    assert not gone.still
    frames = 0
    while turns.waiting:
        assert [view.still for view in views[:4]] == [view in turns.waiting for view in views[:4]]
        turns.run_frame()
        frames += 1
    assert frames > 1, "not all in one"
    assert not any(view.still for view in views), "nor those that nobody sees by then"
    assert drawn(views) == [1, 1, 1, 1, 0, 0]
