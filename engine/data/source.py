"""What every data source is: a declaration that loads into one frozen data set."""

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.preprocess import Preprocessing
from engine.data.rows import Rows, picked
from engine.errors import Problem, ProjectError
from engine.random import generator
from engine.spec import Declared

Array = np.ndarray[Any, Any]
Samples = Annotated[int, Meta(ge=2, le=10_000_000, title="Samples", description="How many examples are drawn")]
NoiseLevel = Annotated[float, Meta(ge=0, le=10, title="Noise", description="Standard deviation of the noise added")]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1, title="Data seed", description="Draws the data and the validation part")]
Validation = Annotated[
    float, Meta(ge=0, lt=1, title="Validation", description="Share of the examples kept for validation")
]


Reconstruct = Annotated[
    bool,
    Meta(title="Targets are inputs", description="For an autoencoder: it learns x itself, classes are told beside"),
]


@dataclass(frozen=True, slots=True)
class Labels:
    """What examples are that have their own numbers for targets: classes (N,) int64 of both parts."""

    y: Array
    y_val: Array
    classes: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples: `x` (N, *shape) of any real type; `y` (N,) int64 classes, or (N, K) float64 numbers."""

    x: Rows
    y: Array
    x_val: Rows
    y_val: Array
    classes: int | None  # how many, where y are class numbers
    labels: Labels | None = None  # known beside the numbers that are learnt

    def first(self, count: int) -> "Dataset":
        """A copy of the first `count` examples of each part."""
        x, y, x_val, y_val = (np.array(part[:count]) for part in (self.x, self.y, self.x_val, self.y_val))
        labels = self.labels
        if labels is not None:
            labels = Labels(labels.y[:count].copy(), labels.y_val[:count].copy(), labels.classes)
        return Dataset(x, y, x_val, y_val, self.classes, labels)

    def to_itself(self, largest: float | None = None) -> "Dataset":
        """The same examples with y = x / `largest` (N, K), flat; the classes are kept as `labels`.

        Where nothing is said, bytes are divided by 255 and all other numbers stay as they are.
        """
        if largest is None:
            largest = 255.0 if self.x.dtype == np.uint8 else 1.0
        y, y_val = (np.asarray(x, np.float64).reshape(len(x), -1) / largest for x in (self.x, self.x_val))
        labels = None if self.classes is None else Labels(self.y, self.y_val, self.classes)
        return replace(self, y=y, y_val=y_val, classes=None, labels=labels)

    def known_classes(self) -> Labels | None:
        """The classes of the examples, learnt or not."""
        return self.labels if self.classes is None else Labels(self.y, self.y_val, self.classes)

    def reach(self) -> tuple[Array, Array] | None:
        """The least and the greatest coordinates of all examples in the plane; None of others."""
        if self.x.shape[1:] != (2,):
            return None
        parts = [np.asarray(x, np.float64) for x in (self.x, self.x_val) if len(x)]
        low, high = np.min([x.min(axis=0) for x in parts], axis=0), np.max([x.max(axis=0) for x in parts], axis=0)
        return low, high


@dataclass(frozen=True, slots=True)
class Summary:
    """What a network must fit, known without loading the examples where that is possible."""

    shape: tuple[int, ...]  # of one example's x
    classes: int | None  # None: y are numbers
    targets: int  # columns of y (1 where y are classes)
    features: tuple[str, ...] = ()  # what the numbers of a vector are called, where the data say it
    class_names: tuple[str, ...] = ()

    def to_itself(self) -> "Summary":
        """Of data whose targets are their own numbers."""
        return replace(self, classes=None, targets=prod(self.shape))

    def example(self) -> Array:
        """One y of the kind that the data have: whether a loss fits is seen on it, without reading them."""
        if self.classes is None:
            return np.full((1, self.targets), 1 / self.targets)
        return np.zeros(1, np.int64)


class DataSource(Declared, frozen=True, kw_only=True):
    """A source of examples; `folder` is where relative paths begin. What it loads is raw."""

    endings: ClassVar[tuple[str, ...]] = ()  # of the names of files that a kind reads, in small letters
    of_folder: ClassVar[bool] = False  # `path` is a folder

    preprocess: Preprocessing = "none"

    def summary(self, folder: Path) -> Summary:
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def load(self, folder: Path) -> Dataset:
        raise NotImplementedError(type(self).__name__)  # each kind has its own


def split(x: Array, y: Array, share: float, seed: int, classes: int | None) -> Dataset:
    """Keeps `share` of the examples, drawn at random by the data's seed, for validation; order is kept otherwise."""
    chosen = kept_for_validation(len(x), share, seed)
    return Dataset(picked(x, ~chosen), y[~chosen], picked(x, chosen), y[chosen], classes)


def kept_for_validation(count: int, share: float, seed: int) -> Array:
    """Which of so many examples `split` keeps for validation, (count,) booleans."""
    held = round(count * share)
    if held >= count:
        raise ProjectError(Problem("data.validation", f"leaves no example to train on ({count} in all)"))
    chosen = np.zeros(count, dtype=bool)
    chosen[generator(seed, "validation").permutation(count)[:held]] = True
    return chosen
