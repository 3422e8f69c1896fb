"""An autoencoder's code: the examples in its plane, and what the decoder makes of the places between them.

The decoder is the part of the network behind the code, run on chosen values of it (Hinton and Salakhutdinov 2006,
Reducing the Dimensionality of Data with Neural Networks). Of a code of two units the very plane, of more the plane of
its two principal axes. The least error that any affine code of as many units can have is that of as many principal
components (Bourlard and Kamp 1988): a network that is no better has found nothing that is not linear. A plane with
holes, where decoded pictures are of nothing, or classes that lie on one another, say what the code has lost.
"""

from dataclasses import dataclass
from math import isqrt, prod
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from engine.backend import Array
from engine.data.batches import with_ones
from engine.plan import Plan
from engine.probes.base import Probe
from engine.probes.example import Meaning, Part, meaning_of
from engine.probes.principal import principal
from engine.probes.walked import Walked, affordable, colours, walked
from engine.trainer import Trainer

EXAMPLES, HELD = 400, 150  # of the training part, and of the validation part
SIDE, FEWEST = 15, 5  # pictures in a row of the decoded plane
MOST_NUMBERS = 120_000  # of all decoded pictures together
MARGIN = 0.06  # of what the examples span, beyond it at each side
PAIRS = 12  # examples shown beside their reconstructions
KEPT = 4  # plans of decoders
UNKNOWN = (float("nan"), float("nan"))


class LatentAnswer(msgspec.Struct, frozen=True, eq=False, tag="latent"):
    """Places are of the code's plane; `pictures` are decoded row by row, the least second coordinate first."""

    reason: str  # why there is nothing to show, in words; else empty
    nodes: tuple[str, ...] = ()  # every layer that could be taken for the code
    node: str = ""
    units: int = 0
    exact: bool = True  # the plane of two units itself, not of principal axes
    shares: tuple[float, float] = (0.0, 0.0)  # of the code's variance, along the two axes
    shape: tuple[int, ...] = ()  # of one example, and so of one picture
    low: float = 0.0  # of the targets' numbers
    high: float = 1.0
    points: Any = None  # (n, 2) float32: training examples
    points_val: Any = None
    y: Any = None  # (n,) float32: their classes, or first targets
    y_val: Any = None
    classes: int | None = None
    names: tuple[str, ...] = ()  # of the classes, where the data say them
    counts: tuple[int, int] = (0, 0)  # how many examples the parts have
    bounds: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # left, right, low, high of what is decoded
    pictures: Any = None  # (side, side, numbers) float32
    part: Part = Part.TRAINING  # of the examples that stand beside their reconstructions
    indices: tuple[int, ...] = ()
    originals: Any = None  # (pairs, numbers) float32
    rebuilt: Any = None
    errors: tuple[float, ...] = ()  # mean squares of the differences
    error: float = 0.0  # that of all training examples looked at
    error_val: float | None = None
    linear: float = 0.0  # the least that an affine code of as many units has on the same


class Latent(Probe, frozen=True, tag="latent"):
    """The plane of the code `node`; of the narrowest layer through which everything passes, where it is empty."""

    node: str = ""

    def measure(self, trainer: Trainer, detail: float = 1.0) -> LatentAnswer:
        nodes = codes(trainer)
        node = self.node if self.node in nodes else narrowest(trainer, nodes)
        if reason := _refusal(trainer, nodes):
            return LatentAnswer(reason)
        share = EXAMPLES / (EXAMPLES + HELD)
        room = affordable(trainer, round((EXAMPLES + HELD) * detail))
        with np.errstate(all="ignore"):
            seen = walked(trainer, max(2, round(room * share)), round(room * (1 - share)))
            plane = _plane(trainer, node, seen)
            _told[trainer] = node, plane
            placed = plane.places(trainer.backend.to_host(seen.plan.vars[node].value.T)).astype(np.float32)
            points, held = placed[: seen.training], placed[seen.training :]
            bounds = _around(points)
            outputs = trainer.network.structure.shapes[trainer.network.structure.output][0]
            fields = min(affordable(trainer, round(SIDE**2 * detail)), MOST_NUMBERS // outputs)
            side = max(FEWEST, isqrt(fields))
            pictures = decoded(trainer, node, plane.values(grid(bounds, side)))
            rebuilt = _drawn(trainer, trainer.backend.to_host(seen.plan.output.value.T))
            wanted = _targets(trainer, seen)
            off = np.square(rebuilt.astype(np.float64) - wanted).mean(axis=1)
        y, y_val, classes = colours(trainer, seen)
        part = Part.VALIDATION if seen.validation else Part.TRAINING
        chosen = _chosen(y_val if seen.validation else y, classes)
        rows = chosen + (seen.training if seen.validation else 0)
        return LatentAnswer(
            reason="",
            nodes=nodes,
            node=node,
            units=trainer.network.structure.shapes[node][0],
            exact=plane.exact,
            shares=plane.shares,
            shape=trainer.network.input_shape,
            low=float(wanted.min()),
            high=float(wanted.max()),
            points=points,
            points_val=held,
            y=y,
            y_val=y_val,
            classes=classes,
            names=trainer.project.summary().class_names,
            counts=seen.counts,
            bounds=bounds,
            pictures=pictures.reshape(side, side, -1),
            part=part,
            indices=tuple(int(i) for i in chosen),
            originals=wanted[rows].astype(np.float32),
            rebuilt=rebuilt[rows].astype(np.float32),
            errors=tuple(float(v) for v in off[rows]),
            error=float(off[: seen.training].mean()),
            error_val=float(off[seen.training :].mean()) if seen.validation else None,
            linear=_least_linear(trainer, wanted[: seen.training], trainer.network.structure.shapes[node][0]),
        )


class DecodedAnswer(msgspec.Struct, frozen=True, eq=False, tag="decoded"):
    node: str  # empty where there is no code
    at: tuple[float, float]
    values: Any  # (numbers,) float32


class Decoded(Probe, frozen=True, tag="decoded"):
    """What the decoder makes of one place on the plane of `node`, see Latent; of principal axes, on those told last."""

    quick: ClassVar[bool] = True

    node: str = ""
    at: tuple[float, float] = (0.0, 0.0)

    def measure(self, trainer: Trainer, detail: float = 1.0) -> DecodedAnswer:
        nodes = codes(trainer)
        if _refusal(trainer, nodes):
            return DecodedAnswer("", self.at, np.zeros(0, np.float32))
        node = self.node if self.node in nodes else narrowest(trainer, nodes)
        with np.errstate(all="ignore"):
            told, plane = _told.get(trainer, ("", None))
            if plane is None or told != node:
                room = affordable(trainer, EXAMPLES)
                many = trainer.network.structure.shapes[node][0] > 2
                plane = _plane(trainer, node, walked(trainer, max(2, room), 0) if many else None)
            values = decoded(trainer, node, plane.values(np.array([self.at])))
        return DecodedAnswer(node, self.at, values[0])


@dataclass(frozen=True, slots=True)
class CodePlane:
    """h = mean + directions · place, and the other way round; on the host."""

    mean: Array  # (units,)
    directions: Array  # (units, 2)
    exact: bool
    shares: tuple[float, float]

    def places(self, values: Array) -> Array:
        """(n, 2): where values of the code (n, units) lie."""
        placed: Array = (values - self.mean) @ self.directions
        return placed

    def values(self, places: Array) -> Array:
        """(n, units): the code at `places` (n, 2)."""
        made: Array = self.mean + places @ self.directions.T
        return made


def codes(trainer: Trainer) -> tuple[str, ...]:
    """The layers of two or more numbers that everything passes through, but for the output."""
    structure = trainer.network.structure
    return tuple(
        node
        for node in structure.drawn
        if node != structure.output
        and len(structure.shapes[node]) == 1
        and structure.shapes[node][0] > 1
        and structure.behind(node) is not None
    )


def narrowest(trainer: Trainer, nodes: tuple[str, ...]) -> str:
    """Of equally narrow ones the last: a function behind a layer belongs to the code."""
    shapes = trainer.network.structure.shapes
    return min(reversed(nodes), key=lambda node: shapes[node][0], default="")


def _refusal(trainer: Trainer, nodes: tuple[str, ...]) -> str:
    structure = trainer.network.structure
    outputs, inputs = structure.shapes[structure.output][0], prod(structure.example)
    if trainer.network.classes is not None or outputs != inputs:
        return (
            "Drawn of autoencoders, which give out their own input: as many outputs as inputs, and data with "
            "“Targets are inputs” chosen."
        )
    return "" if nodes else "There is no layer of two units or more that everything passes through."


def _plane(trainer: Trainer, node: str, seen: Walked | None) -> CodePlane:
    """Of more units than two, the principal axes of the training examples in `seen`."""
    backend = trainer.backend
    if seen is None:
        return CodePlane(np.zeros(2), np.eye(2), True, UNKNOWN)
    values = seen.plan.vars[node].value[:, : seen.training]
    if len(values) > 2:
        axes = principal(backend, values)
        return CodePlane(backend.to_host(axes.mean)[:, 0], backend.to_host(axes.directions), False, axes.shares)
    first, second = (float(v) for v in backend.to_host(values).astype(np.float64).var(axis=1))
    whole = first + second
    return CodePlane(np.zeros(2), np.eye(2), True, (first / whole, second / whole) if whole else UNKNOWN)


def _around(points: Array) -> tuple[float, float, float, float]:
    """The part of the plane that the examples take, and a little more."""
    known = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    if not len(known):
        return -1.0, 1.0, -1.0, 1.0
    low, high = known.min(axis=0), known.max(axis=0)
    beyond = np.where(high > low, MARGIN * (high - low), 1.0)
    left, bottom = (float(v) for v in low - beyond)
    right, top = (float(v) for v in high + beyond)
    return left, right, bottom, top


def grid(bounds: tuple[float, float, float, float], side: int) -> Array:
    """The middles (side², 2) of as many equal fields, row by row from the least second coordinate on."""
    left, right, low, high = bounds
    share = (np.arange(side) + 0.5) / side
    across, up = np.meshgrid(left + share * (right - left), low + share * (high - low))
    made: Array = np.column_stack([across.ravel(), up.ravel()])
    return made


def decoded(trainer: Trainer, node: str, values: Array) -> Array:
    """(n, numbers) float32: what the network makes behind `node` of values of it (n, units), in inference mode."""
    plan = _decoder(trainer, node, len(values))
    plan.fill(with_ones(trainer.backend, values))
    plan.run_forward()
    return _drawn(trainer, trainer.backend.to_host(plan.output.value.T)).astype(np.float32)


_told: "WeakKeyDictionary[Trainer, tuple[str, CodePlane]]" = WeakKeyDictionary()
_decoders: "WeakKeyDictionary[Trainer, dict[tuple[str, int], Plan]]" = WeakKeyDictionary()


def _decoder(trainer: Trainer, node: str, count: int) -> Plan:
    """Over the trainer's own weights, so that it is always of now."""
    kept = _decoders.setdefault(trainer, {})
    key = (node, count)
    plan = kept.pop(key, None)
    if plan is None:
        part = trainer.network.structure.behind(node)
        assert part is not None
        plan = Plan(part, trainer.parameters, trainer.backend, count, trains=False)
    kept[key] = plan
    while len(kept) > KEPT:
        del kept[next(iter(kept))]
    return plan


def _drawn(trainer: Trainer, outputs: Array) -> Array:
    """Outputs (n, numbers) on the host in the targets' numbers: logits as the loss takes them."""
    network = trainer.network
    return network.loss.shares(outputs) if meaning_of(network) is Meaning.LOGITS else outputs


def _targets(trainer: Trainer, seen: Walked) -> Array:
    """What the examples that were walked through should become, (n, numbers) float64."""
    parts = [trainer.first_rows(seen.training)[1]]
    if seen.validation:
        parts.append(trainer.first_rows(seen.validation, True)[1])
    return np.concatenate([trainer.backend.to_host(part) for part in parts]).astype(np.float64)


def _chosen(y: Array, classes: int | None) -> Array:
    """The first example of each class; where there are none, the first examples."""
    if classes is None:
        return np.arange(min(PAIRS, len(y)))
    firsts = [int(np.argmax(y == label)) for label in range(classes) if (y == label).any()]
    return np.array(firsts[:PAIRS], np.int64)


_variances: "WeakKeyDictionary[Trainer, tuple[int, Array]]" = WeakKeyDictionary()


def _least_linear(trainer: Trainer, wanted: Array, units: int) -> float:
    """Mean square of what `units` principal components leave of `wanted` (n, numbers); targets stay as they are."""
    count, numbers = wanted.shape
    known = _variances.get(trainer)
    if known is None or known[0] != count:
        centred = wanted - wanted.mean(axis=0)
        product = centred.T @ centred if numbers <= count else centred @ centred.T
        _variances[trainer] = known = count, np.maximum(np.linalg.eigvalsh(product)[::-1], 0.0)
    return float(known[1][units:].sum()) / wanted.size
