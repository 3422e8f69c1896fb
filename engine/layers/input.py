"""The input node: where examples enter."""

from typing import Annotated, ClassVar

from msgspec import Meta

from engine.errors import ShapeError
from engine.layers.base import Layer, Operator, Shape, text_of, vector


class Input(Layer, frozen=True, tag="input"):
    """x, as the data give it, or some of its columns: a network may have several inputs.

    With `shape`, the network can be used without its data.
    """

    title: ClassVar[str] = "Input"
    group: ClassVar[str] = "Data"
    arity: ClassVar[int] = 0

    shape: Annotated[
        Annotated[tuple[Annotated[int, Meta(ge=1)], ...], Meta(min_length=1)] | None,
        Meta(title="Shape", description="One example's shape; left out, the data say it"),
    ] = None

    columns: Annotated[
        tuple[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=1)]] | None,
        Meta(title="Columns", description="First of x's numbers to take, and the one behind the last; left out, all"),
    ] = None

    def shape_for(self, data: Shape | None) -> Shape:
        """The shape of one whole example."""
        if self.shape is not None and data is not None and tuple(self.shape) != data:
            raise ShapeError(f"shape is {text_of(self.shape)}, but the data's examples have {text_of(data)}")
        shape = self.shape if data is None else data
        if shape is None:
            raise ShapeError("has no shape and there are no data to take it from")
        return tuple(shape)

    def part_of(self, example: Shape) -> Shape:
        """The shape of what this node takes of one example."""
        if self.columns is None:
            return example
        (features,), (first, stop) = vector(example), self.columns
        if not first < stop <= features:
            raise ShapeError(f"takes columns {first} to {stop} of x, which has {features}")
        return (stop - first,)

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        assert self.columns is not None  # all of x is the graph's own input
        first, stop = self.columns
        return (
            Operator("Constant", (), {"value_ints": (first,)}, ".first"),
            Operator("Constant", (), {"value_ints": (stop,)}, ".stop"),
            Operator("Constant", (), {"value_ints": (1,)}, ".axis"),
            Operator("Slice", ("x", ".first", ".stop", ".axis")),
        )

    def torch(self, *shapes: Shape) -> str:
        return ""

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        return "x" if self.columns is None else f"x[:, {self.columns[0]}:{self.columns[1]}]"
