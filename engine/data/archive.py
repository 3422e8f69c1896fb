"""Arrays out of .npz files that anyone may have written: nothing is unpickled, no header is believed unseen."""

import math
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.lib import format as npy

Array = np.ndarray[Any, Any]

PIECE = 1 << 20  # bytes read at once
MOST_DEFLATED = 1032  # deflate packs at best 258 bytes into 2 bits (RFC 1951)


class DataFileError(ValueError):
    """A file of data that cannot be used; the message is one line and does not name the file."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of one array, checked against the space that the array takes there."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool


class Archive:
    """The arrays of one .npz file, read one at a time; every method raises DataFileError."""

    def __init__(self, path: Path) -> None:
        try:
            if not path.is_file():
                raise DataFileError("there is no such file" if not path.exists() else "is not a file")
            self._zip = zipfile.ZipFile(path)
        except DataFileError:
            raise
        except OSError as error:
            raise DataFileError(f"cannot be opened: {error.strerror or 'read error'}") from None
        # zipfile has no one class for what damaged bytes make it raise.
        except Exception:
            raise DataFileError("is not an npz file (numpy.savez writes one)") from None
        self._path = path
        self._size = path.stat().st_size
        self._members = {info.filename.removesuffix(".npy"): info for info in self._zip.infolist()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def header(self, name: str) -> Header:
        """Shape and type of the array `name`; its numbers are not read."""
        with self._open(name) as (_, header):
            return header

    def read(self, name: str) -> Array:
        """The array `name`, of real numbers or booleans."""
        with self._open(name) as (member, _):
            member.seek(0)
            array: Array = npy.read_array(member, allow_pickle=False)
            member.read(1)  # the checksum is compared at the member's end only
            return array

    def mapped(self, name: str) -> Array | None:
        """The array `name` where it lies in the file, read-only; None of one that is packed or not in C order.

        Its checksum is compared, for which all of it is read once, a piece at a time.
        """
        with self._open(name) as (member, header):
            info = self._members[name]
            if info.compress_type != zipfile.ZIP_STORED or header.fortran_order or 0 in header.shape:
                return None
            offset = self._start(info) + member.tell()
            array: Array = np.memmap(self._path, header.dtype, "r", offset, header.shape)
            member.seek(0)
            while member.read(PIECE):
                pass
            return array

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Where the bytes of a member begin, behind its own header (APPNOTE.TXT, 4.3.7)."""
        with open(self._path, "rb") as file:
            file.seek(info.header_offset)
            *_, name, extra = struct.unpack("<4s5H3L2H", file.read(30))
        return info.header_offset + 30 + int(name) + int(extra)

    @contextmanager
    def _open(self, name: str) -> Iterator[tuple[IO[bytes], Header]]:
        if name not in self._members:
            there = ", ".join(repr(member) for member in list(self._members)[:8]) or "nothing"
            raise DataFileError(f"has no array {name!r}, it has {there}")
        info = self._members[name]
        # Seen before anything is opened: what zipfile itself makes of such a file differs from release to release.
        if not _possible(info, self._size):
            raise DataFileError(
                f"array {name!r} is damaged or cut short: "
                f"the file does not hold the {info.file_size} bytes that it claims"
            )
        try:
            with self._zip.open(info) as member:
                yield member, _header(name, info, member)
        except DataFileError:
            raise
        except MemoryError:
            raise DataFileError(f"array {name!r} does not fit into memory") from None
        # Damaged bytes come out of zipfile, zlib, tokenize, ast and numpy as a dozen unrelated classes.
        except Exception:
            raise DataFileError(f"array {name!r} cannot be read, the file is damaged or cut short") from None


def _header(name: str, info: zipfile.ZipInfo, member: IO[bytes]) -> Header:
    """The header at the start of `member`, refused where numbers of that shape cannot be behind it."""
    version = npy.read_magic(member)
    if version == (1, 0):
        shape, fortran, dtype = npy.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, fortran, dtype = npy.read_array_header_2_0(member)
    else:  # 3.0 is for fields with names beyond Latin-1
        raise DataFileError(f"array {name!r} is not a plain array of numbers")
    if dtype.hasobject:
        raise DataFileError(f"array {name!r} holds Python objects, expected numbers; such are never loaded")
    if dtype.kind not in "biuf":
        raise DataFileError(f"array {name!r} holds {dtype}, expected real numbers or booleans")
    claimed = math.prod(shape) * dtype.itemsize
    held = info.file_size - member.tell()
    if min(shape, default=0) < 0 or claimed != held:
        raise DataFileError(
            f"array {name!r} is damaged or cut short: its header claims shape {shape} of {dtype}, "
            "the file does not hold that"
        )
    return Header(shape, dtype, fortran)


def _possible(info: zipfile.ZipInfo, file_size: int) -> bool:
    """Whether so many bytes can come out of this file: a zip file's directory can lie as well as a header."""
    if info.compress_size > file_size:
        return False
    if info.compress_type == zipfile.ZIP_STORED:
        return info.file_size == info.compress_size
    return info.compress_type == zipfile.ZIP_DEFLATED and info.file_size <= MOST_DEFLATED * info.compress_size
