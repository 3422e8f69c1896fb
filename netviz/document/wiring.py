"""Wires of a graph that is being drawn: what may be connected, and the shapes as far as they can be known.

Nothing here asks for a finished network: nodes may stand alone, inputs be missing. Places are elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.graph import (
    Edge,
    Graph,
    Step,
    by_number,
    declared_shape,
    free_port,
    once,
    once_for_wires,
    resolve,
    shapes_along,
)
from engine.layers.base import Layer, Shape
from engine.layers.input import Input

MOST_PORTS = 1000  # an input's number, where a layer takes as many as come


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a wire makes sense. Where it does not but is `possible`, it can be drawn and is then a problem."""

    ok: bool
    reason: str = ""
    possible: bool = True


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of an unfinished graph, where they can be known, and what the other nodes say against theirs."""

    outputs: dict[str, Shape]
    errors: dict[str, str]


def inputs_of(layer: Layer) -> tuple[int, int | None]:
    """The least and the most inputs that a layer takes; None: as many as come."""
    return layer.arity, layer.most_inputs


def slots(graph: Graph, node: str) -> Mapping[int, str]:
    """The sources of `node` by input number."""
    return _slots(graph).get(node, {})


def numbered(graph: Graph) -> Iterable[tuple[Edge, int]]:
    """Every wire with the number of its input: one without takes the next free, in file order."""
    return zip(graph.edges, numbers(graph), strict=True)


@once_for_wires
def numbers(graph: Graph) -> tuple[int, ...]:
    """The number of each wire's input."""
    taken: dict[str, set[int]] = {}
    found = []
    for _, target, port in graph.edges:
        used = taken.setdefault(target, set())
        number = free_port(used) if port is None else port
        used.add(number)
        found.append(number)
    return tuple(found)


@once_for_wires
def _slots(graph: Graph) -> Mapping[str, Mapping[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for edge, number in numbered(graph):
        found.setdefault(edge.target, {}).setdefault(number, edge.source)
    return found


def verdict(graph: Graph, data_shape: Shape | None, source: str, target: str, port: int | None = None) -> Verdict:
    """Whether a wire from `source` to `target` makes sense, and if not, why in words."""
    if reason := refusal(graph, source, target, port):
        return Verdict(False, reason, possible=False)
    drawn = Graph(graph.nodes, (*graph.edges, Edge(source, target, port)))
    before, after = shapes(graph, data_shape), shapes(drawn, data_shape)
    for node, message in after.errors.items():
        if before.errors.get(node) != message:
            where = "" if node == target else f" at {node}"
            return Verdict(False, f"shapes do not meet{where}: {message}")
    return Verdict(True)


def refusal(graph: Graph, source: str, target: str, port: int | None = None) -> str | None:
    """Why a wire cannot be drawn at all, or None."""
    layers = graph.layers
    for end in (source, target):
        if end not in layers:
            return f"there is no node {end!r}"
    if source == target:
        return f"{target} cannot feed itself"
    _, most = inputs_of(layers[target])
    if most == 0:
        return f"{target} takes no input"
    taken = slots(graph, target)
    if most == 1 and source in taken.values():
        return f"{source} feeds {target} already"
    if port is not None and not 0 <= port < (MOST_PORTS if most is None else most):
        return f"{target} has no input {port}"
    if port is not None and port in taken:
        return f"input {port} of {target} is taken by {taken[port]}"
    if most is not None and len(taken) >= most:
        by = ", ".join(taken[n] for n in sorted(taken))
        return f"the input of {target} is taken by {by}" if most == 1 else f"all inputs of {target} are taken: {by}"
    if way := _way(graph, target, source):
        return f"would close a circle: {' → '.join((*way, target))}"
    return None


@once
def shapes(graph: Graph, data_shape: Shape | None) -> Shapes:
    """One example's shape after each node for which all that comes before is there and fits."""
    structure, _ = resolve(graph, data_shape)
    if structure is not None:
        return Shapes(structure.shapes, {})
    example = data_shape if data_shape is not None else declared_shape(graph)
    steps = _ready(graph)
    if example is None:  # what is not known yet is no fault
        steps = tuple(step for step in steps if not isinstance(graph.layers[step[0]], Input))
    return Shapes(*shapes_along(graph, steps, example))


@once_for_wires
def _ready(graph: Graph) -> tuple[Step, ...]:
    """The nodes that have as many sources as they take, with these, each after all that feed it."""
    layers, into, found = graph.layers, _slots(graph), []
    for node in downstream(graph):
        taken, layer = into.get(node, {}), layers[node]
        count = len(taken)
        without_gap = not taken or max(taken) + 1 == count
        if without_gap and (layer.arity == count or (layer.arity < count and layer.takes_more)):
            found.append((node, by_number(taken)))
    return tuple(found)


@once_for_wires
def downstream(graph: Graph) -> tuple[str, ...]:
    """Every node after all that feed it, ties in file order; what is on a circle, or behind one, is left out."""
    waiting = {node.id: 0 for node in graph.nodes}
    followers: dict[str, list[str]] = {node: [] for node in waiting}
    for source, target, _ in graph.edges:
        if source in waiting and target in waiting:
            waiting[target] += 1
            followers[source].append(target)
    order = [node for node, feeding in waiting.items() if not feeding]
    for node in order:
        for target in followers[node]:
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    return tuple(order)


def _way(graph: Graph, start: str, end: str) -> tuple[str, ...]:
    """The nodes on a shortest way along the wires from `start` to `end`; empty where there is none."""
    followers: dict[str, list[str]] = {}
    for edge in graph.edges:
        followers.setdefault(edge.source, []).append(edge.target)
    came: dict[str, str | None] = {start: None}
    reached = [start]
    for node in reached:
        if node == end:
            way, at = [], came[node]
            while at is not None:
                way.append(at)
                at = came[at]
            return (*reversed(way), end)
        for target in followers.get(node, ()):
            if target not in came:
                came[target] = node
                reached.append(target)
    return ()
