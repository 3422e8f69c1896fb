"""Where an edit lands in a frozen project: read and write of one part by its address."""

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from engine.errors import Problem, ProjectError
from engine.graph import Graph, Node
from engine.project import Layout, Project, Variant
from engine.training import Training
from netviz.document.layered import boxes, docked, places

Section = Literal[
    "graph", "training", "data", "layout", "panels", "name", "notes", "drawing", "own", "lane", "lanes", "all"
]
OUTSIDE: frozenset[Section] = frozenset({"layout", "panels", "name", "notes"})  # no number depends on them
Place = tuple[float, float]
Own = tuple[tuple[Graph | None, Training | None], ...]  # what each variant has itself; None: the project's


@dataclass(frozen=True, slots=True)
class Address:
    """One part of a project. `lane` is the lane that holds it: 0 is the project itself, i the variant i - 1."""

    section: Section
    lane: int = 0
    node: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A graph, and where its nodes stand in every lane that has it.

    Places are pairs in the file's order: a dictionary would call two files equal that differ in it.
    """

    graph: Graph
    places: tuple[tuple[int, tuple[tuple[str, Place], ...]], ...]

    def nodes_unlike(self, other: "Drawn") -> frozenset[str]:
        """The nodes that were added, removed, changed, wired in another way, or now stand elsewhere."""
        found = {node.id for node in _unlike(self.graph.nodes, other.graph.nodes)}
        for edge in _unlike(self.graph.edges, other.graph.edges):
            found |= {edge.source, edge.target}
        same = boxes(self.graph) == boxes(other.graph) and docked(self.graph) == docked(other.graph)
        for (_, mine), (_, theirs) in zip(self.places, other.places, strict=True):
            if same and mine == theirs and {node for node, _ in mine}.issuperset(boxes(self.graph)):
                continue  # nothing is placed by itself
            here, there = places(self.graph, dict(mine)), places(other.graph, dict(theirs))
            found |= {node for node, _ in here.items() ^ there.items()}
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Lanes:
    """All that the lanes have of their own: the project's own network, and the variants beside it."""

    variant: str
    graph: Graph
    training: Training
    layout: Layout
    weights: str | None
    variants: tuple[Variant, ...]


T = TypeVar("T")


def _unlike(mine: tuple[T, ...], theirs: tuple[T, ...]) -> set[T]:
    """What only one of the two has. Most of it is the same at both ends, and the same objects: quicker than to hash."""
    least = min(len(mine), len(theirs))
    pairs = zip(mine, theirs, strict=False), zip(reversed(mine), reversed(theirs), strict=False)
    first, last = (next((i for i, (a, b) in enumerate(both) if a is not b and a != b), least) for both in pairs)
    last = min(last, least - first)
    return set(mine[first : len(mine) - last]) ^ set(theirs[first : len(theirs) - last])


def owner(project: Project, section: Section, lane: int) -> int:
    """The lane that holds `section` of `lane`: a variant without its own has the project's."""
    if not 0 <= lane <= len(project.variants):
        raise IndexError(f"there is no lane {lane}, the project has {len(project.variants) + 1}")
    if lane == 0 or section == "layout":
        return lane
    variant = project.variants[lane - 1]
    own = variant.training if section == "training" else variant.graph
    return 0 if own is None else lane


def sharers(project: Project, section: Section, holder: int) -> tuple[int, ...]:
    """The lanes that a change of the part held by lane `holder` reaches."""
    return tuple(i for i in range(len(project.variants) + 1) if owner(project, section, i) == holder)


def parted(project: Project, section: Literal["graph", "training"], lane: int) -> Own:
    """What each variant has itself once no other lane has this lane's `section`, and all are as before."""
    having = sharers(project, section, owner(project, section, lane))
    parting = having[1:] if lane == 0 else (lane,)  # the project's own network cannot have what others lend it
    made = [(v.graph, v.training) for v in project.variants]
    for i in parting:
        graph, training = made[i - 1]
        made[i - 1] = (
            (graph or project.graph, training) if section == "graph" else (graph, training or project.training)
        )
    return tuple(made)


def read(project: Project, at: Address) -> Any:
    """The value there: a Layer, a Training, a DataSource, a place or None, a name, notes, a Drawn, an Own, or Lanes."""
    if at.section == "data":
        return project.data
    if at.section == "name":
        return project.name
    if at.section == "notes":
        return project.notes
    if at.section == "lanes":
        p = project
        return Lanes(p.variant, p.graph, p.training, p.layout, p.weights, p.variants)
    if at.section == "own":
        return tuple((v.graph, v.training) for v in project.variants)
    lanes = project.lanes()
    lane = lanes[at.lane]
    if at.section == "lane":
        return lane.variant
    if at.section == "drawing":
        having = sharers(project, "graph", at.lane)
        return Drawn(lane.graph, tuple((i, tuple(lanes[i].layout.items())) for i in having))
    if at.section == "training":
        return lane.training
    if at.section == "layout":
        return lane.layout.get(at.node)
    for node in lane.graph.nodes:
        if node.id == at.node:
            return node.layer
    raise ProjectError(Problem(at.node, "there is no node of this name"))


def write(project: Project, at: Address, value: Any) -> Project:
    """The project with `value` there."""
    if at.section == "data":
        return replace(project, data=value)
    if at.section == "name":
        return replace(project, name=value)
    if at.section == "notes":
        return replace(project, notes=value)
    if at.section == "lanes":
        return _with_lanes(project, value)
    if at.section == "own":
        pairs = zip(project.variants, value, strict=True)
        return replace(project, variants=tuple(replace(v, graph=own[0], training=own[1]) for v, own in pairs))
    if at.section == "lane":
        return _with(project, at.lane, **{"name" if at.lane else "variant": value})
    if at.section == "drawing":
        project = _with(project, at.lane, graph=value.graph)
        for lane, places in value.places:
            project = _with(project, lane, layout=dict(places))
        return project
    if at.section == "training":
        return _with(project, at.lane, training=value)
    lane = project.lanes()[at.lane]
    if at.section == "layout":
        return _with(project, at.lane, layout=_placed(lane.layout, at.node, value))
    nodes = tuple(Node(node.id, value) if node.id == at.node else node for node in lane.graph.nodes)
    return _with(project, at.lane, graph=Graph(nodes, lane.graph.edges))


def _with(project: Project, lane: int, **part: Any) -> Project:
    """The project with a part of one lane's changed."""
    if lane == 0:
        return replace(project, **part)
    variants = list(project.variants)
    variants[lane - 1] = replace(variants[lane - 1], **part)
    return replace(project, variants=tuple(variants))


def _with_lanes(project: Project, value: Lanes) -> Project:
    # A file saved since then has named the weights of the lanes that stay; undo does not unsave them.
    saved = {lane.variant: lane.weights for lane in project.lanes()}
    return replace(
        project,
        variant=value.variant,
        graph=value.graph,
        training=value.training,
        layout=value.layout,
        weights=saved.get(value.variant, value.weights),
        variants=tuple(replace(v, weights=saved.get(v.name, v.weights)) for v in value.variants),
    )


def _placed(layout: Layout, node: str, place: Place | None) -> Layout:
    """None takes the node out again, so that undo brings back the very same file."""
    if place is None:
        return {name: at for name, at in layout.items() if name != node}
    return {**layout, node: place}
