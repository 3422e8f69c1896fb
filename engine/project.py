"""A project: data, network and training, frozen and validated; and its file, NAME.netviz, in JSON."""

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from engine.catalogue import DATASETS, LAYERS
from engine.data.preprocess import refusal as refusal_of_preprocessing
from engine.data.source import DataSource, Summary
from engine.errors import Problem, ProjectError
from engine.files import write_atomically
from engine.graph import Edge, Graph, Node, Structure, resolve
from engine.lanes import problems_of
from engine.names import refusal
from engine.spec import build, show, unknown
from engine.training import Training, training_from

FORMAT, VERSION = "netviz-project", 1
LONGEST_NOTES = 2000  # characters
OWN = "A"  # the name of a project's own network, if the file gives none
_NUMBERS = re.compile(rb"\[\n\s*([-+.\deE,\s]*?)\s*\]")  # a list of numbers over several lines
Layout = dict[str, tuple[float, float]]
JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """Another network trained beside the project's own, on the same data and step by step with it.

    What it leaves out (`graph` or `training` is None) is the project's.
    """

    name: str
    graph: Graph | None = None
    training: Training | None = None
    layout: Layout = field(default_factory=dict)
    weights: str | None = None

    def to_json(self) -> JSON:
        parts: JSON = {"name": self.name}
        if self.graph is not None:
            parts["graph"] = graph_to_json(self.graph)
        if self.training is not None:
            parts["training"] = self.training.to_json()
        if self.layout:
            parts["layout"] = {node: list(place) for node, place in self.layout.items()}
        if self.weights is not None:
            parts["weights"] = self.weights
        return parts


@dataclass(frozen=True, slots=True)
class Project:
    """All that a run depends on. `folder` is where relative paths begin."""

    name: str
    data: DataSource
    graph: Graph
    training: Training
    folder: Path = field(default_factory=Path)
    variant: str = OWN  # what the project's own network is called beside its variants
    variants: tuple[Variant, ...] = ()
    layout: Layout = field(default_factory=dict)
    panels: JSON = field(default_factory=dict)
    weights: str | None = None
    notes: str = ""  # what to do with it and what to look for, in a person's words

    def lanes(self) -> tuple["Project", ...]:
        """One project for each network that is trained side by side, its own first."""
        own = replace(self, variants=())
        return own, *(
            replace(
                own,
                variant=v.name,
                graph=v.graph or self.graph,
                training=v.training or self.training,
                layout=v.layout,
                weights=v.weights,
            )
            for v in self.variants
        )

    def lane(self, name: str) -> "Project":
        """The lane called `name`; raises ProjectError."""
        lanes = {lane.variant: lane for lane in self.lanes()}
        if name not in lanes:
            raise ProjectError(Problem("variants", unknown("variant", name, tuple(lanes))))
        return lanes[name]

    def summary(self) -> Summary:
        return self.data.summary(self.folder)

    def structure(self) -> Structure:
        """The resolved graph; raises ProjectError with all that is wrong."""
        structure, problems = resolve(self.graph, self.summary().shape)
        if structure is None:
            raise ProjectError(*problems)
        return structure

    def problems(self) -> list[Problem]:
        """Everything that keeps a lane from being trained."""
        try:
            summary = self.summary()
        except ProjectError as error:
            return list(error.problems)
        found: list[Problem] = []
        if problem := refusal_of_preprocessing(self.data.preprocess, summary.shape):
            found.append(problem)
        for lane in self.lanes():
            where = f"variants.{lane.variant}." if lane.variant != self.variant else ""
            for problem in problems_of(lane, summary):
                known = replace(problem, where=where + problem.where)
                found.append(known)
        return found

    def to_json(self) -> JSON:
        parts: JSON = {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            **({"notes": self.notes} if self.notes else {}),
            "data": self.data.to_json(),
            "graph": graph_to_json(self.graph),
            "training": self.training.to_json(),
        }
        if self.variants or self.variant != OWN:
            parts["variant"] = self.variant
        if self.variants:
            parts["variants"] = [variant.to_json() for variant in self.variants]
        if self.weights is not None:
            parts["weights"] = self.weights
        parts["layout"] = {node: list(place) for node, place in self.layout.items()}
        parts["panels"] = self.panels
        return parts

    def to_bytes(self) -> bytes:
        lines = msgspec.json.format(msgspec.json.encode(self.to_json()), indent=2)
        # Numbers side by side on one line: places and points, a line each. A text holds no line break of its own.
        return _NUMBERS.sub(lambda found: b"[" + b" ".join(found[1].split()) + b"]", lines) + b"\n"


def load_project(path: str | Path, settings: Mapping[str, object] | None = None) -> Project:
    """The project in a file, with `settings` (path: value) laid over it; a ProjectError has every problem."""
    path = Path(path)
    data = read_json(path)
    for where, value in (settings or {}).items():
        apply_setting(data, where, value)
    project = project_from(data, path.parent, path.stem)
    if problems := project.problems():
        raise ProjectError(*problems)
    return project


def save_project(project: Project, path: Path) -> None:
    write_atomically(path, project.to_bytes())


def read_json(path: Path) -> JSON:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ProjectError(Problem("", f"cannot be read: {error.strerror or error}")) from None
    try:
        data = msgspec.json.decode(text.removeprefix(BOM_UTF8))  # which some editors write
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProjectError(Problem("", f"is not a netviz project: {error}, expected JSON")) from None
    if not isinstance(data, dict):
        raise ProjectError(Problem("", "is not a netviz project: expected a JSON object"))
    return data


def apply_setting(data: JSON, path: str, value: object) -> None:
    """Sets a field by its dotted path, nodes by id: `graph.nodes.h1.units`; raises ProjectError."""
    *steps, last = path.split(".")
    at: Any = data
    for depth, step in enumerate(steps, 1):
        if isinstance(at, dict) and (step in at or step in _MAY_BE_LEFT_OUT):
            at = at.setdefault(step, {})
        elif isinstance(at, list):
            at = next((item for item in at if _is_called(item, step)), None)
        else:
            at = None
        if not isinstance(at, dict | list):
            raise ProjectError(Problem(".".join(steps[:depth]), "there is nothing of this name to set"))
    if not isinstance(at, dict):
        raise ProjectError(Problem(path, "there is nothing of this name to set"))
    at[last] = value


_MAY_BE_LEFT_OUT = ("regularization",)


def _is_called(item: object, name: str) -> bool:
    return isinstance(item, dict) and name in (item.get("id"), item.get("name"))


def project_from(data: JSON, folder: Path, name: str = "") -> Project:
    """The project that decoded JSON describes; raises ProjectError with every problem found."""
    if data.get("format") != FORMAT:
        raise ProjectError(Problem("format", f"expected {FORMAT!r}, got {show(data.get('format'))}"))
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ProjectError(Problem("version", f"expected a whole number from 1, got {show(version)}"))
    if version > VERSION:
        message = f"the file is of version {show(version)}, made by a newer netviz; this one reads up to {VERSION}"
        raise ProjectError(Problem("version", message))
    gather = _Gather()
    for key in data:
        if key not in FIELDS:
            gather.problems.append(Problem(key, unknown("field", key, FIELDS)))
    for key in ("data", "graph", "training"):
        if key not in data:
            gather.problems.append(Problem(key, "is missing"))
    source = gather(lambda: build(DATASETS, data["data"], "data")) if "data" in data else None
    graph = gather(lambda: graph_from(data["graph"])) if "graph" in data else None
    training = gather(lambda: training_from(data["training"])) if "training" in data else None
    variants = gather(lambda: _variants(data.get("variants", [])))
    layout = gather(lambda: _layout(data.get("layout", {}), "layout"))
    title = gather(lambda: _text(data.get("name", name), "name"))
    notes = gather(lambda: _text(data.get("notes", ""), "notes", LONGEST_NOTES))
    own = gather(lambda: _text(data.get("variant", OWN), "variant"))
    weights = gather(lambda: _weights(data.get("weights"), "weights"))
    panels = data.get("panels", {})
    if not isinstance(panels, dict):
        gather.problems.append(Problem("panels", "expected an object"))
    if gather.problems or source is None or graph is None or training is None:
        raise ProjectError(*gather.problems)
    names = [own, *(v.name for v in variants or ())]
    if len(set(names)) < len(names):
        raise ProjectError(Problem("variants", f"two of them have the same name: {', '.join(map(str, names))}"))
    return Project(
        name=title or name,
        data=source,
        graph=graph,
        training=training,
        folder=folder,
        variant=own or OWN,
        variants=variants or (),
        layout=layout or {},
        panels=panels,
        weights=weights,
        notes=notes or "",
    )


FIELDS = (
    "format",
    "version",
    "name",
    "notes",
    "data",
    "graph",
    "training",
    "variant",
    "variants",
    "layout",
    "panels",
    "weights",
)


class _Gather:
    """Calls that may raise ProjectError; the problems are kept, so that all are found at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def __call__(self, make: Any) -> Any:
        try:
            return make()
        except ProjectError as error:
            self.problems += error.problems
            return None


def graph_from(data: object, where: str = "graph") -> Graph:
    """The graph of decoded JSON `{"nodes": [...], "edges": [...]}`; raises ProjectError with every problem."""
    if not isinstance(data, dict):
        raise ProjectError(Problem(where, "expected an object with nodes and edges"))
    gather = _Gather()
    for key in data:
        if key not in ("nodes", "edges"):
            gather.problems.append(Problem(f"{where}.{key}", unknown("field", key, ("nodes", "edges"))))
    nodes, edges = data.get("nodes"), data.get("edges", [])
    if not isinstance(nodes, list):  # an empty one is a drawing not begun, and a problem when it is resolved
        raise ProjectError(Problem(f"{where}.nodes", "expected a list of nodes"))
    if not isinstance(edges, list):
        raise ProjectError(Problem(f"{where}.edges", 'expected a list of wires such as ["x", "h1"]'))
    made = [gather(lambda n=node, i=i: _node(n, f"{where}.nodes.{i}")) for i, node in enumerate(nodes)]
    wires = [gather(lambda e=edge, i=i: _edge(e, f"{where}.edges.{i}")) for i, edge in enumerate(edges)]
    seen: set[str] = set()
    for node in made:
        if node is not None and node.id in seen:
            gather.problems.append(Problem(node.id, "two nodes have this id"))
        if node is not None:
            seen.add(node.id)
    if gather.problems:
        raise ProjectError(*gather.problems)
    return Graph(tuple(made), tuple(wires))


def graph_to_json(graph: Graph) -> JSON:
    return {
        "nodes": [{"id": node.id, **node.layer.to_json()} for node in graph.nodes],
        "edges": [[e.source, e.target] if e.port is None else [e.source, e.target, e.port] for e in graph.edges],
    }


def _node(data: object, where: str) -> Node:
    if not isinstance(data, dict):
        raise ProjectError(Problem(where, "expected an object with id and kind"))
    name = data.get("id")
    if not isinstance(name, str):
        raise ProjectError(Problem(f"{where}.id", f"expected a text, got {name!r}"))
    if why := refusal(name):
        raise ProjectError(Problem(f"{where}.id", f"{name[:70]!r}: {why}" if name[:60] not in why else why))
    fields = {key: value for key, value in data.items() if key != "id"}
    return Node(name, build(LAYERS, fields, name))


def _edge(data: object, where: str) -> Edge:
    match data:
        case [str() as source, str() as target]:
            return Edge(source, target)
        case [str() as source, str() as target, int() as port] if not isinstance(port, bool):
            return Edge(source, target, port)
    raise ProjectError(Problem(where, f'expected ["from", "to"] or ["from", "to", input], got {show(data)}'))


def _variants(data: object) -> tuple[Variant, ...]:
    if not isinstance(data, list):
        raise ProjectError(Problem("variants", "expected a list"))
    return tuple(_variant(item, f"variants.{index}") for index, item in enumerate(data))


def _variant(data: object, where: str) -> Variant:
    if not isinstance(data, dict):
        raise ProjectError(Problem(where, "expected an object with a name"))
    allowed = ("name", "graph", "training", "layout", "weights")
    for key in data:
        if key not in allowed:
            raise ProjectError(Problem(f"{where}.{key}", unknown("field", key, allowed)))
    return Variant(
        name=_text(data.get("name"), f"{where}.name"),
        graph=graph_from(data["graph"], f"{where}.graph") if "graph" in data else None,
        training=training_from(data["training"], f"{where}.training") if "training" in data else None,
        layout=_layout(data.get("layout", {}), f"{where}.layout"),
        weights=_weights(data.get("weights"), f"{where}.weights"),
    )


def _layout(data: object, where: str) -> Layout:
    try:
        places = msgspec.convert(data, dict[str, tuple[float, float]])
    except msgspec.ValidationError:
        raise ProjectError(Problem(where, "expected an object of node ids with [x, y]")) from None
    return places


def _text(value: object, where: str, most: int = 200) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ProjectError(Problem(where, f"expected a text of at most {most} characters, got {show(value)}"))
    return value


def _weights(value: object, where: str) -> str | None:
    return None if value is None else _text(value, where)
