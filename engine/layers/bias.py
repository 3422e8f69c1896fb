"""A bias for every unit: what a convolution, which has one for each map, leaves out."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine import layout
from engine.backend import Array, BoundCall
from engine.layers import drawn
from engine.layers.base import Block, Operator, Shape, Weighted

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Bias(Weighted, frozen=True, tag="bias"):
    """a = h + b, with a b of its own for every number of the input: for a map, one at every place.

    Behind a convolution without `bias` it makes the units of LeCun et al. 1989, which share weights but not biases.
    Its tensor is called `weight` and has the input's shape.
    """

    title: ClassVar[str] = "Bias per unit"
    group: ClassVar[str] = "Core"
    penalized: ClassVar[bool] = False
    adds_units: ClassVar[bool] = False

    bias_init: drawn.BiasInit = 0.0
    trainable: drawn.Trainable = True

    def __post_init__(self) -> None:
        drawn.word_to_bias(self)

    @property
    def trains(self) -> bool:
        return self.trainable

    def output_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def block_shape(self, *shapes: Shape) -> Shape:
        return (*layout.held(shapes[0]), 1)

    def connection_count(self, *shapes: Shape) -> int:
        return prod(shapes[0])

    def views(self, block: Array) -> dict[str, Array]:
        return {"weight": layout.turned(block[..., 0], block.ndim - 1)}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, float(self.bias_init))

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, features = plan.xp, prod(h.shape)
        plan.forward(xp.add, h.value, p.value.reshape(features, 1), a.value)
        if a.grad is None:
            return
        calls: list[BoundCall] = [(xp.add.reduce, a.grad, 1, None, p.grad.reshape(features, 1), True)]
        if h.grad is not None:
            calls.append((xp.copyto, h.grad, a.grad))
        plan.backward(*calls)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("Add", (*inputs, ".weight")),)

    def torch(self, *shapes: Shape) -> str:
        sizes = ", ".join(map(str, shapes[0]))
        return f'nn.ParameterDict({{"weight": nn.Parameter(torch.empty({sizes}))}})'

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return f"{inputs[0]} + {module}.weight"

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        return (f"nn.init.constant_({module}.weight, {float(self.bias_init)})",)
