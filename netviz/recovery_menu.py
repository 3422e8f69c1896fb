"""File → Recover Unsaved Work: what programs left behind that ended unexpectedly."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QMessageBox

from netviz.recovery import left_behind, remove

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

Buttons = QMessageBox.StandardButton


def fill_recovery(menu: QMenu, window: "MainWindow") -> None:
    """Makes `menu` list it anew, the latest first."""
    menu.clear()
    left = left_behind()
    for found in left:
        text = found.words.replace("&", "&&")
        menu.addAction(text).triggered.connect(lambda _=False, f=found: window.files.recover(f))
    if left:
        menu.addSeparator()
        menu.addAction("Forget All This…").triggered.connect(lambda _=False: _forget(window))
    menu.setEnabled(bool(left))


def _forget(window: "MainWindow") -> None:
    left = left_behind()
    box = QMessageBox(QMessageBox.Icon.Question, "Forget unsaved work?", "Forget what was not saved?", parent=window)
    box.setInformativeText("\n".join(found.words for found in left))
    box.setStandardButtons(Buttons.Discard | Buttons.Cancel)
    box.setDefaultButton(Buttons.Cancel)
    if box.exec() == Buttons.Discard:
        window.banner.take_back("recovery")
        for found in left:
            remove(found.folder)
