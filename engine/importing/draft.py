"""A network while it is drawn up: layers, wires and weights, each layer checked as it is added."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from math import prod
from typing import Any

import numpy as np

from engine.backend import Array
from engine.catalogue import LAYERS
from engine.errors import ProjectError, ShapeError
from engine.graph import Edge, Graph, Node
from engine.importing.model import Model, Op, RefusedError, floats
from engine.importing.values import Factor, Value, whole
from engine.layers.base import Layer, Shape, text_of
from engine.names import refusal
from engine.spec import build

MOST_NUMBERS = 1 << 26  # that one layer gives for one example


@dataclass(slots=True)
class Draft:
    """`layers` stand in an order in which each comes after its sources."""

    model: Model
    batch: int | None = None  # how many examples there are at a time, where the model says it
    layers: dict[str, Layer] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    weights: dict[str, Array] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    owners: dict[str, tuple[str, bool]] = field(default_factory=dict)  # by tensor: its dense layer; whether turned
    prepared: dict[str, Array] = field(default_factory=dict)  # the numbers of the preprocessing
    held: set[str] = field(default_factory=set)  # layers that stay as they are
    reshapes: dict[tuple[str, Shape], str] = field(default_factory=dict)

    def add(
        self,
        op: Op,
        kind: str,
        sources: Sequence[str],
        weights: Mapping[str, Array] | None = None,
        named: str = "",
        **fields: Any,
    ) -> str:
        """Another layer; its id is made of `named`, a tensor's name, or of the operator's."""
        node = self._id(op, kind, named)
        try:
            layer = build(LAYERS, {"kind": kind, **fields}, node)
            shape = layer.output_shape(*(self.shapes[source] for source in sources))
        except ProjectError as error:
            problem = error.problems[0]
            raise RefusedError(f"{problem.where.removeprefix(f'{node}.')}: {problem.message}") from None
        except ShapeError as error:
            raise RefusedError(str(error)) from None
        if prod(shape) > MOST_NUMBERS:
            raise RefusedError(f"gives {text_of(shape)} numbers for each example, at most {MOST_NUMBERS} are taken")
        self.layers[node], self.sources[node], self.shapes[node] = layer, tuple(sources), shape
        for name, array in (weights or {}).items():
            self.weights[f"{node}.{name}"] = array if array.dtype.kind == "i" and not array.ndim else floats(array)
        return node

    def enter(self, op: Op, shape: Shape, columns: tuple[int, int] | None, name: str) -> str:
        """An input node: of all of x, or of some columns of it."""
        node = self._id(op, "input", name)
        self.layers[node] = build(LAYERS, {"kind": "input", "shape": list(shape), "columns": columns}, node)
        self.sources[node] = ()
        self.shapes[node] = shape if columns is None else (columns[1] - columns[0],)
        return node

    def change(self, node: str, **fields: Any) -> None:
        """Other fields of a layer that nothing takes yet."""
        layer = self.layers[node]
        self.become(node, **{**layer.to_json(), **fields})

    def become(self, node: str, kind: str, **fields: Any) -> None:
        """Another kind of layer in the place of one that nothing takes yet, with its weights."""
        layer = build(LAYERS, {"kind": kind, **fields}, node)
        self.layers[node] = layer
        self.shapes[node] = layer.output_shape(*(self.shapes[source] for source in self.sources[node]))

    def taken(self, node: str) -> bool:
        """Whether a layer takes `node`."""
        return any(node in sources for sources in self.sources.values())

    def shaped(self, op: Op, value: Value, shape: Shape) -> str:
        """The node that has the value in `shape`: its own, or a flatten or reshape behind it."""
        if not value.in_order:
            raise RefusedError(
                f"takes the axes of {value.node!r} in another order, {value.told}; netviz has no layer for that"
            )
        return self.plain(op, value.node, shape)

    def plain(self, op: Op, node: str, shape: Shape) -> str:
        """The same of a node as it stands."""
        if self.shapes[node] == shape:
            return node
        key = (node, shape)
        if key not in self.reshapes:
            nameless = replace(op, name="")  # the name is for what the operator does
            if len(shape) == 1:
                self.reshapes[key] = self.add(nameless, "flatten", [node], named=f"{node}_flat")
            else:
                self.reshapes[key] = self.add(nameless, "reshape", [node], named=f"{node}_shaped", shape=list(shape))
        return self.reshapes[key]

    def flat(self, op: Op, node: str) -> str:
        return self.plain(op, node, (prod(self.shapes[node]),))

    def like(self, value: Value, node: str) -> Value:
        """`node`'s output, seen as `value` was: its numbers lie in the same order."""
        return replace(value, node=node, alone=True)

    def seen(self, node: str, axes: Sequence[tuple[Factor, ...]], factors: Sequence[Factor]) -> Value:
        return Value(node, tuple(factors), tuple(axes))

    def whole(self, node: str) -> Value:
        return whole(node, self.shapes[node])

    def note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)

    def _id(self, op: Op, kind: str, named: str) -> str:
        """An id that tells where the layer comes from: `fc1` of the tensor fc1.weight or the operator /fc1/Gemm."""
        wishes, reserved = [named, op.name], frozenset[str]()
        if self.model.producer == "netviz":
            # What it has written is called by the layer's id, then a dot.
            wishes = [op.name.partition(".")[0], named]
            own = op.number >= 0
            reserved = frozenset(() if own else (each.name.partition(".")[0] for each in self.model.ops))
        names = [name for wish in wishes if (name := plain_name(wish, op.kind))]
        for name in names:
            if name not in self.layers and name not in reserved:
                return name
        stem, number = (f"{names[0][:50]}_", 2) if names else (kind, 1)
        while (name := f"{stem}{number}") in self.layers or name in reserved or refusal(name):
            number += 1
        return name

    def graph(self, output: str) -> Graph:
        """What leads to `output`, in order."""
        wanted, left = {output}, [output]
        while left:
            more = [source for source in self.sources[left.pop()] if source not in wanted]
            wanted.update(more)
            left += more
        nodes = tuple(Node(name, layer) for name, layer in self.layers.items() if name in wanted)
        edges = tuple(
            Edge(source, name, number if len(self.sources[name]) > 1 else None)
            for name in self.sources
            if name in wanted
            for number, source in enumerate(self.sources[name])
        )
        return Graph(nodes, edges)


# Parts of names that exporters set before and behind the layer's own.
OF_EXPORTERS = frozenset(
    ("model", "StatefulPartitionedCall", "ReadVariableOp", "Conv2D", "Conv1D", "MatMul", "BiasAdd", "ExpandDims")
)
_ENDINGS = re.compile(r"(?:[._/](?:weight|bias|kernel|W|R|B|scale|gamma|beta|weight_ih_l\d+|weight_ih\d*))?(?::\d+)?$")


def plain_name(name: str, kind: str) -> str:
    """The id in a name of the model; empty where there is none, or where it says the kind of operator alone."""
    parts = [re.sub(r"^node_(?=.)", "", part) for part in _ENDINGS.sub("", name).split("/") if part]
    while parts and re.fullmatch(rf"{re.escape(kind)}(?:_\d+)?", parts[-1]):
        parts.pop()
    parts = [part for part in parts if part not in OF_EXPORTERS] or parts
    # PyTorch's /body/body.1: the second says all that the first does.
    parts = [part for part, after in zip_longest(parts, parts[1:], fillvalue="") if not after.startswith(f"{part}.")]
    whole_name = "_".join(parts)
    made = whole_name if not refusal(whole_name) else re.sub(r"\W+", "_", whole_name, flags=re.ASCII).strip("_")
    if made.isdigit():
        made = f"layer{made}"
    return "" if not made or refusal(made) else made


def ones(count: int) -> Array:
    return np.ones(count, np.float32)


def zeros(count: int) -> Array:
    return np.zeros(count, np.float32)
