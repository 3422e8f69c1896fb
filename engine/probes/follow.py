"""One example followed: its value at every unit and the gradient of its loss there, with the sums of one unit written.

Shows whether a net computes what its reader believes: a bias forgotten, a unit that is dead for this example, the
factor by which a gradient dies on its way back. In float64 from the run's own weights, in inference mode (dropout lets
everything through, batch norm takes its running averages), and the gradient is that of this mode, without the
regularizer.
"""

from math import prod
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from engine.backend import Array
from engine.errors import ProjectError
from engine.graph import Structure
from engine.layers.base import Activation
from engine.probes.arithmetic.backward import gradient, raw_gradient, step_back, through, weight_gradients
from engine.probes.arithmetic.forward import forward
from engine.probes.arithmetic.lines import Section
from engine.probes.arithmetic.losses import loss_sections
from engine.probes.arithmetic.walk import Walk
from engine.probes.base import Probe
from engine.probes.example import NUMBER, Part, taken
from engine.probes.look import shared
from engine.trainer import Trainer

MOST_WEIGHTS = 4_000_000  # of a network that is followed: its twin in float64 has two numbers for each
MOST_UNITS = 1024  # of a node that are told
MOST_IN_ALL = 65_536
FEWEST = 16
MOST_RETURNED = 16  # units of a wire's source whose gradient is told wire by wire


class FollowedNode(msgspec.Struct, frozen=True, eq=False):
    """One node's numbers for the example: its outputs, and ∂L/∂ each of them where a gradient comes there."""

    node: str
    kind: str
    units: int
    values: Any  # float64: the first ones
    gradients: Any | None  # float64, as many


class FollowAnswer(msgspec.Struct, frozen=True, eq=False, tag="follow"):
    """`chosen` are the nodes that `sections` speak of: a layer and the function behind it, or none for the loss."""

    number: int  # the request's
    reason: str  # why nothing is told, in words; else empty
    nodes: tuple[FollowedNode, ...]  # inputs too, from input to output
    wires: tuple[tuple[str, str], ...]  # (source, target), in the order in which values run along them
    returns: tuple[Any | None, ...]  # of each wire float64: the gradient that comes back along it, by unit; see `back`
    cards: tuple[tuple[str, ...], ...]  # the nodes that stand together on one, from input to output
    part: Part | None  # where in the data the example was taken from; None of one by hand
    index: int
    x: Any  # float64: the raw numbers
    label: int | None  # the class that should come out
    target: Any | None  # float64: the numbers that should
    classes: int | None  # how many, where targets are classes
    outputs: int
    logits: str  # the node whose output the loss takes
    loss: float | None
    node: str
    unit: int
    chosen: tuple[str, ...]
    sections: tuple[Section, ...]


class Follow(Probe, frozen=True, tag="follow"):
    """An example by its raw numbers `x` (float64, little-endian) or one of the data, and the unit that is looked at.

    `target`, a class number or a number for each output, takes the place of the data's; without either there is no
    way back. An empty `node` asks for the loss. A unit beyond the last means the last.
    """

    quick: ClassVar[bool] = True

    x: bytes | None = None
    part: Part = Part.TRAINING
    index: int = 0
    target: tuple[float, ...] = ()
    node: str = ""
    unit: int = 0
    number: int = 0  # comes back in the answer

    def measure(self, trainer: Trainer, detail: float = 1.0) -> FollowAnswer | None:
        network, part = trainer.network, None
        structure, index = network.structure, self.index
        y: Array | None = None
        if self.x is None:
            origin = taken(trainer, self.part, self.index)
            part, index, x = origin.part, origin.index, np.asarray(origin.x)
            y = np.array([origin.label]) if origin.label is not None else np.asarray(origin.target)[None]
        elif len(self.x) == prod(structure.example) * NUMBER.itemsize:
            x = np.frombuffer(self.x, NUMBER).reshape(structure.example)
        else:
            return None
        count = network.parameters_.count
        if count > MOST_WEIGHTS:
            reason = f"{count:,} weights are too many to be followed: at most {MOST_WEIGHTS:,}."
            return self._answer(trainer, None, part, index, x, None, reason)
        if self.target:
            y = np.array([self.target])
            y = y[:, 0].astype(np.int64) if network.classes is not None else y
        walk, reason, row = walk_of(trainer), "", None
        try:
            if y is not None:
                row = walk.targets(_checked(y, network.classes))
        except (ProjectError, ValueError) as error:
            reason, y = f"The target does not fit: {error}", None
        with np.errstate(all="ignore"):
            let_through(trainer, x, row)
            return self._answer(trainer, walk, part, index, x, y, reason)

    def _answer(
        self, trainer: Trainer, walk: Walk | None, part: Part | None, index: int, x: Array, y: Array | None, reason: str
    ) -> FollowAnswer:
        network, structure = trainer.network, trainer.network.structure
        chosen = () if walk is None else together(structure, self.node)
        unit = max(0, min(self.unit, prod(structure.shapes[chosen[0]]) - 1)) if chosen else 0
        classes = network.classes
        return FollowAnswer(
            number=self.number,
            reason=reason,
            nodes=() if walk is None else _nodes(walk),
            wires=wires(structure),
            returns=() if walk is None else tuple(back(walk, *wire) for wire in wires(structure)),
            cards=tuple(dict.fromkeys(together(structure, node) for node in structure.order)),
            part=part,
            index=index,
            x=x.reshape(-1),
            label=int(y[0]) if y is not None and classes is not None else None,
            target=np.asarray(y[0], np.float64).reshape(-1) if y is not None and classes is None else None,
            classes=classes,
            outputs=prod(structure.shapes[structure.output]),
            logits="" if walk is None else walk.logits,
            loss=None if walk is None else walk.loss,
            node=self.node if chosen else "",
            unit=unit,
            chosen=chosen,
            sections=() if walk is None else tuple(card(walk, chosen, unit)),
        )


def together(structure: Structure, node: str) -> tuple[str, ...]:
    """`node` and what is written on the same card: a layer with the activation that alone follows it."""
    if node not in structure.layers:
        return ()
    before = structure.inputs[node]
    if len(before) == 1 and _paired(structure, before[0], node):
        return before[0], node
    after = [consumer for consumer, sources in structure.inputs.items() if node in sources]
    if len(after) == 1 and _paired(structure, node, after[0]):
        return node, after[0]
    return (node,)


def _paired(structure: Structure, first: str, second: str) -> bool:
    consumers = sum(sources.count(first) for sources in structure.inputs.values())
    layers = structure.layers
    one = bool(structure.inputs[first]) and not isinstance(layers[first], Activation)
    return consumers == 1 and one and isinstance(layers[second], Activation)


def card(walk: Walk, chosen: tuple[str, ...], unit: int) -> list[Section]:
    """All that is written of one unit, forward and backward; of no node, the loss."""
    if not chosen:
        return loss_sections(walk)
    made = [section for node in chosen for section in forward(walk, node, unit)]
    if walk.target is None:
        return made
    if walk.logits in chosen or walk.structure.output in chosen:
        told = {section.title for section in made}
        made += [section for section in loss_sections(walk) if section.title not in told]
    for node in reversed(chosen):
        made.append(gradient(walk, node, unit))
    if len(chosen) == 2 and (step := step_back(walk, chosen[1], unit)) is not None:
        made[-1:] = [step]  # the same gradient, in two steps
    made += [s for node in chosen if (s := weight_gradients(walk, node, unit)) is not None]
    return made + [s for node in chosen if (s := raw_gradient(walk, node, unit)) is not None]


def wires(structure: Structure) -> tuple[tuple[str, str], ...]:
    """Every wire once, in the order of the nodes that they lead to."""
    pairs = ((source, node) for node in structure.order for source in structure.inputs[node])
    return tuple(dict.fromkeys(pairs))


def back(walk: Walk, source: str, target: str) -> Array | None:
    """What comes back along one wire to each unit of its source; None where nothing does, or of many units."""
    grad = walk.gradient(source)
    if grad is None or walk.gradient(target) is None:
        return None
    if len(walk.consumers[source]) == 1 and source != walk.logits:
        return grad[:MOST_RETURNED].copy()
    if len(grad) > MOST_RETURNED:
        return None
    made = np.zeros(len(grad))
    for slot in (slot for consumer, slot in walk.consumers[source] if consumer == target):
        for unit in range(len(grad)):
            part = through(walk, target, slot, unit)
            made[unit] += np.nan if part is None else part.values.sum()
    return made


def _checked(y: Array, classes: int | None) -> Array:
    if classes is not None and not 0 <= y[0] < classes:
        raise ValueError(f"class {y[0]}, expected 0 to {classes - 1}")
    return y


def _nodes(walk: Walk) -> tuple[FollowedNode, ...]:
    structure, made = walk.structure, []
    room = max(FEWEST, min(MOST_UNITS, MOST_IN_ALL // len(structure.order)))
    for node in structure.order:
        values, grad = walk.value(node), walk.gradient(node)
        kind, told = structure.layers[node].kind(), None if grad is None else grad[:room].copy()
        made.append(FollowedNode(node, kind, len(values), values[:room].copy(), told))
    return tuple(made)


_walks: "WeakKeyDictionary[Trainer, Walk]" = WeakKeyDictionary()


def walk_of(trainer: Trainer) -> Walk:
    """Made once for a trainer: its graph stays as it is."""
    if trainer not in _walks:
        _walks[trainer] = Walk(trainer.network)
    return _walks[trainer]


def let_through(trainer: Trainer, x: Array, y: Array | None) -> Walk:
    """The walk with raw `x`, of the input's shape, gone through it; in one look not again if it was the last there."""
    walk, last = walk_of(trainer), shared(trainer, "walk", list[Any])
    key = x.tobytes(), None if y is None else y.tobytes()
    if last != [key]:
        walk.take(x, y)
        last[:] = [key]
    return walk
