"""What every data source is: a declaration that loads into one frozen data set."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples: `x` (N, *shape) of any real type; `y` (N,) int64 classes, or (N, K) float64 numbers."""

    x: Rows
    y: Array
    x_val: Rows
    y_val: Array
    classes: int | None  # how many, where y are class numbers

    def first(self, count: int) -> "Dataset":
        """A copy of the first `count` examples of each part."""
        x, y, x_val, y_val = (np.array(part[:count]) for part in (self.x, self.y, self.x_val, self.y_val))
        return Dataset(x, y, x_val, y_val, self.classes)

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
        raise NotImplementedError(type(self).__name__)

    def load(self, folder: Path) -> Dataset:
        raise NotImplementedError(type(self).__name__)


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
