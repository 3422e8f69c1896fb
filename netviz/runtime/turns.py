"""Whose turn it is to be drawn: views with news, a few in each frame, so that input never waits for all of them."""

from time import monotonic

from PySide6.QtCore import QObject, Qt, QTimer

from engine.run.messages import Watch
from netviz.runtime.costs import Costs
from netviz.runtime.view import View

CALM = 0.4  # seconds between two pictures of a view, for those who want less motion
FRAME = 1 / 60  # seconds
ROUND = 0.055  # seconds in which all views are drawn that have something to draw: just before the next answer
FREE = 0.003  # seconds that a frame may take for views in any case
NEWS = 16  # frames over which what news take is averaged: they come in each third or fourth
GAP = 1  # milliseconds from one turn to the next, in which input that waits comes first
ENOUGH = 0.0015  # seconds of a turn after which the next one begins: each has its price for the screen


class Turns(QObject):
    """The views of a run; a hidden one has no turn and wants to know nothing.

    Each frame draws as much as any other of those in a round: as many views as have about their share of the cost.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.views: dict[View, None] = {}  # the one that was drawn last behind all others
        self.waiting: dict[View, None] = {}  # have something to draw, the one that waits longest first
        self.calm = False  # pictures change seldom
        self.held: set[str] = set()  # topics that have news, while it is too early to show them
        self.clock = monotonic
        self._shown_at = 0.0
        self._costs = Costs()
        self._share = 0.0  # of the time that drawing takes in this round
        self._left = 0.0  # seconds that this frame may still take
        self._over = 0.0  # of the frame before: what was too little for the next view, or what it has taken too much
        self._news = 0.0  # seconds of a frame that news take, on average
        self._idle = True  # nothing was drawn in this frame
        self._still: set[View] = set()  # stay on the screen as they are until their turn
        self._timed: tuple[View, float] | None = None  # the one that is being painted, and when its turn began
        self.timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, singleShot=True, interval=0)
        self.timer.timeout.connect(self.take)

    def add(self, view: View) -> None:
        self.views[view] = None

    def remove(self, view: View) -> None:
        del self.views[view]
        self.waiting.pop(view, None)
        self._release(view)
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
            self._go_on()

    def hold(self) -> None:
        """All that is seen is to be painted anew, each in its turn: what was there stays on the screen until then."""
        for view in self.visible():
            view.hold(True)
            self._still.add(view)
            self.mark(view)

    def _release(self, view: View) -> None:
        if view in self._still:
            self._still.remove(view)
            view.hold(False)

    def tell(self, topics: set[str], running: bool) -> None:
        """Views with news are drawn; calmly, not all the time while it runs."""
        if self.calm and running and self.clock() - self._shown_at < CALM:
            self.held |= topics
            return
        topics, self.held, self._shown_at = topics | self.held, set(), self.clock()
        for view in self.visible():
            if view.topics & topics:
                self.waiting[view] = None
        self._share = self._costs.of(self.waiting) / ROUND

    def frame(self, spent: float) -> None:
        """A frame begins, of which so many seconds were `spent` on the news."""
        self._news += (spent - self._news) / NEWS
        self._left = max(-FRAME, self._over) + max(FREE, FRAME * self._share) + self._news - spent
        self._idle = True
        self._go_on()

    def take(self) -> None:
        """One turn: a view, or a few that are quickly drawn, which are painted together before the next."""
        if self._timed is not None:
            self._learn(*self._timed)
        spent = 0.0
        try:
            while self._has_room(spent):
                view = next(iter(self.waiting))
                del self.waiting[view]
                self._release(view)
                if not view.isVisible():
                    continue
                # When there are too many for every answer, all are drawn equally often.
                del self.views[view]
                self.views[view], self._idle = None, False
                spent += self._costs.of((view,))
                if self._costs.due(view):
                    self._timed = view, self.clock()
                self._costs.count(view)
                view.refresh()
        finally:
            self._left -= spent
            self._go_on()

    def _has_room(self, spent: float) -> bool:
        """Whether the next one can be drawn in this turn, of which so much is `spent`, and in this frame."""
        following = next(iter(self.waiting), None)
        if following is None or self._timed is not None:
            return False
        cost = self._costs.of((following,))
        if spent and (spent + cost > ENOUGH or self._costs.due(following)):
            return False
        # Half of it may be too much for this frame, and half for the one before.
        return self._left - spent > (0.0 if self._idle else cost / 2)

    def _learn(self, view: View, began: float) -> None:
        self._timed, taken = None, self.clock() - began
        if view in self.views:
            self._costs.learn(view, taken)

    def _go_on(self) -> None:
        """With the next turn, once what was drawn has been painted, which comes first; or else in the next frame."""
        if self._timed is not None:
            self.timer.start(0)
        elif self._has_room(0.0):
            self.timer.start(GAP)
        elif self.waiting:
            self._over = self._left
        else:
            self._over, self._share = min(0.0, self._left), 0.0
