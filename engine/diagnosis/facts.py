"""What is known of a network and its data before the first step: taken once, so that later looks need no arrays."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, prod, sqrt
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.graph import Structure
from engine.layers.base import Activation, Layer, Weighted
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.input import Input
from engine.layers.norms import Norm

if TYPE_CHECKING:
    from engine.trainer import Trainer

MOST_ROWS = 10_000  # of the examples that are looked at
HALVING = ("relu", "leaky_relu", "prelu", "silu", "gelu")  # let half of the signal's power through: He et al. 2015


class Rung(msgspec.Struct, frozen=True):
    """One dense layer of the ladder from the input to the output."""

    node: str
    size: int  # weights
    ideal: float  # norm of weights drawn so that the signal keeps its scale
    scale: float  # norm of the first weights as a share of that
    trains: bool = True
    hidden: bool = True
    free: bool = True  # no norm layer sets the scale of what it gives on


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The network and the data, as far as symptoms need them."""

    rungs: tuple[Rung, ...]
    plateaus: tuple[str, ...]  # hidden activations with two flat ends
    rectifiers: tuple[str, ...]  # hidden activations with a flat piece, where a unit can die
    alike: tuple[str, ...]  # hidden layers all of whose units start as one and the same
    examples: int
    batch: int
    guess: float | None  # loss of the best constant output; None where it is not known
    blank: float | None  # loss of an output of 0
    input_rms: float  # of the feature that is largest
    input_ratio: float  # largest feature's spread over the smallest's
    validates: bool
    rate: float
    penalty: bool  # on the weights, L1 or L2

    @property
    def naive(self) -> float | None:
        """The loss of knowing nothing: of a constant or of 0, whichever is worse."""
        return None if self.guess is None or self.blank is None else max(self.guess, self.blank)


def facts(trainer: Trainer) -> Facts:
    """The facts of `trainer` as it stands, before its first step."""
    network, to_host = trainer.network, trainer.backend.to_host
    structure, layers = network.structure, network.structure.layers
    rows = to_host(trainer.training_rows[:MOST_ROWS])[:, :-1].astype(np.float64)[:, _quantities(structure)]
    targets = to_host(network.targets(trainer.data.y[:MOST_ROWS])).astype(np.float64)
    weights = network.parameters()
    matrices = {
        node: weight for node in structure.order if (weight := _matrix(layers[node], node, weights)) is not None
    }
    hidden = set(structure.drawn) - _ending(structure, matrices)
    guess, blank = _naive_losses(trainer.project.training.loss.kind(), targets)
    spreads, penalties = rows.std(axis=0), trainer.project.training.regularization
    moving = spreads[spreads > 0]
    return Facts(
        rungs=tuple(_rung(structure, node, weight, node in hidden) for node, weight in matrices.items()),
        plateaus=tuple(n for n in structure.drawn if n in hidden and _is_plateau(layers[n])),
        rectifiers=tuple(n for n in structure.drawn if n in hidden and _is_rectifier(layers[n])),
        alike=tuple(n for n in matrices if n in hidden and _alike(structure, n, matrices)),
        examples=trainer.examples,
        batch=trainer.batch_size,
        guess=guess,
        blank=blank,
        input_rms=float(np.sqrt((rows**2).mean(axis=0)).max(initial=0.0)),
        input_ratio=float(moving.max() / moving.min()) if len(moving) else 1.0,
        validates=len(trainer.data.x_val) > 0,
        rate=trainer.lr,
        penalty=bool(penalties.l1 or penalties.l2),
    )


def _quantities(structure: Structure) -> Array:
    """Which numbers of an example are more than codes for an embedding, whose size means nothing."""
    found = np.zeros(prod(structure.example), bool)
    for node in structure.inputs_of_x:
        layer = structure.layers[node]
        assert isinstance(layer, Input)
        if not all(isinstance(structure.layers[other], Embedding) for other in followers(structure, node)):
            found[slice(None) if layer.columns is None else slice(*layer.columns)] = True
    return found


def followers(structure: Structure, node: str) -> tuple[str, ...]:
    return tuple(other for other in structure.order if node in structure.inputs[other])


def passed(structure: Structure, node: str) -> Layer | None:
    """The first layer behind `node` that is neither dropout nor a change of shape; None at a fork or at the end."""
    while len(behind := followers(structure, node)) == 1:
        (node,) = behind
        layer = structure.layers[node]
        if not isinstance(layer, Dropout) and layer.kind() not in ("flatten", "reshape"):
            return layer
    return None


def _matrix(layer: Layer, node: str, weights: Mapping[str, Array]) -> Array | None:
    """The weights of a layer that mixes features, a row for each unit; None for norms, slopes and the like."""
    weight = weights.get(f"{node}.weight")
    if not isinstance(layer, Weighted) or not layer.penalized or weight is None or weight.ndim < 2:
        return None
    if isinstance(layer, Embedding):  # looks up, and mixes nothing
        return None
    return weight


def _ending(structure: Structure, matrices: Mapping[str, Array]) -> set[str]:
    """The output and what stands before it up to its dense layer: what it says may well be extreme."""
    node, found = structure.output, {structure.output}
    while node not in matrices and len(structure.inputs[node]) == 1:
        (node,) = structure.inputs[node]
        found.add(node)
    return found


def _rung(structure: Structure, node: str, weight: Array, hidden: bool) -> Rung:
    layer, behind = structure.layers[node], passed(structure, node)
    gain = sqrt(2.0) if behind is not None and behind.kind() in HALVING else 1.0
    ideal = gain * sqrt(weight.size / max(1, prod(weight.shape[1:])))
    return Rung(
        node=node,
        size=int(weight.size),
        ideal=ideal,
        scale=float(np.linalg.norm(weight.astype(np.float64))) / ideal,
        trains=isinstance(layer, Weighted) and layer.trains,
        hidden=hidden,
        free=not isinstance(behind, Norm),
    )


def _is_plateau(layer: Layer) -> bool:
    return isinstance(layer, Activation) and layer.bounds is not None and layer.kind() != "softmax"


def _is_rectifier(layer: Layer) -> bool:
    return isinstance(layer, Activation) and layer.pieces and getattr(layer, "negative_slope", 0.0) == 0.0


def _alike(structure: Structure, node: str, matrices: Mapping[str, Array]) -> bool:
    """Whether the units of `node` start alike in what they take and in what they give: then they stay alike."""
    weight = matrices[node]
    if len(weight) < 2 or not bool((weight == weight[:1]).all()):
        return False
    goals, waiting = [], list(followers(structure, node))
    while waiting:
        other = waiting.pop()
        if isinstance(structure.layers[other], Dropout):
            return False  # its masks tell the units apart
        if other in matrices:
            goals.append(matrices[other])
        else:
            waiting += followers(structure, other)
    return bool(goals) and all(w.shape[1] == len(weight) and bool((w == w[:, :1]).all()) for w in goals)


def _naive_losses(loss: str, targets: Array) -> tuple[float | None, float | None]:
    """The losses of the best constant output and of an output of 0, for targets (N, units)."""
    mean = targets.mean(axis=0)
    if loss == "mse":
        return _positive(float(targets.var(axis=0).mean())), float((targets**2).mean())
    if loss == "binary_cross_entropy":
        return _positive(float(np.mean([_entropy((p, 1 - p)) for p in mean]))), log(2)
    if loss == "cross_entropy":
        return _positive(_entropy(mean)), log(targets.shape[1])
    return None, None


def _positive(value: float) -> float | None:
    return value if value > 0 else None


def _entropy(shares: Any) -> float:
    return -sum(float(p) * log(p) for p in shares if p > 0)
