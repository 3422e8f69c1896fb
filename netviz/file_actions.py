"""Open, save and close, with the trained weights; the disk is touched on a background thread."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QEventLoop, QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from engine.backend import Array
from engine.importing.project import STANDS_IN, stands_in
from engine.project import Project
from engine.run.messages import Keyframe, RunState
from engine.weights import load_weights
from netviz.document.difference import Kind, difference
from netviz.document.document import Document
from netviz.document.storage import ENDING, moved_to, read_project, write_project
from netviz.recent import remember_file
from netviz.recovery import Recovered
from netviz.runtime.background import Background
from netviz.runtime.session import Session
from netviz.runtime.taken import Weights, step_of, with_taken
from netviz.saving import ask_file
from netviz.widgets.banner import Banner
from netviz.window_layout import WindowLayout
from netviz.windows import empty_project, settle_memory

TELEMETRY = {"JSON lines (*.jsonl)": ".jsonl", "Table, a row a step (*.csv)": ".csv"}
FILTER = f"netviz projects (*{ENDING})"
Buttons = QMessageBox.StandardButton


class FileActions(QObject):
    """The File menu and what it does."""

    saved = Signal()
    failed = Signal(str)
    recovered = Signal(Path)  # the copy in this folder is open, with its weights

    def __init__(
        self, window: QMainWindow, document: Document, session: Session, banner: Banner, layout: WindowLayout
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._session = window, document, session
        self._banner, self._layout = banner, layout
        self._background = Background(self)
        self._recovered: Recovered | None = None
        self._kept = 0  # the step whose weights are saved, or that need no saving
        self._recording = ""  # the file that telemetry is written to
        self._seen = stamp(document.path)  # the project's file, as it was read or written here
        session.opened.connect(self._opened)
        session.opened.connect(self._recording_ended)
        session.rewound.connect(self._recording_ended)
        session.recording_lost.connect(self._recording_lost)
        session.rewound.connect(self._rewound)
        session.weights_loaded.connect(self._weights_loaded)

    # Opening

    def new_window(self) -> None:
        """An empty project in a window of its own."""
        windows = getattr(self._window, "windows", None)
        if windows is not None:
            windows.open(empty_project(), None)

    def ask_open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, "Open a project", str(self._document.place), FILTER)
        if name:
            self.open(Path(name))

    def open(self, path: Path, as_experiment: bool = False) -> None:
        """Opens a project in this window; one that can be read, after asking about what is not saved."""
        self._background.run(
            lambda: read_project(path)[0],
            lambda project: self._offer(project, None if as_experiment else path),
            lambda error: self._fail(f"{path.name}: {error}"),
        )

    def open_experiment(self, path: Path) -> None:
        """An experiment is opened as a new project: saving asks where."""
        self.open(path, as_experiment=True)

    def _offer(self, project: Project, path: Path | None) -> None:
        if self.may_close():
            self._show(project, path)

    def _show(self, project: Project, path: Path | None) -> None:
        self._document.load(project, path)
        self._seen = stamp(path)
        settle_memory()
        if path is not None:
            remember_file(path)
        self._layout.restore(project.panels)

    def show_unsaved(self, project: Project) -> None:
        """A project that stands in no file, and would be lost."""
        self._show(project, None)
        self._document.stack.resetClean()

    def show_saved(self, project: Project, path: Path) -> None:
        """A project as it has just been written to `path`."""
        self._show(project, path)

    def offer_recovery(self, left: Sequence[Recovered]) -> None:
        """Asks whether to go on with what a program left behind that ended unexpectedly, the latest first."""
        if left:
            more = f" (and {len(left) - 1} more: File → Recover Unsaved Work)" if len(left) > 1 else ""
            self._banner.show_message(
                "recovery",
                f"netviz ended unexpectedly with unsaved work in {left[0].words}{more}",
                "amber",
                "Recover",
                lambda: self.recover(left[0], left[1:]),
            )

    def recover(self, found: Recovered, others: Sequence[Recovered] = ()) -> None:
        """Opens the copy, unsaved, after asking about what is not saved here; then the others are offered."""
        if not found.folder.is_dir() or not self.may_close():
            return
        folder = found.original.parent if found.original and found.original.parent.is_dir() else Path.home()
        self._recovered = found
        self._show(moved_to(found.project, folder), found.original)
        self._document.stack.resetClean()
        self.offer_recovery(others)

    # Saving

    def save(self) -> None:
        if self._document.path is None:
            self.save_as()
        elif self._may_write():
            self.save_to(self._document.path)

    def save_as(self) -> None:
        if path := self._ask_path():
            self.save_to(path)

    def _may_write(self) -> bool:
        """Asks where another program, or another window, has written the project's file since it was opened here."""
        path = self._document.path
        if path is None or stamp(path) in (None, self._seen):
            return True
        box = QMessageBox(QMessageBox.Icon.Warning, "Replace the file?", f"{path.name} was changed elsewhere.")
        box.setParent(self._window, box.windowFlags())
        box.setInformativeText("Saving replaces what was saved there since it was opened here. Save As… keeps both.")
        box.setStandardButtons(Buttons.Save | Buttons.Cancel)
        box.setDefaultButton(Buttons.Cancel)
        return box.exec() == Buttons.Save

    def _ask_path(self) -> Path | None:
        suggestion = self._document.place / f"{file_name(self._document.project.name)}{ENDING}"
        asked = ask_file(self._window, "Save the project", suggestion, {FILTER: ENDING})
        return None if asked is None else asked[0]

    def save_to(self, path: Path) -> None:
        """Saves project and weights to `path`; `saved` or `failed` says how it went."""
        mark = {STANDS_IN: True} if stands_in(self._document.project) else {}
        self._document.set_panels({**self._layout.save(), "pace": msgspec.to_builtins(self._session.pace), **mark})
        project = self._document.project
        untrained = self._kept == self._session.step == 0 and not _has_weights(project)
        if self._session.state is RunState.IDLE or untrained:
            self._write(project, path, None)
        else:
            self._session.take_keyframe(lambda keyframe: self._write(project, path, keyframe), path.parent)

    def _write(self, project: Project, path: Path, keyframe: Keyframe | None) -> None:
        def write(parameters: Sequence[Weights] | None) -> Project:
            return write_project(project, path, _saved_elsewhere(project) if parameters is None else parameters)

        mark = None if keyframe is None else step_of(keyframe)
        self._background.run(
            lambda: write(None) if keyframe is None else with_taken(keyframe, write),
            lambda written: self._written(path, written, mark),
            lambda error: self._fail_to_save(path, error),
        )

    def _written(self, path: Path, written: Project, mark: int | None) -> None:
        if mark is not None:
            self._kept = mark
        self._document.mark_saved(path, written)
        self._seen = stamp(path)
        running = self._session.project
        if running is not None and difference(running, written).kind is Kind.SAME:
            self._session.project = written
        self._banner.take_back("file")
        remember_file(path)
        self.saved.emit()

    def _fail_to_save(self, path: Path, error: Exception) -> None:
        """What the system says about it; there may be room elsewhere."""
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        self._fail(f"{path.name} could not be saved in {path.absolute().parent}: {why}", "Save As…", self.save_as)

    def _fail(self, message: str, answer: str = "", call: Callable[[], object] | None = None) -> None:
        self._banner.show_message("file", message, "red", answer, call)
        self.failed.emit(message)

    # Closing

    @property
    def unsaved(self) -> bool:
        """Whether closing would lose an edit or trained weights."""
        return self._document.dirty or self._trained

    def may_close(self) -> bool:
        """Asks about what is not saved; True when it may be left behind or was saved."""
        if not self.unsaved:
            return True
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(f"Save {self._document.project.name}?")
        if self._trained:
            box.setInformativeText("The trained weights would be lost.")
        elif self._document.dirty:
            box.setInformativeText("Its changes would be lost.")
        box.setStandardButtons(Buttons.Save | Buttons.Discard | Buttons.Cancel)
        box.setDefaultButton(Buttons.Save)
        answer = box.exec()
        if answer == Buttons.Save:
            return self._save_and_wait()
        return answer == Buttons.Discard

    def _save_and_wait(self) -> bool:
        """Saves while the window stays alive; False when it was not done."""
        path = self._document.path or self._ask_path()
        if path is None or not self._may_write():
            return False
        loop, done = QEventLoop(), []
        self.saved.connect(lambda: (done.append(True), loop.quit()))
        self.failed.connect(lambda _: loop.quit())
        self._session.worker_lost.connect(lambda _: loop.quit())
        self.save_to(path)
        loop.exec()
        return bool(done)

    def close(self) -> None:
        self._background.close()

    # Telemetry

    def ask_telemetry(self) -> None:
        suggestion = self._document.place / f"{file_name(self._document.project.name)}.jsonl"
        asked = ask_file(self._window, "Record telemetry", suggestion, TELEMETRY)
        if asked is not None:
            path = asked[0]
            self._recording = path.name
            self._session.record_telemetry(path)
            others = len(self._session.history.lanes) - 1
            each = f"; of the other networks to {path.stem}.1{path.suffix} and so on" if others > 0 else ""
            self._banner.show_message(
                "telemetry",
                f"Every step from here on is written to {path.name}{each}",
                answer="Stop Recording",
                call=self._stop_recording,
            )

    def _stop_recording(self) -> None:
        self._recording = ""
        self._session.record_telemetry(None)

    def _recording_ended(self) -> None:
        """A file of telemetry holds one run: it ended with the run that was recorded."""
        if self._recording:
            name, self._recording = self._recording, ""
            self._banner.show_message("telemetry", f"The run has begun anew; {name} ends where the one before ended")

    def _recording_lost(self, why: str) -> None:
        self._recording = ""
        self._banner.show_message("telemetry", why, "red")

    # Inside

    def forget(self) -> None:
        """What is not saved now may be lost without asking."""
        self._kept = self._session.step
        self._document.stack.setClean()

    @property
    def _trained(self) -> bool:
        return self._session.state is not RunState.IDLE and self._session.step != self._kept

    def _opened(self) -> None:
        """A new run has nothing to lose, unless it began with trained weights of the one before."""
        if self._session.fresh:
            self._kept = -1 if self._session.carried or self._recovered else 0
        if self._recovered is not None:
            folder, self._recovered = self._recovered.folder, None
            self.recovered.emit(folder)

    def _rewound(self) -> None:
        self._kept = 0

    def _weights_loaded(self) -> None:
        self._kept = -1  # they are not in the project's own file, whatever the step

    @property
    def background(self) -> Background:
        """Where the disk is touched; the window waits for it before it closes."""
        return self._background


def _saved_elsewhere(project: Project) -> list[dict[str, Array]] | None:
    """Weights by an absolute path are not the project's own: they come along."""
    lanes = project.lanes()
    if not all(lane.weights is not None and Path(lane.weights).is_absolute() for lane in lanes):
        return None
    return [load_weights(Path(lane.weights)) for lane in lanes if lane.weights is not None]


def stamp(path: Path | None) -> tuple[int, int] | None:
    """What tells a file from how it was before; None where there is none."""
    try:
        found = None if path is None else path.stat()
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size)


def _has_weights(project: Project) -> bool:
    return any(lane.weights for lane in project.lanes())


def file_name(title: str) -> str:
    """A plain name for files, whatever a project is called."""
    kept = "".join(c if c.isalnum() or c in "-_" else "-" for c in title.lower())
    return "-".join(part for part in kept.split("-") if part) or "network"
