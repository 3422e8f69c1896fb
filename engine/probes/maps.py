"""What a network of pictures sees in one of them: its filters, every layer's maps, and what the loss would change.

A sequence (T, F) is taken for F pictures that are one pixel high: signals, and the maps of signals.

Shows filters that stay noise or are all alike, maps that are dead, and how small a step along the sign of the gradient
changes the decision (Goodfellow, Shlens and Szegedy 2015). In inference mode.
"""

from math import prod
from typing import Any, ClassVar

import msgspec
import numpy as np

from engine.backend import Array
from engine.layers.convolution import Convolution
from engine.layers.input import Input
from engine.probes.base import Probe
from engine.probes.example import NUMBER, Part, reach_of, taken
from engine.probes.follow import MOST_WEIGHTS, let_through, walk_of
from engine.trainer import Trainer

PICTURES = (2, 3)  # axes of what has maps: steps, features; channels, height, width
MOST_MAPS = 64  # of a layer that are told
MOST_NUMBERS = 65_536  # of a layer's maps, and of its filters
STEPS, FARTHEST = 25, 0.5  # sizes of the step that are tried, up to this share of what pixels span in the data


class LayerMaps(msgspec.Struct, frozen=True, eq=False):
    """The outputs of one layer for the picture."""

    node: str
    total: int  # maps that there are
    values: Any  # (maps, height, width) float32: the first ones
    steps: bool = False  # of a sequence, whose numbers are counted step by step


class LayerFilters(msgspec.Struct, frozen=True, eq=False):
    """The kernels of one layer, a row for each filter."""

    node: str
    total: int
    sees: int  # maps that a filter sees
    values: Any  # (filters, maps seen, height, width) float32: the first ones


class Fooled(msgspec.Struct, frozen=True, eq=False):
    """The smallest step tried that changes the decision."""

    step: float  # in the picture's own units
    share: float  # of what pixels span in the data
    decided: int  # the class now
    x: Any  # (C, H, W) float32


class MapsAnswer(msgspec.Struct, frozen=True, eq=False, tag="maps"):
    step: int
    reason: str  # why nothing is told; else empty
    part: Part | None  # where the picture was taken from; None of one by hand
    index: int
    x: Any | None  # (C, H, W) float32, raw
    label: int | None
    decided: int | None
    loss: float | None
    saliency: Any | None  # (C, H, W) float32: ∂ℓ/∂(raw x) of its own loss; None without a target, or behind other axes
    adversary: Fooled | None  # None where no step tried does it
    layers: tuple[LayerMaps, ...]
    filters: tuple[LayerFilters, ...]


class Maps(Probe, frozen=True, tag="maps"):
    """A picture by its raw numbers `x` (float64, little-endian), or one of the data. None of other networks."""

    quick: ClassVar[bool] = True

    x: bytes | None = None
    part: Part = Part.TRAINING
    index: int = 0

    def measure(self, trainer: Trainer, detail: float = 1.0) -> MapsAnswer | None:
        network, structure = trainer.network, trainer.network.structure
        if len(structure.example) not in PICTURES:
            return None
        label: int | None = None
        y: Array | None = None
        part: Part | None = None
        index = self.index
        if self.x is None:
            origin = taken(trainer, self.part, self.index)
            part, index, x, label = origin.part, origin.index, np.asarray(origin.x), origin.label
            y = np.array([label]) if label is not None else np.asarray(origin.target)[None]
        elif len(self.x) == prod(structure.example) * NUMBER.itemsize:
            x = np.frombuffer(self.x, NUMBER)
        else:
            return None
        x = x.reshape(structure.example)
        count = network.parameters_.count
        if count > MOST_WEIGHTS:
            return _refused(trainer, f"{count:,} weights are too many to look through: at most {MOST_WEIGHTS:,}.")
        walk = walk_of(trainer)
        with np.errstate(all="ignore"):
            let_through(trainer, x, None if y is None else walk.targets(y))
            saliency = None if y is None else _saliency(trainer, walk)
            return MapsAnswer(
                step=trainer.step_number,
                reason="",
                part=part,
                index=index,
                x=maps_first(x).astype(np.float32),
                label=label,
                decided=_decided(trainer, x[None])[0],
                loss=walk.loss,
                saliency=None if saliency is None else maps_first(saliency).astype(np.float32),
                adversary=None if saliency is None else _adversary(trainer, x, saliency),
                layers=tuple(_maps(walk, node) for node in structure.drawn if len(structure.shapes[node]) in PICTURES),
                filters=tuple(_filters(trainer)),
            )


def _refused(trainer: Trainer, reason: str) -> MapsAnswer:
    return MapsAnswer(trainer.step_number, reason, None, 0, None, None, None, None, None, None, (), ())


def maps_first(values: Array) -> Array:
    """A picture as it is, a sequence (T, F) as (F, 1, T)."""
    return values.T[:, None] if values.ndim == min(PICTURES) else values


def _maps(walk: Any, node: str) -> LayerMaps:
    shape = walk.structure.shapes[node]
    values = maps_first(walk.value(node).reshape(shape))
    channels, high, wide = values.shape
    shown = max(1, min(channels, MOST_MAPS, MOST_NUMBERS // (high * wide)))
    return LayerMaps(node, channels, values[:shown].astype(np.float32), len(shape) == min(PICTURES))


def _filters(trainer: Trainer) -> list[LayerFilters]:
    parameters, structure, found = trainer.parameters, trainer.network.structure, []
    for node in structure.drawn:
        if not isinstance(structure.layers[node], Convolution):
            continue
        weight = parameters.views(parameters.values, node)["weight"]
        weight = weight if weight.ndim > max(PICTURES) else weight[:, :, None]
        filters, sees, high, wide = weight.shape
        shown = max(1, min(filters, MOST_MAPS, MOST_NUMBERS // (sees * high * wide)))
        told = trainer.backend.to_host(weight[:shown]).astype(np.float32)
        found.append(LayerFilters(node, filters, sees, told))
    return found


def _saliency(trainer: Trainer, walk: Any) -> Array | None:
    """∂ℓ/∂(raw x): behind the preprocessing each feature has a scale of its own, or none."""
    structure, numbers = walk.structure, trainer.network.preprocess.state()
    inputs = [node for node in structure.inputs_of_x if isinstance(structure.layers[node], Input)]
    if len(inputs) != 1 or "preprocess.matrix" in numbers:
        return None
    grad = walk.gradient(inputs[0])
    if grad is None:
        return None
    made: Array = grad.reshape(structure.example) / numbers.get("preprocess.scale", 1.0)
    return made


def _decided(trainer: Trainer, x: Array) -> list[int | None]:
    """The class decided for, of each picture; None where classes are not what is learnt."""
    network = trainer.network
    if network.classes is None:
        return [None] * len(x)
    logits = np.asarray(trainer.backend.to_host(network.logits(network.walk(x))), np.float64)
    if len(logits) > 1:
        return [int(column.argmax()) if not np.isnan(column).any() else None for column in logits.T]
    halves = network.loss.hits(np, logits, np.ones_like(logits), network.classes)
    return [None] * len(x) if halves is None else [int(hit) for hit in np.asarray(halves).reshape(-1)]


def _adversary(trainer: Trainer, x: Array, gradient: Array) -> Fooled | None:
    if not np.isfinite(gradient).all() or trainer.network.classes is None:
        return None
    low, high = reach_of(trainer)
    shares = np.linspace(0, FARTHEST, STEPS + 1)
    tried = np.clip(x + np.multiply.outer(shares * (high - low), np.sign(gradient)), low, high)
    tried[0] = x
    first, *others = _decided(trainer, tried)
    for at, decided in enumerate(others, 1):
        if decided is not None and first is not None and decided != first:
            step = float(shares[at] * (high - low))
            return Fooled(step, float(shares[at]), decided, maps_first(tried[at]).astype(np.float32))
    return None
