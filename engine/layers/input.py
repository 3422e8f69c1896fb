"""The input node: where examples enter."""

from typing import Annotated, ClassVar

from msgspec import Meta

from engine.errors import ShapeError
from engine.layers.base import Layer, Shape, text_of


class Input(Layer, frozen=True, tag="input"):
    """x, as the data give it. With `shape`, the network can be used without its data."""

    title: ClassVar[str] = "Input"
    group: ClassVar[str] = "Data"
    arity: ClassVar[int] = 0

    shape: Annotated[
        Annotated[tuple[Annotated[int, Meta(ge=1)], ...], Meta(min_length=1)] | None,
        Meta(title="Shape", description="One example's shape; left out, the data say it"),
    ] = None

    def shape_for(self, data: Shape | None) -> Shape:
        if self.shape is not None and data is not None and tuple(self.shape) != data:
            raise ShapeError(f"shape is {text_of(self.shape)}, but the data's examples have {text_of(data)}")
        shape = self.shape if data is None else data
        if shape is None:
            raise ShapeError("has no shape and there are no data to take it from")
        return tuple(shape)
