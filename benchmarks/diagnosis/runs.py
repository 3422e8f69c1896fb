"""A labelled run: trained, looked at as a worker looks, and its label checked by how it came out."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.diagnosis.draw import Draw, Recipe
from engine.diagnosis import Remedy, edited
from engine.diagnosis.facts import Facts, facts
from engine.divergence import DivergenceError
from engine.errors import ProjectError
from engine.graph import Structure
from engine.project import Project, project_from
from engine.run.lane import FIRST_STEPS
from engine.statistics import LayerStatistics
from engine.trainer import Score, Trainer

EVERY = 5  # steps from look to look, after the first ones
LEARNT, SURE = 0.5, 0.9  # share of guessing's loss, or accuracy, at which a run counts as learning
GAP = 0.15  # of guessing's loss, that validation has lost again: over-fitted
Layers = dict[str, LayerStatistics]


@dataclass(frozen=True, slots=True)
class Trace:
    """All that a worker sees of one run, and how it came out."""

    recipe: Recipe
    seed: int
    project: Project
    structure: Structure
    facts: Facts
    looks: list[tuple[int, float, Layers]]
    epochs: list[tuple[int, int, Score, Score | None]]  # after which look, which step
    failure: DivergenceError | None
    last: tuple[Score, Score | None]

    @property
    def name(self) -> str:
        """The recipe and the seed it was made with."""
        return f"{self.recipe.name} ({self.seed // 1000})"

    @property
    def learns(self) -> bool:
        """Whether training data are learnt and the rest with them."""
        if self.failure is not None:
            return False
        (train, _), reference = self.last, self.facts.guess or 1.0
        good = train.loss <= LEARNT * reference or (train.accuracy or 0.0) >= SURE
        return good and not self.forgets

    @property
    def forgets(self) -> bool:
        """Whether the validation loss has risen again by a good part of what guessing would cost."""
        losses = [v.loss for _, _, _, v in self.epochs if v is not None]
        return bool(losses) and losses[-1] - min(losses) > GAP * (self.facts.guess or 1.0)

    @property
    def sound(self) -> bool:
        """Whether the run is what its label says."""
        return self.learns if not self.recipe.fault else not self.learns


def trace(recipe: Recipe, seed: int) -> Trace:
    with TemporaryDirectory() as folder:
        project = project_from(recipe.make(Draw(seed, Path(folder))), Path(folder), recipe.name)
        return _trained(recipe, seed, project)


def retrained(run: Trace, remedy: Remedy) -> Trace | None:
    """The same run with the edits of `remedy`; None where they cannot be made."""
    with TemporaryDirectory() as folder:
        project = project_from(run.recipe.make(Draw(run.seed, Path(folder))), Path(folder), run.recipe.name)
        try:
            return _trained(run.recipe, run.seed, edited(project, remedy.edits))
        except ProjectError:
            return None


def _trained(recipe: Recipe, seed: int, project: Project) -> Trace:
    trainer = Trainer(project)
    known = facts(trainer)
    looks: list[tuple[int, float, Layers]] = []
    epochs: list[tuple[int, int, Score, Score | None]] = []
    failure = None
    with np.errstate(all="ignore"):
        for step in range(recipe.steps):
            epoch = trainer.epoch
            try:
                if step < FIRST_STEPS or step % EVERY == 0:
                    record = trainer.step(layers=True)
                    looks.append((step, record.loss, record.layers or {}))
                else:
                    trainer.update()
            except DivergenceError as error:
                failure = error
                break
            if trainer.epoch > epoch:
                epochs.append((len(looks), step, *trainer.evaluate()))
            if trainer.stopped:
                break
        last = trainer.evaluate()
    return Trace(recipe, seed, project, trainer.network.structure, known, looks, epochs, failure, last)
