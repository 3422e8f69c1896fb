"""The learning-rate range test: how the loss goes while the rate grows from step to step (Smith 2017)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite, log
from typing import ClassVar

import msgspec

from engine.divergence import DivergenceError
from engine.project import Project
from engine.schedules import Schedule, State
from engine.trainer import Trainer

LOWEST, HIGHEST, STEPS = 1e-6, 10.0, 200
SMOOTHED = 0.9  # of the running mean of losses, corrected for its start
RISEN = 4.0  # times the lowest smoothed loss: there it is over
FIRST = 10  # steps before a rise counts


class _Ramp(Schedule, frozen=True, kw_only=True, tag="ramp"):
    """η(t) = η · ratio^t, with t in steps: `steps_per_epoch` of them are an epoch. No project file can name it."""

    title: ClassVar[str] = "Ramp"

    ratio: float
    steps_per_epoch: int

    def share(self, t: float, state: State) -> float:
        return float(self.ratio ** (t * self.steps_per_epoch))


@dataclass(frozen=True, slots=True)
class RatePoint:
    rate: float
    loss: float  # of the step's batch, before its update
    smoothed: float


@dataclass(frozen=True, slots=True)
class RateReport:
    """What the range test found; `suggestion` is the rate where the smoothed loss falls fastest per factor."""

    points: tuple[RatePoint, ...]
    suggestion: float | None  # None where the loss fell nowhere
    diverged_at: float | None  # the rate at which the loss became no number

    def __str__(self) -> str:
        said = "the loss fell at no rate" if self.suggestion is None else f"try a rate near {self.suggestion:.2g}"
        last = self.points[-1].rate if self.points else LOWEST
        end = f"; the loss was no number at {self.diverged_at:.2g}" if self.diverged_at else ""
        return f"{said} ({len(self.points)} steps, rates from {LOWEST:g} to {last:.2g}{end})"


def range_test(project: Project, seed: int | None = None, steps: int = STEPS) -> Iterator[float | RateReport]:
    """Trains a copy of the first weights; yields the share that is done, and at last the report."""
    trainer = Trainer(_with_ramp(project, Trainer(project, seed=seed).steps_per_epoch, steps), seed=seed)
    points: list[RatePoint] = []
    mean, best, diverged = 0.0, float("inf"), None
    for step in range(steps):
        rate = trainer.rate
        try:
            loss = trainer.step().loss
        except DivergenceError:
            diverged = rate
            break
        mean = SMOOTHED * mean + (1 - SMOOTHED) * loss
        smoothed = mean / (1 - SMOOTHED ** (step + 1))
        points.append(RatePoint(rate, loss, smoothed))
        best = min(best, smoothed)
        if step >= FIRST and smoothed > RISEN * best:
            break
        yield (step + 1) / steps
    yield RateReport(tuple(points), _steepest(points), diverged)


def _with_ramp(project: Project, steps_per_epoch: int, steps: int) -> Project:
    """The project whose rate runs from LOWEST to HIGHEST, and that nothing stops."""
    old = project.training
    ramp = _Ramp(ratio=(HIGHEST / LOWEST) ** (1 / max(1, steps - 1)), steps_per_epoch=steps_per_epoch)
    optimizer = old.optimizer.replace("lr", LOWEST)
    training = msgspec.structs.replace(old, optimizer=optimizer, schedule=ramp, early_stopping=None)
    return replace(project, training=training)


def _steepest(points: list[RatePoint]) -> float | None:
    """The rate at the steepest fall of the smoothed loss over log rate, before its minimum."""
    if len(points) < FIRST:
        return None
    lowest = min(range(len(points)), key=lambda i: points[i].smoothed)
    width = 5  # steps on each side
    slopes = [
        (
            (points[i + width].smoothed - points[i - width].smoothed)
            / log(points[i + width].rate / points[i - width].rate),
            points[i].rate,
        )
        for i in range(width, min(lowest + 1, len(points) - width))
    ]
    falling = [(slope, rate) for slope, rate in slopes if slope < 0 and isfinite(slope)]
    return min(falling)[1] if falling else None
