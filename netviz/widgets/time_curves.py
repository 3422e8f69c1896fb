"""A number for each step of a sequence on a logarithmic axis, a curve a recurrent layer; a pair of axes a lane."""

import numpy as np

from engine.probes.through_time import SweepInTime, ThroughTimeAnswer
from netviz.runtime.history import History, LaneHistory
from netviz.theme import depth_colour
from netviz.widgets.axes import Axes, Scale
from netviz.widgets.curves import Bundle, Style
from netviz.widgets.plot import Plot

DECADES = 16.0  # at most on the axis: below that float64 has no digits left


class TimeCurves(Plot):
    """‖∂L/∂h_t‖ over t. The step under the mouse is one of the sequence, so the shared cursor has no part in it."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.reopened()

    def reopened(self) -> None:
        """The history has other lanes now, or is back at step 0."""
        lanes = self.history.lanes
        self._low, self._high, self._names = np.inf, -np.inf, [()]
        several = len(lanes) > 1
        made = [Axes(Scale.LOG, lane.info.name if several else "", i, end_labels=True) for i, lane in enumerate(lanes)]
        self.arrange(made, in_row=True)

    def refresh(self) -> None:
        """Draws the history as it is now."""
        if len(self.history.lanes) != len(self.axes):
            self.reopened()
        for axes, lane in zip(self.axes, self.history.lanes, strict=True):
            axes.bundles = bundles(lane)
        names = [bundle.names for axes in self.axes for bundle in axes.bundles]
        if names != self._names:
            self._names = names
            self.relay()  # there is room for the names at the curves' ends
        self._show_range()
        self.show_new()

    def _show_range(self) -> None:
        """Whole decades, the same for all lanes; they only grow."""
        drawn = [bundle for axes in self.axes for bundle in axes.bundles]
        values = np.concatenate([np.zeros(0), *(bundle.high.ravel() for bundle in drawn)])
        known = values[np.isfinite(values) & (values > 0)]
        if len(known):
            self._high = max(self._high, float(np.ceil(np.log10(known.max()) + 0.02)))
            self._low = min(self._low, float(np.floor(np.log10(known.min()) - 0.02)))
        low, high = (self._low, self._high) if self._high >= self._low else (-3.0, 0.0)
        low = max(min(low, high - 2), high - DECADES)
        last = max((float(bundle.steps[-1]) for bundle in drawn), default=1.0)
        for axes in self.axes:
            self.show_range(axes, (0.0, max(1.0, last)), (low, high))


def bundles(lane: LaneHistory) -> list[Bundle]:
    """A bundle for each direction, since a backward one is dashed, and for each length."""
    answer = lane.through_time
    if answer is None:
        return []
    made: dict[tuple[int, bool], list[int]] = {}
    for i, sweep in enumerate(answer.sweeps):
        made.setdefault((len(sweep.gradient), sweep.backwards), []).append(i)
    found = []
    for (steps, backwards), numbers in made.items():
        values = np.stack([np.asarray(answer.sweeps[i].gradient) for i in numbers], axis=1)
        colours = tuple(depth_colour(i, max(2, len(answer.sweeps))) for i in numbers)
        labels = tuple(called(answer, answer.sweeps[i]) for i in numbers)
        style = Style.DASHED if backwards else Style.STRONG
        found.append(Bundle(np.arange(float(steps)), values, values, labels, colours, style))
    return found


def called(answer: ThroughTimeAnswer, sweep: SweepInTime) -> str:
    """The node, with the number of its layer where it has several, and an arrow where it has two directions."""
    own = [other for other in answer.sweeps if other.node == sweep.node]
    name = f"{sweep.node}.{sweep.layer + 1}" if any(other.layer for other in own) else sweep.node
    both = any(other.backwards for other in own)
    return name + ((" ←" if sweep.backwards else " →") if both else "")
