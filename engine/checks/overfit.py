"""Overfit a few examples first: a network that cannot learn fifty by heart will not learn the rest.

What keeps a network from remembering is switched off: penalties, clipping, dropout, schedule and early stopping.
Where it fails all the same, the numbers say what to look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np

from engine.backend import Array
from engine.data.source import Dataset, DataSource, Summary
from engine.divergence import DivergenceError
from engine.graph import Graph, Node
from engine.layers.base import Layer
from engine.layers.dropout import Dropout
from engine.metrics import Score
from engine.project import Project
from engine.statistics import LayerStatistics
from engine.trainer import StepRecord, Trainer
from engine.training import Regularization, Training

EXAMPLES, STEPS = 50, 3000
EVERY = 25  # steps between two looks
LEARNT = 0.01  # of the first loss is enough where nothing is decided
VANISHED = 1e-3  # the first layer's mean gradient as a share of the last's
STILL = 1e-5  # an update that moves weights by a smaller share moves nothing
WIDE = 10.0  # inputs beyond want to be standardized


class First(DataSource, frozen=True, kw_only=True, tag="first"):
    """The first examples of another source's training part, none for validation. No project file can name it."""

    title: ClassVar[str] = "First examples"

    source: DataSource
    count: int

    def summary(self, folder: Path) -> Summary:
        return self.source.summary(folder)

    def load(self, folder: Path) -> Dataset:
        data, n = self.source.load(folder), self.count
        return replace(data, x=np.array(data.x[:n]), y=data.y[:n], x_val=np.array(data.x_val[:0]), y_val=data.y_val[:0])


@dataclass(frozen=True, slots=True)
class OverfitReport:
    """Whether the examples were learnt by heart, and what to look at if not, likeliest cause first."""

    learnt: bool
    examples: int
    steps: int
    first: Score
    last: Score
    findings: tuple[str, ...]

    def __str__(self) -> str:
        accuracy = "" if self.last.accuracy is None else f", accuracy {self.last.accuracy:.3g}"
        result = f"loss {self.first.loss:.4g} → {self.last.loss:.4g}{accuracy} after {self.steps} steps"
        if self.learnt:
            return f"{self.examples} examples are learnt by heart: {result}"
        return "\n".join([f"{self.examples} examples are not learnt: {result}", *(f"- {f}" for f in self.findings)])


def overfit(
    project: Project, seed: int | None = None, examples: int = EXAMPLES, steps: int = STEPS
) -> Iterator[float | OverfitReport]:
    """Trains a copy on a few examples; yields the share of the steps that is done, and at last the report."""
    trainer = Trainer(_on_few(project, examples), seed=seed)
    first = last = trainer.evaluate()[0]
    begin: StepRecord | None = None
    record: StepRecord | None = None
    losses: list[float] = []
    failure: DivergenceError | None = None
    while trainer.step_number < steps and not _learnt(first, last):
        try:
            record = trainer.step(layers=True)
            begin = begin or record
            losses.append(record.loss)
            trainer.run(min(EVERY - 1, max(1, steps - trainer.step_number)))
        except DivergenceError as error:
            failure = error
            break
        last = trainer.evaluate()[0]
        yield min(1.0, trainer.step_number / steps)
    learnt = failure is None and _learnt(first, last)
    findings = () if learnt else tuple(_findings(trainer, begin, record, losses, failure))
    yield OverfitReport(learnt, trainer.examples, trainer.step_number, first, last, findings)


def _learnt(first: Score, last: Score) -> bool:
    return last.loss <= LEARNT * first.loss if last.accuracy is None else last.accuracy == 1


def _on_few(project: Project, examples: int) -> Project:
    """The project on its first examples, without what keeps a network from remembering."""
    old = project.training
    plain = {f: getattr(old, f) for f in Training.__struct_fields__}
    plain |= {"regularization": Regularization(), "clip_norm": None, "schedule": None, "early_stopping": None}
    nodes = tuple(Node(n.id, _without_dropout(n.layer)) for n in project.graph.nodes)
    data = First(source=project.data, count=examples)
    if "preprocess" in type(project.data).__struct_fields__:
        data = msgspec.structs.replace(data, preprocess=getattr(project.data, "preprocess"))  # noqa: B009
    training = Training(**{**plain, "batch_size": "all"})
    return replace(project, data=data, graph=Graph(nodes, project.graph.edges), training=training, variants=())


def _without_dropout(layer: Layer) -> Layer:
    return msgspec.structs.replace(layer, rate=0.0) if isinstance(layer, Dropout) else layer


def _findings(
    trainer: Trainer,
    begin: StepRecord | None,
    end: StepRecord | None,
    losses: list[float],
    failure: DivergenceError | None,
) -> Iterator[str]:
    """What to look at, likeliest cause first."""
    if twins := _twins(np.asarray(trainer.sample.x), trainer.sample.y):
        yield f"examples {twins[0]} and {twins[1]} have the same input and different targets: nothing can learn both"
    if failure is not None:
        yield f"the loss became no number at step {failure.step}, in {failure.node}: try a rate ten times smaller"
        return
    if begin is None or end is None or begin.layers is None or end.layers is None:
        return
    structure, layers = trainer.network.structure, end.layers
    widest = float(np.abs(trainer.backend.to_host(trainer.training_rows)).max(initial=0))
    if widest > WIDE:
        yield f"inputs go up to {widest:.3g}: standardize them (preprocess in the data's settings)"
    if alike := [node for node in trainer.parameters.layers if _alike(trainer, node)]:
        yield f"all units of {alike[0]} have the same weights and stay alike for ever: draw them at random"
    weighted = [(n, s) for n, s in begin.layers.items() if s.get("grad_mean_abs") is not None]
    shares = _gradient_shares(weighted)
    if shares is not None and shares < VANISHED:
        first, last = weighted[0][0], weighted[-1][0]
        yield (
            f"the gradient vanishes: in {first} it is {shares:.1e} of what it is in {last}; "
            "try ReLU with He's weights, batch norm or skips"
        )
    for field, words in (("dead_fraction", "dead"), ("saturated_fraction", "saturated")):
        worst = max(((s.get(field) or 0.0, n) for n, s in layers.items() if n != structure.output), default=(0.0, ""))
        if worst[0] > 0.5:
            yield f"{worst[0]:.0%} of {worst[1]} is {words}: smaller weights or rate, or another activation"
            break
    ratios = [s["update_ratio"] for s in layers.values() if s.get("update_ratio") is not None]
    if ratios and max(r for r in ratios if r is not None) < STILL and losses[-1] > LEARNT * losses[0]:
        yield f"updates move weights by less than {STILL:g} of their size: try a larger rate"
    late = losses[len(losses) // 2 :]
    if len(late) > 5 and np.std(np.diff(late)) > 0.1 * np.mean(late):
        yield "the loss jumps up and down: try a smaller rate"
    elif len(losses) > 5 and losses[-1] < 0.9 * losses[len(losses) // 2]:
        yield "the loss was still falling: it may only need more steps or a larger rate"
    numbers = sum(structure.parameter_count(node) for node in structure.order)
    wanted = trainer.examples * prod(structure.shapes[structure.output])
    if numbers < wanted:
        yield f"{numbers} parameters for {wanted} targets: the network may be too small"


def _gradient_shares(weighted: list[tuple[str, LayerStatistics]]) -> float | None:
    """The first layer's mean absolute gradient over the last's."""
    if len(weighted) < 2:
        return None
    first, last = weighted[0][1]["grad_mean_abs"], weighted[-1][1]["grad_mean_abs"]
    return first / last if first is not None and last else None


def _alike(trainer: Trainer, node: str) -> bool:
    """Whether two units or more have one and the same weights."""
    views = trainer.network.state()
    weight = views.get(f"{node}.weight")
    return weight is not None and weight.ndim == 2 and len(weight) > 1 and bool((weight == weight[:1]).all())


def _twins(x: Array, y: Array) -> tuple[int, int] | None:
    """Two examples with the same input whose targets are not the same."""
    seen: dict[bytes, int] = {}
    for i, row in enumerate(np.ascontiguousarray(x)):
        j = seen.setdefault(row.tobytes(), i)
        if not np.array_equal(y[i], y[j]):
            return j, i
    return None
