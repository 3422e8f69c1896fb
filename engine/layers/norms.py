"""Normalisation of vectors: by the batch, or by each example's own features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.layers.base import Block, Buffer, Operator, Shape, Weighted, vector

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

    def output_shape(self, *shapes: Shape) -> Shape:
        return vector(*shapes)

    def block_shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], 2)

    def views(self, block: Array) -> dict[str, Array]:
        return {"weight": block[:, 0], "bias": block[:, 1]}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return np.full(shape, float(name == "weight"))

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        return (f"nn.init.ones_({module}.weight)", f"nn.init.zeros_({module}.bias)")

    def bind_normed(self, plan: Plan, h: Var, a: Var, p: Block, axis: int, mean: Array, variance: Array) -> None:
        """Both ways with the mean and variance of this batch along `axis`; they are left in the arrays given.

        δ_x = (u - mean u - x̂ mean(u x̂)) / σ with u = w δ (Ioffe and Szegedy 2015, with the sums written together).
        """
        xp, n, add = plan.xp, h.value.shape[axis], plan.xp.add.reduce
        scale, shift = p.value[:, :1], p.value[:, 1:]
        normed, product, deviation = plan.scratch(h), plan.scratch(h), plan.backend.zeros(*mean.shape)
        inverse = plan.number(1 / n)
        plan.forward(add, h.value, axis, None, mean, True)
        plan.forward(xp.multiply, mean, inverse, mean)
        plan.forward(xp.subtract, h.value, mean, normed)
        plan.forward(xp.multiply, normed, normed, product)
        plan.forward(add, product, axis, None, variance, True)
        plan.forward(xp.multiply, variance, inverse, variance)
        plan.forward(xp.add, variance, plan.number(self.eps), deviation)
        plan.forward(xp.sqrt, deviation, deviation)
        plan.forward(xp.divide, normed, deviation, normed)
        plan.forward(xp.multiply, normed, scale, a.value)
        plan.forward(xp.add, a.value, shift, a.value)
        if a.grad is None:
            return
        calls: list[BoundCall] = [
            (xp.multiply, a.grad, normed, product),
            (add, product, 1, None, p.grad[:, :1], True),
            (add, a.grad, 1, None, p.grad[:, 1:], True),
        ]
        if h.grad is not None:
            u, along = plan.scratch(h), plan.backend.zeros(*mean.shape)
            calls += [
                (xp.multiply, a.grad, scale, u),
                (xp.multiply, u, normed, product),
                (add, product, axis, None, along, True),
                (xp.multiply, along, inverse, along),
                (xp.multiply, normed, along, product),
                (add, u, axis, None, along, True),
                (xp.multiply, along, inverse, along),
                (xp.subtract, u, along, u),
                (xp.subtract, u, product, u),
                (xp.divide, u, deviation, h.grad),
            ]
        plan.backward(*calls)


class BatchNorm(Norm, frozen=True, tag="batch_norm"):
    """h = w (x - μ) / √(σ² + ε) + b: of the batch while training, of running averages afterwards, per feature.

    Conventions are PyTorch's: the batch is scaled by its biased variance, the running average takes the unbiased
    one, and r ← (1 - momentum) r + momentum · new (Keras' momentum is 1 minus it). A batch of one example, which
    PyTorch refuses, comes out as b and teaches the running variance nothing.
    """

    title: ClassVar[str] = "Batch norm"
    two_modes: ClassVar[bool] = True

    momentum: Annotated[
        float, Meta(gt=0, le=1, title="Momentum", description="Share of a new batch in the running averages")
    ] = 0.1

    def buffers(self, *shapes: Shape) -> dict[str, Buffer]:
        features = (shapes[0][0],)
        return {
            "running_mean": Buffer(features, 0.0),
            "running_var": Buffer(features, 1.0),
            "num_batches_tracked": Buffer((), 0.0, counts=True),
        }

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, zeros = plan.xp, plan.backend.zeros
        mean, variance = zeros(len(h.value), 1), zeros(len(h.value), 1)
        kept_mean, kept_var = p.buffers["running_mean"][:, None], p.buffers["running_var"][:, None]
        if not plan.trains:
            plan.forward(xp.subtract, h.value, kept_mean, a.value)
            plan.forward(xp.add, kept_var, plan.number(self.eps), variance)
            plan.forward(xp.sqrt, variance, variance)
            plan.forward(xp.divide, p.value[:, :1], variance, variance)
            plan.forward(xp.multiply, a.value, variance, a.value)
            plan.forward(xp.add, a.value, p.value[:, 1:], a.value)
            if a.grad is not None and h.grad is not None:
                plan.backward((xp.multiply, a.grad, variance, h.grad))
            return
        self.bind_normed(plan, h, a, p, 1, mean, variance)
        n, count = plan.batch, p.buffers["num_batches_tracked"]
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
        return f"nn.BatchNorm1d({shapes[0][0]}, eps={self.eps}, momentum={self.momentum})"


class LayerNorm(Norm, frozen=True, tag="layer_norm"):
    """h = w (x - μ) / √(σ² + ε) + b over each example's own features, the same in training and after it.

    Ba, Kiros and Hinton 2016; the variance is the biased one, as PyTorch's.
    """

    title: ClassVar[str] = "Layer norm"

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        row = plan.backend.zeros
        self.bind_normed(plan, h, a, p, 0, row(1, plan.batch), row(1, plan.batch))

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return (Operator("LayerNormalization", (*inputs, ".weight", ".bias"), {"axis": -1, "epsilon": self.eps}),)

    def torch(self, *shapes: Shape) -> str:
        return f"nn.LayerNorm({shapes[0][0]}, eps={self.eps})"
