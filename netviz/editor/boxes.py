"""What is drawn of a lane: boxes, wires and words, as frozen values that are compared before anything is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import Problem
from engine.graph import Graph, Structure
from engine.layers.base import Activation, Layer, Weighted
from engine.layers.input import Input
from engine.project import Project

COLUMN, ROW = 160.0, 100.0  # distance of neighbours in a project's layout


@dataclass(frozen=True, slots=True)
class Box:
    """One box: a layer, and the activation that is docked onto it."""

    node: str
    activation: str | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        return (self.node,) if self.activation is None else (self.node, self.activation)


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
    wires: Mapping[tuple[str, str], str]  # boxes at both ends: the shape that flows


def picture(lane: Project, structure: Structure | None, problems: list[Problem], name: str) -> LanePicture:
    """What to draw of one lane; without a structure, what the graph alone says."""
    found = dock(lane.graph)
    layers = {node.id: node.layer for node in lane.graph.nodes}
    weighted = [box.node for box in found.values() if isinstance(layers[box.node], Weighted)]
    by_node, rest = _sorted_out(problems, layers)
    boxes = {}
    for box in found.values():
        layer = layers[box.node]
        wrong = "\n".join(line for node in box.nodes for line in by_node.get(node, ()))
        depth = (weighted.index(box.node), len(weighted)) if box.node in weighted else None
        parameters = structure.parameter_count(box.node) if structure is not None else 0
        title, second = _title(layer, box.node, structure), _second(box, layers, lane, structure)
        words = _words(box, layers, title, parameters, structure, wrong)
        boxes[box.node] = BoxPicture(box, title, second, parameters, depth, wrong, words)
    shapes = structure.shapes if structure is not None else {}
    wires = {}
    home = {node: box.node for box in found.values() for node in box.nodes}
    for edge in lane.graph.edges:
        if edge.source in home and edge.target in home and home[edge.source] != home[edge.target]:
            wires[home[edge.source], home[edge.target]] = text_of_shape(shapes.get(edge.source, ()))
    total = sum(box.parameters for box in boxes.values())
    places = {**automatic(found, tuple(wires)), **{n: at for n, at in lane.layout.items() if n in found}}
    ordered = dict(sorted(boxes.items(), key=lambda item: places[item[0]]))
    problem = rest[0] if rest else "; ".join(f"{n}: {lines[0]}" for n, lines in list(by_node.items())[:1])
    return LanePicture(name, counted(total) if structure is not None else "", problem, ordered, places, wires)


def dock(graph: Graph) -> dict[str, Box]:
    """The boxes, by node: an activation docks onto the layer before it, where nothing else follows that layer."""
    layers = {node.id: node.layer for node in graph.nodes}
    followers: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    for edge in graph.edges:
        followers.setdefault(edge.source, []).append(edge.target)
        sources.setdefault(edge.target, []).append(edge.source)
    docked: dict[str, str] = {}
    for node, layer in layers.items():
        before = sources.get(node, [])
        if isinstance(layer, Activation) and len(before) == 1 and followers.get(before[0]) == [node]:
            host = layers.get(before[0])
            if host is not None and not isinstance(host, Activation | Input):
                docked[before[0]] = node
    taken = set(docked.values())
    return {node: Box(node, docked.get(node)) for node in layers if node not in taken}


def automatic(boxes: Mapping[str, Box], wires: tuple[tuple[str, str], ...]) -> dict[str, tuple[float, float]]:
    """From left to right by the longest way from an input; what stands in one column is centred on the row."""
    rank = dict.fromkeys(boxes, 0)
    for _ in boxes:  # a circle of wires must not keep this going
        before = dict(rank)
        for source, target in wires:
            rank[target] = min(max(rank[target], rank[source] + 1), len(boxes))
        if rank == before:
            break
    columns: dict[int, list[str]] = {}
    for node, column in rank.items():
        columns.setdefault(column, []).append(node)
    return {
        node: (column * COLUMN, (row - (len(nodes) - 1) / 2) * ROW)
        for column, nodes in columns.items()
        for row, node in enumerate(nodes)
    }


def text_of_shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def counted(parameters: int) -> str:
    return "1 parameter" if parameters == 1 else f"{grouped(parameters)} parameters"


def grouped(number: int) -> str:
    """Thousands apart, by a narrow space."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _title(layer: Layer, node: str, structure: Structure | None) -> str:
    if isinstance(layer, Activation):
        return layer.title
    shape = structure.shapes[node] if structure is not None else getattr(layer, "shape", None) or ()
    size = text_of_shape(shape) or str(getattr(layer, "units", ""))
    return f"{layer.title} {size}".strip()


def _second(box: Box, layers: Mapping[str, Layer], lane: Project, structure: Structure | None) -> str:
    layer = layers[box.node]
    if box.activation is not None:
        title = layers[box.activation].title
        return title.lower() if title.istitle() else title  # ReLU stays
    if isinstance(layer, Input):
        return lane.data.title
    if isinstance(layer, Weighted):
        return "linear"
    return text_of_shape(structure.shapes[box.node]) if structure is not None else ""


def _words(
    box: Box, layers: Mapping[str, Layer], title: str, parameters: int, structure: Structure | None, wrong: str
) -> str:
    lines = [f"{box.node}: {title}"]
    if box.activation is not None:
        lines.append(f"{box.activation}: {layers[box.activation].title}")
    if parameters:
        lines.append(counted(parameters))
    if structure is not None and structure.inputs[box.node]:
        incoming = ", ".join(map(text_of_shape, structure.input_shapes(box.node)))
        lines.append(f"shape {incoming} → {text_of_shape(structure.shapes[box.nodes[-1]])}")
    return "\n".join([wrong, *lines] if wrong else lines)


def _sorted_out(problems: list[Problem], layers: Mapping[str, Layer]) -> tuple[dict[str, list[str]], list[str]]:
    """The problems of each node, and those of no node, with the name of what they concern."""
    by_node: dict[str, list[str]] = {}
    rest = []
    for problem in problems:
        where = problem.where.removeprefix("graph.edges.").split("->")[-1].split(".")[0]
        if where in layers:
            by_node.setdefault(where, []).append(problem.message)
        else:
            rest.append(problem.message if problem.where.startswith("graph") else str(problem))
    return by_node, rest
