"""The window: it puts document, session, canvas, inspector and panels together, and decides nothing else."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QVBoxLayout, QWidget

from engine.project import Project
from engine.run.messages import Diverged
from netviz import theme
from netviz.document.document import Document
from netviz.editor.canvas import Canvas
from netviz.editor.inspector import Inspector
from netviz.experiments import find_experiments
from netviz.file_actions import FileActions
from netviz.panels.base import Panel
from netviz.panels.catalogue import PANELS
from netviz.run_link import RunLink
from netviz.runtime.session import Session
from netviz.widgets.banner import Banner
from netviz.widgets.panel_dock import PanelDock
from netviz.widgets.run_bar import RunBar
from netviz.window_layout import WindowLayout

NAME = "netviz"
SIZE = QSize(1440, 900)


class MainWindow(QMainWindow):
    """One project, one run."""

    def __init__(self, project: Project, path: Path | None, worker: str = "process") -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.document = Document(project, path, self)
        self.session = Session(worker, self)
        self.canvas = Canvas(self.document)
        self.inspector = Inspector(self.document)
        self.banner = Banner()
        self.run_bar = RunBar(self.session, self)
        self.addToolBar(self.run_bar)
        self.setContentsMargins(theme.GAP, 0, theme.GAP, theme.GAP)
        self._put_centre()
        self.panels = [kind(self.session.history) for kind in PANELS]
        self.docks = {panel.ident: self._dock(panel) for panel in self.panels}
        inspector = PanelDock("inspector", "Inspector", "", self.inspector, self)
        self.docks["inspector"] = inspector
        self.layout_ = WindowLayout(self, self.docks, self.panels)
        self.link = RunLink(self.document, self.session, self.banner, self.run_bar)
        self.files = FileActions(self, self.document, self.session, self.banner, self.layout_)
        self._make_menus()
        self.canvas.selected.connect(self.inspector.inspect)
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
        self.link.open_run()
        self.canvas.setFocus()

    def _put_centre(self) -> None:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.banner)
        column.addWidget(self.canvas, 1)
        self.setCentralWidget(centre)

    def _dock(self, panel: Panel) -> PanelDock:
        dock = PanelDock(panel.ident, panel.title, panel.help, panel, self)
        dock.visibilityChanged.connect(lambda _: QTimer.singleShot(0, self.session, self.session.update_watch))
        return dock

    # Menus

    def _make_menus(self) -> None:
        bar = self.menuBar()
        file = bar.addMenu("&File")
        self.files.fill(file, self._experiments_menu(file))
        edit = bar.addMenu("&Edit")
        undo = self.document.stack.createUndoAction(self, "Undo")
        redo = self.document.stack.createRedoAction(self, "Redo")
        undo.setShortcuts(QKeySequence.StandardKey.Undo)
        redo.setShortcuts(QKeySequence.StandardKey.Redo)
        edit.addActions([undo, redo])
        run = bar.addMenu("&Run")
        run.addActions([self.run_bar.play, self.run_bar.step, self.run_bar.epoch])
        run.addSeparator()
        run.addActions([self.run_bar.reset, self.run_bar.seed])
        run.addAction(self._action(run, "Restart with the Edited Network", "Ctrl+Return", self.link.restart))
        run.addAction(self.run_bar.stop)
        run.addSeparator()
        self._choices(run, "Worker", {"process": "In a Process of Its Own", "thread": "On a Thread of the Window"})
        view = bar.addMenu("&View")
        for dock in self.docks.values():
            view.addAction(dock.toggleViewAction())
        view.addSeparator()
        view.addAction(self._action(view, "Show the Whole Network", "F", self.canvas.fit))
        view.addAction(self._action(view, "Project's Own Layout", "", lambda: self.layout_.arrange()))
        view.addAction(self._action(view, "Full Screen", "F11", self._toggle_full_screen))
        self._choices(view, "Theme", {"system": "As the System", "dark": "Dark", "light": "Light"})

    def _experiments_menu(self, parent: QMenu) -> QMenu:
        menu = QMenu("Open &Experiment", parent)
        for experiment in find_experiments().values():
            path = experiment.path
            menu.addAction(experiment.title, lambda p=path: self.files.open_experiment(p))
        return menu

    def _action(self, menu: QMenu, text: str, key: str, call: Any) -> QAction:
        action = QAction(text, menu)
        if key:
            action.setShortcut(QKeySequence(key))
        action.triggered.connect(lambda: call())
        return action

    def _choices(self, menu: QMenu, title: str, choices: dict[str, str]) -> None:
        """A sub-menu of which one is chosen; the choice is remembered between sessions."""
        sub, group, setting = menu.addMenu(title), QActionGroup(menu), title.lower()
        now = self.session.worker if setting == "worker" else remembered("theme", "system")
        for value, text in choices.items():
            action = group.addAction(sub.addAction(text))
            action.setCheckable(True)
            action.setChecked(value == now)
            action.triggered.connect(lambda _, v=value: self._choose(setting, v))

    def _choose(self, setting: str, value: str) -> None:
        remember(setting, value)
        if setting == "worker":
            self.session.use_worker(value)
        else:
            use_theme(value)

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    # What happens

    def _show_diverged(self, record: Diverged) -> None:
        self.banner.show_message("diverged", record.message, "red", "Reset", self.session.reset)
        self.canvas.select(record.lane, record.node)

    def _stop(self) -> None:
        """Ends the run, after asking about weights that would be lost with it."""
        if self.files.may_close():
            self.session.stop()

    def _retitle(self) -> None:
        file = f" — {self.document.path.name}" if self.document.path else ""
        self.setWindowTitle(f"{self.document.project.name}{file}[*] — {NAME}")
        self.setWindowModified(self.document.dirty)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_close():
            event.ignore()
            return
        self.session.close()
        self.files.close()
        event.accept()


def remembered(name: str, default: str) -> str:
    return str(QSettings(NAME, NAME).value(name, default))


def remember(name: str, value: str) -> None:
    QSettings(NAME, NAME).setValue(name, value)


def use_theme(choice: str) -> None:
    """`system`, `dark` or `light`, at once."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.look().use(theme.choose(app, choice))
