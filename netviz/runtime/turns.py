"""Whose turn it is to be drawn: views with news, one at a time, so that input never waits for all of them."""

from time import monotonic

from PySide6.QtCore import QObject, Qt, QTimer

from engine.run.messages import Watch
from netviz.runtime.costs import Costs
from netviz.runtime.view import View

CALM = 0.4  # seconds between two pictures of a view, for those who want less motion
ROUND = 0.058  # seconds in which all views are drawn that have something to draw: just before the next answer
APART = 0.004  # seconds from one view to the next, at most, while answers come as they like
ENOUGH = 0.0015  # seconds of a turn after which the next one begins: each has its price for the screen
LATE = 0.004  # seconds that are made up for: a slow window costs frames, but none has the work of several


class Turns(QObject):
    """The views of a run; a hidden one has no turn and wants to know nothing.

    A view that takes longer is followed by a longer rest, so that all frames have about as much to do.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.views: dict[View, None] = {}  # the one that was drawn last behind all others
        self.waiting: dict[View, None] = {}  # have something to draw, the one that waits longest first
        self.calm = False  # pictures change seldom
        self.held: set[str] = set()  # topics that have news, while it is too early to show them
        self.clock = monotonic
        self._shown_at = 0.0
        self._longest = APART
        self._costs = Costs()
        self._share = 0.0  # of the time that drawing takes in this round
        self._due = 0.0  # when the next one should have been drawn
        self._going = False
        self._timed: tuple[View, float] | None = None  # the one that is being painted, and when its turn began
        self.timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, singleShot=True)
        self.timer.timeout.connect(self.take)

    def add(self, view: View) -> None:
        self.views[view] = None

    def remove(self, view: View) -> None:
        del self.views[view]
        self.waiting.pop(view, None)
        self._costs.forget(view)

    def visible(self) -> list[View]:
        return [view for view in self.views if view.isVisible()]

    def watch(self) -> Watch:
        """What the visible ones want to know."""
        visible = self.visible()
        probes = tuple(dict.fromkeys(probe for view in visible for probe in view.probes))
        health = any(view.needs_health for view in visible)
        return Watch(probes, health or any(view.needs_layers for view in visible), health)

    def mark(self, view: View) -> None:
        """`view` has something to draw, in one of the next turns."""
        if view in self.views:
            self.waiting[view] = None
            self._share = max(self._share, self._costs.of(self.waiting) / ROUND)
            self._go()

    def tell(self, topics: set[str], running: bool, hurried: bool = False, spent: float = 0.0) -> None:
        """Views with news are drawn; calmly, not all the time while it runs.

        In a hurry few are drawn as evenly as many: answers come at their own time, and no frame has all the work.
        Seconds that were `spent` on the news are part of that.
        """
        if self.calm and running and self.clock() - self._shown_at < CALM:
            self.held |= topics
            return
        topics, self.held, self._shown_at = topics | self.held, set(), self.clock()
        self._longest = ROUND if hurried else APART
        for view in self.visible():
            if view.topics & topics:
                self.waiting[view] = None
        self._share = (self._costs.of(self.waiting) + spent) / ROUND
        self._go()
        if self._going:
            self._wait(spent)

    def take(self) -> None:
        """One turn: a view, or a few that are quickly drawn, which are painted together before the next."""
        if self._timed is not None:
            (view, began), self._timed = self._timed, None
            spent = self._costs.of((view,))  # what this round was planned with
            if view in self.views:
                self._costs.learn(view, self.clock() - began)
            self._wait(spent)
            return
        spent = 0.0
        try:
            while (view := self._next()) is not None:
                spent += self._costs.of((view,))
                if self._costs.due(view):
                    self._timed = view, self.clock()
                self._costs.count(view)
                view.refresh()
                if self._timed is not None or not self._goes_along(spent):
                    break
        finally:
            if self._timed is not None:
                self.timer.start(0)  # when it has been painted, which comes first
            else:
                self._wait(spent)

    def _goes_along(self, spent: float) -> bool:
        """Whether the next one can be drawn in the same turn, of which so much is `spent`."""
        following = next(iter(self.waiting), None)
        if following is None or self._costs.due(following):
            return False
        return spent + self._costs.of((following,)) <= ENOUGH

    def _next(self) -> View | None:
        while self.waiting:
            view = next(iter(self.waiting))
            del self.waiting[view]
            if view.isVisible():
                # When there are too many for every answer, all are drawn equally often.
                del self.views[view]
                self.views[view] = None
                return view
        return None

    def _go(self) -> None:
        if self.waiting and not self._going:
            self._going, self._due = True, self.clock()
            self._wait(0.0)

    def _wait(self, spent: float) -> None:
        """Until the next one's turn, if there is one: so long that what was `spent` is the share of the time."""
        if not self.waiting and self._timed is None:
            self._stop()
            return
        now = self.clock()
        self._due = max(self._due + (min(spent / self._share, self._longest) if spent else 0.0), now - LATE)
        if self._timed is None:
            self.timer.start(max(0, round(1000 * (self._due - now))))

    def _stop(self) -> None:
        self.timer.stop()
        self._going, self._share = False, 0.0
