"""A window that moves over an image or along a sequence: what convolution and pooling share."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from engine.backend import Array
from engine.errors import ShapeError
from engine.layers.base import Shape, text_of

MOST = 4096  # of a window's side: more is a slip of the hand
AtLeast1 = Annotated[int, Meta(ge=1, le=MOST)]
AtLeast0 = Annotated[int, Meta(ge=0, le=MOST)]
# Of a number with bounds beside tuple[int, int] msgspec 0.22 crashes, beside a tuple[int, ...] of two it does not.
TWO = Meta(min_length=2, max_length=2)
Size = AtLeast1 | Annotated[tuple[AtLeast1, ...], TWO]
Margin = AtLeast0 | Annotated[tuple[AtLeast0, ...], TWO]
SAME = "same"
Same = Literal["same"]


@dataclass(frozen=True, slots=True)
class Axis:
    """Windows along one axis: output x looks at x · stride + j · dilation - before, j = 0 .. kernel - 1."""

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0  # zeros that the input is taken to have on either side
    after: int = 0

    @property
    def out(self) -> int:
        """How many windows there are room for; below 1, not one."""
        return (self.size + self.before + self.after - self.span) // self.stride + 1

    @property
    def span(self) -> int:
        """From the first to the last number of a window."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def whole(self) -> bool:
        """Whether each window is one number, and each number a window."""
        return (self.kernel, self.stride, self.before, self.after) == (1, 1, 0, 0)

    def reach(self, j: int) -> tuple[slice, slice]:
        """The outputs whose number `j` is one of the input's, and these numbers."""
        offset = j * self.dilation - self.before
        first = max(0, -(offset // self.stride))
        stop = max(first, min(self.out, (self.size - 1 - offset) // self.stride + 1))
        start = first * self.stride + offset
        return slice(first, stop), slice(start, max(start, (stop - 1) * self.stride + offset + 1), self.stride)

    def counts(self, before: int, after: int) -> Array:
        """How many numbers of each window are of the input, or of so many before and behind it."""
        starts = np.arange(self.out) * self.stride - self.before
        inside: Array = np.minimum(starts + self.span, self.size + after) - np.maximum(starts, -before)
        return inside


def rounded_up(axis: Axis) -> Axis:
    """With a window more, where one that begins inside goes over the edge: PyTorch's ceil_mode.

    A window that would begin in the zeros behind the input is none.
    """
    over = (axis.size + axis.before + axis.after - axis.span) % axis.stride
    if not over or axis.out < 0 or axis.out * axis.stride >= axis.size + axis.before:
        return axis
    return replace(axis, after=axis.out * axis.stride + axis.span - axis.size - axis.before)


def pair(size: int | tuple[int, ...]) -> tuple[int, int]:
    """Down and across."""
    high, wide = (size, size) if isinstance(size, int) else size
    return high, wide


def margins(padding: int | tuple[int, ...] | str, spans: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Zeros (above, below) and (left, right); of an odd number of `same`'s, one more after than before."""
    if isinstance(padding, str):
        high, wide = (span - 1 for span in spans)
        return (high // 2, high - high // 2), (wide // 2, wide - wide // 2)
    high, wide = pair(padding)
    return (high, high), (wide, wide)


def must_fit(axes: tuple[Axis, ...], shape: Shape) -> None:
    """Raises ShapeError where the window does not fit into the input once."""
    if any(axis.out < 1 for axis in axes):
        spans = text_of(tuple(axis.span for axis in axes))
        there = text_of(tuple(axis.size + axis.before + axis.after for axis in axes))
        raise ShapeError(f"the window is {spans}, the input {text_of(shape)} is only {there} with its padding")


def image(shape: Shape) -> tuple[int, int, int]:
    """`shape` as channels, height and width; else a ShapeError."""
    if len(shape) != 3:
        raise ShapeError(f"expected an image of channels × height × width, got shape {text_of(shape)}{_hint(shape)}")
    channels, high, wide = shape
    return channels, high, wide


def sequence(shape: Shape) -> tuple[int, int]:
    """`shape` as steps and features; else a ShapeError."""
    if len(shape) != 2:
        raise ShapeError(f"expected a sequence of steps × features, got shape {text_of(shape)}{_hint(shape)}")
    steps, features = shape
    return steps, features


def _hint(shape: Shape) -> str:
    return "; a reshape before it makes one" if len(shape) == 1 else ""
