"""A piece of a network as text: what copy and paste carry between lanes and windows, and templates keep in files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import msgspec

from engine.errors import Problem, ProjectError
from engine.graph import Graph
from engine.project import Layout, graph_from, graph_to_json
from engine.spec import show
from netviz.document import edits
from netviz.document.address import Place
from netviz.document.layered import COLUMN, ROW, automatic, places
from netviz.document.wiring import refusal

FORMAT, VERSION = "netviz-nodes", 1
PLACE_LIMIT = 1e6  # in the units of a layout


@dataclass(frozen=True, slots=True)
class Piece:
    """Some nodes, the wires among them, and where each stands."""

    graph: Graph
    places: Layout

    def moved_to(self, corner: Place) -> Layout:
        """The places with the piece's upper left corner at `corner`."""
        left = min(x for x, _ in self.places.values())
        top = min(y for _, y in self.places.values())
        return {node: (x - left + corner[0], y - top + corner[1]) for node, (x, y) in self.places.items()}


def piece_of(graph: Graph, layout: Layout, nodes: Iterable[str]) -> Piece:
    """`nodes` of a lane; a docked activation stands where its layer does."""
    inner = edits.part(graph, nodes)
    shown = places(graph, layout)
    return Piece(inner, {node.id: shown[node.id] for node in inner.nodes})


def to_text(piece: Piece, **more: Any) -> str:
    """JSON, with `more` beside the format."""
    data = {
        "format": FORMAT,
        "version": VERSION,
        **more,
        **graph_to_json(piece.graph),
        "layout": {node: list(at) for node, at in piece.places.items()},
    }
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def from_text(text: str | bytes) -> Piece:
    """The piece in `text`; raises ProjectError with one line where it is none."""
    return piece_from(decoded(text))


def decoded(text: str | bytes) -> dict[str, Any]:
    """The object in `text`, of this format and version."""
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ProjectError(Problem("", "this text is no copied network"))
    version = data.get("version")
    if version != VERSION or isinstance(version, bool):
        message = f"these nodes are of version {show(version)}, this netviz reads version {VERSION}"
        raise ProjectError(Problem("", message))
    return data


def piece_from(data: Mapping[str, Any]) -> Piece:
    try:
        graph = graph_from({key: data[key] for key in ("nodes", "edges") if key in data}, "nodes")
        if not graph.nodes:
            raise ProjectError(Problem("nodes", "expected a list of nodes"))
        # Wire by wire, so that circles and doubly taken inputs are found where they arise.
        built = Graph(graph.nodes, ())
        for edge in graph.edges:
            if reason := refusal(built, edge.source, edge.target, edge.port):
                raise ProjectError(Problem(edge.target, reason))
            built = Graph(built.nodes, (*built.edges, edge))
    except ProjectError as error:
        raise ProjectError(Problem("", f"the copied network cannot be used: {error.problems[0]}")) from None
    return Piece(graph, _layout(data.get("layout", {}), graph))


def _layout(data: object, graph: Graph) -> Layout:
    """The places in `data`; nodes that it leaves out, or all if it is no layout, are placed by themselves."""
    try:
        given = msgspec.convert(data, dict[str, Place])
    except msgspec.ValidationError:
        given = {}
    good = {
        node: (x, y)
        for node, (x, y) in given.items()
        if isfinite(x) and isfinite(y) and max(abs(x), abs(y)) <= PLACE_LIMIT
    }
    if all(node.id in good for node in graph.nodes):
        return {node.id: good[node.id] for node in graph.nodes}
    return places(graph, automatic(graph))


def beside(piece: Piece, seen: Iterable[Place]) -> Layout:
    """The piece's own places, moved down and to the right until none is that of another node."""
    taken = {(round(x), round(y)) for x, y in seen}
    shift = 0
    while True:
        made = {n: (x + shift * COLUMN / 4, y + shift * ROW / 2) for n, (x, y) in piece.places.items()}
        if not any((round(x), round(y)) in taken for x, y in made.values()):
            return made
        shift += 1
