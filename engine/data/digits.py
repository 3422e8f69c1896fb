"""Handwritten digits of 8 × 8 pixels, which come with the program."""

from importlib import resources
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.source import Dataset, DataSource, Seed, Summary, Validation, split


class Digits(DataSource, frozen=True, tag="digits"):
    """1797 digits: x 64 numbers from 0 to 16, row by row; y the digit (Alpaydin and Kaynak 1998, UCI, CC BY 4.0).

    As `pictures` they are 1 × 8 × 8.
    """

    title: ClassVar[str] = "Digits"
    group: ClassVar[str] = "Shipped"

    pictures: Annotated[
        bool, Meta(title="As pictures", description="Of one channel, 8 × 8 pixels; off: as vectors of 64 numbers")
    ] = False
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=(1, 8, 8) if self.pictures else (64,), classes=10, targets=1)

    def load(self, folder: Path) -> Dataset:
        shipped = resources.files("resources").joinpath("data", "digits.npz")
        with shipped.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            x = arrays["x"].astype(np.float64)
            y = arrays["y"].astype(np.int64)
        if self.pictures:
            x = x.reshape(-1, 1, 8, 8)
        return split(x, y, self.validation, self.seed, 10)
