"""An autoencoder's code: where it puts the examples, and what its decoder makes of the places between them."""

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.example import Part
from engine.probes.latent import Decoded, Latent, LatentAnswer
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.latent import LatentMap, errors_in_words, plane_in_words
from netviz.widgets.marks import NO_RUN
from netviz.widgets.ticks import signed
from netviz.widgets.view_tools import STEPS, faint_words, fill_choice, small_choice

NARROWEST = "narrowest"


class LatentPanel(Panel):
    ident: ClassVar[str] = "latent"
    title: ClassVar[str] = "Latent plane"
    short: ClassVar[str] = "Latent"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "For autoencoders, which learn to give out what they take in: data with “Targets are inputs”. At the left the "
        "examples where the code puts them, coloured by class, which it was never told (dots training, rings "
        "validation): the plane of a layer of two units itself, of more units their two principal axes. At the right "
        "the same plane decoded: at each place the picture that the layers behind the code make of it. Drag in either "
        "plane, or move by the arrows (Shift: finer), and see below what is decoded there; beside it examples over "
        "their reconstructions. Above, the mean square error of a number, and the least that any linear code of as "
        "many units can have, that of the principal components. The code is the narrowest layer that everything "
        "passes through, or the one that is chosen (N next, P previous). "
        "Look for classes that lie apart, for pictures that turn into one another without a break, for pictures of "
        "nothing between them, and for an error no better than the linear one: then the layers between do nothing."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"latent", "decoded"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self._wanted = ""  # the code that was chosen, though the present networks may not have it
        self.map = LatentMap(history)
        self.map.moved.connect(self.wishes_changed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.map)
        self.layer = small_choice("Code", "The layer whose plane is decoded (N next, P previous)", 60)
        self.layer.activated.connect(lambda: self.show_layer(self._offered()[self.layer.currentIndex()]))
        self.says = faint_words()
        row = QHBoxLayout()
        row.setSpacing(3)
        row.addWidget(self.layer, 1)
        row.addWidget(self.says, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.map, 1)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        place = () if self.map.at is None else (Decoded(self._wanted, self.map.at),)
        return (Latent(self._wanted), *place)

    def _offered(self) -> list[str]:
        """The codes to choose from; the empty one stands for the narrowest."""
        told = [lane.latent for lane in self.history.lanes if lane.latent is not None]
        return ["", *dict.fromkeys(node for answer in told for node in answer.nodes)]

    def show_layer(self, node: str) -> None:
        """Another code, as soon as the worker has told it."""
        self._wanted, self.map.at = node, None
        self.wishes_changed.emit()
        self.refresh()

    def reopened(self) -> None:
        self.refresh()

    def recoloured(self) -> None:
        self.map.recoloured()
        super().recoloured()

    def refresh(self) -> None:
        lanes, told = self.history.lanes, self.map.told()
        reasons = [lane.latent.reason for lane in lanes if lane.latent is not None and lane.latent.reason]
        if not lanes:
            self.map.show_note(NO_RUN)
        elif told or (reasons and len(reasons) < len(lanes)):
            self.map.show_note("")
        elif reasons:
            self.map.show_note(reasons[0])
        else:
            self.map.show_note("Press play: the plane of an autoencoder's code is drawn here.")
        fill_choice(self.layer, [node or NARROWEST for node in self._offered()], self._wanted or NARROWEST)
        self.layer.setVisible(bool(told))
        at = self.map.at
        self.says.setText(signed(f"decoded at ({at[0]:.3g}, {at[1]:.3g})") if at is not None and told else "")
        self.describe()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by, offered = STEPS.get(Qt.Key(event.key())), self._offered()
        if by is None or event.modifiers() or len(offered) < 2:
            super().keyPressEvent(event)
        else:
            now = offered.index(self._wanted) if self._wanted in offered else 0
            self.show_layer(offered[(now + by) % len(offered)])

    def in_words(self, lane: LaneHistory) -> str:
        return _in_words(lane)

    def table(self) -> Table:
        """A row for each example; the error stands beside those that are shown with their reconstruction."""
        header = ("network", "code", "part", "example", "axis_1", "axis_2", "class_or_target", "error")
        return header, [row for _, lane, answer in self.map.told() for row in _rows(lane, answer)]

    def state(self) -> dict[str, Any]:
        return {"layer": self._wanted} | ({} if self.map.at is None else {"at": list(self.map.at)})

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(node := state.get("layer"), str):
            self.show_layer(node)
        at = state.get("at")
        if isinstance(at, list) and len(at) == 2 and all(isinstance(v, int | float) and np.isfinite(v) for v in at):
            self.map.move_to((float(at[0]), float(at[1])))
            self.refresh()


def _rows(lane: LaneHistory, answer: LatentAnswer) -> list[Row]:
    errors = {(answer.part, i): error for i, error in zip(answer.indices, answer.errors, strict=True)}
    made: list[Row] = []
    for part, points, y in (
        (Part.TRAINING, answer.points, answer.y),
        (Part.VALIDATION, answer.points_val, answer.y_val),
    ):
        start, places = (lane.info.name, answer.node, part.value), np.asarray(points, float).tolist()
        for i, (at, value) in enumerate(zip(places, y, strict=True)):
            made.append((*start, i + 1, *at, float(value), errors.get((part, i))))
    return made


def _in_words(lane: LaneHistory) -> str:
    answer = lane.latent
    if answer is None or answer.reason:
        return "" if answer is None else answer.reason
    words = f"{plane_in_words(answer)[0]}; {errors_in_words(answer)[0]}"
    if lane.decoded is not None and lane.decoded.node:
        x1, x2 = lane.decoded.at
        words += signed(f"; decoded at ({x1:.3g}, {x2:.3g})")
    return words
