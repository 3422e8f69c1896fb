"""Which classes are taken for which: off the diagonal stands what the network cannot tell apart."""

from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.metrics import confusion
from engine.probes.base import Probe
from engine.probes.example import Part
from engine.probes.predictions import Examined, Extent, Listed, examine, listed, worst_first
from engine.trainer import Trainer

MOST_CLASSES = 64  # of which a table is made


class ConfusionAnswer(msgspec.Struct, frozen=True, eq=False, tag="confusion"):
    """`counts` (K, K) int64: row i, column j counts the examples of class i that were taken for class j.

    None with a reason where there is no such table. `cell` is the one whose examples are listed, worst first.
    """

    extent: Extent
    counts: Any | None
    reason: str
    names: tuple[str, ...]  # of the classes, where the data say them
    cell: tuple[int, int] | None
    examples: tuple[Listed, ...]


class Confusion(Probe, frozen=True, tag="confusion"):
    """The table over the first examples of `part`, in inference mode, and the examples in `cell` (row, column)."""

    part: Part = Part.VALIDATION
    cell: tuple[int, int] | None = None

    def measure(self, trainer: Trainer, detail: float = 1.0) -> ConfusionAnswer:
        found = examine(trainer, self.part, detail)
        reason = _reason(trainer, found)
        if reason or found.truths is None or found.decisions is None:
            return ConfusionAnswer(found.extent, None, reason, (), None, ())
        counts = self._counts(trainer, found.truths, found.decisions)
        names = trainer.project.summary().class_names
        if self.cell is None or max(self.cell) >= len(counts):
            return ConfusionAnswer(found.extent, counts, "", names, None, ())
        row, column = self.cell
        among = (found.truths == row) & (found.decisions == column)
        return ConfusionAnswer(
            found.extent, counts, "", names, self.cell, listed(found, worst_first(found.losses, among))
        )

    def _counts(self, trainer: Trainer, truths: Array, decisions: Array) -> Array:
        made: Array = confusion(np, decisions, truths, _classes(trainer)).astype(np.int64)
        return made


def _classes(trainer: Trainer) -> int:
    """Of the data, or where the network has more outputs as many as those."""
    units = trainer.network.structure.shapes[trainer.network.structure.output][0]
    return max(trainer.network.classes or 0, units if units > 1 else 2)


def _reason(trainer: Trainer, found: Examined) -> str:
    """Why there is no table."""
    if found.truths is None:
        return "A confusion table wants classes; the targets of these data are numbers."
    if found.decisions is None:
        return "This loss decides for no class with a single output."
    if _classes(trainer) > MOST_CLASSES:
        return f"The table is drawn for up to {MOST_CLASSES} classes; here there are {_classes(trainer)}."
    return ""
