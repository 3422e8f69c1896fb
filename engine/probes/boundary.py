"""The decision over the input plane: bends where the net learns, flat where it cannot.

Of networks on more than two inputs, over a plane through them (see section.py).
"""

from functools import lru_cache
from math import isqrt, prod, sqrt
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.network import MOST_NUMBERS
from engine.probes.base import Probe
from engine.probes.over_plane import outputs_over
from engine.probes.section import PlaneSection, Through, cut
from engine.trainer import Trainer

WORK = 1_000_000_000  # products that a picture may take: of large networks it has fewer cells
SMALLEST = 32  # cells of its side, however large the network


class BoundaryAnswer(msgspec.Struct, frozen=True, eq=False, tag="boundary"):
    """The network on a grid over the plane; row 0 is the lowest x₂, column 0 the lowest x₁.

    One output: `values` (size, size) float32, a probability of class 1 where `probability` (the boundary
    is at 0.5; of a hinge (1 + z) / 2, whose margins are 0 and 1), else the output itself. Several outputs:
    `values` is the winner's probability or share and `winners` (size, size) uint8 the winning class.
    """

    values: Any
    winners: Any | None
    probability: bool
    bounds: tuple[float, float, float, float]  # x₁ from, to, x₂ from, to
    section: PlaneSection | None = None  # of more than two inputs: the plane, whose own axes then are x₁ and x₂


class Boundary(Probe, frozen=True, tag="boundary"):
    """The decision on a `size` × `size` grid over `bounds`, or else over the raw data with a margin.

    None for other than two inputs; with `through`, of more than two over that plane.
    """

    size: int = 100
    bounds: tuple[float, float, float, float] | None = None
    through: Through | None = None

    def measure(self, trainer: Trainer, detail: float = 1.0) -> BoundaryAnswer | None:
        network = trainer.network
        size = max(1, min(round(self.size * sqrt(detail)), _affordable(trainer)))
        section = None
        if trainer.reach is not None:
            bounds = self.bounds or plane(trainer)
            output = network.predict(grid(bounds, size))
        else:
            found = cut(trainer, self.through) if self.through is not None else None
            if found is None:
                return None
            bounds, section = found.bounds, found.section
            output = outputs_over(network, found, grid(bounds, size))
        values, winners, probability = decision(trainer, output)
        shape = (size, size)
        picture = values.reshape(shape).astype(np.float32)
        shown = None if winners is None else winners.reshape(shape).astype(np.uint8)
        return BoundaryAnswer(picture, shown, probability, bounds, section)


def _affordable(trainer: Trainer) -> int:
    """How many cells the side of a picture may have: fewer of large networks and of large inputs."""
    cells = max(SMALLEST * SMALLEST, WORK // max(1, trainer.parameters.count))
    return max(1, isqrt(min(cells, MOST_NUMBERS // prod(trainer.network.input_shape))))


def plane(trainer: Trainer) -> tuple[float, float, float, float]:
    """A square around all examples, a tenth wider than they reach."""
    assert trainer.reach is not None
    low, high = trainer.reach
    half = float((high - low).max()) * 0.55 or 1.0
    x1, x2 = (float(middle) for middle in (low + high) / 2)
    return (x1 - half, x1 + half, x2 - half, x2 + half)


@lru_cache(8)
def grid(bounds: tuple[float, float, float, float], size: int) -> Array:
    """The centres of size × size cells over `bounds`, (size², 2), x₁ fastest."""
    left, right, low, high = bounds
    along = (np.arange(size) + 0.5) / size
    x1, x2 = np.meshgrid(left + along * (right - left), low + along * (high - low))
    points: Array = np.column_stack([x1.ravel(), x2.ravel()])
    points.flags.writeable = False
    return points


def decision(trainer: Trainer, output: Array) -> tuple[Array, Array | None, bool]:
    """What a network's output (N, K) decides: values, winners of several classes, and whether values are shares."""
    loss, structure = trainer.project.training.loss, trainer.network.structure
    drawn = loss.takes_logits and structure.layers[structure.output].kind() in ("sigmoid", "softmax")
    classes = trainer.network.classes is not None
    with np.errstate(all="ignore"):
        if not drawn and (classes or loss.takes_logits):
            output = loss.shares(output)
        if output.shape[1] == 1:
            return output[:, 0], None, classes
    return output.max(axis=1), output.argmax(axis=1), True
