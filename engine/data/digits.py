"""Handwritten digits of 8 × 8 pixels, which come with the program."""

from importlib import resources
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.source import Dataset, DataSource, Reconstruct, Seed, Summary, Validation, split

LARGEST = 16  # of a pixel's numbers


class Digits(DataSource, frozen=True, tag="digits"):
    """1797 digits: x 64 numbers from 0 to 16, row by row; y the digit (Alpaydin and Kaynak 1998, UCI, CC BY 4.0).

    As `pictures` they are 1 × 8 × 8. `reconstruct` makes y their 64 numbers from 0 to 1 in place of the digit.
    """

    title: ClassVar[str] = "Digits"
    group: ClassVar[str] = "Shipped"

    pictures: Annotated[
        bool, Meta(title="As pictures", description="Of one channel, 8 × 8 pixels; off: as vectors of 64 numbers")
    ] = False
    reconstruct: Reconstruct = False
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        summary = Summary(shape=(1, 8, 8) if self.pictures else (64,), classes=10, targets=1)
        return summary.to_itself() if self.reconstruct else summary

    def load(self, folder: Path) -> Dataset:
        shipped = resources.files("resources").joinpath("data", "digits.npz")
        with shipped.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            x = arrays["x"].astype(np.float64)
            y = arrays["y"].astype(np.int64)
        if self.pictures:
            x = x.reshape(-1, 1, 8, 8)
        data = split(x, y, self.validation, self.seed, 10)
        return data.to_itself(LARGEST) if self.reconstruct else data
