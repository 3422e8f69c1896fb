"""The loss around the weights, with the path that training has taken; of two weights, all there is to see."""

from typing import Any, ClassVar

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.landscape import Landscape, PlaneOf, square_around
from netviz import theme
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.icons import icon
from netviz.widgets.landscape import LandscapeMap, has_picture, path_in_words, plane_in_words
from netviz.widgets.marks import NO_RUN
from netviz.widgets.ticks import figure
from netviz.widgets.toggle import Toggle

REACHES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
PLANES = {
    PlaneOf.RANDOM: "A plane along two random directions, each unit's as long as its weights (1)",
    PlaneOf.PATH: "The plane that the path lies in most: its two principal directions (2)",
}


class LandscapePanel(Panel):
    ident: ClassVar[str] = "landscape"
    title: ClassVar[str] = "Loss landscape"
    short: ClassVar[str] = "Landscape"
    help: ClassVar[str] = (
        "The loss of the first training examples (how many stands below), in inference mode and without regularizer, "
        "on a plane through the space of weights; dark is low, on a logarithmic scale, with contour lines at equal "
        "loss. Random (key 1): along two random directions, filter-normalised (Li et al. 2018), in units of them: at "
        "1 each unit's weights have changed by their own length; biases stay. Path (2): along the two principal "
        "directions of the path, in lengths of weights. Of a network that trains exactly two weights the plane is "
        "these. White: the path, its first step a ring, now a dot; it is seen from above, and how far it is off the "
        "plane stands below. The picture grows finer while training goes on; Follow (F) begins a new one about the "
        "weights of then, C now, S stops; + and − make a random plane wider or narrower, R takes other directions. "
        "Look for a path across the contour lines (rightly downhill), to and fro between walls (rate too high, or "
        "inputs of one sign), and for how sharp the place is where it ends."
    )
    group: ClassVar[Group] = Group.GRADIENTS
    topics: ClassVar[frozenset[str]] = frozenset({"landscape"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.wish = Landscape()
        self.map = LandscapeMap(history)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(4)
        layout.addLayout(self._make_tools())
        layout.addWidget(self.map, 1)
        self.refresh()

    def _make_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        self.planes: dict[PlaneOf, Toggle] = {}
        for plane, words in PLANES.items():
            self.planes[plane] = self._toggle(row, plane.value, words)
            self.planes[plane].clicked.connect(lambda _=False, plane=plane: self.ask(plane=plane))
        row.addStretch(1)
        self.follow = self._toggle(row, "follow", "A new picture whenever one is complete and training has gone on (F)")
        self.follow.clicked.connect(lambda on: self.ask(follows=on))
        self.centre = self._toggle(row, "", "A new picture about the weights of now (C)")
        self.centre.setCheckable(False)
        self.centre.setIcon(icon("target"))
        self.centre.clicked.connect(self.recentre)
        more = self._toggle(row, "", "Wider, narrower, other directions, stop")
        more.setCheckable(False)
        more.setIcon(icon("more"))
        more.setStyleSheet("QToolButton { padding: 0px 3px; } QToolButton::menu-indicator { image: none; }")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        menu.addAction("&Wider\t+", lambda: self.stretch(1))
        menu.addAction("&Narrower\t−", lambda: self.stretch(-1))
        menu.addAction("Other &Directions\tR", self.turn)
        self.stops = QAction("&Stop Drawing\tS", self, checkable=True)
        menu.addAction(self.stops)
        self.stops.triggered.connect(lambda on: self.ask(stopped=on))
        more.setMenu(menu)
        self._show_wish()
        return row

    def _toggle(self, row: QHBoxLayout, text: str, words: str) -> Toggle:
        button = Toggle(text, words)
        button.setStyleSheet("QToolButton { padding: 0px 3px; }")
        button.setFont(theme.small())
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        row.addWidget(button)
        return button

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (self.wish,)

    # What the person chooses

    def ask(self, **changes: Any) -> None:
        """Other wishes, from now on."""
        self.wish = replace(self.wish, **changes)
        self._show_wish()
        self.wishes_changed.emit()
        self.refresh()

    def recentre(self) -> None:
        self.ask(number=self.wish.number + 1, stopped=False)

    def turn(self) -> None:
        """Other random directions."""
        self.ask(plane=PlaneOf.RANDOM, seed=self.wish.seed + 1)

    def stretch(self, by: int) -> None:
        """A random plane that reaches further, or less far."""
        at = min(max(0, REACHES.index(self.wish.reach) + by), len(REACHES) - 1)
        self.ask(plane=PlaneOf.RANDOM, reach=REACHES[at])

    def _show_wish(self) -> None:
        for plane, button in self.planes.items():
            button.setChecked(plane is self.wish.plane)
        self.follow.setChecked(self.wish.follows)
        self.stops.setChecked(self.wish.stopped)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = {
            Qt.Key.Key_1: lambda: self.ask(plane=PlaneOf.RANDOM),
            Qt.Key.Key_2: lambda: self.ask(plane=PlaneOf.PATH),
            Qt.Key.Key_F: lambda: self.ask(follows=not self.wish.follows),
            Qt.Key.Key_S: lambda: self.ask(stopped=not self.wish.stopped),
            Qt.Key.Key_C: self.recentre,
            Qt.Key.Key_R: self.turn,
            Qt.Key.Key_Plus: lambda: self.stretch(1),
            Qt.Key.Key_Equal: lambda: self.stretch(1),
            Qt.Key.Key_Minus: lambda: self.stretch(-1),
        }
        shift = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        if event.key() in keys and not event.modifiers() & ~shift:
            keys[Qt.Key(event.key())]()
        else:
            super().keyPressEvent(event)

    # Drawing the history

    def reopened(self) -> None:
        if self.wish.bounds is not None:
            self.wish = replace(self.wish, bounds=None)
            self.wishes_changed.emit()
        self.map.forget()
        self.refresh()

    def recoloured(self) -> None:
        self.map.forget()
        super().recoloured()

    def refresh(self) -> None:
        lanes = self.history.lanes
        told = [lane.landscape for lane in lanes if lane.landscape is not None]
        free = not told or any(answer.plane is not PlaneOf.WEIGHTS for answer in told)
        for button in self.planes.values():
            button.setVisible(free)
        reasons = {answer.reason for answer in told if answer.values is None}
        if not lanes:
            self.map.show_note(NO_RUN)
        elif not any(map(has_picture, lanes)) and len(reasons) < 2:
            self.map.show_note(next(iter(reasons), "") or "The landscape is computed.")
        else:
            self.map.show_note("")
        self.describe()
        self._share_plane()

    def _share_plane(self) -> None:
        """Networks that train the same two weights are drawn over the same part of their plane."""
        told = [lane.landscape for lane in self.history.lanes if lane.landscape is not None and has_picture(lane)]
        if len(told) > 1 and all(one.plane is PlaneOf.WEIGHTS and one.names == told[0].names for one in told):
            parts = [one.bounds for one in told]
            common = square_around(parts if self.wish.bounds is None else [*parts, self.wish.bounds])
            if common != self.wish.bounds and any(part != common for part in parts):
                self.wish = replace(self.wish, bounds=common)
                self.wishes_changed.emit()

    def in_words(self, lane: LaneHistory) -> str:
        return in_words(lane) if lane.landscape else ""

    def table(self) -> Table:
        """A row for each point of the plane, then one for each step of the path."""
        rows: list[Row] = []
        for lane in self.history.lanes:
            answer = lane.landscape
            if answer is None or answer.values is None:
                continue
            left, right, low, high = answer.bounds
            values = np.asarray(answer.values)
            across, up = (np.linspace(*ends, len(values)).tolist() for ends in ((left, right), (low, high)))
            for (i, k), loss in np.ndenumerate(values):
                rows.append((lane.info.name, "loss", answer.step, across[k], up[i], float(loss), None))
            path = zip(*(np.asarray(part).tolist() for part in (answer.steps, answer.places, answer.off)), strict=True)
            rows += [(lane.info.name, "path", step, *at, None, off) for step, at, off in path]
        return ("network", "what", "step", "x", "y", "loss", "off_the_plane"), rows

    def state(self) -> dict[str, Any]:
        return {"plane": self.wish.plane.value, "reach": self.wish.reach, "follows": self.wish.follows}

    def restore(self, state: dict[str, Any]) -> None:
        wanted: dict[str, Any] = {}
        if state.get("plane") in [plane.value for plane in PLANES]:
            wanted["plane"] = PlaneOf(state["plane"])
        if isinstance(reach := state.get("reach"), int | float) and float(reach) in REACHES:
            wanted["reach"] = float(reach)
        if isinstance(follows := state.get("follows"), bool):
            wanted["follows"] = follows
        self.ask(**wanted)


def in_words(lane: LaneHistory) -> str:
    answer = lane.landscape
    assert answer is not None
    if answer.values is None:
        return answer.reason or "not computed yet"
    known = np.ravel(answer.values)
    known = known[np.isfinite(known)]
    ends = f"loss from {figure(known.min()).strip()} to {figure(known.max()).strip()}" if len(known) else "no loss"
    return f"{ends}, {plane_in_words(answer)[0]}, {path_in_words(answer)[0]}"
