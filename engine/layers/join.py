"""Layers that bring several inputs together: add, concat."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from engine.errors import ShapeError
from engine.layers.base import Join, Operator, Shape, vector

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Add(Join, frozen=True, tag="add"):
    """a = Σ hᵢ; the gradient goes back to every input as it is (He et al. 2016: a skip)."""

    title: ClassVar[str] = "Add"
    group: ClassVar[str] = "Join"

    def output_shape(self, *shapes: Shape) -> Shape:
        first = vector(shapes[0])
        for number, shape in enumerate(shapes[1:], 1):
            if shape != first:
                raise ShapeError(f"input {number} has {_text(shape)}, input 0 has {_text(first)}: they must be equal")
        return first

    def bind_join(self, plan: Plan, inputs: tuple[Var, ...], a: Var) -> None:
        first, second, *others = inputs
        plan.forward(plan.xp.add, first.value, second.value, a.value)
        for h in others:
            plan.forward(plan.xp.add, a.value, h.value, a.value)
        if a.grad is not None:
            plan.backward(*[(plan.xp.copyto, h.grad, a.grad) for h in inputs if h.grad is not None])

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Sum", inputs),)

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return " + ".join(inputs)


class Concat(Join, frozen=True, tag="concat"):
    """a = h₀ above h₁ above …; the gradient is cut at the same places."""

    title: ClassVar[str] = "Concat"
    group: ClassVar[str] = "Join"

    def output_shape(self, *shapes: Shape) -> Shape:
        return (sum(vector(shape)[0] for shape in shapes),)

    def bind_join(self, plan: Plan, inputs: tuple[Var, ...], a: Var) -> None:
        copy, back, start = plan.xp.copyto, [], 0
        for h in inputs:
            piece = slice(start, start + len(h.value))
            plan.forward(copy, a.value[piece], h.value)
            if a.grad is not None and h.grad is not None:
                back.append((copy, h.grad, a.grad[piece]))
            start = piece.stop
        if back:
            plan.backward(*back)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Concat", inputs, {"axis": 1}),)

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return f"torch.cat([{', '.join(inputs)}], dim=1)"


def _text(shape: Shape) -> str:
    return f"{shape[0]} features" if len(shape) == 1 else f"shape {'×'.join(map(str, shape))}"
