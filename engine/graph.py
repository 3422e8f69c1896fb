"""A network's graph: nodes and wires, their order, and the shape on every wire."""

from collections.abc import Callable, Container, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from graphlib import CycleError, TopologicalSorter
from math import prod
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar, cast

from engine.errors import Problem, ShapeError
from engine.layers.base import Layer, Shape, Weighted
from engine.layers.input import Input

MOST_INPUTS = 1_000  # of a layer that takes any number
KEPT = 32  # graphs about which a question's answer is kept
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    layer: Layer


class Edge(NamedTuple):
    """A wire into `target`'s input number `port`; None takes the next free one, in file order."""

    source: str
    target: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def layers(self) -> Mapping[str, Layer]:
        """The layers by node, in file order."""
        return _layers(self)

    def layer(self, node: str) -> Layer:
        return _layers(self)[node]


class _Same:
    """A key by which a graph is known again, and no other that is equal: to compare all nodes would take longer."""

    __slots__ = ("graph",)

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.graph is self.graph

    def __hash__(self) -> int:
        return id(self.graph)


class _Alike:
    """A key by which a graph is known again when nothing but fields of its layers has changed.

    How many inputs a layer takes follows from its kind, so what is asked of wires alone has the same answer.
    """

    __slots__ = ("graph", "key")

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.key: Hashable = tuple((node.id, type(node.layer)) for node in graph.nodes), graph.edges

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Alike) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def once(work: Callable[Concatenate[Graph, P], T]) -> Callable[Concatenate[Graph, P], T]:
    """`work` done once for each graph: graphs are frozen, and everyone who draws or checks one asks the same of it."""
    call: Any = work
    kept = lru_cache(KEPT)(lambda same, *more: call(same.graph, *more))
    return cast(Callable[Concatenate[Graph, P], T], wraps(work)(lambda graph, *more: kept(_Same(graph), *more)))


def once_for_wires(work: Callable[[Graph], T]) -> Callable[[Graph], T]:
    """The same for what follows from ids, kinds and wires alone, so that it outlives the edit of a field."""
    kept = once(work)
    return wraps(work)(lambda graph: kept(_first_alike(graph)))


@once
def _first_alike(graph: Graph) -> Graph:
    return _first(_Alike(graph))


@lru_cache(KEPT)
def _first(alike: _Alike) -> Graph:
    return alike.graph


@once
def _layers(graph: Graph) -> Mapping[str, Layer]:
    return {node.id: node.layer for node in graph.nodes}


@dataclass(frozen=True, slots=True)
class Structure:
    """A sound graph, resolved: what a plan is compiled from."""

    order: tuple[str, ...]  # topological, ties in file order
    layers: dict[str, Layer]
    inputs: dict[str, tuple[str, ...]]  # sources by input number
    shapes: dict[str, Shape]  # of one example's output
    output: str
    example: Shape  # of one whole x, of which an input node may take a part

    @property
    def inputs_of_x(self) -> tuple[str, ...]:
        """The nodes where examples enter."""
        return tuple(node for node in self.order if isinstance(self.layers[node], Input))

    def behind(self, node: str) -> "Structure | None":
        """The part that makes the network's output of the output of `node`, with an input node in its place.

        None where anything comes there on a way that does not lead through `node`.
        """
        later = self.order[self.order.index(node) + 1 :]
        order = (node, *later)
        if any(isinstance(self.layers[name], Input) or not set(self.inputs[name]) <= set(order) for name in later):
            return None
        layers = {node: Input(), **{name: self.layers[name] for name in later}}
        inputs = {node: (), **{name: self.inputs[name] for name in later}}
        shapes = {name: self.shapes[name] for name in order}
        return Structure(order, layers, inputs, shapes, self.output, self.shapes[node])

    def input_shapes(self, node: str) -> tuple[Shape, ...]:
        return tuple(self.shapes[source] for source in self.inputs[node])

    def parameter_count(self, node: str) -> int:
        layer = self.layers[node]
        return layer.parameter_count(*self.input_shapes(node)) if isinstance(layer, Weighted) else 0

    def unit_count(self) -> int:
        """The numbers of the input and of every layer with weights, for one example."""
        return sum(prod(self.shapes[node]) for node in self.order if _adds_units(self.layers[node]))

    def connection_count(self) -> int | None:
        """Products with a weight, and biases, that one example takes; None with a layer that nobody counts so."""
        total = 0
        for node, layer in self.layers.items():
            if isinstance(layer, Weighted):
                count = layer.connection_count(*self.input_shapes(node))
                if count is None:
                    return None
                total += count
        return total

    @property
    def drawn(self) -> tuple[str, ...]:
        """The layers in order, without the input: what telemetry and pictures speak of."""
        return tuple(node for node in self.order if not isinstance(self.layers[node], Input))


def _adds_units(layer: Layer) -> bool:
    return isinstance(layer, Input) or (isinstance(layer, Weighted) and layer.adds_units)


@dataclass(frozen=True, slots=True)
class _Wiring:
    """What `resolve` finds without looking at a field."""

    inputs: dict[str, tuple[str, ...]]
    order: tuple[str, ...]
    output: str
    problems: tuple[Problem, ...]

    @property
    def steps(self) -> Iterable["Step"]:
        return ((node, self.inputs[node]) for node in self.order)


Step = tuple[str, tuple[str, ...]]  # a node, and its sources by input number


def resolve(graph: Graph, data_shape: Shape | None) -> tuple[Structure | None, list[Problem]]:
    """The structure of `graph` fed with examples of `data_shape`, or every problem that it has."""
    structure, problems = _resolved(graph, data_shape)
    return structure, list(problems)


@once
def _resolved(graph: Graph, data_shape: Shape | None) -> tuple[Structure | None, tuple[Problem, ...]]:
    wiring, layers = _wiring(graph), dict(graph.layers)
    if wiring.problems:
        return None, wiring.problems
    example = data_shape if data_shape is not None else declared_shape(graph)
    shapes, errors = shapes_along(graph, wiring.steps, example)
    for node, message in errors.items():
        return None, (Problem(node, message),)
    assert example is not None  # or the input node had said so
    structure = Structure(wiring.order, layers, wiring.inputs, shapes, wiring.output, example)
    if not any(isinstance(layer, Weighted) for layer in layers.values()):
        return None, (Problem("graph", "no layer has weights, so there is nothing to train"),)
    misfits = [(node, layers[node].problem(node, structure)) for node in structure.order]
    found = tuple(Problem(node, why) for node, why in misfits if why)
    return (None, found) if found else (structure, ())


@once_for_wires
def _wiring(graph: Graph) -> _Wiring:
    inputs, problems = _inputs(graph)
    order = _order(graph, inputs, problems)
    output = _output(graph, problems)
    return _Wiring(inputs, order, output, tuple(problems))


def shapes_along(graph: Graph, steps: Iterable[Step], example: Shape | None) -> tuple[dict[str, Shape], dict[str, str]]:
    """The shape after each node whose sources' shapes are known, and what others have against theirs.

    A layer that is the same as when these wires were last asked, and is fed the same, is not asked again.
    """
    layers, steps, memory = graph.layers, tuple(steps), _memory(graph)
    before, known = memory.get(example, ({}, {}))
    shapes, errors, made = dict[str, Shape](), dict[str, str](), dict[str, Shape | str]()
    other = known.keys() - {node for node, _ in steps}  # the nodes that do not say what they said then
    for node, sources in steps:
        layer = layers[node]
        found = known.get(node)
        if found is None or before[node] is not layer or not other.isdisjoint(sources):
            fed = [shapes[source] for source in sources if source in shapes]
            found = _shape(layer, fed, example) if len(fed) == len(sources) else None
            if found != known.get(node):
                other.add(node)
        if found is None:
            continue
        made[node] = found
        if isinstance(found, str):
            errors[node] = found
        else:
            shapes[node] = found
    memory[example] = layers, made
    return shapes, errors


@once_for_wires
def _memory(graph: Graph) -> dict[Shape | None, tuple[Mapping[str, Layer], Mapping[str, Shape | str]]]:
    """By the shape of an example, the layers that were last asked, and what they said."""
    return {}


def declared_shape(graph: Graph) -> Shape | None:
    """One example's shape as an input node declares it."""
    declared = (node.layer.shape for node in graph.nodes if isinstance(node.layer, Input))
    return next((shape for shape in declared if shape is not None), None)


def _shape(layer: Layer, sources: list[Shape], example: Shape | None) -> Shape | str:
    """What leaves a layer, or what it has against what comes."""
    try:
        if isinstance(layer, Input):
            return layer.part_of(layer.shape_for(example))
        return layer.output_shape(*sources)
    except ShapeError as error:
        return str(error)


def _inputs(graph: Graph) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Every node's sources by input number, and what is wrong with the wires."""
    problems = []
    slots: dict[str, dict[int, str]] = {node.id: {} for node in graph.nodes}
    layers = graph.layers
    kinds = {type(layer): layer for layer in layers.values()}
    allowed = {k: MOST_INPUTS if (most := layer.most_inputs) is None else most for k, layer in kinds.items()}
    for edge in graph.edges:
        source, target, port = edge
        if source not in slots or target not in slots:
            missing = target if source in slots else source
            problems.append(Problem(f"graph.edges.{source}->{target}", f"there is no node {missing!r}"))
            continue
        taken, layer = slots[target], layers[target]
        if port is None:
            port = free_port(taken)
        if port in taken or port < 0 or port >= allowed[type(layer)]:
            problems.append(Problem(target, _no_place(layer, taken, edge, port)))
            continue
        taken[port] = source
    wrong = {problem.where for problem in problems}
    for node, taken in slots.items():
        if node in wrong:
            continue
        if len(taken) < layers[node].arity:
            problems.append(Problem(node, f"takes {_count(layers[node])}, got {len(taken) or 'none'}"))
        elif taken and max(taken) >= len(taken):
            gap = next(port for port in range(max(taken)) if port not in taken)
            problems.append(Problem(node, f"nothing comes to input {gap}, but to a later one"))
    return {node: by_number(taken) for node, taken in slots.items()}, problems


def _no_place(layer: Layer, taken: Mapping[int, str], edge: Edge, port: int) -> str:
    """Why a wire cannot come to input `port`."""
    if edge.port is None or layer.most_inputs == 0:
        return f"takes {_count(layer)}, got {'another' if taken else 'one'} from {edge.source!r}"
    if port in taken:
        return f"two wires come to input {port}, from {taken[port]!r} and {edge.source!r}"
    last = (MOST_INPUTS if layer.most_inputs is None else layer.most_inputs) - 1
    return f"{edge.source!r} comes to input {port}, allowed: 0{f' to {last}' if last else ''}"


def by_number(taken: Mapping[int, str]) -> tuple[str, ...]:
    """The sources of a node, by the number of the input that each comes to."""
    return tuple(taken.values()) if len(taken) < 2 else tuple([taken[port] for port in sorted(taken)])


def free_port(taken: Container[int]) -> int:
    """The first input number that is not taken."""
    port = 0
    while port in taken:
        port += 1
    return port


def _count(layer: Layer) -> str:
    text = {0: "no input", 1: "one input"}.get(layer.arity, f"{layer.arity} inputs")
    return f"{text} or more" if layer.takes_more else text


def _order(graph: Graph, inputs: dict[str, tuple[str, ...]], problems: list[Problem]) -> tuple[str, ...]:
    """As `graphlib` has it, nodes in the order in which they are first named; that one finds the circle if need be."""
    followers: dict[str, list[str]] = {}
    for node, sources in inputs.items():
        followers.setdefault(node, [])
        for source in sources:
            followers.setdefault(source, []).append(node)
    waiting = {node: len(inputs[node]) for node in followers}
    order = [node for node, feeding in waiting.items() if not feeding]
    for node in order:
        for target in followers[node]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    if len(order) == len(waiting):
        return tuple(order)
    try:
        TopologicalSorter(inputs).prepare()
    except CycleError as error:
        circle = error.args[1]
        problems.append(Problem(circle[0], f"the wires go round in a circle: {' -> '.join(reversed(circle))}"))
    return ()


def _output(graph: Graph, problems: list[Problem]) -> str:
    followed = {source for source, _, _ in graph.edges}
    ends = [node.id for node in graph.nodes if node.id not in followed]
    if len(ends) > 1:
        problems.append(Problem(ends[1], f"one node must be the output, but nothing follows {', '.join(ends)}"))
    if not any(isinstance(node.layer, Input) for node in graph.nodes):
        problems.append(Problem("graph.nodes", "there is no input node"))
    return ends[0] if ends else ""
