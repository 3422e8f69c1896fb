"""What a person may want to know of a set of pictures before it is used."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.archive import DataFileError
from engine.data.arrays import MOST_LOOKED, spread
from engine.data.idx import Idx
from engine.data.images import Images, picture_size
from engine.data.rows import Rows
from engine.data.source import Summary
from engine.data.tables import Told

Array = np.ndarray[Any, Any]

EACH, MOST_CLASSES = 6, 20  # pictures of a class that are shown, and classes
SIDE = 64  # pixels of one that is shown, at most


@dataclass(frozen=True, slots=True)
class PicturesPreview:
    """What was found. `counts` are examples of each class, to train on and to validate together."""

    summary: Summary
    parts: tuple[int, ...]  # examples in each of the files or folders
    counts: tuple[int, ...]  # empty where y are numbers
    reach: tuple[float, float] | None  # the least and the greatest number; None of what is too much to look through
    sizes: tuple[tuple[tuple[int, int], int], ...]  # heights and widths of pictures in files, the commonest first
    first: tuple[tuple[Array, ...], ...] = ()  # raw, of each of the first classes; of numbers, the first examples


def inspect_idx(source: Idx, folder: Path, told: Told | None = None) -> PicturesPreview:
    """Looks through the files; raises ProjectError."""
    summary, data = source.summary(folder), source.load(folder)
    reach = None
    if data.x.dtype == np.uint8:
        reach = 0.0, 255.0
    elif len(data.x) * np.prod(data.x.shape[1:]) <= MOST_LOOKED:
        low, high, _ = spread(np.asarray(data.x), told)
        reach = float(low.min()), float(high.max())
    y = np.concatenate([data.y, data.y_val])
    counts = () if summary.classes is None else tuple(np.bincount(y, minlength=summary.classes).tolist())
    parts = (len(data.y), len(data.y_val)) if source.path_val else (len(y),)
    return PicturesPreview(summary, parts, counts, reach, (), first_of_each(data.x, data.y, summary.classes))


def inspect_images(source: Images, folder: Path, told: Told | None = None) -> PicturesPreview:
    """Looks at the size of every picture; raises ProjectError or DataFileError."""
    found = source.found(folder)
    paths = [path for part in found for path in part.paths]
    sizes: Counter[tuple[int, int]] = Counter()
    for number, path in enumerate(paths):
        try:
            sizes[picture_size(path)] += 1
        except DataFileError as error:
            raise DataFileError(f"holds {path.name!r}, which {error}") from None
        if told is not None:
            told((number + 1) / len(paths))
    y = np.concatenate([part.y for part in found])
    counts = tuple(np.bincount(y, minlength=len(found[0].names)).tolist())
    parts = tuple(len(part.paths) for part in found)
    first = tuple(
        tuple(_small(source, found[0].paths[k]) for k in np.flatnonzero(found[0].y == label)[:EACH])
        for label in range(min(len(counts), MOST_CLASSES))
    )
    return PicturesPreview(source.summary(folder), parts, counts, (0.0, 255.0), tuple(sizes.most_common()), first)


def first_of_each(x: Rows, y: Array, classes: int | None) -> tuple[tuple[Array, ...], ...]:
    """The first examples of each class; where there are none, the first of all. Large pictures with fewer pixels."""
    if classes is None:
        chosen = [np.arange(min(len(x), EACH))]
    else:
        chosen = [np.flatnonzero(y == label)[:EACH] for label in range(min(classes, MOST_CLASSES))]
    return tuple(tuple(_thinned(np.array(x[int(k)])) for k in places) for places in chosen)


def _thinned(picture: Array) -> Array:
    if picture.ndim < 2:  # of a vector, as many numbers as a picture of that side has
        return picture[: SIDE * SIDE]
    step = -(-max(picture.shape[-2:]) // SIDE)
    return np.ascontiguousarray(picture[..., ::step, ::step])


def _small(source: Images, path: Path) -> Array:
    """One picture in a file, brought down to what is shown; raises DataFileError."""
    height, width = picture_size(path)
    smaller = max(1.0, max(height, width) / SIDE)
    size = max(1, round(height / smaller)), max(1, round(width / smaller))
    try:
        return source.picture(path, size)
    except DataFileError as error:
        raise DataFileError(f"holds {path.name!r}, which {error}") from None
