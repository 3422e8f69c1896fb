"""Edits of a graph, as functions from graph to graph; what cannot be done raises ProjectError.

A graph may be unfinished before and after. The order of nodes and wires is kept, because it is the file's.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from engine.errors import Problem, ProjectError
from engine.graph import Edge, Graph, Node
from engine.layers.base import Activation, Layer, Weighted
from engine.layers.input import Input
from engine.names import refusal as name_refusal
from netviz.document.wiring import inputs_of, numbered, refusal

LONGEST_ID = 64
MOST_NODES = 2000  # of one edit that multiplies nodes


def taken_ids(graph: Graph) -> set[str]:
    """Ids that a new node cannot have; a wire to a missing node keeps its name."""
    return {n.id for n in graph.nodes} | {end for e in graph.edges for end in (e.source, e.target)}


def automatic_id(layer: Layer, taken: Collection[str]) -> str:
    """x for an input, h1, h2 … for what has weights, a1, a2 … for activations, else the kind and a number."""
    if isinstance(layer, Input):
        return "x" if "x" not in taken else _numbered("x", taken, 2)
    kind = layer.kind()
    stem = "h" if isinstance(layer, Weighted) else "a" if isinstance(layer, Activation) else kind
    return _numbered(f"{stem}_" if stem[-1].isdigit() else stem, taken)


def fresh_id(name: str, taken: Collection[str]) -> str:
    """`name`, or the next number after its stem that is free."""
    if name not in taken and name_refusal(name) is None:
        return name
    match = re.fullmatch(r"(.*?)(\d*)", name)
    assert match is not None
    stem, number = match[1], match[2][:9]
    return _numbered(stem, taken, int(number) + 1 if number else 2)


def _numbered(stem: str, taken: Collection[str], first: int = 1) -> str:
    number = first
    while True:
        name = f"{stem[: LONGEST_ID - len(str(number))]}{number}"
        if name not in taken and name_refusal(name) is None:
            return name
        number += 1


def require(graph: Graph, nodes: Iterable[str]) -> tuple[str, ...]:
    """`nodes` in file order, without doubles; raises where one is missing or none is given."""
    wanted = dict.fromkeys(nodes)
    found = tuple(n.id for n in graph.nodes if n.id in wanted)
    for node in wanted:
        if node not in found:
            raise ProjectError(Problem(node, "there is no node of this name"))
    if not found:
        raise ProjectError(Problem("graph.nodes", "no node is selected"))
    return found


def with_node(graph: Graph, node: Node, after: str | None = None) -> Graph:
    """The graph with one more node, in the file behind the node `after` or at the end."""
    check_id(graph, node.id)
    return Graph(_spliced(graph.nodes, (node,), after), graph.edges)


def check_id(graph: Graph, name: str) -> None:
    """Raises where no new node can be called `name`."""
    if reason := name_refusal(name) or ("another node has this id" if name in taken_ids(graph) else None):
        raise ProjectError(Problem(name, reason))


def connected(graph: Graph, source: str, target: str, port: int | None = None) -> Graph:
    if reason := refusal(graph, source, target, port):
        raise ProjectError(Problem(target, reason))
    return Graph(graph.nodes, (*graph.edges, Edge(source, target, port)))


def disconnected(graph: Graph, source: str, target: str, port: int | None = None) -> Graph:
    """Without the last wire of this pair, or the one with this number."""
    index = find_wire(graph, source, target, port)
    return Graph(graph.nodes, graph.edges[:index] + graph.edges[index + 1 :])


def reconnected(graph: Graph, old: tuple[str, str], new: tuple[str, str]) -> Graph:
    """The wire `old` between the nodes `new`; at the same target it keeps its input."""
    index = find_wire(graph, *old)
    rest = Graph(graph.nodes, graph.edges[:index] + graph.edges[index + 1 :])
    if old[1] != new[1]:
        return connected(rest, *new)
    made = graph.edges[index]._replace(source=new[0])
    # The others into the target stay where they are, so what they take is not asked.
    alone = Graph(graph.nodes, tuple(e for e in graph.edges if e.target != new[1]))
    connected(alone, *new, made.port)
    return Graph(graph.nodes, (*graph.edges[:index], made, *graph.edges[index + 1 :]))


def find_wire(graph: Graph, source: str, target: str, port: int | None = None) -> int:
    for index in reversed(range(len(graph.edges))):
        edge = graph.edges[index]
        if (edge.source, edge.target) == (source, target) and port in (None, edge.port):
            return index
    raise ProjectError(Problem(target, f"there is no wire from {source!r}"))


def without(graph: Graph, nodes: Iterable[str]) -> Graph:
    """The graph without `nodes`; the wire heals past one that had exactly one source."""
    gone = set(require(graph, nodes))
    return Graph(tuple(n for n in graph.nodes if n.id not in gone), _healed(graph, gone))


def pulled_out(graph: Graph, node: str) -> Graph:
    """The graph with `node` standing alone and the wire healed."""
    require(graph, [node])
    if not any(node in (e.source, e.target) for e in graph.edges):
        raise ProjectError(Problem(node, "is on no wire"))
    return Graph(graph.nodes, _healed(graph, {node}))


def inserted(graph: Graph, node: str, source: str, target: str, number: int | None = None) -> Graph:
    """The wire from `source` to `target` goes through `node`, which stands alone; the target's input stays the same.

    Of several wires between the two the one to input `number`.
    """
    between = {n: i for i, (e, n) in enumerate(numbered(graph)) if (e.source, e.target) == (source, target)}
    index = between[number] if number in between else find_wire(graph, source, target)
    require(graph, [node])
    if inputs_of(graph.layer(node))[1] == 0:
        raise ProjectError(Problem(node, "takes no input"))
    if any(node in (e.source, e.target) for e in graph.edges):
        raise ProjectError(Problem(node, "is on a wire already"))
    through = (Edge(source, node), graph.edges[index]._replace(source=node))
    return Graph(graph.nodes, graph.edges[:index] + through + graph.edges[index + 1 :])


def renamed(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The graph with other ids, which must be free."""
    return Graph(
        tuple(Node(names.get(n.id, n.id), n.layer.renamed(names)) for n in graph.nodes),
        tuple(Edge(names.get(e.source, e.source), names.get(e.target, e.target), e.port) for e in graph.edges),
    )


def part(graph: Graph, nodes: Iterable[str]) -> Graph:
    """`nodes` and the wires among them."""
    inside = set(require(graph, nodes))
    edges = tuple(e for e in graph.edges if e.source in inside and e.target in inside)
    return Graph(tuple(n for n in graph.nodes if n.id in inside), edges)


def joined(graph: Graph, piece: Graph, after: str | None = None) -> tuple[Graph, dict[str, str]]:
    """`piece` beside `graph`, and what each of its nodes is called there."""
    taken, names = taken_ids(graph), dict[str, str]()
    for node in piece.nodes:
        names[node.id] = fresh_id(node.id, taken)
        taken.add(names[node.id])
    other = renamed(piece, names)
    return Graph(_spliced(graph.nodes, other.nodes, after), graph.edges + other.edges), names


def repeated(graph: Graph, nodes: Iterable[str], times: int) -> tuple[Graph, list[dict[str, str]]]:
    """The block of `nodes` stands `times` in line; and the names of each further copy."""
    block = require(graph, nodes)
    most = 1 + MOST_NODES // len(block)
    if not 2 <= times <= most:
        raise ProjectError(Problem(block[0], f"a block can stand 2 to {most} times in line, got {times}"))
    entry, last = _line(graph, block)
    inward = [e for e in graph.edges if e.target in block]
    if all(e.source in block for e in inward):
        inward.append(Edge("", entry))
    outward = {i for i, e in enumerate(graph.edges) if e.source == last and e.target not in block}
    alone = Graph(tuple(n for n in graph.nodes if n.id in block), ())
    made, copies, behind = graph, list[dict[str, str]](), block[-1]
    exit_name = last
    for _ in range(times - 1):
        made, names = joined(made, alone, behind)
        # What fed the block feeds a copy from the end of the one before, in the same order of inputs.
        wires = tuple(Edge(names.get(e.source, last), names[e.target], e.port) for e in inward)
        made = Graph(made.nodes, made.edges + wires)
        copies.append(names)
        last, behind = names[exit_name], names[block[-1]]
    edges = tuple(e._replace(source=last) if i in outward else e for i, e in enumerate(made.edges))
    return Graph(made.nodes, edges), copies


def _line(graph: Graph, block: Collection[str]) -> tuple[str, str]:
    """Where a block begins and ends, if one node feeds it (or nothing yet) and one node leads out of it."""
    if closed := [n for n in block if inputs_of(graph.layer(n))[1] == 0]:
        raise ProjectError(Problem(closed[0], "takes no input and cannot be repeated in line"))
    into = [e for e in graph.edges if e.target in block and e.source not in block]
    inner = [e for e in graph.edges if e.source in block and e.target in block]
    ways_in = {e.source for e in into} or set(block) - {e.target for e in inner}
    ways_out = {e.source for e in graph.edges if e.source in block and e.target not in block}
    ways_out = ways_out or set(block) - {e.source for e in inner}
    if len(ways_in) != 1 or len(ways_out) != 1:
        words = "a block that is repeated needs one way in and one way out"
        raise ProjectError(Problem(min(block), f"{words}, got {len(ways_in)} and {len(ways_out)}"))
    return into[0].target if into else ways_in.pop(), ways_out.pop()


def _spliced(nodes: tuple[Node, ...], more: tuple[Node, ...], after: str | None) -> tuple[Node, ...]:
    index = next((i + 1 for i, n in enumerate(nodes) if n.id == after), len(nodes))
    return nodes[:index] + more + nodes[index:]


def _healed(graph: Graph, gone: set[str]) -> tuple[Edge, ...]:
    """The wires without the nodes `gone`. A healed one takes its target's input; no pair becomes a double one."""
    into: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.target in gone:
            into.setdefault(edge.target, []).append(edge.source)

    def before(node: str) -> str | None:
        passed: set[str] = set()
        while node in gone:
            sources = into.get(node, [])
            if len(sources) != 1 or node in passed:
                return None
            passed.add(node)
            node = sources[0]
        return node

    pairs = {(e.source, e.target) for e in graph.edges}
    kept = []
    for edge in graph.edges:
        if edge.target in gone:
            continue
        if edge.source in gone:
            source = before(edge.source)
            if source is None or source == edge.target or (source, edge.target) in pairs:
                continue
            pairs.add((source, edge.target))
            edge = edge._replace(source=source)
        kept.append(edge)
    return tuple(kept)
