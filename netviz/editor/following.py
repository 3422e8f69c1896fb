"""The followed example on the drawn network: every unit's value in its box, and on the wires what runs along them.

A view of the session like the panels; it asks what the panel of one example asks, so that one answer serves both.
"""

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from engine.probes.catalogue import ProbeRequest
from engine.probes.follow import FollowAnswer, FollowedNode
from netviz.document.document import Document
from netviz.editor.box_picture import Box
from netviz.editor.boxes import Wire
from netviz.editor.canvas import Canvas
from netviz.editor.followed_pictures import Cells, Sent
from netviz.editor.live import Live
from netviz.runtime.followed import Reached, reached
from netviz.runtime.session import Session
from netviz.theme import look
from netviz.widgets.example_input import picture_shape


class Following(QObject):
    """Switched on and off by `action`, the panel of one example, or whoever turns `followed`."""

    topics = frozenset({"follow"})
    needs_layers = needs_health = False

    def __init__(self, canvas: Canvas, document: Document, session: Session, live: Live) -> None:
        super().__init__(canvas)
        self._canvas, self._document, self._session, self._live = canvas, document, session, live
        self.followed = session.history.followed
        self._shows = False
        self._made: dict[tuple[int, str], tuple[object, Cells]] = {}
        self.action = QAction("Follow One Example", self, checkable=True)
        self.action.setShortcut("Ctrl+Shift+E")
        self.action.toggled.connect(self.followed.turn)
        self.followed.changed.connect(self._followed)
        canvas.selected.connect(self._selected)
        live.pictures.toggled.connect(lambda: self._hold())
        document.changed.connect(self._edited)
        look().changed.connect(self._recolour)

    # What the session asks

    def isVisible(self) -> bool:  # noqa: N802 (Qt's)
        return self._canvas.isVisible() and self.followed.on

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (self.followed.question,)

    def refresh(self) -> None:
        if not self.followed.on and not self._shows:
            return
        self._shows, scene = self.followed.on, self._canvas.sheet
        for number, drawn in enumerate(scene.pictures):
            told = self._told(number)
            known = self._known(number, told)
            here = None if told is None else reached(told, self.followed.step)
            for node, box in drawn.boxes.items():
                cells = None
                if told is not None and here is not None and box.box.exit in here.values & known.keys():
                    cells = self._cells(number, told, box.box, known[box.box.exit], box.box.exit in here.gradients)
                scene.nodes[number, node].show_followed(cells)
            for wire in drawn.wires:
                scene.wires[number, wire].carry(self._sent(told, wire, known, here))

    def hold(self, still: bool) -> None:
        """Little is drawn: it need not wait."""

    def reopened(self) -> None:
        self._made.clear()
        self.refresh()

    # What changes

    def _followed(self, what: frozenset[str]) -> None:
        if "on" in what:
            self.action.setChecked(self.followed.on)
            self._hold()
            self._session.update_watch()
        elif self.followed.on and what & {"example", "unit"}:
            self._session.ask()
        self.refresh()

    def _hold(self) -> None:
        """Boxes have room for values while they are shown."""
        held = self.followed.on or self._live.pictures.isChecked()
        if self._canvas.sheet.pictured != held:
            self._canvas.sheet.hold_pictures(held)
            self._canvas.fit()

    def _edited(self) -> None:
        if self.followed.on:
            self.refresh()

    def _recolour(self) -> None:
        self._made.clear()
        self.refresh()

    def _selected(self, lane: int, node: str) -> None:
        """A box that is chosen opens its card, at the unit that was looked at."""
        item = self._canvas.sheet.box_of(lane, node)
        if item is not None and self.followed.question.node not in item.picture.box.nodes:
            self.followed.go_to(None)
            self.followed.look_at(item.picture.box.exit, self.followed.question.unit)

    # What is known

    def _told(self, number: int) -> FollowAnswer | None:
        lanes = self._session.history.lanes
        return lanes[number].follow if self.followed.on and number < len(lanes) else None

    def _known(self, number: int, told: FollowAnswer | None) -> Mapping[str, FollowedNode]:
        """The nodes of the answer that are drawn as they run."""
        project, lanes = self._session.project, self._document.lanes()
        if told is None or project is None or number >= len(running := project.lanes()):
            return {}
        there, here = running[number].graph.layers, lanes[number].graph.layers
        return {node.node: node for node in told.nodes if there.get(node.node) == here.get(node.node, 0)}

    # What is drawn

    def _cells(self, number: int, told: FollowAnswer, box: Box, node: FollowedNode, backward: bool) -> Cells:
        """Made once for an answer: an edit elsewhere leaves it as it is."""
        chosen = told.unit if set(box.nodes) & set(told.chosen) else None
        made_of = (node, chosen, backward)
        known = self._made.get((number, node.node))
        if known is None or known[0] != made_of:
            inputs = self._session.history.lanes[number].info.inputs
            sides = picture_shape(inputs, float(np.min(told.x, initial=0.0))) if node.kind == "input" else None
            known = self._made[number, node.node] = made_of, Cells.of(node, chosen, backward, sides)
        return known[1]

    def _sent(
        self, told: FollowAnswer | None, wire: Wire, known: Mapping[str, FollowedNode], here: Reached | None
    ) -> Sent | None:
        ends = wire.source, wire.target
        if told is None or here is None or not {*ends} <= known.keys() or ends not in told.wires:
            return None
        returned = told.returns[told.wires.index(ends)] if ends in here.backward else None
        values = known[wire.source].values if ends in here.forward else None
        return Sent(values, returned, known[wire.source].units, here.now is not None and here.now[1] == ends)
