"""What a network of pictures sees in one of them: maps and filters of each layer, and what would fool it."""

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.maps import PICTURES, Maps, MapsAnswer
from engine.project import Project
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.feature_maps import FILTERS, MAPS, FeatureMaps
from netviz.widgets.marks import NO_RUN
from netviz.widgets.ticks import figure, whole
from netviz.widgets.view_tools import STEPS, faint_words, tools_row, view_buttons

VIEWS = {MAPS: "Every layer's maps of the picture (1)", FILTERS: "Every layer's filters (2)"}


class MapsPanel(Panel):
    ident: ClassVar[str] = "maps"
    title: ClassVar[str] = "Feature maps"
    short: ClassVar[str] = "Maps"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "For networks of pictures or signals: one of them (N next, P previous; the one that is followed in other "
        "panels), and beside it ∂ℓ/∂x, how each pixel would change its own loss (orange: more of it raises the loss, "
        "blue: lowers it; channels added up), and the smallest step along the sign of that gradient, of those tried "
        "up to half of what pixels span in the data, that changes the decision. Below, for each layer, the maps that "
        "it makes of the picture (key 1) or its filters, one tile for each map that a filter sees (key 2): orange "
        "above 0, blue below, full colour at the layer's largest. What is one pixel high, as a signal is, is drawn as"
        " bars around 0. In inference mode. Look for filters that are edges and blobs and not noise, for maps that "
        "are all alike or empty (dead), for a saliency that lies on the digit and not beside it, and for how small "
        "the step is that fools."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"maps"})

    @classmethod
    def suits(cls, project: Project) -> bool:
        return len(project.summary().shape) in PICTURES

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.followed = history.followed
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.tiles, self.says = FeatureMaps(history), faint_words()
        self.buttons = view_buttons(self, VIEWS, self.show_view)
        self.buttons[MAPS].setChecked(True)
        row = tools_row(self.buttons)
        row.addWidget(self.says, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.tiles, 1)
        self.followed.changed.connect(self._followed_other)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        asked = self.followed.question
        return (Maps(asked.x, asked.part, asked.index),)

    def _followed_other(self, changed: frozenset[str]) -> None:
        if "example" in changed:
            self.wishes_changed.emit()

    def show_view(self, view: str) -> None:
        self.tiles.view = view
        self.buttons[view].setChecked(True)
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        told = [lane.maps for lane in lanes if lane.maps is not None]
        if not lanes:
            self.tiles.show_note(NO_RUN)
        elif told:
            self.tiles.show_note("")
        elif len(lanes[0].info.inputs) not in PICTURES:
            shape = "×".join(map(str, lanes[0].info.inputs))
            self.tiles.show_note(
                f"Maps are drawn of networks on pictures, C×H×W, and on sequences, T×F; this one takes {shape}."
            )
        else:
            self.tiles.show_note("Press play: what each layer makes of a picture is drawn here.")
        self.says.setText(_origin(told[0]) if told else "")
        self.describe()

    def reopened(self) -> None:
        self.tiles.update()
        self.refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        asked, by = self.followed.question, STEPS.get(event.key())
        views = {Qt.Key.Key_1: MAPS, Qt.Key.Key_2: FILTERS}
        if by is not None:
            self.followed.take(asked.part, max(0, asked.index + by))
        elif event.key() in views:
            self.show_view(views[event.key()])
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        return _in_words(lane.maps) if lane.maps else ""

    def table(self) -> Table:
        """A row for each number of the maps, or of the filters; all are counted from 1."""
        rows = [row for lane in self.history.lanes if lane.maps for row in self._rows(lane, lane.maps)]
        return ("network", "layer", self.tiles.view[:-1], "of_map", "row", "column", "value"), rows

    def _rows(self, lane: LaneHistory, answer: MapsAnswer) -> list[Row]:
        made: list[Row] = []
        for layer in answer.layers if self.tiles.view == MAPS else answer.filters:
            values = np.asarray(layer.values, np.float64)
            cells = values[:, None] if self.tiles.view == MAPS else values
            for (number, seen, i, j), value in np.ndenumerate(cells):
                of = None if self.tiles.view == MAPS else seen + 1
                made.append((lane.info.name, layer.node, number + 1, of, i + 1, j + 1, float(value)))
        return made

    def state(self) -> dict[str, Any]:
        return {"view": self.tiles.view}

    def restore(self, state: dict[str, Any]) -> None:
        if state.get("view") in list(VIEWS):
            self.show_view(state["view"])


def _origin(answer: MapsAnswer) -> str:
    if answer.x is None:
        return ""
    where = "by hand" if answer.part is None else f"{answer.part.value} {whole(answer.index + 1)}"
    return where if answer.label is None else f"{where}, class {answer.label}"


def _in_words(answer: MapsAnswer) -> str:
    if answer.reason:
        return answer.reason
    words = f"step {whole(answer.step)}, maps of {len(answer.layers)} layers, {_origin(answer)}"
    if answer.decided is not None:
        words += f", decided {answer.decided}"
    if answer.loss is not None:
        words += f", loss {figure(answer.loss).strip()}"
    if answer.adversary is not None:
        step, fooled = figure(answer.adversary.step).strip(), answer.adversary.decided
        words += f"; a step of {step} along the gradient's sign makes it class {fooled}"
    return words
