"""The learning rate over steps, as it was and as the schedule plans it."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import ClassVar

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.run.messages import PLANNED_A_TIME
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP, lane_colour, mix, theme
from netviz.widgets.axes import Axes, Scale
from netviz.widgets.curves import Bundle, Style
from netviz.widgets.marks import NO_RUN
from netviz.widgets.plot import Plot
from netviz.widgets.ticks import Reach, figure
from netviz.widgets.view_tools import faint_words

DECADES = 6.0  # at most on the axis: a rate that goes to 0 lies along the bottom
ROOM = 0.3  # decades above and below, within which an axis does not end


class RatePanel(Panel):
    ident: ClassVar[str] = "rate"
    title: ClassVar[str] = "Learning rate"
    short: ClassVar[str] = "Rate"
    group: ClassVar[Group] = Group.LEARNING
    help: ClassVar[str] = (
        "Solid: the learning rate η of the steps done, on a logarithmic axis, without a unit; its last "
        "value stands above. Dashed: what the schedule planned when the run was opened; without a schedule, or with "
        "one that waits for the loss (on plateau), there is no plan. "
        "Look for where the loss changes as the rate does: a rate that falls before the loss has stopped falling "
        "freezes the network, and a solid line off the dashed one was changed by hand. "
        "Wheel and drag zoom, a double click or A shows all."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"rate"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.plot = Plot()
        self.plot.follow(history.cursor)
        self.says = faint_words()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(4)
        layout.addWidget(self.says)
        layout.addWidget(self.plot, 1)
        self.reopened()

    def reopened(self) -> None:
        lanes = self.history.lanes
        names = [lane.info.name if len(lanes) > 1 else "" for lane in lanes]
        self.plot.arrange([Axes(Scale.LOG, name, i) for i, name in enumerate(names)], in_row=True)
        self._right = Reach(10.0)
        self._plans = [planned(lane) for lane in lanes]  # of as many numbers as the longest curve, and always the same
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        if len(lanes) != len(self.plot.axes):
            self.reopened()
            return
        if not any(len(lane.rate) for lane in lanes):
            note = "Press play: the learning rate is drawn here, step by step." if lanes else NO_RUN
            self.plot.show_note(note)
        else:
            self.plot.show_note("")
            for i, (axes, lane, plan) in enumerate(zip(self.plot.axes, lanes, self._plans, strict=True)):
                axes.bundles, axes.apart = bundles(lane, i, plan), lane.apart
            self._show_range()
            self.plot.show_new()
        words, named = now_in_words(lanes)
        self.says.setText(words)
        self.says.setToolTip(named)
        self.describe()

    def _show_range(self) -> None:
        lanes = self.history.lanes
        right = self._right.take(max(float(lane.rate.steps[-1]) for lane in lanes if len(lane.rate)))
        seen = [np.ravel(lane.rate.mean) for lane in lanes]
        seen += [rates[: int(steps.searchsorted(right, "right"))] for steps, rates in self._plans]
        known = np.concatenate(seen)
        known = known[np.isfinite(known) & (known > 0)]
        top = ceil(log10(known.max()) + ROOM) if len(known) else 0
        low = floor(log10(known.min()) - ROOM) if len(known) else -2
        for axes in self.plot.axes:
            self.plot.show_range(axes, (0.0, right), (float(max(low, top - DECADES)), float(top)))

    def in_words(self, lane: LaneHistory) -> str:
        if not len(lane.rate):
            return ""
        return f"learning rate {figure(lane.lr).strip()} at step {int(lane.rate.steps[-1])}"

    def table(self) -> Table:
        """A row for each step that was told, and for each place of the plan."""
        rows: list[Row] = []
        for lane in self.history.lanes:
            done = zip(lane.rate.steps.tolist(), np.ravel(lane.rate.last).tolist(), strict=True)
            rows += [(lane.info.name, "rate", step, rate) for step, rate in done]
            if len(lane.rate):
                steps, rates = planned(lane)
                plan = zip(steps.tolist(), rates.tolist(), strict=True)
                rows += [(lane.info.name, "planned", step, rate) for step, rate in plan]
        return ("network", "what", "step", "learning_rate"), rows


def now_in_words(lanes: Sequence[LaneHistory]) -> tuple[str, str]:
    """The latest rates, one for all or in the networks' order; and with their names."""
    rates = {lane.info.name: figure(lane.lr).strip() for lane in lanes if len(lane.rate)}
    if not rates:
        return "", ""
    shown = [next(iter(rates.values()))] if len(set(rates.values())) == 1 else list(rates.values())
    return "η now " + " · ".join(shown), "\n".join(f"{name}: η now {rate}" for name, rate in rates.items())


def planned(lane: LaneHistory) -> tuple[np.ndarray, np.ndarray]:
    """Steps and rates of the plan; empty where there is none."""
    rates = np.array(lane.info.planned, float)
    return np.arange(len(rates)) * (lane.info.steps_per_epoch / PLANNED_A_TIME), rates


def bundles(lane: LaneHistory, number: int, plan: tuple[np.ndarray, np.ndarray]) -> list[Bundle]:
    """The plan below, the rate above it."""
    colour, made = lane_colour(number), []
    steps, rates = plan
    if len(rates):
        column = rates[:, None]
        made.append(Bundle(steps, column, column, ("planned",), (mix(theme().faint, colour, 0.3),), Style.DASHED))
    made.append(Bundle(lane.rate.steps, lane.rate.low, lane.rate.high, ("rate",), (colour,), Style.STRONG))
    return made
