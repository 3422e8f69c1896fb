"""What instruments show, for other programs: pictures and numbers."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from engine.files import write_atomically
from netviz.file_actions import file_name
from netviz.panels.base import Panel
from netviz.saving import Saver
from netviz.tables import csv_bytes
from netviz.widgets.picture import picture, png, svg

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

SCALES = (1, 2, 3, 4)
USUAL = 2  # sharp on paper
DRAWING = "Drawing, sharp at any size (*.svg)"


class PanelExports(QObject):
    """Save Picture and Save Data, in the menu and on each panel's title bar; the picture of the window."""

    def __init__(self, window: "MainWindow", saver: Saver) -> None:
        super().__init__(window)
        self._window, self._saver = window, saver
        for panel in window.panels:
            bar = window.docks[panel.ident].titleBarWidget()
            bar.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
            bar.addActions([self._picture_action("Save Picture…", panel), self._data_action("Save Data…", panel)])

    def fill(self, menu: QMenu) -> None:
        menu.addAction("Picture of the Window…").triggered.connect(lambda: self.save_window())
        pictures, data = menu.addMenu("Picture of a Panel"), menu.addMenu("Data of a Panel")
        for panel in self._window.panels:
            pictures.addAction(self._picture_action(f"{panel.title}…", panel))
            data.addAction(self._data_action(f"{panel.title}…", panel))

    def _picture_action(self, text: str, panel: Panel) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda: self.save_picture(panel))
        return action

    def _data_action(self, text: str, panel: Panel) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda: self.save_data(panel))
        return action

    def save_window(self) -> None:
        """The whole window as PNG."""
        choices = _sizes(self._window.size())
        lines = list(choices)
        asked = self._saver.ask("Picture of the window", self._stem("window"), dict.fromkeys(lines, ".png"), lines[1])
        if asked is not None:
            path, line = asked
            for panel in self._window.panels:
                if panel.isVisible():
                    panel.refresh()
            image = picture(self._window, choices[line])
            self._saver.write(path, lambda: write_atomically(path, png(image)))

    def save_picture(self, panel: Panel) -> None:
        """The panel as it is now, as PNG or SVG; a closed one is opened, for only what is seen is up to date."""
        dock = self._window.docks[panel.ident]
        dock.show()
        dock.raise_()
        choices = _sizes(panel.size())
        endings = {**dict.fromkeys(choices, ".png"), DRAWING: ".svg"}
        asked = self._saver.ask(f"Picture of {panel.title}", self._stem(panel.ident), endings, list(choices)[1])
        if asked is None:
            return
        path, line = asked
        panel.refresh()
        if line == DRAWING:
            drawn = svg(panel, panel.title)
            self._saver.write(path, lambda: write_atomically(path, drawn))
        else:
            image = picture(panel, choices[line])
            self._saver.write(path, lambda: write_atomically(path, png(image)))

    def save_data(self, panel: Panel) -> None:
        """The numbers that the panel shows, as CSV."""
        if not panel.table()[1]:
            self._saver.say(f"{panel.title} shows no numbers yet", "amber")
            return
        asked = self._saver.ask(f"Data of {panel.title}", self._stem(panel.ident), {"Table (*.csv)": ".csv"})
        if asked is not None:
            path, (header, rows) = asked[0], panel.table()
            self._saver.write(path, lambda: write_atomically(path, csv_bytes(header, rows)))

    def _stem(self, what: str) -> str:
        return f"{file_name(self._window.document.project.name)}-{what}"


def _sizes(size: QSize) -> dict[str, int]:
    """A line of the dialog for each scale."""
    return {f"Picture, {n * size.width()} × {n * size.height()} pixels ({n}×) (*.png)": n for n in SCALES}
