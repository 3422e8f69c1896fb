"""‖∂L/∂W‖ of every layer over steps: a fan that opens towards the input is a vanishing gradient."""

from typing import ClassVar

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from netviz.panels.base import Panel, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP, depth_colour
from netviz.widgets.curves import Bundle, Style, means
from netviz.widgets.plot import Axes, Plot, Scale
from netviz.widgets.ticks import Reach, figure

COLUMNS = 200  # that the range is taken from
RARE = 100  # one value in so many may lie below the axis: a dead batch does not flatten the rest
DECADES = 16.0  # at most on the axis: below that float64 has no digits left


class GradientsPanel(Panel):
    ident: ClassVar[str] = "gradients"
    title: ClassVar[str] = "Gradient norm per layer"
    help: ClassVar[str] = (
        "The length ‖∂L/∂W‖ of each layer's weight gradient on a batch, on a logarithmic axis; violet is next to the "
        "input, yellow next to the output. Look for order: curves far apart, violet lowest, are a vanishing gradient; "
        "violet highest is an exploding one; curves close together train together. A thick line along the bottom is a "
        "gradient of exactly zero. Wheel and drag zoom, a double click or A shows all."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"layers"})
    needs_layers: ClassVar[bool] = True

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.plot = Plot()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.plot)
        self.reopened()

    def reopened(self) -> None:
        lanes = self.history.lanes
        self.axes = [
            Axes(Scale.LOG, lane.info.name if len(lanes) > 1 else "", i, end_labels=True)
            for i, lane in enumerate(lanes)
        ]
        self._right = Reach(10.0)
        self._low, self._high = np.inf, -np.inf
        for axes, lane in zip(self.axes, lanes, strict=True):
            axes.bundles = [norms(lane)]
        self.plot.arrange(self.axes, in_row=True)
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        if len(lanes) != len(self.axes):
            self.reopened()
            return
        if not any(lane.weighted() for lane in lanes):
            self.plot.show_note("No layer with weights." if lanes else "No network is open.")
        elif not any(len(lane.layers) for lane in lanes):
            self.plot.show_note("Press play: each layer's gradient is drawn here, from input to output.")
        else:
            self.plot.show_note("")
            for axes, lane in zip(self.axes, lanes, strict=True):
                axes.bundles = [norms(lane)]
            self._show_range()
            self.plot.redraw()
        self.describe()

    def _show_range(self) -> None:
        """Whole decades, the same for all lanes; they only grow."""
        last = max(axes.bundles[0].steps[-1] for axes in self.axes if len(axes.bundles[0].steps))
        steps = (0.0, self._right.take(float(last)))
        for axes in self.axes:
            bundle = axes.bundles[0]
            drawn = means(bundle.steps, bundle.middle, 0.0, steps[1], COLUMNS)[1]
            known = np.sort(drawn[np.isfinite(drawn) & (drawn > 0)])
            if len(known):
                self._high = max(self._high, float(np.ceil(np.log10(known[-1]) - 1e-9)))
                self._low = min(self._low, float(np.floor(np.log10(known[len(known) // RARE]) + 1e-9)))
        if self._high < self._low:
            self._low, self._high = -3.0, 0.0
        low = max(min(self._low, self._high - 2), self._high - DECADES)
        for axes in self.axes:
            self.plot.show_range(axes, steps, (low, self._high))

    def summary(self) -> str:
        return "; ".join(_in_words(lane) for lane in self.history.lanes if len(lane.layers))

    def table(self) -> Table:
        """A row for each layer and step; of a long past a row stands for some steps, beginning with its own."""
        header = ("network", "layer", "step", "gradient_norm_low", "gradient_norm_mean", "gradient_norm_high")
        rows = []
        for lane in self.history.lanes:
            bundle = norms(lane)
            low, mean, high = (part.T.tolist() for part in (bundle.low, bundle.middle, bundle.high))
            for i, layer in enumerate(bundle.names):
                for step, *numbers in zip(bundle.steps.tolist(), low[i], mean[i], high[i], strict=True):
                    rows.append((lane.info.name, layer, int(step), *numbers))
        return header, rows


def norms(lane: LaneHistory) -> Bundle:
    """The gradient norms of the layers with weights, coloured by depth."""
    numbers, count = lane.weighted(), len(lane.info.layers)
    columns = [lane.column(i, "grad_norm") for i in numbers]
    low, high, mean = (part.T[columns].T for part in (lane.layers.low, lane.layers.high, lane.layers.mean))
    names = tuple(lane.info.layers[i] for i in numbers)
    colours = tuple(depth_colour(i, count) for i in numbers)
    return Bundle(lane.layers.steps, low, high, names, colours, Style.STRONG, mean)


def _in_words(lane: LaneHistory) -> str:
    latest = [lane.layers.last[-1, lane.column(i, "grad_norm")] for i in lane.weighted()]
    names = [lane.info.layers[i] for i in lane.weighted()]
    values = ", ".join(f"{name} {figure(float(value)).strip()}" for name, value in zip(names, latest, strict=True))
    return f"{lane.info.name}: gradient norm of {values}"
