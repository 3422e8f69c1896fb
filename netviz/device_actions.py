"""The Device menu: what the run computes on, what there is, and why there is no more."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QApplication, QMenu, QToolButton

from engine.memory import size
from netviz.runtime.devices import Devices
from netviz.runtime.place import DTYPES, Place
from netviz.settings import remember, remembered

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

DEVICE = re.compile(r"cpu|cuda:\d+")
INSTALL = re.compile(r"pip install [^()]*[^() ]")


def remembered_place() -> Place:
    """What this person chose last; the CPU where that is no device."""
    device, dtype = remembered("device", "cpu"), remembered("dtype", "float32")
    return Place(device if DEVICE.fullmatch(device) else "cpu", dtype if dtype in DTYPES else "float32")


class DeviceActions:
    """Fills the menu whenever it is opened or something is found, and a button of the run bar with the same menu."""

    def __init__(self, window: "MainWindow", menu: QMenu) -> None:
        self._window, self._menu = window, menu
        self.devices = Devices(window)
        self.devices.changed.connect(self.fill)
        menu.aboutToShow.connect(self.devices.look)
        self.button = QToolButton()
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setMenu(menu)
        self._shown = window.run_bar.addWidget(self.button)
        window.session.opened.connect(self.fill)
        self.fill()

    @property
    def place(self) -> Place:
        return self._window.session.place

    def fill(self) -> None:
        menu, place, devices = self._menu, self.place, self.devices
        menu.clear()
        group = QActionGroup(menu)
        self._choice(group, "CPU", Place("cpu", place.dtype))
        for number, card in enumerate(devices.cards):
            title = f"{card.name}, {size(card.memory)} (cuda:{number})"
            self._choice(group, title, Place(f"cuda:{number}", place.dtype))
        if place.device != "cpu" and int(place.device.partition(":")[2]) >= len(devices.cards):
            self._choice(group, f"{place.device} (chosen before)", place)
        if devices.looking:
            self._add("Looking for CUDA devices…", lambda: None).setEnabled(False)
        elif devices.why:
            words = f"No CUDA device: {devices.why}"
            # Not greyed out: keys come to it, and it can be read.
            self._add(words, lambda: self._window.banner.show_message("device", words, "amber"))
            if line := INSTALL.search(devices.why):
                self._add("Copy the Line That Installs It", lambda: QApplication.clipboard().setText(line.group()))
        self._add("Look Again", lambda: devices.look(again=True)).setEnabled(not devices.looking)
        menu.addSeparator()
        numbers = QActionGroup(menu)
        for dtype, text in DTYPES.items():
            self._choice(numbers, text, Place(place.device, dtype))
        menu.setTitle(f"Device: {_short(place)}")
        self.button.setText(_short(place))
        self.button.setAccessibleName(f"Device: {_short(place)}")
        self.button.setToolTip(f"The run computes on {place}")
        self._shown.setVisible(place != Place())

    def _choice(self, group: QActionGroup, text: str, place: Place) -> None:
        action = self._add(text, lambda: self.choose(place))
        action.setCheckable(True)
        action.setChecked(place == self.place)
        group.addAction(action)

    def _add(self, text: str, call: Callable[[], object]) -> QAction:
        action = QAction(text.replace("&", "&&"), self._menu)  # kept here: one of the menu's making can be lost
        self._menu.addAction(action)
        action.triggered.connect(lambda _=False: call())
        return action

    def choose(self, place: Place) -> None:
        """The run goes on there; so will those that are opened next, in this window and the next ones."""
        remember("device", place.device)
        remember("dtype", place.dtype)
        self._window.session.use_place(place)
        self.fill()

    def close(self) -> None:
        self.devices.close()


def _short(place: Place) -> str:
    return f"{'CPU' if place.device == 'cpu' else place.device}, {place.dtype}"
