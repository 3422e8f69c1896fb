"""∂L/∂w against (L(w + h) - L(w - h)) / 2h, for every parameter of a network, in float64.

The relative error is |a - n| / max(|a| + |n|, floor). Below the floor the rounding of L, some 1e-16 |L| / h, is all
that differs.

Where a piecewise linear unit turns between w - h and w + h, n is the slope of neither side. There the gradient must
be that of one side at a much smaller h, or, where several units turn at w itself, be right a little way off.
"""

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from engine.backend import Array
from engine.network import Network
from engine.project import Project
from engine.random import generator
from engine.trainer import Trainer

EXAMPLES = 16
TOLERANCE = 1e-5
FLOOR = 1e-4  # times max(1, |L|)
STEP = 1e-6  # times max(1, |w|); a central difference is then near its best
FINE = 1e-2  # times the step, beside a kink; the rounding of L tells that much more
NUDGE = 1e-3  # how far every parameter moves to get off a kink

Place = tuple[int, ...]
Found = tuple[float, Place, float, float]  # relative error, where, the gradient, the difference quotient


@dataclass(frozen=True, slots=True)
class TensorCheck:
    """One parameter tensor, and the number in it whose gradient is furthest off."""

    name: str
    count: int
    error: float  # the largest relative one
    where: Place
    analytic: float
    numeric: float
    kinks: int  # numbers at a kink whose gradient is right beside it
    failures: int

    def __str__(self) -> str:
        kinks = f", {self.kinks} at a kink" if self.kinks else ""
        wrong = f", {self.failures} wrong" if self.failures else ""
        return (
            f"{self.name}: {self.count} gradients, largest relative error {self.error:.1e} at {list(self.where)} "
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


def check_project(project: Project, seed: int | None = None, tolerance: float = TOLERANCE) -> GradientReport:
    """Checks the project's first weights on its first training examples; raises ProjectError."""
    trainer = Trainer(project, "cpu", "float64", seed)
    return check_gradients(trainer.network, trainer.data.x[:EXAMPLES], trainer.data.y[:EXAMPLES], tolerance)


def check_gradients(network: Network, x: Array, y: Array, tolerance: float = TOLERANCE) -> GradientReport:
    """Checks a network in float64 on raw examples; its parameters and gradients are left as they were."""
    if network.backend.dtype != "float64":
        raise ValueError(f"gradients are checked in float64, the network is in {network.backend.dtype}")
    values = network.parameters_.values
    kept = values.copy()
    try:
        check = _Check(network, x, y, tolerance)
        tensors = tuple(check.tensor(name, gradient) for name, gradient in check.analytic.items())
    finally:
        values[...] = kept
    return GradientReport(check.loss, len(x), tolerance, tensors)


class _Check:
    def __init__(self, network: Network, x: Array, y: Array, tolerance: float) -> None:
        self.network, self.x, self.y, self.tolerance = network, x, y, tolerance
        self.loss, self.analytic = network.loss_and_gradients(x, y)
        self.views = dict(network.parameters_.named(network.parameters_.values))
        self.plan = network.plan(len(x), "train")  # loss_and_gradients has filled it
        self.floor = FLOOR * max(1.0, abs(self.loss))

    def tensor(self, name: str, gradient: Array) -> TensorCheck:
        worst: Found = (0.0, (), 0.0, 0.0)
        suspects: list[Found] = []
        failures = 0
        for place in np.ndindex(gradient.shape):
            a = float(gradient[place])
            left, n, right = self.slopes(name, place)
            error = self.error(a, n)
            # The slope of one side is no further from their mean than from the other's.
            if error > self.tolerance and abs(right - left) > 0.9 * abs(a - n):
                suspects.append((error, place, a, n))
                continue
            worst = max(worst, (error, place, a, n))
            failures += error > self.tolerance
        wrong = self.not_kinks(name, suspects)
        return TensorCheck(
            name,
            gradient.size,
            *max([worst, *wrong]),
            kinks=len(suspects) - len(wrong),
            failures=failures + len(wrong),
        )

    def not_kinks(self, name: str, suspects: list[Found]) -> list[Found]:
        """Those of `suspects` that are wrong beside the kink too."""
        wrong: list[Found] = []
        at_kink: list[Found] = []
        for found in suspects:
            slopes = self.slopes(name, found[1], FINE)
            if not self.agrees(found[2], slopes):
                (wrong if self.agrees(slopes[0], slopes[2:]) else at_kink).append(found)
        if not at_kink:
            return wrong
        values = self.network.parameters_.values
        kept = values.copy()
        moved = np.asarray(generator(0, "nudge").uniform(-NUDGE, NUDGE, values.shape))
        values[...] = kept + self.network.backend.from_host(moved)
        there = self.network.loss_and_gradients(self.x, self.y)[1][name]
        wrong += [f for f in at_kink if not self.agrees(float(there[f[1]]), self.slopes(name, f[1], FINE))]
        values[...] = kept
        return wrong

    def agrees(self, a: float, slopes: tuple[float, ...]) -> bool:
        return any(self.error(a, n) <= self.tolerance / FINE for n in slopes)

    def slopes(self, name: str, place: Place, scale: float = 1.0) -> tuple[float, float, float]:
        """To the left, central and to the right, with `scale` times the step."""
        w = self.views[name][place].item()
        h = scale * STEP * max(1.0, abs(w))
        low, high = w - h, w + h  # rounded: the step that was truly made is their difference
        below, here, above = (self.loss_at(name, place, value) for value in (low, w, high))
        return (here - below) / (w - low), (above - below) / (high - low), (above - here) / (high - w)

    def loss_at(self, name: str, place: Place, value: float) -> float:
        view = self.views[name]
        kept = view[place].item()
        view[place] = value
        with np.errstate(all="ignore"):
            self.plan.run_forward()
        view[place] = kept
        return float(self.plan.loss.item())

    def error(self, a: float, n: float) -> float:
        error = abs(a - n) / max(abs(a) + abs(n), self.floor)
        return error if isfinite(error) else inf
