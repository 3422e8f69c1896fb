"""Examples that stay where they are, be it a file larger than memory, until some of them are asked for."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

LARGE = 1 << 26  # bytes: arrays below it are copied, which is simpler for everyone


class Picked:
    """The rows `index` of `array`, in that order; a slice of them, or indices into them, is an array."""

    __slots__ = ("array", "index")

    def __init__(self, array: Array, index: Array) -> None:
        self.array, self.index = array, index

    @property
    def shape(self) -> Shape:
        return (len(self.index), *self.array.shape[1:])

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.array.dtype
        return dtype

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, where: Any, /) -> Array:
        rows: Array = np.asarray(self.array[self.index[where]])
        return rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self[:], dtype)


Rows = Array | Picked


def picked(x: Array, chosen: Array) -> Rows:
    """The rows of `x` where `chosen` (N,) is true: a copy, or of a large array the places of the rows alone."""
    if isinstance(x, np.memmap) or x.nbytes > LARGE:
        return Picked(x, np.flatnonzero(chosen))
    rows: Array = x[chosen]
    return rows
