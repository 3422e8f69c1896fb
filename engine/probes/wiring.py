"""Which weights lead into a unit, and which lead on: through nodes that keep units apart, to the next matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from engine.graph import Structure
from engine.layers.base import Activation
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.expressions import Exp, Log, Square
from engine.layers.join import Add, Concat, Multiply
from engine.layers.learned import PRelu
from engine.layers.norms import Norm
from engine.layers.shapes import Flatten, Reshape
from engine.layers.tied import Tied

ONE_BY_ONE = (Activation, PRelu, Norm, Dropout, Exp, Log, Square, Flatten, Reshape)  # unit i comes of unit i


@dataclass(frozen=True, slots=True)
class Line:
    """A row (`into`) or column of the weights that `node` uses, and the node at its other end."""

    node: str
    other: str
    index: int
    into: bool


def line_into(structure: Structure, node: str, unit: int) -> Line | None:
    """The row of weights behind a unit; None where it has more sources than one, or none with a matrix."""
    while True:
        layer, sources = structure.layers[node], structure.inputs[node]
        if type(layer) in (Dense, Tied):  # of a maxout several rows belong to a unit
            return Line(node, sources[0], unit, True)
        if isinstance(layer, Concat):
            for source in sources:
                width = prod(structure.shapes[source])
                if unit < width:
                    break
                unit -= width
            node = source
        elif isinstance(layer, ONE_BY_ONE):
            (node,) = sources
        else:
            return None


def lines_from(structure: Structure, node: str, unit: int) -> Iterator[Line]:
    """The columns of weights that a unit is multiplied by, in the order of the nodes."""
    places = {node: [unit]}
    for consumer in structure.order:
        sources = structure.inputs[consumer]
        if not any(source in places for source in sources):
            continue
        layer, start = structure.layers[consumer], 0
        for source in sources:
            for index in places.get(source, ()):
                if isinstance(layer, Dense | Tied):
                    yield Line(consumer, consumer, index, False)
                elif isinstance(layer, Concat):
                    places.setdefault(consumer, []).append(start + index)
                elif isinstance(layer, (*ONE_BY_ONE, Add, Multiply)):
                    found = places.setdefault(consumer, [])
                    found += [index] if index not in found else []
            start += prod(structure.shapes[source])
