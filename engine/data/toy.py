"""Points in the plane with a class each, small enough to be looked at; and pure noise."""

import math
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.source import Dataset, DataSource, NoiseLevel, Samples, Seed, Summary, Validation, split
from engine.errors import Problem, ProjectError
from engine.random import generator

Array = np.ndarray[Any, Any]
Classes = Annotated[int, Meta(ge=2, le=8, title="Classes", description="How many classes there are")]

GAP = 0.1  # between the squares of XOR and each axis
MOST_NUMBERS = 2**28  # 2 GiB of float64; more is a slip of the keyboard, and would take the machine with it


class Plane(DataSource, frozen=True):
    """x = places + noise · N(0, 1) in two dimensions, roughly within [−1.5, 1.5]², and a class for each.

    Places and noise have generators of their own, so that turning the noise up moves the same points further.
    """

    group: ClassVar[str] = "Points in the plane"

    samples: Samples = 400
    noise: NoiseLevel = 0.1
    seed: Seed = 0
    validation: Validation = 0.25

    @property
    def class_count(self) -> int:
        return 2

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Points (N, 2) without noise, and their classes (N,) int64."""
        raise NotImplementedError(type(self).__name__)

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=(2,), classes=self.class_count, targets=1)

    def load(self, folder: Path) -> Dataset:
        x, y = self.places(generator(self.seed, "data"))
        x = x + self.noise * generator(self.seed, "data", "noise").standard_normal(x.shape)
        return split(x, y, self.validation, self.seed, self.class_count)


class Xor(Plane, frozen=True, tag="xor"):
    """y = 1 where the signs of x₁ and x₂ differ, else 0; x uniform on [−1, 1]², then moved 0.1 away from both axes."""

    title: ClassVar[str] = "XOR"

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.uniform(-1.0, 1.0, (self.samples, 2))
        positive = x >= 0
        y = (positive[:, 0] != positive[:, 1]).astype(np.int64)
        return x + np.where(positive, GAP, -GAP), y


class Circles(Plane, frozen=True, tag="circles"):
    """x = r (cos t, sin t), t even on [0, 2π), r = 1 or `factor` for class 0 or 1; scikit-learn's make_circles."""

    title: ClassVar[str] = "Circles"

    factor: Annotated[
        float, Meta(gt=0, lt=1, title="Inner radius", description="Radius of the inner circle, the outer's being 1")
    ] = 0.5

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        y, index, count = even(rng, self.samples, 2)
        t = 2 * np.pi * index / count
        return on_circle(t) * np.where(y == 0, 1.0, self.factor)[:, None], y


class Moons(Plane, frozen=True, tag="moons"):
    """Class 0: (cos t, sin t); class 1: (1 − cos t, ½ − sin t); t even on [0, π]; both − (½, ¼).

    scikit-learn's make_moons, moved so that the middle of the picture is the origin.
    """

    title: ClassVar[str] = "Moons"

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        y, index, count = even(rng, self.samples, 2)
        upper = on_circle(np.pi * index / np.maximum(count - 1, 1))
        x = np.where((y == 0)[:, None], upper, np.array([1.0, 0.5]) - upper)
        return x - np.array([0.5, 0.25]), y


class Spiral(Plane, frozen=True, tag="spiral"):
    """x = r (sin t, cos t), t = 2π (turns · r + class / classes), r even on (0, 1].

    The spirals of the TensorFlow Playground at a fifth of its scale, with any number of arms; r leaves out 0,
    where all arms would meet.
    """

    title: ClassVar[str] = "Spiral"

    noise: NoiseLevel = 0.03
    classes: Classes = 2
    turns: Annotated[float, Meta(gt=0, le=5, title="Turns", description="How often an arm goes round the origin")] = (
        1.75
    )

    @property
    def class_count(self) -> int:
        return self.classes

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        y, index, count = even(rng, self.samples, self.classes)
        r = (index + 1) / count
        return r[:, None] * on_circle(2 * np.pi * (self.turns * r + y / self.classes))[:, ::-1], y


class Blobs(Plane, frozen=True, tag="blobs"):
    """x = (cos t, sin t) + noise · N(0, 1), t = π/4 + 2π · class / classes: one normal cloud for each class."""

    title: ClassVar[str] = "Blobs"

    noise: NoiseLevel = 0.2
    classes: Classes = 2

    @property
    def class_count(self) -> int:
        return self.classes

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        y, _, _ = even(rng, self.samples, self.classes)
        return on_circle(np.pi / 4 + 2 * np.pi * y / self.classes), y


class Noise(DataSource, frozen=True, tag="noise"):
    """x ~ N(0, 1) of `shape`; y ~ N(0, 1) in `targets` columns, or uniform on the classes 0 … classes − 1.

    There is nothing to learn here but the examples themselves; what a net reaches on it is memory.
    """

    title: ClassVar[str] = "Noise"
    group: ClassVar[str] = "Random"

    samples: Samples = 400
    shape: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=1_000_000)], ...],
        Meta(min_length=1, max_length=8, title="Shape", description="Shape of one example"),
    ] = (2,)
    targets: Annotated[
        int, Meta(ge=1, le=65_536, title="Targets", description="Columns of y; not used where y are classes")
    ] = 1
    classes: Annotated[
        Annotated[int, Meta(ge=2, le=65_536)] | None,
        Meta(title="Classes", description="Random labels of so many classes, instead of numbers"),
    ] = None
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=self.shape, classes=self.classes, targets=1 if self.classes else self.targets)

    def load(self, folder: Path) -> Dataset:
        numbers = self.samples * (math.prod(self.shape) + (1 if self.classes else self.targets))
        if numbers > MOST_NUMBERS:
            raise ProjectError(Problem("data.shape", f"{numbers} numbers in all, at most {MOST_NUMBERS} are allowed"))
        x = generator(self.seed, "data").standard_normal((self.samples, *self.shape))
        rng = generator(self.seed, "data", "targets")
        y: Array = (
            rng.integers(0, self.classes, self.samples)
            if self.classes
            else rng.standard_normal((self.samples, self.targets))
        )
        return split(x, y, self.validation, self.seed, self.classes)


def even(rng: np.random.Generator, samples: int, classes: int) -> tuple[Array, Array, Array]:
    """Classes as even in number as can be, in random order: (class, index within its class, that class's count)."""
    order = rng.permutation(samples)
    y = order % classes
    return y, order // classes, (samples - y + classes - 1) // classes


def on_circle(t: Array) -> Array:
    """(cos t, sin t), one row for each angle."""
    return np.stack([np.cos(t), np.sin(t)], axis=1)
