"""How much of the gradient each layer lets through: |φ′| of each activation, and δ before over δ after each layer."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from engine.layers.base import Activation
from engine.probes.catalogue import ProbeRequest
from engine.probes.derivative import Derivative
from engine.probes.histograms import LayerHistogram
from engine.project import Project
from netviz.panels.base import Group, Row, Table
from netviz.panels.views import ViewsPanel, has_layer, note_for
from netviz.runtime.history import History, LaneHistory
from netviz.widgets.histogram_map import HistogramMap
from netviz.widgets.marks import NO_ACTIVATION
from netviz.widgets.passages import Passages, captions
from netviz.widgets.ridge_rows import RidgeRows, numbered
from netviz.widgets.ridges import bin_rows, past_rows
from netviz.widgets.ticks import figure, whole
from netviz.widgets.value_axis import ValueAxis
from netviz.widgets.view_tools import chosen_by_key, faint_words, fill_choice, small_choice

SPREAD, TIME, WAY = "spread", "time", "way"
VIEWS = {
    SPREAD: "How the local derivatives of each activation are spread (1)",
    TIME: "The same over the steps, as heat maps (2)",
    WAY: "What each layer lets through, from the last to the first (3)",
}
ALL = "all layers"


class DerivativePanel(ViewsPanel):
    ident: ClassVar[str] = "derivative"
    title: ClassVar[str] = "Local derivative"
    short: ClassVar[str] = "Derivative"
    group: ClassVar[Group] = Group.GRADIENTS
    help: ClassVar[str] = (
        "How much of the gradient each layer lets through, on the first training examples. Spread (key 1): the "
        "absolute local derivatives |φ′| of each activation from 0 to its steepest (sigmoid 1/4, tanh and ReLU 1); the "
        "bar at 0 holds those that are exactly 0. Time (2): the same over the steps (N next, P previous layer). Way "
        "(3): from the last layer (top) to the first, δ = ∂L/∂(a layer's output) shrinks or grows by each layer's "
        "factor, the root mean square of δ before it over that after it: coloured bars are activations, grey ones "
        "other layers; to the left of the middle it shrinks. The line on a bar is the root mean square of φ′, what "
        "the activation alone would pass. Right: the factor, and what is left of the last layer's gradient. "
        "Look for derivatives that pile up at 0 (saturated), for activations whose factors stay below what the weights "
        "give back, and for what is left at the first layer."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"derivative"})
    views: ClassVar[Mapping[str, str]] = VIEWS

    @classmethod
    def suits(cls, project: Project) -> bool:
        return has_layer(project, Activation)

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.node = ""
        self.axis = ValueAxis()
        self.ridges = RidgeRows(history, slopes, axis=self.axis, lacks=no_slopes)
        self.map = HistogramMap(history, lambda lane: lane.past_derivatives, self._mapped, self.axis, no_slopes)
        self.way = Passages(history)
        row, self.says = self.make_views(self.ridges, self.map, self.way), faint_words()
        self.layer = small_choice("Layer", "The layer that is drawn (N next, P previous)")
        self.layer.activated.connect(lambda: self.show_layer(self.layer.currentText()))
        row.addWidget(self.says, 1)
        row.addWidget(self.layer, 1)
        self.lay_out(row)
        self._fill_layers()
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Derivative(),)

    def _mapped(self, lane: LaneHistory) -> list[int]:
        names, past = lane.info.layers, lane.past_derivatives
        return [i for i in lane.activations() if self.node in ("", names[i]) and len(past[names[i]])]

    def turned(self) -> None:
        self._fill_layers()
        self.refresh()

    def show_layer(self, node: str) -> None:
        self.node = "" if node == ALL else node
        self._fill_layers()
        self.refresh()

    def _fill_layers(self) -> None:
        lanes = self.history.lanes
        nodes = list(dict.fromkeys(lane.info.layers[i] for lane in lanes for i in lane.activations()))
        if lanes and self.node not in nodes:
            self.node = ""
        fill_choice(self.layer, [ALL, *nodes], self.node or ALL)
        self.layer.setVisible(self.view == TIME)

    def reopened(self) -> None:
        self.map.forget()
        self.ridges.forget()
        self._fill_layers()
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        told = next((lane.derivative for lane in lanes if lane.derivative is not None), None)
        note = note_for(lanes, lambda _: told, "Press play: how much each layer lets through is drawn here.")
        if not note and self.view != WAY and not any(slopes(lane) for lane in lanes):
            note = NO_ACTIVATION
        self.show_note(note)
        self.says.setText(f"{whole(told.examples)} examples" if told is not None else "")
        self.describe()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, layer = event.key(), chosen_by_key(self.layer, event.key())
        if event.modifiers():
            super().keyPressEvent(event)
        elif layer is not None and self.view == TIME:
            self.show_layer(layer)
        elif key in (Qt.Key.Key_A, Qt.Key.Key_Home):
            self.map.show_all()
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        return _in_words(lane)

    def table(self) -> Table:
        """A row for each bin, over time for each step; or for each layer on the way back."""
        rows = list[Row]()
        for lane in self.history.lanes:
            name, answer = lane.info.name, lane.derivative
            if self.view == TIME:
                for layer in self._mapped(lane):
                    rows += [(name, *row) for row in past_rows(lane.past_derivatives, lane.info.layers[layer])]
            elif self.view == SPREAD:
                rows += [(name, h.node, *row) for _, h in slopes(lane) for row in bin_rows(h)]
            elif answer is not None:
                known = {layer.histogram.node: (layer.mean, layer.rms) for layer in answer.layers}
                for p in answer.way:
                    rows.append((name, p.node, p.after, p.before, p.factor, *known.get(p.node, (None, None))))
        if self.view == TIME:
            return ("network", "layer", "step", "holds", "from", "to", "count"), rows
        if self.view == SPREAD:
            return ("network", "layer", "holds", "from", "to", "count"), rows
        return ("network", "layer", "delta_after", "delta_before", "factor", "derivative_mean", "derivative_rms"), rows

    def state(self) -> dict[str, Any]:
        return {**super().state(), "layer": self.node, "axis": self.axis.state()}

    def restore(self, state: dict[str, Any]) -> None:
        if "axis" in state:
            self.axis.restore(state["axis"])
        if isinstance(node := state.get("layer"), str):
            self.show_layer(node)
        super().restore(state)


def slopes(lane: LaneHistory) -> list[tuple[int, LayerHistogram]]:
    """Each activation's histogram with the layer's number."""
    return [] if lane.derivative is None else numbered(lane, (layer.histogram for layer in lane.derivative.layers))


def no_slopes(lane: LaneHistory) -> str:
    """Why nothing is drawn of a network."""
    return "" if lane.activations() else NO_ACTIVATION


def _in_words(lane: LaneHistory) -> str:
    answer = lane.derivative
    if answer is None or not answer.way:
        return ""
    measured = {passage.node: passage.factor for passage in answer.way}
    words = [
        f"{layer.histogram.node} derivative {figure(layer.mean).strip()} on average, root mean square "
        f"{figure(layer.rms).strip()}, lets through {figure(measured.get(layer.histogram.node, np.nan)).strip()}"
        for layer in answer.layers
    ]
    return "; ".join([*words, *(wordings[0] for wordings in captions(lane, answer)[:2])])
