"""Where nodes stand after an edit: what was there stays where it was seen, what is new finds room."""

from collections.abc import Callable, Iterable, Mapping

from engine.graph import Graph
from engine.project import Layout
from netviz.document.address import Place
from netviz.document.layered import COLUMN, ROW, boxed, boxes, docked, places

# What an edit asks of one lane: from where every node was drawn to where some are to stand.
Placer = Callable[[Layout], Mapping[str, Place]]


def settled(old: Graph, layout: Layout, new: Graph, place: Placer | None = None) -> Layout:
    """The layout of `new`, drawn before as `old` in `layout`.

    A box without a place of its own could jump when the columns are counted anew, so it is given the one it had.
    """
    if place is None and boxes(old) == boxes(new) and layout.keys() == set(boxes(new)):
        return dict(layout)  # nothing came or went, and every box has its place
    seen = places(old, layout)
    asked = dict(place(seen)) if place is not None else {}
    before, now = set(boxes(old)), boxes(new)
    known = {node.id for node in new.nodes}
    made = {node: at for node, at in layout.items() if node in known}
    made |= {node: (x + 0.0, y + 0.0) for node, (x, y) in asked.items() if node in now}  # -0 becomes 0
    if boxed(old) != boxed(new):
        made |= {node: seen[node] for node in now if node in before and node not in made}
    for node in now:
        if node not in before and node not in asked:
            made |= _beside(node, seen, places(new, made), old, new)
    return made


def free(place: Place, taken: Iterable[Place]) -> Place:
    """`place`, or the next one below it where no box of `taken` is in the way."""
    x, y = place
    column = [other for across, other in taken if abs(across - x) < COLUMN * 0.75]
    while any(abs(other - y) < ROW * 0.95 for other in column):  # boxes with pictures take nearly all of a row
        y += ROW
    return x, y


def room_after(edge: float, width: float, seen: Mapping[str, Place]) -> Layout:
    """All that stands to the right of `edge`, moved to the right by `width`."""
    return {node: (x + width, y) for node, (x, y) in seen.items() if x > edge}


def _beside(node: str, seen: Layout, shown: Layout, old: Graph, new: Graph) -> Layout:
    """A place for what was docked onto another box and no longer is, or was drawn with one that is gone."""
    if node not in seen:
        return {node: shown[node]}
    x, y = seen[node]
    inside = {activation: host for host, activation in docked(new).items()}
    others = {n: at for n, at in shown.items() if n != node and n not in inside}
    host = {activation: host for host, activation in docked(old).items()}.get(node)
    if host not in others:
        return {node: free((x, y), others.values())}
    if not any(edge.source == host and edge.target == node for edge in new.edges):
        return {node: free((x, y + ROW), others.values())}
    place = (x + COLUMN, y)
    if free(place, others.values()) == place:
        return {node: place}
    return {**room_after(x + COLUMN / 2, COLUMN, others), node: place}
