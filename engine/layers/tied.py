"""A layer with another layer's weights, transposed: the decoder of an autoencoder with tied weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import msgspec
import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.layers.base import Block, Operator, Shape, Weighted, vector
from engine.layers.dense import Dense

if TYPE_CHECKING:
    from engine.graph import Structure
    from engine.plan import Plan, Var


class Tied(Weighted, frozen=True, tag="tied"):
    """a = Wᵀ h + b, where W are the weights of the dense layer `to`; both layers' gradients move them.

    Only b is its own: the block is a column (units, 1), or empty without a bias.
    """

    title: ClassVar[str] = "Tied dense"
    group: ClassVar[str] = "Core"
    penalized: ClassVar[bool] = False  # the weights count once, where they are owned

    to: Annotated[str, Meta(max_length=64, title="Tied to", description="The dense layer whose weights it takes")] = ""
    units: Annotated[int, Meta(ge=1, le=65_536, title="Units", description="Features that go into that layer")] = 64
    bias: Annotated[bool, Meta(title="Bias", description="Adds b to every unit")] = True
    trainable: Annotated[bool, Meta(title="Trainable", description="Off: the bias stays as it is")] = True

    @property
    def trains(self) -> bool:
        return self.trainable

    @property
    def owner(self) -> str:
        return self.to

    def renamed(self, names: Mapping[str, str]) -> Self:
        return msgspec.structs.replace(self, to=names.get(self.to, self.to))

    def problem(self, node: str, structure: Structure) -> str | None:
        layer = structure.layers.get(self.to)
        if type(layer) is not Dense:
            return f"is tied to {self.to!r}, expected the id of a dense layer"
        if structure.order.index(self.to) > structure.order.index(node):
            return f"is tied to {self.to!r}, which must come before it"
        *_, features = structure.input_shapes(self.to)[0]
        (inside,) = structure.input_shapes(node)[0]
        if (inside, self.units) != (layer.units, features):
            return (
                f"takes {inside} features to {self.units}, the weights of {self.to!r} turned round "
                f"take {layer.units} to {features}"
            )
        return None

    def output_shape(self, *shapes: Shape) -> Shape:
        vector(*shapes)
        return (self.units,)

    def block_shape(self, *shapes: Shape) -> Shape:
        return (self.units, int(self.bias))

    def views(self, block: Array) -> dict[str, Array]:
        return {"bias": block[:, 0]} if self.bias else {}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        return np.zeros(shape)

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, parameters = plan.xp, plan.parameters
        weight = parameters.weights(parameters.values, self.to)
        plan.forward(weight.T.dot, h.value, a.value)
        if self.bias:
            plan.forward(xp.add, a.value, p.value, a.value)
        if a.grad is None:
            return
        shared, own = parameters.weights(parameters.grads, self.to), plan.backend.zeros(*weight.shape)
        calls: list[BoundCall] = [(h.value.dot, a.grad.T, own)]
        if self.bias:
            calls.append((xp.add.reduce, a.grad, 1, None, p.grad, True))
        if h.grad is not None:
            calls.append((weight.dot, a.grad, h.grad))
        plan.backward(*calls)
        plan.behind(self.to, (xp.add, shared, own, shared))

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        parameters = (".bias",) if self.bias else ()
        return (Operator("Gemm", (*inputs, f"{self.to}.weight", *parameters)),)

    def torch(self, *shapes: Shape) -> str:
        return f'nn.ParameterDict({{"bias": nn.Parameter(torch.empty({self.units}))}})' if self.bias else ""

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        # Python gives a name that begins with two underscores another one inside a class.
        owner = f'self.get_submodule("{self.to}")' if self.to.startswith("__") else f"self.{self.to}"
        bias = f", {module}.bias" if self.bias else ""
        return f"nn.functional.linear({inputs[0]}, {owner}.weight.t(){bias})"

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        return (f"nn.init.zeros_({module}.bias)",) if self.bias else ()
