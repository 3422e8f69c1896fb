"""Square, exp and log of every number: with add and multiply, the nodes that flow graphs are drawn with.

They have no steepest slope, so nothing of them is saturated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from engine.layers.base import Block, Layer, Operator, Shape

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Expression(Layer, frozen=True):
    """A function of every number alone, drawn as a box of its own."""

    group: ClassVar[str] = "Expression"

    def output_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def torch(self, *shapes: Shape) -> str:
        return ""

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return f"torch.{self.kind()}({inputs[0]})"


class Square(Expression, frozen=True, tag="square"):
    """h = a²; h' = 2a."""

    title: ClassVar[str] = "Square"

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        multiply = plan.xp.multiply
        plan.forward(plan.xp.square, h.value, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward((multiply, a.grad, h.value, h.grad), (multiply, h.grad, plan.number(2), h.grad))

    def written(self, x: float) -> tuple[str, str]:
        return "{x}²", "2·{x}"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Mul", inputs * 2),)


class Exp(Expression, frozen=True, tag="exp"):
    """h = exp(a), which is its own derivative."""

    title: ClassVar[str] = "Exp"

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        plan.forward(plan.xp.exp, h.value, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward((plan.xp.multiply, a.grad, a.value, h.grad))

    def written(self, x: float) -> tuple[str, str]:
        return "exp({x})", "{h}"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Exp", inputs),)


class Log(Expression, frozen=True, tag="log"):
    """h = log(a), of a negative number NaN; h' = 1 / a."""

    title: ClassVar[str] = "Log"

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        plan.forward(plan.xp.log, h.value, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward((plan.xp.divide, a.grad, h.value, h.grad))

    def written(self, x: float) -> tuple[str, str]:
        return "log({x})", "1/{x}"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Log", inputs),)
