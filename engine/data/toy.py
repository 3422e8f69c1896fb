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

Imbalance = Annotated[
    float,
    Meta(
        ge=1,
        le=1000,
        title="Imbalance",
        description="How many times as many examples the first class has as the last, the others between",
        extra={"log": True},
    ),
]

GAP = 0.1  # between the squares of XOR and each axis
MOST_NUMBERS = 2**28  # 2 GiB of float64; more is a slip of the keyboard, and would take the machine with it


class Plane(DataSource, frozen=True):
    """x = places + noise · N(0, 1) in two dimensions, roughly within [−1.5, 1.5]², and a class for each.

    Places and noise have generators of their own, so that turning the noise up moves the same points further.
    """

    group: ClassVar[str] = "Points in the plane"

    samples: Samples = 400
    noise: NoiseLevel = 0.1
    imbalance: Imbalance = 1.0
    seed: Seed = 0
    validation: Validation = 0.25

    @property
    def class_count(self) -> int:
        return 2

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Points (N, 2) without noise, and their classes (N,) int64."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own

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
        x = x + np.where(positive, GAP, -GAP)
        if self.imbalance > 1:  # mirrored where another class is wanted, a point keeps its law
            wanted, _, _ = shared(generator(self.seed, "data", "classes"), self.samples, 2, self.imbalance)
            x[:, 1] *= np.where(y == wanted, 1, -1)
            y = wanted
        return x, y


class Checkerboard(Plane, frozen=True, tag="checkerboard"):
    """Class (i + j) mod `classes` on square (i, j) of `squares` × `squares` over [−1, 1]²; uniform on its squares."""

    title: ClassVar[str] = "Checkerboard"

    noise: NoiseLevel = 0.0
    classes: Classes = 2
    squares: Annotated[int, Meta(ge=2, le=16, title="Squares", description="How many squares a side has")] = 4

    @property
    def class_count(self) -> int:
        return self.classes

    def summary(self, folder: Path) -> Summary:
        diagonals = 2 * self.squares - 1
        if self.classes > diagonals:
            words = f"expected at most {diagonals}, as many as {self.squares} × {self.squares} squares have diagonals"
            raise ProjectError(Problem("data.classes", f"{words}, got {self.classes}"))
        return Plane.summary(self, folder)

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        y, _, _ = shared(rng, self.samples, self.classes, self.imbalance)
        i, j = np.divmod(np.arange(self.squares**2), self.squares)
        corner = np.zeros((self.samples, 2))
        for label in range(self.classes):
            of_class = np.flatnonzero((i + j) % self.classes == label)
            mine = y == label
            square = rng.choice(of_class, int(mine.sum()))
            corner[mine] = np.stack([i[square], j[square]], axis=1)
        return 2 * (corner + rng.uniform(0.0, 1.0, corner.shape)) / self.squares - 1, y


class Circles(Plane, frozen=True, tag="circles"):
    """x = r (cos t, sin t), t even on [0, 2π), r from 1 for class 0 to `factor` for the last class.

    scikit-learn's make_circles, with any number of rings.
    """

    title: ClassVar[str] = "Circles"

    classes: Classes = 2
    factor: Annotated[
        float, Meta(gt=0, lt=1, title="Inner radius", description="Radius of the innermost circle, the outer's being 1")
    ] = 0.5

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        y, index, count = shared(rng, self.samples, self.classes, self.imbalance)
        t = 2 * np.pi * index / count
        return on_circle(t) * np.linspace(1.0, self.factor, self.classes)[y][:, None], y

    @property
    def class_count(self) -> int:
        return self.classes


class Moons(Plane, frozen=True, tag="moons"):
    """Class 0: (cos t, sin t); class 1: (1 − cos t, ½ − sin t); t even on [0, π]; both − (½, ¼).

    scikit-learn's make_moons, moved so that the middle of the picture is the origin. More moons go on in turn, each
    1 to the right of the one before; the row is then made smaller, so that it is as wide as two.
    """

    title: ClassVar[str] = "Moons"

    classes: Classes = 2

    @property
    def class_count(self) -> int:
        return self.classes

    def places(self, rng: np.random.Generator) -> tuple[Array, Array]:
        y, index, count = shared(rng, self.samples, self.classes, self.imbalance)
        upper = on_circle(np.pi * index / np.maximum(count - 1, 1))
        x = np.where((y % 2 == 0)[:, None], upper, np.array([0.0, 0.5]) - upper)
        x = x + np.stack([y, np.zeros(len(y))], axis=1) - np.array([(self.classes - 1) / 2, 0.25])
        return x * (3 / (self.classes + 1)), y


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
        y, index, count = shared(rng, self.samples, self.classes, self.imbalance)
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
        y, _, _ = shared(rng, self.samples, self.classes, self.imbalance)
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


def shared(rng: np.random.Generator, samples: int, classes: int, imbalance: float) -> tuple[Array, Array, Array]:
    """Classes in random order: (class, index within its class, that class's count).

    They are as even in number as can be; with `imbalance` r, class k is r^(−k / (classes − 1)) as many as class 0.
    """
    order = rng.permutation(samples)
    if imbalance == 1:
        y = order % classes
        return y, order // classes, (samples - y + classes - 1) // classes
    counts = _counts(samples, imbalance ** (-np.arange(classes) / (classes - 1)))
    starts = np.cumsum(counts) - counts
    y = np.searchsorted(starts, order, side="right") - 1
    return y, order - starts[y], counts[y]


def _counts(samples: int, weights: Array) -> Array:
    """`samples` shared out by `weights`, by the largest remainders; one at least for each where there are as many."""
    shares = samples * weights / weights.sum()
    counts: Array = np.floor(shares).astype(np.int64)
    counts[np.argsort(counts - shares, kind="stable")[: samples - counts.sum()]] += 1
    while samples >= len(counts) and counts.min() == 0:
        counts[counts.argmin()] += 1
        counts[counts.argmax()] -= 1
    return counts


def on_circle(t: Array) -> Array:
    """(cos t, sin t), one row for each angle."""
    return np.stack([np.cos(t), np.sin(t)], axis=1)
