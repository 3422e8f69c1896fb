"""A plane through the inputs of networks on more than two: x = base + (a − a₀) d₁ + (b − b₀) d₂.

Along two chosen features, or along the two principal axes of the training examples; all else stays as it is at the
base, which is the mean or an example. Where the network's inputs are standardized, so are they before axes and shares
are taken: else the feature with the largest unit would be all that is seen.
"""

from dataclasses import dataclass
from math import prod
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from engine.backend import Array, open_backend
from engine.data.preprocess import fitted
from engine.probes.principal import principal
from engine.probes.walked import first_numbers
from engine.trainer import Trainer

FITTED = 400  # training examples that the axes are of
SHOWN, HELD = 500, 250  # examples that are laid into the plane
MOST_KEPT = 16_000_000  # numbers of examples that are looked at: of large inputs fewer examples, never below FEWEST
FEWEST = 16
MARGIN = 0.05  # of the range, beyond it at each side
MOST_NAMES = 256
KEPT = 4  # sections of a trainer


class Through(msgspec.Struct, frozen=True):
    """Which plane: along `features`, or the principal axes where they are None or not there; through `at`, or the mean.

    `at` is a training example, counted round and round.
    """

    features: tuple[int, int] | None = None
    at: int | None = None


class PlaneSection(msgspec.Struct, frozen=True, eq=False):
    """What is told of the plane. Examples are laid into it along all that it leaves out: they lie off the plane."""

    features: tuple[int, int] | None  # that it runs along; None: the principal axes
    names: tuple[str, ...]  # of the features, where the data say them
    at: int | None  # the training example that it goes through; None: the mean
    share: float  # of the variance of the inputs that the plane shows; NaN where there is none
    x: Any  # (n, 2) float32: training examples in the plane
    y: Any  # (n,) float32: classes, or the first target
    x_val: Any
    y_val: Any
    classes: int | None
    counts: tuple[int, int] = (0, 0)  # how many examples the parts have


@dataclass(frozen=True, slots=True)
class Cut:
    """A section with what leads from the plane to raw inputs."""

    section: PlaneSection
    base: Array  # (features,) raw
    origin: Array  # (2,) where the base lies in the plane
    directions: Array  # (2, features) raw, for one along each axis
    bounds: tuple[float, float, float, float]

    def raw(self, places: Array) -> Array:
        """(n, features): the inputs at places (n, 2) of the plane."""
        made: Array = self.base + (places - self.origin) @ self.directions
        return made


_cuts: "WeakKeyDictionary[Trainer, dict[Through, Cut]]" = WeakKeyDictionary()


def cut(trainer: Trainer, through: Through) -> Cut | None:
    """The plane, worked out once for a trainer: its data stay as they are. None for fewer than three inputs."""
    if prod(trainer.network.input_shape) < 3:
        return None
    known = _cuts.setdefault(trainer, {})
    if through not in known:
        if len(known) >= KEPT:
            del known[next(iter(known))]
        known[through] = _made(trainer, through)
    return known[through]


def _made(trainer: Trainer, through: Through) -> Cut:
    sample = trainer.sample
    most = max(FEWEST, MOST_KEPT // prod(trainer.network.input_shape))
    x, x_val = (_flat(part[:most]) for part in (sample.x, sample.x_val))
    scale = _scale(trainer)
    count = x.shape[1]
    base = x.mean(axis=0) if through.at is None else _flat(sample.x[[through.at % len(sample.x)]])[0]
    spread = (x / scale).var(axis=0)
    whole = float(spread.sum())
    features = through.features
    if features is not None and not (features[0] != features[1] and all(0 <= i < count for i in features)):
        features = None
    if features is not None:
        directions, middle = np.zeros((2, count)), np.zeros(count)
        directions[[0, 1], features] = 1.0
        share = float(spread[list(features)].sum()) / whole if whole else float("nan")
        across = directions
    else:
        axes = principal(open_backend(dtype="float64"), (x[:FITTED] / scale).T)
        across = axes.directions.T / scale
        directions, middle = axes.directions.T * scale, axes.mean[:, 0] * scale
        share = sum(axes.shares)
    laid, held, origin = ((part - middle) @ across.T for part in (x[:SHOWN], x_val[:HELD], base[None]))
    names = trainer.project.summary().features[:MOST_NAMES]
    section = PlaneSection(
        features,
        names,
        None if through.at is None else through.at % len(sample.x),
        share,
        laid.astype(np.float32),
        first_numbers(sample.y, len(laid)),
        held.astype(np.float32),
        first_numbers(sample.y_val, len(held)),
        trainer.network.classes,
        (trainer.examples, trainer.first_rows(0, True)[2]),
    )
    return Cut(section, base, origin[0], directions, _around(np.concatenate([laid, held, origin]), features is None))


def _flat(x: Any) -> Array:
    rows: Array = np.asarray(x, np.float64)
    return rows.reshape(len(rows), -1)


def _scale(trainer: Trainer) -> Array:
    """(features,): the deviations by which the network's own preprocessing divides; 1 where it does not."""
    shape = trainer.network.input_shape
    if trainer.project.data.preprocess != "standardize":
        return np.ones(prod(shape))
    made: Array = np.broadcast_to(fitted("standardize", trainer.sample.x)["scale"], shape).reshape(-1)
    return made


def _around(places: Array, square: bool) -> tuple[float, float, float, float]:
    """All examples and a margin; of principal axes both have one scale."""
    known = places[np.isfinite(places).all(axis=1)]
    low, high = (known.min(axis=0), known.max(axis=0)) if len(known) else (np.zeros(2), np.zeros(2))
    half = (high - low) * (0.5 + MARGIN)
    if square:
        half[:] = half.max()
    half[half <= 0] = 1.0
    middle = (low + high) / 2
    left, down = (middle - half).tolist()
    right, up = (middle + half).tolist()
    return (left, right, down, up)
