"""Where an edit lands in a frozen project: read and write of one part by its address."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from engine.errors import Problem, ProjectError
from engine.graph import Graph, Node
from engine.project import Layout, Project

Section = Literal["graph", "training", "data", "layout", "panels", "name", "all"]


@dataclass(frozen=True, slots=True)
class Address:
    """One part of a project. `lane` is the lane that holds it: 0 is the project itself, i the variant i - 1."""

    section: Section
    lane: int = 0
    node: str = ""


def owner(project: Project, section: Section, lane: int) -> int:
    """The lane that holds `section` of `lane`: a variant without its own has the project's."""
    if not 0 <= lane <= len(project.variants):
        raise IndexError(f"there is no lane {lane}, the project has {len(project.variants) + 1}")
    if lane == 0 or section == "layout":
        return lane
    variant = project.variants[lane - 1]
    own = variant.graph if section == "graph" else variant.training
    return 0 if own is None else lane


def sharers(project: Project, section: Section, holder: int) -> tuple[int, ...]:
    """The lanes that a change of the part held by lane `holder` reaches."""
    return tuple(i for i in range(len(project.variants) + 1) if owner(project, section, i) == holder)


def read(project: Project, at: Address) -> Any:
    """The value there: a Layer, a Training, a DataSource, a place or None, a name."""
    if at.section == "data":
        return project.data
    if at.section == "name":
        return project.name
    lane = project.lanes()[at.lane]
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
    lane = project.lanes()[at.lane]
    part: dict[str, Any]
    if at.section == "training":
        part = {"training": value}
    elif at.section == "layout":
        part = {"layout": _placed(lane.layout, at.node, value)}
    else:
        nodes = tuple(Node(node.id, value) if node.id == at.node else node for node in lane.graph.nodes)
        part = {"graph": Graph(nodes, lane.graph.edges)}
    if at.lane == 0:
        return replace(project, **part)
    variants = list(project.variants)
    variants[at.lane - 1] = replace(variants[at.lane - 1], **part)
    return replace(project, variants=tuple(variants))


def _placed(layout: Layout, node: str, place: tuple[float, float] | None) -> Layout:
    """None takes the node out again, so that undo brings back the very same file."""
    if place is None:
        return {name: at for name, at in layout.items() if name != node}
    return {**layout, node: place}
