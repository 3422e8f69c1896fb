"""An ONNX model into the window: as a new project, unsaved, that begins with the model's weights."""

from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMessageBox

from engine.errors import ProjectError
from engine.importing.project import DATA, import_onnx, stands_in
from engine.project import Project
from engine.weights import save_weights
from netviz.document.document import Change
from netviz.runtime.reader import Reader, Told

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

ENDING = ".onnx"
FILTER = f"ONNX models (*{ENDING})"
KEY = "model"  # in the banner
MOST_TOLD = 3  # operators, or notes, in the banner
WEIGHTS = "weights.safetensors"
NO_DATA = "The network has no data of its own yet: noise of its shape stands in for them. Choose data to train on"


@dataclass(frozen=True, slots=True)
class _Read:
    project: Project
    notes: tuple[str, ...]
    folder: Path  # where its weights are until the project is saved


class ModelImport(QObject):
    """Reads on a thread of its own; a file that is refused changes nothing."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._reader = window, Reader(self)
        self._folder: Path | None = None
        window.document.changed.connect(self._changed)

    def ask(self) -> None:
        """Lets a person choose a model."""
        path = self._window.document.path
        folder = str(path.parent if path is not None else Path.home())
        name, _ = QFileDialog.getOpenFileName(self._window, "Import an ONNX model", folder, FILTER)
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Opens the network of a model in this window, after asking about what is not saved."""
        if not self._window.files.may_close():
            return
        self._window.banner.show_message(KEY, f"Reading {path.name} …")
        self._reader.read(
            lambda told: _read(path, told),
            lambda found: self._show(path, found),
            lambda error: self._refuse(path, error),
        )

    def close(self) -> None:
        """The window goes."""
        self._reader.close()
        self._forget()

    def _show(self, path: Path, found: _Read) -> None:
        before, self._folder = self._folder, found.folder
        self._window.files.show_unsaved(replace(found.project, folder=path.parent))
        if before is not None:
            rmtree(before, ignore_errors=True)
        notes = [note for note in found.notes if note != DATA]
        if notes:
            self._tell_of(f"{path.name} is a project now. {NO_DATA}. {_few(notes)}")

    def _refuse(self, path: Path, error: Exception) -> None:
        if not isinstance(error, ProjectError):
            self._window.banner.show_message(KEY, f"{path.name} was not imported: {error}", "red")
            return
        lines = [str(problem) for problem in error.problems]
        answer = ("Show All", lambda: self._show_all(path, lines)) if len(lines) > MOST_TOLD else ()
        self._window.banner.show_message(KEY, f"{path.name} was not imported: {_few(lines)}", "red", *answer)

    def _show_all(self, path: Path, lines: list[str]) -> None:
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Information)
        box.setText(f"{path.name} was not imported")
        box.setInformativeText(f"{len(lines)} operators are not understood.")
        box.setDetailedText("\n".join(lines))
        box.open()

    # Data

    def tell_of_data(self) -> None:
        """That data are to be chosen, where nobody has chosen any."""
        if stands_in(self._window.document.project):
            self._tell_of(NO_DATA)

    def _tell_of(self, words: str) -> None:
        self._window.banner.show_message(KEY, words, "accent", "Import Data…", self._window.importing.ask)

    def _changed(self, change: Change) -> None:
        if change.section == "all":
            self.tell_of_data()
        elif not stands_in(self._window.document.project):
            self._window.banner.take_back(KEY)

    def _forget(self) -> None:
        if self._folder is not None:
            rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _read(path: Path, told: Told) -> _Read:
    """Runs on a thread; `told` ends it where nobody waits for it any more."""
    found = import_onnx(path)
    folder = Path(mkdtemp(prefix="netviz-import-"))
    try:
        save_weights(folder / WEIGHTS, found.weights)
        told(1.0)
    except BaseException:
        rmtree(folder, ignore_errors=True)
        raise
    return _Read(replace(found.project, weights=str(folder / WEIGHTS)), found.notes, folder)


def _few(lines: list[str]) -> str:
    more = f" (and {len(lines) - MOST_TOLD} more)" if len(lines) > MOST_TOLD else ""
    return "; ".join(lines[:MOST_TOLD]) + more
