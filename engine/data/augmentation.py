"""Augmentation: each training example is shown a little changed, and in every epoch in another way."""

from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from engine.backend import Array, Backend
from engine.data.preprocess import Kind
from engine.errors import Problem
from engine.random import generator, key_of

WORDS = 4  # of 64 bits, that Philox makes of one counter


class Augmentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shows training examples shifted, turned, mirrored or with noise, and those for validation as they are.

    Pictures are mirrored, then turned about their middle, then shifted; what comes in from outside repeats the edge.
    """

    shift: Annotated[
        int,
        Meta(ge=0, le=1024, title="Shift", description="Whole pixels, at most, across and down", extra={"unit": "px"}),
    ] = 1
    rotate: Annotated[
        float, Meta(ge=0, le=180, title="Rotate", description="At most, either way", extra={"unit": "°"})
    ] = 0.0
    flip: Annotated[bool, Meta(title="Flip", description="Left and right are exchanged, or not, by a coin")] = False
    noise: Annotated[
        float, Meta(ge=0, le=10, title="Noise", description="Standard deviation, behind the preprocessing")
    ] = 0.0

    @property
    def moves(self) -> bool:
        return bool(self.shift or self.rotate or self.flip)

    def refusal(self, shape: tuple[int, ...], preprocess: Kind) -> Problem | None:
        """Why examples of `shape` cannot be changed so."""
        if not self.moves:
            return None
        where = "training.augmentation." + ("shift" if self.shift else "rotate" if self.rotate else "flip")
        if len(shape) != 3:
            got = "×".join(map(str, shape))
            return Problem(where, f"wants pictures of C×H×W numbers, the data have {got}; only noise suits all data")
        if preprocess in ("pca", "whiten"):
            return Problem(where, f"wants pictures, {preprocess} leaves no pixels")
        return None


class Augmenter:
    """Changes rows of a training part by (seed, epoch, place in the epoch): any of them again as often as asked."""

    def __init__(self, backend: Backend, how: Augmentation, shape: tuple[int, ...], count: int) -> None:
        """`count` examples of `shape` make an epoch."""
        self._backend, self._how, self._shape, self._count = backend, how, shape, count
        self._drawn: tuple[tuple[int, int], Array | None] = ((-1, -1), None)

    def __call__(self, rows: Array, seed: int, epoch: int, position: int) -> Array:
        """A changed copy of `rows` (n, features + 1), which stand in the epoch from `position` on."""
        changed = rows.copy()
        inner = changed[:, :-1]
        if self._how.moves:
            inner[...] = self._moved(inner, self._draws(seed, epoch)[position : position + len(rows)])
        if self._how.noise:
            noise = normal(seed, epoch, position, (len(rows), inner.shape[1])) * self._how.noise
            inner += self._backend.from_host(noise)
        return changed

    def alike(self, rows: Array, seed: int, view: int) -> Array:
        """A copy of `rows` that are all changed as the first of epoch `view` is: in the same way, by the same noise."""
        changed = rows.copy()
        inner = changed[:, :-1]
        if self._how.moves:
            inner[...] = self._moved(inner, self._backend.zeros(len(rows), 1) + self._draws(seed, view)[:1])
        if self._how.noise:
            noise = normal(seed, view, 0, (1, inner.shape[1])) * self._how.noise
            inner += self._backend.from_host(noise)
        return changed

    def _draws(self, seed: int, epoch: int) -> Array:
        """For each place of an epoch: shifts down and across, cosine and sine of the angle, and -1 to mirror or 1."""
        known, drawn = self._drawn
        if drawn is None or known != (seed, epoch):
            rng, how, n = generator(seed, "augmentation", epoch), self._how, self._count
            angle = np.deg2rad(rng.uniform(-how.rotate, how.rotate, n))
            shifts = rng.integers(-how.shift, how.shift, (2, n), endpoint=True)
            side = 1 - 2 * rng.integers(0, 2, n) * how.flip
            drawn = self._backend.from_host(np.stack([*shifts, np.cos(angle), np.sin(angle), side], axis=1))
            self._drawn = (seed, epoch), drawn
        return drawn

    def _moved(self, x: Array, draws: Array) -> Array:
        """Pictures (n, C·H·W), each pixel taken from where it comes from."""
        xp, (channels, height, width), n = self._backend.xp, self._shape, len(x)
        down, across, cos, sin, side = (draws[:, i].reshape(n, 1, 1) for i in range(5))
        middle = (height - 1) / 2, (width - 1) / 2
        numbers = self._backend.from_host(np.arange(max(height, width)))
        v = numbers[:height].reshape(1, height, 1) - middle[0] - down
        u = numbers[:width].reshape(1, 1, width) - middle[1] - across
        y = xp.clip(cos * v - sin * u + middle[0], 0, height - 1)
        x_ = xp.clip((sin * v + cos * u) * side + middle[1], 0, width - 1)
        flat = x.reshape(n, channels, height * width)

        def at(row: Array, column: Array) -> Array:
            place = (row * width + column).astype("int64").reshape(n, 1, height * width)
            taken: Array = xp.take_along_axis(flat, place, 2)
            return taken

        if not self._how.rotate:
            return at(y, x_).reshape(n, -1)
        top, left = xp.floor(y), xp.floor(x_)
        low, right = (y - top).reshape(n, 1, -1), (x_ - left).reshape(n, 1, -1)
        below, beside = xp.clip(top + 1, 0, height - 1), xp.clip(left + 1, 0, width - 1)
        upper = at(top, left) * (1 - right) + at(top, beside) * right
        lower = at(below, left) * (1 - right) + at(below, beside) * right
        mixed: Array = (upper * (1 - low) + lower * low).reshape(n, -1)
        return mixed


def normal(seed: int, epoch: int, position: int, shape: tuple[int, int]) -> np.ndarray[Any, Any]:
    """N(0, 1) in rows that stand in an epoch from `position` on, by Box and Muller (1958) from counted words."""
    count, width = shape
    each = -(-width // WORDS)  # counters a row
    source = np.random.Philox(key=key_of(seed, "augmentation noise", epoch)).advance(position * each)
    uniform = ((source.random_raw(count * each * WORDS) >> np.uint64(11)) + 0.5) * 2.0**-53
    first, second = uniform.reshape(count, each * WORDS // 2, 2).transpose(2, 0, 1)
    radius, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
    pairs: np.ndarray[Any, Any] = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)
    return pairs.reshape(count, -1)[:, :width]
