"""Layers that bring several inputs together: add, multiply, concat."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from engine.errors import ShapeError
from engine.layers.base import Join, Operator, Shape, text_of, vector

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Add(Join, frozen=True, tag="add"):
    """a = Σ hᵢ; the gradient goes back to every input as it is (He et al. 2016: a skip)."""

    title: ClassVar[str] = "Add"
    group: ClassVar[str] = "Join"

    def output_shape(self, *shapes: Shape) -> Shape:
        return equal(shapes)

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


class Multiply(Join, frozen=True, tag="multiply"):
    """a = Π hᵢ, number by number; to each input goes back δ times the product of all others."""

    title: ClassVar[str] = "Multiply"
    group: ClassVar[str] = "Join"

    def output_shape(self, *shapes: Shape) -> Shape:
        return equal(shapes)

    def bind_join(self, plan: Plan, inputs: tuple[Var, ...], a: Var) -> None:
        multiply, last = plan.xp.multiply, len(inputs) - 1
        before = [inputs[0].value]  # the product of all inputs that come before number 1, 2, ...
        for number in range(1, len(inputs)):
            product = a.value if number == last else plan.scratch(a)
            plan.forward(multiply, before[-1], inputs[number].value, product)
            before.append(product)
        if a.grad is None:
            return
        # From the last input on, δ takes up one factor after another: no division, which a zero would spoil.
        delta, back = a.grad, []
        for number in range(last, 0, -1):
            h, rest = inputs[number], inputs[0].grad if number == 1 else plan.scratch(a)
            if h.grad is not None:
                back.append((multiply, delta, before[number - 1], h.grad))
            if rest is not None:
                back.append((multiply, delta, h.value, rest))
                delta = rest
        plan.backward(*back)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        made, product = [], inputs[0]
        for number, other in enumerate(inputs[1:], 1):
            output = "" if number == len(inputs) - 1 else f".product{number}"
            made.append(Operator("Mul", (product, other), output=output))
            product = output
        return tuple(made)

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return " * ".join(inputs)


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


def equal(shapes: tuple[Shape, ...]) -> Shape:
    """The one shape that all inputs have; else a ShapeError."""
    first, *others = shapes
    for number, shape in enumerate(others, 1):
        if shape != first:
            raise ShapeError(f"input {number} has {_text(shape)}, input 0 has {_text(first)}: they must be equal")
    return first


def _text(shape: Shape) -> str:
    return f"{shape[0]} features" if len(shape) == 1 else f"shape {text_of(shape)}"
