"""One unit from all sides: what drives it, what it answers, what leads into it and on from it, whether it still learns.

A unit that is dead answers 0 to every example and has a zero gradient; one that is saturated answers one of two
numbers and hardly moves; one whose histograms of the classes lie apart has learned to tell them.
"""

from math import isqrt, prod
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.layers.base import Activation
from engine.layers.input import Input
from engine.layers.tied import Tied
from engine.probes.base import Probe
from engine.probes.boundary import grid, plane
from engine.probes.example import Part
from engine.probes.predictions import Extent
from engine.probes.walked import affordable, walked
from engine.probes.weights import round_reach
from engine.probes.wiring import Line, line_into, lines_from
from engine.statistics import FLAT
from engine.trainer import Trainer

EXAMPLES = 400  # of the training part
SIZE, SMALLEST = 40, 12  # cells of the map's side
BINS = 40
MOST_CLASSES = 12  # that are counted apart
DRIVEN = 6  # examples at each end
MOST_WEIGHTS = 16_384  # told of a row or column
MOST_NAMES = 64
MOST_LINES = 4  # that lead on
MOST_NUMBERS = 1024  # of an example's x that are told


class Driven(msgspec.Struct, frozen=True, eq=False):
    """A training example and what the unit answers to it."""

    index: int
    value: float
    truth: float  # its class, or its first target
    shape: tuple[int, ...]
    x: Any  # float32: the first numbers, raw


class Links(msgspec.Struct, frozen=True, eq=False):
    """Weights between the unit and all units of a layer, the first ones, and ∂L/∂w of the same."""

    node: str  # whose weights they are
    other: str  # the node at the other end
    total: int
    values: Any  # float64
    gradient: Any  # float64
    bias: float  # NaN where there is none, or where they lead on
    bias_gradient: float
    names: tuple[str, ...]  # of the features at the other end, where they are inputs that have names
    mixed: bool = False  # they are inputs turned to their main axes: no weight belongs to one raw feature


class Answers(msgspec.Struct, frozen=True, eq=False):
    """How the unit's outputs on the examples are spread; exact zeros and what is no number are in no bin."""

    counts: Any  # (K, BINS) int64, a row a class; a single one where there are no classes or too many
    zeros: Any  # (K,) int64
    low: float
    high: float
    lost: int  # NaN or infinite
    mean: float
    deviation: float
    least: float
    most: float


class NeuronAnswer(msgspec.Struct, frozen=True, eq=False, tag="neuron"):
    step: int
    node: str
    unit: int
    units: int
    extent: Extent  # which examples
    classes: int | None
    names: tuple[str, ...]
    answers: Answers
    highest: tuple[Driven, ...]  # the highest first
    lowest: tuple[Driven, ...]
    map: Any | None  # (size, size) float32 over the input plane, row 0 the lowest x₂; None for other than two inputs
    bounds: tuple[float, float, float, float] | None  # x₁ from, to, x₂ from, to
    incoming: Links | None  # None where no row of weights belongs to the unit alone
    outgoing: tuple[Links, ...]
    delta: float  # root mean square over the examples of ∂ℓ/∂h, ℓ an example's own loss; NaN where none comes
    saturated: float  # share of the examples at a slope below a hundredth of the steepest; NaN of no activation
    dead: bool  # the slope is 0 at every example


class Neuron(Probe, frozen=True, tag="neuron"):
    """Unit `unit` of `node`, counted from 0; beyond the last it is the last. None where there is no such node.

    Outputs are taken in inference mode, gradients in training mode, both on the first training examples.
    """

    node: str = ""
    unit: int = 0

    def measure(self, trainer: Trainer, detail: float = 1.0) -> NeuronAnswer | None:
        network, structure, host = trainer.network, trainer.network.structure, trainer.backend.to_host
        if self.node not in structure.drawn:
            return None
        units = prod(structure.shapes[self.node])
        unit = min(self.unit, units - 1)
        bounds = places = None
        if trainer.reach is not None:
            bounds = plane(trainer)
            size = isqrt(affordable(trainer, round(SIZE * SIZE * detail), SMALLEST * SMALLEST))
            places = grid(bounds, size)
        seen = walked(trainer, affordable(trainer, round(EXAMPLES * detail)), 0, places)
        count, values = seen.training, seen.plan.counted(seen.plan.vars[self.node].value, self.node)
        outputs = host(values[unit]).astype(np.float64) + 0.0  # −0 is 0
        with np.errstate(all="ignore"):
            saturated, dead = self._flat(trainer, seen.plan, unit, count)
            delta, incoming, outgoing = self._gradients(trainer, unit, count)
            told = _spread(trainer, structure.layers[self.node], outputs[:count])
        order = np.argsort(np.where(np.isfinite(outputs[:count]), outputs[:count], np.nan), kind="stable")
        order = order[: np.isfinite(outputs[:count]).sum()]  # what is no number comes last
        return NeuronAnswer(
            trainer.step_number,
            self.node,
            unit,
            units,
            Extent(Part.TRAINING, count, seen.counts[0]),
            network.classes,
            trainer.project.summary().class_names,
            told,
            _driven(trainer, outputs, order[::-1][:DRIVEN]),
            _driven(trainer, outputs, order[:DRIVEN]),
            None if places is None else outputs[seen.besides].reshape(size, size).astype(np.float32),
            bounds,
            incoming,
            outgoing,
            delta,
            saturated,
            dead,
        )

    def _flat(self, trainer: Trainer, plan: Any, unit: int, count: int) -> tuple[float, bool]:
        """The share of examples at which the unit is saturated, and whether its slope is 0 at all of them."""
        structure, xp = trainer.network.structure, trainer.backend.xp
        layer = structure.layers[self.node]
        if not isinstance(layer, Activation):
            return float("nan"), False
        (source,) = structure.inputs[self.node]
        piece = slice(unit, unit + 1)
        a, h = (plan.counted(plan.vars[node].value, node)[piece, :count] for node in (source, self.node))
        slope = trainer.backend.to_host(layer.derivative(xp, a, h)).astype(np.float64)
        flat = slope == 0 if layer.pieces else slope < FLAT * layer.steepest
        return float(flat.mean()), bool((slope == 0).all())

    def _gradients(self, trainer: Trainer, unit: int, count: int) -> tuple[float, Links | None, tuple[Links, ...]]:
        """What comes back to the unit, and the weights around it with their gradients."""
        network = trainer.network
        rows, targets, _ = trainer.first_rows(count)
        plan = network.plan(len(rows), "train")
        plan.fill(rows, targets.T)
        structure = network.structure
        row = line_into(structure, self.node, unit)
        columns = [line for line, _ in zip(lines_from(structure, self.node, unit), range(MOST_LINES), strict=False)]
        with trainer.parameters.undisturbed():
            plan.run_forward()
            plan.run_backward()
            incoming = None if row is None else _links(trainer, row)
            outgoing = tuple(_links(trainer, line) for line in columns)
        grad = plan.vars[self.node].grad
        delta = float("nan")
        if grad is not None:
            own = trainer.backend.to_host(plan.counted(grad, self.node)[unit]).astype(np.float64) * len(rows)
            delta = float(np.sqrt(np.mean(own * own)))
        return delta, incoming, outgoing


def _links(trainer: Trainer, line: Line) -> Links:
    """The row or column of the weights as they are now, and of the gradients as the way back has left them."""
    parameters, host = trainer.parameters, trainer.backend.to_host
    layer = trainer.network.structure.layers[line.node]
    parts, biases, total = [], [], 0
    for vector in (parameters.values, parameters.grads):
        weights = parameters.weights(vector, line.node)
        own = weights.T if isinstance(layer, Tied) else weights
        piece = own[line.index] if line.into else own[:, line.index]
        total = piece.shape[0]
        parts.append(host(piece[:MOST_WEIGHTS]).astype(np.float64))
        bias = parameters.views(vector, line.node).get("bias") if line.into else None
        biases.append(float("nan") if bias is None else float(bias[line.index].item()))
    other = trainer.network.structure.layers[line.other]
    mixed = isinstance(other, Input) and trainer.project.data.preprocess in ("pca", "whiten")
    names = _names(trainer, other) if isinstance(other, Input) and not mixed else ()
    return Links(line.node, line.other, total, parts[0], parts[1], biases[0], biases[1], names, mixed)


def _names(trainer: Trainer, layer: Input) -> tuple[str, ...]:
    names = trainer.project.summary().features[:MOST_NAMES]
    return names if layer.columns is None else names[slice(*layer.columns)]


def _spread(trainer: Trainer, layer: Any, outputs: Array) -> Answers:
    known = np.isfinite(outputs)
    finite = outputs[known]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (float("nan"), float("nan"))
    bounds = layer.bounds if isinstance(layer, Activation) else None
    if bounds is None:
        reach = round_reach(max(abs(least), abs(most)) if finite.size else 0.0)
        bounds = (-reach if least < 0 else 0.0, reach if most > 0 or not least < 0 else 0.0)
    low, high = bounds
    classes = trainer.network.classes
    rows = classes if classes is not None and classes <= MOST_CLASSES else 1
    label = np.asarray(trainer.sample.y[: len(outputs)]).astype(int) if rows > 1 else np.zeros(len(outputs), int)
    counts, zeros = np.zeros((rows, BINS), np.int64), np.zeros(rows, np.int64)
    index = np.clip(((outputs - low) / (high - low) * BINS), 0, BINS - 1)
    for k in range(rows):
        mine = known & (label == k)
        zeros[k] = int((mine & (outputs == 0)).sum())
        counts[k] = np.bincount(index[mine & (outputs != 0)].astype(int), minlength=BINS)
    mean, deviation = (float(finite.mean()), float(finite.std())) if finite.size else (float("nan"), float("nan"))
    return Answers(counts, zeros, low, high, int((~known).sum()), mean, deviation, least, most)


def _driven(trainer: Trainer, outputs: Array, places: Array) -> tuple[Driven, ...]:
    sample, shape = trainer.sample, trainer.network.input_shape
    made = []
    for place in (int(place) for place in places if place < len(sample.x)):
        x = np.asarray(sample.x[place], np.float32).reshape(-1)
        truth = float(np.asarray(sample.y[place]).reshape(-1)[0])
        made.append(Driven(place, float(outputs[place]), truth, shape, x[:MOST_NUMBERS]))
    return tuple(made)
