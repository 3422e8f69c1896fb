"""Where an example is made by hand, in the way that suits the data: on a plane, on a pad, in fields, as text."""

from math import isqrt, prod
from typing import Protocol

import numpy as np
from PySide6.QtCore import SignalInstance

from engine.probes.example import DataRange
from engine.run.messages import Points
from netviz.widgets.number_sheet import SheetInput
from netviz.widgets.pad import PadInput
from netviz.widgets.point_plane import PlaneInput
from netviz.widgets.value_fields import FieldsInput

MOST_FIELDS = 16
SMALLEST_PICTURE, LARGEST_PICTURE = 7, 128  # pixels of a side


class Input(Protocol):
    """Says `edited` when a hand has changed `x`, never when `show_x` has."""

    edited: SignalInstance

    @property
    def x(self) -> np.ndarray: ...

    def show_x(self, x: np.ndarray) -> None: ...

    def height_for(self, width: int) -> int: ...


def picture_shape(shape: tuple[int, ...], low: float) -> tuple[int, int] | None:
    """Rows and columns of pictures in grey: one channel, or as many numbers as a square has, none below 0."""
    rows = columns = 0
    if len(shape) == 3 and shape[0] == 1:
        _, rows, columns = shape
    elif len(shape) == 1 and low >= 0:
        rows = columns = isqrt(shape[0])
    fits = all(SMALLEST_PICTURE <= side <= LARGEST_PICTURE for side in (rows, columns))
    return (rows, columns) if fits and rows * columns == prod(shape) else None


def make_input(
    shape: tuple[int, ...], data: DataRange, points: Points | None
) -> PlaneInput | PadInput | FieldsInput | SheetInput:
    """The input for examples of `shape`, with the range that the data have."""
    low, high = np.asarray(data.low, float), np.asarray(data.high, float)
    count = prod(shape)
    if count == 2 and len(low) == 2:
        return PlaneInput(shape, low, high, points)
    sides = picture_shape(shape, float(low.min()))
    if sides is not None:
        return PadInput(shape, *sides, float(low.min()), float(high.max()))
    if count <= MOST_FIELDS and len(low) == count:
        return FieldsInput(shape, low.tolist(), high.tolist())
    return SheetInput(shape)
