"""How much of the screen is used: the window or one panel over all of it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QMenu

from netviz.widgets.panel_dock import PanelDock

if TYPE_CHECKING:
    from netviz.main_window import MainWindow


class ViewActions(QObject):
    """Commands of one window."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window

    def fill(self, menu: QMenu) -> None:
        for text, keys, call in (
            ("Panel in Full Screen", "Shift+F11", self.fill_with_panel),
            ("Full Screen", "F11", self.full_screen),
        ):
            action = menu.addAction(text)
            action.setShortcut(keys)
            action.triggered.connect(lambda _=False, call=call: call())

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
