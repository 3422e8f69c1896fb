"""What a person may want to know of an .npz file before it is used."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.archive import Archive, Header
from engine.data.files import Array, outline
from engine.data.source import Summary
from engine.data.tables import SHOWN, Told

MOST_LOOKED = 1 << 26  # numbers of x: more are not unpacked only to be looked at
PIECE = 1 << 20  # numbers looked at at once


@dataclass(frozen=True, slots=True)
class ArrayPreview:
    """What `inspect_arrays` has found. `low`, `high` and `mean` are by number of an example, None where x is large."""

    summary: Summary
    headers: tuple[tuple[str, Header], ...]  # x, y, and x_val, y_val where they are there
    rows: int
    counts: tuple[int, ...]  # examples of each class, empty where y are numbers
    first: Array | None  # of x (some, *shape)
    first_y: Array
    low: Array | None  # (*shape,)
    high: Array | None
    mean: Array | None


def inspect_arrays(path: Path, told: Told | None = None) -> ArrayPreview:
    """Looks through a file of arrays; raises DataFileError. `told` hears how far."""
    with Archive(path) as archive:
        made = outline(archive)
        headers = tuple((name, archive.header(name)) for name in ("x", "y", "x_val", "y_val") if name in archive)
        rows = headers[0][1].shape[0]
        counts: tuple[int, ...] = ()
        if made.summary.classes is not None:
            counts = tuple(int(n) for n in np.bincount(made.y, minlength=made.summary.classes))
        x = archive.read("x") if math.prod(headers[0][1].shape) <= MOST_LOOKED else archive.mapped("x")
        low = high = mean = None
        if x is not None and x.size <= MOST_LOOKED:
            low, high, mean = spread(x, told)
        first = None if x is None else np.array(x[:SHOWN], np.float64)
        return ArrayPreview(made.summary, headers, rows, counts, first, made.y[:SHOWN], low, high, mean)


def spread(x: Array, told: Told | None) -> tuple[Array, Array, Array]:
    """The least, the greatest and the mean of each number of an example, looked at some examples at a time."""
    shape = x.shape[1:]
    low, high, mean = np.full(shape, np.inf), np.full(shape, -np.inf), np.zeros(shape)
    size = max(1, PIECE // max(1, math.prod(shape)))
    for start in range(0, len(x), size):
        part: np.ndarray[Any, Any] = x[start : start + size].astype(np.float64)
        low, high = np.minimum(low, part.min(axis=0)), np.maximum(high, part.max(axis=0))
        mean += (part / len(x)).sum(axis=0)
        if told is not None:
            told(min(1.0, (start + size) / len(x)))
    return low, high, mean
