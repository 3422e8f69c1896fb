"""Normalisation: by the batch, or by each example's own features, maps or groups of maps."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine import layout
from engine.backend import Array, BoundCall
from engine.errors import ShapeError
from engine.layers.base import Block, Buffer, Layer, Operator, Shape, Weighted, text_of
from engine.layers.window import image

if TYPE_CHECKING:
    from engine.plan import Plan, Var

Eps = Annotated[float, Meta(ge=1e-30, le=1, title="ε", description="Added to the variance", extra={"log": True})]
Trainable = Annotated[bool, Meta(title="Trainable", description="Off: scale and shift stay as they are")]


class Norm(Weighted, frozen=True):
    """h = w x̂ + b with a mean of 0 and a variance of 1 in x̂; w and b are the columns of one block (features, 2)."""

    group: ClassVar[str] = "Norm"
    penalized: ClassVar[bool] = False

    eps: Eps = 1e-5
    trainable: Trainable = True

    @property
    def trains(self) -> bool:
        return self.trainable

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        return (f"nn.init.ones_({module}.weight)", f"nn.init.zeros_({module}.bias)")

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, float(name == "weight"))

    def views(self, block: Array) -> dict[str, Array]:
        axes = block.ndim - 1
        return {"weight": layout.turned(block[..., 0], axes), "bias": layout.turned(block[..., 1], axes)}

    def biases(self, block: Array) -> Array:
        return block[..., 1].reshape(-1)  # as they lie, which is a view


@dataclass(frozen=True, slots=True)
class Over:
    """How a norm sees values (features, N): as an array of `shape`, with one mean and variance along `axes`.

    Scale and shift have the length 1 along `alike`.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    alike: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many numbers each mean is of."""
        return prod(self.shape[axis] for axis in self.axes)

    def without(self, axes: tuple[int, ...]) -> tuple[int, ...]:
        """The shape with the length 1 along `axes`."""
        return tuple(1 if axis in axes else size for axis, size in enumerate(self.shape))


def by_channel(shape: Shape, batch: int) -> Over:
    """Over the batch, and of an image over all places: one mean for each feature or map."""
    if len(shape) == 1:
        return Over((*shape, batch), (1,), (1,))
    channels, high, wide = image(shape)
    return Over((high, channels, wide * batch), (0, 2), (0, 2))


def bind_normed(plan: Plan, h: Var, a: Var, over: Over, eps: float, p: Block | None = None) -> tuple[Array, Array]:
    """Both ways with the mean and variance of this batch, which are returned; `p` has scale and shift, if any.

    δ_x = (u - mean u - x̂ mean(u x̂)) / σ with u = w δ (Ioffe and Szegedy 2015, with the sums written together).
    """
    xp, add, zeros = plan.xp, plan.xp.add.reduce, plan.backend.zeros
    one = over.without(over.axes)
    mean, variance, deviation = zeros(*one), zeros(*one), zeros(*one)
    x, y = h.value.reshape(over.shape), a.value.reshape(over.shape)
    normed, product = (y if p is None else zeros(*over.shape)), zeros(*over.shape)
    inverse = plan.number(1 / over.count)
    plan.forward(add, x, over.axes, None, mean, True)
    plan.forward(xp.multiply, mean, inverse, mean)
    plan.forward(xp.subtract, x, mean, normed)
    plan.forward(xp.multiply, normed, normed, product)
    plan.forward(add, product, over.axes, None, variance, True)
    plan.forward(xp.multiply, variance, inverse, variance)
    plan.forward(xp.add, variance, plan.number(eps), deviation)
    plan.forward(xp.sqrt, deviation, deviation)
    plan.forward(xp.divide, normed, deviation, normed)
    if p is not None:
        scale, shift = columns(p.value, over)
        plan.forward(xp.multiply, normed, scale, y)
        plan.forward(xp.add, y, shift, y)
    if a.grad is None:
        return mean, variance
    u, calls = a.grad.reshape(over.shape), list[BoundCall]()
    if p is not None:
        scale_grad, shift_grad = columns(p.grad, over)
        calls += [
            (xp.multiply, u, normed, product),
            (add, product, over.alike, None, scale_grad, True),
            (add, u, over.alike, None, shift_grad, True),
        ]
    if h.grad is not None:
        delta, along, back = u, zeros(*one), h.grad.reshape(over.shape)
        u = zeros(*over.shape)
        calls += [
            (xp.copyto, u, delta) if p is None else (xp.multiply, delta, scale, u),
            (xp.multiply, u, normed, product),
            (add, product, over.axes, None, along, True),
            (xp.multiply, along, inverse, along),
            (xp.multiply, normed, along, product),
            (add, u, over.axes, None, along, True),
            (xp.multiply, along, inverse, along),
            (xp.subtract, u, along, u),
            (xp.subtract, u, product, u),
            (xp.divide, u, deviation, back),
        ]
    if calls:
        plan.backward(*calls)
    return mean, variance


def columns(block: Array, over: Over) -> tuple[Array, Array]:
    """Scale and shift, or their gradients, as they go along with values."""
    shape = over.without(over.alike)
    return block[..., 0].reshape(shape), block[..., 1].reshape(shape)


class BatchNorm(Norm, frozen=True, tag="batch_norm"):
    """h = w (x - μ) / √(σ² + ε) + b: of the batch while training, of running averages afterwards, per feature
    or map.

    Conventions are PyTorch's: the batch is scaled by its biased variance, the running average takes the unbiased
    one, and r ← (1 - momentum) r + momentum · new (Keras' momentum is 1 minus it). A batch of one example, which
    PyTorch refuses, comes out as b and teaches the running variance nothing.
    """

    title: ClassVar[str] = "Batch norm"
    two_modes: ClassVar[bool] = True

    momentum: Annotated[
        float, Meta(gt=0, le=1, title="Momentum", description="Share of a new batch in the running averages")
    ] = 0.1

    def output_shape(self, *shapes: Shape) -> Shape:
        if len(shapes[0]) not in (1, layout.IMAGE):
            raise ShapeError(f"expected a vector or an image of channels × height × width, got {text_of(shapes[0])}")
        return shapes[0]

    def block_shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], 2)

    def buffers(self, *shapes: Shape) -> dict[str, Buffer]:
        features = (shapes[0][0],)
        return {
            "running_mean": Buffer(features, 0.0),
            "running_var": Buffer(features, 1.0),
            "num_batches_tracked": Buffer((), 0.0, counts=True),
        }

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, over = plan.xp, by_channel(h.shape, plan.batch)
        one = over.without(over.axes)
        kept_mean, kept_var = (p.buffers[name].reshape(one) for name in ("running_mean", "running_var"))
        if not plan.trains:
            x, y, factor = h.value.reshape(over.shape), a.value.reshape(over.shape), plan.backend.zeros(*one)
            scale, shift = columns(p.value, over)
            plan.forward(xp.subtract, x, kept_mean, y)
            plan.forward(xp.add, kept_var, plan.number(self.eps), factor)
            plan.forward(xp.sqrt, factor, factor)
            plan.forward(xp.divide, scale, factor, factor)
            plan.forward(xp.multiply, y, factor, y)
            plan.forward(xp.add, y, shift, y)
            if a.grad is not None and h.grad is not None:
                plan.backward((xp.multiply, a.grad.reshape(over.shape), factor, h.grad.reshape(over.shape)))
            return
        mean, variance = bind_normed(plan, h, a, over, self.eps, p)
        n, count = over.count, p.buffers["num_batches_tracked"]
        share, rest = plan.number(self.momentum), plan.number(1 - self.momentum)
        calls: list[BoundCall] = [
            (xp.multiply, kept_mean, rest, kept_mean),
            (xp.multiply, mean, share, mean),
            (xp.add, kept_mean, mean, kept_mean),
            (xp.add, count, plan.number(1), count),
        ]
        if n > 1:
            calls += [
                (xp.multiply, kept_var, rest, kept_var),
                (xp.multiply, variance, plan.number(self.momentum * n / (n - 1)), variance),
                (xp.add, kept_var, variance, kept_var),
            ]
        plan.write_down(*calls)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        numbers = (".weight", ".bias", ".running_mean", ".running_var")
        return (Operator("BatchNormalization", (*inputs, *numbers), {"epsilon": self.eps}),)

    def torch(self, *shapes: Shape) -> str:
        axes = 1 if len(shapes[0]) == 1 else 2
        return f"nn.BatchNorm{axes}d({shapes[0][0]}, eps={self.eps}, momentum={self.momentum})"


class LayerNorm(Norm, frozen=True, tag="layer_norm"):
    """h = w (x - μ) / √(σ² + ε) + b over all of each example's own numbers, the same in training and after it.

    Ba, Kiros and Hinton 2016; the variance is the biased one, as PyTorch's. Of w and b there is one for each number.
    """

    title: ClassVar[str] = "Layer norm"

    def output_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def block_shape(self, *shapes: Shape) -> Shape:
        return (*layout.held(shapes[0]), 2)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        bind_normed(plan, h, a, Over(h.value.shape, (0,), (1,)), self.eps, p)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        attributes = {"axis": -len(shapes[0]), "epsilon": self.eps}
        return (Operator("LayerNormalization", (*inputs, ".weight", ".bias"), attributes),)

    def torch(self, *shapes: Shape) -> str:
        (shape,) = shapes
        return f"nn.LayerNorm({shape[0] if len(shape) == 1 else shape}, eps={self.eps})"


class GroupNorm(Norm, frozen=True, tag="group_norm"):
    """h = w_c (x - μ) / √(σ² + ε) + b_c over a group of maps of each example (Wu and He 2018)."""

    title: ClassVar[str] = "Group norm"

    groups: Annotated[int, Meta(ge=1, le=65_536, title="Groups", description="Into which the maps are divided")] = 1

    def output_shape(self, *shapes: Shape) -> Shape:
        channels, *_ = image(*shapes)
        if channels % self.groups:
            raise ShapeError(f"{channels} maps cannot be divided into {self.groups} groups")
        return shapes[0]

    def block_shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], 2)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        channels, high, wide = h.shape
        shape = high, self.groups, channels // self.groups, wide, plan.batch
        bind_normed(plan, h, a, Over(shape, (0, 2, 3), (0, 3, 4)), self.eps, p)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        attributes = {"num_groups": self.groups, "epsilon": self.eps}
        return (Operator("GroupNormalization", (*inputs, ".weight", ".bias"), attributes),)

    def torch(self, *shapes: Shape) -> str:
        return f"nn.GroupNorm({self.groups}, {shapes[0][0]}, eps={self.eps})"


class InstanceNorm(Layer, frozen=True, tag="instance_norm"):
    """h = (x - μ) / √(σ² + ε) over each map of each example; it has no parameters (Ulyanov et al. 2016)."""

    title: ClassVar[str] = "Instance norm"
    group: ClassVar[str] = "Norm"

    eps: Eps = 1e-5

    def output_shape(self, *shapes: Shape) -> Shape:
        _, high, wide = image(*shapes)
        if high * wide == 1:
            raise ShapeError("maps of one number are all 0 less their mean; expected more")
        return shapes[0]

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        channels, high, wide = h.shape
        bind_normed(plan, h, a, Over((high, channels, wide, plan.batch), (0, 2)), self.eps)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        channels = shapes[0][0]
        return (
            Operator("Constant", (), {"value_floats": (1.0,) * channels}, ".ones"),
            Operator("Constant", (), {"value_floats": (0.0,) * channels}, ".zeros"),
            Operator("InstanceNormalization", (*inputs, ".ones", ".zeros"), {"epsilon": self.eps}),
        )

    def torch(self, *shapes: Shape) -> str:
        return f"nn.InstanceNorm2d({shapes[0][0]}, eps={self.eps})"
