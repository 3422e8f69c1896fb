"""Points in the plane that stand in the project file itself: those that a person has drawn."""

from collections.abc import Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.source import Dataset, DataSource, Seed, Summary, Validation, split
from engine.errors import Problem, ProjectError
from engine.spec import show

Array = np.ndarray[Any, Any]
Point = tuple[float, float, float]  # x1, x2, and a class from 0 or a number

MOST_POINTS = 20_000  # a file of about 1 MB
FARTHEST = 1e6  # of a coordinate or number from 0
DIGITS = 6  # that a point is written with: no picture shows more


class PointsByHand(DataSource, frozen=True, tag="points"):
    """The examples (x₁, x₂, y) in the order in which they were drawn; y is a class, or with `classes` null a number."""

    title: ClassVar[str] = "Points by hand"
    group: ClassVar[str] = "Points in the plane"

    points: Annotated[
        tuple[Point, ...],
        Meta(max_length=MOST_POINTS, title="Points", description="Drawn with the pencil of the decision boundary"),
    ]
    classes: Annotated[
        Annotated[int, Meta(ge=2, le=8)] | None,
        Meta(title="Classes", description="How many classes the points have; off: they have numbers"),
    ] = 2
    seed: Seed = 0
    validation: Validation = 0.0

    def summary(self, folder: Path) -> Summary:
        self._checked()
        return Summary(shape=(2,), classes=self.classes, targets=1)

    def load(self, folder: Path) -> Dataset:
        rows = self._checked()
        y = rows[:, 2:] if self.classes is None else rows[:, 2].astype(np.int64)
        return split(rows[:, :2], np.ascontiguousarray(y), self.validation, self.seed, self.classes)

    def _checked(self) -> Array:
        """(N, 3); raises ProjectError."""
        count = len(self.points)
        if count < 2:
            words = f"expected at least 2, got {count}: draw them with the pencil of the decision boundary"
            raise ProjectError(Problem("data.points", words))
        rows = np.array(self.points, np.float64)
        wrong = ~(np.abs(rows) <= FARTHEST).all(axis=1)
        if wrong.any():
            at = int(wrong.argmax())
            words = f"expected numbers from {-FARTHEST:g} to {FARTHEST:g}, got {show(self.points[at])}"
            raise ProjectError(Problem(f"data.points.{at}", words))
        if self.classes is not None:
            y = rows[:, 2]
            wrong = (y != np.round(y)) | (y < 0) | (y >= self.classes)
            if wrong.any():
                at = int(wrong.argmax())
                words = f"expected a class from 0 to {self.classes - 1}, got {show(self.points[at][2])}"
                raise ProjectError(Problem(f"data.points.{at}", words))
        return rows


def written(rows: Iterable[Sequence[float]]) -> tuple[Point, ...]:
    """Points as files have them, rounded to what can be seen."""
    made = []
    for x1, x2, y in rows:
        a, b, c = (float(f"{value:.{DIGITS}g}") + 0.0 for value in (x1, x2, y))
        if isfinite(a) and isfinite(b) and isfinite(c):
            made.append((a, b, c))
    return tuple(made)


def by_hand(source: DataSource, folder: Path) -> PointsByHand:
    """The examples of a set in the plane as points of one's own, thinned out where there are too many.

    Raises ProjectError where the examples are no points in the plane, or cannot be read.
    """
    if isinstance(source, PointsByHand):
        return source
    summary = source.summary(folder)
    several = "" if summary.targets == 1 else f" with {summary.targets} targets"
    if summary.shape != (2,) or several:
        shape = "×".join(map(str, summary.shape))
        raise ProjectError(Problem("data.kind", f"only points in the plane are drawn, these are {shape}{several}"))
    if summary.classes is not None and summary.classes > 8:
        raise ProjectError(Problem("data.kind", f"points by hand have up to 8 classes, these have {summary.classes}"))
    data = source.load(folder)
    x = np.concatenate([np.asarray(data.x), np.asarray(data.x_val)])
    y = np.concatenate([data.y, data.y_val]).reshape(len(x), 1)
    kept = np.arange(len(x))
    if len(x) > MOST_POINTS:
        kept = np.linspace(0, len(x) - 1, MOST_POINTS).astype(np.int64)
    rows = np.column_stack([x, y])[kept]
    return PointsByHand(
        points=written(rows.tolist()),
        # The one class that a file of one class has is no choice between classes.
        classes=None if summary.classes is None else max(2, summary.classes),
        seed=getattr(source, "seed", 0),
        validation=getattr(source, "validation", 0.0),
        preprocess=source.preprocess,
    )
