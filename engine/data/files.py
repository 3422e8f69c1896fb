"""Data from a file of NumPy arrays."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.archive import Archive, DataFileError
from engine.data.known import known
from engine.data.preprocess import CHUNK
from engine.data.rows import LARGE
from engine.data.source import Dataset, DataSource, Reconstruct, Seed, Summary, Validation, split
from engine.errors import Problem, ProjectError

Array = np.ndarray[Any, Any]

MOST_CLASSES = 65_536  # more is a quantity that was saved as whole numbers


class Npz(DataSource, frozen=True, tag="npz"):
    """Arrays x (N, ...) and y of an .npz file, and x_val, y_val where it has them (`validation` is not used then).

    y of whole numbers or booleans, shape (N,), are classes, one more than the greatest; all other y are
    numbers, (N,) standing for (N, 1).
    """

    title: ClassVar[str] = "NumPy file"
    group: ClassVar[str] = "File"
    endings: ClassVar[tuple[str, ...]] = (".npz",)

    path: Annotated[str, Meta(min_length=1, title="File", description="An .npz file, relative to the project's folder")]
    reconstruct: Reconstruct = False
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        summary = known([folder / self.path], "npz", lambda: self._read_summary(folder))
        return summary.to_itself() if self.reconstruct else summary

    def _read_summary(self, folder: Path) -> Summary:
        with self._open(folder) as archive:
            return outline(archive).summary

    def load(self, folder: Path) -> Dataset:
        data = self._load(folder)
        return data.to_itself() if self.reconstruct else data

    def _load(self, folder: Path) -> Dataset:
        with self._open(folder) as archive:
            all_but_x = outline(archive)
            x = _examples(archive, "x")
            x_val = _examples(archive, "x_val") if all_but_x.y_val is not None else None
        y, y_val, classes = all_but_x.y, all_but_x.y_val, all_but_x.summary.classes
        if x_val is None or y_val is None:
            return split(x, y, self.validation, self.seed, classes)
        return Dataset(x=x, y=y, x_val=x_val, y_val=y_val, classes=classes)

    @contextmanager
    def _open(self, folder: Path) -> Iterator[Archive]:
        try:
            with Archive(folder / self.path) as archive:
                yield archive
        except DataFileError as error:
            raise ProjectError(Problem("data.path", f"{self.path!r} {error}")) from None


@dataclass(frozen=True, slots=True)
class Outline:
    """All of a file but x: what is there has the right shapes, and y are loaded."""

    summary: Summary
    y: Array
    y_val: Array | None


def outline(archive: Archive) -> Outline:
    """Checks a file's headers and reads its y; raises DataFileError."""
    shape = _example_shape(archive, "x", "y")
    y = _targets(archive, "y")
    y_val = None
    if "x_val" in archive or "y_val" in archive:
        shape_val = _example_shape(archive, "x_val", "y_val")
        if shape_val != shape:
            raise DataFileError(f"has examples of shape {shape} in 'x' and of {shape_val} in 'x_val'")
        y_val = _targets(archive, "y_val")
        if y.ndim == 2 and y_val.ndim == 1:
            y_val = y_val.astype(np.float64)[:, None]  # whole numbers beside other numbers
        if y_val.shape[1:] != y.shape[1:]:
            raise DataFileError(f"has {_meaning(y)} in 'y' and {_meaning(y_val)} in 'y_val'")
    if y.ndim == 2:
        return Outline(Summary(shape=shape, classes=None, targets=y.shape[1]), y, y_val)
    classes = 1 + max(int(part.max()) for part in (y, y_val) if part is not None)
    return Outline(Summary(shape=shape, classes=classes, targets=1), y, y_val)


def _meaning(y: Array) -> str:
    return "classes" if y.ndim == 1 else f"{y.shape[1]} columns of numbers"


def _example_shape(archive: Archive, x_name: str, y_name: str) -> tuple[int, ...]:
    """Shape of one example; both arrays' headers are checked, no numbers are read."""
    x, y = archive.header(x_name).shape, archive.header(y_name).shape
    if len(x) < 2:
        raise DataFileError(
            f"array {x_name!r} has shape {x}, expected N x F (vectors), N x T x F (sequences) or N x C x H x W (images)"
        )
    if len(y) not in (1, 2):
        raise DataFileError(f"array {y_name!r} has shape {y}, expected N or N x K")
    if 0 in x or 0 in y:
        name, shape = (x_name, x) if 0 in x else (y_name, y)
        raise DataFileError(f"array {name!r} is empty, its shape is {shape}")
    if x[0] != y[0]:
        raise DataFileError(f"has {x[0]} examples in {x_name!r} and {y[0]} in {y_name!r}, expected as many")
    return x[1:]


def _targets(archive: Archive, name: str) -> Array:
    """Classes (N,) int64, or numbers (N, K) float64."""
    header = archive.header(name)
    if len(header.shape) == 2:
        return _numbers(archive, name)
    if header.dtype.kind == "f":
        return _numbers(archive, name)[:, None]
    return class_numbers(archive.read(name), f"array {name!r}")


def class_numbers(y: Array, what: str) -> Array:
    """Whole numbers `y` (N,) as classes, int64; raises DataFileError where they are none."""
    for value in (int(y.min()), int(y.max())):
        if not 0 <= value < MOST_CLASSES:
            raise DataFileError(
                f"{what} has the class number {value}, allowed are 0 to {MOST_CLASSES - 1}; "
                "numbers to be predicted must be saved as floats"
            )
    return y.astype(np.int64)


def _examples(archive: Archive, name: str) -> Array:
    """The array in its own type; a large one that is not packed stays in the file."""
    header = archive.header(name)
    large = math.prod(header.shape) * header.dtype.itemsize > LARGE
    mapped = archive.mapped(name) if large else None
    array: Array = np.ascontiguousarray(archive.read(name)) if mapped is None else mapped
    must_be_finite(array, name)
    return array


def _numbers(archive: Archive, name: str) -> Array:
    numbers: Array = np.ascontiguousarray(archive.read(name), dtype=np.float64)
    must_be_finite(numbers, name)
    return numbers


def must_be_finite(array: Array, name: str) -> None:
    """Raises DataFileError with the first number that is none."""
    if array.dtype.kind != "f":
        return
    size = max(1, CHUNK // math.prod(array.shape[1:]))
    for start in range(0, len(array), size):
        finite = np.isfinite(array[start : start + size])
        if not finite.all():
            at = tuple(int(i) for i in np.unravel_index(int(finite.argmin()), finite.shape))
            at = (at[0] + start, *at[1:])
            raise DataFileError(f"array {name!r} has the value {array[at]} at {list(at)}, expected finite numbers")
