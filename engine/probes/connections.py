"""Single weights w of narrow layers, unit by unit; of wide ones how large they are on the whole: √(mean w²).

Shows what a unit listens to, units that are alike, inputs that nobody uses, and weights that grow without bound.
"""

from math import isfinite, sqrt
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array, Backend
from engine.layers.base import Weighted
from engine.layers.dense import Dense
from engine.layers.tied import Tied
from engine.probes.base import Probe
from engine.trainer import Trainer

MOST = 100  # weights of a layer that are told one by one: more lines between two boxes nobody tells apart
SAMPLE = 65_536  # weights of a layer that its size is taken from; of more, every n-th


class LayerConnections(msgspec.Struct, frozen=True, eq=False):
    """One layer's weights as it uses them, without biases."""

    node: str
    values: Any | None  # (units, inputs) float32; None of layers that are wider, or without a matrix
    shape: tuple[int, ...]
    size: float  # the root mean square; no number where one of those looked at is none


class ConnectionsAnswer(msgspec.Struct, frozen=True, eq=False, tag="connections"):
    layers: tuple[LayerConnections, ...]


class Connections(Probe, frozen=True, tag="connections"):
    """The weights of every layer that has some."""

    def measure(self, trainer: Trainer, detail: float = 1.0) -> ConnectionsAnswer:
        backend, structure, parameters = trainer.backend, trainer.network.structure, trainer.parameters
        found = []
        for node in structure.drawn:
            if isinstance(layer := structure.layers[node], Weighted):
                weights = parameters.weights(parameters.values, node)
                flat = weights.reshape(-1)
                size = _size(backend, flat[:: -(-flat.shape[0] // round(SAMPLE * detail))])
                used = weights.T if isinstance(layer, Tied) else weights
                told = type(layer) in (Dense, Tied) and flat.shape[0] <= MOST
                with np.errstate(over="ignore"):
                    values = backend.to_host(used).astype(np.float32) if told else None
                found.append(LayerConnections(node, values, tuple(used.shape), size))
        return ConnectionsAnswer(tuple(found))


def _size(backend: Backend, flat: Array) -> float:
    """The root mean square, without overflow on the way."""
    xp = backend.xp
    with np.errstate(all="ignore"):
        wide = xp.absolute(flat.astype("float64"))
        largest = float(wide.max().item()) if flat.shape[0] else 0.0
        if not largest or not isfinite(largest):
            return largest
        return largest * sqrt(float(((wide / largest) ** 2).mean().item()))
