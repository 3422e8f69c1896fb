"""Activations that let a positive number through and hold a negative one back: leaky relu, elu, selu, softplus, ..."""

from __future__ import annotations

from math import erf, exp, pi, sqrt
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.layers.activations import sigmoid, softplus
from engine.layers.base import Activation, Block, Operator, Shape
from engine.layers.erf import normal_cdf

if TYPE_CHECKING:
    from engine.plan import Plan, Var

# Klambauer et al. 2017, equation 14: with these a layer's outputs keep mean 0 and variance 1.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


class LeakyRelu(Activation, frozen=True, tag="leaky_relu"):
    """h = max(a, 0) + s min(a, 0); h' = 1 where a > 0, else s, so that no unit dies. Maas et al. 2013."""

    title: ClassVar[str] = "Leaky ReLU"
    group: ClassVar[str] = "Activation"
    pieces: ClassVar[bool] = True

    negative_slope: Annotated[
        float, Meta(ge=0, le=1, title="Negative slope", description="s, the slope below zero", extra={"log": True})
    ] = 0.01

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, positive, slope = plan.xp, plan.backend.mask(*h.value.shape), plan.scratch(h)
        least = slope + plan.number(self.negative_slope)  # `fmax` is slow where one side is a single number
        plan.forward(xp.greater, h.value, plan.number(0), positive)
        plan.forward(xp.copyto, slope, positive)
        plan.forward(xp.fmax, slope, least, slope)
        plan.forward(xp.multiply, h.value, slope, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward((xp.multiply, a.grad, slope, h.grad))

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = (a > 0) * (1 - self.negative_slope) + self.negative_slope
        return slope

    def written(self, x: float) -> tuple[str, str]:
        slope = "1" if x > 0 else f"{self.negative_slope:g}"
        return "{x}" if x > 0 else f"{slope}·{{x}}", slope

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("LeakyRelu", inputs, {"alpha": self.negative_slope}),)

    def torch(self, *shapes: Shape) -> str:
        return f"nn.LeakyReLU({self.negative_slope})"


class Elu(Activation, frozen=True, tag="elu"):
    """h = a where a > 0, else α (exp(a) - 1); h' = 1, else α exp(a). Clevert, Unterthiner and Hochreiter 2016."""

    title: ClassVar[str] = "ELU"
    group: ClassVar[str] = "Activation"

    alpha: Annotated[
        float, Meta(gt=0, title="Alpha", description="α: far below zero the output is -α", extra={"log": True})
    ] = 1.0

    @property
    def steepest(self) -> float:
        return max(1.0, self.alpha)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        elu(plan, h, a, self.alpha, 1.0)

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = xp.exp(xp.minimum(a, 0)) * ((a > 0) * (1 - self.alpha) + self.alpha)
        return slope

    def written(self, x: float) -> tuple[str, str]:
        factor = "" if self.alpha == 1 else f"{self.alpha:g}·"
        return ("{x}", "1") if x > 0 else (f"{factor}(exp({{x}}) − 1)", f"{factor}exp({{x}})")

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Elu", inputs, {"alpha": self.alpha}),)

    def torch(self, *shapes: Shape) -> str:
        return f"nn.ELU({self.alpha})"


class Selu(Activation, frozen=True, tag="selu"):
    """h = λ a where a > 0, else λ α (exp(a) - 1), λ = 1.0507, α = 1.6733. Klambauer et al. 2017."""

    title: ClassVar[str] = "SELU"
    group: ClassVar[str] = "Activation"

    @property
    def steepest(self) -> float:
        return SELU_SCALE * SELU_ALPHA

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        elu(plan, h, a, SELU_ALPHA, SELU_SCALE)

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = xp.exp(xp.minimum(a, 0)) * ((a > 0) * (1 - SELU_ALPHA) + SELU_ALPHA) * SELU_SCALE
        return slope

    def written(self, x: float) -> tuple[str, str]:
        factor = f"{SELU_SCALE if x > 0 else SELU_SCALE * SELU_ALPHA:.6g}"
        return (f"{factor}·{{x}}", factor) if x > 0 else (f"{factor}·(exp({{x}}) − 1)", f"{factor}·exp({{x}})")

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Selu", inputs, {"alpha": SELU_ALPHA, "gamma": SELU_SCALE}),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.SELU()"


class Softplus(Activation, frozen=True, tag="softplus"):
    """h = log(1 + exp(a)); h' = σ(a) = exp(a - h). A relu with a round corner; Dugas et al. 2001."""

    title: ClassVar[str] = "Softplus"
    group: ClassVar[str] = "Activation"

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, slope = plan.xp, plan.scratch(h)
        softplus(plan, h.value, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward(
                (xp.subtract, h.value, a.value, slope),
                (xp.exp, slope, slope),
                (xp.multiply, a.grad, slope, h.grad),
            )

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        slope: Array = xp.exp(a - h)
        return slope

    def written(self, x: float) -> tuple[str, str]:
        return "log(1 + exp({x}))", "1/(1 + exp(−{x}))"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Softplus", inputs),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.Softplus()"


class Silu(Activation, frozen=True, tag="silu"):
    """h = a σ(a), also called swish; h' = σ + h (1 - σ). Hendrycks and Gimpel 2016; Elfwing et al. 2018."""

    title: ClassVar[str] = "SiLU"
    group: ClassVar[str] = "Activation"

    @property
    def steepest(self) -> float:
        return 1.09983932012887  # at a = 2.39936, where a tanh(a/2) = 2

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, gate, slope = plan.xp, plan.scratch(h), plan.scratch(h)
        sigmoid(plan, h.value, gate)
        plan.forward(xp.multiply, h.value, gate, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward(
                (xp.subtract, plan.number(1), gate, slope),
                (xp.multiply, a.value, slope, slope),
                (xp.add, slope, gate, slope),
                (xp.multiply, a.grad, slope, h.grad),
            )

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        gate = 1 / (1 + xp.exp(-a))
        slope: Array = xp.absolute(gate + h * (1 - gate))
        return slope

    def written(self, x: float) -> tuple[str, str]:
        return "{x}·σ({x})", "σ({x})·(1 + {x}·(1 − σ({x})))"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return Operator("Sigmoid", inputs, output=".gate"), Operator("Mul", (*inputs, ".gate"))

    def torch(self, *shapes: Shape) -> str:
        return "nn.SiLU()"


class Gelu(Activation, frozen=True, tag="gelu"):
    """h = a Φ(a), exactly; h' = Φ(a) + a φ(a), φ(a) = exp(-a²/2) / √2π. Hendrycks and Gimpel 2016."""

    title: ClassVar[str] = "GELU"
    group: ClassVar[str] = "Activation"

    @property
    def steepest(self) -> float:
        return (1 + erf(1)) / 2 + exp(-1) / sqrt(pi)  # at a = √2

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, number, dtype = plan.xp, plan.number, plan.backend.dtype
        phi, bell, t, slope = (plan.scratch(h) for _ in range(4))
        for call in normal_cdf(xp, number, dtype, h.value, phi, bell, t, slope):
            plan.forward(*call)
        plan.forward(xp.multiply, h.value, phi, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward(
                (xp.multiply, h.value, bell, slope),
                (xp.multiply, slope, number(1 / sqrt(2 * pi)), slope),
                (xp.add, slope, phi, slope),
                (xp.multiply, a.grad, slope, h.grad),
            )

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        phi, bell, t, r = (xp.empty_like(h) for _ in range(4))
        for function, *args in normal_cdf(xp, float, str(h.dtype), a, phi, bell, t, r):
            function(*args)
        slope: Array = xp.absolute(phi + a * bell * (1 / sqrt(2 * pi)))
        return slope

    def written(self, x: float) -> tuple[str, str]:
        return "{x}·Φ({x})", "Φ({x}) + {x}·φ({x})"

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Gelu", inputs),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.GELU()"


def elu(plan: Plan, h: Var, a: Var, alpha: float, scale: float) -> None:
    """h = λ a where a > 0, else λ α (exp(a) - 1), and its way back; `scale` is λ."""
    xp, zero, above, below = plan.xp, plan.scratch(h), plan.scratch(h), plan.scratch(h)
    plan.forward(xp.fmax, h.value, zero, above)  # `maximum` costs more; a NaN comes through the other term
    plan.forward(xp.subtract, h.value, above, below)
    plan.forward(xp.expm1, below, a.value)
    if alpha != 1:
        plan.forward(xp.multiply, a.value, plan.number(alpha), a.value)
    plan.forward(xp.add, a.value, above, a.value)
    if scale != 1:
        plan.forward(xp.multiply, a.value, plan.number(scale), a.value)
    if a.grad is None or h.grad is None:
        return
    # exp(below) is 1 on the right; where that is not the slope, a factor stands beside it. `above` serves as that.
    calls: list[BoundCall] = [(xp.exp, below, below)]
    if alpha != 1 or scale != 1:
        positive = plan.backend.mask(*h.value.shape)
        calls += [
            (xp.greater, h.value, plan.number(0), positive),
            (xp.copyto, above, positive),
            (xp.multiply, above, plan.number(scale * (1 - alpha)), above),
            (xp.add, above, plan.number(scale * alpha), above),
            (xp.multiply, below, above, below),
        ]
    plan.backward(*calls, (xp.multiply, a.grad, below, h.grad))
