"""Drawing a network by hand: each method is one named step on the document's undo stack.

An unfinished network is allowed at any time, and said by `document.problems()`. Refused with a ProjectError, and
nothing changed, is only what is no graph at all: an id that cannot be, an input taken twice, a circle, a wire or
node that is not there. A graph that several lanes share is changed for all of them; each lane has its own places.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, Literal

from engine.catalogue import LAYERS
from engine.errors import Problem, ProjectError
from engine.graph import Graph, Node
from engine.layers.base import Layer
from engine.project import Layout, Project
from engine.spec import build
from netviz.document import edits, fields, lanes, layered, palette
from netviz.document.address import Address, Drawn, Lanes, Place, owner, read
from netviz.document.clipboard import PLACE_LIMIT, Piece, beside, from_text, piece_of, to_text
from netviz.document.document import Document
from netviz.document.layered import COLUMN, ROW
from netviz.document.standing import Placer, free, room_after, settled
from netviz.document.wiring import Shapes, Verdict, shapes, verdict

Alignment = Literal["left", "centre", "right", "top", "middle", "bottom", "distribute"]


class Drawing:
    """The edits of a document's networks. Holds nothing but the document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    # What can be asked

    def places(self, lane: int) -> Layout:
        """Where every node is drawn; a docked activation where its layer is."""
        project = self._lane(lane)
        return layered.places(project.graph, project.layout)

    def shapes(self, lane: int) -> Shapes:
        """The shapes as far as an unfinished network has them; `document.structure` wants a finished one."""
        return shapes(self._lane(lane).graph, self._document.data_shape())

    def can_connect(self, lane: int, source: str, target: str, port: int | None = None) -> Verdict:
        """Whether the wire makes sense; `possible` says whether `connect` would draw it all the same."""
        return verdict(self._lane(lane).graph, self._document.data_shape(), source, target, port)

    def fitting(self, lane: int, source: str) -> tuple[palette.Fit, ...]:
        """Every kind of the palette, with the reason where it cannot follow `source`."""
        edits.require(self._lane(lane).graph, [source])
        return palette.fitting(self.shapes(lane).outputs.get(source))

    # Wires

    def connect(self, lane: int, source: str, target: str, port: int | None = None) -> None:
        """Without `port` the wire takes the next free input."""
        graph = edits.connected(self._lane(lane).graph, source, target, port)
        self._apply(lane, f"Connect {source} to {target}", graph)

    def disconnect(self, lane: int, source: str, target: str, port: int | None = None) -> None:
        graph = edits.disconnected(self._lane(lane).graph, source, target, port)
        self._apply(lane, f"Disconnect {source} from {target}", graph)

    def reconnect(self, lane: int, old: tuple[str, str], new: tuple[str, str]) -> None:
        """The wire `old` is taken off at one end and put on elsewhere."""
        graph = edits.reconnected(self._lane(lane).graph, old, new)
        self._apply(lane, f"Connect {new[0]} to {new[1]}", graph)

    # Nodes

    def add_node(
        self, lane: int, kind: str, place: Place, given: Mapping[str, Any] | None = None, name: str | None = None
    ) -> str:
        """A node that stands alone, with fields `given`; returns its id."""
        graph = self._lane(lane).graph
        node = _made(kind, given, name, graph)
        at = _finite(place)
        self._apply(lane, f"Add {node.id}", edits.with_node(graph, node), lambda _: {node.id: at})
        return node.id

    def insert_on_wire(
        self,
        lane: int,
        kind: str,
        source: str,
        target: str,
        given: Mapping[str, Any] | None = None,
        number: int | None = None,
    ) -> str:
        """A new node in the middle of a wire (to input `number`); what stands after it makes room. Returns its id."""
        graph = self._lane(lane).graph
        node = _made(kind, given, None, graph)
        made = edits.inserted(edits.with_node(graph, node, source), node.id, source, target, number)
        boxed = node.id in layered.boxes(made)
        self._apply(lane, f"Insert {node.id}", made, lambda at: _between(at, node.id, source, target) if boxed else {})
        return node.id

    def put_on_wire(self, lane: int, node: str, source: str, target: str, number: int | None = None) -> None:
        """A node that stands alone goes into the middle of a wire (to input `number`), and stays where it is."""
        graph = edits.inserted(self._lane(lane).graph, node, source, target, number)
        self._apply(lane, f"Insert {node}", graph)

    def pull_out(self, lane: int, node: str, place: Place | None = None) -> None:
        """The node stands alone (at `place`), and the wire heals."""
        graph = edits.pulled_out(self._lane(lane).graph, node)
        at = None if place is None else _finite(place)
        self._apply(lane, f"Pull out {node}", graph, None if at is None else lambda _: {node: at})

    def remove(self, lane: int, nodes: Iterable[str]) -> None:
        """The wire heals past a node that had exactly one source."""
        self._remove(lane, nodes, "Remove")

    def _remove(self, lane: int, nodes: Iterable[str], verb: str) -> None:
        graph = self._lane(lane).graph
        gone = edits.require(graph, nodes)
        self._apply(lane, f"{verb} {_named(gone)}", edits.without(graph, gone))

    def take_graph(self, lane: int, graph: Graph, words: str) -> None:
        """Another graph in one step; nodes that are new in it stand where the layout puts them."""
        self._apply(lane, words, graph)

    def rename_node(self, lane: int, node: str, name: str) -> None:
        graph = self._lane(lane).graph
        edits.require(graph, [node])
        if name == node:
            return
        edits.check_id(graph, name)
        at = self._address(lane)
        before: Drawn = read(self._document.project, at)
        moved = tuple((i, tuple((name if n == node else n, p) for n, p in all_)) for i, all_ in before.places)
        self._document.edit(at, Drawn(edits.renamed(graph, {node: name}), moved), f"Rename {node} to {name}", "id")

    # Several nodes at once

    def set_fields(self, lane: int, nodes: Iterable[str], field: str, value: object, gesture: object = None) -> None:
        """The field of all that have it; the same `gesture`, other than None, is one step."""
        graph = self._lane(lane).graph
        chosen = edits.require(graph, nodes)
        having = [n for n in chosen if field in graph.layer(n).__struct_fields__]
        if not having:
            raise ProjectError(Problem(f"{chosen[0]}.{field}", "none of the nodes has this field"))
        words = fields.label(fields.properties(type(graph.layer(having[0]))), field)
        layers = {n: fields.with_node_field(graph.layer(n), n, field, value) for n in having}
        named = f"Change {words} of {_named(having)}"
        self._apply(lane, named, _with_layers(graph, layers), field=(field, *having), gesture=gesture)

    def replace_kinds(self, lane: int, nodes: Iterable[str], kind: str) -> None:
        """Other layers in the places of `nodes`; each keeps the fields that both kinds have."""
        graph = self._lane(lane).graph
        chosen = edits.require(graph, nodes)
        layers = {n: fields.with_node_kind(graph.layer(n), n, kind) for n in chosen}
        self._apply(lane, f"Replace {_named(chosen)} by {LAYERS[kind].title}", _with_layers(graph, layers))

    def duplicate(self, lane: int, nodes: Iterable[str], offset: Place = (0.0, ROW)) -> tuple[str, ...]:
        """Copies of `nodes` with the wires among them; returns their ids."""
        project = self._lane(lane)
        chosen = edits.require(project.graph, nodes)
        piece = piece_of(project.graph, project.layout, chosen)
        dx, dy = _finite(offset)
        return self._insert(lane, piece, {n: (x + dx, y + dy) for n, (x, y) in piece.places.items()}, "Duplicate")

    def repeat(self, lane: int, nodes: Iterable[str], times: int) -> tuple[str, ...]:
        """A block fed by one node and leading out of one stands `times` in line; returns the ids of the copies."""
        graph = self._lane(lane).graph
        block = edits.require(graph, nodes)
        made, copies = edits.repeated(graph, block, times)

        def place(at: Layout) -> Mapping[str, Place]:
            xs = [at[node][0] for node in block]
            width = max(xs) - min(xs) + COLUMN
            moved = room_after(max(xs), width * len(copies), {n: p for n, p in at.items() if n not in block})
            for number, names in enumerate(copies, 1):
                moved |= {names[n]: (at[n][0] + number * width, at[n][1]) for n in block}
            return moved

        self._apply(lane, f"Repeat {_named(block)} {times} times", made, place)
        return tuple(name for names in copies for name in names.values())

    # Places

    def move_nodes(self, lane: int, places: Mapping[str, Place], gesture: object = None) -> None:
        """Moves of the same nodes with the same `gesture`, other than None, are one step."""
        chosen = edits.require(self._lane(lane).graph, places)
        asked = {node: _finite(at) for node, at in places.items()}
        self._move(lane, f"Move {_named(chosen)}", asked, ("place", *chosen), gesture)

    def align(self, lane: int, nodes: Iterable[str], how: Alignment) -> None:
        """On one line; `distribute` is evenly along the longer side, in the order in which they stand."""
        shown, standing = self.places(lane), layered.boxes(self._lane(lane).graph)
        chosen = [n for n in edits.require(self._lane(lane).graph, nodes) if n in standing]
        if len(chosen) > 1:
            words = "Distribute" if how == "distribute" else f"Align {how} of"
            self._move(lane, f"{words} {_named(chosen)}", layered.aligned({n: shown[n] for n in chosen}, how))

    def auto_layout(self, lane: int) -> None:
        """Every box in columns from left to right."""
        self._move(lane, "Lay out", layered.automatic(self._lane(lane).graph))

    # Pieces: clipboard and templates

    def copy(self, lane: int, nodes: Iterable[str]) -> str:
        """`nodes` and the wires among them, as text for the clipboard."""
        return to_text(self.piece(lane, nodes))

    def cut(self, lane: int, nodes: Sequence[str]) -> str:
        text = self.copy(lane, nodes)
        self._remove(lane, nodes, "Cut")
        return text

    def paste(self, lane: int, text: str, place: Place | None = None) -> tuple[str, ...]:
        """Copied nodes, their upper left corner at `place` or else beside the originals; returns their ids."""
        piece = from_text(text)
        at = beside(piece, self.places(lane).values()) if place is None else piece.moved_to(_finite(place))
        return self._insert(lane, piece, at, "Paste")

    def piece(self, lane: int, nodes: Iterable[str]) -> Piece:
        """`nodes` as they stand: what a template is saved from."""
        project = self._lane(lane)
        return piece_of(project.graph, project.layout, nodes)

    def insert_piece(self, lane: int, piece: Piece, place: Place, name: str = "") -> tuple[str, ...]:
        """A template, its upper left corner at `place`; returns the ids."""
        return self._insert(lane, piece, piece.moved_to(_finite(place)), "Insert", name)

    def _insert(self, lane: int, piece: Piece, at: Layout, verb: str, name: str = "") -> tuple[str, ...]:
        graph, names = edits.joined(self._lane(lane).graph, piece.graph)
        new = {names[node]: place for node, place in at.items()}
        self._apply(lane, f"{verb} {name or _named(piece.places)}", graph, lambda _: new)
        return tuple(names.values())

    # Lanes

    def new_lane(self, copy_of: int, name: str | None = None) -> int:
        """A copy of a lane with a graph of its own, last; without `name` it is B, C … Returns its number."""
        self._lane(copy_of)
        before = self._lanes()
        name = lanes.free_name(before) if name is None else name
        source = lanes.names(before)[copy_of]
        after = lanes.with_copy(before, copy_of, name)
        self._document.edit(Address("lanes"), after, f"Duplicate {source} as {name}", "lanes")
        return len(after.variants)

    def remove_lane(self, lane: int) -> None:
        self._lane(lane)
        after = lanes.without(self._lanes(), lane)
        self._document.edit(Address("lanes"), after, f"Remove {lanes.names(self._lanes())[lane]}", "lanes")

    def rename_lane(self, lane: int, name: str) -> None:
        old = self._lane(lane).variant
        if name != old:
            lanes.check_name(self._lanes(), name)
            self._document.edit(Address("lane", lane), name, f"Rename {old} to {name}", "lane")

    def _lanes(self) -> Lanes:
        found: Lanes = read(self._document.project, Address("lanes"))
        return found

    # Inside

    def _lane(self, lane: int) -> Project:
        owner(self._document.project, "graph", lane)  # a lane below 0 is none
        return self._document.lanes()[lane]

    def _address(self, lane: int) -> Address:
        return Address("drawing", owner(self._document.project, "graph", lane))

    def _move(
        self, lane: int, words: str, asked: Layout, field: tuple[str, ...] = ("place",), gesture: object = None
    ) -> None:
        graph = self._lane(lane).graph
        self._apply(lane, words, graph, lambda _: asked, field=field, gesture=gesture, alone=True)

    def _apply(
        self,
        lane: int,
        words: str,
        graph: Graph,
        place: Placer | None = None,
        field: tuple[str, ...] = ("graph",),
        gesture: object = None,
        alone: bool = False,
    ) -> None:
        """One step: the graph, and the layout of each lane that has it (`alone`: places change in this lane only)."""
        at = self._address(lane)
        before: Drawn = read(self._document.project, at)
        after = tuple(
            (i, tuple(settled(before.graph, dict(old), graph, None if alone and i != lane else place).items()))
            for i, old in before.places
        )
        self._document.edit(at, Drawn(graph, after), words, " ".join((*field, str(lane))), gesture)


def _made(kind: str, given: Mapping[str, Any] | None, name: str | None, graph: Graph) -> Node:
    layer: Layer = build(LAYERS, {**(given or {}), "kind": kind}, name or kind)
    return Node(name or edits.automatic_id(layer, edits.taken_ids(graph)), layer)


def _with_layers(graph: Graph, layers: Mapping[str, Layer]) -> Graph:
    nodes = (replace(n, layer=layers[n.id]) if n.id in layers else n for n in graph.nodes)
    return Graph(tuple(nodes), graph.edges)


def _between(at: Layout, node: str, source: str, target: str) -> Layout:
    """A place between two nodes; if they stand side by side, what is to the right moves on."""
    (x, y), (x2, y2) = at[source], at[target]
    place = (x + COLUMN, y)
    moved = room_after(x + COLUMN / 2, COLUMN, at) if 0 <= x2 - x < 1.75 * COLUMN else {}
    if not moved:
        place = ((x + x2) / 2, (y + y2) / 2)
    return moved | {node: free(place, (at | moved).values())}


def _finite(place: Place) -> Place:
    x, y = float(place[0]), float(place[1])
    if not (isfinite(x) and isfinite(y) and max(abs(x), abs(y)) <= PLACE_LIMIT):
        raise ProjectError(Problem("layout", f"expected numbers up to {PLACE_LIMIT:g}, got {place}"))
    return x, y


def _named(nodes: Iterable[str]) -> str:
    found = list(nodes)
    return found[0] if len(found) == 1 else f"{len(found)} nodes"
