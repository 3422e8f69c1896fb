"""Shares of saturated and of dead units over steps: amber that fills a strip stops the layers before it."""

from collections.abc import Mapping
from typing import ClassVar

from PySide6.QtWidgets import QWidget

from engine.layers.base import Activation
from engine.probes.catalogue import ProbeRequest
from engine.probes.unit_shares import UnitShares
from engine.project import Project
from netviz.panels.base import Group, Row, Table
from netviz.panels.views import ViewsPanel, has_layer, note_for
from netviz.runtime.history import History, LaneHistory
from netviz.runtime.past import ALL, DEAD
from netviz.widgets.marks import NO_ACTIVATION
from netviz.widgets.share_strips import SHARES, ShareStrips, latest
from netviz.widgets.ticks import percent, whole
from netviz.widgets.unit_strips import UnitStrips, dead_now, dead_since, told
from netviz.widgets.view_tools import faint_words

STRIPS, UNITS = "shares", "units"
VIEWS = {STRIPS: "The shares of each layer (1)", UNITS: "Which units: a line for each (2)"}


class SaturationPanel(ViewsPanel):
    ident: ClassVar[str] = "saturation"
    title: ClassVar[str] = "Saturated and dead"
    short: ClassVar[str] = "Saturated"
    group: ClassVar[Group] = Group.LAYERS
    help: ClassVar[str] = (
        "Shares (key 1): one strip for each activation layer, time from left to right. Amber: the share of outputs "
        "where the local derivative is under 1 % of its maximum, so that hardly any gradient passes. Red, below: the "
        "share of units whose derivative is zero for the whole batch, dead for it. At the right: the latest shares. "
        "Units (2): a line for each unit, on the first training examples: amber by its share of saturated outputs, "
        "red where it is dead for all of them; of wide layers a line mixes some units, redder the more are dead. "
        "Look for amber that fills a tanh or sigmoid layer, for red that rises in a ReLU layer and never falls, and "
        "for lines of units that turn red and stay so."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"layers", "unit_shares"})
    needs_layers: ClassVar[bool] = True
    views: ClassVar[Mapping[str, str]] = VIEWS

    @classmethod
    def suits(cls, project: Project) -> bool:
        return has_layer(project, Activation)

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.strips, self.units = ShareStrips(history), UnitStrips(history)
        row, self.says = self.make_views(self.strips, self.units), faint_words()
        row.addWidget(self.says, 1)
        self.lay_out(row, spacing=3)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (UnitShares(),) if self.view == UNITS else ()

    def refresh(self) -> None:
        lanes = self.history.lanes
        self.show_note(
            note_for(
                lanes,
                lambda lane: told(lane) if self.view == UNITS else len(lane.layers),
                "Press play: each activation's saturated and dead units are drawn here.",
                LaneHistory.activations,
                NO_ACTIVATION,
            )
        )
        answer = next((lane.unit_shares for lane in lanes if lane.unit_shares is not None), None)
        on = self.view == UNITS and answer is not None
        self.says.setText(f"{whole(answer.examples)} examples" if on and answer is not None else "")
        self.describe()

    def in_words(self, lane: LaneHistory) -> str:
        names = lane.info.layers
        if self.view == UNITS:
            return ", ".join(f"{names[i]} {dead_now(past)} of {past.width} units dead" for i, past in told(lane))
        return ", ".join(
            f"{names[i]} {_words(lane, i, 'saturated_fraction')} saturated, {_words(lane, i, 'dead_fraction')} dead"
            for i in (lane.activations() if len(lane.layers) else [])
        )

    def table(self) -> Table:
        """A row for each activation and step; of a long past a row holds the means of some steps. Or the units now."""
        rows: list[Row] = []
        if self.view == UNITS:
            for lane in self.history.lanes:
                for i, past in told(lane):
                    start, step = (lane.info.name, lane.info.layers[i]), int(past.steps[-1])
                    codes, since = past.rows[-1].tolist(), dead_since(past).tolist()
                    for unit, (code, dead) in enumerate(zip(codes, since, strict=True)):
                        rows.append((*start, unit + 1, step, min(code, ALL) / ALL, int(code == DEAD), dead))
            return ("network", "layer", "unit", "step", "saturated", "dead", "dead_since_step"), rows
        for lane in self.history.lanes:
            for i in lane.activations():
                shares = lane.layers.mean[:, [lane.column(i, name) for name in SHARES]].tolist()
                for step, both in zip(lane.layers.steps, shares, strict=True):
                    rows.append((lane.info.name, lane.info.layers[i], int(step), *both))
        return ("network", "layer", "step", *SHARES), rows


def _words(lane: LaneHistory, layer: int, name: str) -> str:
    return percent(latest(lane, layer, name), 0).replace("\N{NO-BREAK SPACE}", " ").strip()
