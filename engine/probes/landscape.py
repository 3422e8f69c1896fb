"""The loss around the weights, and the path that they have come: valleys, cliffs, and how sharp the place is.

The loss of some training examples, in inference mode and without regularizer, on a plane through the space of weights:
along two random filter-normalised directions (Li et al. 2018), along the path's two principal directions, or, where
exactly two weights are trained, over these themselves, which is all there is. Drawn from coarse to fine.
"""

from collections.abc import Generator, Iterator, Sequence
from enum import StrEnum
from math import prod
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.network import MOST_NUMBERS
from engine.probes.planes import Plane, principal_directions, random_directions, two_weights
from engine.probes.study import Study, Work, copied, work_of
from engine.probes.weight_path import WeightPath, weights_of
from engine.probes.weights import round_reach
from engine.trainer import Trainer

SIZE = 33  # points of a side
COARSEST = 8  # points from one to the next in the first pass: 5 × 5
SAMPLE = 256  # examples at most, the first ones
FEWEST = 32  # of large networks
WORK = 1 << 28  # products of one point
MOST_WEIGHTS = 5_000_000
MARGIN = 0.25  # of the path's reach, around it
NARROWEST = 0.2  # of the longer side of a path's plane
LEAST = 0.5  # half a side of the plane of two weights


FEWEST_PLACES = 3  # of a path on a plane

Bounds = tuple[float, float, float, float]  # x from, to, y from, to


class PlaneOf(StrEnum):
    RANDOM = "random"  # two filter-normalised directions
    PATH = "path"  # the path's principal directions
    WEIGHTS = "weights"  # the only two


class LandscapeAnswer(msgspec.Struct, frozen=True, eq=False, tag="landscape"):
    """`values` (n, n) float64 over `bounds` (x from, to, y from, to), points on the borders, too; row 0 lowest.

    Axes: of RANDOM in lengths of the direction, of PATH in lengths of weights, of WEIGHTS the weights. (0, 0) is
    `step`'s weights, but of WEIGHTS. `points` of `wanted` of the newest picture are computed; the one that is shown
    may be the picture before. Of the path each of `steps` lies at a row of `places`, `off` the plane.
    """

    plane: PlaneOf
    names: tuple[str, str]
    bounds: Bounds
    values: Any | None  # None: not one pass is complete
    step: int
    points: int
    wanted: int
    examples: int
    count: int  # of training examples
    steps: Any  # int64
    places: Any  # float64 (m, 2)
    off: Any  # float64 (m,)
    shares: tuple[float, float]  # of PATH: of the path's squared distances that lie along each axis
    reason: str = ""  # why there is no picture


class Landscape(Study, frozen=True, tag="landscape"):
    """The plane asked for; networks that train exactly two weights are always drawn over these.

    `reach` is half a side of a random plane. With `follows` a picture that is complete is begun anew about the weights
    of then; `stopped`, nothing is computed. Another `number` asks for a new one now, another `seed` for other
    directions. A plane of two weights shows `bounds` at the least, so that networks side by side may share one.
    """

    plane: PlaneOf = PlaneOf.RANDOM
    reach: float = 1.0
    follows: bool = True
    stopped: bool = False
    number: int = 0
    seed: int = 0
    bounds: Bounds | None = None

    def begin(self, trainer: Trainer, before: Work | None = None) -> "LandscapeWork":
        known = before if isinstance(before, LandscapeWork) else None
        return known if known is not None and known.goes_on_as(self) else LandscapeWork(self, trainer, known)


class Picture:
    """The loss on a plane, as far as it is known."""

    def __init__(self, kind: PlaneOf, plane: Plane, step: int) -> None:
        self.kind, self.plane, self.step = kind, plane, step
        self.bounds: Bounds = (-1.0, 1.0, -1.0, 1.0)
        self.values = np.full((SIZE, SIZE), np.nan)
        self.known = np.zeros((SIZE, SIZE), bool)
        self._whole = 2 * COARSEST  # points from one to the next in the finest pass that is complete

    def points(self) -> Iterator[tuple[int, int]]:
        """Rows and columns, pass by pass."""
        every = COARSEST
        while every:
            for row in range(0, SIZE, every):
                for column in range(0, SIZE, every):
                    if not self.known[row, column]:
                        yield row, column
            self._whole, every = every, every // 2

    def at(self, row: int, column: int) -> tuple[float, float]:
        left, right, low, high = self.bounds
        return left + (right - left) * column / (SIZE - 1), low + (high - low) * row / (SIZE - 1)

    def put(self, row: int, column: int, loss: float) -> None:
        self.values[row, column], self.known[row, column] = loss, True

    @property
    def begun(self) -> bool:
        """Whether the first pass is complete."""
        return self._whole <= COARSEST

    def shown(self) -> Array | None:
        """The pass that is being drawn, what it lacks taken from the middle of the neighbours of the pass before."""
        if not self.begun:
            return None
        coarse, every = self.values[:: self._whole, :: self._whole], self._whole // 2
        if not every or self.known.sum() == coarse.size:
            return coarse.copy()
        fine = np.empty((2 * len(coarse) - 1,) * 2)
        fine[::2, ::2] = coarse
        fine[1::2, ::2] = (coarse[1:] + coarse[:-1]) / 2
        fine[:, 1::2] = (fine[:, 2::2] + fine[:, :-2:2]) / 2
        known = self.known[::every, ::every]
        fine[known] = self.values[::every, ::every][known]
        return fine


class LandscapeWork(Work):
    _path: WeightPath

    def __init__(self, study: Landscape, trainer: Trainer, before: "LandscapeWork | None") -> None:
        self._study = study
        weights = trainer.parameters.trained
        self._kind = PlaneOf.WEIGHTS if weights == 2 else study.plane
        if study.plane is PlaneOf.WEIGHTS and weights != 2:
            self._kind = PlaneOf.RANDOM
        self.reason = _refusal(weights)
        self._begun = -1  # the step at which the newest picture was begun
        self._left = False  # the path has left the plane of two weights
        self._flat = False  # the path's two principal directions could not be told
        self._rest: Iterator[None] | None = None
        self._drawn: Picture | None = None  # being drawn, or complete
        self._shown: Picture | None = before._shown if before is not None else None
        if self.reason:
            return
        self._path = before._path if before is not None else WeightPath(trainer)
        self._network = copied(trainer)
        widths = sum(prod(shape) + 1 for shape in self._network.structure.shapes.values())
        few = min(SAMPLE, max(FEWEST, WORK // work_of(self._network)), max(1, MOST_NUMBERS // widths))
        rows, targets, self._count = trainer.first_rows(few)
        self._plan = self._network.plan(len(rows), "evaluate")
        self._plan.fill(rows, targets.T)

    def goes_on_as(self, study: Landscape) -> bool:
        """Takes another question, if the picture that is being drawn is what it asks for, too."""
        same = msgspec.structs.replace(study, follows=self._study.follows, stopped=self._study.stopped) == self._study
        if same:
            self._study = study
        return same

    @property
    def look_at(self) -> int:  # type: ignore[override]
        return self._path.look_at if not self.reason else super().look_at

    def look(self, trainer: Trainer) -> None:
        self._path.take(trainer)  # where it lies is seen to when there is time: most places are thinned before

    def wants(self, trainer: Trainer) -> bool:
        if self.reason or self._study.stopped:
            return False
        if self._rest is not None or self._behind() is not None:
            return True
        if self._kind is PlaneOf.PATH and len(self._path.steps) < FEWEST_PLACES:
            return False
        if self._begun < 0 or self._kind is PlaneOf.WEIGHTS:
            return self._begun < 0 or self._left
        return self._begun != trainer.step_number and (self._study.follows or self._drawn is None)

    def go_on(self, trainer: Trainer) -> None:
        behind = self._behind()
        if behind is not None:
            picture, k = behind
            self._put_on(picture, self._path.steps[k], self._path.places[k])
            if self._rest is None:
                return
        if self._rest is None:
            self._rest = self._draw(trainer)
        with np.errstate(all="ignore"):
            if next(self._rest, self) is self:
                self._rest = None

    def _behind(self) -> tuple[Picture, int] | None:
        """A picture on which a place of the path is not laid yet, and which place."""
        for picture in (self._shown, self._drawn):
            if picture is not None:
                for k, step in enumerate(self._path.steps):
                    if step not in picture.plane.places:
                        return picture, k
        return None

    def answer(self, trainer: Trainer) -> LandscapeAnswer:
        picture = self._shown
        if self.reason or picture is None:
            return self._without_picture(trainer)
        path = [(step, picture.plane.places[step]) for step in self._path.steps if step in picture.plane.places]
        if not path or path[-1][0] != trainer.step_number:
            with np.errstate(all="ignore"):
                now = picture.plane.place(trainer.backend, weights_of(trainer))
            path.append((trainer.step_number, now))
            self._left = self._left or _outside(picture, now)
        places = np.array([place for _, place in path])
        return LandscapeAnswer(
            picture.kind,
            picture.plane.names,
            picture.bounds,
            picture.shown(),
            picture.step,
            int(self._drawn.known.sum()) if self._drawn is not None else 0,
            SIZE * SIZE,
            self._plan.batch,
            self._count,
            np.array([step for step, _ in path]),
            places[:, :2],
            places[:, 2],
            picture.plane.shares,
            self._waiting(),
        )

    def _without_picture(self, trainer: Trainer) -> LandscapeAnswer:
        none, count = np.zeros(0), trainer.first_rows(1)[2]
        points = int(self._drawn.known.sum()) if self._drawn is not None else 0
        return LandscapeAnswer(
            self._kind,
            ("", ""),
            (-1.0, 1.0, -1.0, 1.0),
            None,
            trainer.step_number,
            points,
            SIZE * SIZE,
            0 if self.reason else self._plan.batch,
            count,
            none.astype(np.int64),
            none.reshape(0, 2),
            none,
            (np.nan, np.nan),
            self.reason or (self._waiting() if self._kind is PlaneOf.PATH else ""),
        )

    def _waiting(self) -> str:
        """What a path, or its plane, still lacks."""
        if self._kind is not PlaneOf.PATH:
            return "" if self._path.kept else "Of so many weights no path is kept."
        if not self._path.kept:
            return f"A path of {len(self._plan.parameters.values):,} weights is too long to keep: take a random plane."
        if len(self._path.steps) < FEWEST_PLACES:
            return "Press play: the plane of the path wants a few steps."
        return "The path does not fill a plane so far." if self._flat else ""

    # Drawing

    def _draw(self, trainer: Trainer) -> Iterator[None]:
        parameters = self._network.parameters_
        parameters.values[...] = trainer.parameters.values
        self._begun, self._left, centre = trainer.step_number, False, weights_of(trainer).copy()
        plane = yield from self._lay(centre)
        if plane is None:
            return
        picture = Picture(self._kind, plane, self._begun)
        if self._kind is not PlaneOf.RANDOM:  # whose bounds are those of the path
            for step, weights in list(zip(self._path.steps, self._path.places, strict=True)):
                self._put_on(picture, step, weights)
                yield
        picture.bounds = self._bounds(picture)
        self._drawn = picture
        mine = parameters.values[: parameters.trained]
        for row, column in picture.points():
            plane.put(*picture.at(row, column), mine)
            self._plan.run_forward()
            picture.put(row, column, float(self._plan.loss.item()))
            if picture.begun:
                self._shown = picture
            yield
        self._shown = picture

    def _lay(self, centre: Array) -> Generator[None, None, Plane | None]:
        backend = self._network.backend
        if self._kind is PlaneOf.WEIGHTS:
            across, up, names = two_weights(self._network)
            return Plane(backend.zeros(2), across, up, names)
        if self._kind is PlaneOf.PATH:
            found = yield from principal_directions(backend, [*self._path.places, centre], centre)
            self._flat = found is None
            if found is None:
                return None
            return Plane(centre, found[0], found[1], ("first principal direction", "second"), found[2])
        directions = yield from random_directions(self._network, self._study.seed)
        if directions is None:
            self.reason = "Random directions want a layer whose weights are a matrix; here none is trained."
            return None
        return Plane(centre, *directions, ("first random direction", "second"))

    def _put_on(self, picture: Picture, step: int, weights: Array) -> None:
        with np.errstate(all="ignore"):
            place = picture.plane.places[step] = picture.plane.place(self._network.backend, weights)
        self._left = self._left or _outside(picture, place)

    def _bounds(self, picture: Picture) -> Bounds:
        reach = self._study.reach
        if picture.kind is PlaneOf.RANDOM:
            return (-reach, reach, -reach, reach)
        self._left = False
        places = np.array([place[:2] for place in picture.plane.places.values()] or [(0.0, 0.0)])
        places = places[np.isfinite(places).all(axis=1)]
        if picture.kind is PlaneOf.PATH:
            places = np.concatenate([places, np.zeros((1, 2))])
        if not len(places):
            return (-reach, reach, -reach, reach)
        low, high = places.min(axis=0), places.max(axis=0)
        if picture.kind is PlaneOf.WEIGHTS:
            # Round, and of one scale: angles are true, and the plane stays while the path is short of its border.
            half = max(LEAST, round_reach(float((high - low).max()) / 2 * (1 + MARGIN)))
            middle = np.round((low + high) / half) * (half / 2)
            half *= 1.0 if (np.abs(places - middle).max() < half) else 2.0
            (x, y), reach = middle.tolist(), float(half)
            own = (x - reach, x + reach, y - reach, y + reach)
            return own if self._study.bounds is None else square_around([own, self._study.bounds])
        wide = (high - low).max()
        half_sides = np.maximum(high - low, NARROWEST * wide) / 2 * (1 + 2 * MARGIN)
        middle = (low + high) / 2
        (x, y), (a, b) = middle.tolist(), half_sides.tolist()
        return (x - a, x + a, y - b, y + b)


def square_around(parts: Sequence[Bounds]) -> Bounds:
    """The smallest square that holds all `parts`, about their middle: angles are true in it."""
    ends = np.array(parts)
    left, right, low, high = ends[:, 0].min(), ends[:, 1].max(), ends[:, 2].min(), ends[:, 3].max()
    half, x, y = max(right - left, high - low) / 2, (left + right) / 2, (low + high) / 2
    return float(x - half), float(x + half), float(y - half), float(y + half)


def _outside(picture: Picture, place: tuple[float, float, float]) -> bool:
    left, right, low, high = picture.bounds
    return not (left <= place[0] <= right and low <= place[1] <= high) and bool(np.isfinite(place).all())


def _refusal(weights: int) -> str:
    if not weights:
        return "Nothing is trained here."
    if weights > MOST_WEIGHTS:
        return f"The landscape is drawn for up to {MOST_WEIGHTS:,} weights; here are {weights:,}."
    return ""
