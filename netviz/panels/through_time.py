"""Recurrent layers step by step: the gradient that comes back to each step, and gates and states along the way."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.layers.recurrent.base import Recurrent
from engine.probes.catalogue import ProbeRequest
from engine.probes.through_time import SweepInTime, ThroughTime, ThroughTimeAnswer
from engine.project import Project
from netviz.panels.base import Group, Row, Table
from netviz.panels.views import ViewsPanel, has_layer, note_for
from netviz.runtime.history import History, LaneHistory
from netviz.widgets.gate_maps import MEANING, GateMaps
from netviz.widgets.gate_spreads import GateSpreads, saturated_in_words
from netviz.widgets.ticks import figure
from netviz.widgets.time_curves import TimeCurves, called
from netviz.widgets.view_tools import chosen_by_key, faint_words, small_choice

GRADIENT, GATES, SPREAD = "gradient", "gates", "spread"
VIEWS = {
    GRADIENT: "The gradient that comes back to each step (1)",
    GATES: "Gates and states at each step, unit by unit (2)",
    SPREAD: "How gates and states are spread at each step, and which units are saturated (3)",
}


class ThroughTimePanel(ViewsPanel):
    ident: ClassVar[str] = "through_time"
    title: ClassVar[str] = "Through time"
    short: ClassVar[str] = "In time"
    group: ClassVar[Group] = Group.GRADIENTS
    help: ClassVar[str] = (
        "For recurrent layers, over the steps of the sequence, 0 being the first. Gradient (key 1): the length "
        "‖∂L/∂h_t‖ over units and the first training examples, on a logarithmic axis; a curve for each layer of a "
        "stack, dashed for a backward direction. Gates (2): maps of the same examples' mean, a row a unit: input, "
        "forget, output, reset and update gates from shut (dark) to open (amber), what has both signs blue below 0 and "
        "orange above (N next, P previous layer). Spread (3): at each step a histogram of them over units and "
        "examples, and a dot for each unit: to the right the share of its time that a gate is below 0.1 "
        "(left-saturated), up that above 0.9 (right-saturated); of what tanh bounds, below −0.9 and above 0.9. "
        "Look for a gradient that falls towards step 0 by orders of magnitude (vanishing: what stands there cannot be "
        "learned) or rises (exploding: clip it); for forget or update gates near 1, along which it comes through, at "
        "best all the time in some units; for gates that open at the steps that matter, and for states stuck at ±1."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"through_time"})
    views: ClassVar[Mapping[str, str]] = VIEWS

    @classmethod
    def suits(cls, project: Project) -> bool:
        return has_layer(project, Recurrent)

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self._wanted: str | None = None  # what was chosen, though the present networks may not have it
        self.curves, self.maps, self.spreads = TimeCurves(history), GateMaps(history), GateSpreads(history)
        self.lay_out(self._make_tools())
        self.refresh()

    def _make_tools(self) -> QHBoxLayout:
        row, self.says = self.make_views(self.curves, self.maps, self.spreads), faint_words()
        row.addWidget(self.says, 1)
        self.layer = small_choice("Layer", "The layer whose gates are drawn (N next, P previous)")
        self.layer.activated.connect(lambda: self.show_layer(self.layer.currentText()))
        row.addWidget(self.layer, 1)
        return row

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (ThroughTime(),)

    def turned(self) -> None:
        self.refresh()

    def show_layer(self, name: str) -> None:
        self._wanted = name
        for maps in (self.maps, self.spreads):
            maps.forget()
        self.refresh()

    def reopened(self) -> None:
        self.curves.reopened()
        self.maps.forget()
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        answers = [lane.through_time for lane in lanes if lane.through_time is not None]
        self._offer(list(dict.fromkeys(called(a, sweep) for a in answers for sweep in a.sweeps)))
        waiting = "Press play: the gradient at each step of the sequences is drawn here."
        note = note_for(lanes, lambda _: answers, waiting)
        if not note and not any(answer.sweeps for answer in answers):
            note = "This network has no recurrent layer: an RNN, an LSTM or a GRU is drawn here step by step."
        self.show_note(note)
        if not note and self.view == GRADIENT:
            self.curves.refresh()
        self.maps.update()
        self.spreads.update()
        shown = next((a for a in answers if a.sweeps), None)
        self.says.setText(f"{shown.examples} training examples" if shown and self.view == GRADIENT else "")
        self.describe()

    def _offer(self, names: list[str]) -> None:
        if [self.layer.itemText(i) for i in range(self.layer.count())] != names:
            self.layer.clear()
            self.layer.addItems(names)
        if names:
            self.maps.name = self.spreads.name = self._wanted if self._wanted in names else names[0]
            self.layer.setCurrentIndex(names.index(self.maps.name))
        self.layer.setVisible(self.view != GRADIENT and len(names) > 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        layer = chosen_by_key(self.layer, event.key())
        if event.modifiers() or layer is None or self.view == GRADIENT:
            super().keyPressEvent(event)
        else:
            self.show_layer(layer)

    def in_words(self, lane: LaneHistory) -> str:
        if lane.through_time is None:
            return ""
        if self.view == GRADIENT:
            return "; ".join(gradient_in_words(lane.through_time, sweep) for sweep in lane.through_time.sweeps)
        sweep = self.maps.sweep_of(lane)
        if self.view == SPREAD:
            told = [f"{MEANING[one.name]} {saturated_in_words(one)}" for one in sweep.maps] if sweep else []
            return f"{self.maps.name}: {', '.join(told)}" if told else ""
        means = [] if sweep is None else [f"{MEANING[one.name]} {figure(one.mean).strip()}" for one in sweep.maps]
        return f"means of {self.maps.name}: {', '.join(means)}" if means else ""

    def table(self) -> Table:
        """A row for each layer and step, for each cell of the maps, or for each bin; steps from 0, units from 1."""
        rows: list[Row] = []
        for lane in self.history.lanes:
            if lane.through_time is None:
                continue
            for sweep in lane.through_time.sweeps:
                start = (lane.info.name, called(lane.through_time, sweep))
                if self.view == GRADIENT:
                    rows += [(*start, t, float(v)) for t, v in enumerate(np.asarray(sweep.gradient).tolist())]
                elif called(lane.through_time, sweep) == self.maps.name:
                    cells = _bins if self.view == SPREAD else _cells
                    rows += cells(start, sweep, lane.through_time.block)
        if self.view == GRADIENT:
            return ("network", "layer", "time_step", "gradient_norm"), rows
        if self.view == SPREAD:
            return ("network", "layer", "of", "time_step", "to_time_step", "low", "high", "count"), rows
        return ("network", "layer", "of", "unit", "time_step", "to_time_step", "mean"), rows

    def state(self) -> dict[str, Any]:
        return super().state() | ({"layer": self._wanted} if self._wanted is not None else {})

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(name := state.get("layer"), str):
            self.show_layer(name)
        super().restore(state)


def gradient_in_words(answer: ThroughTimeAnswer, sweep: SweepInTime) -> str:
    first, last = (figure(float(value)).strip() for value in (sweep.gradient[0], sweep.gradient[-1]))
    return (
        f"gradient norm of {called(answer, sweep)} from {first} at step 0 to {last} at step {len(sweep.gradient) - 1}"
    )


def _cells(start: tuple[str, str], sweep: SweepInTime, block: int) -> list[Row]:
    rows: list[Row] = []
    last = len(sweep.gradient) - 1
    for one in sweep.maps:
        for (unit, column), value in np.ndenumerate(one.values):
            steps = column * block, min((column + 1) * block - 1, last)
            rows.append((*start, one.name, unit + 1, *steps, float(value)))
    return rows


def _bins(start: tuple[str, str], sweep: SweepInTime, block: int) -> list[Row]:
    rows: list[Row] = []
    last = len(sweep.gradient) - 1
    for one in sweep.maps:
        spread = one.spread
        borders = np.linspace(spread.low, spread.high, len(spread.counts) + 1).tolist()
        for (level, column), count in np.ndenumerate(np.asarray(spread.counts)):
            steps = column * block, min((column + 1) * block - 1, last)
            rows.append((*start, one.name, *steps, borders[level], borders[level + 1], int(count)))
    return rows
