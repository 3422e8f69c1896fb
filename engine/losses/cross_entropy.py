"""Cross-entropies of logits, fused with the sigmoid or softmax that makes them probabilities.

Fused they are exact where both saturate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.errors import Problem, ProjectError
from engine.layers.activations import softplus
from engine.losses.base import Loss, alike, columns, counted, misfit, one_hot, same_class

if TYPE_CHECKING:
    from engine.plan import Plan, Var


LabelSmoothing = Annotated[
    float, Meta(ge=0, lt=1, title="Label smoothing", description="Share ε of every target that is spread evenly")
]


class BinaryCrossEntropy(Loss, frozen=True, tag="binary_cross_entropy"):
    """L = mean log(1 + exp(-|z|)) + max(z, 0) - y z over all elements; dL/dz = (σ(z) - y) / n.

    With label smoothing ε, y is (1 - ε) y + ε/2.
    """

    title: ClassVar[str] = "Binary cross-entropy"
    takes_logits: ClassVar[bool] = True

    label_smoothing: LabelSmoothing = 0.0

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

    def _takes_numbers(self, classes: int | None) -> bool:
        return classes is None or bool(self.label_smoothing)

    def beside(self, units: int, n: int, classes: int | None) -> int:
        return 2 * units * n

    def prepare(self, plan: Plan, y: Array, beside: Array, classes: int | None) -> list[BoundCall]:
        """Of numbers y, smoothed, and 1 - y; of classes 1 - 2y and (1 - 2y) / n."""
        xp, number, share = plan.xp, plan.constant, self.label_smoothing
        first, second = alike(beside, y)
        if self._takes_numbers(classes):
            smooth: list[BoundCall] = [
                (xp.multiply, y, number(1 - share), first),
                (xp.add, first, number(share / 2), first),
            ]
            return [*(smooth if share else [(xp.copyto, first, y)]), (xp.subtract, number(1), first, second)]
        n = y.shape[-2] * y.shape[-1]
        return [
            (xp.multiply, y, number(-2), first),
            (xp.add, first, number(1), first),
            (xp.multiply, first, number(1 / n), second),
        ]

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        bind = self._bind_numbers if self._takes_numbers(plan.classes) else self._bind_classes
        bind(plan, z, *alike(plan.beside, y))

    def _bind_classes(self, plan: Plan, z: Var, sign: Array, share: Array) -> None:
        """Where y is 0 or 1: L = mean log(1 + exp(u)) with u = (1 - 2y) z, and dL/dz = (1 - 2y) σ(u) / n."""
        xp, n, u, terms = plan.xp, sign.size, plan.scratch(z), plan.scratch(z)
        mean = plan.backend.zeros(n) + plan.number(1 / n)
        plan.forward(xp.multiply, z.value, sign, u)
        softplus(plan, u, terms)
        plan.forward(terms.reshape(-1).dot, mean, plan.loss)
        if z.grad is not None:
            plan.backward(
                (xp.subtract, u, terms, z.grad),  # log σ(u)
                (xp.exp, z.grad, z.grad),
                (xp.multiply, z.grad, share, z.grad),
            )

    def _bind_numbers(self, plan: Plan, z: Var, y: Array, other: Array) -> None:
        xp, n = plan.xp, y.size
        zero, below, size = plan.scratch(z), plan.scratch(z), plan.scratch(z)
        # Both terms side by side, so that one product with 1/n sums them.
        terms = plan.backend.zeros(2, *y.shape)
        curve, line = terms[0], terms[1]
        mean = plan.backend.zeros(2 * n) + plan.number(1 / n)
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

    def each(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array:
        smooth = y * (1 - self.label_smoothing) + self.label_smoothing / 2
        # max(z, 0) - y z without rounding where y is 0 or 1, as `bind` has it.
        terms = xp.log1p(xp.exp(-xp.absolute(z))) + (1 - smooth) * z - xp.minimum(z, 0)
        means: Array = terms.mean(axis=0)
        return means

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        if len(z) > 1 and classes is not None:
            return same_class(z, y)
        decided: Array = (z > 0) == (y > 0.5)
        return decided

    def shares(self, output: Array) -> Array:
        shares: Array = 1 / (1 + np.exp(-output))
        return shares

    def averaged(self, outputs: Array) -> Array:
        """The logits of the mean probability: log mean σ(z) - log mean σ(-z), which no large z makes infinite."""
        return _log_sum(-np.logaddexp(0, -outputs)) - _log_sum(-np.logaddexp(0, outputs))

    def torch(self, units: int) -> str:
        return "nn.BCEWithLogitsLoss()"

    def torch_targets(self, classes: int | None, units: int) -> str:
        plain, share = super().torch_targets(classes, units), self.label_smoothing
        return f"{plain} * {1 - share} + {share / 2}" if share else plain


class CrossEntropy(Loss, frozen=True, tag="cross_entropy"):
    """L = mean over examples of log Σ_j exp(z_j) - Σ_j y_j z_j; dL/dz = (softmax(z) - y) / N.

    With label smoothing ε, y is (1 - ε) y + ε/K of K outputs (Szegedy et al. 2016). Class weights w make the terms
    w_j y_j, and the mean over class numbers one by the weight of each example's class (PyTorch's).
    """

    title: ClassVar[str] = "Cross-entropy"
    takes_logits: ClassVar[bool] = True

    label_smoothing: LabelSmoothing = 0.0
    class_weights: Annotated[
        tuple[Annotated[float, Meta(gt=0, le=1e6)], ...],
        Meta(title="Class weights", description="A number for each output, such as 1, 2.5; empty: all alike"),
    ] = ()

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        if self.class_weights and len(self.class_weights) != units:
            message = f"expected a number for each output, {units} in all, got {len(self.class_weights)}"
            raise ProjectError(Problem("training.loss.class_weights", message))
        if classes is not None:
            if units < classes:
                raise misfit(f"cross_entropy wants an output per class: {classes} classes, {counted(units)}")
            return one_hot(y, classes, units)
        if y.shape[1] == 1 and units > 1:
            raise misfit(
                f"cross_entropy wants class numbers (integers), or {units} probabilities; "
                "the data's y is one column of quantities (floats)"
            )
        rows = columns(y, units)
        if units == 1 or rows.min(initial=0) < 0 or not np.allclose(rows.sum(axis=1), 1):
            raise misfit("cross_entropy wants class numbers (integers), or rows of probabilities that sum to 1")
        return rows

    @property
    def _weighs(self) -> bool:
        return bool(self.label_smoothing or self.class_weights)

    def beside(self, units: int, n: int, classes: int | None) -> int:
        return n + units * n

    def prepare(self, plan: Plan, y: Array, beside: Array, classes: int | None) -> list[BoundCall]:
        """The factors of log Σ exp and of the logits: 1/n, or with weights the sums of t, and -y/n, or -t.

        t = w ∘ y / N, y smoothed and N the batch's weight. 1/n stands there from the beginning.
        """
        xp, share, (*several, units, n) = plan.xp, self.label_smoothing, y.shape
        row, taken = beside[..., :n].reshape(*several, 1, n), beside[..., n:].reshape(y.shape)
        if not self._weighs:
            return [(xp.multiply, y, plan.constant(-1 / n), taken)]
        calls: list[BoundCall] = []
        total, weights = (
            plan.backend.zeros(*several, 1, 1),
            plan.backend.from_host(np.array(self.class_weights)[:, None]),
        )
        by_weight = bool(self.class_weights) and classes is not None
        if by_weight:
            calls += [
                (xp.multiply, y, weights, taken),
                (xp.add.reduce, taken, y.ndim - 2, None, row, True),
                (xp.add.reduce, row, y.ndim - 1, None, total, True),
            ]
        calls += [
            (xp.multiply, y, plan.constant(share - 1), taken),
            (xp.add, taken, plan.constant(-share / units), taken),
        ]
        if self.class_weights:
            calls.append((xp.multiply, taken, weights, taken))
        calls.append(
            (xp.divide, taken, total, taken) if by_weight else (xp.multiply, taken, plan.constant(1 / n), taken)
        )
        return [*calls, (xp.add.reduce, taken, y.ndim - 2, None, row, True), (xp.negative, row, row)]

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n, factors = plan.xp, y.shape[1], plan.beside
        p, row, ones = plan.scratch(z), plan.backend.zeros(1, n), plan.backend.ones(1, len(y))
        # log Σ exp beside the logits, and their factors 1/n and -y/n likewise: one product is the loss.
        terms = plan.backend.zeros(n + y.size)
        log_sum, shifted = terms[:n].reshape(1, n), terms[n:].reshape(y.shape)
        factors[:n] = plan.number(1 / n)
        inverse, taken = factors[:n].reshape(1, n) if self._weighs else plan.number(1 / n), factors[n:].reshape(y.shape)
        plan.forward(plan.backend.most, z.value, 0, None, row, True)
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

    def each(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array:
        taken = y * (1 - self.label_smoothing) + self.label_smoothing / len(y)
        if self.class_weights:
            taken = taken * xp.asarray(np.array(self.class_weights, y.dtype)[:, None])
        shifted = z - z.max(axis=0)
        terms = taken * (xp.log(xp.exp(shifted).sum(axis=0)) - shifted)
        sums: Array = terms.sum(axis=0)
        return sums

    def weight(self, xp: Any, y: Array, classes: int | None) -> float:
        if not self.class_weights or classes is None:
            return super().weight(xp, y, classes)
        return float((xp.asarray(np.array(self.class_weights)[:, None]) * y).sum().item())

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        return same_class(z, y)

    def shares(self, output: Array) -> Array:
        grown = np.exp(output - output.max(axis=1, keepdims=True))
        shares: Array = grown / grown.sum(axis=1, keepdims=True)
        return shares

    def averaged(self, outputs: Array) -> Array:
        """The logarithm of the mean probability, whose softmax it is."""
        shifted = outputs - outputs.max(axis=2, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
        mean: Array = _log_sum(logs) - np.log(len(outputs))
        return mean

    def torch(self, units: int) -> str:
        weights = [f"weight=torch.tensor({list(self.class_weights)})"] if self.class_weights else []
        smoothing = [f"label_smoothing={self.label_smoothing}"] if self.label_smoothing else []
        return f"nn.CrossEntropyLoss({', '.join(weights + smoothing)})"

    def torch_targets(self, classes: int | None, units: int) -> str:
        # Without the data nobody knows whether y are class numbers or rows of probabilities.
        return "y.long()" if classes is not None else "y.float() if y.ndim == 2 else y.long()"


def _log_sum(logs: Array) -> Array:
    """log Σ exp over the first axis."""
    total: Array = np.logaddexp.reduce(logs, axis=0)
    return total
