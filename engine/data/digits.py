"""Handwritten digits of 8 × 8 pixels, which come with the program."""

from importlib import resources
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.data.source import Dataset, DataSource, Seed, Summary, Validation, split


class Digits(DataSource, frozen=True, tag="digits"):
    """1797 digits: x 64 numbers from 0 to 16, row by row; y the digit (Alpaydin and Kaynak 1998, UCI, CC BY 4.0)."""

    title: ClassVar[str] = "Digits"
    group: ClassVar[str] = "Shipped"

    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=(64,), classes=10, targets=1)

    def load(self, folder: Path) -> Dataset:
        shipped = resources.files("resources").joinpath("data", "digits.npz")
        with shipped.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            x = arrays["x"].astype(np.float64)
            y = arrays["y"].astype(np.int64)
        return split(x, y, self.validation, self.seed, 10)
