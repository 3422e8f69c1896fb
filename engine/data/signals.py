"""Signals with an edge: what a kernel that slides along a line can find, wherever it is."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.sequences import must_fit
from engine.data.source import Dataset, DataSource, NoiseLevel, Samples, Seed, Summary, Validation, split
from engine.random import generator

Array = np.ndarray[Any, Any]
RISE, FALL, PULSE = range(3)
NAMES = ("rise", "fall", "pulse")


class Edges(DataSource, frozen=True, tag="edges"):
    """x (length × 1): 0, then 1 from some step on (class 0); 1, then 0 (1); or 1 between two steps only (2); and noise.

    An edge stands anywhere between a quarter and three quarters of the length, those of a pulse a quarter apart.
    """

    title: ClassVar[str] = "Edges of a signal"
    group: ClassVar[str] = "Sequences"

    samples: Samples = 600
    length: Annotated[int, Meta(ge=8, le=100_000, title="Length", description="Steps of a signal")] = 40
    noise: NoiseLevel = 0.1
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=(self.length, 1), classes=len(NAMES), targets=1, class_names=NAMES)

    def load(self, folder: Path) -> Dataset:
        must_fit((self.samples, self.length), "data.length")
        rng, quarter = generator(self.seed, "data"), self.length // 4
        y = rng.integers(0, len(NAMES), self.samples)
        first = rng.integers(quarter, 3 * quarter, self.samples, endpoint=True)[:, None]
        # A pulse has to end before the signal does.
        first -= np.where(y == PULSE, quarter, 0)[:, None] * (first > 2 * quarter)
        steps = np.arange(self.length)[None]
        after = steps >= first
        x = np.where((y == FALL)[:, None], ~after, after & ((y == RISE)[:, None] | (steps < first + quarter)))
        noise = generator(self.seed, "data", "noise").standard_normal(x.shape)
        return split((x + self.noise * noise)[:, :, None], y, self.validation, self.seed, len(NAMES))
