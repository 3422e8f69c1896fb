"""∂L/∂W of every layer: its length, its mean size, how it is spread over the decades, and from first layer to last."""

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.gradients import Gradients
from engine.probes.histograms import LayerHistogram
from netviz.panels.base import Group, Row, Table
from netviz.panels.views import ViewsPanel, note_for
from netviz.runtime.history import History, LaneHistory
from netviz.widgets.depth_profile import DepthProfiles, Profile, profile, trend, trend_words
from netviz.widgets.histogram_map import HistogramMap
from netviz.widgets.layer_curves import LayerCurves, curve_table, latest_in_words
from netviz.widgets.ridge_rows import RidgeRows, numbered
from netviz.widgets.ridges import bin_rows, past_rows
from netviz.widgets.ticks import figure, percent, whole
from netviz.widgets.value_axis import ValueAxis
from netviz.widgets.view_tools import chosen_by_key, faint_words, fill_choice, small_choice

NORM, MEAN, SPREAD, TIME, DEPTH = "norm", "mean", "spread", "time", "depth"
VIEWS = {
    NORM: "The length of each layer's gradient over the steps (1)",
    MEAN: "The mean absolute gradient over the steps (2)",
    SPREAD: "How the sizes are spread over the decades (3)",
    TIME: "The same over the steps, as heat maps (4)",
    DEPTH: "From the first layer to the last (5)",
}
FIELDS = {NORM: "grad_norm", MEAN: "grad_mean_abs"}
QUANTITIES = {
    "‖∂L/∂W‖": "grad_norm",
    "mean |∂L/∂W|": "grad_mean_abs",
    "δ, root mean square": "delta_rms",
    "outputs' deviation": "std",
}
ALL = "all layers"
WAITING = {
    NORM: "Press play: each layer's gradient is drawn here, from input to output.",
    MEAN: "Press play: each layer's mean absolute gradient is drawn here.",
    SPREAD: "Press play: the sizes of each layer's gradient are drawn here.",
    TIME: "Press play: the sizes of each layer's gradient are drawn here, step by step.",
    DEPTH: "Press play: the gradient is drawn here from the first layer to the last.",
}


class GradientsPanel(ViewsPanel):
    ident: ClassVar[str] = "gradients"
    title: ClassVar[str] = "Gradients"
    group: ClassVar[Group] = Group.GRADIENTS
    help: ClassVar[str] = (
        "The gradient ∂L/∂W of each layer's weights, without regularizer and before clipping. Norm (key 1): its length "
        "on a step's own batch, on a logarithmic axis; violet is next to the input, yellow next to the output. Mean "
        "(2): its mean absolute value. Spread (3): the sizes |∂L/∂w| of single weights on the first training examples, "
        "four bins a decade; the bar at the left end holds exact zeros, red and amber figures count what no bin holds. "
        "Time (4): the same over the steps, colour is the share of weights (N next, P previous layer). Depth (5): a "
        "value of each layer from first to last, now bold and earlier fading, with the straight line that fits best "
        "and its factor a layer (Q: another value). "
        "Look for order: curves far apart, violet lowest, are a vanishing gradient, and a straight falling line over "
        "the depth says that each layer loses the same factor; violet highest is an exploding one. A thick line along "
        "the bottom is a gradient of exactly zero. Wheel and drag zoom, a double click or A shows all."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"layers", "gradients"})
    needs_layers: ClassVar[bool] = True
    views: ClassVar[Mapping[str, str]] = VIEWS

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.node, self.quantity = "", next(iter(QUANTITIES.values()))
        self.axis = ValueAxis()
        self.plot, self.mean = (LayerCurves(history, field) for field in FIELDS.values())
        self.ridges = RidgeRows(history, sizes, axis=self.axis)
        self.map = HistogramMap(history, lambda lane: lane.past_gradients, self._mapped, self.axis)
        self.depth = DepthProfiles(history, self._profile)
        row = self.make_views(self.plot, self.mean, self.ridges, self.map, self.depth)
        self.says = faint_words()
        self.choice = small_choice("Layer or value", "What is drawn (N or Q next, P previous)")
        self.choice.activated.connect(lambda: self._chosen(self.choice.currentText()))
        row.addWidget(self.says, 1)
        self.lay_out(row, self.choice)
        self._fill_choice()
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Gradients(),) if self.view in (SPREAD, TIME) else ()

    def _mapped(self, lane: LaneHistory) -> list[int]:
        """The layers whose past is drawn."""
        names, past = lane.info.layers, lane.past_gradients
        return [i for i in lane.weighted() if self.node in ("", names[i]) and len(past[names[i]])]

    def _profile(self, lane: LaneHistory) -> Profile:
        return profile(lane, self.quantity)

    def turned(self) -> None:
        self._fill_choice()
        self.ridges.forget()
        super().turned()

    def _chosen(self, words: str) -> None:
        if self.view == DEPTH:
            self.quantity = QUANTITIES[words]
        else:
            self.node = "" if words == ALL else words
        self._fill_choice()
        self.refresh()

    def _fill_choice(self) -> None:
        lanes = self.history.lanes
        nodes = list(dict.fromkeys(lane.info.layers[i] for lane in lanes for i in lane.weighted()))
        if lanes and self.node not in nodes:
            self.node = ""
        if self.view == DEPTH:
            fill_choice(self.choice, list(QUANTITIES), _words_of(self.quantity))
        else:
            fill_choice(self.choice, [ALL, *nodes], self.node or ALL)
        self.choice.setVisible(self.view in (TIME, DEPTH))

    def reopened(self) -> None:
        for curves in (self.plot, self.mean):
            curves.reopened()
        self.ridges.forget()
        self.map.forget()
        self._fill_choice()
        self.refresh()

    def refresh(self) -> None:
        lanes, shown = self.history.lanes, self.stack.currentWidget()
        waiting = WAITING[self.view]
        if isinstance(shown, LayerCurves):
            self.show_note(None)
            shown.refresh(waiting)
        else:
            self.show_note(note_for(lanes, self._answered, waiting, LaneHistory.weighted, "No layer with weights."))
        told = next((lane.gradients for lane in lanes if lane.gradients is not None), None)
        on = self.view == SPREAD and told is not None
        self.says.setText(f"{whole(told.examples)} examples" if on and told is not None else "")
        self.says.setToolTip("\n".join(sampled_words(lane) for lane in lanes) if on else "")
        self.describe()

    def _answered(self, lane: LaneHistory) -> bool:
        if self.view == DEPTH:
            return len(lane.layers) > 0
        return bool(self._mapped(lane)) if self.view == TIME else lane.gradients is not None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        chosen = chosen_by_key(self.choice, Qt.Key.Key_N if key == Qt.Key.Key_Q else key)
        if event.modifiers():
            super().keyPressEvent(event)
        elif chosen is not None and self.view in (TIME, DEPTH):
            self._chosen(chosen)
        elif key in (Qt.Key.Key_A, Qt.Key.Key_Home):
            self.map.show_all()
        else:
            super().keyPressEvent(event)

    # In words and numbers

    def in_words(self, lane: LaneHistory) -> str:
        if self.view in FIELDS:
            what = "gradient norm" if self.view == NORM else "mean absolute gradient"
            return f"{what} of {latest_in_words(lane, FIELDS[self.view])}" if len(lane.layers) else ""
        if self.view == DEPTH:
            seen = self._profile(lane)
            if not seen.layers or not len(seen.steps):
                return ""
            pairs = zip(seen.layers, seen.values[-1].tolist(), strict=True)
            values = ", ".join(f"{lane.info.layers[layer]} {figure(value).strip()}" for layer, value in pairs)
            return f"{_words_of(self.quantity)} from first to last: {values}; {trend_words(trend(seen.values[-1]))[0]}"
        if lane.gradients is None:
            return ""
        words = [
            f"{layer.histogram.node} length {figure(layer.norm).strip()}, mean size {figure(layer.mean_abs).strip()}, "
            f"{percent(layer.positive).strip()} positive, {whole(layer.histogram.zeros)} exact zeros"
            for layer in lane.gradients.layers
        ]
        return "; ".join(words)

    def table(self) -> Table:
        """A row for each layer and step; of the spread, and of it over time, for each bin."""
        lanes, rows = self.history.lanes, list[Row]()
        if self.view == DEPTH:
            for lane in lanes:
                seen = self._profile(lane)
                for step, values in zip(seen.steps.tolist(), seen.values.tolist(), strict=True):
                    for layer, value in zip(seen.layers, values, strict=True):
                        rows.append((lane.info.name, lane.info.layers[layer], int(step), value))
            return ("network", "layer", "step", self.quantity), rows
        if self.view == SPREAD:
            for lane in lanes:
                for _, h in sizes(lane):
                    rows += [(lane.info.name, h.node, *row) for row in bin_rows(h)]
            return ("network", "layer", "holds", "from", "to", "count"), rows
        if self.view == TIME:
            for lane in lanes:
                for layer in self._mapped(lane):
                    rows += [(lane.info.name, *row) for row in past_rows(lane.past_gradients, lane.info.layers[layer])]
            return ("network", "layer", "step", "holds", "from", "to", "count"), rows
        name = "gradient_norm" if self.view == NORM else "gradient_mean_abs"
        return curve_table(lanes, FIELDS[self.view], name)

    def state(self) -> dict[str, Any]:
        return {**super().state(), "layer": self.node, "quantity": self.quantity, "axis": self.axis.state()}

    def restore(self, state: dict[str, Any]) -> None:
        if (quantity := state.get("quantity")) in list(QUANTITIES.values()):
            self.quantity = str(quantity)
        if isinstance(node := state.get("layer"), str):
            self.node = node
        if "axis" in state:
            self.axis.restore(state["axis"])
        super().restore(state)


def sizes(lane: LaneHistory) -> list[tuple[int, LayerHistogram]]:
    """Each layer's histogram with the layer's number."""
    return [] if lane.gradients is None else numbered(lane, (layer.histogram for layer in lane.gradients.layers))


def sampled_words(lane: LaneHistory) -> str:
    """On what the spread was measured."""
    if lane.gradients is None:
        return ""
    words = f"{lane.info.name}: the first {whole(lane.gradients.examples)} training examples, in training mode"
    some = [layer for layer in lane.gradients.layers if layer.looked_at < prod(layer.shape)]
    return words + "".join(
        f"; {layer.histogram.node}: {whole(layer.looked_at)} of {whole(prod(layer.shape))} weights" for layer in some
    )


def _words_of(quantity: str) -> str:
    return next(words for words, field in QUANTITIES.items() if field == quantity)
