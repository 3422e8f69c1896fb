"""What is drawn of a lane: boxes, wires and words, as frozen values that are compared before anything is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from engine.errors import Problem
from engine.graph import Graph, Structure
from engine.layers.base import Activation, Layer, Shape, Weighted
from engine.layers.input import Input
from engine.project import Project
from netviz.document import layered, wiring


@dataclass(frozen=True, slots=True)
class Box:
    """One box: a layer, and the activation that is docked onto it."""

    node: str
    activation: str | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        return (self.node,) if self.activation is None else (self.node, self.activation)

    @property
    def exit(self) -> str:
        """The node whose output leaves the box."""
        return self.activation or self.node


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire as the file has it, the number of the input that it comes to, and the boxes at its ends."""

    source: str
    target: str
    number: int
    port: int | None
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class BoxPicture:
    """All that a box shows."""

    box: Box
    title: str
    second: str
    parameters: int
    depth: tuple[int, int] | None  # place among the layers with weights, and their number
    problem: str
    words: str  # for the tooltip and for those who cannot see
    inputs: int = 1  # how many input ports, a free one among them
    numbered: bool = False  # whether the order of the inputs counts
    loose: bool = False  # no way leads here from an input

    @property
    def count(self) -> str:
        return "" if not self.parameters else counted(self.parameters)


@dataclass(frozen=True, slots=True)
class LanePicture:
    """All that a lane shows. Places are in the units of a project's layout."""

    name: str
    note: str
    problem: str
    boxes: Mapping[str, BoxPicture]  # by the box's node, in reading order
    places: Mapping[str, tuple[float, float]]
    wires: Mapping[Wire, str]  # the shape that flows
    homes: Mapping[str, str]  # the box of every node


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a graph, finished or not: shapes after nodes, and sources by input number."""

    shapes: Mapping[str, Shape]
    errors: Mapping[str, str]
    slots: Mapping[str, Mapping[int, str]]
    layers: Mapping[str, Layer]

    def incoming(self, node: str) -> tuple[Shape, ...] | None:
        """The shapes at the inputs, where all are known and there are enough."""
        sources = [source for _, source in sorted(self.slots[node].items())]
        if len(sources) < self.layers[node].arity or any(source not in self.shapes for source in sources):
            return None
        return tuple(self.shapes[source] for source in sources)

    def parameters(self, node: str) -> int:
        layer, shapes = self.layers[node], self.incoming(node)
        fits = isinstance(layer, Weighted) and shapes is not None and node in self.shapes
        return prod(layer.block_shape(*shapes)) if fits else 0  # type: ignore[misc, union-attr]


def picture(
    lane: Project, structure: Structure | None, problems: list[Problem], name: str, data_shape: Shape | None = None
) -> LanePicture:
    """What to draw of one lane. Without a structure, shapes are shown as far as they can be known."""
    found = dock(lane.graph)
    layers = {node.id: node.layer for node in lane.graph.nodes}
    known = _known(lane.graph, layers, structure, data_shape)
    weighted = [box.node for box in found.values() if isinstance(layers[box.node], Weighted)]
    depths = {node: (index, len(weighted)) for index, node in enumerate(weighted)}
    by_node, rest = _sorted_out(problems, known.errors, layers)
    reached = _reached(lane.graph, layers)
    boxes = {}
    for box in found.values():
        layer = layers[box.node]
        wrong = "\n".join(line for node in box.nodes for line in by_node.get(node, ()))
        parameters = known.parameters(box.node)
        title, second = _title(layer, box.node, known), _second(box, lane, known)
        loose = box.node not in reached
        words = _words(box, title, parameters, known, wrong, loose)
        ports, numbered = _ports(layer, known.slots[box.node])
        boxes[box.node] = BoxPicture(
            box, title, second, parameters, depths.get(box.node), wrong, words, ports, numbered, loose
        )
    homes = {node: box.node for box in found.values() for node in box.nodes}
    wires = _wires(lane.graph, homes, known)
    pairs = tuple(dict.fromkeys((wire.start, wire.end) for wire in wires))
    total = sum(box.parameters for box in boxes.values())
    places = {n: at for n, at in lane.layout.items() if n in found}
    if len(places) < len(found):
        places = {**_automatic(tuple(found), pairs), **places}
    ordered = dict(sorted(boxes.items(), key=lambda item: places[item[0]]))
    problem = rest[0] if rest else "; ".join(f"{n}: {lines[0]}" for n, lines in list(by_node.items())[:1])
    return LanePicture(name, counted(total) if total else "", problem, ordered, places, wires, homes)


def dock(graph: Graph) -> dict[str, Box]:
    """The boxes, by node: an activation docks onto the layer before it, where nothing else follows that layer."""
    docked = layered.docked(graph)
    taken = set(docked.values())
    return {node.id: Box(node.id, docked.get(node.id)) for node in graph.nodes if node.id not in taken}


def text_of_shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def counted(parameters: int) -> str:
    return "1 parameter" if parameters == 1 else f"{grouped(parameters)} parameters"


def grouped(number: int) -> str:
    """Thousands apart, by a narrow space."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


# The layout of boxes that nobody placed is asked for at every edit, and wires change less often than numbers.
@lru_cache(maxsize=16)
def _automatic(found: tuple[str, ...], wires: tuple[tuple[str, str], ...]) -> dict[str, tuple[float, float]]:
    return layered.layered(found, wires)


def _known(graph: Graph, layers: Mapping[str, Layer], structure: Structure | None, data_shape: Shape | None) -> _Known:
    slots: dict[str, dict[int, str]] = {node: {} for node in layers}
    for edge, number in _numbered(graph):
        if edge.source in layers:
            slots[edge.target].setdefault(number, edge.source)
    if structure is not None:
        return _Known(structure.shapes, {}, slots, layers)
    shapes = wiring.shapes(graph, data_shape)
    return _Known(shapes.outputs, shapes.errors, slots, layers)


def _numbered(graph: Graph):
    """Every wire to a node that is there, with the number of its input."""
    taken: dict[str, set[int]] = {node.id: set() for node in graph.nodes}
    for edge in graph.edges:
        if edge.target not in taken:
            continue
        used = taken[edge.target]
        number = edge.port
        if number is None:
            number = 0
            while number in used:
                number += 1
        used.add(number)
        yield edge, number


def _wires(graph: Graph, homes: Mapping[str, str], known: _Known) -> dict[Wire, str]:
    wires = {}
    for edge, number in _numbered(graph):
        if edge.source in homes and homes[edge.source] != homes[edge.target]:
            ends = homes[edge.source], homes[edge.target]
            shape = known.shapes.get(edge.source, ())
            wires[Wire(edge.source, edge.target, number, edge.port, *ends)] = text_of_shape(shape)
    return wires


def _reached(graph: Graph, layers: Mapping[str, Layer]) -> set[str]:
    """The nodes to which a way leads from an input that feeds something."""
    followers: dict[str, list[str]] = {}
    for edge in graph.edges:
        followers.setdefault(edge.source, []).append(edge.target)
    waiting = [node for node, layer in layers.items() if isinstance(layer, Input) and node in followers]
    found = set(waiting)
    while waiting:
        for target in followers.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _ports(layer: Layer, taken: Mapping[int, str]) -> tuple[int, bool]:
    """How many input ports a box shows, one of them free where another wire may come; whether they are numbered."""
    least, most = wiring.inputs_of(layer)
    if most in (0, 1):
        return int(most), False
    wanted = max(least, max(taken, default=-1) + 2)
    return (wanted if most is None else min(wanted, max(most, len(taken)))), True


def _title(layer: Layer, node: str, known: _Known) -> str:
    if isinstance(layer, Activation):
        return layer.title
    shape = known.shapes.get(node) or getattr(layer, "shape", None) or ()
    size = text_of_shape(shape) or str(getattr(layer, "units", ""))
    return f"{layer.title} {size}".strip()


def _second(box: Box, lane: Project, known: _Known) -> str:
    layer = known.layers[box.node]
    if box.activation is not None:
        title = known.layers[box.activation].title
        return title.lower() if title.istitle() else title  # ReLU stays
    if isinstance(layer, Input):
        return lane.data.title
    if isinstance(layer, Weighted):
        return "linear"
    return text_of_shape(known.shapes.get(box.node, ()))


def _words(box: Box, title: str, parameters: int, known: _Known, wrong: str, loose: bool) -> str:
    lines = [f"{box.node}: {title}"]
    if box.activation is not None:
        lines.append(f"{box.activation}: {known.layers[box.activation].title}")
    if parameters:
        lines.append(counted(parameters))
    incoming, shape = known.incoming(box.node), known.shapes.get(box.exit)
    if incoming and shape is not None:
        lines.append(f"shape {', '.join(map(text_of_shape, incoming))} → {text_of_shape(shape)}")
    if loose:
        lines.append("not connected with the input")
    return "\n".join([wrong, *lines] if wrong else lines)


def _sorted_out(
    problems: list[Problem], errors: Mapping[str, str], layers: Mapping[str, Layer]
) -> tuple[dict[str, list[str]], list[str]]:
    """The problems of each node, and those of no node, with the name of what they concern."""
    by_node: dict[str, list[str]] = {}
    rest = []
    for problem in problems:
        where = problem.where.removeprefix("graph.edges.").split("->")[-1].split(".")[0]
        if where in layers:
            by_node.setdefault(where, []).append(problem.message)
        else:
            rest.append(problem.message if problem.where.startswith("graph") else str(problem))
    for node, message in errors.items():
        if message not in by_node.get(node, ()):
            by_node.setdefault(node, []).append(message)
    return by_node, rest
