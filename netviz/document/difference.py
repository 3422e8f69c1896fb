"""What lies between the project that runs and the one that is edited: nothing, a setting to send, or a new start."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from engine.graph import Graph
from engine.project import Project
from engine.spec import properties
from netviz.document import fields
from netviz.document.storage import FILES


class Kind(Enum):
    SAME = "same"  # only layout, panels or names differ
    LIVE = "live"  # can be applied while it runs
    RESTART = "restart"


FEW = 4  # fields named where there is one line
LIVE = ("optimizer.lr", "batch_size", "epochs")


@dataclass(frozen=True, slots=True)
class Differing:
    """One field that differs. `path` is the field's below `section`; `lane` None says: of the data."""

    lane: int | None
    section: str
    path: str
    before: Any
    after: Any
    words: str

    @property
    def live(self) -> bool:
        return self.section == "training" and self.path in LIVE


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs; the one thing that asks for most decides the kind."""

    fields: tuple[Differing, ...]
    lanes: tuple[str, ...]  # names, of the edited project

    @property
    def kind(self) -> Kind:
        if not self.fields:
            return Kind.SAME
        return Kind.LIVE if all(field.live for field in self.fields) else Kind.RESTART

    @property
    def brief(self) -> str:
        """The words of the first few, and how many more there are."""
        parts = self._parts()
        more = f"; and {len(parts) - FEW} more" if len(parts) > FEW else ""
        return "; ".join(parts[:FEW]) + more

    @property
    def words(self) -> str:
        """`units of h1: 8 → 4 (B); learning rate: 0.01 → 0.1`; lanes are named where not all have it."""
        return "; ".join(self._parts())

    def _parts(self) -> list[str]:
        found: dict[str, list[int]] = {}
        for field in self.fields:
            found.setdefault(field.words, []).extend(() if field.lane is None else (field.lane,))
        parts = []
        for words, lanes in found.items():
            some = 0 < len(lanes) < len(self.lanes)
            parts.append(f"{words} ({', '.join(self.lanes[i] for i in lanes)})" if some else words)
        return parts


def difference(running: Project, edited: Project) -> Difference:
    """Lanes are compared by their place, not by their names."""
    found = list(_data(running, edited))
    old, new = running.lanes(), edited.lanes()
    if len(old) != len(new):
        words = f"networks side by side: {len(old)} → {len(new)}"
        found.append(Differing(None, "variants", "", len(old), len(new), words))
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        found += _graph(index, before.graph, after.graph)
        found += _training(index, before, after)
        if before.weights != after.weights:
            words = f"first weights: {before.weights or 'drawn'} → {after.weights or 'drawn'}"
            found.append(Differing(index, "weights", "", before.weights, after.weights, words))
    return Difference(tuple(found), tuple(lane.variant for lane in new))


def _data(running: Project, edited: Project) -> Iterator[Differing]:
    before, after = running.data, edited.data
    if type(before) is not type(after):
        words = f"data: {before.title} → {after.title}"
        yield Differing(None, "data", "kind", before.kind(), after.kind(), words)
        return
    for p in properties(type(after)):
        old, new = getattr(before, p.name), getattr(after, p.name)
        if not _same_file(running, old, edited, new) if p.name in FILES else old != new:
            a, b = in_words(old), in_words(new)
            if p.type == "list":  # of records: how many says enough
                a, b = str(len(old)), f"{len(new)} others" if len(old) == len(new) else str(len(new))
            words = f"{fields.label((p,), p.name)} of the data: {a} → {b}"
            yield Differing(None, "data", p.name, old, new, words)


def _same_file(before: Project, old: str, after: Project, new: str) -> bool:
    """Whether two relative paths, each seen from its project, lead to one place; an empty one leads nowhere."""
    if not old or not new:
        return old == new
    return (before.folder / old).resolve() == (after.folder / new).resolve()


def _graph(lane: int, before: Graph, after: Graph) -> Iterator[Differing]:
    if before == after:
        return
    old, new = ({node.id: node.layer for node in graph.nodes} for graph in (before, after))
    for node in dict.fromkeys((*old, *new)):
        if node not in old or node not in new:
            words = f"{node} is {'new' if node not in old else 'gone'}"
            yield Differing(lane, "graph", node, old.get(node), new.get(node), words)
        elif type(old[node]) is not type(new[node]):
            words = f"{node}: {old[node].title} → {new[node].title}"
            yield Differing(lane, "graph", f"{node}.kind", old[node].kind(), new[node].kind(), words)
        else:
            names = properties(type(new[node]))
            for p in names:
                a, b = getattr(old[node], p.name), getattr(new[node], p.name)
                if a != b:
                    words = f"{fields.label(names, p.name)} of {node}: {in_words(a)} → {in_words(b)}"
                    yield Differing(lane, "graph", f"{node}.{p.name}", a, b, words)
    if before.edges != after.edges or tuple(old) != tuple(new):
        yield Differing(lane, "graph", "edges", before.edges, after.edges, "wires or order of the nodes")


def _training(lane: int, before: Project, after: Project) -> Iterator[Differing]:
    old, new = before.training, after.training
    for part in ("loss", "optimizer", "schedule"):
        a, b = getattr(old, part), getattr(new, part)
        if type(a) is not type(b):
            words = f"{part}: {a.title if a else in_words(a)} → {b.title if b else in_words(b)}"
            name = f"{part}.kind"
            yield Differing(lane, "training", name, fields.value(old, name), fields.value(new, name), words)
    names = fields.training_properties(new)
    for p in names:
        same_kind = type(getattr(old, p.name.split(".")[0])) is type(getattr(new, p.name.split(".")[0]))
        declared = p.name.startswith(("loss.", "optimizer.", "schedule."))
        if p.name.endswith(".kind") or (declared and not same_kind):
            continue
        a, b = fields.value(old, p.name), fields.value(new, p.name)
        if not _same_file(before, a, after, b) if p.name == "first_weights" else a != b:
            words = f"{fields.label(names, p.name)}: {in_words(a)} → {in_words(b)}"
            yield Differing(lane, "training", p.name, a, b, words)


def in_words(value: Any) -> str:
    if value is None:
        return "off"
    if value == "":
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
