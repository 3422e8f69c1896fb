"""Slopes that follow from the output alone, as tanh's: those of small layers are computed together.

A call costs as much as several hundred numbers. So the outputs of such layers lie side by side, and before the way
back begins one list of calls goes through them all.
"""

from collections.abc import Iterator
from math import prod

from engine.backend import Array, Backend, BoundCall
from engine.graph import Structure
from engine.layers.base import SlopeOfOutput

FEW = 4096  # numbers of such a group: they stay in the processor's nearest memory until they are wanted


class Slopes:
    """Where the layers of a plan that have neighbours keep outputs and slopes."""

    def __init__(self, backend: Backend, structure: Structure, batch: int) -> None:
        self._backend, self._batch = backend, batch
        self._places: dict[str, tuple[int, slice]] = {}  # by node: its group, and its rows there
        self._groups: list[tuple[SlopeOfOutput, Array, Array]] = []
        self._wanted: set[int] = set()
        for layer, nodes in _groups(structure, batch) if backend.calls_are_dear else ():
            rows = 0
            for node in nodes:
                start, rows = rows, rows + prod(structure.shapes[node]) + 1
                self._places[node] = len(self._groups), slice(start, rows)
            self._groups.append((layer, backend.ones(rows, batch), backend.zeros(rows, batch)))

    def room(self, node: str, features: int) -> Array:
        """For the output of `node`, with a row of ones below it."""
        if node not in self._places:
            return self._backend.ones(features + 1, self._batch)
        number, rows = self._places[node]
        return self._groups[number][1][rows]

    def of(self, node: str, layer: SlopeOfOutput, output: Array) -> tuple[Array, list[BoundCall]]:
        """Where the slopes of `node` will be, and the calls of its own that they want."""
        if node not in self._places:
            slopes = self._backend.zeros(*output.shape)
            return slopes, layer.slope_calls(self._backend, output, slopes)
        number, rows = self._places[node]
        self._wanted.add(number)
        return self._groups[number][2][rows][:-1], []

    @property
    def calls(self) -> list[BoundCall]:
        """What computes the slopes of neighbours, as far as anyone wants them."""
        wanted = [self._groups[number] for number in sorted(self._wanted)]
        return [call for layer, outputs, slopes in wanted for call in layer.slope_calls(self._backend, outputs, slopes)]


def _groups(structure: Structure, batch: int) -> Iterator[tuple[SlopeOfOutput, list[str]]]:
    """Nodes of one declaration whose outputs are few numbers together, at least two of them."""
    alike: dict[SlopeOfOutput, list[str]] = {}
    for node in structure.order:
        layer = structure.layers[node]
        if isinstance(layer, SlopeOfOutput):
            alike.setdefault(layer, []).append(node)
    for layer, nodes in alike.items():
        sizes = [(prod(structure.shapes[node]) + 1) * batch for node in nodes]
        first = 0
        for last in range(1, len(nodes) + 1):
            if last == len(nodes) or sum(sizes[first : last + 1]) > FEW:
                if last - first > 1:
                    yield layer, nodes[first:last]
                first = last
