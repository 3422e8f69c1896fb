"""The window: it puts document, session, canvas, inspector and panels together, and decides nothing else."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from engine.diagnosis import Remedy
from engine.errors import ProjectError
from engine.project import Project
from engine.run.messages import Diverged, LanePreview
from netviz import text_size, theme
from netviz.autosave import Autosave
from netviz.check_actions import CheckActions
from netviz.device_actions import remembered_place
from netviz.document.document import Document
from netviz.document.remedies import apply_remedy
from netviz.dropped import take
from netviz.editor.canvas import Canvas
from netviz.editor.commands import KEYS
from netviz.editor.following import Following
from netviz.editor.inspector import Inspector
from netviz.editor.lit import Lit
from netviz.editor.live import Live
from netviz.editor.palette import Palette
from netviz.editor.problem_list import ProblemList
from netviz.file_actions import FileActions
from netviz.focus_order import in_focus_order
from netviz.menus import Menus
from netviz.model_import import ModelImport
from netviz.panels.base import Panel
from netviz.panels.boundary import BoundaryPanel
from netviz.panels.catalogue import PANELS
from netviz.panels.diagnosis import DiagnosisPanel
from netviz.pencil_link import PencilLink
from netviz.run_link import RunLink
from netviz.runtime.session import Session
from netviz.widgets.banner import Banner
from netviz.widgets.notes_strip import NotesStrip
from netviz.widgets.panel_dock import PanelDock
from netviz.widgets.run_bar import RunBar
from netviz.window_layout import WindowLayout

if TYPE_CHECKING:
    from netviz.windows import Windows

P = TypeVar("P", bound=Panel)
SIZE = QSize(1440, 900)


class MainWindow(QMainWindow):
    """One project, one run."""

    def __init__(self, project: Project, path: Path | None, worker: str = "process") -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self.windows: Windows | None = None
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.document = Document(project, path, self)
        self.session = Session(worker, self)
        self.session.moving.place = remembered_place()
        self.canvas = Canvas(self.document)
        self.live = Live(self.canvas, self.document, self.session)
        self.lit = Lit(self.canvas, self.session.history.cursor)
        self.following = Following(self.canvas, self.document, self.session, self.live)
        self.inspector = Inspector(self.document)
        self.banner, self.notes = Banner(), NotesStrip()
        self.run_bar = RunBar(self.session, self)
        self.addToolBar(self.run_bar)
        self.setContentsMargins(theme.GAP, 0, theme.GAP, theme.GAP)
        self._put_centre()
        self.panels = [kind(self.session.history) for kind in PANELS]
        self.docks = {panel.ident: self._dock(panel) for panel in self.panels}
        beside = {
            "palette": ("Layers", Palette(self.document, self.canvas)),
            "inspector": ("Inspector", self.inspector),
            "problems": ("Problems", ProblemList(self.document, self.canvas)),
        }
        for ident, (title, widget) in beside.items():
            self.docks[ident] = PanelDock(ident, title, "", widget, self)
        self.layout_ = WindowLayout(self, self.docks, self.panels)
        self.link = RunLink(self.document, self.session, self.banner, self.run_bar)
        self.pencil = PencilLink(self.document, self._panel(BoundaryPanel), self.link)
        self.files = FileActions(self, self.document, self.session, self.banner, self.layout_)
        self.checks = CheckActions(self)
        self.importing = self.inspector.importing
        self.importing.refused.connect(lambda words: self.banner.show_message("file", words, "red"))
        self.models = ModelImport(self)
        self.menus = Menus(self)
        self.autosave = Autosave(self.document, self.session, lambda: self.files.unsaved)
        self.files.saved.connect(self.autosave.copy)
        self.files.recovered.connect(self.autosave.adopt)
        self.canvas.chosen.connect(self.inspector.inspect)
        self.link.problems_asked.connect(self.show_problems)
        self.session.previewed.connect(self._show_preview)
        self.session.diverged.connect(self._show_diverged)
        self.run_bar.stop_asked.connect(self._stop)
        self.document.stack.cleanChanged.connect(self._retitle)
        self.document.changed.connect(self._retitle)
        self.files.saved.connect(self._retitle)
        self._retitle()
        self.resize(SIZE.boundedTo(self.screen().availableGeometry().size()))
        self.layout_.restore(project.panels)
        for panel in self.panels:
            self.session.add_view(panel)
        text_size.adopt(self, theme.look().scale)
        self._heed(self.panels)
        self.session.add_view(self.live)
        self.session.add_view(self.following)
        self.following.followed.changed.connect(self._show_followed)
        self.link.open_run()
        self.models.tell_of_data()
        self.canvas.setFocus()

    def _heed(self, panels: list[Panel]) -> None:
        """What the diagnosis offers is done to the drawn network, what it speaks of is selected there."""
        for panel in panels:
            if isinstance(panel, DiagnosisPanel):
                panel.remedy_chosen.connect(self._cure)
                panel.node_chosen.connect(self._point_at)

    def _show_followed(self, what: frozenset[str]) -> None:
        """Who follows an example on the network sees its arithmetic, too."""
        if "on" in what and self.following.followed.on:
            self.docks["follow"].show()
            self.docks["follow"].raise_()

    def _cure(self, lane: int, remedy: Remedy) -> None:
        try:
            apply_remedy(self.document, lane, remedy)
        except (ProjectError, IndexError) as error:
            self.banner.show_message("remedy", f"{remedy.title} does not fit the drawing any more: {error}", "amber")

    def _point_at(self, lane: int, node: str) -> None:
        lanes = self.document.lanes()
        if lane < len(lanes) and node in lanes[lane].graph.layers:
            self.canvas.select(lane, node)

    def _put_centre(self) -> None:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.banner)
        column.addWidget(self.notes)
        column.addWidget(self.canvas, 1)
        self.setCentralWidget(centre)

    def _panel(self, kind: type[P]) -> P:
        return next(panel for panel in self.panels if isinstance(panel, kind))

    def _dock(self, panel: Panel) -> PanelDock:
        dock = PanelDock(panel.ident, panel.title, panel.help, panel, self, panel.short)
        panel.wishes_changed.connect(self.session.ask)
        dock.visibilityChanged.connect(lambda _: QTimer.singleShot(0, self.session, self.session.update_watch))
        return dock

    # What happens

    def canvas_keys(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The keys of the canvas that no menu shows, for the sheet of keys."""
        return [("On the network", list(KEYS))]

    def _show_diverged(self, record: Diverged) -> None:
        self.banner.show_message("diverged", record.message, "red", "Reset", self.session.reset)
        self.canvas.select(record.lane, record.node)

    def _stop(self) -> None:
        """Ends the run, after asking about weights that would be lost with it."""
        if self.files.may_close():
            self.session.stop()

    def _show_preview(self, lanes: tuple[LanePreview, ...]) -> None:
        self.canvas.show_scales([{s.node: (s.signal, s.gradient) for s in lane.nodes} for lane in lanes])
        for note in filter(None, (lane.note for lane in lanes)):
            self.canvas.say(note)

    def toggle_preview(self, on: bool) -> None:
        """Whether boxes show the scale of the signal at the initial weights."""
        self.link.previews = on
        if on:
            self.link.preview()
        else:
            self.canvas.show_scales([])

    def show_problems(self) -> None:
        self.go_to("problems")

    def go_to(self, ident: str) -> None:
        """Shows a dock and gives its first field the keys."""
        dock = self.docks[ident]
        dock.show()
        dock.raise_()
        fields = [w for w in in_focus_order(dock.widget()) if w.isVisible() and w.isEnabled()]
        if fields:
            fields[0].setFocus(Qt.FocusReason.TabFocusReason)

    def _retitle(self) -> None:
        file = f" — {self.document.path.name}" if self.document.path else ""
        self.setWindowTitle(f"{self.document.project.name}{file}[*] — netviz")
        if self.isWindowModified() != self.document.dirty:  # said again, it would be told to the system again
            self.setWindowModified(self.document.dirty)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: take(self, files))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_close():
            event.ignore()
            return
        self.autosave.close()
        self.end()
        event.accept()

    def end(self) -> None:
        """Ends what runs beside the window and asks nothing: what is unsaved stays copied, for the next start."""
        if not self.files.unsaved:
            self.autosave.close()
        self.menus.exports.close()
        self.menus.devices.close()
        self.checks.close()
        self.session.close()
        self.importing.close()
        self.models.close()
        self.files.close()
