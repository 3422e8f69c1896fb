"""The examples with the largest loss: what the network is worst at, wrong labels and rare kinds among them."""

import msgspec

from engine.probes.base import Probe
from engine.probes.example import Part
from engine.probes.predictions import Extent, Listed, examine, listed, worst_first
from engine.trainer import Trainer


class WorstAnswer(msgspec.Struct, frozen=True, eq=False, tag="worst"):
    extent: Extent
    names: tuple[str, ...]  # of the classes, where the data say them
    wrong: int | None  # how many of the examined are decided wrongly; None where nothing is decided
    mean_loss: float  # of the examined
    examples: tuple[Listed, ...]


class Worst(Probe, frozen=True, tag="worst"):
    """The first examples of `part` by their loss in inference mode, the largest first."""

    part: Part = Part.VALIDATION

    def measure(self, trainer: Trainer, detail: float = 1.0) -> WorstAnswer:
        found = examine(trainer, self.part, detail)
        wrong = None
        if found.truths is not None and found.decisions is not None:
            wrong = int((found.truths != found.decisions).sum())
        names = trainer.project.summary().class_names
        examples = listed(found, worst_first(found.losses))
        return WorstAnswer(found.extent, names, wrong, float(found.losses.mean()), examples)
