"""Cross-entropy at every step of a sequence: each step's outputs are the logits of a softmax of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.losses.base import Loss, counted, misfit

if TYPE_CHECKING:
    from engine.data.source import Summary
    from engine.plan import Plan, Var


class CrossEntropyByStep(Loss, frozen=True, tag="cross_entropy_by_step"):
    """L = mean over examples and steps of Σ_j y_j (log Σ_i exp(z_i) - z_j); dL/dz = (Σ y · softmax(z) - y) / (N T).

    Outputs are those of a flattened sequence of T steps × K logits. Targets are N × T class numbers, or N × T·K rows of
    probabilities; a step whose row is 0 counts with a loss of 0, as PyTorch has it.
    """

    title: ClassVar[str] = "Cross-entropy at each step"

    classes: Annotated[
        int, Meta(ge=2, le=100_000, title="Classes", description="Outputs at each step: the last axis before flatten")
    ] = 2

    def example(self, summary: Summary) -> Array:
        # Whole numbers, which are right for either kind of targets.
        return np.zeros((1, summary.targets)) if summary.classes is None else summary.example()

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        if classes is not None:
            raise misfit(f"{self.kind()} wants targets at each step, the data have one class for each example")
        steps, rest = divmod(units, self.classes)
        if rest or steps < 2:
            raise misfit(f"{self.kind()} of {self.classes} classes wants so many outputs at each step, got {units}")
        width = y.shape[1]
        if width == units:
            rows = y.astype(np.float64)
            sums = rows.reshape(-1, self.classes).sum(axis=1)
            if rows.min(initial=0) < 0 or sums.max(initial=0) > 1 + 1e-5:
                raise misfit(f"{self.kind()} wants rows of probabilities at each step, or of 0 where nothing is due")
            return rows
        if width != steps:
            raise misfit(
                f"the data's y has {width} columns, {counted(units)} of {self.classes} classes are {steps} steps"
            )
        numbers = np.asarray(y, np.float64).reshape(-1)
        if (numbers != np.rint(numbers)).any() or numbers.min(initial=0) < 0 or numbers.max(initial=0) >= self.classes:
            raise misfit(f"{self.kind()} wants class numbers from 0 to {self.classes - 1} at each step")
        made = np.zeros((len(numbers), self.classes))
        made[np.arange(len(numbers)), numbers.astype(np.int64)] = 1
        return made.reshape(len(y), units)

    def _by_step(self, columns: Array) -> Array:
        """(…, T·K, N) as (…, T, K, N), a view."""
        *several, units, n = columns.shape
        return columns.reshape(*several, units // self.classes, self.classes, n)

    def beside(self, units: int, n: int, classes: int | None) -> int:
        return units // self.classes * n + units * n

    def _factors(self, beside: Array, y: Array) -> tuple[Array, Array]:
        """Of log Σ exp (…, T, 1, N), and of the logits (…, T·K, N)."""
        *several, units, n = y.shape
        steps = units // self.classes
        return beside[..., : steps * n].reshape(*several, steps, 1, n), beside[..., steps * n :].reshape(y.shape)

    def prepare(self, plan: Plan, y: Array, beside: Array, classes: int | None) -> list[BoundCall]:
        """-y / (N T), and the sums of y / (N T) over the classes."""
        xp, (row, taken) = plan.xp, self._factors(beside, y)
        count = y.shape[-2] // self.classes * y.shape[-1]
        return [
            (xp.multiply, y, plan.constant(-1 / count), taken),
            (xp.add.reduce, self._by_step(taken), y.ndim - 1, None, row, True),
            (xp.negative, row, row),
        ]

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        xp, n, factors = plan.xp, y.shape[1], plan.beside
        steps = len(y) // self.classes
        weight, taken = self._factors(factors, y)
        logits, p = self._by_step(z.value), self._by_step(plan.scratch(z))
        row = plan.backend.zeros(steps, 1, n)
        # log Σ exp beside the logits, and their factors likewise: one product is the loss.
        terms = plan.backend.zeros(steps * n + y.size)
        log_sum, shifted = terms[: steps * n].reshape(steps, 1, n), self._by_step(terms[steps * n :].reshape(y.shape))
        plan.forward(plan.backend.most, logits, 1, None, row, True)
        plan.forward(xp.subtract, logits, row, shifted)
        plan.forward(xp.exp, shifted, p)
        plan.forward(xp.add.reduce, p, 1, None, row, True)
        plan.forward(xp.log, row, log_sum)
        plan.forward(terms.dot, factors, plan.loss)
        if z.grad is not None:
            plan.backward(
                (xp.divide, weight, row, row),
                (xp.multiply, p, row, p),
                (xp.add, p, self._by_step(taken), self._by_step(z.grad)),
            )

    def each(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array:
        logits, due = self._by_step(z), self._by_step(y)
        shifted = logits - logits.max(axis=1, keepdims=True)
        terms = due * (xp.log(xp.exp(shifted).sum(axis=1, keepdims=True)) - shifted)
        means: Array = terms.sum(axis=1).mean(axis=0)
        return means

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        """One for every step at which something is due."""
        logits, due = self._by_step(z), self._by_step(y)
        right: Array = (logits.argmax(axis=1) == due.argmax(axis=1))[due.sum(axis=1) > 0]
        return right if right.size else None

    def shares(self, output: Array) -> Array:
        steps = output.reshape(len(output), -1, self.classes)
        grown = np.exp(steps - steps.max(axis=2, keepdims=True))
        shares: Array = (grown / grown.sum(axis=2, keepdims=True)).reshape(output.shape)
        return shares

    def averaged(self, outputs: Array) -> Array:
        """The logarithms of the mean probabilities, whose softmax they are."""
        steps = outputs.reshape(*outputs.shape[:2], -1, self.classes)
        shifted = steps - steps.max(axis=3, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=3, keepdims=True))
        mean: Array = np.logaddexp.reduce(logs, axis=0) - np.log(len(outputs))
        return mean.reshape(outputs.shape[1:])

    def torch(self, units: int) -> str:
        return "StepwiseCrossEntropyLoss()"

    def torch_class(self, units: int) -> tuple[str, ...]:
        return (
            "class StepwiseCrossEntropyLoss(nn.CrossEntropyLoss):",
            f'    """The mean over all steps, each of which has {self.classes} of the outputs."""',
            "",
            "    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:",
            f"        return super().forward(z.unflatten(1, (-1, {self.classes})).transpose(1, 2), y)",
        )

    def torch_targets(self, classes: int | None, units: int) -> str:
        rows = f"y.float().unflatten(1, (-1, {self.classes})).transpose(1, 2)"
        return f"y.long() if y.shape[1] == {units // self.classes} else {rows}"
