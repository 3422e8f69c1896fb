"""The hinge: nothing is lost beyond the margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from engine.backend import Array, BoundCall
from engine.losses.base import Loss, alike, misfit, one_hot, same_class, same_side

if TYPE_CHECKING:
    from engine.plan import Plan, Var


TORCH = '''class HingeLoss(nn.Module):
    """max(0, 1 - s z), the mean over examples whose side s is -1 or 1."""

    def forward(self, z: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
        return (1 - s * z).clamp(min=0).mean()'''


class Hinge(Loss, frozen=True, tag="hinge"):
    """L = mean over examples of max(0, 1 - s z), s = 2y - 1; dL/dz = -s / N inside the margin. Decided at 0.

    With K outputs, z_y its own class's: Σ_{j ≠ y} max(0, 1 - z_y + z_j) / K, which is the sum of Weston and
    Watkins (1999) with PyTorch's factor.
    """

    title: ClassVar[str] = "Hinge"

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        if classes is None:
            raise misfit("hinge wants classes, the data's y are numbers")
        if units > 1:
            return one_hot(y, classes, units)
        if classes > 2:
            raise misfit(f"hinge on one output wants 2 classes, the data have {classes}")
        return y.astype(np.float64)[:, None]

    def beside(self, units: int, n: int, classes: int | None) -> int:
        return units * n

    def prepare(self, plan: Plan, y: Array, beside: Array, classes: int | None) -> list[BoundCall]:
        """Of one output -s; of several, 1 / (K N) for every class but the example's own."""
        xp, (made,), (units, n) = plan.xp, alike(beside, y), y.shape[-2:]
        if units == 1:
            return [(xp.multiply, y, plan.constant(-2), made), (xp.add, made, plan.constant(1), made)]
        return [(xp.subtract, plan.constant(1), y, made), (xp.multiply, made, plan.constant(1 / (units * n)), made)]

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        bind = self._bind_sides if len(y) == 1 else self._bind_classes
        bind(plan, z, y)

    def _bind_sides(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n = plan.xp, y.size
        (sign,), margin, inside, share = (
            alike(plan.beside, y),
            plan.scratch(z),
            plan.backend.mask(*y.shape),
            plan.scratch(z),
        )
        plan.forward(xp.multiply, z.value, sign, margin)
        plan.forward(xp.add, margin, plan.number(1), margin)
        # By a mask, as relu is: a NaN comes through it.
        plan.forward(xp.greater, margin, plan.number(0), inside)
        plan.forward(xp.multiply, inside, plan.number(1 / n), share)
        plan.forward(margin.reshape(-1).dot, share.reshape(-1), plan.loss)
        if z.grad is not None:
            plan.backward((xp.multiply, share, sign, z.grad))

    def _bind_classes(self, plan: Plan, z: Var, y: Array) -> None:
        xp, (others,), inside = plan.xp, alike(plan.beside, y), plan.backend.mask(*y.shape)
        margin, share, row = plan.scratch(z), plan.scratch(z), plan.backend.zeros(1, y.shape[1])
        plan.forward(xp.multiply, z.value, y, margin)
        plan.forward(xp.add.reduce, margin, 0, None, row, True)
        plan.forward(xp.subtract, z.value, row, margin)
        plan.forward(xp.add, margin, plan.number(1), margin)
        plan.forward(xp.greater, margin, plan.number(0), inside)
        plan.forward(xp.multiply, inside, others, share)
        plan.forward(margin.reshape(-1).dot, share.reshape(-1), plan.loss)
        if z.grad is not None:
            plan.backward(
                (xp.add.reduce, share, 0, None, row, True),
                (xp.multiply, y, row, z.grad),
                (xp.subtract, share, z.grad, z.grad),
            )

    def each(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array:
        if len(z) == 1:
            sides: Array = xp.maximum(1 - (2 * y[0] - 1) * z[0], 0)
            return sides
        margins = xp.maximum(1 - (z * y).sum(axis=0) + z, 0)
        terms: Array = (margins * (1 - y)).sum(axis=0) / len(z)
        return terms

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        return same_side(z, y, 0) if len(z) == 1 else same_class(z, y)

    def shares(self, output: Array) -> Array:
        """With one output: where it lies from margin to margin, (1 + z) / 2."""
        return (1 + output) / 2 if output.shape[1] == 1 else output

    def torch(self, units: int) -> str:
        return "HingeLoss()" if units == 1 else "nn.MultiMarginLoss()"

    def torch_class(self, units: int) -> tuple[str, ...]:
        return tuple(TORCH.splitlines()) if units == 1 else ()

    def torch_targets(self, classes: int | None, units: int) -> str:
        return "2 * y.float().reshape(-1, 1) - 1" if units == 1 else "y.long()"
