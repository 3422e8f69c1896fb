"""The files that commands read and write: what is wrong with them is said before any work is done."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine.backend import Array
from engine.errors import Problem, ProjectError, one_line
from engine.weights import load_weights
from netviz.exit_status import BAD_INPUT


def tell_all(file: Path, error: ProjectError) -> int:
    """Every problem on standard output, a line each, the first on standard error, too; returns the exit status."""
    for problem in error.problems:
        print(one_line(f"{file}: {problem}"))
    print(one_line(f"{file}: {error}"), file=sys.stderr)
    return BAD_INPUT


@contextmanager
def fitting_weights(option: str, path: Path) -> Iterator[dict[str, Array]]:
    """The arrays of a weights file; that they do not fit, a ValueError of the block, is told under `option`."""
    weights = load_weights(path)
    try:
        yield weights
    except ProjectError:
        raise
    except ValueError as error:
        raise ProjectError(Problem(option, f"{path}: {error}")) from None


def must_be_writable(outputs: Mapping[str, Path | None], read: Mapping[Path, str], streamed: str = "") -> None:
    """Refuses outputs, by option, that cannot be written or are another file of the command; `read` are its inputs.

    The output of option `streamed` is written where it is, and may be a pipe.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        if why := _why_not(path, whole=option != streamed):
            raise ProjectError(Problem(option, f"{path}: {why}, so it cannot be written"))
    taken = {path.resolve(): what for path, what in read.items()}
    for option, path in given.items():
        place = path.resolve()
        if place in taken:
            raise ProjectError(Problem(option, f"expected a file of its own, got {taken[place]}: {path}"))
        taken[place] = f"that of {option}"


def _why_not(path: Path, whole: bool) -> str:
    """What keeps `path` from being written; `whole` files are moved into place, others written where they are."""
    try:
        if path.is_dir():
            return "is a folder"
        if not path.parent.is_dir():
            return "is in a folder that is not there"
        if path.exists() and not path.is_file():
            return "is not a regular file" if whole else ""  # a pipe or terminal may take telemetry
        if path.exists() and not os.access(path, os.W_OK):
            return "is write-protected"
        if whole or not path.exists():
            with tempfile.TemporaryFile(dir=path.parent, prefix=f".{path.name}."):
                return ""
    except OSError as error:
        return str(error.strerror)
    return ""
