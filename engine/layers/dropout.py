"""Dropout: units left out at random while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from engine.backend import Array
from engine.layers.base import Block, Layer, Operator, Shape
from engine.random import Bits

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Dropout(Layer, frozen=True, tag="dropout"):
    """h = x m / (1 - rate), each m 0 with probability `rate`, else 1; after training h = x (Srivastava et al. 2014).

    The mask follows from seed, node and step, so a step that is done again draws the same one.
    """

    title: ClassVar[str] = "Dropout"
    group: ClassVar[str] = "Core"
    two_modes: ClassVar[bool] = True

    rate: Annotated[float, Meta(ge=0, lt=1, title="Rate", description="Share of the units left out")] = 0.5

    def output_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp = plan.xp
        if not plan.trains or not self.rate:
            plan.forward(xp.copyto, a.value, h.value)
            if a.grad is not None and h.grad is not None:
                plan.backward((xp.copyto, h.grad, a.grad))
            return
        kept, mask = plan.backend.mask(*h.value.shape), plan.scratch(h)
        plan.forward(_Drawn(plan, kept, self.rate))
        plan.forward(xp.multiply, kept, plan.number(1 / (1 - self.rate)), mask)
        plan.forward(xp.multiply, h.value, mask, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward((xp.multiply, a.grad, mask, h.grad))

    def written(self, x: float) -> tuple[str, str]:
        return "{x}", "1"  # after training

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Identity", inputs),)

    def torch(self, *shapes: Shape) -> str:
        return f"nn.Dropout({self.rate})"


class _Drawn:
    """Draws `kept` anew at every step: true where a word of 32 bits is not below rate · 2³²."""

    def __init__(self, plan: Plan, kept: Array, rate: float) -> None:
        self.kept, self.moment, self.xp, self.node = kept, plan.moment, plan.xp, plan.node
        self.bits = Bits(plan.xp, kept.shape)
        self.least = plan.backend.word(min(round(rate * 2**32), 2**32 - 1))

    def __call__(self) -> None:
        words = self.bits.at(self.moment.step, self.moment.seed, "dropout", self.node)
        self.xp.greater_equal(words, self.least, self.kept)
