"""Pooling: each map is made smaller, by the largest number in each window or by the mean.

Both go along one axis at a time: of a window k × k that takes 2k numbers instead of k².
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine import layout
from engine.backend import Array, BoundCall
from engine.errors import ShapeError
from engine.layers import drawn
from engine.layers.base import Attributes, Block, Layer, Operator, Shape, Weighted
from engine.layers.window import Axis, Margin, Size, image, margins, must_fit, pair, rounded_up

if TYPE_CHECKING:
    from engine.plan import Plan, Var

Kernel = Annotated[Size, Meta(title="Window", description="Height × width, or one number for both")]
Step = Annotated[
    Size | None,
    Meta(title="Stride", description="From window to window, down × across; off: windows stand side by side"),
]
Padding = Annotated[
    Margin, Meta(title="Padding", description="Rows and columns around the image, at most half of the window")
]


Ceil = Annotated[
    bool,
    Meta(
        title="Over the edge",
        description="As many windows as begin inside: the last may go over the edge, where nothing counts",
    ),
]


class Pooling(Layer, frozen=True):
    """A window that moves over each map alone."""

    group: ClassVar[str] = "Images"

    kernel_size: Kernel = 2
    stride: Step = None
    padding: Padding = 0
    ceil_mode: Ceil = False

    def output_shape(self, *shapes: Shape) -> Shape:
        channels, *_ = image(*shapes)
        axes = self.axes(*shapes)
        if any(2 * axis.before > axis.kernel for axis in axes):
            raise ShapeError(f"padding {self.padding} is more than half of the window {self.kernel_size}")
        must_fit(axes, *shapes)
        high, wide = axes
        return (channels, high.out, wide.out)

    def axes(self, shape: Shape) -> tuple[Axis, Axis]:
        _, *sizes = image(shape)
        sides, ends = pair(self.kernel_size), margins(self.padding, (1, 1))
        steps = sides if self.stride is None else pair(self.stride)
        high, wide = (
            Axis(size, side, step, 1, *end) for size, side, step, end in zip(sizes, sides, steps, ends, strict=True)
        )
        return (rounded_up(high), rounded_up(wide)) if self.ceil_mode else (high, wide)

    @property
    def counts_padding(self) -> bool:
        """Whether a mean takes the padding for zeros; what is beyond it never counts."""
        return True

    def shares(self, shape: Shape) -> Array:
        """What one number counts in the mean of each window, by the window's place."""
        axes = self.axes(shape)
        margins = (axis.before if self.counts_padding else 0 for axis in axes)
        return 1 / np.multiply.outer(*(axis.counts(end, end) for axis, end in zip(axes, margins, strict=True)))

    def _attributes(self, shape: Shape) -> Attributes:
        axes = self.axes(shape)
        return {
            "kernel_shape": tuple(axis.kernel for axis in axes),
            "strides": tuple(axis.stride for axis in axes),
            "pads": tuple(end for end in (*(axis.before for axis in axes), *(axis.after for axis in axes))),
        }

    def _onnx_mean(self, inputs: tuple[str, ...], shape: Shape, output: str) -> tuple[Operator, ...]:
        """ONNX' own ceil_mode has changed its meaning with opset 22, so pads say where windows go over the edge."""
        attributes, axes = dict(self._attributes(shape)), self.axes(shape)
        if all(axis.before == axis.after for axis in axes):
            return (
                Operator("AveragePool", inputs, attributes | {"count_include_pad": int(self.counts_padding)}, output),
            )
        attributes["count_include_pad"] = 0  # what is over the edge counts in no case
        if not self.counts_padding or not any(axis.before for axis in axes):
            return (Operator("AveragePool", inputs, attributes, output),)
        before = tuple(axis.before for axis in axes)
        return (
            Operator("Constant", (), {"value_ints": (0, 0, *before, 0, 0, *before)}, ".margin"),
            Operator("Pad", (*inputs, ".margin"), {}, ".padded"),
            Operator(
                "AveragePool",
                (".padded",),
                attributes | {"pads": (0, 0, *(axis.after - axis.before for axis in axes))},
                output,
            ),
        )

    def _torch(self, name: str, more: str = "", maps: int | None = None) -> str:
        stride = "" if self.stride is None else f", stride={self.stride}"
        padding = f", padding={self.padding}" if self.padding else ""
        rounded = ", ceil_mode=True" if self.ceil_mode else ""
        first = "" if maps is None else f"{maps}, "
        return f"{name}({first}{self.kernel_size}{stride}{padding}{rounded}{more})"


class MaxPool2d(Pooling, frozen=True, tag="max_pool2d"):
    """h = the largest number in the window; of equal ones the first, row by row, has the gradient, as PyTorch's."""

    title: ClassVar[str] = "Max pool 2D"

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        high, wide = self.axes(h.shape)
        channels, tall, _ = h.shape
        between = plan.backend.zeros(tall, channels, wide.out, plan.batch)
        trains = a.grad is not None and h.grad is not None
        image, pooled = layout.as_held(h.value, h.shape), layout.as_held(a.value, a.shape)
        # Across first: of equal numbers in two rows the upper one is the first.
        across = _Greatest(plan, wide, ACROSS, image, between, trains)
        down = _Greatest(plan, high, DOWN, between, pooled, trains)
        if a.grad is not None and h.grad is not None:
            delta = plan.backend.zeros(*between.shape)
            plan.backward(
                *down.back(plan, layout.as_held(a.grad, a.shape), delta),
                *across.back(plan, delta, layout.as_held(h.grad, h.shape)),
            )

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("MaxPool", inputs, self._attributes(*shapes)),)

    def torch(self, *shapes: Shape) -> str:
        return self._torch("nn.MaxPool2d")


class AvgPool2d(Pooling, frozen=True, tag="avg_pool2d"):
    """h = the mean of the window; numbers of the padding count as zeros, as PyTorch's, or are left out."""

    title: ClassVar[str] = "Average pool 2D"

    count_include_pad: Annotated[
        bool, Meta(title="Padding counts", description="Off: the mean is of the numbers that are there")
    ] = True

    @property
    def counts_padding(self) -> bool:
        return self.count_include_pad

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        forward, back = _means(plan, self, h, a.value, a.grad)
        for call in forward:
            plan.forward(*call)
        if back:
            plan.backward(*back)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return self._onnx_mean(inputs, shapes[0], "")

    def torch(self, *shapes: Shape) -> str:
        return self._torch("nn.AvgPool2d", "" if self.count_include_pad else ", count_include_pad=False")


class Subsampling(Pooling, Weighted, frozen=True, tag="subsampling"):
    """h = w_c · mean + b_c: average pooling with a learned coefficient and bias for each map (LeCun et al. 1989)."""

    title: ClassVar[str] = "Subsampling"
    penalized: ClassVar[bool] = False

    trainable: drawn.Trainable = True

    @property
    def trains(self) -> bool:
        return self.trainable

    def block_shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], 2)

    def connection_count(self, *shapes: Shape) -> int:
        high, wide = self.axes(*shapes)
        return prod(self.output_shape(*shapes)) * (high.kernel * wide.kernel + 1)

    def views(self, block: Array) -> dict[str, Array]:
        return {"weight": block[:, 0], "bias": block[:, 1]}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, float(name == "weight"))

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, (channels, high, wide) = plan.xp, a.shape
        mean, delta = plan.scratch(a), None if a.grad is None else plan.scratch(a)
        forward, back = _means(plan, self, h, mean, delta)
        for call in forward:
            plan.forward(*call)

        def maps(array: Array) -> Array:
            view: Array = array.reshape(high, channels, wide * plan.batch)
            return view

        plan.forward(xp.multiply, maps(mean), p.value[:, :1], maps(a.value))
        plan.forward(xp.add, maps(a.value), p.value[:, 1:], maps(a.value))
        if a.grad is None or delta is None:
            return
        calls: list[BoundCall] = [
            (xp.multiply, a.grad, mean, delta),
            (xp.add.reduce, maps(delta), (0, 2), None, p.grad[:, 0]),
            (xp.add.reduce, maps(a.grad), (0, 2), None, p.grad[:, 1]),
        ]
        if back:
            calls.append((xp.multiply, maps(a.grad), p.value[:, :1], maps(delta)))
        plan.backward(*calls, *back)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (
            *self._onnx_mean(inputs, shapes[0], ".mean"),
            Operator("Constant", (), {"value_ints": (-1, 1, 1)}, ".maps"),
            Operator("Reshape", (".weight", ".maps"), {}, ".coefficients"),
            Operator("Reshape", (".bias", ".maps"), {}, ".biases"),
            Operator("Mul", (".mean", ".coefficients"), {}, ".scaled"),
            Operator("Add", (".scaled", ".biases")),
        )

    def torch(self, *shapes: Shape) -> str:
        return self._torch("Subsampling", maps=shapes[0][0])

    def torch_class(self) -> tuple[str, ...]:
        return (
            "class Subsampling(nn.AvgPool2d):",
            '    """Average pooling with a coefficient and a bias for each map."""',
            "",
            "    def __init__(self, maps: int, *args, **kwargs) -> None:",
            "        super().__init__(*args, **kwargs)",
            "        self.weight = nn.Parameter(torch.ones(maps))",
            "        self.bias = nn.Parameter(torch.zeros(maps))",
            "",
            "    def forward(self, x: torch.Tensor) -> torch.Tensor:",
            "        mean = super().forward(x)",
            "        return self.weight[:, None, None] * mean + self.bias[:, None, None]",
        )

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        return (f"nn.init.ones_({module}.weight)", f"nn.init.zeros_({module}.bias)")


class GlobalAvgPool2d(Layer, frozen=True, tag="global_avg_pool2d"):
    """h_c = the mean of map c: an image (C, H, W) becomes a vector of C numbers (Lin, Chen and Yan 2014)."""

    title: ClassVar[str] = "Global average pool"
    group: ClassVar[str] = "Images"

    def output_shape(self, *shapes: Shape) -> Shape:
        return (image(*shapes)[0],)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        xp, maps = plan.xp, layout.as_held(h.value, h.shape)
        inverse = plan.number(1 / (maps.shape[0] * maps.shape[2]))
        plan.forward(xp.add.reduce, maps, (0, 2), None, a.value)
        plan.forward(xp.multiply, a.value, inverse, a.value)
        if a.grad is not None and h.grad is not None:
            share = plan.scratch(a)
            spread = share.reshape(1, len(share), 1, plan.batch)
            back = layout.as_held(h.grad, h.shape)
            plan.backward((xp.multiply, a.grad, inverse, share), (xp.copyto, back, spread))

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return Operator("GlobalAveragePool", inputs, {}, ".means"), Operator("Flatten", (".means",), {"axis": 1})

    def torch(self, *shapes: Shape) -> str:
        return "nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())"


DOWN, ACROSS = 0, 2  # axes of an image as it lies


def _at(image: Array, axis: int, part: slice) -> Array:
    """The rows or columns `part` of an image as it lies."""
    return image[part] if axis == DOWN else image[:, :, part]


class _Greatest:
    """The largest number of each window along one axis, and which one it is."""

    def __init__(self, plan: Plan, line: Axis, axis: int, source: Array, target: Array, trains: bool) -> None:
        self._line, self._axis = line, axis
        xp, backend = plan.xp, plan.backend
        padded = line.before + line.after > 0
        first = 0 if padded else 1
        self._newer: dict[int, Array] = {}  # 1 where number j of the window is larger than those before it
        greater = backend.mask(*target.shape) if trains else None
        if padded:
            plan.forward(target.fill, -np.inf)
        elif line.kernel == 1:
            plan.forward(xp.copyto, target, _at(source, axis, line.reach(0)[1]))
        for j in range(first, line.kernel):
            outputs, inputs = line.reach(j)
            number, into = _at(source, axis, inputs), _at(target, axis, outputs)
            before = _at(source, axis, line.reach(0)[1]) if j == 1 and not padded else into
            if greater is not None:
                self._newer[j] = backend.zeros(*into.shape)
                mask = _at(greater, axis, outputs)
                plan.forward(xp.greater, number, before, mask)
                plan.forward(xp.copyto, self._newer[j], mask)
            plan.forward(partial(xp.maximum, out=into), before, number)

    def back(self, plan: Plan, delta: Array, target: Array) -> list[BoundCall]:
        """The gradient goes to the last number that was larger than all before it."""
        xp, line, axis = plan.xp, self._line, self._axis
        rest, part = plan.backend.zeros(*delta.shape), plan.backend.zeros(*delta.shape)
        overlap = line.stride < line.kernel
        calls: list[BoundCall] = [] if _covers(line) else [(target.fill, 0)]
        whole = delta  # what no later number has taken
        for j in range(line.kernel - 1, -1, -1):
            outputs, inputs = line.reach(j)
            into, left = _at(target, axis, inputs), _at(whole, axis, outputs)
            if j not in self._newer:
                calls.append((xp.add, into, left, into) if overlap else (xp.copyto, into, left))
                break
            taken = _at(part, axis, outputs) if overlap else into
            calls.append((xp.multiply, left, self._newer[j], taken))
            if whole is delta and taken.shape != delta.shape:
                calls.append((xp.copyto, rest, delta))
                whole, left = rest, _at(rest, axis, outputs)
            if j == 1 and not overlap and 0 not in self._newer:  # the first number has what is left
                calls.append((xp.subtract, left, taken, _at(target, axis, line.reach(0)[1])))
                break
            calls.append((xp.subtract, left, taken, _at(rest, axis, outputs)))
            if overlap:
                calls.append((xp.add, into, taken, into))
            whole = rest
        return calls


def _covers(line: Axis) -> bool:
    """Whether every number is in one window and no more."""
    return line.stride == line.kernel and line.out * line.kernel == line.size and not line.before


def _means(
    plan: Plan, layer: AvgPool2d | Subsampling, h: Var, value: Array, grad: Array | None
) -> tuple[list[BoundCall], list[BoundCall]]:
    """The calls that take `h` to the means of its windows, and those that take their gradient `grad` back."""
    xp, (high, wide) = plan.xp, layer.axes(h.shape)
    channels, tall, _ = h.shape
    between = plan.backend.zeros(tall, channels, wide.out, plan.batch)
    pooled = value.reshape(high.out, channels, wide.out, plan.batch)
    shares = layer.shares(h.shape)
    share: Array = plan.number(float(shares[0, 0]))
    if np.ptp(shares):
        share = plan.backend.from_host(shares).reshape(high.out, 1, wide.out, 1)
    image = layout.as_held(h.value, h.shape)
    forward = [*_sums(xp, wide, ACROSS, image, between), *_sums(xp, high, DOWN, between, pooled)]
    forward.append((xp.multiply, pooled, share, pooled))
    if grad is None or h.grad is None:
        return forward, []
    delta, back = plan.backend.zeros(*pooled.shape), plan.backend.zeros(*between.shape)
    return forward, [
        (xp.multiply, grad.reshape(pooled.shape), share, delta),
        *_spread(xp, high, DOWN, delta, back),
        *_spread(xp, wide, ACROSS, back, layout.as_held(h.grad, h.shape)),
    ]


def _sums(xp: Any, line: Axis, axis: int, source: Array, target: Array) -> list[BoundCall]:
    """Σ over each window along one axis."""
    calls: list[BoundCall] = [(target.fill, 0)]
    for j in range(line.kernel):
        outputs, inputs = line.reach(j)
        into = _at(target, axis, outputs)
        calls.append((xp.add, into, _at(source, axis, inputs), into))
    return calls


def _spread(xp: Any, line: Axis, axis: int, delta: Array, target: Array) -> list[BoundCall]:
    """The way back of `_sums`: each number of a window has the window's gradient."""
    covers = _covers(line)
    calls: list[BoundCall] = [] if covers else [(target.fill, 0)]
    for j in range(line.kernel):
        outputs, inputs = line.reach(j)
        into, part = _at(target, axis, inputs), _at(delta, axis, outputs)
        calls.append((xp.copyto, into, part) if covers else (xp.add, into, part, into))
    return calls
