"""Each unit's output over the input plane, for networks on two inputs: what every hidden unit has learned to see."""

from math import isqrt, prod, sqrt
from typing import Any

import msgspec
import numpy as np

from engine.network import MOST_NUMBERS
from engine.probes.base import Probe
from engine.probes.boundary import BoundaryAnswer, decision, grid, plane
from engine.trainer import Trainer

MOST_VALUES = 1 << 17  # in one answer: of deep nets fewer units are shown, of the deepest not every node


class UnitMaps(msgspec.Struct, frozen=True, eq=False):
    """The first units of a node on the grid; row 0 is the lowest x₂, column 0 the lowest x₁."""

    node: str
    values: Any  # (shown, size, size) float32
    units: int  # how many the node has; those from number `shown` on are left out


class UnitsAnswer(msgspec.Struct, frozen=True, eq=False, tag="units"):
    layers: tuple[UnitMaps, ...]
    decision: BoundaryAnswer  # of the same forward pass
    bounds: tuple[float, float, float, float]  # x₁ from, to, x₂ from, to
    left_out: tuple[str, ...]  # nodes that were asked for, and of which not one unit has room in the answer


class Units(Probe, frozen=True, tag="units"):
    """The first `most` units of each of `nodes` on a `size` × `size` grid over the raw plane, in inference mode.

    One forward pass. Nodes that a network does not have are passed over; None for other than two inputs.
    """

    nodes: tuple[str, ...] = ()
    size: int = 24
    most: int = 8

    def measure(self, trainer: Trainer, detail: float = 1.0) -> UnitsAnswer | None:
        if trainer.reach is None:
            return None
        network, shapes = trainer.network, trainer.network.structure.shapes
        widths = sum(prod(shape) + 1 for shape in shapes.values())
        size = max(1, min(round(self.size * sqrt(detail)), isqrt(MOST_NUMBERS // widths)))
        bounds, room = plane(trainer), MOST_VALUES // size**2
        asked = [node for node in dict.fromkeys(self.nodes) if node in shapes]
        nodes, left_out = asked[:room], asked[room:]
        most = min(self.most, room // max(len(nodes), 1))
        plan = network.walk(grid(bounds, size))
        maps = []
        for node in nodes:
            units = prod(shapes[node])
            shown = trainer.backend.to_host(plan.counted(plan.vars[node].value, node)[: min(units, most)])
            maps.append(UnitMaps(node, shown.astype(np.float32, copy=False).reshape(len(shown), size, size), units))
        output = trainer.backend.to_host(plan.output.value.T)
        values, winners, probability = decision(trainer, output)
        shape = (size, size)
        seen = BoundaryAnswer(
            values.reshape(shape).astype(np.float32),
            None if winners is None else winners.reshape(shape).astype(np.uint8),
            probability,
            bounds,
        )
        return UnitsAnswer(tuple(maps), seen, bounds, tuple(left_out))
