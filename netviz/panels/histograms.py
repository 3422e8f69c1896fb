"""How each layer's outputs are spread: heaps at the ends are saturation, a bar at zero is dead ReLUs."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.catalogue import LAYERS
from engine.layers.base import Activation
from engine.probes.catalogue import ProbeRequest
from engine.probes.histograms import Histograms, LayerHistogram
from engine.probes.unit_spread import UnitSpread, UnitSpreadAnswer
from netviz.panels.base import Group, Row, Table
from netviz.panels.views import ViewsPanel, note_for
from netviz.runtime.history import History, LaneHistory
from netviz.runtime.past import HistogramPast
from netviz.widgets.histogram_map import HistogramMap
from netviz.widgets.ridge_rows import RidgeRows
from netviz.widgets.ridges import Span, bin_rows, in_words, past_rows
from netviz.widgets.ticks import whole
from netviz.widgets.unit_rows import UnitRows, counted
from netviz.widgets.value_axis import AxisBar, ValueAxis
from netviz.widgets.view_tools import chosen_by_key, fill_choice, small_choice, small_toggle

RIDGES, TIME, UNITS = "ridges", "time", "units"
VIEWS = {
    RIDGES: "Each layer's outputs as a shape (1)",
    TIME: "The histograms over the steps, as heat maps (2)",
    UNITS: "The units of one layer, a row each (3)",
}
ALL = "all layers"
WAITING = {
    RIDGES: "Press play: the spread of each layer's outputs is drawn here.",
    TIME: "Press play: the spread of each layer's outputs is drawn here, step by step.",
    UNITS: "Press play: each unit of a layer is drawn here.",
}


class HistogramsPanel(ViewsPanel):
    ident: ClassVar[str] = "histograms"
    title: ClassVar[str] = "Activations"
    group: ClassVar[Group] = Group.LAYERS
    help: ClassVar[str] = (
        "How the outputs of each layer are spread over the first training examples, from input (top) to output. "
        "Ridges (key 1): each shape is scaled to its own fullest bin; the bar at 0 holds the exact zeros, its height "
        "is their share; red and amber figures count what no bin holds: not a number, infinite, beyond the axis. "
        "Time (2): steps across, values up, colour is the share of values in a bin; the lines below hold exact zeros "
        "(green), what is no number (red), what lies beyond the bins (amber). The first and the latest steps are all "
        "kept, evenly fewer in between. Units (3): a row for each unit of a layer (N next, P previous layer), line "
        "and tick are mean ± standard deviation, marked amber by its share of saturated outputs, red where dead; the "
        "wheel goes through wide layers. Pre (B) shows what comes into the activations instead; All (W) the layers "
        "with weights too; where there is dropout or batch norm, Train (M) shows them at work as in a training step. "
        "Wheel and drag zoom and move the axis, X sets it in numbers, L makes it even, A shows all. "
        "Look for heaps at both ends (saturated tanh or sigmoid), for a shape that shrinks to a needle from layer to "
        "layer (collapse), for a high bar at 0 (dead ReLUs), and for rows of units that are all alike."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"histograms", "unit_spread"})
    views: ClassVar[Mapping[str, str]] = VIEWS

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.node = ""
        self.axis = ValueAxis()
        self.ridges = RidgeRows(history, self._shown, axis=self.axis)
        self.map = HistogramMap(history, self._past, self._mapped, self.axis)
        self.units = UnitRows(history, self._units, self.axis)
        self.units.moved.connect(lambda _: self.wishes_changed.emit())
        self.lay_out(self._make_tools(), self._make_second_row(), spacing=3)
        self.reopened()

    def _make_tools(self) -> QHBoxLayout:
        row = self.make_views(self.ridges, self.map, self.units)
        row.addStretch(1)
        self.before = small_toggle("pre", "What comes into the activations, not what goes out (B)")
        self.all = small_toggle("all", "Layers with weights too (W)")
        self.mode = small_toggle("train", "As in a training step: dropout and batch norm at work (M)")
        self.set_axis = small_toggle("axis", "The axis in numbers (X)")
        self.set_axis.setMinimumWidth(1)  # in a narrow panel the key is enough
        for button in (self.before, self.all, self.mode, self.set_axis):
            row.addWidget(button)
        for button in (self.before, self.all, self.mode):
            button.toggled.connect(self._choose)
        self.set_axis.toggled.connect(lambda on: self.axis_bar.setVisible(on))
        return row

    def _make_second_row(self) -> QHBoxLayout:
        """The layer, and the axis in numbers: each only where it is wanted."""
        row = QHBoxLayout()
        row.setSpacing(6)
        self.layer = small_choice("Layer", "The layer that is drawn (N next, P previous)", 60)
        self.layer.activated.connect(lambda: self.show_layer(self.layer.currentText()))
        self.axis_bar = AxisBar(self.axis, self._automatic)
        self.axis_bar.hide()
        row.addWidget(self.layer, 1)
        row.addWidget(self.axis_bar, 3)
        return row

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        training = self.mode.isChecked() and self._has_modes()
        if self.view == UNITS:
            return (UnitSpread(self._unit_layer(), self.units.first, training, self.before.isChecked()),)
        return (Histograms(self.all.isChecked(), training, self.before.isChecked()),)

    # What is drawn

    def _shown(self, lane: LaneHistory) -> list[tuple[int, LayerHistogram]]:
        return shown_layers(lane, self.all.isChecked())

    def _past(self, lane: LaneHistory) -> HistogramPast:
        return lane.past((self.mode.isChecked() and self._has_modes(), self.before.isChecked()))

    def _mapped(self, lane: LaneHistory) -> list[int]:
        layers, past = wanted_layers(lane, self.all.isChecked()), self._past(lane)
        return [i for i in layers if self.node in ("", lane.info.layers[i]) and len(past[lane.info.layers[i]])]

    def _units(self, lane: LaneHistory) -> UnitSpreadAnswer | None:
        found, asked = lane.unit_spread, self.probes[0]
        if found is None or not isinstance(asked, UnitSpread):
            return None
        same = (found.node, found.training, found.before) == (asked.node, asked.training, asked.before)
        return found if same else None

    def _unit_layer(self) -> str:
        """The chosen layer, or else the first activation."""
        lanes = self.history.lanes
        kinds = {node: kind for lane in lanes for node, kind in zip(lane.info.layers, lane.info.kinds, strict=True)}
        active = (node for node, kind in kinds.items() if issubclass(LAYERS[kind], Activation))
        return self.node if self.node in kinds else next(active, next(iter(kinds), ""))

    def _automatic(self) -> Span:
        """The axis that the first row would have of itself."""
        for lane in self.history.lanes:
            if self.view == UNITS and (answer := self._units(lane)) is not None:
                return self.units.own_span(answer)
            if self.view == TIME and (layers := self._mapped(lane)):
                return self.map.own_span(lane, layers[0])
            if self.view == RIDGES and (rows := self._shown(lane)):
                return self.ridges.own_span(rows[0][1])
        return Span(-1.0, 1.0, False)

    def _has_modes(self) -> bool:
        """Whether some layer does another thing while training."""
        return any(LAYERS[kind].two_modes for lane in self.history.lanes for kind in lane.info.kinds)

    # What a person chooses

    def turned(self) -> None:
        self._choose()

    def show_layer(self, node: str) -> None:
        self.node = "" if node == ALL else node
        self.units.first = 0
        self._choose()

    def _choose(self) -> None:
        self._fill_layers()
        self.wishes_changed.emit()
        self.ridges.forget()
        self.refresh()

    def _fill_layers(self) -> None:
        lanes, everything = self.history.lanes, self.all.isChecked() or self.view == UNITS
        nodes = list(dict.fromkeys(lane.info.layers[i] for lane in lanes for i in wanted_layers(lane, everything)))
        if self.node not in nodes:
            self.node = self.node if not lanes else ""
        names = nodes if self.view == UNITS else [ALL, *nodes]
        fill_choice(self.layer, names, self._unit_layer() if self.view == UNITS else self.node or ALL)
        self.layer.setVisible(self.view != RIDGES and bool(nodes))
        self.all.setVisible(self.view != UNITS)

    def reopened(self) -> None:
        self.mode.setVisible(self._has_modes())
        self.map.forget()
        self.units.first = 0
        self._choose()

    def refresh(self) -> None:
        self.show_note(note_for(self.history.lanes, self._answered, WAITING[self.view]))
        if self.set_axis.isChecked():
            self.axis_bar.show_axis()
        self.describe()

    def _answered(self, lane: LaneHistory) -> bool:
        if self.view == UNITS:
            return self._units(lane) is not None
        return bool(self._mapped(lane)) if self.view == TIME else lane.histograms is not None

    def keyPressEvent(self, event: Any) -> None:
        key, layer = event.key(), chosen_by_key(self.layer, event.key())
        toggles = {
            Qt.Key.Key_W: self.all,
            Qt.Key.Key_M: self.mode,
            Qt.Key.Key_B: self.before,
            Qt.Key.Key_X: self.set_axis,
        }
        if event.modifiers():
            super().keyPressEvent(event)
        elif key in toggles and not toggles[key].isHidden():
            toggles[key].toggle()
        elif key == Qt.Key.Key_L:
            self.axis.choose_even(not self.axis.even)
        elif key in (Qt.Key.Key_A, Qt.Key.Key_Home):
            self.map.show_all()
        elif layer is not None and self.view != RIDGES:
            self.show_layer(layer)
        else:
            super().keyPressEvent(event)

    # In words and numbers

    def in_words(self, lane: LaneHistory) -> str:
        if self.view == UNITS:
            answer = self._units(lane)
            if answer is None:
                return ""
            dead, saturated = counted(answer)
            return f"{answer.node}, {answer.units} units, {dead} dead, {saturated} saturated"
        words = "; ".join(in_words(h) for _, h in self._shown(lane))
        if self.view == TIME and (layers := self._mapped(lane)):
            steps = self._past(lane)[lane.info.layers[layers[0]]].steps
            return f"{len(steps)} steps from {whole(steps[0])} to {whole(steps[-1])}; {words}"
        return words

    def table(self) -> Table:
        """A row for each bin and each count that no bin holds, over time for each step; or a row for each unit."""
        lanes = self.history.lanes
        if self.view == TIME:
            header: tuple[str, ...] = ("network", "layer", "step", "holds", "from", "to", "count")
            return header, [row for lane in lanes for row in self._past_rows(lane)]
        if self.view == UNITS:
            header = ("network", "layer", "unit", "mean", "std", "zeros", "saturated", "dead")
            return header, [row for lane in lanes for row in self._unit_rows(lane)]
        rows: list[Row] = []
        for lane in lanes:
            for _, histogram in self._shown(lane):
                rows += [(lane.info.name, histogram.node, *row) for row in bin_rows(histogram)]
        return ("network", "layer", "holds", "from", "to", "count"), rows

    def _past_rows(self, lane: LaneHistory) -> list[Row]:
        past, rows = self._past(lane), list[Row]()
        for layer in self._mapped(lane):
            node = lane.info.layers[layer]
            rows += [(lane.info.name, *row) for row in past_rows(past, node)]
        return rows

    def _unit_rows(self, lane: LaneHistory) -> list[Row]:
        a = self._units(lane)
        if a is None:
            return []
        columns = (np.asarray(part).tolist() for part in (a.mean, a.std, a.zeros, a.saturated))
        dead = np.asarray(a.dead, int).tolist()
        return [(lane.info.name, a.node, i + 1, *row) for i, row in enumerate(zip(*columns, dead, strict=True))]

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "layer": self.node,
            "before": self.before.isChecked(),
            "all": self.all.isChecked(),
            "training": self.mode.isChecked(),
            "even": self.axis.even,
            "axis": self.axis.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        for name, button in (("all", self.all), ("training", self.mode), ("before", self.before)):
            if isinstance(state.get(name), bool):
                button.setChecked(state[name])
        if isinstance(state.get("even"), bool):
            self.axis.choose_even(state["even"])
        if "axis" in state:
            self.axis.restore(state["axis"])
        super().restore(state)
        if isinstance(node := state.get("layer"), str):
            self.show_layer(node)


def wanted_layers(lane: LaneHistory, everything: bool) -> list[int]:
    """The numbers of the layers drawn: activations and the output, or all."""
    last = len(lane.info.layers) - 1
    return [i for i, weighted in enumerate(lane.info.weighted) if everything or not weighted or i == last]


def shown_layers(lane: LaneHistory, everything: bool) -> list[tuple[int, LayerHistogram]]:
    """The histograms drawn, each with its layer's number."""
    if lane.histograms is None:
        return []
    found = {h.node: h for h in lane.histograms.layers}
    names = lane.info.layers
    return [(i, found[names[i]]) for i in wanted_layers(lane, everything) if names[i] in found]
