"""Softmax over one example's features, and its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from engine.backend import Array
from engine.layers.base import Activation, Block, Operator, Shape, vector

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Softmax(Activation, frozen=True, tag="softmax"):
    """h_i = exp(a_i) / Σ_j exp(a_j); backward h ∘ (δ - Σ_j δ_j h_j). Its diagonal derivative is h (1 - h)."""

    title: ClassVar[str] = "Softmax"
    group: ClassVar[str] = "Activation"
    bounds: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    def output_shape(self, *shapes: Shape) -> Shape:
        return vector(*shapes)

    @property
    def steepest(self) -> float:
        return 0.25

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, row, weighted = plan.xp, plan.backend.zeros(1, plan.batch), plan.scratch(h)
        softmax(plan, h.value, a.value, row)
        if a.grad is not None and h.grad is not None:
            plan.backward(
                (xp.multiply, a.grad, a.value, weighted),
                (xp.add.reduce, weighted, 0, None, row, True),
                (xp.subtract, a.grad, row, h.grad),
                (xp.multiply, h.grad, a.value, h.grad),
            )

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = h * (1 - h)
        return slope

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Softmax", inputs, {"axis": 1}),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.Softmax(dim=1)"


class LogSoftmax(Activation, frozen=True, tag="log_softmax"):
    """h_i = a_i - log Σ_j exp(a_j); backward δ - exp(h) Σ_j δ_j. Its diagonal derivative is 1 - exp(h)."""

    title: ClassVar[str] = "Log-softmax"
    group: ClassVar[str] = "Activation"

    def output_shape(self, *shapes: Shape) -> Shape:
        return vector(*shapes)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, row, share = plan.xp, plan.backend.zeros(1, plan.batch), plan.scratch(h)
        plan.forward(plan.backend.most, h.value, 0, None, row, True)
        plan.forward(xp.subtract, h.value, row, a.value)
        plan.forward(xp.exp, a.value, share)
        plan.forward(xp.add.reduce, share, 0, None, row, True)
        plan.forward(xp.log, row, row)
        plan.forward(xp.subtract, a.value, row, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward(
                (xp.exp, a.value, share),
                (xp.add.reduce, a.grad, 0, None, row, True),
                (xp.multiply, share, row, share),
                (xp.subtract, a.grad, share, h.grad),
            )

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = -xp.expm1(h)
        return slope

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("LogSoftmax", inputs, {"axis": 1}),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.LogSoftmax(dim=1)"


def softmax(plan: Plan, a: Array, h: Array, row: Array) -> None:
    """Columns of `h` become softmax of columns of `a`, shifted by their maximum; `row` (1, N) ends as Σ exp."""
    xp = plan.xp
    plan.forward(plan.backend.most, a, 0, None, row, True)
    plan.forward(xp.subtract, a, row, h)
    plan.forward(xp.exp, h, h)
    plan.forward(xp.add.reduce, h, 0, None, row, True)
    plan.forward(xp.divide, h, row, h)
