"""Copies of what is not saved, kept aside while the program runs: after a crash they are offered again."""

import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from PySide6.QtCore import QStandardPaths

from engine.backend import Array
from engine.errors import ProjectError
from engine.files import write_atomically
from engine.project import Project, project_from, read_json
from netviz.document.storage import ENDING, write_project

Parameters = Mapping[str, Array]


class Note(msgspec.Struct):
    """Beside each copy: whose it is, and which file it is a copy of."""

    process: int
    original: str = ""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A copy that a program left behind which is gone."""

    folder: Path
    project: Project
    original: Path | None
    when: datetime  # the copy was made

    @property
    def words(self) -> str:
        """Which project, in which file, as it was when."""
        file = "never saved" if self.original is None else self.original.name
        return f"{self.project.name} ({file}), as it was at {self.when:%H:%M on %d %B}"


def recovery_folder() -> Path:
    base = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation)
    return Path(base) / "recovery"


class Copy:
    """One window's copy: a folder of its own."""

    def __init__(self, folder: Path | None = None) -> None:
        """In a `folder` that another program has left behind, or in a new one."""
        self.folder = folder or recovery_folder() / uuid.uuid4().hex

    def write(self, project: Project, original: Path | None, parameters: Sequence[Parameters | Path] | None) -> Project:
        """Replaces the copy, and returns it; runs on any thread."""
        self.folder.mkdir(parents=True, exist_ok=True)
        note = Note(os.getpid(), str(original or ""))
        write_atomically(self.folder / "note.json", msgspec.json.encode(note))
        return write_project(project, self.folder / f"copy{ENDING}", parameters)

    def remove(self) -> None:
        remove(self.folder)


def left_behind(base: Path | None = None) -> list[Recovered]:
    """The copies of programs that ended without removing them, the latest first; what cannot be read is passed over."""
    found = []
    base = base or recovery_folder()
    for folder in sorted(base.glob("*/"), key=lambda f: f.stat().st_mtime, reverse=True):
        try:
            note = msgspec.json.decode((folder / "note.json").read_bytes(), type=Note)
            if _lives(note.process):
                continue
            path = folder / f"copy{ENDING}"
            project = project_from(read_json(path), folder, path.stem)
            when = datetime.fromtimestamp(path.stat().st_mtime)
        except (OSError, msgspec.MsgspecError, ProjectError):
            continue
        found.append(Recovered(folder, project, Path(note.original) if note.original else None, when))
    return found


def remove(folder: Path) -> None:
    """Also what a worker was writing there when it was killed."""
    shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
