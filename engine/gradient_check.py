"""∂L/∂w against (L(w + h) - L(w - h)) / 2h, for every parameter and input of a network, in float64.

The relative error is |a - n| / max(|a| + |n|, floor). Below the floor the rounding of L, some 1e-16 |L| / h, is all
that differs.

Of a tensor with many numbers, random directions are checked in their place: ⟨∂L/∂w, d⟩ with every entry of d ±1.

Where a piecewise linear unit turns between w - h and w + h, n is the slope of neither side. There the gradient must
be that of one side at a much smaller h, or, where several units turn at w itself, be right a little way off.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from engine.backend import Array
from engine.network import Network
from engine.project import Project
from engine.random import generator
from engine.trainer import Trainer

EXAMPLES = 16
ENTRIES, DIRECTIONS = 2500, 25  # a tensor of more numbers is checked along so many directions
TOLERANCE = 1e-5
FLOOR = 1e-4  # times max(1, |L|)
STEP = 1e-6  # times max(1, |w|); a central difference is then near its best
FINE = 1e-2  # times the step, beside a kink; the rounding of L tells that much more
INPUT = "x"  # the inputs among the tensors: a node may be called so too, but its tensors have a dot in their names
NUDGE = 1e-3  # how far every parameter moves to get off a kink

Place = tuple[int, ...]
Where = Place | Array  # one number of a tensor, or a direction in which all of them move
Found = tuple[float, Place, float, float]  # relative error, where, the gradient, the difference quotient


@dataclass(frozen=True, slots=True)
class TensorCheck:
    """One tensor (`x` are the inputs), and the number or direction in it whose gradient is furthest off."""

    name: str
    count: int  # of numbers in it
    error: float  # the largest relative one
    where: Place
    analytic: float
    numeric: float
    kinks: int  # numbers at a kink whose gradient is right beside it
    failures: int
    directions: int = 0  # 0: every number was checked

    def __str__(self) -> str:
        kinks = f", {self.kinks} at a kink" if self.kinks else ""
        wrong = f", {self.failures} wrong" if self.failures else ""
        along = f" along {self.directions} random directions" if self.directions else ""
        at = f" at {list(self.where)}" if not self.directions else ""
        return (
            f"{self.name}: {self.count} gradients{along}, largest relative error {self.error:.1e}{at} "
            f"({self.analytic:.6g}, by differences {self.numeric:.6g}){kinks}{wrong}"
        )


@dataclass(frozen=True, slots=True)
class GradientReport:
    """The check of a whole network on one batch."""

    loss: float
    examples: int
    tolerance: float
    tensors: tuple[TensorCheck, ...]

    @property
    def ok(self) -> bool:
        return isfinite(self.loss) and not any(tensor.failures for tensor in self.tensors)

    @property
    def error(self) -> float:
        """The largest relative error of all."""
        return max((tensor.error for tensor in self.tensors), default=0.0)


def check_project(project: Project) -> GradientReport:
    """Checks the project's first weights on its first training examples; raises ProjectError."""
    return _last(checking_project(project))


def checking_project(project: Project) -> Iterator[float | GradientReport]:
    """The same, telling the share that is done; the report comes last."""
    trainer = Trainer(project, "cpu", "float64")
    return checking(trainer.network, np.asarray(trainer.sample.x[:EXAMPLES]), trainer.sample.y[:EXAMPLES])


def check_gradients(network: Network, x: Array, y: Array, tolerance: float = TOLERANCE) -> GradientReport:
    """Checks a network in float64 on raw examples; its parameters and gradients are left as they were."""
    return _last(checking(network, x, y, tolerance))


def checking(
    network: Network, x: Array, y: Array, tolerance: float = TOLERANCE
) -> Generator[float | GradientReport, None, None]:
    """As `check_gradients`, telling the share that is done; the report comes last."""
    if network.backend.dtype != "float64":
        raise ValueError(f"gradients are checked in float64, the network is in {network.backend.dtype}")
    values = network.parameters_.values
    kept = values.copy()
    try:
        check = _Check(network, x, y, tolerance)
        work = sum(check.work(gradient) for gradient in check.analytic.values())
        done, tensors = 0, []
        for name, gradient in check.analytic.items():
            for share in (parts := _Parts(check.tensor(name, gradient))):
                yield (done + share * check.work(gradient)) / work
            done += check.work(gradient)
            tensors.append(parts.result)
    finally:
        values[...] = kept
    yield GradientReport(check.loss, len(x), tolerance, tuple(tensors))


def _last(steps: Iterator[float | GradientReport]) -> GradientReport:
    *_, report = steps
    assert isinstance(report, GradientReport)
    return report


class _Parts:
    """A generator's values, and what it returns at its end."""

    result: TensorCheck

    def __init__(self, steps: Generator[float, None, TensorCheck]) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[float]:
        self.result = yield from self._steps


class _Check:
    def __init__(self, network: Network, x: Array, y: Array, tolerance: float) -> None:
        self.network, self.x, self.y, self.tolerance = network, x, y, tolerance
        self.loss, self.analytic = network.loss_and_gradients(x, y)
        self.analytic = {**self.analytic, INPUT: network.input_gradient(x, y)}
        self.plan = network.plan(len(x), "to input")  # input_gradient has filled it
        self.views = {**dict(network.parameters_.named(network.parameters_.values)), INPUT: self.plan.rows[:, :-1]}
        self.floor = FLOOR * max(1.0, abs(self.loss))

    def work(self, gradient: Array) -> int:
        """How many slopes are taken."""
        return gradient.size if gradient.size <= ENTRIES else DIRECTIONS

    def tensor(self, name: str, gradient: Array) -> Generator[float, None, TensorCheck]:
        worst: Found = (0.0, (), 0.0, 0.0)
        suspects: list[tuple[Found, Where]] = []
        failures, work = 0, self.work(gradient)
        for number, where in enumerate(self.places(name, gradient)):
            place = where if isinstance(where, tuple) else (number,)
            a = self.along(gradient, where)
            left, n, right = self.slopes(name, where)
            error = self.error(a, n)
            # Of several kinks at once the sides may nearly cancel: any difference between them is worth a second look.
            if error > self.tolerance and self.error(left, right) > self.tolerance:
                suspects.append(((error, place, a, n), where))
                continue
            worst = max(worst, (error, place, a, n))
            failures += error > self.tolerance
            if number % 50 == 0:
                yield number / work
        wrong = self.not_kinks(name, suspects)
        return TensorCheck(
            name,
            gradient.size,
            *max([worst, *wrong]),
            kinks=len(suspects) - len(wrong),
            failures=failures + len(wrong),
            directions=work if work < gradient.size else 0,
        )

    def places(self, name: str, gradient: Array) -> Iterator[Where]:
        if gradient.size <= ENTRIES:
            yield from np.ndindex(gradient.shape)
            return
        rng = generator(0, "directions", name)
        for _ in range(DIRECTIONS):
            yield rng.choice([-1.0, 1.0], gradient.shape)

    def along(self, gradient: Array, where: Where) -> float:
        return float(gradient[where]) if isinstance(where, tuple) else float((gradient * where).sum())

    def not_kinks(self, name: str, suspects: list[tuple[Found, Where]]) -> list[Found]:
        """Those of `suspects` that are wrong beside the kink too."""
        wrong: list[Found] = []
        at_kink: list[tuple[Found, Where]] = []
        for found, where in suspects:
            slopes = self.slopes(name, where, FINE)
            if not self.agrees(found[2], slopes):
                if self.agrees(slopes[0], slopes[2:]):
                    wrong.append(found)
                else:
                    at_kink.append((found, where))
        if not at_kink:
            return wrong
        values, rng = self.network.parameters_.values, generator(0, "nudge")
        kept, x = values.copy(), self.x
        values[...] = kept + self.network.backend.from_host(np.asarray(rng.uniform(-NUDGE, NUDGE, values.shape)))
        # Equal inputs side by side, as of an empty background, are equally large in every pool, whatever the weights.
        self.x = x + rng.uniform(-NUDGE, NUDGE, x.shape)
        self.network.input_gradient(self.x, self.y)  # which fills the plan
        there = self.gradient_now(name)
        for found, where in at_kink:
            if not self.agrees(self.along(there, where), self.slopes(name, where, FINE)):
                wrong.append(found)
        values[...], self.x = kept, x
        self.network.input_gradient(x, self.y)
        return wrong

    def gradient_now(self, name: str) -> Array:
        if name == INPUT:
            return self.network.input_gradient(self.x, self.y)
        return self.network.loss_and_gradients(self.x, self.y)[1][name]

    def agrees(self, a: float, slopes: tuple[float, ...]) -> bool:
        return any(self.error(a, n) <= self.tolerance / FINE for n in slopes)

    def slopes(self, name: str, where: Where, scale: float = 1.0) -> tuple[float, float, float]:
        """To the left, central and to the right, with `scale` times the step."""
        view = self.views[name]
        if isinstance(where, tuple):
            w = view[where].item()
            h = scale * STEP * max(1.0, abs(w))
            low, here, high = w - h, w, w + h  # rounded: the step that was truly made is their difference
            below, at, above = (self.loss_with(view, where, value) for value in (low, here, high))
        else:
            kept, everything = view.copy(), (slice(None),) * view.ndim
            direction = self.network.backend.from_host(where)
            low, here, high = -scale * STEP, 0.0, scale * STEP
            below, at, above = (self.loss_with(view, everything, kept + direction * h) for h in (low, here, high))
        return (at - below) / (here - low), (above - below) / (high - low), (above - at) / (high - here)

    def loss_with(self, view: Array, place: tuple[int | slice, ...], value: float | Array) -> float:
        kept = view[place].copy()
        view[place] = value
        with np.errstate(all="ignore"):
            self.plan.run_forward()
        view[place] = kept
        return float(self.plan.loss.item())

    def error(self, a: float, n: float) -> float:
        error = abs(a - n) / max(abs(a) + abs(n), self.floor)
        return error if isfinite(error) else inf
