"""Where a run computes, the device and the type of its numbers, and what there is to choose from."""

from typing import NamedTuple

import msgspec

from engine.backend import Card

DTYPES = {"float32": "float32: faster, about 7 digits", "float64": "float64: slower, about 16 digits"}


class Place(NamedTuple):
    device: str = "cpu"
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{'the CPU' if self.device == 'cpu' else self.device} in {self.dtype}"


class Found(msgspec.Struct, frozen=True):
    """The cards in CUDA's order, or why there are none."""

    cards: tuple[Card, ...] = ()
    why: str = ""
