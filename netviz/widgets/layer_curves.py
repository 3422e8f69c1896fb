"""One scalar of every layer with weights over steps, on a logarithmic axis: a pair of axes for each lane, in a row."""

from collections.abc import Iterable

import numpy as np

from netviz.runtime.history import History, LaneHistory
from netviz.theme import depth_colour
from netviz.widgets.axes import Axes, Scale
from netviz.widgets.curves import Bundle, Style, evenly, means
from netviz.widgets.guides import Guide
from netviz.widgets.marks import NO_RUN
from netviz.widgets.plot import Plot
from netviz.widgets.ticks import Reach, figure

Row = tuple[str | float | int | None, ...]
COLUMNS = 200  # that the range is taken from
RARE = 100  # one value in so many may lie below the axis: a dead batch does not flatten the rest
DECADES = 16.0  # at most on the axis: below that float64 has no digits left
BEYOND = 0.3  # decades that a guide keeps from the axis' end


class LayerCurves(Plot):
    """`field` of the layers' scalars; `guides` are lines that the axis always shows."""

    layered = True

    def __init__(self, history: History, field: str, guides: tuple[Guide, ...] = ()) -> None:
        super().__init__()
        self.history, self.field, self.guides = history, field, guides
        self.follow(history.cursor)
        self.reopened()

    def reopened(self) -> None:
        """The history has other lanes now, or is back at step 0."""
        lanes = self.history.lanes
        made = [
            Axes(Scale.LOG, lane.info.name if len(lanes) > 1 else "", i, end_labels=True, guides=self.guides)
            for i, lane in enumerate(lanes)
        ]
        self._right = Reach(10.0)
        self._low, self._high = np.inf, -np.inf
        for guide in self.guides:
            place = np.log10(guide.value)
            self._low, self._high = min(self._low, place - BEYOND), max(self._high, place + BEYOND)
        for axes, lane in zip(made, lanes, strict=True):
            axes.bundles = [layer_bundle(lane, self.field)]
        self.arrange(made, in_row=True)

    def refresh(self, waiting: str) -> None:
        """Draws the history as it is now; `waiting` says what would fill an empty plot."""
        lanes = self.history.lanes
        if len(lanes) != len(self.axes):
            self.reopened()
        if not any(lane.weighted() for lane in lanes):
            self.show_note("No layer with weights." if lanes else NO_RUN)
        elif not any(len(lane.layers) for lane in lanes):
            self.show_note(waiting)
        else:
            self.show_note("")
            for axes, lane in zip(self.axes, lanes, strict=True):
                axes.apart = lane.apart
                axes.bundles = [layer_bundle(lane, self.field)]
            self._show_range()
            self.show_new()

    def _show_range(self) -> None:
        """Whole decades, the same for all lanes; they only grow."""
        last = max(axes.bundles[0].steps[-1] for axes in self.axes if len(axes.bundles[0].steps))
        steps = (0.0, self._right.take(float(last)))
        for axes in self.axes:
            bundle = axes.bundles[0]
            if bundle.middle.size and 10**self._low <= bundle.middle.min() and bundle.middle.max() <= 10**self._high:
                continue  # so are means of these numbers
            drawn = means(bundle.steps, bundle.middle, 0.0, steps[1], COLUMNS)[1]
            known = np.sort(drawn[np.isfinite(drawn) & (drawn > 0)])
            if len(known):
                self._high = max(self._high, float(np.ceil(np.log10(known[-1]) - 1e-9)))
                self._low = min(self._low, float(np.floor(np.log10(known[len(known) // RARE]) + 1e-9)))
        if self._high < self._low:
            self._low, self._high = -3.0, 0.0
        low = max(min(self._low, self._high - 2), self._high - DECADES)
        for axes in self.axes:
            self.show_range(axes, steps, (low, self._high))


def layer_bundle(lane: LaneHistory, field: str) -> Bundle:
    """`field` of the layers with weights, coloured by depth."""
    numbers, count = lane.weighted(), len(lane.info.layers)
    which = evenly([lane.column(i, field) for i in numbers])
    low, high, mean = (part.T[which].T for part in (lane.layers.low, lane.layers.high, lane.layers.mean))
    names = tuple(lane.info.layers[i] for i in numbers)
    colours = tuple(depth_colour(i, count) for i in numbers)
    return Bundle(lane.layers.steps, low, high, names, colours, Style.STRONG, mean)


def latest_in_words(lane: LaneHistory, field: str) -> str:
    """The newest figure of each layer with weights."""
    pairs = [(lane.info.layers[i], lane.layers.last[-1, lane.column(i, field)]) for i in lane.weighted()]
    return ", ".join(f"{name} {figure(float(value)).strip()}" for name, value in pairs)


def curve_table(lanes: Iterable[LaneHistory], field: str, name: str) -> tuple[tuple[str, ...], list[Row]]:
    """The curves of every lane in numbers, which are called `name`. Of a long past a row stands for some steps."""
    header = ("network", "layer", "step", f"{name}_low", f"{name}_mean", f"{name}_high")
    return header, [row for lane in lanes for row in _rows(lane, field)]


def _rows(lane: LaneHistory, field: str) -> list[Row]:
    """(network, layer, step, low, mean, high); a row of several steps begins with its own."""
    bundle = layer_bundle(lane, field)
    steps, parts = bundle.steps.tolist(), (bundle.low, bundle.middle, bundle.high)
    low, mean, high = (np.asarray(part).T.tolist() for part in parts)
    return [
        (lane.info.name, layer, int(step), *numbers)
        for i, layer in enumerate(bundle.names)
        for step, *numbers in zip(steps, low[i], mean[i], high[i], strict=True)
    ]
