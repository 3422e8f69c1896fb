"""The decision over the input plane, lane by lane: it bends where the net learns and stays flat where it cannot."""

from math import prod
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QMenu, QVBoxLayout, QWidget

from engine.probes.boundary import Boundary, BoundaryAnswer, grid
from engine.probes.catalogue import ProbeRequest
from engine.probes.example import Part
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.cursor import Mark
from netviz.runtime.history import History
from netviz.theme import GAP
from netviz.widgets.decision_squares import DecisionSquares, accuracy
from netviz.widgets.drawn_points import around
from netviz.widgets.icons import icon
from netviz.widgets.marks import NO_RUN
from netviz.widgets.pencil import Drawing, Pencil
from netviz.widgets.pencil_bar import PencilBar
from netviz.widgets.section_bar import SectionBar, captions
from netviz.widgets.ticks import percent
from netviz.widgets.toggle import Toggle
from netviz.widgets.view_tools import STEPS

TOGGLE = 22  # pixels of the pencil's button
BESIDE = 150  # pixels of width that the choices take beside the squares


class BoundaryPanel(Panel):
    ident: ClassVar[str] = "boundary"
    title: ClassVar[str] = "Decision boundary"
    short: ClassVar[str] = "Boundary"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "What the network answers at every place of the input plane. Blue is class 0, orange class 1, and the fuller "
        "the colour, the surer the answer; the boundary is where both fade out. With several classes each has a "
        "colour, faded where the net is unsure; for plain numbers blue is negative and orange positive. "
        "Filled dots are training examples, rings validation examples. "
        "With the pencil (D) points are drawn by hand: left sprays, right or Shift erases, 1 to 8 choose the class, "
        "[ and ] the brush; the network follows. "
        "S makes it sharp: each region in its plain colour, however sure the network is. "
        "Of more than two inputs a plane through them is shown, along the two principal axes of the examples or along "
        "two features, all else at the mean or as in one example (N next, P previous); below it stands how much of "
        "the inputs' variance it shows. Examples are laid into the plane: they lie off it, and one that seems wrong "
        "there may be right where it is. "
        "Look for a boundary that bends around the data; one that stays straight belongs to a net without a working "
        "hidden layer, one that hugs single dots to an over-fitted net."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"boundary", "scores"})
    drawn = Signal(object, object)  # points, and the token of the stroke that they came by
    copy_asked, empty_asked = Signal(), Signal()  # points of one's own, to be drawn on
    pencil_taken = Signal(bool)

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # so that its keys work
        self.pencil = Pencil(self)
        self.pencil.drawn.connect(self.drawn)
        self.squares = DecisionSquares(history, self.pencil)
        self.squares.put_away.connect(lambda: self.draw(False))
        self.bar = PencilBar(self.pencil)
        self.bar.left.connect(self.squares.setFocus)
        self.bar.setContentsMargins(TOGGLE, 0, 0, 0)
        self.bar.hide()
        self.section = SectionBar()
        self.section.changed.connect(self._ask)
        self.section.hide()
        history.cursor.pins.connect(self._pinned)
        self._own = False  # the document's points are one's own
        self.toggle = Toggle("", "Draw points by hand (D)", self)
        self.toggle.setIcon(icon("pencil"))
        self.toggle.setStyleSheet("QToolButton { padding: 1px; }")
        self.toggle.clicked.connect(self._toggled)
        self.sharp = Toggle("", "Sharp: each region in its plain colour, however sure the network is (S)", self)
        self.sharp.setIcon(icon("sharp"))
        self.sharp.setStyleSheet("QToolButton { padding: 1px; }")
        self.sharp.toggled.connect(self._sharpen)
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(GAP // 2)
        self._body.addWidget(self.section)
        self._body.addWidget(self.squares, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addSpacing(3)
        layout.addLayout(self._body, 1)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        through = self.section.through if self._cuts() else None
        return (Boundary(bounds=self.pencil.frame, through=through),)

    def _cuts(self) -> bool:
        """Whether the network has more inputs than a plane has, so that one is laid through them."""
        lanes = self.history.lanes
        return bool(lanes) and self.history.points is None and prod(lanes[0].info.inputs) > 2

    def _ask(self) -> None:
        self.wishes_changed.emit()
        self.squares.update()
        self.describe()

    def _sharpen(self, on: bool) -> None:
        self.squares.sharp = on
        self.squares.update()

    def _pinned(self, mark: Mark) -> None:
        """A training example that is pinned anywhere is the one that the plane goes through."""
        if mark.example is not None and mark.example[0] is Part.TRAINING:
            self.section.go_through(mark.example[1])

    # The pencil

    def show_drawing(self, drawing: Drawing | None) -> None:
        """The points of one's own that the document has, or None where its data are others."""
        self._own = drawing is not None
        if drawing is not None:
            self.pencil.take(drawing)
        else:
            self.draw(False)
        self.refresh()

    def draw(self, on: bool) -> None:
        """Takes the pencil or puts it away. The plane keeps still while it is drawn on."""
        on = on and self._own
        self.toggle.setChecked(on)
        if on == self.pencil.on:
            return
        self.pencil.frame = around(self.pencil.points) if on else None
        self.bar.setVisible(on)
        self.squares.draw_with(on)
        self.pencil_taken.emit(on)
        self.wishes_changed.emit()
        self.refresh()

    def _toggled(self, on: bool) -> None:
        if self._own or not on:
            self.draw(on)
            return
        self.toggle.setChecked(False)
        menu = QMenu(self)
        menu.setAccessibleName("Draw points by hand")
        for text, signal in (
            ("&Edit These Points by Hand", self.copy_asked),
            ("Begin with an Empty &Plane", self.empty_asked),
        ):
            action = menu.addAction(text)
            action.triggered.connect(lambda _, s=signal: (s.emit(), self.draw(True)))
        menu.setActiveAction(menu.actions()[0])
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.toggle.mapToGlobal(self.toggle.rect().bottomLeft()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if event.modifiers():
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_D and not self.toggle.isHidden():
            self.toggle.click()
        elif key == Qt.Key.Key_S and not self.sharp.isHidden():
            self.sharp.click()
        elif key in STEPS and self.section.isVisible() and self.section.through.at is not None:
            self.section.step(STEPS[key])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.toggle.setGeometry(GAP // 2, GAP // 2, TOGGLE, TOGGLE)
        self.sharp.setGeometry(GAP // 2, self.height() - GAP // 2 - TOGGLE, TOGGLE, TOGGLE)
        self.toggle.raise_()
        self.sharp.raise_()
        self._lay_out()
        super().resizeEvent(event)

    def _lay_out(self) -> None:
        """The choices stand beside the squares where these leave room, else over them."""
        side = self.height() - 4 * GAP
        beside = self.width() - BESIDE >= side * max(1, len(self.history.lanes))
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if self._body.direction() != way:
            self._body.setDirection(way)
            self.section.stand(beside)
            self._body.activate()

    # Drawing the history

    def refresh(self) -> None:
        lanes = self.history.lanes
        self.toggle.setVisible(self._own or (bool(lanes) and self.history.points is not None))
        if self._cuts():
            self.section.open(prod(lanes[0].info.inputs))
            self._lay_out()
        self.section.setVisible(self._cuts())
        self.sharp.setVisible(bool(lanes) and (self._cuts() or self.history.points is not None))
        if self.pencil.on:
            self.squares.show_note("")
        elif not lanes:
            self.squares.show_note(NO_RUN)
        elif self.history.points is None and not self._cuts():
            self.squares.show_note("A network on one input has no plane to be drawn on: see the function fit.")
        else:
            section = self.squares.section()
            if section is not None:
                self.section.show_section(section)
            self.squares.show_note("")
        self.describe()

    def reopened(self) -> None:
        self.squares.forget()
        self.refresh()
        self.wishes_changed.emit()

    def recoloured(self) -> None:
        self.squares.forget()
        super().recoloured()

    def summary(self) -> str:
        parts = []
        for lane in self.history.lanes:
            if lane.boundary is not None:
                share = accuracy(lane)
                right = f", accuracy {percent(share).strip()}" if not np.isnan(share) else ""
                parts.append(f"{lane.info.name}: {_in_words(lane.boundary)}{right}")
        section = self.squares.section()
        plane = "" if section is None or not parts else f". {captions(section)[0]}"
        return ("; ".join(parts) + plane).replace("\N{NO-BREAK SPACE}", " ")

    def table(self) -> Table:
        """A row for each cell of the plane, at its centre."""
        shown = ((lane.info.name, lane.boundary) for lane in self.history.lanes if lane.boundary is not None)
        return ("network", "x1", "x2", "value", "class"), [row for name, seen in shown for row in _cells(name, seen)]

    def state(self) -> dict[str, Any]:
        return {"sharp": self.sharp.isChecked(), **self.section.state()}

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("sharp"), bool):
            self.sharp.setChecked(state["sharp"])
        self.section.restore(state)


def _cells(name: str, answer: BoundaryAnswer) -> list[Row]:
    """(network, x₁, x₂, value, class): the winner's probability, that of class 1, or a plain number of no class."""
    values = np.asarray(answer.values)
    winners = answer.winners if answer.winners is not None else values > 0.5 if answer.probability else None
    classes = [None] * values.size if winners is None else np.asarray(winners, int).ravel().tolist()
    places = grid(answer.bounds, len(values)).tolist()
    return [(name, *at, *said) for at, *said in zip(places, values.ravel().tolist(), classes, strict=True)]


def _in_words(answer: BoundaryAnswer) -> str:
    values = np.asarray(answer.values)
    if answer.winners is not None:
        count = np.bincount(np.asarray(answer.winners).ravel())
        return ", ".join(
            f"class {i} on {percent(n / values.size).strip()} of the plane" for i, n in enumerate(count) if n
        )
    if answer.probability:
        return f"class 1 on {percent(float((values > 0.5).mean())).strip()} of the plane"
    return f"from {np.fmin.reduce(values.ravel()):.3g} to {np.fmax.reduce(values.ravel()):.3g}"
