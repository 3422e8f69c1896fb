"""A curriculum: easy examples first (Bengio, Louradour, Collobert and Weston 2009)."""

from collections.abc import Callable, Iterable
from math import ceil
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from engine.backend import Array


class Curriculum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shows the easiest examples only, then more and more of them, for so many epochs.

    An epoch is as long as ever: what is easy comes more than once in it, each example as often as any other.
    """

    epochs: Annotated[
        int,
        Meta(
            ge=1, le=10_000_000, title="Until epoch", description="From here on all are shown", extra={"unit": "epochs"}
        ),
    ] = 20
    start: Annotated[
        float, Meta(ge=0.01, le=1, title="First share", description="Of the examples, shown in the first epoch")
    ] = 0.3
    by: Annotated[
        Literal["centroid", "order"],
        Meta(title="Easy by", description="centroid: near the own class's mean, far from others'; order: the data's"),
    ] = "centroid"

    def shown(self, epoch: int, count: int) -> int:
        """How many of `count` examples `epoch` shows: linear from `start` to all."""
        share = self.start + (1 - self.start) * epoch / self.epochs
        return min(count, ceil(share * count)) if epoch < self.epochs else count


def by_centroid(parts: Callable[[], Iterable[Array]], y: Array) -> Array:
    """The examples' numbers, easiest first: by their distance to the own class's mean over that to the nearest other.

    `parts` gives all examples in order, (n, features) at a time, as often as it is called; `y` are their classes.
    """
    classes, own = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        return np.arange(len(y))
    means: Array = np.zeros((len(classes), 1))
    start = 0
    for raw in parts():
        part = raw.astype(np.float64)
        member = own[start : (start := start + len(part))] == np.arange(len(classes))[:, None]
        means = means + member @ part
    means = means / np.bincount(own)[:, None]
    hardness = np.zeros(len(y))
    start = 0
    for raw in parts():
        part = raw.astype(np.float64)
        here = slice(start, start := start + len(part))
        squares = (part**2).sum(1)[:, None] - 2 * part @ means.T + (means**2).sum(1)
        distances = np.sqrt(np.maximum(squares, 0))
        rows = np.arange(len(part))
        mine = distances[rows, own[here]]
        distances[rows, own[here]] = np.inf
        hardness[here] = mine / np.maximum(distances.min(1), np.finfo(np.float64).tiny)
    return np.argsort(hardness, kind="stable")
