"""What every layer is: a declaration that knows its shapes, its parameters and its bound array calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Self

from engine.backend import Array, Backend, BoundCall
from engine.errors import ShapeError
from engine.spec import Declared

if TYPE_CHECKING:
    import numpy as np

    from engine.graph import Structure
    from engine.plan import Plan, Var

Shape = tuple[int, ...]
Attributes = Mapping[str, int | float | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Operator:
    """One ONNX operator, as data. Names that begin with a dot are the layer's own: `.weight` is a parameter.

    The last operator of a layer leaves `output` empty: that is what the layer gives on.
    """

    kind: str
    inputs: tuple[str, ...]
    attributes: Attributes = field(default_factory=dict)
    output: str = ""
    behind: int = 0  # how many of its outputs come before that one, and are not used


class Layer(Declared, frozen=True):
    """One node of a network. Vectors of a batch stand as columns: (features, N)."""

    arity: ClassVar[int] = 1  # how many inputs, at least
    takes_more: ClassVar[bool] = False  # any number of inputs from `arity` on
    two_modes: ClassVar[bool] = False  # does another thing while training than afterwards

    @property
    def most_inputs(self) -> int | None:
        """The largest number of inputs; None for any."""
        return None if self.takes_more else self.arity

    def output_shape(self, *shapes: Shape) -> Shape:
        """One example's output shape; a ShapeError names expected and got."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def problem(self, node: str, structure: Structure) -> str | None:
        """What is wrong with this layer as `node` of an otherwise sound graph."""
        return None

    def renamed(self, names: Mapping[str, str]) -> Self:
        """The layer where nodes have new names, for one that speaks of another node."""
        return self

    def held(self, *shapes: Shape) -> int:
        """How many numbers a plan holds for each example besides the output, about."""
        return 0

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        """Adds the calls that take `h.value` to `a.value`, and `a.grad` to `h.grad` and to `p`'s gradient."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def written(self, x: float) -> tuple[str, str]:
        """For a layer that acts on numbers one by one: what it makes of `x`, and the slope there, as arithmetic.

        {x} stands for the input and {h} for the output; empty where there is more to a number than its own input.
        """
        return "", ""

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        """The operators, in order, that take `inputs` (N, *shape) to the output, in inference mode."""
        raise NotImplementedError(self.kind())  # each kind has its own

    @property
    def no_onnx(self) -> str:
        """Why there are no such operators; empty where there are."""
        return ""

    def torch(self, *shapes: Shape) -> str:
        """The PyTorch expression that makes this layer's module; empty for a layer that needs none."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def torch_class(self) -> tuple[str, ...]:
        """The lines of a class that `torch` makes one of, where PyTorch has none; empty where it has."""
        return ()

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        """The expression that takes `inputs` to the output through what `torch` made."""
        return f"{module}({', '.join(inputs)})"


class Join(Layer, frozen=True):
    """A layer of two inputs or more, whose order counts. It has no parameters."""

    arity: ClassVar[int] = 2
    takes_more: ClassVar[bool] = True

    def bind_join(self, plan: Plan, inputs: tuple[Var, ...], a: Var) -> None:
        """Adds the calls that take the inputs' values to `a.value`, and `a.grad` to their gradients."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def torch(self, *shapes: Shape) -> str:
        return ""


class Block:
    """A layer's parameters for a plan: one matrix of values, the matrix of its gradients, and buffers by name."""

    __slots__ = ("buffers", "grad", "value")

    def __init__(self, value: Array, grad: Array, buffers: Mapping[str, Array]) -> None:
        self.value, self.grad, self.buffers = value, grad, buffers


@dataclass(frozen=True, slots=True)
class Buffer:
    """Numbers that training writes down and no gradient moves, such as a running average."""

    shape: Shape
    initial: float
    counts: bool = False  # a whole number in weights files


class Weighted(Layer, frozen=True):
    """A layer with parameters: one block (a matrix) with named views, in PyTorch's names and layouts."""

    penalized: ClassVar[bool] = True  # L1 and L2 pull at `weight`; not at a norm's or an activation's
    adds_units: ClassVar[bool] = True  # its outputs count as units, besides those that it takes

    @property
    def manner(self) -> str:
        """What it does, in few words below its title."""
        return "linear"

    @property
    def trains(self) -> bool:
        """Whether the optimizer moves the parameters."""
        return True

    @property
    def owner(self) -> str | None:
        """The node that has `weight`, where it is not this one."""
        return None

    def block_shape(self, *shapes: Shape) -> Shape:
        raise NotImplementedError(self.kind())  # each kind has its own

    def parameter_count(self, *shapes: Shape) -> int:
        """How many numbers the optimizer may move."""
        return prod(self.block_shape(*shapes))

    def connection_count(self, *shapes: Shape) -> int | None:
        """How many products with a weight, and biases, one example takes; None where nobody counts them so."""
        return None

    def views(self, block: Array) -> dict[str, Array]:
        """The named parameters in `block`, weights first; works on values, gradients and optimizer state alike."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def weights(self, block: Array) -> Array:
        """All weights in `block`, without biases, as one array: of several tensors a vector."""
        return self.views(block)["weight"]

    def tensors(self, block: Array) -> tuple[Array, ...]:
        """The same weights as tensors, each with a row for every unit that it leads to."""
        return (self.weights(block),)

    def biases(self, block: Array) -> Array | None:
        """All biases in `block` as one vector; None without."""
        return self.views(block).get("bias")

    def buffers(self, *shapes: Shape) -> dict[str, Buffer]:
        """What the layer writes down while it trains."""
        return {}

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        """The initial value of parameter `name`, in float64 on the host."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def torch_weights(self, module: str) -> tuple[str, ...]:
        """The weights of `module`, without biases, as PyTorch expressions."""
        return (f"{module}.weight",)

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        """The PyTorch lines that draw the parameters of `module` by the same law."""
        raise NotImplementedError(self.kind())  # each kind has its own


class Activation(Layer, frozen=True):
    """A layer that acts on numbers one by one (or, softmax, on one example's vector) and has no parameters."""

    bounds: ClassVar[tuple[float, float] | None] = None  # of the output
    pieces: ClassVar[bool] = False  # made of straight pieces: saturated is only what is flat

    def output_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    @property
    def steepest(self) -> float:
        """The maximum of the absolute local derivative."""
        return 1.0

    def derivative(self, xp: Any, a: Array, h: Array) -> Array:
        """The absolute local derivative (of softmax: its diagonal) where inputs `a` give outputs `h`."""
        raise NotImplementedError(self.kind())  # each kind has its own


class SlopeOfOutput(Activation, frozen=True):
    """An activation whose slope follows from its output alone."""

    def slope_calls(self, backend: Backend, h: Array, slope: Array) -> list[BoundCall]:
        """The calls that take outputs `h` to `slope`."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def bind_back(self, plan: Plan, h: Var, a: Var) -> None:
        """The way back: `a.grad` times the slope is `h.grad`."""
        if a.grad is not None and h.grad is not None:
            slope, calls = plan.slopes.of(plan.node, self, a.value)
            plan.derivatives[plan.node] = slope
            plan.backward(*calls, (plan.xp.multiply, a.grad, slope, h.grad))


def vector(shape: Shape) -> Shape:
    """`shape`, if it is a vector's; else a ShapeError."""
    if len(shape) != 1:
        raise ShapeError(f"expected a vector of features, got shape {text_of(shape)}; a flatten before it makes one")
    return shape


def text_of(shape: Shape) -> str:
    return "×".join(map(str, shape))
