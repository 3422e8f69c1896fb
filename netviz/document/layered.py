"""Where nodes stand: columns by the longest way from an input, rows so that wires are short and cross little.

K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of hierarchical system structures, IEEE SMC 11
(1981): a wire over several columns passes a dummy in each column between; sweeps order each column by the mean
place of the neighbours. Places are in the units of a project's layout.
"""

from bisect import bisect_right, insort
from collections.abc import Mapping
from itertools import pairwise

from engine.graph import Graph, once_for_wires
from engine.layers.base import Activation
from engine.layers.input import Input
from engine.project import Layout

COLUMN, ROW = 160.0, 100.0  # distance of neighbours
SWEEPS = 8
STRAIGHT = 8.0  # how much more a wire over several columns insists on a straight line than a box does
Wire = tuple[str, str]
Item = str | tuple[str, str, int]  # a box, or the dummy of a wire in a column


@once_for_wires
def docked(graph: Graph) -> Mapping[str, str]:
    """Activation by the layer that it is drawn with: one that alone follows a layer, and follows it alone."""
    layers = graph.layers
    followers: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    for edge in graph.edges:
        followers.setdefault(edge.source, []).append(edge.target)
        sources.setdefault(edge.target, []).append(edge.source)
    found: dict[str, str] = {}
    for node, layer in layers.items():
        before = sources.get(node, [])
        if isinstance(layer, Activation) and len(before) == 1 and followers[before[0]] == [node]:
            host = layers.get(before[0])
            if host is not None and not isinstance(host, Activation | Input):
                found[before[0]] = node
    return found


@once_for_wires
def boxes(graph: Graph) -> tuple[str, ...]:
    """The nodes that are drawn as a box of their own."""
    inside = set(docked(graph).values())
    return tuple(node.id for node in graph.nodes if node.id not in inside)


def places(graph: Graph, layout: Layout) -> Layout:
    """Where every node is drawn, a docked one where its layer is; what the layout leaves out is placed by itself."""
    found = boxes(graph)
    own = automatic(graph) if any(node not in layout for node in found) else {}
    shown = {node: layout[node] if node in layout else own[node] for node in found}
    return shown | {activation: shown[host] for host, activation in docked(graph).items()}


def automatic(graph: Graph) -> Layout:
    """A place for every box, no two over one another; the first one stands at row 0."""
    return dict(_automatic(graph))


@once_for_wires
def _automatic(graph: Graph) -> Layout:
    return layered(*boxed(graph))


def layered(found: tuple[str, ...], wires: tuple[Wire, ...]) -> Layout:
    """The same of boxes and the wires between them, which may go round in a circle."""
    if not found:
        return {}
    rank = _ranks(found, wires)
    columns, links = _columns(found, wires, rank)
    best, least = columns, _crossings(columns, links)
    for sweep in range(SWEEPS):
        if not least:
            break
        columns = _swept(columns, links, down=sweep % 2 == 0)
        if (now := _crossings(columns, links)) < least:
            best, least = columns, now
    heights = _heights(best, links)
    zero = heights[found[0]]
    return {node: (rank[node] * COLUMN, heights[node] - zero) for node in found}


def aligned(shown: Layout, how: str) -> Layout:
    """`shown` on one line, or evenly along the longer side with the outermost two where they are."""
    xs, ys = [x for x, _ in shown.values()], [y for _, y in shown.values()]
    lines = {
        "left": min(xs),
        "centre": (min(xs) + max(xs)) / 2,
        "right": max(xs),
        "top": min(ys),
        "middle": (min(ys) + max(ys)) / 2,
        "bottom": max(ys),
    }
    if how in ("left", "centre", "right"):
        return {node: (lines[how], y) for node, (_, y) in shown.items()}
    if how != "distribute":
        return {node: (x, lines[how]) for node, (x, _) in shown.items()}
    across = max(xs) - min(xs) >= max(ys) - min(ys)
    first, last = (min(xs), max(xs)) if across else (min(ys), max(ys))
    order = sorted(shown, key=lambda node: shown[node][0 if across else 1])
    even = {node: first + (last - first) * i / max(len(order) - 1, 1) for i, node in enumerate(order)}
    return {node: (even[node], y) if across else (x, even[node]) for node, (x, y) in shown.items()}


@once_for_wires
def boxed(graph: Graph) -> tuple[tuple[str, ...], tuple[Wire, ...]]:
    """The boxes and the wires between them: all that automatic places depend on."""
    found, hosts = boxes(graph), {activation: host for host, activation in docked(graph).items()}
    ends = [(hosts.get(e.source, e.source), hosts.get(e.target, e.target)) for e in graph.edges]
    known = set(found)
    return found, tuple(dict.fromkeys(w for w in ends if w[0] != w[1] and known.issuperset(w)))


def _ranks(found: tuple[str, ...], wires: tuple[Wire, ...]) -> dict[str, int]:
    """The longest way from a beginning, by Kahn's order; of a circle, the first box in it counts as a beginning."""
    waiting = dict.fromkeys(found, 0)
    followers: dict[str, list[str]] = {node: [] for node in found}
    for source, target in wires:
        waiting[target] += 1
        followers[source].append(target)
    rank = dict.fromkeys(found, 0)
    ready = [node for node in found if not waiting[node]]
    left = dict.fromkeys(found)
    while left:
        node = ready.pop() if ready else next(iter(left))
        del left[node]
        for target in followers[node]:
            waiting[target] -= 1
            if target in left:
                rank[target] = max(rank[target], rank[node] + 1)
                if not waiting[target]:
                    ready.append(target)
    return rank


def _columns(
    found: tuple[str, ...], wires: tuple[Wire, ...], rank: Mapping[str, int]
) -> tuple[list[list[Item]], list[tuple[Item, Item]]]:
    """Boxes and dummies column by column, and the links between neighbouring columns."""
    columns: list[list[Item]] = [[] for _ in range(max(rank.values()) + 1)]
    for node in found:
        columns[rank[node]].append(node)
    links: list[tuple[Item, Item]] = []
    for source, target in wires:
        first, last = sorted((source, target), key=rank.__getitem__)
        chain: list[Item] = [first]
        for column in range(rank[first] + 1, rank[last]):
            chain.append((source, target, column))
            columns[column].append((source, target, column))
        if rank[first] != rank[last]:
            links += pairwise([*chain, last])
    return columns, links


def _swept(columns: list[list[Item]], links: list[tuple[Item, Item]], down: bool) -> list[list[Item]]:
    """Each column in the order of the mean row of its neighbours in the column before (after, if not `down`)."""
    near: dict[Item, list[Item]] = {}
    for left, right in links:
        item, neighbour = (right, left) if down else (left, right)
        near.setdefault(item, []).append(neighbour)
    made = [list(column) for column in columns]
    row: dict[Item, float] = {}
    for column in made if down else reversed(made):
        before = {item: float(index) for index, item in enumerate(column)}
        wish = {i: sum(row[n] for n in near[i]) / len(near[i]) if near.get(i) else before[i] for i in column}
        column.sort(key=wish.__getitem__)
        row |= {item: float(index) for index, item in enumerate(column)}
    return made


def _crossings(columns: list[list[Item]], links: list[tuple[Item, Item]]) -> int:
    row = {item: index for column in columns for index, item in enumerate(column)}
    where = {item: index for index, column in enumerate(columns) for item in column}
    by_column: dict[int, list[tuple[int, int]]] = {}
    for left, right in links:
        by_column.setdefault(where[left], []).append((row[left], row[right]))
    total = 0
    for ends in by_column.values():
        above: list[int] = []  # right ends of the links that begin higher
        for _, right_row in sorted(ends):
            total += len(above) - bisect_right(above, right_row)
            insort(above, right_row)
    return total


def _heights(columns: list[list[Item]], links: list[tuple[Item, Item]]) -> dict[Item, float]:
    """y of every item, a row apart in each column at least, near the mean of its neighbours."""
    left: dict[Item, list[tuple[Item, float]]] = {}
    right: dict[Item, list[tuple[Item, float]]] = {}
    for a, b in links:
        weight = 1.0 if isinstance(a, str) and isinstance(b, str) else STRAIGHT
        left.setdefault(b, []).append((a, weight))
        right.setdefault(a, []).append((b, weight))
    y = {item: (row - (len(column) - 1) / 2) * ROW for column in columns for row, item in enumerate(column)}
    for sides in ((left,), (right,), (left,), (right,), (left, right), (left, right)):
        for column in columns if left in sides else reversed(columns):
            wishes, weights = [], []
            for item in column:
                near = [pair for side in sides for pair in side.get(item, ())]
                weight = sum(w for _, w in near)
                wishes.append(sum(y[n] * w for n, w in near) / weight if near else y[item])
                weights.append(weight or 0.1)  # what nothing holds makes way
            y |= zip(column, _apart(wishes, weights), strict=True)
    return {
        item: round((y[item] - row * ROW) / (ROW / 2)) * ROW / 2 + row * ROW
        for column in columns
        for row, item in enumerate(column)
    }


def _apart(wishes: list[float], weights: list[float]) -> list[float]:
    """min Σ w (y - wish)² with neighbours a row apart or more: isotonic regression by pooling (Barlow et al. 1972)."""
    pools: list[tuple[float, float, int]] = []  # mean of wish - row, weight, how many
    for row, (wish, weight) in enumerate(zip(wishes, weights, strict=True)):
        mean, total, size = wish - row * ROW, weight, 1
        while pools and pools[-1][0] > mean:
            other, more, among = pools.pop()
            mean = (mean * total + other * more) / (total + more)
            total, size = total + more, size + among
        pools.append((mean, total, size))
    flat = [mean for mean, _, size in pools for _ in range(size)]
    return [mean + row * ROW for row, mean in enumerate(flat)]
