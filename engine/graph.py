"""A network's graph: nodes and wires, their order, and the shape on every wire."""

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import count
from math import prod

from engine.errors import Problem, ShapeError
from engine.layers.base import Layer, Shape, Weighted
from engine.layers.input import Input

MOST_INPUTS = 1_000  # of a layer that takes any number


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    layer: Layer


@dataclass(frozen=True, slots=True)
class Edge:
    """A wire into `target`'s input number `port`; None takes the next free one, in file order."""

    source: str
    target: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def layer(self, node: str) -> Layer:
        return next(n.layer for n in self.nodes if n.id == node)


@dataclass(frozen=True, slots=True)
class Structure:
    """A sound graph, resolved: what a plan is compiled from."""

    order: tuple[str, ...]  # topological, ties in file order
    layers: dict[str, Layer]
    inputs: dict[str, tuple[str, ...]]  # sources by input number
    shapes: dict[str, Shape]  # of one example's output
    output: str

    def input_shapes(self, node: str) -> tuple[Shape, ...]:
        return tuple(self.shapes[source] for source in self.inputs[node])

    def parameter_count(self, node: str) -> int:
        layer = self.layers[node]
        return prod(layer.block_shape(*self.input_shapes(node))) if isinstance(layer, Weighted) else 0

    @property
    def drawn(self) -> tuple[str, ...]:
        """The layers in order, without the input: what telemetry and pictures speak of."""
        return tuple(node for node in self.order if not isinstance(self.layers[node], Input))


def resolve(graph: Graph, data_shape: Shape | None) -> tuple[Structure | None, list[Problem]]:
    """The structure of `graph` fed with examples of `data_shape`, or every problem that it has."""
    inputs, problems = _inputs(graph)
    order = _order(graph, inputs, problems)
    output = _output(graph, problems)
    if problems:
        return None, problems
    layers = {node.id: node.layer for node in graph.nodes}
    shapes: dict[str, Shape] = {}
    for node in order:
        try:
            shapes[node] = _shape(layers[node], [shapes[source] for source in inputs[node]], data_shape)
        except ShapeError as error:
            return None, [Problem(node, str(error))]
    structure = Structure(order, layers, inputs, shapes, output)
    if not any(isinstance(layer, Weighted) for layer in layers.values()):
        return None, [Problem("graph", "no layer has weights, so there is nothing to train")]
    return structure, []


def _shape(layer: Layer, sources: list[Shape], data_shape: Shape | None) -> Shape:
    if isinstance(layer, Input):
        return layer.shape_for(data_shape)
    return layer.output_shape(*sources)


def _inputs(graph: Graph) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Every node's sources by input number, and what is wrong with the wires."""
    problems = []
    slots: dict[str, dict[int, str]] = {node.id: {} for node in graph.nodes}
    layers = {node.id: node.layer for node in graph.nodes}
    for edge in graph.edges:
        name = f"graph.edges.{edge.source}->{edge.target}"
        missing = [end for end in (edge.source, edge.target) if end not in slots]
        if missing:
            problems.append(Problem(name, f"there is no node {missing[0]!r}"))
            continue
        taken, layer = slots[edge.target], layers[edge.target]
        allowed = layer.most_inputs if layer.most_inputs is not None else MOST_INPUTS
        port = next(n for n in count() if n not in taken) if edge.port is None else edge.port
        if port in taken or port < 0 or port >= allowed:
            problems.append(Problem(edge.target, f"takes {_count(layer)}, got another from {edge.source!r}"))
            continue
        taken[port] = edge.source
    for node, taken in slots.items():
        if any(p.where == node for p in problems):
            continue
        if len(taken) < layers[node].arity:
            problems.append(Problem(node, f"takes {_count(layers[node])}, got {len(taken) or 'none'}"))
        elif gaps := sorted(set(range(max(taken, default=-1))) - taken.keys()):
            problems.append(Problem(node, f"nothing comes to input {gaps[0]}, but to a later one"))
    return {node: tuple(taken[port] for port in sorted(taken)) for node, taken in slots.items()}, problems


def _count(layer: Layer) -> str:
    text = {0: "no input", 1: "one input"}.get(layer.arity, f"{layer.arity} inputs")
    return f"{text} or more" if layer.takes_more else text


def _order(graph: Graph, inputs: dict[str, tuple[str, ...]], problems: list[Problem]) -> tuple[str, ...]:
    sorter = TopologicalSorter({node.id: inputs[node.id] for node in graph.nodes})
    try:
        return tuple(sorter.static_order())
    except CycleError as error:
        circle = error.args[1]
        problems.append(Problem(circle[0], f"the wires go round in a circle: {' -> '.join(reversed(circle))}"))
        return ()


def _output(graph: Graph, problems: list[Problem]) -> str:
    followed = {edge.source for edge in graph.edges}
    ends = [node.id for node in graph.nodes if node.id not in followed]
    if len(ends) > 1:
        problems.append(Problem(ends[1], f"one node must be the output, but nothing follows {', '.join(ends)}"))
    inputs = [node.id for node in graph.nodes if isinstance(node.layer, Input)]
    if not inputs:
        problems.append(Problem("graph.nodes", "there is no input node"))
    if len(inputs) > 1:
        problems.append(Problem(inputs[1], f"one node must be the input, but there are {', '.join(inputs)}"))
    return ends[0] if ends else ""
