"""An ONNX model into the window: as a new project, unsaved, that begins with the model's weights."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMessageBox

from engine.errors import ProjectError
from engine.importing.project import DATA, Ends, import_onnx, open_ends, stands_in
from engine.project import Project
from engine.weights import save_weights
from netviz.commands.import_onnx import write_imported
from netviz.document.document import Change
from netviz.model_dialog import Answers, ModelDialog
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
    saved: Path | None  # where the project is
    folder: Path | None  # where its weights are until the project is saved


class ModelImport(QObject):
    """Reads on a thread of its own; a file that is refused changes nothing."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._reader = window, Reader(self)
        self._folders: list[Path] = []  # of weights that were read: those of the project that is shown, or of none
        self.dialog: ModelDialog | None = None
        window.document.changed.connect(self._changed)

    def ask(self) -> None:
        """Lets a person choose a model."""
        folder = str(self._window.document.place)
        name, _ = QFileDialog.getOpenFileName(self._window, "Import an ONNX model", folder, FILTER)
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Opens the network of a model in this window; one that can be read, after asking about what is not saved."""
        self._read(path, None)

    def _read(self, path: Path, answers: Answers | None) -> None:
        self._window.banner.show_message(KEY, f"Reading {path.name} …")
        self._reader.read(
            lambda told: _read(path, answers, told, self._folders.append),
            lambda found: self._found(path, found, answers),
            lambda error: self._refuse(path, answers, error),
        )

    def _found(self, path: Path, found: "_Read | Ends", answers: Answers | None) -> None:
        """What is not saved is asked about once: before the model's own dialog, where it has one."""
        self._window.banner.take_back(KEY)
        if answers is None and not self._window.files.may_close():
            if isinstance(found, _Read) and found.folder is not None:
                rmtree(found.folder, ignore_errors=True)
        elif isinstance(found, Ends):
            self._choose(path, found)
        else:
            self._show(path, found)

    def _choose(self, path: Path, ends: Ends, before: Answers | None = None) -> None:
        """Asks what the model leaves open; cancelled, nothing has changed."""
        self._window.banner.take_back(KEY)
        dialog = self.dialog = ModelDialog(path, ends, self._window, before)
        dialog.accepted.connect(lambda: self._read(path, dialog.answers))
        dialog.finished.connect(self._chosen)
        dialog.open()

    def _chosen(self) -> None:
        self.dialog = None

    def close(self) -> None:
        """The window goes."""
        self._reader.close()
        self._keep(None)

    def _show(self, path: Path, found: _Read) -> None:
        if found.saved is not None:
            self._window.files.show_saved(found.project, found.saved)
        else:
            self._window.files.show_unsaved(replace(found.project, folder=path.parent))
        self._keep(found.folder)
        notes = [note for note in found.notes if note != DATA]
        if notes:
            self._tell_of(f"{path.name} is a project now. {NO_DATA}. {_few(notes)}")

    def _refuse(self, path: Path, answers: Answers | None, error: Exception) -> None:
        if not isinstance(error, ProjectError):
            self._window.banner.show_message(KEY, f"{path.name} was not imported: {error}", "red")
            return
        lines = [str(problem) for problem in error.problems]
        answer: tuple[Any, ...] = ()
        if len(lines) > MOST_TOLD:
            answer = "Show All", lambda: self._show_all(path, lines)
        elif answers is not None:
            answer = "Choose Again…", lambda: self._choose(path, answers.ends, answers)
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

    def _keep(self, shown: Path | None) -> None:
        """Nothing is being read: what was read and never shown goes, too."""
        for folder in self._folders:
            if folder != shown:
                rmtree(folder, ignore_errors=True)
        self._folders[:] = [folder for folder in self._folders if folder == shown]


def _read(path: Path, answers: Answers | None, told: Told, made: Callable[[Path], object]) -> _Read | Ends:
    """Runs on a thread; `told` ends it where nobody waits for it any more, `made` hears of the folder of weights."""
    if answers is None:
        ends = open_ends(path)
        if ends.asks:
            return ends
        answers = Answers(ends)
    found = import_onnx(path, answers.output, answers.example)
    told(0.5)
    if answers.place is not None:
        return _Read(write_imported(found, path, answers.place), found.notes, answers.place, None)
    folder = Path(mkdtemp(prefix="netviz-import-"))
    made(folder)
    try:
        save_weights(folder / WEIGHTS, found.weights)
        told(1.0)
    except BaseException:
        rmtree(folder, ignore_errors=True)
        raise
    return _Read(replace(found.project, weights=str(folder / WEIGHTS)), found.notes, None, folder)


def _few(lines: list[str]) -> str:
    more = f" (and {len(lines) - MOST_TOLD} more)" if len(lines) > MOST_TOLD else ""
    return "; ".join(lines[:MOST_TOLD]) + more
