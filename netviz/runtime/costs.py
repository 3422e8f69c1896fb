"""What views take of the window's thread: measured now and then, for a measurement has its price."""

from collections.abc import Iterable

from netviz.runtime.view import View

USUAL = 0.001  # seconds, of a view that was never timed
LEAST = 0.00005  # seconds of a turn, whatever the clock says
FIRST, SELDOM = 4, 8  # turns of a view that are all timed; of later ones, for each one that is
SLOWLY = 0.1  # what a measurement counts that is above what is known: something else may have held it up


class Costs:
    """Seconds of the thread for one picture of each view: what it works out, and its painting."""

    def __init__(self) -> None:
        self._known: dict[View, float] = {}
        self._turns: dict[View, int] = {}

    def of(self, views: Iterable[View]) -> float:
        """Of all of them."""
        return sum(self._known.get(view, USUAL) for view in views)

    def due(self, view: View) -> bool:
        """Whether the next turn of `view` is to be timed, which it must have for itself."""
        turns = self._turns.get(view, 0)
        return turns < FIRST or turns % SELDOM == 0

    def count(self, view: View) -> None:
        """`view` has a turn."""
        self._turns[view] = self._turns.get(view, 0) + 1

    def learn(self, view: View, seconds: float) -> None:
        """A turn that has taken so long."""
        known = self._known.get(view, seconds)
        self._known[view] = max(LEAST, min(seconds, known + SLOWLY * (seconds - known)))

    def forget(self, view: View) -> None:
        self._known.pop(view, None)
        self._turns.pop(view, None)
