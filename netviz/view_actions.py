"""How large things are and how much they move: text size, full screen, one panel over it, presentation, motion."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QCursor, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu

from netviz import motion, text_size
from netviz.runtime.cursor import NOTHING
from netviz.settings import remember, remembered
from netviz.theme import look
from netviz.widgets.panel_dock import PanelDock
from netviz.window_layout import BESIDE

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

KEY = "text size"


def remembered_size() -> float:
    """The text size that the person chose last."""
    try:
        return text_size.nearest(float(remembered(KEY, "1")))
    except ValueError:
        return text_size.USUAL


class ViewActions(QObject):
    """Commands of one window; text size and motion are those of all windows."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._before: Qt.WindowState | None = None  # of the window, while it presents
        window.installEventFilter(self)
        self._be_calm()

    def fill(self, menu: QMenu) -> None:
        self._fill_sizes(menu.addMenu("Text Size"))
        self._fill_motion(menu.addMenu("Motion"))
        self._add(menu, "Panel in Full Screen", ["Shift+F11"], self.fill_with_panel)
        self._add(menu, "Full Screen", ["F11"], self.full_screen)
        self.presentation = self._add(menu, "Presentation", ["F5"], lambda: self.present(self._before is None))
        self.presentation.setCheckable(True)

    def _add(self, menu: QMenu, text: str, keys: Sequence[str], call: Callable[[], object]) -> QAction:
        action = QAction(text, self)  # kept here: an action of the menu's own making can be lost to Python
        menu.addAction(action)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(lambda _=False: call())
        return action

    # Text

    def _fill_sizes(self, menu: QMenu) -> None:
        self._add(menu, "Larger", ["Ctrl++", "Ctrl+="], lambda: self.resize(text_size.next_size(look().size, 1)))
        self._add(menu, "Smaller", ["Ctrl+-"], lambda: self.resize(text_size.next_size(look().size, -1)))
        self._add(menu, "Usual", ["Ctrl+0"], lambda: self.resize(text_size.USUAL))
        menu.addSeparator()
        group = QActionGroup(menu)
        self._sizes = {
            size: self._add(menu, f"{size:.0%}", [], lambda s=size: self.resize(s)) for size in text_size.SIZES
        }
        for size, action in self._sizes.items():
            action.setCheckable(True)
            action.setChecked(size == text_size.nearest(look().size))
            group.addAction(action)
        look().changed.connect(self._show_size)

    def resize(self, size: float) -> None:
        remember(KEY, f"{size:g}")
        look().resize(size)

    def _show_size(self) -> None:
        self._sizes[text_size.nearest(look().size)].setChecked(True)

    # Motion

    def _fill_motion(self, menu: QMenu) -> None:
        group = QActionGroup(menu)
        for choice, text in motion.CHOICES.items():
            action = self._add(menu, text, [], lambda c=choice: self.move(c))
            action.setCheckable(True)
            action.setChecked(choice == motion.chosen())
            group.addAction(action)

    def move(self, choice: str) -> None:
        motion.choose(choice)
        self._be_calm()

    def _be_calm(self) -> None:
        calm = motion.calm()
        self._window.session.turns.calm = calm
        self._window.setAnimated(not calm)

    # The screen

    def full_screen(self) -> None:
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def fill_with_panel(self) -> None:
        """The panel that the keys go to, or else the one under the mouse, or the first that can be seen."""
        panels = [self._window.docks[panel.ident] for panel in self._window.panels]
        seen = [dock for dock in panels if not dock.visibleRegion().isEmpty()]
        focus, mouse = QApplication.focusWidget(), QCursor.pos()
        with_keys = [dock for dock in seen if focus is not None and dock.isAncestorOf(focus)]
        pointed = [dock for dock in seen if dock.rect().contains(dock.mapFromGlobal(mouse))]
        found: list[PanelDock] = with_keys or pointed or seen
        if found:
            found[0].fill_screen()

    def present(self, on: bool) -> None:
        """For a room: large letters, thick lines, network and panels alone, over the whole screen; and back."""
        window, layout = self._window, self._window.layout_
        if on is (self._before is not None):
            return
        self.presentation.setChecked(on)
        if on:
            self._before = window.windowState()
            layout.hold()
            for ident in BESIDE:
                window.docks[ident].hide()
            window.notes.hide()
            window.setWindowState(self._before | Qt.WindowState.WindowFullScreen)
            look().resize(presenting=True)
        elif self._before is not None:
            look().resize(presenting=False)
            window.setWindowState(self._before)
            self._before = None
            layout.let_go()
            window.notes.setVisible(window.menus.notes.show.isChecked())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc that nothing else wanted ends a presentation; so does closing the window."""
        if self._before is None:
            return False
        if event.type() == QEvent.Type.Close:
            self.present(False)
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        pinned = self._window.session.history.cursor.pinned != NOTHING  # which Esc lets go first
        if event.type() == QEvent.Type.KeyPress and escape and not pinned:
            self.present(False)
            return True
        return False
