"""What tells networks side by side from one another, in words: `sigmoid` for A and `ReLU` for B, `learning rate 0.1`.

Only what is not the same in all lanes is said, and what a lane's name says already is not said again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
from msgspec.structs import asdict

from engine.layers.base import Layer
from engine.project import Project
from engine.spec import Property, properties
from netviz.document import fields
from netviz.document.difference import in_words

MOST_NODES = 3  # that are named: what is true of more is true of the network
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing in which lanes differ, with what each lane has; `nodes` are all those of which the same is true."""

    what: str  # a field's name; empty where the value says enough
    values: tuple[str | None, ...]  # None: the lane has nothing of the kind
    nodes: tuple[str, ...] = ()
    called: tuple[str, ...] = ()  # what nodes that some lanes have not are called, where that is not by their ids

    def of(self, lane: int) -> str:
        value = self.values[lane]
        if not self.what:
            return "" if value is None else value
        if self.what == THERE:
            some = self.called or self.nodes
            named = ", ".join(some) if len(some) <= MOST_NODES else f"{len(some)} layers"
            return f"{'without' if value is None else 'with'} {named}"
        if value is None:
            return ""
        few = 1 < len(self.nodes) <= MOST_NODES
        return f"{self.what} {value} ({', '.join(self.nodes)})" if few else f"{self.what} {value}"


THERE = "there"
_properties = cache(properties)  # each reads a class' hints anew


def apart(project: Project) -> tuple[str, ...]:
    """For each lane the words that tell it from the others; none where there is one lane."""
    lanes = project.lanes()
    if len(lanes) < 2:
        return ("",) * len(lanes)
    found = sorted((*_graphs(lanes), *_trainings(lanes)), key=lambda trait: bool(trait.what))  # the shortest first
    words = []
    for i, lane in enumerate(lanes):
        said = dict.fromkeys(trait.of(i) for trait in found)
        words.append(" · ".join(text for text in said if text and text.casefold() not in lane.variant.casefold()))
    return tuple(words)


def _graphs(lanes: Sequence[Project]) -> Iterator[Trait]:
    if all(before.graph == after.graph for before, after in pairwise(lanes)):
        return
    layers = [lane.graph.layers for lane in lanes]
    traits: dict[tuple[str, tuple[str | None, ...]], list[str]] = {}
    for node in dict.fromkeys(name for each in layers for name in each):
        for what, values in _of_node(node, [each.get(node) for each in layers]):
            traits.setdefault((what, values), []).append(node)
    for (what, values), nodes in traits.items():
        yield Trait(what, values, tuple(nodes), _called(nodes, values, layers) if what == THERE else ())
    wired = [lane.graph.edges for lane in lanes]
    if not traits and any(edges != wired[0] for edges in wired):
        yield Trait("", tuple("other wires" if edges != wired[0] else "" for edges in wired))


def _called(
    nodes: Sequence[str], values: Sequence[str | None], layers: Sequence[Mapping[str, Layer]]
) -> tuple[str, ...]:
    """By its kind, where no layer of it is in the lanes that have not these nodes; else by its id."""
    without = [each for each, value in zip(layers, values, strict=True) if value is None]
    kinds = {type(layer) for each in without for layer in each.values()}
    names = []
    for node in nodes:
        layer = next(each[node] for each in layers if node in each)
        names.append(node if type(layer) in kinds else _small(layer.title))
    told = tuple(dict.fromkeys(names))
    return told if len(told) <= MOST_NODES else ()


def _of_node(node: str, layers: Sequence[Layer | None]) -> Iterator[tuple[str, tuple[str | None, ...]]]:
    there = [layer for layer in layers if layer is not None]
    if len(there) < len(layers):
        yield THERE, tuple(None if layer is None else "" for layer in layers)
    if len({type(layer) for layer in there}) > 1:
        yield "", tuple(None if layer is None else _small(layer.title) for layer in layers)
        return
    names = _properties(type(there[0]))
    for p in names:
        values = [None if layer is None or not _means(p, layer) else _value(p, layer) for layer in layers]
        if len({value for value in values if value is not None}) > 1:
            yield fields.label(names, p.name), tuple(values)


def _means(p: Property, layer: Layer) -> bool:
    """Whether the field has a meaning beside the layer's others."""
    return p.only_if is None or getattr(layer, p.only_if[0]) in p.only_if[1:]


def _value(p: Property, layer: Layer) -> str:
    """A choice is called by its kind in the file, in words; of kernels those that have a name."""
    if p.type == "kernels":
        return ", ".join(
            kernel.replace("_", " ") if isinstance(kernel, str) else "own" for kernel in getattr(layer, p.name)
        )
    words = in_words(getattr(layer, p.name))
    return words.replace("_", " ") if p.choices else words


def _trainings(lanes: Sequence[Project]) -> Iterator[Trait]:
    sections = [lane.training for lane in lanes]
    if all(before == after for before, after in pairwise(sections)):
        return
    names = {p.name: p for section in sections for p in fields.training_properties(section)}
    for name in names:
        values: list[Any] = []
        for section in sections:
            has = any(p.name == name for p in fields.training_properties(section))
            values.append(fields.value(section, name) if has else ABSENT)
        if len({repr(value) for value in values if value is not ABSENT}) < 2:
            continue
        if name.endswith(".kind"):
            parts = [getattr(section, name.split(".")[0]) for section in sections]
            yield Trait("", tuple(f"no {name.split('.')[0]}" if part is None else part.title for part in parts))
        else:
            label = fields.label(tuple(names.values()), name)
            head = name.partition(".")[0]
            parts = [getattr(section, head, None) for section in sections]
            switched = None in parts  # it is off in some lanes
            pairs = zip(parts, values, strict=True)
            yield Trait(label, tuple(_setting(part if switched else None, value) for part, value in pairs))


def _setting(part: object, value: Any) -> str | None:
    """A part that is switched on is called by its first field; where that is 0, by those that are not."""
    if value is ABSENT:
        return None
    if value or not isinstance(part, msgspec.Struct):
        return in_words(value)
    return ", ".join(f"{field} {in_words(each)}" for field, each in asdict(part).items() if each) or in_words(value)


def _small(title: str) -> str:
    """As it stands in a sentence; ReLU stays."""
    return title.lower() if title[1:].islower() else title
