"""Layers that leave the numbers alone and say another shape: flatten, reshape."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from engine import layout
from engine.backend import Array, BoundCall
from engine.errors import ShapeError
from engine.layers.base import Block, Layer, Operator, Shape, text_of

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Reshaped(Layer, frozen=True):
    """The same numbers in C order, the last index fastest, however a plan holds them."""

    group: ClassVar[str] = "Shape"

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        for call in _moved(plan, h.value, h.shape, a.value, a.shape):
            plan.forward(*call)
        if a.grad is not None and h.grad is not None:
            plan.backward(*_moved(plan, a.grad, a.shape, h.grad, h.shape))

    def written(self, x: float) -> tuple[str, str]:
        return "{x}", "1"


def _moved(plan: Plan, source: Array, before: Shape, target: Array, after: Shape) -> list[BoundCall]:
    """The calls that copy each number of `source` to the place of the same number in C order of `target`."""
    copy, plain = plan.xp.copyto, layout.in_c_order
    if before == after or (plain(before) and plain(after)):
        return [(copy, target, source)]
    if plain(after):
        return [(copy, target.reshape(*before, *target.shape[1:]), layout.in_order(source, before))]
    if plain(before):
        return [(copy, layout.in_order(target, after), source.reshape(*after, *source.shape[1:]))]
    between = plan.backend.zeros(*source.shape)
    first = _moved(plan, source, before, between, between.shape[:1])
    return first + _moved(plan, between, between.shape[:1], target, after)


class Flatten(Reshaped, frozen=True, tag="flatten"):
    """All numbers of an example as one vector, the last index fastest."""

    title: ClassVar[str] = "Flatten"

    def output_shape(self, *shapes: Shape) -> Shape:
        return (prod(shapes[0]),)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Flatten", inputs, {"axis": 1}),)

    def torch(self, *shapes: Shape) -> str:
        return "nn.Flatten()"


class Reshape(Reshaped, frozen=True, tag="reshape"):
    """The same numbers in another shape, the last index fastest."""

    title: ClassVar[str] = "Reshape"

    shape: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...],
        Meta(min_length=1, title="Shape", description="One example's new shape, of as many numbers as before"),
    ] = (1, 8, 8)

    def output_shape(self, *shapes: Shape) -> Shape:
        before, after = prod(shapes[0]), prod(self.shape)
        if before != after:
            raise ShapeError(
                f"{text_of(self.shape)} holds {after} numbers, the input {text_of(shapes[0])} has {before}"
            )
        return self.shape

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (
            Operator("Constant", (), {"value_ints": (0, *self.shape)}, ".shape"),  # 0: as many examples as come
            Operator("Reshape", (*inputs, ".shape")),
        )

    def torch(self, *shapes: Shape) -> str:
        if len(self.shape) == 1:
            return "nn.Flatten()"
        made = f"nn.Unflatten(1, {self.shape})"
        return made if len(shapes[0]) == 1 else f"nn.Sequential(nn.Flatten(), {made})"
