"""The Layout menu: arrangements of the panels by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog, QMenu

from engine.errors import ProjectError
from netviz.layouts import (
    EVERYTHING,
    PRESETS,
    Rows,
    everything,
    own_layouts,
    remove_layout,
    rename_layout,
    save_layout,
    suited,
)

if TYPE_CHECKING:
    from netviz.main_window import MainWindow


class LayoutActions:
    """Fills the menu, anew whenever a layout of one's own has come or gone."""

    def __init__(self, window: "MainWindow", menu: QMenu) -> None:
        self._window, self._menu = window, menu
        self.fill()
        menu.aboutToShow.connect(self.fill)  # another window may have saved one

    def fill(self) -> None:
        menu, layout = self._menu, self._window.layout_
        menu.clear()
        for name, rows in PRESETS.items():
            self._add(menu, name, lambda rows=rows: layout.show(self._suited(rows)))
        self._add(menu, EVERYTHING, lambda: layout.show(everything(self._window.panels)))
        self._add(menu, "The Project's Own", layout.arrange)
        own = own_layouts()
        if own:
            menu.addSeparator()
        for name, saved in own.items():
            self._add(menu, name.replace("&", "&&"), lambda saved=saved: layout.show_saved(saved))
        menu.addSeparator()
        self._add(menu, "Save This Layout…", self._save)
        for title, call in (("Rename", self._rename), ("Remove", self._remove)):
            sub = menu.addMenu(title)
            sub.setEnabled(bool(own))
            for name in own:
                dots = "…" if title == "Rename" else ""
                self._add(sub, name.replace("&", "&&") + dots, lambda name=name, call=call: call(name))

    def _suited(self, rows: Rows) -> Rows:
        return suited(rows, self._window.panels, self._window.document.project)

    def _add(self, menu: QMenu, text: str, call: Callable[[], object]) -> None:
        menu.addAction(text).triggered.connect(lambda _=False: call())

    def _save(self) -> None:
        name, given = QInputDialog.getText(self._window, "Save this layout", "Name")
        if given:
            saved = self._window.layout_.save()
            self._try(lambda: save_layout(name, {"rows": saved["rows"], "docks": saved["docks"]}))

    def _rename(self, old: str) -> None:
        name, given = QInputDialog.getText(self._window, "Rename the layout", "Name", text=old)
        if given:
            self._try(lambda: rename_layout(old, name))

    def _remove(self, name: str) -> None:
        remove_layout(name)
        self.fill()

    def _try(self, edit: Callable[[], object]) -> None:
        try:
            edit()
        except ProjectError as error:
            self._window.banner.show_message("layout", str(error), "amber")
        self.fill()
