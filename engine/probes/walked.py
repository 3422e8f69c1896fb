"""The first examples, and whatever else is asked for, through the network in one pass in inference mode."""

from dataclasses import dataclass
from math import prod

import numpy as np

from engine.backend import Array
from engine.network import MOST_NUMBERS
from engine.plan import Plan
from engine.trainer import Trainer

FEWEST = 100  # examples of the training part that are looked at, however large the network
WORK = 200_000_000  # products that a look may take: of large networks fewer examples are looked at


@dataclass(frozen=True, slots=True)
class Walked:
    """The plan holds `training` examples, then `validation` examples, then what came besides, as columns."""

    plan: Plan
    training: int
    validation: int
    counts: tuple[int, int]  # how many the parts have; 0 of one that was not asked for

    @property
    def besides(self) -> slice:
        return slice(self.training + self.validation, None)


def walked(trainer: Trainer, training: int, validation: int, besides: Array | None = None) -> Walked:
    """So many examples of each part, as far as there are, and raw places (n, *shape)."""
    network, backend = trainer.network, trainer.backend
    rows, _, count = trainer.first_rows(training)
    held, _, held_count = trainer.first_rows(validation, True) if validation else (rows[:0], None, 0)
    parts = [rows, held]
    if besides is not None and len(besides):
        parts.append(network.rows(besides))
    together = backend.xp.concatenate([part for part in parts if len(part)])
    plan = network.plan(len(together), "predict")
    plan.fill(together)
    with np.errstate(all="ignore"):
        plan.run_forward()
    return Walked(plan, len(rows), len(held), (count, held_count))


def affordable(trainer: Trainer, wanted: int, fewest: int = FEWEST) -> int:
    """How many of the `wanted` examples and places may go through: fewer of a large network."""
    room = MOST_NUMBERS // sum(prod(shape) + 1 for shape in trainer.network.structure.shapes.values())
    return max(1, min(wanted, room, max(fewest, WORK // max(1, trainer.parameters.count))))


def first_numbers(y: Array, count: int) -> Array:
    """(n,) float32: the classes, or each example's first target."""
    few: Array = np.asarray(y[:count], np.float32)
    return few if few.ndim == 1 else few[:, 0]


def colours(trainer: Trainer, seen: Walked) -> tuple[Array, Array, int | None]:
    """What the examples of both parts are, (n,) float32 each, and how many classes: None where y are numbers.

    Of examples that are to be given back as they are, the classes that are known beside that.
    """
    sample, labels = trainer.sample, trainer.sample.known_classes()
    y, y_val = (sample.y, sample.y_val) if labels is None else (labels.y, labels.y_val)
    classes = None if labels is None else labels.classes
    return first_numbers(y, seen.training), first_numbers(y_val, seen.validation), classes
