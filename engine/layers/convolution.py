"""Convolution over images and along sequences (LeCun et al. 1989; the kernel is not turned round, as everywhere now).

An image lies H × C × W × N (`engine.layout`). It is written out along the width alone, once for each column of the
kernel: E[h, c, j, x] = I[h, c, x · stride + j · dilation]. Then all that row y of the output looks at is one piece of
memory, from E[y · stride] on as many rows as the kernel has, and such pieces overlap without a copy. With V[y] that
piece as a matrix (k, X · N), W the kernels as (k, filters) and D[y] the gradient of row y:

    A[y] = Wᵀ V[y] + b,    ∂L/∂W = Σ_y V[y] D[y]ᵀ,    ∂L/∂E from W D[y], each row of the kernel at its place.

Writing it out along both axes (Chellapilla, Puri and Simard 2006) takes as many times the memory as the kernel has
rows.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.errors import ShapeError
from engine.initializers import InitName, Request
from engine.layers import by_hand, drawn
from engine.layers.base import Attributes, Block, Operator, Shape, Weighted
from engine.layers.connections import Connections, mask_of, must_connect, torch_class
from engine.layers.sheet import Sheet
from engine.layers.window import (
    SAME,
    AtLeast0,
    AtLeast1,
    Axis,
    Margin,
    Same,
    Size,
    image,
    margins,
    must_fit,
    pair,
    sequence,
)

if TYPE_CHECKING:
    from engine.plan import Plan, Var

T = TypeVar("T")
Init = Annotated[
    Literal[InitName, "kernels"], Meta(title="Initial weights", description="How W is drawn, or kernels by hand")
]


class Convolution(Weighted, frozen=True):
    """What both convolutions are. The block is (k + 1, filters): kernels as columns, row by row, biases below them."""

    group: ClassVar[str] = "Images"

    filters: Annotated[int, Meta(ge=1, le=65_536, title="Filters", description="Output maps, a kernel each")] = 8
    kernel_size: Annotated[Size, Meta(title="Kernel", description="Height × width, or one number for both")] = 3
    stride: Annotated[Size, Meta(title="Stride", description="From window to window, down × across")] = 1
    padding: Annotated[
        Margin | Same, Meta(title="Padding", description="Zeros around the image; same: the output is as large as it")
    ] = 0
    dilation: Annotated[Size, Meta(title="Dilation", description="From number to number inside the window")] = 1
    groups: Annotated[
        int, Meta(ge=1, le=65_536, title="Groups", description="Parts into which maps are divided, each for itself")
    ] = 1
    bias: Annotated[
        bool,
        Meta(title="Bias", description="Adds b to every map; for one at every place, off, and a bias per unit behind"),
    ] = True
    connections: Connections = None
    init: Init = "glorot_uniform"
    kernels: by_hand.Kernels = ("identity",)
    turned: by_hand.Turned = False
    init_std: drawn.InitStd = 0.05
    init_limit: drawn.InitLimit = 0.05
    init_value: drawn.InitValue = 0.0
    init_gain: drawn.InitGain = 1.0
    init_nonzero: drawn.InitNonzero = 15
    bias_init: drawn.BiasInit = 0.0
    trainable: drawn.Trainable = True

    def __post_init__(self) -> None:
        drawn.words_to_numbers(self)

    in_torch: ClassVar[str]

    @property
    def trains(self) -> bool:
        return self.trainable

    # What the two kinds say

    @property
    def _sides(self) -> tuple[int, int]:
        """The kernel's height and width."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def _convolved(
        self, inputs: tuple[str, ...], parameters: tuple[str, ...], attributes: Attributes
    ) -> tuple[Operator, ...]:
        """The ONNX operators around the one that convolves."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def _own_sides(self, high: T, wide: T) -> tuple[T, ...]:
        """Of what is said down and across that which this kind has."""
        return high, wide

    def channels(self, shape: Shape) -> int:
        """How many maps there are in an input of `shape`; a ShapeError where it is none."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def axes(self, shape: Shape) -> tuple[Axis, Axis]:
        """The windows down and across an input of `shape`."""
        raise NotImplementedError(self.kind())  # each kind has its own

    # Shapes and parameters

    def _fitting(self, shape: Shape) -> tuple[Axis, Axis]:
        """The axes of an input that fits; else a ShapeError."""
        channels, axes = self.channels(shape), self.axes(shape)
        if self.padding == SAME and any(axis.stride > 1 for axis in axes):
            raise ShapeError(f"padding {SAME!r} goes with stride 1, got {self.stride}")
        if channels % self.groups or self.filters % self.groups:
            raise ShapeError(
                f"{channels} input maps and {self.filters} filters cannot be divided into {self.groups} groups"
            )
        if self.connections is not None:
            must_connect(self.connections, channels, self.filters, self.groups)
        must_fit(axes, shape)
        if self.init == by_hand.BY_HAND:
            self._set_by_hand(1)
        return axes

    def _kernel(self, shape: Shape) -> Shape:
        """A kernel's shape: maps that it sees, height, width."""
        high, wide = self.axes(shape)
        return self.channels(shape) // self.groups, high.kernel, wide.kernel

    def block_shape(self, *shapes: Shape) -> Shape:
        return (prod(self._kernel(*shapes)) + self.bias, self.filters)

    def parameter_count(self, *shapes: Shape) -> int:
        return self._links(*shapes) + self.bias * self.filters

    def connection_count(self, *shapes: Shape) -> int:
        places = prod(self.output_shape(*shapes)) // self.filters
        return self.parameter_count(*shapes) * places

    def _links(self, shape: Shape) -> int:
        """Weights that there are: those that no connection has are 0 and stay it."""
        per, *area = self._kernel(shape)
        maps = self.filters * per if self.connections is None else sum(map(len, self.connections))
        return maps * prod(area)

    def views(self, block: Array) -> dict[str, Array]:
        high, wide = self._sides
        kernels = block[: len(block) - self.bias].reshape(high, -1, wide, self.filters).transpose(3, 1, 0, 2)
        weight = kernels[..., 0] if len(self._own_sides(high, wide)) == 1 else kernels
        return {"weight": weight, "bias": block[-1]} if self.bias else {"weight": weight}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        if name == "weight" and self.init == by_hand.BY_HAND:
            kernels = self._set_by_hand(shape[1])
            return self.connected(np.broadcast_to(kernels.reshape(shape[0], 1, *shape[2:]), shape).copy())
        drawn_ = drawn.draw(self, name, rng, self._request(shape))
        return self.connected(drawn_) if name == "weight" else drawn_

    def _set_by_hand(self, maps: int) -> Array:
        """(filters, 1, height, width) over the input maps that each sees, of which there are so many at most."""
        seen = maps if self.connections is None else np.array([len(row) for row in self.connections])
        return by_hand.set_by_hand(self.kernels, self.turned, self.filters, self._sides, seen)

    def connected(self, weight: Array) -> Array:
        """`weight` (filters, maps, …) with 0 where there is no connection."""
        mask = mask_of(self.connections)
        return weight if mask is None else weight * mask.reshape(*mask.shape, *(1 for _ in weight.shape[2:]))

    def pads(self, shape: Shape) -> bool:
        """Whether windows look beyond an input of `shape`."""
        return any(axis.before or axis.after for axis in self.axes(shape))

    def _request(self, shape: Shape) -> Request:
        """Of kernels of `shape`; fans are counted as PyTorch does, where connections are left out by their mean."""
        area, seen = prod(shape[2:]), prod(shape[1:2])
        if self.connections is not None:
            seen = max(1, round(sum(map(len, self.connections)) / self.filters))
        return drawn.request(self, shape, fan_in=seen * area, fan_out=shape[0] * area)

    # Both ways

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, groups, (high, wide) = plan.xp, self.groups, self.axes(h.shape)
        per, across = self.channels(h.shape) // groups, wide.out * plan.batch
        k, own = high.kernel * per * wide.kernel, self.filters // groups
        sheet = Sheet(plan, h.value, groups, per, high, wide)
        for call in sheet.calls:
            plan.forward(*call)
        values, mask = p.value[:k], mask_of(self.connections)
        if mask is not None:
            free = plan.backend.from_host(
                np.broadcast_to(mask.T[None, :, None], (high.kernel, per, wide.kernel, len(mask)))
            )
            free = free.reshape(k, self.filters)
            values = plan.backend.zeros(k, self.filters)
            plan.forward(xp.multiply, p.value[:k], free, values)
        kernels = values.reshape(k, groups, own).transpose(1, 0, 2)

        def rows(array: Array) -> Array:
            """(groups, rows of the output, own, across)."""
            view: Array = array.reshape(high.out, groups, own, across).transpose(1, 0, 2, 3)
            return view

        plan.forward(*sheet.products(kernels.transpose(0, 2, 1), rows(a.value)))
        if self.bias:
            # Written out over one row: NumPy adds arrays in half the time that it adds single numbers.
            lines, biases = a.value.reshape(high.out, -1), plan.backend.zeros(self.filters, across)
            plan.forward(xp.copyto, biases, p.value[k:].reshape(self.filters, 1))
            plan.forward(xp.add, lines, biases.reshape(-1), lines)
        if a.grad is None:
            return
        delta = rows(a.grad)
        calls: list[BoundCall] = []
        if plan.trains:
            calls += sheet.kernel_gradient(delta, p.grad[:k].reshape(k, groups, own).transpose(1, 0, 2))
        if plan.trains and mask is not None:
            calls.append((xp.multiply, p.grad[:k], free, p.grad[:k]))
        if plan.trains and self.bias:
            sums = plan.backend.zeros(high.out * self.filters)
            calls += [
                (a.grad.reshape(-1, across).dot, plan.backend.ones(across), sums),
                (xp.add.reduce, sums.reshape(high.out, self.filters), 0, None, p.grad[k]),
            ]
        if h.grad is not None:
            calls += sheet.image_gradient(kernels, delta, h.grad)
        plan.backward(*calls)

    # Exports

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        high, wide = self.axes(*shapes)
        axes = self._own_sides(high, wide)
        attributes: Attributes = {
            "kernel_shape": tuple(axis.kernel for axis in axes),
            "strides": tuple(axis.stride for axis in axes),
            "dilations": tuple(axis.dilation for axis in axes),
            "pads": (*(axis.before for axis in axes), *(axis.after for axis in axes)),
            "group": self.groups,
        }
        weight, mask = ".weight", mask_of(self.connections)
        masking: tuple[Operator, ...] = ()
        if mask is not None:
            weight = ".connected"
            masking = (
                Operator("Constant", (), {"value_floats": tuple(mask.ravel().tolist())}, ".flags"),
                Operator("Constant", (), {"value_ints": (*mask.shape, *(1 for _ in axes))}, ".table"),
                Operator("Reshape", (".flags", ".table"), {}, ".connections"),
                Operator("Mul", (".weight", ".connections"), {}, weight),
            )
        parameters = (weight, ".bias") if self.bias else (weight,)
        return *masking, *self._convolved(inputs, parameters, attributes)

    def torch(self, *shapes: Shape) -> str:
        same = f'"{SAME}"' if self.padding == SAME else self.padding
        said = {"stride": (self.stride, 1), "padding": (same, 0), "dilation": (self.dilation, 1)}
        said |= {"groups": (self.groups, 1), "bias": (self.bias, True)}
        more = "".join(f", {name}={value}" for name, (value, usual) in said.items() if value != usual)
        sizes = f"{self.channels(*shapes)}, {self.filters}, {self.kernel_size}{more}"
        if self.connections is None:
            return f"nn.{self.in_torch}({sizes})"
        return f"{self._class}({[list(maps) for maps in self.connections]}, {sizes})"

    @property
    def _class(self) -> str:
        return f"Connected{self.in_torch}"

    def torch_class(self) -> tuple[str, ...]:
        if self.connections is None:
            return ()
        return torch_class(self._class, self.in_torch, len(self._own_sides(*self._sides)))

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        per, *sides = self._kernel(*shapes)
        shape = (self.filters, per, *self._own_sides(*sides))
        if self.init == by_hand.BY_HAND:
            kernels = self._set_by_hand(per).reshape(shape[0], 1, *shape[2:]).tolist()
            bias = drawn.torch_bias(self, module, self._request(shape))
            lines: tuple[str, ...] = (f"{module}.weight.data[:] = torch.tensor({kernels})", *bias)
        else:
            lines = drawn.torch_lines(self, module, self._request(shape))
        return lines if self.connections is None else (*lines, f"{module}.weight.data *= {module}.seen")


class Conv2d(Convolution, frozen=True, tag="conv2d"):
    """a_f = Σ_c w_fc ⋆ h_c + b_f: the kernel of each filter at every place of the image (C, H, W)."""

    title: ClassVar[str] = "Conv 2D"
    in_torch: ClassVar[str] = "Conv2d"

    @property
    def _sides(self) -> tuple[int, int]:
        return pair(self.kernel_size)

    def channels(self, shape: Shape) -> int:
        return image(shape)[0]

    def axes(self, shape: Shape) -> tuple[Axis, Axis]:
        _, *sizes = image(shape)
        dilations = pair(self.dilation)
        tall, broad = ((side - 1) * step + 1 for side, step in zip(self._sides, dilations, strict=True))
        ends = margins(self.padding, (tall, broad))
        high, wide = (
            Axis(*numbers, *ends[axis])
            for axis, numbers in enumerate(zip(sizes, self._sides, pair(self.stride), dilations, strict=True))
        )
        return high, wide

    def output_shape(self, *shapes: Shape) -> Shape:
        high, wide = self._fitting(*shapes)
        return (self.filters, high.out, wide.out)

    def _convolved(
        self, inputs: tuple[str, ...], parameters: tuple[str, ...], attributes: Attributes
    ) -> tuple[Operator, ...]:
        return (Operator("Conv", (*inputs, *parameters), attributes),)


class Conv1d(Convolution, frozen=True, tag="conv1d"):
    """a_f = Σ_c w_fc ⋆ h_c + b_f along the steps of a sequence (T, F), whose features are the maps."""

    title: ClassVar[str] = "Conv 1D"
    group: ClassVar[str] = "Sequences"
    in_torch: ClassVar[str] = "Conv1d"

    kernel_size: Annotated[AtLeast1, Meta(title="Kernel", description="Steps")] = 3
    stride: Annotated[AtLeast1, Meta(title="Stride", description="From window to window")] = 1
    padding: Annotated[
        AtLeast0 | Same,
        Meta(title="Padding", description="Zeros at both ends; same: the output is as long as the input"),
    ] = 0
    dilation: Annotated[AtLeast1, Meta(title="Dilation", description="From step to step inside the window")] = 1

    @property
    def _sides(self) -> tuple[int, int]:
        return self.kernel_size, 1

    def _own_sides(self, high: T, wide: T) -> tuple[T, ...]:
        return (high,)

    def channels(self, shape: Shape) -> int:
        return sequence(shape)[1]

    def axes(self, shape: Shape) -> tuple[Axis, Axis]:
        steps, _ = sequence(shape)
        (before, after), _ = margins(self.padding, ((self.kernel_size - 1) * self.dilation + 1, 1))
        return Axis(steps, self.kernel_size, self.stride, self.dilation, before, after), Axis(1, 1)

    def output_shape(self, *shapes: Shape) -> Shape:
        high, _ = self._fitting(*shapes)
        return (high.out, self.filters)

    def _convolved(
        self, inputs: tuple[str, ...], parameters: tuple[str, ...], attributes: Attributes
    ) -> tuple[Operator, ...]:
        turn: Attributes = {"perm": (0, 2, 1)}
        return (
            Operator("Transpose", inputs, turn, ".maps"),
            Operator("Conv", (".maps", *parameters), attributes, ".filtered"),
            Operator("Transpose", (".filtered",), turn),
        )

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        # PyTorch wants the maps before the steps.
        return f"{super().torch_forward(module, (f'{inputs[0]}.transpose(1, 2)',))}.transpose(1, 2)"
