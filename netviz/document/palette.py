"""What a network can be built of, as the catalogue declares it."""

import inspect
from dataclasses import dataclass

from engine.catalogue import LAYERS
from engine.errors import ProjectError, ShapeError
from engine.layers.base import Layer, Shape
from engine.spec import build, properties
from netviz.document.wiring import inputs_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of layer."""

    kind: str
    title: str
    help: str  # the declaration's first line: what it computes


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a kind can follow a node; `reason` where not."""

    entry: Entry
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason


def palette() -> tuple[Group, ...]:
    """Every kind in the groups that layers declare, in the catalogue's order."""
    groups: dict[str, list[Entry]] = {}
    for cls in LAYERS.values():
        groups.setdefault(cls.group, []).append(_entry(cls))
    return tuple(Group(title, tuple(entries)) for title, entries in groups.items())


def search(text: str) -> tuple[Entry, ...]:
    """Kinds in whose title, name, group, help or fields every word of `text` stands; best titles first."""
    words = text.casefold().split()
    found = []
    for index, cls in enumerate(LAYERS.values()):
        entry = _entry(cls)
        title = f"{entry.title} {entry.kind}".casefold()
        labels = " ".join(f"{p.label} {p.name}" for p in properties(cls))
        everything = f"{title} {cls.group} {entry.help} {labels}".casefold()
        if all(word in everything for word in words):
            begins = any(part.startswith(text.casefold().strip()) for part in title.split())
            rank = 0 if begins else 1 if all(word in title for word in words) else 2
            found.append((rank, index, entry))
    return tuple(entry for _, _, entry in sorted(found, key=lambda item: item[:2]))


def fitting(shape: Shape | None) -> tuple[Fit, ...]:
    """Which kinds take an input of `shape`; of one not known yet, all that take any."""
    return tuple(Fit(_entry(cls), _reason(cls, shape)) for cls in LAYERS.values())


def _entry(cls: type[Layer]) -> Entry:
    words = inspect.getdoc(cls) or ""
    return Entry(cls.kind(), cls.title or cls.kind(), words.partition("\n")[0])


def _reason(cls: type[Layer], shape: Shape | None) -> str:
    try:
        layer = build(LAYERS, {"kind": cls.kind()}, cls.kind())
    except ProjectError:  # a field must be given first: what it says is not known
        return ""
    least, most = inputs_of(layer)
    if most == 0:
        return "takes no input"
    if shape is None:
        return ""
    try:
        layer.output_shape(*[shape] * max(least, 1))
    except ShapeError as error:
        return str(error)
    return ""
