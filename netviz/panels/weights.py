"""The weights of every layer: how they are spread, their length, how far a step moves them, and one layer's matrix."""

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.histograms import LayerHistogram
from engine.probes.weights import LayerWeights, Weights
from netviz.panels.base import Group, Row, Table
from netviz.panels.views import ViewsPanel, note_for
from netviz.runtime.history import History, LaneHistory
from netviz.widgets.guides import Guide
from netviz.widgets.layer_curves import LayerCurves, curve_table, latest_in_words
from netviz.widgets.matrix import MatrixMap, captions
from netviz.widgets.ridge_rows import RidgeRows, numbered
from netviz.widgets.ridges import bin_rows, in_words
from netviz.widgets.ticks import whole
from netviz.widgets.value_axis import ValueAxis
from netviz.widgets.view_tools import chosen_by_key, faint_words, small_choice

SPREAD, NORM, RATIO, MATRIX = "spread", "norm", "ratio", "matrix"
VIEWS = {
    SPREAD: "How each layer's weights are spread (1)",
    NORM: "The length of each layer's weights over the steps (2)",
    RATIO: "How far a step moves them, of their length (3)",
    MATRIX: "The weight matrix of one layer (4)",
}
FIELDS = {NORM: "weight_norm", RATIO: "update_ratio"}
USUAL = Guide(1e-3, "10⁻³: about right")
SAMPLED = ("large layers: every n-th weight", "every n-th weight", "a sample")
WAITING = {
    SPREAD: "Press play: the spread of each layer's weights is drawn here.",
    NORM: "Press play: the length of each layer's weights is drawn here.",
    RATIO: "Press play: how far each step moves the weights is drawn here.",
    MATRIX: "Press play: the weights of a layer are drawn here.",
}


class WeightsPanel(ViewsPanel):
    ident: ClassVar[str] = "weights"
    title: ClassVar[str] = "Weights"
    group: ClassVar[Group] = Group.GRADIENTS
    help: ClassVar[str] = (
        "The weights of each layer, without biases. Spread (key 1): their histogram about 0, each row on its own axis, "
        "whose end stands at the right, until wheel or drag choose one for all (A: own axes again); the bar at 0 holds "
        "exact zeros, red and amber figures count what no bin holds. "
        "Norm (2): the length ‖W‖ over the steps. Ratio (3): ‖ΔW‖ / ‖W‖, how far a step moves them, with a line at "
        "10⁻³. Matrix (4): one layer's weights (N next, P previous layer), a row a unit, a column an input, blue "
        "negative, orange positive; of a large matrix a cell is the mean of a block, as it says. "
        "Look for a spread that stays as it began (nothing reaches that layer), for a norm that only grows, for "
        "ratios far above 10⁻³ (steps too large) or far below (too small), and for rows of the matrix that are alike."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"weights", "layers"})
    needs_layers: ClassVar[bool] = True
    views: ClassVar[Mapping[str, str]] = VIEWS

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.axis = ValueAxis()
        self.ridges = RidgeRows(history, spreads, own_axes=True, axis=self.axis)
        self.norm, self.ratio = LayerCurves(history, FIELDS[NORM]), LayerCurves(history, FIELDS[RATIO], (USUAL,))
        self.matrix = MatrixMap(history)
        self.lay_out(self._make_tools())
        self.reopened()

    def _make_tools(self) -> QHBoxLayout:
        row, self.says = self.make_views(self.ridges, self.norm, self.ratio, self.matrix), faint_words()
        row.addWidget(self.says, 1)
        self.layer = small_choice("Layer of the matrix", "The layer whose matrix is drawn (N next, P previous)")
        self.layer.activated.connect(lambda: self.show_layer(self.layer.currentText()))
        row.addWidget(self.layer, 1)
        return row

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        if self.view in FIELDS:
            return ()
        return (Weights(self.matrix.node if self.view == MATRIX else None),)

    def show_layer(self, node: str) -> None:
        """Another layer's matrix, as soon as the worker has told it."""
        self.matrix.node = node
        self.layer.setCurrentIndex(self.layer.findText(node))
        self.matrix.forget()
        self.wishes_changed.emit()
        self.refresh()

    def reopened(self) -> None:
        lanes = self.history.lanes
        nodes = list(dict.fromkeys(lane.info.layers[i] for lane in lanes for i in lane.weighted()))
        self.layer.clear()
        self.layer.addItems(nodes)
        if self.matrix.node not in nodes:
            self.matrix.node = nodes[0] if nodes else ""
        self.layer.setCurrentIndex(self.layer.findText(self.matrix.node))
        for widget in (self.norm, self.ratio):
            widget.reopened()
        self.ridges.forget()
        self.matrix.forget()
        self.refresh()
        self.wishes_changed.emit()

    def refresh(self) -> None:
        lanes, shown = self.history.lanes, self.stack.currentWidget()
        self.layer.setVisible(self.view == MATRIX and self.layer.count() > 0)
        waiting = WAITING[self.view]
        if isinstance(shown, LayerCurves):
            self.show_note(None)
            shown.refresh(waiting)
        else:
            self.show_note(note_for(lanes, self._answered, waiting, LaneHistory.weighted, "No layer with weights."))
        self._tell_sample()
        self.describe()

    def _tell_sample(self) -> None:
        """Where not every weight was looked at."""
        told = [layer for lane in self.history.lanes if lane.weights is not None for layer in lane.weights.layers]
        some = list(dict.fromkeys(_sampled(layer) for layer in told if layer.looked_at < _count(layer)))
        if self.view != SPREAD or not some:
            self.says.setText("")
            self.says.setToolTip("")
            return
        wide = self.says.fontMetrics().horizontalAdvance
        fitting = (words for words in SAMPLED if wide(words) <= self.says.width())
        self.says.setText(next(fitting, SAMPLED[-1]))
        self.says.setToolTip("\n".join(some))

    def _answered(self, lane: LaneHistory) -> bool:
        if self.view == MATRIX:
            return self.matrix.matrix_of(lane) is not None
        return lane.weights is not None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, layer = event.key(), chosen_by_key(self.layer, event.key())
        if event.modifiers():
            super().keyPressEvent(event)
        elif layer is not None and self.view == MATRIX:
            self.show_layer(layer)
        elif key in (Qt.Key.Key_A, Qt.Key.Key_Home) and self.view == SPREAD:
            self.axis.choose(None)
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        if self.view in FIELDS:
            what = "length of the weights" if self.view == NORM else "update to weights"
            return f"{what} of {latest_in_words(lane, FIELDS[self.view])}" if len(lane.layers) else ""
        if self.view == SPREAD:
            return "; ".join(_spread_in_words(layer) for layer in lane.weights.layers) if lane.weights else ""
        matrix = self.matrix.matrix_of(lane)
        if matrix is None:
            return ""
        known = matrix.values[np.isfinite(matrix.values)]
        ends = f"from {known.min():.3g} to {known.max():.3g}" if known.size else "no numbers"
        return f"{captions(matrix)[0]}, {ends}"

    def table(self) -> Table:
        """Of what is chosen: a row for each bin, for each layer and step, or for each cell."""
        lanes = self.history.lanes
        if self.view == SPREAD:
            header: tuple[str, ...] = ("network", "layer", "weights", "looked_at", "holds", "from", "to", "count")
            return header, [row for lane in lanes for row in _spread_rows(lane)]
        if self.view == MATRIX:
            header = ("network", "layer", "unit", "to_unit", "input", "to_input", "mean_weight")
            return header, [row for lane in lanes for row in self._matrix_rows(lane)]
        return curve_table(lanes, FIELDS[self.view], FIELDS[self.view])

    def _matrix_rows(self, lane: LaneHistory) -> list[Row]:
        """Units and inputs are counted from 1."""
        matrix = self.matrix.matrix_of(lane)
        if matrix is None:
            return []
        rows: list[Row] = []
        for (i, k), value in np.ndenumerate(matrix.values):
            (high, wide), place = matrix.block, (lane.info.name, matrix.node)
            units, inputs = min((i + 1) * high, matrix.rows), min((k + 1) * wide, matrix.columns)
            rows.append((*place, i * high + 1, units, k * wide + 1, inputs, float(value)))
        return rows

    def state(self) -> dict[str, Any]:
        return {**super().state(), "layer": self.matrix.node, "axis": self.axis.state()}

    def restore(self, state: dict[str, Any]) -> None:
        if "axis" in state:
            self.axis.restore(state["axis"])
        if isinstance(node := state.get("layer"), str) and (not self.layer.count() or self.layer.findText(node) >= 0):
            self.show_layer(node)
        super().restore(state)


def spreads(lane: LaneHistory) -> list[tuple[int, LayerHistogram]]:
    """Each layer's histogram with the layer's number."""
    return [] if lane.weights is None else numbered(lane, (layer.histogram for layer in lane.weights.layers))


def _count(layer: LayerWeights) -> int:
    return prod(layer.shape)


def _sampled(layer: LayerWeights) -> str:
    return f"{layer.histogram.node}: {whole(layer.looked_at)} of {whole(_count(layer))} weights are looked at"


def _spread_in_words(layer: LayerWeights) -> str:
    return in_words(layer.histogram) + (f" ({_sampled(layer)})" if layer.looked_at < _count(layer) else "")


def _spread_rows(lane: LaneHistory) -> list[Row]:
    rows: list[Row] = []
    for layer in lane.weights.layers if lane.weights is not None else ():
        start = (lane.info.name, layer.histogram.node, _count(layer), layer.looked_at)
        rows += [(*start, *row) for row in bin_rows(layer.histogram)]
    return rows
