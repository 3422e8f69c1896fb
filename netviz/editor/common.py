"""What a lane that runs has in common with the drawing: of this alone the drawn network can show anything."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from engine.graph import Graph, once_for_wires
from engine.layers.input import Input
from engine.project import Project
from netviz.editor.box_picture import BoxPicture
from netviz.editor.boxes import LanePicture, Wire, dock


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """Of one lane. To compare two is cheap, so that an edit costs no more than what it concerns."""

    graph: Graph  # as it runs
    data: str
    boxes: Mapping[str, BoxPicture]  # of which every node is drawn as it runs
    wires: frozenset[Wire]  # of the drawn ones: those that run, between such boxes
    drawn: LanePicture
    run: frozenset[Wire]  # of the drawn ones: those that run


def unlike(one: Common | None, other: Common | None) -> tuple[Set[str], Set[Wire]]:
    """The boxes and the wires in which two moments of a lane differ, as far as what they show depends on it."""
    if one is not None and other is not None and one.graph is other.graph:
        mine, theirs = one.boxes, other.boxes
        if mine is theirs:
            return set(), one.wires ^ other.wires
        boxes = {n for n, box in mine.items() if (also := theirs.get(n)) is not box and _differ(box, also)}
        return boxes | (theirs.keys() - mine.keys()), one.wires ^ other.wires
    there = [common for common in (one, other) if common is not None]
    return {n for common in there for n in common.boxes}, {w for common in there for w in common.wires}


def _differ(box: BoxPicture, other: BoxPicture | None) -> bool:
    return other is None or (box.box.exit, box.depth) != (other.box.exit, other.depth)


def in_common(running: Project, edited: Project, drawn: LanePicture, before: Common | None = None) -> Common:
    """What is as it was `before` an edit is taken over from there."""
    there, here = running.graph.layers, edited.graph.layers
    # What nobody has edited is the same object, and not looked at again.
    other = {n for n, layer in here.items() if (old := there.get(n)) is not layer and old != layer}
    if running.data is not edited.data and running.data != edited.data:
        other.update(node for node, layer in here.items() if isinstance(layer, Input))
    changed = {drawn.homes[node] for node in other if node in drawn.homes}
    boxes = {n: box for n, box in drawn.boxes.items() if n not in changed} if changed else drawn.boxes
    if before is not None and before.graph is running.graph and drawn.wired_like(before.drawn):
        run = before.run
    else:
        edges = _edges(running.graph)
        run = frozenset(w for w in drawn.wires if w[:2] in edges)
    wires = frozenset(w for w in run if w.start not in changed and w.end not in changed) if changed else run
    return Common(running.graph, running.data.title, boxes, wires, drawn, run)


def hidden(common: Common) -> tuple[str, ...]:
    """The nodes whose outputs leave a box for another: of all boxes as they run, and of those drawn otherwise.

    Mostly those are the same, so that an edit asks nothing new of the worker.
    """
    run, layers, sources = _hidden(common.graph), common.graph.layers, sources_of(common.graph)
    drawn = {picture.box.exit for picture in common.boxes.values()}.difference(run)
    return (*run, *sorted(n for n in drawn if not isinstance(layers[n], Input) and n in sources))


@once_for_wires
def sources_of(graph: Graph) -> frozenset[str]:
    """The nodes that something follows."""
    return frozenset(edge.source for edge in graph.edges)


@once_for_wires
def _edges(graph: Graph) -> frozenset[tuple[str, str]]:
    return frozenset((edge.source, edge.target) for edge in graph.edges)


@once_for_wires
def _hidden(graph: Graph) -> tuple[str, ...]:
    layers, sources = graph.layers, sources_of(graph)
    exits = (box.exit for box in dock(graph).values())
    return tuple(node for node in exits if not isinstance(layers[node], Input) and node in sources)
