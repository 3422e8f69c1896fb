"""The fully connected layer."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.initializers import Request
from engine.layers import drawn
from engine.layers.base import Block, Operator, Shape, Weighted, vector
from engine.layers.sequence import by_step, flat, step_rows

if TYPE_CHECKING:
    from engine.plan import Plan, Var


class Dense(Weighted, frozen=True, tag="dense"):
    """Affine map a = W h + b over the features, in a sequence at each step; W is (units, in), columns are examples.

    W and b stand side by side in one block (units, in + 1): the row of ones below every h takes
    the bias into the product, which saves a call forward and a slow sum backward.
    """

    title: ClassVar[str] = "Dense"
    group: ClassVar[str] = "Core"

    units: Annotated[int, Meta(ge=1, le=65_536, title="Units", description="Output features")] = 64
    bias: drawn.Bias = True
    init: drawn.Init = "glorot_uniform"
    init_std: drawn.InitStd = 0.05
    init_limit: drawn.InitLimit = 0.05
    init_value: drawn.InitValue = 0.0
    init_gain: drawn.InitGain = 1.0
    init_nonzero: drawn.InitNonzero = 15
    bias_init: drawn.BiasInit = 0.0
    trainable: drawn.Trainable = True

    def __post_init__(self) -> None:
        drawn.words_to_numbers(self)

    @property
    def trains(self) -> bool:
        return self.trainable

    def output_shape(self, *shapes: Shape) -> Shape:
        *steps, _ = shapes[0] if len(shapes[0]) == 2 else vector(*shapes)
        return (*steps, self.units)

    def block_shape(self, *shapes: Shape) -> Shape:
        return (self.units, shapes[0][-1] + self.bias)

    def connection_count(self, *shapes: Shape) -> int:
        return self.parameter_count(*shapes) * prod(shapes[0][:-1])

    def views(self, block: Array) -> dict[str, Array]:
        if not self.bias:
            return {"weight": block}
        return {"weight": block[:, :-1], "bias": block[:, -1]}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return drawn.draw(self, name, rng, self._request(shape))

    def _request(self, shape: Shape) -> Request:
        return drawn.request(self, shape, fan_in=shape[-1], fan_out=shape[0])

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        (shape,) = plan.structure.input_shapes(plan.node)
        if len(shape) == 2:
            self._bind_steps(plan, h, a, p, shape[0])
            return
        x, back = h.taken(self.bias)
        # Methods: on small matrices `np.dot` spends a third of its time on finding out whose `dot` is meant.
        plan.forward(p.value.dot, x, a.value)
        if a.grad is None:
            return
        calls: list[BoundCall] = [(a.grad.dot, x.T, p.grad)] if plan.trains else []
        if back is not None:
            calls.append((p.value.T.dot, a.grad, back))
        plan.backward(*calls)

    def _bind_steps(self, plan: Plan, h: Var, a: Var, p: Block, steps: int) -> None:
        xp, zeros = plan.xp, plan.backend.zeros
        x, y = step_rows(plan, h.value, steps, self.bias), zeros(steps, plan.batch, self.units)
        plan.forward(flat(x).dot, p.value.T, flat(y))
        plan.forward(xp.copyto, by_step(a.value, steps), y)
        if a.grad is None:
            return
        calls: list[BoundCall] = [(xp.copyto, y, by_step(a.grad, steps)), (flat(y).T.dot, flat(x), p.grad)]
        if h.grad is not None:
            back = zeros(steps, plan.batch, p.value.shape[1])
            features = x.shape[2] - self.bias
            calls += [(flat(y).dot, p.value, flat(back)), (xp.copyto, by_step(h.grad, steps), back[:, :, :features])]
        plan.backward(*calls)

    def held(self, *shapes: Shape) -> int:
        return prod(shapes[0]) + shapes[0][0] * self.units if len(shapes[0]) == 2 else 0

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        if len(shapes[0]) == 2:
            turned = Operator("Transpose", (".weight",), {"perm": (1, 0)}, ".turned")
            if not self.bias:
                return (turned, Operator("MatMul", (*inputs, ".turned")))
            product = Operator("MatMul", (*inputs, ".turned"), output=".product")
            return (turned, product, Operator("Add", (".product", ".bias")))
        parameters = (".weight", ".bias") if self.bias else (".weight",)
        return (Operator("Gemm", (*inputs, *parameters), {"transB": 1}),)

    def torch(self, *shapes: Shape) -> str:
        bias = "" if self.bias else ", bias=False"
        return f"nn.Linear({shapes[0][-1]}, {self.units}{bias})"

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        want = self._request((self.block_shape(*shapes)[0], shapes[0][-1]))
        return drawn.torch_lines(self, module, want)
