"""Overfit a few examples first: a network that cannot learn fifty by heart will not learn the rest.

What keeps a network from remembering is switched off: penalties, clipping, dropout, schedule and early stopping.
Where it fails all the same, the numbers say what to look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

import msgspec

from engine.checks.few import few_of
from engine.checks.findings import LEARNT, Course, findings
from engine.divergence import DivergenceError
from engine.graph import Graph, Node
from engine.layers.base import Layer
from engine.layers.dropout import Dropout
from engine.metrics import Score
from engine.optimizers import Optimizer
from engine.project import Project
from engine.trainer import Trainer
from engine.training import Training

EXAMPLES, STEPS = 50, 3000
EVERY = 25  # steps between two looks


@dataclass(frozen=True, slots=True)
class OverfitReport:
    """Whether the examples were learnt by heart, and what to look at if not, likeliest cause first."""

    learnt: bool
    examples: int
    steps: int
    first: Score
    last: Score
    findings: tuple[str, ...]

    @property
    def verdict(self) -> str:
        return f"{self.examples} examples are {'learnt by heart' if self.learnt else 'not learnt'}"

    @property
    def numbers(self) -> str:
        accuracy = "" if self.last.accuracy is None else f", accuracy {self.last.accuracy:.3g}"
        return f"loss {self.first.loss:.4g} → {self.last.loss:.4g}{accuracy} after {self.steps} steps"

    def __str__(self) -> str:
        return "\n".join([f"{self.verdict}: {self.numbers}", *(f"- {finding}" for finding in self.findings)])


def overfit(
    project: Project, seed: int | None = None, examples: int = EXAMPLES, steps: int = STEPS
) -> Iterator[float | OverfitReport]:
    """Trains a copy on a few examples; yields the share of the steps that is done, and at last the report."""
    trainer = Trainer(on_few(project, examples), seed=seed)
    first = last = trainer.evaluate()[0]
    course = Course(first)
    while trainer.step_number < steps and not _learnt(first, last):
        try:
            course.looks.append(trainer.step(layers=True))
            if (more := min(EVERY - 1, steps - trainer.step_number)) > 0:
                trainer.run(more)
        except DivergenceError as error:
            course.failure = error
            break
        last = trainer.evaluate()[0]
        yield min(1.0, trainer.step_number / steps)
    course.last = last
    learnt = course.failure is None and _learnt(first, last)
    found = () if learnt else tuple(findings(trainer, course))
    yield OverfitReport(learnt, trainer.examples, trainer.step_number, first, last, found)


def _learnt(first: Score, last: Score) -> bool:
    if last.accuracy is not None:
        return last.accuracy == 1 and isfinite(last.loss)
    return last.loss == 0 or last.loss <= LEARNT * first.loss < float("inf")


def on_few(project: Project, examples: int) -> Project:
    """The project on a few of its examples, without what keeps a network from remembering."""
    old = project.training
    # Whatever else the section can ask for is left at its default, which is off.
    training = Training(loss=old.loss, optimizer=_without_decay(old.optimizer), batch_size="all", seed=old.seed)
    nodes = tuple(Node(n.id, _without_dropout(n.layer)) for n in project.graph.nodes)
    data = few_of(project.data, examples)
    return replace(project, data=data, graph=Graph(nodes, project.graph.edges), training=training, variants=())


def _without_dropout(layer: Layer) -> Layer:
    return msgspec.structs.replace(layer, rate=0.0) if isinstance(layer, Dropout) else layer


def _without_decay(optimizer: Optimizer) -> Optimizer:
    has = "weight_decay" in type(optimizer).__struct_fields__
    return msgspec.structs.replace(optimizer, **({"weight_decay": 0.0} if has else {}))
