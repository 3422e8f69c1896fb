"""Trained networks out of the window and weights into it: always of the network that runs, not of the drawing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMenu

from engine.backend import Array
from engine.export.names import class_name
from engine.export.onnx import save_onnx
from engine.export.torch import save_torch
from engine.files import write_atomically
from engine.fusion import fused, has_norms
from engine.inference import network_with
from engine.project import OWN, Project
from engine.run.messages import Keyframe, RunState, WeightsLoaded
from engine.weights import load_weights, save_weights
from netviz.document.difference import Difference, difference
from netviz.file_actions import file_name
from netviz.film.dialog import FilmDialog
from netviz.panel_exports import PanelExports
from netviz.report_maker import ReportMaker
from netviz.runtime.taken import Weights, in_memory, with_taken
from netviz.saving import Saver

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

Write = Callable[[Path, Project, Mapping[str, Array]], object]
WEIGHTS = "Weights (*.safetensors)"
MOST_NAMED = 3  # weights that did not fit


class ExportActions(QObject):
    """Acts on the network in which something is selected, or else on the first."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._session, self._saver = window, window.session, Saver(window)
        self.panels = PanelExports(window, self._saver)
        self._session.weights_loaded.connect(self._tell_loaded)

    def fill(self, menu: QMenu) -> None:
        """The Export menu."""
        for text, call in (
            ("ONNX Model…", self.save_onnx),
            ("PyTorch Module…", self.save_torch),
            ("Weights…", self.save_weights),
            ("Load Weights…", self.ask_weights),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, c=call: c())
        menu.addSeparator()
        menu.addAction("Report…").triggered.connect(lambda: self.save_report())
        menu.addAction("Film of the Run…").triggered.connect(lambda: self.ask_film())
        self.panels.fill(menu)

    def close(self) -> None:
        """The window closes."""
        for dialog in self._window.findChildren(FilmDialog):
            dialog.abandon()
        for maker in self._window.findChildren(ReportMaker):
            maker.close()

    def save_report(self) -> None:
        """One page about the run as it is now."""
        if self._running() is None:
            return
        asked = self._saver.ask("Report of the run", f"{self._name()}-report", {"Page (*.html)": ".html"})
        if asked is None or self._running() is None:
            return
        path = asked[0]

        def write(make: Callable[[], bytes]) -> None:
            self._saver.write(path, lambda: write_atomically(path, make()))

        ReportMaker(self._window, self._saver.say, write).start()

    def ask_film(self) -> None:
        """One at a time: the dialog of a film that is being made comes forward."""
        dialogs = self._window.findChildren(FilmDialog)
        dialog = dialogs[0] if dialogs else FilmDialog(self._window, self._saver, self.filmed, self._name())
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def filmed(self) -> Project:
        """The project that runs, or else the drawing, with the panels as they stand; what floats stands in its row."""
        panels = self._window.layout_.save()
        if any(dock.isFloating() for dock in self._window.docks.values()):
            panels.pop("docks")
        return replace(self._session.project or self._window.document.project, panels=panels)

    def _name(self) -> str:
        return file_name(self._window.document.project.name)

    # Out

    def save_onnx(self) -> None:
        def write(path: Path, project: Project, weights: Mapping[str, Array]) -> None:
            save_onnx(path, network_with(project, weights), class_name(project))

        def write_fused(path: Path, project: Project, weights: Mapping[str, Array]) -> None:
            write(path, *fused(project, weights))

        kinds = {"ONNX model (*.onnx)": write}
        running = self._session.project
        if running is not None and self._lane < len(running.lanes()) and has_norms(running.lanes()[self._lane]):
            kinds["ONNX model, batch norm folded in (*.onnx)"] = write_fused
        self._export("Export to ONNX", kinds)

    def save_torch(self) -> None:
        note = "; its weights are a file of their own (Weights…)"
        self._export("Export to PyTorch", {"Python (*.py)": lambda path, project, _: save_torch(path, project)}, note)

    def save_weights(self) -> None:
        self._export("Save the weights", {WEIGHTS: lambda path, _, weights: save_weights(path, weights)})

    def _export(self, title: str, kinds: Mapping[str, Write], note: str = "") -> None:
        """Asks for a file, then for the weights as they are now, and writes; `kinds` by line of the dialog."""
        running = self._running()
        if running is None:
            return
        endings = {line: line[line.index("*") + 1 : -1] for line in kinds}
        asked = self._saver.ask(title, self._stem(running.lanes()[self._lane]), endings)
        running = self._running()  # the run went on behind the dialog
        if asked is None or running is None:
            return
        path, write, lane = asked[0], kinds[asked[1]], self._lane
        project, differs = running.lanes()[lane], self._differs(running, lane)
        # The banner holds one message: that of the export takes over the offer of the one before it.
        answer = ("Restart", self._window.link.restart) if differs else ()

        def told(keyframe: Keyframe) -> None:
            def use(weights: Sequence[Weights] | None) -> None:
                one = (weights or ())[0 if keyframe.files else lane]
                write(path, project, in_memory(one))

            if keyframe.files or keyframe.problem or lane < len(keyframe.parameters or ()):
                self._saver.write(path, lambda: with_taken(keyframe, use), note + differs, *answer)
            else:
                self._saver.say(f"{path.name} was not written: the run has ended", "red")

        self._saver.say(f"Writing {path.name} …")
        self._session.take_keyframe(told, path.parent, lane)

    # In

    def ask_weights(self) -> None:
        """Weights out of a file, into the network that runs."""
        if self._running() is None:
            return
        name, _ = QFileDialog.getOpenFileName(self._window, "Load weights", str(self._window.document.place), WEIGHTS)
        if name:
            self.load_weights(Path(name))

    def load_weights(self, path: Path) -> None:
        """Weights of this file into the network that runs."""
        if self._running() is None:
            return
        lane = self._lane
        self._window.files.background.run(
            lambda: load_weights(path),
            lambda weights: self._session.load_weights(lane, weights, path.name),
            lambda error: self._saver.say(str(error), "red"),
        )

    def _tell_loaded(self, record: WeightsLoaded) -> None:
        name, misfits = self._session.history.lanes[record.lane].info.name, record.misfits
        if not misfits:
            self._saver.say(f"{name} goes on with the weights of {record.source}")
            return
        more = f" (and {len(misfits) - MOST_NAMED} more)" if len(misfits) > MOST_NAMED else ""
        words = f"{'; '.join(misfits[:MOST_NAMED])}{more}"
        self._saver.say(f"{name} took {', '.join(record.taken)} of {record.source}; the rest stays: {words}", "amber")

    # Which network

    @property
    def _lane(self) -> int:
        selection = self._window.canvas.selection
        return selection[0] if selection is not None else 0

    def _running(self) -> Project | None:
        """The project that runs, with the chosen network in it; else None, and a word why."""
        project = self._session.project
        if project is None or self._session.state is RunState.IDLE:
            self._saver.say("No network runs that has weights: press play first", "amber")
            return None
        if self._lane >= len(project.lanes()):
            name = self._window.document.lanes()[self._lane].variant
            self._saver.say(f"{name} does not run yet: restart with the edited network first", "amber")
            return None
        return project

    def _differs(self, running: Project, lane: int) -> str:
        """A word where the drawing has become another network than the one that runs."""
        found = difference(running, self._window.document.project)
        mine = tuple(f for f in found.fields if not f.live and f.lane in (lane, None) and f.section != "variants")
        words = Difference(mine, found.lanes[lane : lane + 1]).words
        return f"; this is the network that runs, the drawing differs: {words}" if mine else ""

    def _stem(self, project: Project) -> str:
        name = project.name if project.variant == OWN else f"{project.name} {project.variant}"
        return file_name(name)
