"""What every data source is: a declaration that loads into one frozen data set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from engine.errors import Problem, ProjectError
from engine.random import generator
from engine.spec import Declared

Samples = Annotated[int, Meta(ge=2, le=10_000_000, title="Samples", description="How many examples are drawn")]
NoiseLevel = Annotated[float, Meta(ge=0, le=10, title="Noise", description="Standard deviation of the noise added")]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1, title="Data seed", description="Draws the data and the validation part")]
Validation = Annotated[
    float, Meta(ge=0, lt=1, title="Validation", description="Share of the examples kept for validation")
]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples in float64: `x` (N, *shape); `y` (N,) int64 classes, or (N, K) float64 numbers."""

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    x_val: np.ndarray[Any, Any]
    y_val: np.ndarray[Any, Any]
    classes: int | None  # how many, where y are class numbers


@dataclass(frozen=True, slots=True)
class Summary:
    """What a network must fit, known without loading the examples where that is possible."""

    shape: tuple[int, ...]  # of one example's x
    classes: int | None  # None: y are numbers
    targets: int  # columns of y (1 where y are classes)

    def example(self) -> np.ndarray[Any, Any]:
        """One y of the kind that the data have: whether a loss fits is seen on it, without reading them."""
        if self.classes is None:
            return np.full((1, self.targets), 1 / self.targets)
        return np.zeros(1, np.int64)


class DataSource(Declared, frozen=True):
    """A source of examples; `folder` is where relative paths begin."""

    def summary(self, folder: Path) -> Summary:
        raise NotImplementedError(type(self).__name__)

    def load(self, folder: Path) -> Dataset:
        raise NotImplementedError(type(self).__name__)


def split(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], share: float, seed: int, classes: int | None) -> Dataset:
    """Keeps `share` of the examples, drawn at random by the data's seed, for validation; order is kept otherwise."""
    held = round(len(x) * share)
    if held >= len(x):
        raise ProjectError(Problem("data.validation", f"leaves no example to train on ({len(x)} in all)"))
    chosen = np.zeros(len(x), dtype=bool)
    chosen[generator(seed, "validation").permutation(len(x))[:held]] = True
    return Dataset(x=x[~chosen], y=y[~chosen], x_val=x[chosen], y_val=y[chosen], classes=classes)
