"""Gradient noise: how far the gradient of a minibatch is off that of all examples, and how steps turn.

Drawn B of n examples without replacement, E‖g_B - g‖² = tr(Σ) (1/B)(1 - B/n), where Σ is the covariance of the
examples' gradients: noise falls as 1/√B. Far beyond the noise scale tr(Σ)/|G|² (McCandlish et al. 2018, eq. 2.9) a
larger batch hardly helps; far below it steps are mostly noise. Steps that turn back (cosine near -1) are too long.
"""

from collections.abc import Iterator
from math import inf, isfinite, nan, prod
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.network import MOST_NUMBERS
from engine.plan import Plan
from engine.probes.study import NEVER, Study, Work, copied, length_of, work_of
from engine.random import generator
from engine.trainer import Trainer

SAMPLE = 512  # examples at most, the first ones
FEWEST = 32  # of large networks
WORK = 1 << 27  # products of all of them, on their way forward
BATCHES = 16  # of each size
MOST_WEIGHTS = 8_000_000
MOST_COSINES = 512


class NoiseAnswer(msgspec.Struct, frozen=True, eq=False, tag="noise"):
    """In training mode, of the loss without regularizer, over the trained parameters, at the weights of `step`.

    `relative` is the root of the mean of ‖g_B - g‖² over BATCHES batches, over ‖g‖; `low` and `high` are of single
    batches. g is the gradient of the `sample` examples. Sizes that are not computed yet are missing.
    """

    step: int
    sample: int  # examples
    count: int  # that the training part has
    sizes: Any  # int64: 1, 2, 4, …
    relative: Any  # float64
    low: Any
    high: Any
    length: float  # ‖g‖
    variance: float  # tr(Σ), as all batches together say; NaN while there are none
    scale: float  # examples: tr(Σ)/|G|²; infinite where |G|² cannot be told from 0
    steps: Any  # int64: of some updates, thinned, the first and the last kept
    cosines: Any  # float64: of each update's gradient with that of the update before, as the optimizer took them
    reason: str = ""  # why there is no noise


class Noise(Study, frozen=True, tag="noise"):
    """The noise at batch sizes 1, 2, 4, … over the first examples, a batch a slice; and again as training goes on."""

    def begin(self, trainer: Trainer, before: Work | None = None) -> "NoiseWork":
        return NoiseWork(trainer)


class NoiseWork(Work):
    def __init__(self, trainer: Trainer) -> None:
        self._turns = _Turns()
        self._step = -1  # of the weights that are looked at
        self._rest: Iterator[None] | None = None
        self._told: NoiseAnswer | None = None  # the round before
        self._squares: dict[int, list[float]] = {}
        self._length = nan
        self.reason = _refusal(trainer)
        if self.reason:
            return
        self._network = copied(trainer)
        widths = sum(prod(shape) + 1 for shape in self._network.structure.shapes.values())
        few = min(SAMPLE, max(FEWEST, WORK // work_of(self._network)), max(2, MOST_NUMBERS // widths))
        self._rows, self._targets, self._count = trainer.first_rows(few)
        self._plans: dict[int, Plan] = {}

    @property
    def look_at(self) -> int:  # type: ignore[override]
        return self._turns.look_at

    def look(self, trainer: Trainer) -> None:
        self._turns.look(trainer)

    def wants(self, trainer: Trainer) -> bool:
        return not self.reason and (self._rest is not None or self._step != trainer.step_number)

    def go_on(self, trainer: Trainer) -> None:
        self._turns.look_at_next(trainer)
        if self._rest is None:
            if self._squares:
                self._told = self._found()
            self._network.parameters_.values[...] = trainer.parameters.values
            self._network.moment.seed = trainer.seed
            self._step, self._squares = trainer.step_number, {}
            self._rest = self._round(trainer.seed)
        with np.errstate(all="ignore"):
            if next(self._rest, self) is self:
                self._rest = None

    def answer(self, trainer: Trainer) -> NoiseAnswer:
        if self.reason:
            found = _nothing(self.reason, trainer.first_rows(1)[2])
        else:  # the round before until this one has come further than its gradient
            found = self._told if self._told is not None and self._rest is not None else self._found()
        return msgspec.structs.replace(found, steps=self._turns.steps(), cosines=self._turns.values())

    def _round(self, seed: int) -> Iterator[None]:
        n, moment = len(self._rows), self._network.moment
        moment.step = 0
        whole = self._gradient(self._rows, self._targets).copy()
        self._length = length_of(self._network.backend.xp, whole)
        yield
        size = 1
        while size < n:
            found = []
            for number in range(BATCHES):
                moment.step += 1  # dropout draws other units in every batch
                index = self._network.backend.xp.asarray(chosen(seed, self._step, size, number, n))
                off = self._gradient(self._rows.take(index, 0), self._targets.take(index, 0)) - whole
                found.append(length_of(self._network.backend.xp, off) ** 2)
                yield
            self._squares[size] = found
            size *= 2

    def _gradient(self, rows: Array, targets: Array) -> Array:
        network = self._network
        if (size := len(rows)) not in self._plans:
            self._plans[size] = Plan(
                network.structure,
                network.parameters_,
                network.backend,
                size,
                network.loss,
                classes=network.classes,
                moment=network.moment,
            )
        plan = self._plans[size]
        plan.fill(rows, targets.T)
        plan.run_forward()
        plan.run_backward()
        return network.parameters_.grads[: network.parameters_.trained]

    def _found(self) -> NoiseAnswer:
        n, length = len(self._rows), self._length
        sizes = np.array(list(self._squares), np.int64)
        squares = np.array(list(self._squares.values())).reshape(len(sizes), BATCHES)
        with np.errstate(all="ignore"):
            relative = np.sqrt(squares.mean(axis=1)) / length if len(sizes) else np.zeros(0)
            low, high = (
                np.sqrt(end) / length for end in (squares.min(axis=1, initial=inf), squares.max(axis=1, initial=0))
            )
        variance = float(np.mean(squares * (sizes / (1 - sizes / n))[:, None])) if len(sizes) else nan
        scale = noise_scale(variance, length, n, self._count)
        return NoiseAnswer(
            max(self._step, 0), n, self._count, sizes, relative, low, high, length, variance, scale, (), ()
        )


def noise_scale(variance: float, length: float, sample: int, count: int) -> float:
    """tr(Σ)/|G|², where |G|² is that of all `count` examples: the sample's own length holds its noise, too."""
    whole = length**2 - variance / sample * (1 - sample / count)
    if not isfinite(variance) or not isfinite(whole):
        return nan
    return variance / whole if whole > 0 else inf


def chosen(seed: int, step: int, size: int, number: int, count: int) -> Array:
    """Which of `count` examples batch `number` of `size` has: the same whenever it is asked."""
    return generator(seed, "noise", step, size, number).choice(count, size, replace=False)


class _Turns:
    """The cosine of successive updates' gradients, where there is time to look at two of them."""

    def __init__(self) -> None:
        self.look_at = NEVER
        self._kept: tuple[int, Array, float] | None = None  # after which update, the gradient, its length
        self._found: list[tuple[int, float]] = []

    def look_at_next(self, trainer: Trainer) -> None:
        if self.look_at == NEVER:
            self.look_at = trainer.step_number + 1

    def look(self, trainer: Trainer) -> None:
        xp, parameters = trainer.backend.xp, trainer.parameters
        gradient, now = parameters.grads[: parameters.trained], trainer.step_number
        with np.errstate(all="ignore"):
            length = length_of(xp, gradient)
            if self._kept is not None and self._kept[0] == now - 1:
                _, before, its = self._kept
                self._found.append((now - 1, float(xp.dot(gradient, before).item()) / (length * its or nan)))
                self.look_at = NEVER
            else:
                self.look_at = now + 1
        if len(self._found) > MOST_COSINES:
            del self._found[1:-1:2]
        self._kept = now, gradient.copy(), length

    def steps(self) -> Array:
        return np.array([step for step, _ in self._found], np.int64)

    def values(self) -> Array:
        return np.array([value for _, value in self._found], np.float64)


def _refusal(trainer: Trainer) -> str:
    weights = trainer.parameters.trained
    if not weights:
        return "Nothing is trained here."
    if weights > MOST_WEIGHTS:
        return f"The noise is looked at in networks of up to {MOST_WEIGHTS:,} weights; this one has {weights:,}."
    if trainer.first_rows(2)[2] < 2:
        return "The noise wants at least two training examples."
    return ""


def _nothing(reason: str, count: int) -> NoiseAnswer:
    none = np.zeros(0)
    return NoiseAnswer(0, 0, count, np.zeros(0, np.int64), none, none, none, nan, nan, nan, none, none, reason)
