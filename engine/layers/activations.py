"""Activations that act on every number alone: relu, and those that end in two plateaus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from engine.backend import Array, Backend, BoundCall
from engine.layers.base import Activation, Block, Operator, Shape, SlopeOfOutput

if TYPE_CHECKING:
    from engine.plan import Plan, Var

HEIGHT = 1.7159
FEW = 100  # numbers up to which one slow call is faster than five quick ones


class Relu(Activation, frozen=True, tag="relu"):
    """h = max(a, 0); h' = 1 where a > 0, else 0."""

    title: ClassVar[str] = "ReLU"
    group: ClassVar[str] = "Activation"
    pieces: ClassVar[bool] = True

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, positive, mask = plan.xp, plan.backend.mask(*h.value.shape), plan.scratch(h)
        # A mask of 0 and 1 serves both ways; `maximum` costs more than these three calls.
        plan.forward(xp.greater, h.value, plan.number(0), positive)
        plan.forward(xp.copyto, mask, positive)
        plan.forward(xp.multiply, h.value, mask, a.value)
        if a.grad is not None and h.grad is not None:
            plan.derivatives[plan.node] = mask
            plan.backward((xp.multiply, a.grad, mask, h.grad))

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = h > 0
        return slope

    def written(self, x: float) -> tuple[str, str]:
        return "max({x}, 0)", "1" if x > 0 else "0"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Relu", inputs),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.ReLU()"


class Tanh(SlopeOfOutput, frozen=True, tag="tanh"):
    """h = tanh a; h' = 1 - h²."""

    title: ClassVar[str] = "Tanh"
    group: ClassVar[str] = "Activation"
    bounds: ClassVar[tuple[float, float] | None] = (-1.0, 1.0)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        plan.forward(plan.xp.tanh, h.value, a.value)
        self.bind_back(plan, h, a)

    def slope_calls(self, backend: Backend, h: Array, slope: Array) -> list[BoundCall]:
        xp = backend.xp
        return [(xp.square, h, slope), (xp.subtract, backend.scalar(1), slope, slope)]

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = 1 - h * h
        return slope

    def written(self, x: float) -> tuple[str, str]:
        return "tanh({x})", "1 − {h}²"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Tanh", inputs),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.Tanh()"


class ScaledTanh(Activation, frozen=True, tag="scaled_tanh"):
    """h = 1.7159 tanh(2a/3), so that h(±1) = ±1; h' = 1.1439 (1 - tanh²). LeCun et al. 1998, Efficient BackProp."""

    title: ClassVar[str] = "Scaled tanh"
    group: ClassVar[str] = "Activation"
    bounds: ClassVar[tuple[float, float] | None] = (-HEIGHT, HEIGHT)

    @property
    def steepest(self) -> float:
        return HEIGHT * 2 / 3

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, t, height = plan.xp, plan.scratch(h), plan.number(HEIGHT)
        plan.forward(xp.multiply, h.value, plan.number(2 / 3), t)
        plan.forward(xp.tanh, t, t)
        plan.forward(xp.multiply, t, height, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward(
                (xp.square, t, t),
                (xp.subtract, plan.number(1), t, t),
                (xp.multiply, t, plan.number(HEIGHT * 2 / 3), t),
                (xp.multiply, a.grad, t, h.grad),
            )

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        t = xp.tanh(a * (2 / 3))
        slope: Array = (1 - t * t) * (HEIGHT * 2 / 3)
        return slope

    def written(self, x: float) -> tuple[str, str]:
        return f"{HEIGHT}·tanh(2·{{x}}/3)", f"{HEIGHT * 2 / 3:.7g}·(1 − tanh(2·{{x}}/3)²)"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (
            Operator("Constant", (), {"value_float": 2 / 3}, ".narrow"),
            Operator("Mul", (*inputs, ".narrow"), output=".argument"),
            Operator("Tanh", (".argument",), output=".tanh"),
            Operator("Constant", (), {"value_float": HEIGHT}, ".height"),
            Operator("Mul", (".tanh", ".height")),
        )

    def torch(self, *shapes: Shape) -> str:
        return ""

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return f"{HEIGHT} * torch.tanh({inputs[0]} * 2 / 3)"


class Sigmoid(SlopeOfOutput, frozen=True, tag="sigmoid"):
    """h = 1 / (1 + exp(-a)); h' = h (1 - h), at most 1/4."""

    title: ClassVar[str] = "Sigmoid"
    group: ClassVar[str] = "Activation"
    bounds: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    @property
    def steepest(self) -> float:
        return 0.25

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        sigmoid(plan, h.value, a.value)
        self.bind_back(plan, h, a)

    def slope_calls(self, backend: Backend, h: Array, slope: Array) -> list[BoundCall]:
        xp = backend.xp
        return [(xp.subtract, backend.scalar(1), h, slope), (xp.multiply, h, slope, slope)]

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = h * (1 - h)
        return slope

    def written(self, x: float) -> tuple[str, str]:
        return "1/(1 + exp(−{x}))", "{h}·(1 − {h})"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Sigmoid", inputs),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.Sigmoid()"


class Softsign(Activation, frozen=True, tag="softsign"):
    """h = a / (1 + |a|); h' = 1 / (1 + |a|)², which falls slowly where tanh is flat already."""

    title: ClassVar[str] = "Softsign"
    group: ClassVar[str] = "Activation"
    bounds: ClassVar[tuple[float, float] | None] = (-1.0, 1.0)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, size = plan.xp, plan.scratch(h)
        plan.forward(xp.absolute, h.value, size)
        plan.forward(xp.add, size, plan.number(1), size)
        plan.forward(xp.divide, h.value, size, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward(
                (xp.reciprocal, size, size),
                (xp.square, size, size),
                (xp.multiply, a.grad, size, h.grad),
            )

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = xp.reciprocal(xp.square(1 + xp.absolute(a)))
        return slope

    def written(self, x: float) -> tuple[str, str]:
        return "{x}/(1 + |{x}|)", "1/(1 + |{x}|)²"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Softsign", inputs),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.Softsign()"


def softplus(plan: Plan, a: Array, h: Array) -> None:
    """h = log(1 + exp(a)), to all digits at both ends."""
    xp, zero = plan.xp, plan.backend.zeros(*a.shape)
    if a.size <= FEW:
        plan.forward(xp.logaddexp, a, zero, h)
        return
    above = plan.backend.zeros(*a.shape)
    plan.forward(xp.fmax, a, zero, above)  # `maximum` costs seven times as much; a NaN comes through the other term
    plan.forward(xp.copysign, a, plan.number(-1), h)  # -|a|
    plan.forward(xp.exp, h, h)
    plan.forward(xp.log1p, h, h)
    plan.forward(xp.add, h, above, h)


def sigmoid(plan: Plan, a: Array, h: Array) -> None:
    """h = 1 / (1 + exp(-a)). An exp that overflows to infinity gives the 0 that is meant."""
    xp = plan.xp
    plan.forward(xp.negative, a, h)
    plan.forward(xp.exp, h, h)
    plan.forward(xp.add, h, plan.number(1), h)
    plan.forward(xp.reciprocal, h, h)
