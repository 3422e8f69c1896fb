"""What instruments show, for other programs: pictures and numbers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from engine.files import write_atomically
from netviz.file_actions import file_name
from netviz.panels.base import Panel
from netviz.picture_dialog import PictureDialog, copy_picture
from netviz.saving import Saver
from netviz.subjects import NetworkSubject, PanelSubject, Subject, WindowSubject
from netviz.tables import csv_bytes

if TYPE_CHECKING:
    from netviz.main_window import MainWindow


class PanelExports(QObject):
    """Save Picture, Copy Picture and Save Data, in the menu and on each panel's title bar; network and window too."""

    def __init__(self, window: "MainWindow", saver: Saver) -> None:
        super().__init__(window)
        self._window, self._saver = window, saver
        for panel in window.panels:
            window.docks[panel.ident].add_actions(
                [
                    self._action("Save Picture…", self.save_picture, panel),
                    self._action("Copy Picture", self.copy_picture, panel),
                    self._action("Save Data…", self.save_data, panel),
                ]
            )

    def fill(self, menu: QMenu) -> None:
        menu.addAction("Picture of the Window…").triggered.connect(lambda: self.save_window())
        menu.addAction("Picture of the Network…").triggered.connect(lambda: self.save_network())
        for title, call in (
            ("Picture of a Panel", self.save_picture),
            ("Copy a Panel's Picture", self.copy_picture),
            ("Data of a Panel", self.save_data),
        ):
            sub, dots = menu.addMenu(title), "" if call == self.copy_picture else "…"
            for panel in self._window.panels:
                sub.addAction(self._action(f"{panel.title}{dots}", call, panel))

    def _action(self, text: str, call: Callable[[Panel], object], panel: Panel) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda: call(panel))
        return action

    def save_window(self) -> None:
        self._ask(WindowSubject(self._window))

    def save_network(self) -> None:
        if self._window.canvas.sheet.nodes:
            self._ask(NetworkSubject(self._window.canvas))
        else:
            self._saver.say("There is no network yet", "amber")

    def save_picture(self, panel: Panel) -> None:
        self._bring(panel)
        self._ask(PanelSubject(panel))

    def copy_picture(self, panel: Panel) -> None:
        self._bring(panel)
        copy_picture(PanelSubject(panel), self._saver)

    def _bring(self, panel: Panel) -> None:
        """A closed panel is opened, for only what is seen is up to date."""
        dock = self._window.docks[panel.ident]
        dock.show()
        dock.raise_()

    def _ask(self, subject: Subject) -> None:
        PictureDialog(subject, self._saver, self._stem(subject.ident), self._window).open()

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
