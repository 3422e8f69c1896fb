"""One unit from all sides: what it answers, what drives it, the weights around it, whether it still learns."""

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.neuron import Neuron, NeuronAnswer
from netviz import theme
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.cursor import Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.marks import NO_RUN
from netviz.widgets.neuron import NeuronView
from netviz.widgets.neuron_words import figures_of, title_of
from netviz.widgets.view_tools import STEPS, small_choice

UNIT_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}
MOST_UNITS = 1 << 24


class NeuronPanel(Panel):
    ident: ClassVar[str] = "neuron"
    title: ClassVar[str] = "Neuron"
    group: ClassVar[Group] = Group.LAYERS
    help: ClassVar[str] = (
        "One unit from all sides. For networks on two inputs its output over the input plane (blue low, orange high; "
        "triangles are the examples that drive it most and least), for pictures its incoming weights as a picture "
        "with their gradient beside it, else its weights as bars with ∂L/∂w below them, each on a scale of its own. "
        "Its outputs on training examples as a histogram, a colour a class, exact zeros as a bar of their own; the "
        "examples that drive it; the weights that lead on. ∂ℓ/∂h is the root mean square of what each example's own "
        "loss sends back. Saturated: at a slope below a hundredth of the steepest (of straight pieces: zero). Dead: a"
        " slope of 0 at every example. The strip shows both at each look since the unit was chosen. N and P change "
        "the layer, Left and Right the unit, Page Up and Page Down ten units; a click on a unit anywhere, or on a "
        "weight here, goes there. Look for classes that lie apart in the histogram (the unit tells them), for a unit "
        "that is dead or saturated for good, and for weights without a gradient: nothing will change them."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"neuron"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self._wanted: str | None = None  # the layer that was chosen, though the present networks may not have it
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view = NeuronView(history)
        history.cursor.pins.connect(self._pinned)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(4)
        layout.addLayout(self._make_tools())
        layout.addWidget(self.view, 1)
        self.reopened()

    def _make_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.layer = small_choice("Layer of the unit", "The layer of the unit (N next, P previous)")
        self.layer.activated.connect(lambda: self.choose(self.layer.currentText(), 0))
        self.number = QSpinBox()
        self.number.setAccessibleName("Number of the unit")
        self.number.setToolTip("The unit, counted from 1 (Left and Right; Page Up and Page Down by ten)")
        self.number.setFont(theme.small())
        self.number.setPrefix("unit ")
        self.number.setRange(1, MOST_UNITS)
        self.number.setKeyboardTracking(False)
        self.number.setMinimumWidth(64)
        self.number.valueChanged.connect(lambda value: self.choose(self.view.node, value - 1))
        row.addWidget(self.layer, 2)
        row.addWidget(self.number, 1)
        row.addStretch(1)
        return row

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Neuron(self.view.node, self.view.unit),)

    def _nodes(self) -> list[str]:
        return list(dict.fromkeys(layer for lane in self.history.lanes for layer in lane.info.layers))

    def choose(self, node: str, unit: int) -> None:
        """Another unit, counted from 0, as soon as the worker has told it."""
        self._wanted, self.view.node, self.view.unit = node, node, unit
        self._show_choice()
        self.wishes_changed.emit()
        self.refresh()

    def _pinned(self, mark: Mark) -> None:
        """A unit that is pinned anywhere is the one to be seen."""
        if mark.layer is None or mark.unit is None or mark.layer not in self._nodes():
            return
        if (mark.layer, mark.unit) != (self.view.node, self.view.unit):
            self.choose(mark.layer, mark.unit)

    def _show_choice(self) -> None:
        self.layer.setCurrentIndex(self.layer.findText(self.view.node))
        self.number.blockSignals(True)
        self.number.setMaximum(self._units() or MOST_UNITS)
        self.number.setValue(self.view.unit + 1)
        self.number.blockSignals(False)

    def _units(self) -> int:
        """How many units the layer has in the lane that has most; 0 while that is not known."""
        told = (lane.neuron for lane in self.history.lanes)
        return max((answer.units for answer in told if answer is not None and answer.node == self.view.node), default=0)

    def reopened(self) -> None:
        nodes = self._nodes()
        self.layer.clear()
        self.layer.addItems(nodes)
        if self.history.lanes:
            known = self._wanted is not None and self._wanted in nodes
            self.view.node = str(self._wanted) if known else self._first()
        self.view.past.forget()
        self._show_choice()
        self.refresh()
        self.wishes_changed.emit()

    def _first(self) -> str:
        """The first activation, else the first layer."""
        lane = self.history.lanes[0]
        return lane.info.layers[next(iter(lane.activations()), 0)] if lane.info.layers else ""

    def refresh(self) -> None:
        lanes = self.history.lanes
        answers = [(lane, answer) for lane in lanes if (answer := self.view.answer_of(lane)) is not None]
        for lane, answer in answers:
            self.view.past.take(lane.info.name, answer)
        if not lanes:
            self.view.show_note(NO_RUN)
        elif not answers:
            self.view.show_note("Press play: one unit is shown here from all sides.")
        else:
            self.view.show_note("")
        for widget in (self.layer, self.number):
            widget.setVisible(bool(lanes))
        units = self._units()
        if units and self.view.unit >= units:
            self.view.unit = units - 1
            self.wishes_changed.emit()
        if units and self.number.maximum() != units:
            self._show_choice()
        self.describe()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, nodes = Qt.Key(event.key()), self._nodes()
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier or self.view.node not in nodes:
            super().keyPressEvent(event)
        elif key in STEPS:
            self.choose(nodes[(nodes.index(self.view.node) + STEPS[key]) % len(nodes)], 0)
        elif key in UNIT_STEPS:
            last = (self._units() or self.view.unit + 1) - 1
            self.choose(self.view.node, min(max(self.view.unit + UNIT_STEPS[key], 0), last))
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        answer = self.view.answer_of(lane)
        return "" if answer is None else f"{_in_words(answer)}{self._past(lane.info.name, answer)}"

    def _past(self, network: str, answer: NeuronAnswer) -> str:
        known = self.view.past.of((network, answer.node, answer.unit))
        return "" if known is None else f"; {known.in_words()[0]}"

    def table(self) -> Table:
        """A row for each number: what it is, which one (bins by their middle, others from 1), its value."""
        header = ("network", "layer", "unit", "what", "number", "value", "gradient")
        rows: list[Row] = []
        for lane in self.history.lanes:
            answer = self.view.answer_of(lane)
            if answer is not None:
                start = (lane.info.name, answer.node, answer.unit + 1)
                rows += [(*start, *row) for row in _rows(answer)]
        return header, rows

    def state(self) -> dict[str, Any]:
        return {"layer": self.view.node, "unit": self.view.unit + 1}

    def restore(self, state: dict[str, Any]) -> None:
        node, unit = state.get("layer"), state.get("unit")
        if not isinstance(node, str) or (self.history.lanes and node not in self._nodes()):
            return
        good = isinstance(unit, int) and not isinstance(unit, bool) and 1 <= unit <= MOST_UNITS
        self.choose(node, int(unit) - 1 if good else 0)


def _in_words(answer: NeuronAnswer) -> str:
    return f"{title_of(answer)}, " + ", ".join(words for words, _ in figures_of(answer))


def _rows(answer: NeuronAnswer) -> list[Row]:
    told = answer.answers
    rows: list[Row] = [
        ("mean", None, told.mean, None),
        ("deviation", None, told.deviation, None),
        ("saturated", None, answer.saturated, None),
        ("delta", None, None, answer.delta),
    ]
    links = [("incoming", answer.incoming)] if answer.incoming is not None else []
    if answer.incoming is not None and not np.isnan(answer.incoming.bias):
        rows.append(("bias", None, answer.incoming.bias, answer.incoming.bias_gradient))
    for what, one in (*links, *(("outgoing", one) for one in answer.outgoing)):
        numbers = zip(np.asarray(one.values).tolist(), np.asarray(one.gradient).tolist(), strict=True)
        rows += [(what, i + 1, value, gradient) for i, (value, gradient) in enumerate(numbers)]
    counts = np.asarray(told.counts)
    middles = told.low + (np.arange(counts.shape[1]) + 0.5) * (told.high - told.low) / counts.shape[1]
    for k, row in enumerate(counts):
        name = f"count, class {k}" if len(counts) > 1 else "count"
        rows += [(name, float(middle), int(n), None) for middle, n in zip(middles, row, strict=True)]
        rows.append((f"zeros, class {k}" if len(counts) > 1 else "zeros", 0, int(told.zeros[k]), None))
    for what, driven in (("highest example", answer.highest), ("lowest example", answer.lowest)):
        rows += [(what, one.index + 1, one.value, None) for one in driven]
    return rows
