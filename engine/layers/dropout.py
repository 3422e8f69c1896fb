"""Dropout: units left out at random while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from engine.backend import Array
from engine.layers.base import Block, Layer, Operator, Shape
from engine.random import Bits

if TYPE_CHECKING:
    from engine.plan import Plan, Var

PURPOSE = "dropout"


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
        mask = drawn_mask(plan, h.value.shape, self.rate, plan.node)
        plan.forward(xp.multiply, h.value, mask, a.value)
        if a.grad is not None and h.grad is not None:
            plan.backward((xp.multiply, a.grad, mask, h.grad))

    def written(self, x: float) -> tuple[str, str]:
        return "{x}", "1"  # after training

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Identity", inputs),)

    def torch(self, *shapes: Shape) -> str:
        return f"nn.Dropout({self.rate})"


def drawn_mask(plan: Plan, shape: tuple[int, ...], rate: float, name: str) -> Array:
    """The factors m / (1 - rate), which the plan draws anew at every step from here on; `name` is the stream's."""
    kept, mask = plan.backend.mask(*shape), plan.backend.zeros(*shape)
    _bind_drawn(plan, kept, rate, name)
    plan.forward(plan.xp.multiply, kept, plan.number(1 / (1 - rate)), mask)
    return mask


def _bind_drawn(plan: Plan, kept: Array, rate: float, name: str) -> None:
    """Draws `kept` anew at every step: true where a word of 32 bits is not below rate · 2³²."""
    least = plan.backend.word(min(round(rate * 2**32), 2**32 - 1))
    if plan.backend.kernels != "cuda":
        plan.forward(_Drawn(plan, kept, least, name))
        return
    from engine.cuda.words import Words

    words = plan.xp.zeros(kept.shape, "uint32")
    plan.forward(Words(plan.xp, words, plan.moment, PURPOSE, name))
    plan.forward(plan.xp.greater_equal, words, least, kept)


class _Drawn:
    """The same from words that are drawn on the host."""

    def __init__(self, plan: Plan, kept: Array, least: Array, name: str) -> None:
        self.kept, self.moment, self.xp, self.name = kept, plan.moment, plan.xp, name
        self.bits, self.least = Bits(plan.xp, kept.shape), least

    def __call__(self) -> None:
        words = self.bits.at(self.moment.step, self.moment.seed, PURPOSE, self.name)
        self.xp.greater_equal(words, self.least, self.kept)
