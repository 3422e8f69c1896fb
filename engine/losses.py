"""Losses: the mean over all elements (cross-entropy: over examples), and their gradient at the network's output.

A loss acts on columns: outputs z and targets y are (units, N). The cross-entropies take logits, fused
with the sigmoid or softmax that turns them into probabilities, which is exact where both saturate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from engine.backend import Array
from engine.errors import Problem, ProjectError
from engine.layers.activations import softplus
from engine.spec import Declared

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Loss(Declared, frozen=True):
    takes_logits: ClassVar[bool] = False  # of a last sigmoid or softmax it takes the input

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        """`y` as (N, units) numbers; a ProjectError says both sides where they do not fit."""
        raise NotImplementedError(self.kind())

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        """Adds the calls that write `plan.loss` and, going back, `z.grad`."""
        raise NotImplementedError(self.kind())

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        """True where the decision is right, an entry per decision; None where nothing is decided."""
        raise NotImplementedError(self.kind())

    def torch(self) -> str:
        """The PyTorch expression that makes the same loss, of logits where `takes_logits`."""
        raise NotImplementedError(self.kind())

    def torch_targets(self, classes: int | None, units: int) -> str:
        """The expression that makes of a tensor `y`, as the data have it, what that loss takes."""
        if units == 1:
            return "y.float().reshape(-1, 1)"
        return "y.float()" if classes is None else f"nn.functional.one_hot(y.long(), {units}).float()"


class MeanSquaredError(Loss, frozen=True, tag="mse"):
    """L = mean (z - y)² over all elements; dL/dz = 2 (z - y) / n."""

    title: ClassVar[str] = "Mean squared error"

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        if classes is not None and units == 1:
            return y.astype(np.float64)[:, None]
        return one_hot(y, classes, units) if classes is not None else columns(y, units)

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n = plan.xp, y.size
        difference, share = plan.scratch(z), plan.scratch(z)
        plan.forward(xp.subtract, z.value, y, difference)
        plan.forward(xp.multiply, difference, plan.number(1 / n), share)
        plan.forward(difference.reshape(-1).dot, share.reshape(-1), plan.loss)
        if z.grad is not None:
            plan.backward((xp.multiply, share, plan.number(2), z.grad))

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        if classes is None or (len(z) == 1 and classes > 2):
            return None
        return same_side(z, y, 0.5) if len(z) == 1 else same_class(z, y)

    def torch(self) -> str:
        return "nn.MSELoss()"


class BinaryCrossEntropy(Loss, frozen=True, tag="binary_cross_entropy"):
    """L = mean log(1 + exp(-|z|)) + max(z, 0) - y z over all elements; dL/dz = (σ(z) - y) / n."""

    title: ClassVar[str] = "Binary cross-entropy"
    takes_logits: ClassVar[bool] = True

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        if classes is not None and units > 1:
            return one_hot(y, classes, units)
        if classes is not None:
            if classes > 2:
                raise misfit(f"binary_cross_entropy on one output wants 2 classes, the data have {classes}")
            return y.astype(np.float64)[:, None]
        if y.min(initial=0) < 0 or y.max(initial=1) > 1:
            raise misfit("binary_cross_entropy wants targets from 0 to 1, the data's y goes beyond")
        return columns(y, units)

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        bind = self._bind_numbers if plan.classes is None else self._bind_classes
        bind(plan, z, y)

    def _bind_classes(self, plan: Plan, z: Var, y: Array) -> None:
        """Where y is 0 or 1: L = mean log(1 + exp(u)) with u = (1 - 2y) z, and dL/dz = (1 - 2y) σ(u) / n."""
        xp, n = plan.xp, y.size
        sign, share, u, terms = plan.scratch(z), plan.scratch(z), plan.scratch(z), plan.scratch(z)
        mean = plan.backend.zeros(n) + plan.number(1 / n)
        plan.prepare(xp.multiply, y, plan.number(-2), sign)
        plan.prepare(xp.add, sign, plan.number(1), sign)
        plan.prepare(xp.multiply, sign, plan.number(1 / n), share)
        plan.forward(xp.multiply, z.value, sign, u)
        softplus(plan, u, terms)
        plan.forward(terms.reshape(-1).dot, mean, plan.loss)
        if z.grad is not None:
            plan.backward(
                (xp.subtract, u, terms, z.grad),  # log σ(u)
                (xp.exp, z.grad, z.grad),
                (xp.multiply, z.grad, share, z.grad),
            )

    def _bind_numbers(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n = plan.xp, y.size
        zero, below, other, size = plan.scratch(z), plan.scratch(z), plan.scratch(z), plan.scratch(z)
        # Both terms side by side, so that one product with 1/n sums them.
        terms = plan.backend.zeros(2, *y.shape)
        curve, line = terms[0], terms[1]
        mean = plan.backend.zeros(2 * n) + plan.number(1 / n)
        plan.prepare(xp.subtract, plan.number(1), y, other)
        plan.forward(xp.copysign, z.value, plan.number(-1), size)  # -|z|
        plan.forward(xp.exp, size, size)
        plan.forward(xp.log1p, size, curve)
        plan.forward(xp.fmin, z.value, zero, below)  # `minimum` costs seven times as much
        # max(z, 0) - y z = (1 - y) z - min(z, 0), without rounding where y is 0 or 1: far from the boundary these
        # two cancel, and leave the small logarithm all its digits.
        plan.forward(xp.multiply, other, z.value, line)
        plan.forward(xp.subtract, line, below, line)
        plan.forward(terms.reshape(-1).dot, mean, plan.loss)
        if z.grad is not None:
            plan.backward(
                (xp.subtract, below, curve, z.grad),  # log σ(z)
                (xp.exp, z.grad, z.grad),
                (xp.subtract, z.grad, y, z.grad),
                (xp.multiply, z.grad, plan.number(1 / n), z.grad),
            )

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        if len(z) > 1 and classes is not None:
            return same_class(z, y)
        decided: Array = (z > 0) == (y > 0.5)
        return decided

    def torch(self) -> str:
        return "nn.BCEWithLogitsLoss()"


class CrossEntropy(Loss, frozen=True, tag="cross_entropy"):
    """L = mean over examples of log Σ_j exp(z_j) - Σ_j y_j z_j; dL/dz = (softmax(z) - y) / N."""

    title: ClassVar[str] = "Cross-entropy"
    takes_logits: ClassVar[bool] = True

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        if classes is not None:
            if units < classes:
                raise misfit(f"cross_entropy wants an output per class: {classes} classes, {_count(units)}")
            return one_hot(y, classes, units)
        rows = columns(y, units)
        if units == 1 or rows.min(initial=0) < 0 or not np.allclose(rows.sum(axis=1), 1):
            raise misfit("cross_entropy wants class numbers (integers), or rows of probabilities that sum to 1")
        return rows

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n, inverse = plan.xp, y.shape[1], plan.number(1 / y.shape[1])
        p, row, ones = plan.scratch(z), plan.backend.zeros(1, n), plan.backend.ones(1, len(y))
        # log Σ exp beside the logits, and their factors 1/n and -y/n likewise: one product is the loss.
        terms, factors = plan.backend.zeros(n + y.size), plan.backend.zeros(n + y.size) + inverse
        log_sum, shifted = terms[:n].reshape(1, n), terms[n:].reshape(y.shape)
        taken = factors[n:].reshape(y.shape)
        plan.prepare(xp.multiply, y, plan.number(-1 / n), taken)
        plan.forward(xp.maximum.reduce, z.value, 0, None, row, True)
        plan.forward(xp.subtract, z.value, row, shifted)
        plan.forward(xp.exp, shifted, p)
        plan.forward(ones.dot, p, row)
        plan.forward(xp.log, row, log_sum)
        plan.forward(terms.dot, factors, plan.loss)
        if z.grad is not None:
            plan.backward(
                (xp.divide, inverse, row, row),
                (xp.multiply, p, row, p),
                (xp.add, p, taken, z.grad),
            )

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        return same_class(z, y)

    def torch(self) -> str:
        return "nn.CrossEntropyLoss()"

    def torch_targets(self, classes: int | None, units: int) -> str:
        # Without the data nobody knows whether y are class numbers or rows of probabilities.
        return "y.long()" if classes is not None else "y.float() if y.ndim == 2 else y.long()"


def columns(y: Array, units: int) -> Array:
    """`y` (N, K) of numbers, if the network has K outputs."""
    if y.shape[1:] != (units,):
        raise misfit(f"the data's y has {y.shape[1]} columns, the network {_count(units)}")
    return y.astype(np.float64)


def one_hot(y: Array, classes: int, units: int) -> Array:
    """e(y): a row of `units` numbers, 1 at the example's class."""
    if units < classes:
        raise misfit(f"the data have {classes} classes, the network {_count(units)}")
    rows = np.zeros((len(y), units))
    rows[np.arange(len(y)), y] = 1
    return rows


def same_class(z: Array, y: Array) -> Array:
    same: Array = z.argmax(axis=0) == y.argmax(axis=0)
    return same


def same_side(z: Array, y: Array, threshold: float) -> Array:
    same: Array = (z > threshold) == (y > 0.5)
    return same


def misfit(message: str) -> ProjectError:
    return ProjectError(Problem("training.loss", message))


def _count(units: int) -> str:
    return "one output" if units == 1 else f"{units} outputs"
