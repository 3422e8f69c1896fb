"""Questions that take longer than a frame may: their work is done in slices, and training goes on in between."""

from dataclasses import replace
from math import prod, sqrt
from typing import Any

from engine.backend import Array
from engine.network import Network
from engine.probes.base import Probe
from engine.trainer import Trainer

PIECE = 1 << 17  # numbers of a long vector that are looked at at once: they stay in the processor's cache
NEVER = 1 << 62  # a step that no run gets to


class Work:
    """What a study has found so far.

    It computes on copies of its own, so training gives the same bits with it and without.
    """

    look_at = NEVER  # the step at which it wants to see the trainer

    def look(self, trainer: Trainer) -> None:
        """Sees the trainer at `look_at` or later, between two updates, and chooses the next step to look at."""

    def wants(self, trainer: Trainer) -> bool:
        """Whether there is something to compute."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def go_on(self, trainer: Trainer) -> None:
        """One slice, where it wants one: the smallest piece there is, of milliseconds."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def answer(self, trainer: Trainer) -> Any:
        """As far as it has come."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own


class Study(Probe, frozen=True):
    """A question that is worked on, see Work. It is asked of as long as it is watched."""

    def begin(self, trainer: Trainer, before: Work | None = None) -> Work:
        """The work at its beginning; `before` is that of the last question of this kind, for what is still of use."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def measure(self, trainer: Trainer, detail: float = 1.0) -> Any:
        """The whole answer at once, however long that takes."""
        work = self.begin(trainer)
        while work.wants(trainer):
            work.go_on(trainer)
        return work.answer(trainer)


def copied(trainer: Trainer) -> Network:
    """A network of its own with the weights and buffers of now."""
    copy = Network(trainer.project, replace(trainer.backend, rooms=None))
    copy.parameters_.values[...] = trainer.parameters.values
    return copy


def work_of(network: Network) -> int:
    """About how many products one example takes on its way forward: each weight once for every place it is used at."""
    structure, parameters = network.structure, network.parameters_
    total = 0
    for node in parameters.layers:
        shapes = [structure.shapes[node], *structure.input_shapes(node)]
        # Features stand first in pictures and last in sequences: of both, the more.
        places = max(prod(shape) // min(shape[0], shape[-1]) if len(shape) > 1 else 1 for shape in shapes)
        total += parameters.block(parameters.values, node).size * places
    return max(1, total)


def length_of(xp: Any, vector: Array) -> float:
    """‖vector‖ of any shape, added up in float64."""
    flat = vector.reshape(-1)
    parts = (flat[start : start + PIECE] for start in range(0, len(flat), PIECE))
    return sqrt(sum(float(xp.square(part, dtype="float64").sum().item()) for part in parts))
