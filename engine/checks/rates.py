"""The learning-rate range test: how the loss goes while the rate grows from step to step (Smith 2017)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from statistics import fmean, pstdev

import msgspec

from engine.divergence import DivergenceError
from engine.errors import Problem, ProjectError
from engine.project import Project
from engine.trainer import Trainer

LOWEST, HIGHEST, STEPS = 1e-6, 10.0, 200
SMOOTHED = 0.9  # of the running mean of losses, corrected for its start
RISEN = 4.0  # times the lowest smoothed loss: there it is over
FIRST = 10  # steps before a rise counts
WIDTH = 5  # steps on each side over which a slope is taken
SEEN = 1e-3  # of the loss at the lowest rates: less is no fall
BEGUN = 0.1  # of the fall is over where it begins
NOTHING = 1e-300  # a rate that moves no weight


@dataclass(frozen=True, slots=True)
class RatePoint:
    rate: float
    loss: float  # of the step's batch, before its update
    smoothed: float  # of the share of what the first weights lose on the same batch: batches are not alike


@dataclass(frozen=True, slots=True)
class RateReport:
    """What the range test found; `suggestion` is the rate where the smoothed loss falls fastest per factor.

    Only what came before the first loss of RISEN times the lowest counts: a network that has been thrown far away
    and comes back falls fastest of all.
    """

    points: tuple[RatePoint, ...]
    suggestion: float | None  # None where the loss fell nowhere
    diverged_at: float | None  # the rate of the update after which the loss was no number

    def __str__(self) -> str:
        if not self.points:
            return "the loss is no number with the first weights: no rate can help"
        said = "the loss fell at no rate" if self.suggestion is None else f"try a rate near {self.suggestion:.2g}"
        last = self.points[-1].rate
        end = "" if self.diverged_at is None else f"; the loss was no number after {self.diverged_at:.2g}"
        return f"{said} ({len(self.points)} steps, rates from {LOWEST:g} to {last:.2g}{end})"


def range_test(project: Project, seed: int | None = None, steps: int = STEPS) -> Iterator[float | RateReport]:
    """Trains a copy from its first weights; yields the share that is done, and at last the report."""
    must_have_rate(project)
    # A generator's body runs at the first `next`: what is refused must be refused at the call.
    plain = _plain(project)
    return _walk(Trainer(plain, seed=seed), Trainer(plain, seed=seed), steps)


def must_have_rate(project: Project) -> None:
    """Raises ProjectError for an optimizer that looks for its own steps."""
    if project.training.optimizer.searches:
        kind = project.training.optimizer.kind()
        message = f"{kind} looks for the length of every step itself: there is no learning rate to find"
        raise ProjectError(Problem("training.optimizer", message))


def rates(steps: int) -> list[float]:
    """The rate of each step, each the same multiple of the one before."""
    ratio = (HIGHEST / LOWEST) ** (1 / max(1, steps - 1))
    return [min(HIGHEST, LOWEST * ratio**step) for step in range(steps)]


def _plain(project: Project) -> Project:
    """The project without what would change the rate or stop it."""
    return replace(project, training=msgspec.structs.replace(project.training, schedule=None, early_stopping=None))


def _walk(moving: Trainer, still: Trainer, steps: int) -> Iterator[float | RateReport]:
    """Both go through the same batches; `still` keeps the first weights."""
    still.set_learning_rate(NOTHING)
    done: list[float] = []
    losses: list[float] = []
    shares: list[float] = []  # of what the first weights lose on the same batch
    first, running, lowest, steady, diverged = 0.0, _Running(), inf, 0, None
    for step, rate in enumerate(rates(steps)):
        moving.set_learning_rate(rate)
        try:
            loss, before = moving.step().loss, still.step().loss
        except DivergenceError:
            diverged = done[-1] if done else rate
            break
        share = loss / before if before > 0 else 1.0
        done.append(rate)
        losses.append(loss)
        shares.append(share)
        first += (before - first) / (step + 1)
        if step == steady and (step < FIRST or share <= RISEN * lowest):
            steady += 1
        mean = running.take(share)
        lowest = min(lowest, mean)
        if step >= FIRST and mean > RISEN * lowest:
            break
        yield (step + 1) / steps
    smoothed = _smoothed(shares, steady)
    points = tuple(RatePoint(rate, loss, first * s) for rate, loss, s in zip(done, losses, smoothed, strict=True))
    at = _steepest([first * share for share in shares[:steady]], [first * value for value in smoothed[:steady]])
    yield RateReport(points, None if at is None else done[at], diverged)


class _Running:
    """The running mean, corrected for its start."""

    def __init__(self) -> None:
        self._mean, self._step = 0.0, 0

    def take(self, value: float) -> float:
        self._mean, self._step = SMOOTHED * self._mean + (1 - SMOOTHED) * value, self._step + 1
        return self._mean / (1 - SMOOTHED**self._step)


def _smoothed(values: Sequence[float], steady: int) -> list[float]:
    """Of the first `steady` steps the mean of the running means from both ends, so that neither lags; then one."""
    forth, back = _Running(), _Running()
    there = [forth.take(value) for value in values]
    again = [back.take(value) for value in values[:steady][::-1]][::-1]
    return [(a + b) / 2 for a, b in zip(there, again, strict=False)] + there[steady:]


def _steepest(losses: Sequence[float], smoothed: Sequence[float]) -> int | None:
    """The step of the steepest fall; None where no more than the noise of the batches is seen.

    The fall is the last way down from the level of the lowest rates, where hardly anything moves, to the minimum.
    """
    if len(smoothed) <= 4 * WIDTH:
        return None
    level, lowest = fmean(smoothed[: len(smoothed) // 4]), smoothed.index(min(smoothed))
    noise = pstdev(a - b for a, b in zip(losses[: lowest + 1], smoothed, strict=False))
    fall = level - smoothed[lowest]
    if fall <= max(noise, SEEN * level):
        return None
    begin = max(i for i in range(lowest + 1) if i == 0 or smoothed[i] >= level - BEGUN * fall)
    inside = range(max(begin, WIDTH), min(lowest + 1, len(smoothed) - WIDTH))
    return min(inside, key=lambda i: smoothed[i + WIDTH] - smoothed[i - WIDTH], default=None)
