"""Whose turn it is to be drawn: views with news, one at a time, so that input never waits for all of them."""

from time import monotonic

from PySide6.QtCore import QObject, Qt, QTimer

from engine.run.messages import Watch
from netviz.runtime.view import View

CALM = 0.4  # seconds between two pictures of a view, for those who want less motion
ROUND = 0.056  # seconds in which all views are drawn that have something to draw: just before the next answer
APART = 0.004  # seconds from one view to the next, at most, while answers come as they like


class Turns(QObject):
    """The views of a run; a hidden one has no turn and wants to know nothing."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.views: list[View] = []
        self.waiting: list[View] = []  # have something to draw
        self.calm = False  # pictures change seldom
        self.held: set[str] = set()  # topics that have news, while it is too early to show them
        self.clock = monotonic
        self._shown_at = 0.0
        self._longest = APART
        self._apart = ROUND  # seconds from one view to the next in this round
        self._due = 0.0  # when the next one should have been drawn
        self._going = False
        self.timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, singleShot=True)
        self.timer.timeout.connect(self.take)

    def add(self, view: View) -> None:
        self.views.append(view)

    def remove(self, view: View) -> None:
        self.views.remove(view)
        if view in self.waiting:
            self.waiting.remove(view)

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
        if view in self.views and view not in self.waiting:
            self.waiting.append(view)
            self._apart = min(self._apart, self._longest, ROUND / len(self.waiting))
        if self.waiting and not self._going:
            self._going, self._due = True, self.clock()
            self.timer.start(0)

    def tell(self, topics: set[str], running: bool, hurried: bool = False) -> None:
        """Views with news are drawn; calmly, not all the time while it runs.

        In a hurry few are drawn as evenly as many: answers come at their own time, and no frame has all the work.
        """
        if self.calm and running and self.clock() - self._shown_at < CALM:
            self.held |= topics
            return
        topics, self.held, self._shown_at = topics | self.held, set(), self.clock()
        self._longest = ROUND if hurried else APART
        for view in self.visible():
            if view.topics & topics:
                self.mark(view)

    def take(self) -> None:
        """One turn; what is drawn in it is painted before the next."""
        self.waiting = [view for view in self.waiting if view.isVisible()]
        view = next((view for view in self.views if view in self.waiting), None)
        if view is not None:
            # Behind all others: when there are too many for every answer, all are drawn equally often.
            self.views.remove(view)
            self.views.append(view)
            self.waiting.remove(view)
        self._wait()
        if view is not None:
            view.refresh()

    def _wait(self) -> None:
        """Until the next one's turn, if there is one."""
        if not self.waiting:
            self.timer.stop()
            self._going, self._apart = False, ROUND
            return
        now = self.clock()
        # What came late is made up for, but not without end: a slow window costs frames.
        self._due = max(self._due + self._apart, now - ROUND / 8)
        self.timer.start(max(0, round(1000 * (self._due - now))))
