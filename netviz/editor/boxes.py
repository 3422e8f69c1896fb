"""What is drawn of a lane: boxes, wires and words, as frozen values that are compared before anything is drawn."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from engine.errors import Problem
from engine.graph import Graph, Structure, by_number, once_for_wires
from engine.layers.base import Layer, Shape, Weighted
from engine.layers.input import Input
from engine.project import Layout, Project
from netviz.document import layered, wiring
from netviz.editor.box_picture import Box, BoxFacts, BoxPicture, box_picture, counted, text_of_shape

OUT = -1  # the number of a box's output
KEPT = 8192  # parts of drawings that are known again


class Wire(NamedTuple):
    """A wire as the file has it, the number of the input that it comes to, and the boxes at its ends."""

    source: str
    target: str
    number: int
    port: int | None
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class LanePicture:
    """All that a lane shows. Places are in the units of a project's layout."""

    name: str
    note: str
    problem: str
    boxes: Mapping[str, BoxPicture]  # by the box's node, in reading order
    places: Mapping[str, tuple[float, float]]
    corners: tuple[tuple[float, float], tuple[float, float]]  # the least and the greatest of them, by x and y
    wires: Mapping[Wire, str]  # the shape that flows
    homes: Mapping[str, str]  # the box of every node
    taken: Mapping[str, frozenset[int]]  # the inputs of every box to which wires come; OUT where one leaves
    made_of: "_Known" = field(compare=False, repr=False)

    def wired_like(self, other: "LanePicture") -> bool:
        """Whether the same wires run between the same boxes."""
        return self.made_of.frame is other.made_of.frame


class _Look(NamedTuple):
    """What is drawn of one box whatever its layers' fields are."""

    box: Box
    sources: tuple[str, ...]  # by input number
    depth: tuple[int, int] | None
    ports: tuple[int, bool]
    loose: bool


@dataclass(frozen=True, slots=True)
class _Frame:
    """What is drawn of a graph whatever its layers' fields are."""

    boxes: Mapping[str, _Look]
    homes: Mapping[str, str]
    wires: tuple[Wire, ...]
    taken: Mapping[str, frozenset[int]]
    followers: Mapping[str, tuple[str, ...]]  # of every node, the boxes that it feeds


@dataclass(frozen=True, slots=True)
class _Known:
    """What a lane's picture is made of."""

    frame: _Frame
    layers: Mapping[str, Layer]
    layout: Layout
    data: str
    shapes: Mapping[str, Shape]  # after nodes
    problems: Mapping[str, list[str]]  # by node

    def reshaped(self, old: "_Known") -> set[str]:
        """The nodes after which another shape is known than in `old`."""
        mine, other = self.shapes, old.shapes
        if mine is other:
            return set()
        found = {n for n, shape in mine.items() if (was := other.get(n)) is not shape and was != shape}
        return found if len(mine) == len(other) and not found else found | (other.keys() - mine.keys())

    def touched(self, old: "_Known", reshaped: set[str]) -> set[str]:
        """The boxes that may look otherwise than in `old`: what nobody edited is the same object, and left alone."""
        frame, was = self.frame, old.frame
        if self.data != old.data:
            return set(frame.boxes)
        found = {target for node in reshaped for target in frame.followers.get(node, ())}
        nodes = reshaped | {n for n, layer in self.layers.items() if old.layers.get(n) is not layer}
        if self.problems or old.problems:
            said = self.problems.keys() | old.problems.keys()
            nodes |= {n for n in said if self.problems.get(n) != old.problems.get(n)}
        found |= {home for n in nodes if (home := frame.homes.get(n)) is not None}
        if frame is not was:
            found |= {n for n, look in frame.boxes.items() if was.boxes.get(n) != look}
        return found


def picture(
    lane: Project,
    structure: Structure | None,
    problems: list[Problem],
    name: str,
    data_shape: Shape | None = None,
    apart: str = "",
    before: LanePicture | None = None,
) -> LanePicture:
    """What to draw of one lane. Without a structure, shapes are shown as far as they can be known.

    `apart` are the words that tell it from the other lanes. What is as it was in the picture `before` is taken over
    from there as the same object.
    """
    graph, frame = lane.graph, _frame(lane.graph)
    shapes, by_node, rest = _shapes_and_problems(lane, structure, problems, data_shape)
    now = _Known(frame, graph.layers, lane.layout, lane.data.title, shapes, by_node)
    boxes, places, wires = _new(graph, now) if before is None else _changed(graph, now, before)
    corners = before.corners if before is not None and places is before.places else _corners(places.values())
    total = sum([box.parameters for box in boxes.values()])
    problem = rest[0] if rest else "; ".join(f"{n}: {lines[0]}" for n, lines in list(by_node.items())[:1])
    note = " · ".join(words for words in (counted(total) if total else "", apart) if words)
    return LanePicture(name, note, problem, boxes, places, corners, wires, frame.homes, frame.taken, now)


_Parts = tuple[Mapping[str, BoxPicture], Mapping[str, tuple[float, float]], Mapping[Wire, str]]


def _new(graph: Graph, now: _Known) -> _Parts:
    places = _places(graph, now)
    boxes = {node: _box(node, now) for node in sorted(now.frame.boxes, key=places.__getitem__)}
    return boxes, places, {wire: text_of_shape(now.shapes.get(wire.source, ())) for wire in now.frame.wires}


def _changed(graph: Graph, now: _Known, before: LanePicture) -> _Parts:
    """Only what differs from the picture `before` is made anew."""
    was = before.made_of
    same, reshaped = now.frame is was.frame, now.reshaped(was)
    touched = now.touched(was, reshaped)
    places, boxes, wires = before.places, before.boxes, before.wires
    if not same or now.layout != was.layout:
        found = _places(graph, now)
        places = places if found == places else found
    made = {node: _box(node, now) for node in touched}
    if places is before.places:
        boxes = {**boxes, **made} if made else boxes
    else:
        known = before.boxes
        boxes = {n: made[n] if n in made else known[n] for n in sorted(now.frame.boxes, key=places.__getitem__)}
    if not same or reshaped:
        wires = {wire: text_of_shape(now.shapes.get(wire.source, ())) for wire in now.frame.wires}
    return boxes, places, wires


def _places(graph: Graph, now: _Known) -> Mapping[str, tuple[float, float]]:
    boxes = now.frame.boxes
    places = {n: at for n, at in now.layout.items() if n in boxes}
    return places if len(places) == len(boxes) else {**layered.automatic(graph), **places}


def _corners(places: Collection[tuple[float, float]]) -> tuple[tuple[float, float], tuple[float, float]]:
    xs, ys = zip(*places, strict=True) if places else ((0.0,), (0.0,))
    return (min(xs), min(ys)), (max(xs), max(ys))


def box_of(
    node: str, lane: Project, structure: Structure | None, problems: list[Problem], data_shape: Shape | None
) -> BoxPicture | None:
    """The box in which `node` is drawn, as in the picture of its lane."""
    frame = _frame(lane.graph)
    if node not in frame.homes:
        return None
    shapes, by_node, _ = _shapes_and_problems(lane, structure, problems, data_shape)
    known = _Known(frame, lane.graph.layers, lane.layout, lane.data.title, shapes, by_node)
    return _box(frame.homes[node], known)


def dock(graph: Graph) -> dict[str, Box]:
    """The boxes, by node: an activation docks onto the layer before it, where nothing else follows that layer."""
    docked = layered.docked(graph)
    taken = set(docked.values())
    return {node.id: _box_like(node.id, docked.get(node.id)) for node in graph.nodes if node.id not in taken}


def _shapes_and_problems(
    lane: Project, structure: Structure | None, problems: list[Problem], data_shape: Shape | None
) -> tuple[Mapping[str, Shape], dict[str, list[str]], list[str]]:
    """The shapes after nodes, the problems of each node, and those of no node."""
    if structure is not None:
        return structure.shapes, *_sorted_out(problems, {}, lane.graph.layers)
    found = wiring.shapes(lane.graph, data_shape)
    return found.outputs, *_sorted_out(problems, found.errors, lane.graph.layers)


@once_for_wires
def _frame(graph: Graph) -> _Frame:
    found, layers = dock(graph), graph.layers
    homes = {node: node for node in found} | {docked: host for host, docked in layered.docked(graph).items()}
    slots: dict[str, dict[int, str]] = {node: {} for node in layers}
    taken: dict[str, set[int]] = {node: set() for node in found}
    followers: dict[str, list[str]] = {node: [] for node in layers}
    wires: dict[Wire, None] = {}
    for (source, target, port), number in zip(graph.edges, wiring.numbers(graph), strict=True):
        start, end = homes.get(source), homes.get(target)
        if start is None or end is None:
            continue
        slots[target].setdefault(number, source)
        followers[source].append(target)
        if start != end:
            wires[_wire(source, target, number, port, start, end)] = None
            taken[start].add(OUT)
            taken[end].add(number)
    weighted = [node for node in found if isinstance(layers[node], Weighted)]
    depths = {node: (index, len(weighted)) for index, node in enumerate(weighted)}
    reached = _reached(layers, followers)
    return _Frame(
        boxes={
            node: _look(
                box,
                by_number(slots[node]),
                depths.get(node),
                _ports(layers[node], slots[node]),
                node not in reached,
            )
            for node, box in found.items()
        },
        homes=homes,
        wires=tuple(wires),
        taken={node: _numbers(*sorted(numbers)) for node, numbers in taken.items()},
        followers={node: tuple([n for n in fed if n in found]) for node, fed in followers.items() if fed},
    )


# Most of a drawing is in the next one, too. As the same objects they are compared at once, and the collector,
# which stops the window while it looks for what is kept no longer, has a tenth of them to look at.
_box_like, _wire, _look = lru_cache(KEPT)(Box), lru_cache(KEPT)(Wire), lru_cache(KEPT)(_Look)


@lru_cache(KEPT)
def _numbers(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


def _box(node: str, known: _Known) -> BoxPicture:
    """One box, as far as it is known what comes to it."""
    look, layers, shapes, problems = known.frame.boxes[node], known.layers, known.shapes, known.problems
    box, sources = look.box, look.sources
    wrong = "\n".join(line for part in box.nodes for line in problems.get(part, ())) if problems else ""
    return box_picture(
        BoxFacts(
            box=box,
            layer=layers[node],
            activation=None if box.activation is None else layers[box.activation].title,
            data=known.data,
            before=tuple([shapes[source] for source in sources if source in shapes]),
            sources=len(sources),
            shape=shapes.get(node),
            after=shapes.get(box.exit),
            depth=look.depth,
            wrong=wrong,
            ports=look.ports,
            loose=look.loose,
        )
    )


def _reached(layers: Mapping[str, Layer], followers: Mapping[str, Iterable[str]]) -> set[str]:
    """The nodes to which a way leads from an input that feeds something."""
    waiting = [node for node, layer in layers.items() if isinstance(layer, Input) and followers[node]]
    found = set(waiting)
    while waiting:
        for target in followers[waiting.pop()]:
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _ports(layer: Layer, taken: Mapping[int, str]) -> tuple[int, bool]:
    """How many input ports a box shows, one of them free where another wire may come; whether they are numbered."""
    if layer.arity < 2 and not layer.takes_more:
        return layer.arity, False
    least, most = wiring.inputs_of(layer)
    wanted = max(least, max(taken, default=-1) + 2)
    return (wanted if most is None else min(wanted, max(most, len(taken)))), True


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
