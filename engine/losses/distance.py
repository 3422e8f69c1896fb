"""Losses on numbers: squared, absolute, and Huber's between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array
from engine.losses.base import Loss, columns, one_hot, same_class, same_side

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Distance(Loss, frozen=True):
    """A mean over all elements of how far the outputs are from the targets; one class of two is decided at 1/2."""

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        if classes is not None and units == 1:
            return y.astype(np.float64)[:, None]
        return one_hot(y, classes, units) if classes is not None else columns(y, units)

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        if classes is None or (len(z) == 1 and classes > 2):
            return None
        return same_side(z, y, 0.5) if len(z) == 1 else same_class(z, y)


class MeanSquaredError(Distance, frozen=True, tag="mse"):
    """L = mean (z - y)² over all elements; dL/dz = 2 (z - y) / n."""

    title: ClassVar[str] = "Mean squared error"

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n = plan.xp, y.size
        difference, share = plan.scratch(z), plan.scratch(z)
        plan.forward(xp.subtract, z.value, y, difference)
        plan.forward(xp.multiply, difference, plan.number(1 / n), share)
        plan.forward(difference.reshape(-1).dot, share.reshape(-1), plan.loss)
        if z.grad is not None:
            plan.backward((xp.multiply, share, plan.number(2), z.grad))

    def each(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array:
        means: Array = xp.square(z - y).mean(axis=0)
        return means

    def torch(self, units: int) -> str:
        return "nn.MSELoss()"


class MeanAbsoluteError(Distance, frozen=True, tag="mae"):
    """L = mean |z - y| over all elements; dL/dz = sign(z - y) / n."""

    title: ClassVar[str] = "Mean absolute error"

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n = plan.xp, y.size
        difference, distance = plan.scratch(z), plan.scratch(z)
        mean = plan.backend.zeros(n) + plan.number(1 / n)
        plan.forward(xp.subtract, z.value, y, difference)
        plan.forward(xp.absolute, difference, distance)
        plan.forward(distance.reshape(-1).dot, mean, plan.loss)
        if z.grad is not None:
            plan.backward(
                (xp.sign, difference, difference),
                (xp.multiply, difference, plan.number(1 / n), z.grad),
            )

    def each(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array:
        means: Array = xp.absolute(z - y).mean(axis=0)
        return means

    def torch(self, units: int) -> str:
        return "nn.L1Loss()"


class Huber(Distance, frozen=True, tag="huber"):
    """L = mean of d²/2 where |d| ≤ δ, else δ (|d| - δ/2), d = z - y; dL/dz = clip(d, -δ, δ) / n.

    Huber (1964). With c = clip(d, -δ, δ) both parts are c (d - c/2).
    """

    title: ClassVar[str] = "Huber"

    delta: Annotated[
        float,
        Meta(
            ge=1e-6,
            le=1e6,
            title="δ",
            description="Distance from which on it grows in proportion",
            extra={"log": True},
        ),
    ] = 1.0

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n = plan.xp, y.size
        difference, clipped, share = plan.scratch(z), plan.scratch(z), plan.scratch(z)
        plan.forward(xp.subtract, z.value, y, difference)
        plan.forward(xp.clip, difference, plan.number(-self.delta), plan.number(self.delta), clipped)
        plan.forward(xp.multiply, clipped, plan.number(0.5), share)
        plan.forward(xp.subtract, difference, share, difference)
        plan.forward(xp.multiply, clipped, plan.number(1 / n), share)
        plan.forward(difference.reshape(-1).dot, share.reshape(-1), plan.loss)
        if z.grad is not None:
            plan.backward((xp.copyto, z.grad, share))

    def each(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array:
        difference = z - y
        clipped = xp.clip(difference, -self.delta, self.delta)
        means: Array = (clipped * (difference - clipped / 2)).mean(axis=0)
        return means

    def torch(self, units: int) -> str:
        return f"nn.HuberLoss({'' if self.delta == 1 else f'delta={self.delta}'})"
