"""Functions to be fitted: of one number, of two, and the parity of bits."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from msgspec import Meta

from engine.data.source import Dataset, DataSource, NoiseLevel, Samples, Seed, Summary, Validation, split
from engine.random import generator

Array = np.ndarray[Any, Any]


class Regression(DataSource, frozen=True):
    """y = f(x) + noise · N(0, 1), x uniform on [−1, 1] in each of `inputs` dimensions; y about as large as 1.

    Places and noise have generators of their own, so that turning the noise up moves the same points further.
    """

    group: ClassVar[str] = "Functions"
    inputs: ClassVar[int] = 1

    samples: Samples = 200
    noise: NoiseLevel = 0.1
    seed: Seed = 0
    validation: Validation = 0.25

    def value(self, x: Array) -> Array:
        """f at x (N, inputs), as (N,)."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=(self.inputs,), classes=None, targets=1)

    def load(self, folder: Path) -> Dataset:
        x = generator(self.seed, "data").uniform(-1.0, 1.0, (self.samples, self.inputs))
        y = self.value(x) + self.noise * generator(self.seed, "data", "noise").standard_normal(self.samples)
        return split(x, y[:, None], self.validation, self.seed, None)


class Sine(Regression, frozen=True, tag="sine"):
    """y = sin(2π · frequency · x)."""

    title: ClassVar[str] = "Sine"

    frequency: Annotated[
        float, Meta(gt=0, le=20, title="Frequency", description="Waves on a stretch of 1; x goes over a stretch of 2")
    ] = 1.0

    def value(self, x: Array) -> Array:
        wave: Array = np.sin(2 * np.pi * self.frequency * x[:, 0])
        return wave


class Curve(Regression, frozen=True, tag="function"):
    """y = f(x) of one number.

    absolute 2|x| − 1; step the sign of x; cubic 4x³ − 3x; bump exp(−(x / 0.3)²); sinc sin(3πx) / 3πx; chirp
    sin(2π · (x + 1)²), whose waves grow shorter; sawtooth 2 (2x mod 1) − 1.
    """

    title: ClassVar[str] = "Function of x"

    curve: Annotated[
        Literal["absolute", "step", "cubic", "bump", "sinc", "chirp", "sawtooth"],
        Meta(title="Curve", description="Which function"),
    ] = "cubic"

    def value(self, x: Array) -> Array:
        return CURVES[self.curve](x[:, 0])


class Surface(Regression, frozen=True, tag="surface"):
    """y = f(x₁, x₂): a quantity over the plane.

    plane (x₁ + x₂) / 2; saddle x₁ x₂; bowl x₁² + x₂² − 1; ripple cos(3π |x|); peaks six Gaussian bumps of deviation
    0.2, up and down in turn.
    """

    title: ClassVar[str] = "Surface"
    inputs: ClassVar[int] = 2

    samples: Samples = 400
    noise: NoiseLevel = 0.0
    surface: Annotated[
        Literal["plane", "saddle", "bowl", "ripple", "peaks"],
        Meta(title="Surface", description="Which function"),
    ] = "peaks"

    def value(self, x: Array) -> Array:
        return SURFACES[self.surface](x[:, 0], x[:, 1])


class Parity(DataSource, frozen=True, tag="parity"):
    """Every pattern of `bits` zeros and ones, once, in counting order; class 1 where the number of ones is odd.

    No bit and no set of fewer than all tells anything: a test for networks since Minsky and Papert (1969).
    """

    title: ClassVar[str] = "Parity of bits"
    group: ClassVar[str] = "Functions"

    bits: Annotated[
        int, Meta(ge=2, le=16, title="Bits", description="Length of a pattern; there are 2 to the power")
    ] = 4
    seed: Seed = 0
    validation: Validation = 0.0

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=(self.bits,), classes=2, targets=1, class_names=("even", "odd"))

    def load(self, folder: Path) -> Dataset:
        places = np.arange(self.bits - 1, -1, -1)
        ones = np.arange(2**self.bits)[:, None] >> places & 1
        return split(ones.astype(np.float64), ones.sum(axis=1) % 2, self.validation, self.seed, 2)


CURVES: dict[str, Callable[[Array], Array]] = {
    "absolute": lambda x: 2 * np.abs(x) - 1,
    "step": lambda x: np.where(x < 0, -1.0, 1.0),
    "cubic": lambda x: 4 * x**3 - 3 * x,
    "bump": lambda x: np.exp(-((x / 0.3) ** 2)),
    "sinc": lambda x: np.sinc(3 * x),
    "chirp": lambda x: np.sin(2 * np.pi * (x + 1) ** 2),
    "sawtooth": lambda x: 2 * (2 * x % 1) - 1,
}
SURFACES: dict[str, Callable[[Array, Array], Array]] = {
    "plane": lambda x1, x2: (x1 + x2) / 2,
    "saddle": lambda x1, x2: x1 * x2,
    "bowl": lambda x1, x2: x1**2 + x2**2 - 1,
    "ripple": lambda x1, x2: np.cos(3 * np.pi * np.hypot(x1, x2)),
    "peaks": lambda x1, x2: _peaks(x1, x2),
}


def _peaks(x1: Array, x2: Array) -> Array:
    """Six bumps, up and down in turn."""
    total = np.zeros(len(x1))
    for a in (-0.6, 0.0, 0.6):
        for b in (-0.4, 0.4):
            height = 1 if (a == 0) == (b < 0) else -1
            total += height * np.exp(-((x1 - a) ** 2 + (x2 - b) ** 2) / (2 * 0.2**2))
    return total
