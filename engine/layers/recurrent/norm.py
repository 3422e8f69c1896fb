"""Layer norm inside a recurrent layer (Ba, Kiros and Hinton 2016): over the units of an example's step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.backend import Array, BoundCall

if TYPE_CHECKING:
    from engine.plan import Plan

EPS = 1e-5
AXES = (-3, -1)  # gates and units


class Norm:
    """y = γ ∘ â with â = (a - mean a) / √(var a + ε), over the `gates` and all units; a is (..., gates, N, units).

    Going back ∂L/∂a = (d - mean d - â mean(d ∘ â)) / √(var a + ε), where d = γ ∘ ∂L/∂y. `where` is a step, or some.
    """

    def __init__(self, plan: Plan, steps: int, batch: int, units: int, gates: slice) -> None:
        zeros = plan.backend.zeros
        self.plan, self.xp, self.gates = plan, plan.xp, gates
        self.hat = zeros(steps, gates.stop - gates.start, batch, units)
        self._part = zeros(*self.hat.shape)
        self._inverse, self._mean, self._with_hat = (zeros(steps, 1, batch, 1) for _ in range(3))
        self._share = plan.number(1 / ((gates.stop - gates.start) * units))

    def _averaged(self, array: Array, into: Array) -> list[BoundCall]:
        return [(self.xp.add.reduce, array, AXES, None, into, True), (self.xp.multiply, into, self._share, into)]

    def forward(self, where: int | slice, a: Array, gain: Array) -> list[BoundCall]:
        """Puts γ ∘ â in the place of these gates of `a`; `gain` is (gates, 1, units) of all of them."""
        xp, own, number = self.xp, a[..., self.gates, :, :], self.plan.number
        hat, part, mean, inverse = (array[where] for array in (self.hat, self._part, self._mean, self._inverse))
        return [
            *self._averaged(own, mean),
            (xp.subtract, own, mean, hat),
            (xp.multiply, hat, hat, part),
            *self._averaged(part, inverse),
            (xp.add, inverse, number(EPS), inverse),
            (xp.sqrt, inverse, inverse),
            (xp.divide, number(1), inverse, inverse),
            (xp.multiply, hat, inverse, hat),
            (xp.multiply, hat, gain[self.gates], own),
        ]

    def back(self, where: int | slice, delta: Array, gain: Array, into: Array) -> list[BoundCall]:
        """From ∂L/∂y, `delta`, to ∂L/∂a, each (..., gates, N, units) of all gates; they may be the same array."""
        xp, given, own = self.xp, delta[..., self.gates, :, :], into[..., self.gates, :, :]
        arrays = (self.hat, self._part, self._mean, self._with_hat, self._inverse)
        hat, part, mean, with_hat, inverse = (array[where] for array in arrays)
        return [
            (xp.multiply, given, gain[self.gates], own),
            *self._averaged(own, mean),
            (xp.multiply, own, hat, part),
            *self._averaged(part, with_hat),
            (xp.multiply, hat, with_hat, part),
            (xp.subtract, own, part, own),
            (xp.subtract, own, mean, own),
            (xp.multiply, own, inverse, own),
        ]

    def of_gain(self, delta: Array, into: Array) -> list[BoundCall]:
        """∂L/∂γ from ∂L/∂y of all steps: `delta` (T, gates, N, units) of all gates to `into` (gates, units)."""
        xp = self.xp
        return [
            (xp.multiply, delta[:, self.gates], self.hat, self._part),
            (xp.add.reduce, self._part, (0, 2), None, into[self.gates]),
        ]
