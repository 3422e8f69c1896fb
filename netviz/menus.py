"""The menus: every command of the window, with its keys."""

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu

from netviz import theme
from netviz.cursor_actions import CursorActions
from netviz.device_actions import DeviceActions
from netviz.editor.importing import FOLDER
from netviz.experiments import find_experiments
from netviz.export_actions import ExportActions
from netviz.lane_actions import LaneActions
from netviz.layout_actions import LayoutActions
from netviz.notes_actions import NotesActions
from netviz.panels.base import Group
from netviz.recent import fill_recent
from netviz.recovery_menu import fill_recovery
from netviz.settings import remember, remembered
from netviz.view_actions import ViewActions
from netviz.widgets.command_palette import CommandPalette, actions_of
from netviz.widgets.key_sheet import KeySheet, keys_of
from netviz.window_layout import BESIDE

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

Keys = QKeySequence.StandardKey
PANEL_KEYS = (
    ("Wheel", "zoom the steps"),
    ("Ctrl+Wheel", "zoom the values"),
    ("Drag", "move along"),
    ("A, Home, double click", "show all"),
    ("L", "logarithmic loss"),
    ("W", "all layers' histograms, all layers' representations"),
    ("G", "the bent grid of the hidden representation"),
    ("D", "draw points on the decision boundary"),
    ("S", "the decision boundary in plain regions"),
    ("M", "histograms as in a training step"),
    ("1, 2, 3, 4", "weights: spread, norm, ratio, matrix"),
    ("T", "training or validation examples"),
    ("Arrows, Esc", "choose a cell of the confusion table"),
    ("Left, Right, Page Up, Page Down", "another unit of the neuron panel"),
    ("N, P", "the next, the previous layer or example"),
    ("Mouse", "lights up the same layer, unit, step or example everywhere"),
    ("Click", "pins what is lit; again, or Esc, lets go"),
    ("Arrows", "one example: over layers and units"),
    ("F, B, A", "one example: a wire on, a wire back, all at once"),
)


class Menus:
    """Fills a window's menu bar."""

    def __init__(self, window: "MainWindow") -> None:
        self._window, self.notes = window, NotesActions(window)
        self._fill_file()
        self._fill_edit()
        self._fill_run()
        self._fill_view()
        self._fill_help()

    def _menu(self, title: str) -> QMenu:
        return self._window.menuBar().addMenu(title)

    def _own_menu(self, menu: QMenu, title: str) -> QMenu:
        """A sub-menu that is filled anew: one of Python's making, for what Qt makes can be lost to Python."""
        made = QMenu(title, self._window)
        menu.addMenu(made)
        return made

    def add(self, menu: QMenu, text: str, key: str | Keys, call: Callable[[], object]) -> QAction:
        """One command; `key` is a text like Ctrl+R, a standard key, or empty."""
        action = menu.addAction(text)
        if isinstance(key, Keys):
            action.setShortcuts(key)
        elif key:
            action.setShortcut(QKeySequence(key))
        action.triggered.connect(lambda: call())
        return action

    def _fill_file(self) -> None:
        menu, files = self._menu("&File"), self._window.files
        self.add(menu, "&New Window", Keys.New, files.new_window)
        self.add(menu, "&Open…", Keys.Open, files.ask_open)
        recent = self._own_menu(menu, "Open &Recent")
        menu.aboutToShow.connect(lambda: fill_recent(recent, files.open))
        experiments, subjects = menu.addMenu("Open &Experiment"), dict[str, QMenu]()
        for made in find_experiments().values():
            if made.subject not in subjects:
                subjects[made.subject] = self._own_menu(experiments, made.subject)
                subjects[made.subject].setToolTipsVisible(True)
            menu_of = subjects[made.subject]
            action = self.add(menu_of, made.title, "", lambda path=made.path: files.open_experiment(path))
            action.setToolTip(f"<p>{escape(made.notes)}</p>")  # as rich text it is broken into lines
        recovery = self._own_menu(menu, "Recover Unsaved Work")
        menu.aboutToShow.connect(lambda: fill_recovery(recovery, self._window))
        menu.addSeparator()
        self.add(menu, "&Save", Keys.Save, files.save)
        self.add(menu, "Save &As…", Keys.SaveAs, files.save_as)
        menu.addSeparator()
        self.add(menu, "&Import Data…", "Ctrl+I", lambda: self._window.importing.ask())
        self.add(menu, "Import Folder of &Pictures…", "", lambda: self._window.importing.ask(FOLDER))
        self.add(menu, "Import O&NNX Model…", "", lambda: self._window.models.ask())
        self.exports = ExportActions(self._window)
        self.exports.fill(menu.addMenu("&Export"))
        self.add(menu, "Record &Telemetry…", "", files.ask_telemetry)
        menu.addSeparator()
        self.add(menu, "&Close Window", Keys.Close, self._window.close)
        self.add(menu, "&Quit", Keys.Quit, QApplication.closeAllWindows)

    def _fill_edit(self) -> None:
        menu, stack = self._menu("&Edit"), self._window.document.stack
        undo, redo = stack.createUndoAction(menu, "Undo"), stack.createRedoAction(menu, "Redo")
        undo.setShortcuts(Keys.Undo)
        redo.setShortcuts(Keys.Redo)
        menu.addActions([undo, redo])
        menu.addSeparator()
        for action in self._window.canvas.actions_for_menu():
            menu.addAction(action) if action is not None else menu.addSeparator()
        self._fill_network()

    def _fill_network(self) -> None:
        menu, lanes = self._menu("&Network"), LaneActions(self._window)
        beside = self.add(menu, "Train Another Beside It", "Ctrl+B", lanes.duplicate)
        self._window.run_bar.offer(beside, "beside", "A copy of the network, on the same data in the same steps")
        self.add(menu, "Rename Network…", "", lanes.rename)
        self.add(menu, "Remove Network", "", lanes.remove)
        menu.addSeparator()
        menu.addAction(self.notes.edit)
        self.add(menu, "Show All Problems", "Ctrl+Shift+M", self._window.show_problems)

    def _fill_run(self) -> None:
        menu, bar, link = self._menu("&Run"), self._window.run_bar, self._window.link
        menu.addActions([bar.play, bar.step, bar.epoch])
        menu.addSeparator()
        menu.addActions([bar.reset, bar.seed])
        self.add(menu, "Restart with the Edited Network", "Ctrl+Return", link.restart)
        menu.addAction(bar.stop)
        menu.addSeparator()
        self._window.checks.fill(menu.addMenu("&Check"))
        menu.addSeparator()
        workers = {"process": "In a Process of Its Own", "thread": "On a Thread of the Window"}
        self._choices(menu, "Worker", workers, self._window.session.worker, self._choose_worker)
        self.devices = DeviceActions(self._window, self._own_menu(menu, "Device"))

    def _fill_view(self) -> None:
        menu, window = self._menu("&View"), self._window
        for ident, dock in window.docks.items():
            if ident in BESIDE:
                menu.addAction(dock.toggleViewAction())
        menu.addAction(self.notes.show)
        self._fill_panels(menu.addMenu("Panels"))
        self.layouts = LayoutActions(window, self._own_menu(menu, "Layout"))
        menu.addSeparator()
        self.add(menu, "Show the Whole Network", "", window.canvas.fit)
        menu.addActions([window.live.pictures, window.live.health, window.following.action])
        menu.addMenu("Wires Show").addActions(window.live.flows.actions())
        preview = menu.addAction("Signal's Scale on the Boxes")
        preview.setCheckable(True)
        preview.setChecked(True)
        preview.toggled.connect(window.toggle_preview)
        menu.addSeparator()
        CursorActions(window).fill(menu.addMenu("Point At"))
        self.add(menu, "Go to the Network", "Ctrl+1", window.canvas.setFocus)
        self.add(menu, "Go to the Inspector", "Ctrl+2", lambda: window.go_to("inspector"))
        self.add(menu, "Go to the Layers", "Ctrl+3", lambda: window.go_to("palette"))
        self.add(menu, "Try the Network by Hand", "Ctrl+T", lambda: window.go_to("try"))
        menu.addSeparator()
        self.view = ViewActions(window)
        self.view.fill(menu)
        self._choices(menu, "Theme", theme.CHOICES, remembered("theme", "system"), self._choose_theme)

    def _fill_panels(self, menu: QMenu) -> None:
        for group in Group:
            panels = [panel for panel in self._window.panels if panel.group is group]
            if panels:  # a heading that can be read: sections lose their words to the style sheet
                menu.addSeparator()
                menu.addAction(group.value).setEnabled(False)
            for panel in panels:
                menu.addAction(self._window.docks[panel.ident].toggleViewAction())

    def _fill_help(self) -> None:
        menu = self._menu("&Help")
        self.add(menu, "Commands…", "Ctrl+Shift+P", self.show_palette)
        self.add(menu, "Keys…", "?", self.show_keys)

    def _choices(
        self, menu: QMenu, title: str, choices: dict[str, str], now: str, choose: Callable[[str], object]
    ) -> None:
        """A sub-menu of which one is chosen; the choice is remembered between sessions."""
        sub, group = menu.addMenu(title), QActionGroup(menu)
        for value, text in choices.items():
            action = self.add(sub, text, "", lambda v=value: choose(v))
            action.setCheckable(True)
            action.setChecked(value == now)
            group.addAction(action)

    def _choose_worker(self, kind: str) -> None:
        remember("worker", kind)
        self._window.session.use_worker(kind)

    def _choose_theme(self, choice: str) -> None:
        remember("theme", choice)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.look().use(theme.choose(app, choice))

    def show_palette(self) -> None:
        palette = CommandPalette(actions_of(self._window.menuBar()), self._window)
        centre = self._window.geometry().center()
        palette.move(centre.x() - palette.sizeHint().width() // 2, self._window.geometry().top() + 80)
        palette.open()

    def show_keys(self) -> None:
        groups = [*keys_of(actions_of(self._window.menuBar())), *self._window.canvas_keys(), ("Panels", PANEL_KEYS)]
        KeySheet(groups, self._window).open()
