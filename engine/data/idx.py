"""Data from files of the IDX format, in which MNIST comes (LeCun, Cortes and Burges, "The MNIST database")."""

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from engine.data.archive import MOST_DEFLATED, PIECE, DataFileError
from engine.data.files import class_numbers, must_be_finite
from engine.data.known import known
from engine.data.rows import LARGE
from engine.data.source import Dataset, DataSource, Reconstruct, Seed, Summary, Validation, split
from engine.errors import Problem, ProjectError

Array = np.ndarray[Any, Any]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_AXES = 4


class Idx(DataSource, frozen=True, tag="idx"):
    """Examples in one file and their labels in another, both as they are or packed by gzip.

    N × H × W are pictures of one channel, N × F vectors, N × C × H × W pictures as they stand. Whole labels are
    classes, one more than the greatest; others are numbers, (N,) standing for (N, 1).
    """

    title: ClassVar[str] = "IDX files (MNIST)"
    group: ClassVar[str] = "File"
    endings: ClassVar[tuple[str, ...]] = ("-ubyte", "-ubyte.gz", ".idx", ".idx.gz")

    path: Annotated[str, Meta(min_length=1, title="Examples", description="Relative to the project's folder")]
    labels: Annotated[
        str,
        Meta(title="Labels", description="Empty: the file beside it with labels in place of images, 1 in place of 3"),
    ] = ""
    path_val: Annotated[
        str, Meta(title="Validation examples", description="Empty: a share of the others is kept for validation")
    ] = ""
    labels_val: Annotated[str, Meta(title="Validation labels", description="Empty: found like the others")] = ""
    reconstruct: Reconstruct = False
    seed: Seed = 0
    validation: Validation = 0.25

    def summary(self, folder: Path) -> Summary:
        summary = self._labelled(folder)
        return summary.to_itself() if self.reconstruct else summary

    def _labelled(self, folder: Path) -> Summary:
        """What the files say, whatever is to be learnt of them."""
        files = [folder / name for pair in self._pairs(folder) for name in pair]
        return known(files, "idx", lambda: self._summary(folder))

    def load(self, folder: Path) -> Dataset:
        data = self._load(folder)
        return data.to_itself() if self.reconstruct else data

    def _load(self, folder: Path) -> Dataset:
        classes = self._labelled(folder).classes
        parts = [(self._examples(folder, x), self._targets(folder, y)) for x, y in self._pairs(folder)]
        if len(parts) == 1:
            return split(*parts[0], self.validation, self.seed, classes)
        (x, y), (x_val, y_val) = parts
        return Dataset(x=x, y=y, x_val=x_val, y_val=y_val, classes=classes)

    def _pairs(self, folder: Path) -> list[tuple[str, str]]:
        """The files of examples and labels, to train on and to validate."""
        pairs = [(self.path, self.labels or labels_beside(folder, self.path))]
        if self.path_val:
            pairs.append((self.path_val, self.labels_val or labels_beside(folder, self.path_val)))
        return pairs

    def _summary(self, folder: Path) -> Summary:
        seen: list[tuple[tuple[int, ...], Array]] = []
        for x, y in self._pairs(folder):
            with _told("path", x):
                header = read_header(folder / x)
                shape = example_shape(header.shape)
            targets = self._targets(folder, y)
            if len(targets) != header.shape[0]:
                message = f"has {len(targets)} labels, {x!r} has {header.shape[0]} examples; expected as many"
                raise ProjectError(Problem("data.labels", f"{y!r} {message}"))
            seen.append((shape, targets))
        shape, targets = seen[0]
        if any(other != shape or y.shape[1:] != targets.shape[1:] for other, y in seen[1:]):
            message = f"{self.path_val!r} holds other examples than {self.path!r}: expected shape {shape}"
            raise ProjectError(Problem("data.path_val", message))
        if targets.ndim == 2:
            return Summary(shape=shape, classes=None, targets=targets.shape[1])
        return Summary(shape=shape, classes=1 + max(int(y.max()) for _, y in seen), targets=1)

    def _examples(self, folder: Path, name: str) -> Array:
        with _told("path", name):
            array = read_array(folder / name)
            must_be_finite(array, "x")
            return array.reshape(len(array), *example_shape(array.shape))

    def _targets(self, folder: Path, name: str) -> Array:
        with _told("labels", name):
            array = np.asarray(read_array(folder / name))
            if array.ndim > 2:
                raise DataFileError(f"holds arrays of shape {array.shape}, expected N or N x K labels")
            if array.ndim == 1 and array.dtype.kind != "f":
                return class_numbers(array, "labels")
            numbers: Array = array.astype(np.float64).reshape(len(array), -1)
            must_be_finite(numbers, "labels")
            return numbers


def labels_beside(folder: Path, path: str) -> str:
    """The usual name of the labels of the examples in `path`; raises ProjectError where there are none."""
    if not (folder / path).is_file():
        raise ProjectError(Problem("data.path", f"{path!r} there is no such file"))
    head, _, name = path.rpartition("/")
    other = name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    bare = other.removesuffix(".gz")
    for guess in (other, bare, f"{bare}.gz"):
        beside = f"{head}/{guess}" if head else guess
        if guess != name and (folder / beside).is_file():
            return beside
    if "labels" in name or "idx1" in name:
        examples = name.replace("labels", "images").replace("idx1", "idx3")
        raise ProjectError(
            Problem("data.path", f"{path!r} holds labels: choose the examples' file, such as {examples!r}")
        )
    words = f"there is no {other!r}" if other != name else "no name of them follows from that"
    raise ProjectError(Problem("data.labels", f"where the labels of {path!r} are must be said: {words}"))


def example_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """One example's shape in an array of `shape`; raises DataFileError."""
    if len(shape) < 2:
        raise DataFileError(f"holds {shape[0]} single numbers, expected examples; labels belong to the other file")
    return (1, *shape[1:]) if len(shape) == 3 else shape[1:]


@dataclass(frozen=True, slots=True)
class IdxHeader:
    """What a file says of its array: type, shape, and where the numbers begin."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int

    @property
    def size(self) -> int:
        """Of the whole file when it is not packed, in bytes."""
        return self.offset + math.prod(self.shape) * self.dtype.itemsize


def read_header(path: Path) -> IdxHeader:
    """The header, checked against the size of the file; raises DataFileError."""
    with _opened(path) as (file, packed):
        return _header(path, file, packed)


def read_array(path: Path) -> Array:
    """The array of a file; a large one that is not packed stays there. Raises DataFileError."""
    with _opened(path) as (file, packed):
        header = _header(path, file, packed)
        if not packed and header.size > LARGE:
            mapped: Array = np.memmap(path, header.dtype, "r", header.offset, header.shape)
            return mapped
        content = bytearray()
        while piece := file.read(min(PIECE, header.size - header.offset + 1 - len(content))):
            content += piece
        if len(content) != header.size - header.offset:
            raise DataFileError(_lie(header))
        array: Array = np.frombuffer(content, header.dtype).reshape(header.shape)
        return array.astype(header.dtype.newbyteorder("="))


def _header(path: Path, file: IO[bytes] | gzip.GzipFile, packed: bool) -> IdxHeader:
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not 1 <= start[3] <= MOST_AXES:
        raise DataFileError("is not an IDX file: it begins with other bytes than 0, 0, a type and a number of axes")
    axes = file.read(4 * start[3])
    if len(axes) < 4 * start[3]:
        raise DataFileError("is cut short")
    shape = tuple(int(axis) for axis in np.frombuffer(axes, ">u4"))
    header = IdxHeader(shape, np.dtype(TYPES[start[2]]), 4 + len(axes))
    if 0 in shape:
        raise DataFileError(f"is empty, its shape is {shape}")
    held = path.stat().st_size
    if header.size > held * MOST_DEFLATED if packed else header.size != held:
        raise DataFileError(_lie(header))
    return header


def _lie(header: IdxHeader) -> str:
    return f"is damaged or cut short: its header claims shape {header.shape} of {header.dtype}, which is not there"


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes] | gzip.GzipFile, bool]]:
    """The content of a file, and whether it is packed."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"  # RFC 1952
            file.seek(0)
            yield (gzip.GzipFile(fileobj=file) if packed else file), packed
    except FileNotFoundError:
        raise DataFileError("there is no such file") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataFileError("is damaged or cut short: it cannot be unpacked") from None
    except MemoryError:
        raise DataFileError("does not fit into memory") from None
    except (OSError, ValueError) as error:
        if isinstance(error, DataFileError):
            raise
        raise DataFileError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


@contextmanager
def _told(field: str, name: str) -> Iterator[None]:
    try:
        yield
    except DataFileError as error:
        raise ProjectError(Problem(f"data.{field}", f"{name!r} {error}")) from None
