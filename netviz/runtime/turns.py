"""Whose turn it is to be drawn: views with news, a few at a time, so that input never waits for all of them."""

from time import monotonic

from PySide6.QtCore import QObject, Qt, QTimer

from engine.run.messages import Watch
from netviz.runtime.view import View

CALM_MS = 400  # between two pictures of a view, for those who want less motion
VIEW_MS = 4  # from one turn to the next
TURNS = 14  # in which all views are drawn that have something to draw, as many in each: just before the next answer
QUICK = 1.0  # views in a turn, at least, while answers come as they like


class Turns(QObject):
    """The views of a run; a hidden one has no turn and wants to know nothing."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.views: list[View] = []
        self.waiting: list[View] = []  # have something to draw
        self.calm = False  # pictures change seldom
        self.held: set[str] = set()  # topics that have news, while it is too early to show them
        self._shown_at = 0.0
        self._least = QUICK  # views in a turn
        self._each = self._owed = 0.0  # views in a turn, and those that are due
        self.timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=VIEW_MS)
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
            self._each = max(self._each, self._least, len(self.waiting) / TURNS)
        if self.waiting and not self.timer.isActive():
            self._owed = max(0.0, 1.0 - self._each)  # the first one need not wait
            self.timer.start()

    def tell(self, topics: set[str], running: bool, hurried: bool = False) -> None:
        """Views with news are drawn; calmly, not all the time while it runs.

        In a hurry few are drawn as evenly as many: answers come at their own time, and no frame has all the work.
        """
        if self.calm and running and monotonic() - self._shown_at < CALM_MS / 1000:
            self.held |= topics
            return
        topics, self.held, self._shown_at = topics | self.held, set(), monotonic()
        self._least = 0.0 if hurried else QUICK
        for view in self.visible():
            if view.topics & topics:
                self.mark(view)

    def take(self) -> None:
        """One turn; what is drawn in it is painted before the next."""
        self.waiting = [view for view in self.waiting if view.isVisible()]
        self._owed += self._each
        due = int(self._owed + 1e-9)
        self._owed -= due
        for view in [view for view in self.views if view in self.waiting][:due]:
            # Behind all others: when there are too many for every answer, all are drawn equally often.
            self.views.remove(view)
            self.views.append(view)
            self.waiting.remove(view)
            view.refresh()
        if not self.waiting:
            self.timer.stop()
            self._each = 0.0
