"""Nonlinear layers with parameters of their own: prelu and maxout; and a constant, which has nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine import layout
from engine.backend import Array, BoundCall
from engine.errors import ShapeError
from engine.layers.base import Block, Operator, Shape, Weighted, text_of, vector
from engine.layers.dense import Dense

if TYPE_CHECKING:
    from engine.plan import Plan, Var

Trainable = Annotated[bool, Meta(title="Trainable", description="Off: the numbers stay as they are")]


class PRelu(Weighted, frozen=True, tag="prelu"):
    """h = a where a > 0, else w a, with one learned w, or one for each feature, of pictures each map (He et al. 2015).

    It takes numbers in any shape; of sequences all have one slope.
    """

    title: ClassVar[str] = "PReLU"
    group: ClassVar[str] = "Activation"
    penalized: ClassVar[bool] = False  # L2 would pull it towards ReLU

    per_feature: Annotated[
        bool, Meta(title="Per feature", description="A slope of its own for each feature, of pictures for each map")
    ] = False
    slope_init: Annotated[float, Meta(title="First slope", description="What w is at first")] = 0.25
    trainable: Trainable = True

    @property
    def trains(self) -> bool:
        return self.trainable

    def output_shape(self, *shapes: Shape) -> Shape:
        if self.per_feature and len(shapes[0]) == layout.SEQUENCE:
            raise ShapeError(f"has a slope for each feature of vectors or map of pictures, got {text_of(shapes[0])}")
        return shapes[0]

    def block_shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0] if self.per_feature else 1, 1)

    def views(self, block: Array) -> dict[str, Array]:
        return {"weight": block[:, 0]}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, self.slope_init)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, shape, maps = plan.xp, h.value.shape, layout.is_image(h.shape)
        x, y = h.value, a.value
        if maps:
            shape = (*layout.held(h.shape), plan.batch)  # rows of the picture, maps, places in a row, examples
            x, y = x.reshape(shape), y.reshape(shape)
        w = p.value.reshape(-1, 1, 1) if maps else p.value
        below, slope, above = plan.backend.zeros(*shape), plan.backend.zeros(*shape), plan.backend.mask(*shape)
        plan.forward(xp.fmax, x, plan.backend.zeros(*shape), y)  # `maximum` costs several times as much
        plan.forward(xp.subtract, x, y, below)  # where a NaN, which fmax drops, is still there
        plan.forward(xp.multiply, below, w, slope)
        plan.forward(xp.add, y, slope, y)
        if a.grad is None:
            return
        delta = a.grad.reshape(shape)
        own = p.grad[:, 0] if self.per_feature else p.grad.reshape(())
        alike = ((0, 2, 3) if maps else 1) if self.per_feature else None
        calls: list[BoundCall] = [
            (xp.multiply, delta, below, slope),
            (xp.add.reduce, slope, alike, None, own, False),
        ]
        if h.grad is not None:
            # The slope is 1 above 0 and w below: w + (1 - w) [a > 0].
            rest = plan.backend.zeros(*w.shape)
            calls += [
                (xp.greater, x, plan.number(0), above),
                (xp.subtract, plan.number(1), w, rest),
                (xp.multiply, above, rest, slope),
                (xp.add, slope, w, slope),
                (xp.multiply, delta, slope, h.grad.reshape(shape)),
            ]
        plan.backward(*calls)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        if not (self.per_feature and layout.is_image(shapes[0])):
            return (Operator("PRelu", (*inputs, ".weight")),)
        return (
            Operator("Constant", (), {"value_ints": (-1, 1, 1)}, ".sides"),
            Operator("Reshape", (".weight", ".sides"), output=".slopes"),
            Operator("PRelu", (*inputs, ".slopes")),
        )

    def torch(self, *shapes: Shape) -> str:
        return f"nn.PReLU({shapes[0][0]})" if self.per_feature else "nn.PReLU()"

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        return (f"nn.init.constant_({module}.weight, {self.slope_init})",)


class Maxout(Dense, frozen=True, tag="maxout"):
    """h_u = max over k of (W h + b) at row u · pieces + k (Goodfellow et al. 2013)."""

    title: ClassVar[str] = "Maxout"
    group: ClassVar[str] = "Activation"

    pieces: Annotated[
        int, Meta(ge=2, le=64, title="Pieces", description="Lines of which each unit takes the highest")
    ] = 2

    @property
    def _rows(self) -> int:
        return self.units * self.pieces

    def output_shape(self, *shapes: Shape) -> Shape:
        vector(*shapes)
        return (self.units,)

    def block_shape(self, *shapes: Shape) -> Shape:
        return (self._rows, shapes[0][0] + self.bias)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, zeros, mask = plan.xp, plan.backend.zeros, plan.backend.mask
        x, back = h.taken(self.bias)
        z = zeros(self._rows, plan.batch)
        lines = z.reshape(self.units, self.pieces, plan.batch)
        plan.forward(p.value.dot, x, z)
        plan.forward(plan.backend.most, lines, 1, None, a.value)
        if a.grad is None:
            return
        delta, highest, taken = zeros(self._rows, plan.batch), mask(*a.value.shape), mask(*a.value.shape)
        parts = delta.reshape(lines.shape)
        # Of equal lines the first has the gradient, as PyTorch's max.
        calls: list[BoundCall] = [(taken.fill, False)]
        for k in range(self.pieces):
            calls += [
                (xp.equal, lines[:, k], a.value, highest),
                (xp.greater, highest, taken, highest),
                (xp.multiply, a.grad, highest, parts[:, k]),
                (xp.logical_or, taken, highest, taken),
            ]
        calls.append((delta.dot, x.T, p.grad))
        if back is not None:
            calls.append((p.value.T.dot, delta, back))
        plan.backward(*calls)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        parameters = (".weight", ".bias") if self.bias else (".weight",)
        return (
            Operator("Gemm", (*inputs, *parameters), {"transB": 1}, ".lines"),
            Operator("Constant", (), {"value_ints": (-1, self.units, self.pieces)}, ".shape"),
            Operator("Reshape", (".lines", ".shape"), {}, ".pieces"),
            Operator("Constant", (), {"value_ints": (2,)}, ".axis"),
            Operator("ReduceMax", (".pieces", ".axis"), {"keepdims": 0}),
        )

    def torch(self, *shapes: Shape) -> str:
        bias = "" if self.bias else ", bias=False"
        return f"nn.Linear({shapes[0][0]}, {self._rows}{bias})"

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return f"{module}({', '.join(inputs)}).unflatten(1, ({self.units}, {self.pieces})).max(dim=2).values"


class Constant(Weighted, frozen=True, tag="constant"):
    """h = c in every example: a number of a flow graph, or with `trainable` a free parameter."""

    title: ClassVar[str] = "Constant"
    group: ClassVar[str] = "Expression"
    arity: ClassVar[int] = 0
    penalized: ClassVar[bool] = False

    value: Annotated[float, Meta(title="Value", description="The number, of every unit")] = 1.0
    units: Annotated[int, Meta(ge=1, le=65_536, title="Units", description="How many numbers")] = 1
    trainable: Annotated[bool, Meta(title="Trainable", description="On: training moves it")] = False

    @property
    def trains(self) -> bool:
        return self.trainable

    def output_shape(self, *shapes: Shape) -> Shape:
        return (self.units,)

    def block_shape(self, *shapes: Shape) -> Shape:
        return (self.units, 1)

    def views(self, block: Array) -> dict[str, Array]:
        return {"weight": block[:, 0]}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, self.value)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        plan.forward(plan.xp.copyto, a.value, p.value)
        if a.grad is not None:
            plan.backward((plan.xp.add.reduce, a.grad, 1, None, p.grad, True))

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (
            Operator("Shape", ("x",), {"start": 0, "end": 1}, ".examples"),
            Operator("Constant", (), {"value_ints": (self.units,)}, ".units"),
            Operator("Concat", (".examples", ".units"), {"axis": 0}, ".shape"),
            Operator("Expand", (".weight", ".shape")),
        )

    def torch(self, *shapes: Shape) -> str:
        return f'nn.ParameterDict({{"weight": nn.Parameter(torch.empty({self.units}))}})'

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return f"{module}.weight.expand(len(x), -1)"

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        return (f"nn.init.constant_({module}.weight, {self.value})",)
