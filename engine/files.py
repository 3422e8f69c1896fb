"""Files that are whole or not there: written beside, flushed, then moved into place."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, content: bytes) -> None:
    """Writes `content` to `path`; after a crash the old file or the new one is there, never a part."""
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write and seek in, which becomes `path` when the block has ended well; else `path` stays as it was.

    Others may write it by its name. A link stays one: the file that it leads to is written.
    """
    with named(path):
        path = path.resolve()
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            os.close(handle)
            with open(name, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def named(path: Path) -> Iterator[None]:
    """What the system says of a full disk names no file, and of a temporary file one that nobody asked for."""
    try:
        yield
    except BrokenPipeError:
        raise  # is not about a file
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


class Stream:
    """A file that is written where it is, a pipe among others; what the system says of it names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")

    def write(self, content: bytes) -> None:
        with named(self._path):
            self._file.write(content)

    def flush(self) -> None:
        with named(self._path):
            self._file.flush()

    def close(self) -> None:
        with named(self._path):
            self._file.close()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
