"""One example through the network: each layer's values and what comes out; shows what a net does with your own input.

Whoever draws a digit that the net should know and sees another class win looks at the first layer that goes astray.
"""

from enum import StrEnum
from math import prod
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from engine.backend import Array
from engine.data.augmentation import Augmentation
from engine.data.preprocess import parts
from engine.ensemble import Ensemble
from engine.losses import CrossEntropy
from engine.network import Network
from engine.plan import Plan
from engine.probes.base import Probe
from engine.trainer import Trainer
from engine.views import Views

MOST = 1024  # values of a layer, and outputs, that an answer holds
MOST_IN_ALL = 65_536  # values of all layers
FEWEST = 16  # values of a layer, however many layers there are
FEW_FEATURES = 64  # up to here each feature has its own range
NUMBER = np.dtype("<f8")  # of a request's raw bytes


class Part(StrEnum):
    TRAINING = "training"
    VALIDATION = "validation"


class Meaning(StrEnum):
    """What the drawn outputs are."""

    PROBABILITIES = "probabilities"
    LOGITS = "logits"  # the loss makes probabilities of them
    NUMBERS = "numbers"


class NodeValues(msgspec.Struct, frozen=True, eq=False):
    """One node's output for the example."""

    node: str
    shape: tuple[int, ...]
    values: Any  # float32: the first ones, in the order of `shape`
    left_out: int  # how many more there are
    least: float  # of all finite ones, those left out too; NaN without any
    most: float


class Origin(msgspec.Struct, frozen=True, eq=False):
    """Where in the data an example was taken from, and what should come out."""

    part: Part
    index: int
    x: Any  # float64, of the input's shape
    label: int | None  # where y are classes
    target: Any | None  # float64, where y are numbers


class DataRange(msgspec.Struct, frozen=True, eq=False):
    """What examples of the data look like."""

    low: Any  # float64: of each feature, or one number for all where there are many
    high: Any
    training: int  # how many examples
    validation: int
    classes: int | None


class ExampleAnswer(msgspec.Struct, frozen=True, eq=False, tag="example"):
    """Outputs are as drawn; of more than MOST the greatest are told."""

    number: int  # the request's
    nodes: tuple[NodeValues, ...]
    units: Any  # int64: which outputs are told, ascending
    output: Any  # float64: they
    outputs: int  # how many there are
    meaning: Meaning
    probabilities: Any | None  # float64, of the same units; None where outputs are only numbers
    chosen: int | None  # the class decided for; None where nothing is
    origin: Origin | None
    data: DataRange
    views: int = 1  # of the example whose answers are averaged here; nodes are those of the first, the example itself


class Example(Probe, frozen=True, tag="example"):
    """An example by its raw numbers `x` (float64, little-endian, of the input's shape), or one of the data.

    `index` counts round and round; where there is no validation part, the training part takes its place. `x` of
    another size has no answer: the network may just have been exchanged. With several `views` the outputs are means
    over them, changed as the project's augmentation says, or by a pixel; where examples cannot be changed so, it is
    the one answer.
    """

    quick: ClassVar[bool] = True

    x: bytes | None = None
    part: Part = Part.TRAINING
    index: int = 0
    number: int = 0  # comes back in the answer
    views: int = 1

    def measure(self, trainer: Trainer, detail: float = 1.0) -> ExampleAnswer | None:
        shape = trainer.network.input_shape
        if self.x is None:
            origin = taken(trainer, self.part, self.index)
            x = np.asarray(origin.x)
        elif len(self.x) == prod(shape) * NUMBER.itemsize:
            origin, x = None, np.frombuffer(self.x, NUMBER).reshape(shape)
        else:
            return None
        network = trainer.network
        with np.errstate(all="ignore"):  # what is typed may be beyond float32
            # Before the walk: they go through the same plan, in which the example itself is left.
            averaged = None if self.views <= 1 else _averaged(trainer, x, self.views)
            plan = network.walk(x[None])
            z = network.backend.to_host(network.logits(plan)).reshape(-1).astype(np.float64)
            drawn = network.backend.to_host(plan.output.value).reshape(-1).astype(np.float64)
            meaning = meaning_of(network)
            if averaged is not None:
                z, drawn = averaged
            probabilities = probabilities_of(network, meaning, z, drawn)
        units = np.arange(len(drawn))
        if len(drawn) > MOST:
            units = np.sort(np.argpartition(np.nan_to_num(drawn, nan=-np.inf), -MOST)[-MOST:])
        return ExampleAnswer(
            self.number,
            _nodes(network, plan),
            units,
            drawn[units],
            len(drawn),
            meaning,
            None if probabilities is None else probabilities[units],
            _chosen(network, z),
            origin,
            _data_range(trainer),
            1 if averaged is None else self.views,
        )


def _averaged(trainer: Trainer, x: Array, count: int) -> tuple[Array, Array] | None:
    """(what decides, what is drawn) of the mean over views; None where examples cannot be changed so."""
    network, training = trainer.network, trainer.project.training
    views = Views(training.augmentation or Augmentation(), count, training.seed)
    if views.refusal(network):
        return None
    drawn = np.asarray(Ensemble([network], views).predict(x[None])[0], np.float64)
    kind = network.structure.layers[network.structure.output].kind()
    if network.loss.takes_logits and kind in ("sigmoid", "softmax"):
        return np.log(drawn) - (np.log1p(-drawn) if kind == "sigmoid" else 0.0), drawn
    return drawn, drawn


def raw(x: Array) -> bytes:
    """`x` as a request takes it."""
    return np.ascontiguousarray(x, NUMBER).tobytes()


def taken(trainer: Trainer, part: Part, index: int) -> Origin:
    """An example of the data, counted round and round."""
    data = trainer.data
    if part is Part.VALIDATION and not len(data.x_val):
        part = Part.TRAINING
    xs, ys = (data.x, data.y) if part is Part.TRAINING else (data.x_val, data.y_val)
    at = index % len(xs)
    x, y = np.array(xs[at], np.float64), ys[at]
    if data.classes is not None:
        return Origin(part, at, x, int(y), None)
    return Origin(part, at, x, None, np.array(y, np.float64).reshape(-1))


def _nodes(network: Network, plan: Plan) -> tuple[NodeValues, ...]:
    drawn, made = network.structure.drawn, []
    room = max(FEWEST, min(MOST, MOST_IN_ALL // len(drawn)))
    for node in drawn:
        values = network.backend.to_host(plan.counted(plan.vars[node].value, node)).reshape(-1)
        finite = values[np.isfinite(values)]
        least, most = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
        told = values[:room].astype(np.float32)
        made.append(NodeValues(node, network.structure.shapes[node], told, len(values) - len(told), least, most))
    return tuple(made)


def meaning_of(network: Network) -> Meaning:
    kind = network.structure.layers[network.structure.output].kind()
    if kind == "softmax" or (kind == "sigmoid" and (network.loss.takes_logits or network.classes is not None)):
        return Meaning.PROBABILITIES
    return Meaning.LOGITS if network.loss.takes_logits else Meaning.NUMBERS


def probabilities_of(network: Network, meaning: Meaning, z: Array, drawn: Array) -> Array | None:
    """The drawn outputs, or what the loss makes of logits: softmax for cross-entropy, else σ of each.

    Of one example, (units,), or of several in columns, (units, n).
    """
    if meaning is Meaning.PROBABILITIES:
        return drawn
    if meaning is Meaning.NUMBERS:
        return None
    shares: Array
    if isinstance(network.loss, CrossEntropy):
        shares = np.exp(z - z.max(axis=0))
        shares /= shares.sum(axis=0)
    else:
        shares = 1 / (1 + np.exp(-z))
    return shares


def _chosen(network: Network, z: Array) -> int | None:
    """The class decided for: the greatest output; of a single one, the class that the loss would call right."""
    loss, classes = network.loss, network.classes
    if np.isnan(z).any() or (classes is None and not isinstance(loss, CrossEntropy)):
        return None
    if len(z) > 1:
        return int(z.argmax())
    assert classes is not None
    for label in range(min(classes, 2)):
        hits = loss.hits(np, z[:, None], loss.targets(np.array([label]), classes, 1).T, classes)
        if hits is not None and hits.all():
            return label
    return None


_reaches: "WeakKeyDictionary[Trainer, tuple[float, float]]" = WeakKeyDictionary()


def reach_of(trainer: Trainer) -> tuple[float, float]:
    """The least and the greatest of the raw numbers of the first training examples, looked up once."""
    if trainer not in _reaches:
        x = trainer.sample.x
        _reaches[trainer] = float(np.min(x)), float(np.max(x))
    return _reaches[trainer]


_ranges: "WeakKeyDictionary[Trainer, DataRange]" = WeakKeyDictionary()


def _data_range(trainer: Trainer) -> DataRange:
    """Looked up once for a trainer: its data stay as they are."""
    if trainer not in _ranges:
        data, features = trainer.data, prod(trainer.network.input_shape)
        axis = 0 if features <= FEW_FEATURES else None
        pieces = (part.reshape(len(part), features) for x in (data.x, data.x_val) for part in parts(x))
        spans = [(part.min(axis), part.max(axis)) for part in pieces]
        low = np.min([low for low, _ in spans], axis=0).reshape(-1)
        high = np.max([high for _, high in spans], axis=0).reshape(-1)
        _ranges[trainer] = DataRange(low, high, len(data.x), len(data.x_val), data.classes)
    return _ranges[trainer]
