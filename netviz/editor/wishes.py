"""What gestures and keys want of the document: one step of undo each. What is refused is said, not raised."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from engine.catalogue import LAYERS
from engine.errors import ProjectError
from engine.layers.base import Activation
from engine.layers.input import Input
from netviz.document.clipboard import Piece
from netviz.document.document import Document
from netviz.document.drawing import Drawing
from netviz.document.layered import COLUMN
from netviz.document.standing import free
from netviz.document.wiring import Verdict
from netviz.editor.box_picture import Box
from netviz.editor.boxes import LanePicture, Wire

T = TypeVar("T")
Place = tuple[float, float]
ANOTHER = Verdict(False, "this belongs to another network", possible=False)


class Wishes(QObject):
    """Edits made of several that `Drawing` offers. All return None where nothing came of them."""

    refused = Signal(str)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.drawing = Drawing(document)

    def attempt(self, call: Callable[[], T]) -> T | None:
        """What `call` gives; what it refuses is said."""
        try:
            return call()
        except ProjectError as error:
            self.refused.emit(str(error.problems[0]))
            return None

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Several edits as one step of undo, or none at all."""
        stack = self.document.stack
        before = stack.index()
        stack.beginMacro(words)
        try:
            yield
        except ProjectError:
            stack.endMacro()
            if stack.index() > before:
                # A command that is obsolete is forgotten when it is undone: there is nothing to redo.
                stack.command(before).setObsolete(True)
                stack.undo()
            raise
        stack.endMacro()

    # Adding

    def add(self, lane: int, kind: str, place: Place) -> str | None:
        """A node that stands alone."""
        return self.attempt(lambda: self.drawing.add_node(lane, kind, place))

    def add_connected(
        self, lane: int, kind: str, place: Place, source: str = "", target: str = "", port: int | None = None
    ) -> str | None:
        """A node that `source` feeds, or that feeds `target`, as far as a wire is possible."""

        def edit() -> str:
            with self.step(f"Add {LAYERS[kind].title} {f'after {source}' if source else f'before {target}'}"):
                node = self.drawing.add_node(lane, kind, place)
                if source and self.drawing.can_connect(lane, source, node).possible:
                    self.drawing.connect(lane, source, node)
                if target and self.drawing.can_connect(lane, node, target, port).possible:
                    self.drawing.connect(lane, node, target, port)
            return node

        return self.attempt(edit)

    def add_after(self, picture: LanePicture, lane: int, kind: str, source: str, place: Place | None) -> str | None:
        """After `source`: into its one wire, or on from its end (at `place`, or beside it); else it stands alone."""
        box = picture.boxes[picture.homes[source]].box
        out = [wire for wire in picture.wires if wire.start == box.node]
        takes = LAYERS[kind] is not Input
        if takes and len(out) == 1:
            return self.insert(lane, kind, out[0])
        x, y = picture.places[box.node]
        at = place or free((x + COLUMN, y), picture.places.values())
        return self.add_connected(lane, kind, at, box.exit) if takes and not out else self.add(lane, kind, at)

    def insert(self, lane: int, kind: str, wire: Wire) -> str | None:
        ends, number = (wire.source, wire.target), wire.number
        return self.attempt(lambda: self.drawing.insert_on_wire(lane, kind, *ends, number=number))

    def insert_piece(self, lane: int, piece: Piece, place: Place, name: str) -> tuple[str, ...]:
        return self.attempt(lambda: self.drawing.insert_piece(lane, piece, place, name)) or ()

    # Wires

    def verdict(self, lane: int, source: str, target: str, port: int | None) -> Verdict:
        return self.drawing.can_connect(lane, source, target, port)

    def connect(self, lane: int, source: str, target: str, port: int | None) -> None:
        self.attempt(lambda: self.drawing.connect(lane, source, target, port))

    def disconnect(self, lane: int, wire: Wire) -> None:
        self.attempt(lambda: self.drawing.disconnect(lane, wire.source, wire.target, wire.port))

    def replug(self, lane: int, wire: Wire, target: str, port: int | None) -> None:
        """The end of a wire is taken off and put elsewhere."""

        def edit() -> None:
            with self.step(f"Connect {wire.source} to {target}"):
                self.drawing.disconnect(lane, wire.source, wire.target, wire.port)
                self.drawing.connect(lane, wire.source, target, port)

        self.attempt(edit)

    # Moving

    def move(self, lane: int, places: dict[str, Place], gesture: object = None) -> None:
        self.attempt(lambda: self.drawing.move_nodes(lane, places, gesture))

    def put_on(self, lane: int, node: str, wire: Wire, place: Place) -> None:
        """A node that stands alone is dropped on a wire."""

        def edit() -> None:
            with self.step(f"Insert {node}"):
                self.drawing.move_nodes(lane, {node: place})
                self.drawing.put_on_wire(lane, node, wire.source, wire.target, wire.number)

        self.attempt(edit)

    def pull_out(self, lane: int, box: Box, place: Place, wire: Wire | None = None) -> None:
        """A box leaves its wires, which heal; it is put down at `place`, or on another wire."""

        def edit() -> None:
            with self.step(f"Pull out {box.node}"):
                if box.activation is not None:
                    self.drawing.pull_out(lane, box.activation)
                if self._wired(lane, box.node):
                    self.drawing.pull_out(lane, box.node, place)
                else:
                    self.drawing.move_nodes(lane, {box.node: place})
                if box.activation is not None:
                    self.drawing.connect(lane, box.node, box.activation)
                elif wire is not None:
                    self.drawing.put_on_wire(lane, box.node, wire.source, wire.target, wire.number)

        self.attempt(edit)

    def _wired(self, lane: int, node: str) -> bool:
        return any(node in (e.source, e.target) for e in self.document.lanes()[lane].graph.edges)

    # Docking

    def can_host(self, lane: int, box: Box) -> bool:
        """Whether an activation can be drawn with this box."""
        layer = self.document.lanes()[lane].graph.layer(box.node)
        return not isinstance(layer, Activation | Input)

    def is_activation(self, lane: int, box: Box) -> bool:
        return isinstance(self.document.lanes()[lane].graph.layer(box.node), Activation)

    def undock(self, lane: int, box: Box, place: Place, wire: Wire | None, host: Box | None) -> None:
        """An activation is dragged out of its box: to `place`, onto a wire, or onto another box."""
        node = box.exit

        def edit() -> None:
            with self.step(f"Pull out {node}"):
                self.drawing.pull_out(lane, node, place)
                if host is not None:
                    self._dock(lane, node, host)
                elif wire is not None:
                    self.drawing.put_on_wire(lane, node, wire.source, wire.target, wire.number)

        self.attempt(edit)

    def dock(self, lane: int, node: str, host: Box) -> None:
        """An activation that stands alone is dropped on a box; one that is there already makes way."""

        def edit() -> None:
            with self.step(f"Dock {node} onto {host.node}"):
                self._dock(lane, node, host)

        self.attempt(edit)

    def dock_new(self, lane: int, kind: str, host: Box, place: Place) -> str | None:
        """An activation of `kind` comes onto a box, or takes the place of the one there."""

        def edit() -> str:
            if host.activation is not None:
                self.drawing.replace_kinds(lane, [host.activation], kind)
                return host.activation
            with self.step(f"Add {LAYERS[kind].title} to {host.node}"):
                node = self.drawing.add_node(lane, kind, place)
                self._dock(lane, node, host)
            return node

        return self.attempt(edit)

    def _dock(self, lane: int, node: str, host: Box) -> None:
        if host.activation is not None:
            self.drawing.remove(lane, [host.activation])
        graph = self.document.lanes()[lane].graph
        for edge in graph.edges:
            if edge.source == host.node and edge.target != node:
                self.drawing.reconnect(lane, (host.node, edge.target), (node, edge.target))
        self.drawing.connect(lane, host.node, node)

    # Several

    def remove(self, lane: int, nodes: Sequence[str]) -> None:
        self.attempt(lambda: self.drawing.remove(lane, nodes))
