"""How the panels stand in the window: from a project's plain rows, or exactly as somebody left them."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QMainWindow

from netviz.focus_order import chain
from netviz.layouts import Rows, read_rows, write_rows
from netviz.panels.base import Panel
from netviz.theme import scaled
from netviz.widgets.dock_shares import DockShares
from netviz.widgets.panel_dock import PanelDock

VERSION = 1  # of the docks' saved state
ROWS: Rows = [[["boundary"], ["loss"]], [["histograms"], ["gradients"], ["saturation"]]]
CANVAS_SHARE = 0.43  # of the window's height: boxes hold pictures
PALETTE, INSPECTOR = 168, 272  # their widths in pixels
TALL = ("follow",)  # many lines, one below the other
BESIDE = ("palette", "inspector", "problems")  # what never stands in a row


class WindowLayout:
    """Reads and writes the `panels` of a project: {"rows": …, "docks": …, "states": …}."""

    def __init__(self, window: QMainWindow, docks: Mapping[str, PanelDock], panels: Sequence[Panel]) -> None:
        self._window, self._docks, self._panels = window, docks, panels
        self._rows = ROWS
        self._held: QByteArray | None = None  # how docks stood before a presentation
        self._usual = {panel.ident: panel.state() for panel in panels}
        self._shares = DockShares(window, list(docks.values()))
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Takes a project's `panels`; what is missing there is as usual, whatever was chosen for another project."""
        self._rows = self._read(saved.get("rows")) or ROWS
        self.show_saved(saved)
        states = saved.get("states")
        for panel in self._panels:
            state = states.get(panel.ident) if isinstance(states, dict) else None
            panel.restore(self._usual[panel.ident] | (state if isinstance(state, dict) else {}))

    def _read(self, rows: object) -> Rows:
        return read_rows(rows, self._docks, BESIDE)

    def show_saved(self, saved: Mapping[str, Any]) -> None:
        """Takes a saved layout: its rows, and where docks stood within them."""
        self.show(self._read(saved.get("rows")) or self._rows)
        if isinstance(docks := saved.get("docks"), str):
            self._restore_docks(docks)

    def _restore_docks(self, text: str) -> None:
        try:
            state = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return
        self._window.restoreState(QByteArray(state), VERSION)

    def save(self) -> dict[str, Any]:
        """The project's `panels` as the window stands now."""
        docks = bytes((self._held or self._window.saveState(VERSION)).data())
        states = {panel.ident: state for panel in self._panels if (state := panel.state())}
        return {"rows": write_rows(self._rows), "docks": base64.b64encode(docks).decode(), "states": states}

    def hold(self) -> None:
        """From here on docks stand otherwise for a while."""
        self._held = self._window.saveState(VERSION)

    def let_go(self) -> None:
        """As they stood when `hold` was called."""
        if self._held is not None:
            self._window.restoreState(self._held, VERSION)
            self._held = None

    def placed(self) -> set[str]:
        """The panels that stand in a row of the project."""
        return _names(self._rows)

    def arrange(self) -> None:
        """As the project has it."""
        self.show(self._rows)

    def show(self, rows: Rows) -> None:
        """These rows below the network, palette and inspector beside them; other panels are closed."""
        rows = self._read(rows) or ROWS
        window, docks = self._window, self._docks
        for dock in docks.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks["palette"])
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, docks["inspector"])
        window.splitDockWidget(docks["inspector"], docks["problems"], Qt.Orientation.Vertical)
        docks["palette"].show()
        docks["inspector"].show()
        heads = [docks[row[0][0]] for row in rows]
        for number, head in enumerate(heads):
            if number == 0:
                window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, head)
            else:
                window.splitDockWidget(heads[number - 1], head, Qt.Orientation.Vertical)
        for row in rows:
            for before, place in pairwise(row):
                window.splitDockWidget(docks[before[0]], docks[place[0]], Qt.Orientation.Horizontal)
        for place in (place for row in rows for place in row):
            for before, name in pairwise(place):
                window.tabifyDockWidget(docks[before], docks[name])
        self._put_away(rows)
        for place in (place for row in rows for place in row):
            for name in place:
                docks[name].show()
            docks[place[0]].raise_()
        self._proportion(rows)
        self._lead_tab(rows)

    def _lead_tab(self, rows: Rows) -> None:
        """The Tab key goes from left to right and from top to bottom; panels that are closed come last."""
        docks, placed = self._docks, [name for row in rows for place in row for name in place]
        others = [panel.ident for panel in self._panels if panel.ident not in placed]
        names = ["palette", "", *placed, *others, "inspector", "problems"]
        chain(docks[name] if name else self._window.centralWidget() for name in names)

    def _put_away(self, rows: Rows) -> None:
        """Panels in no row are closed, with a place to open at: behind the last one, tall ones behind the inspector."""
        last, beside = self._docks[rows[-1][-1][-1]], self._docks["inspector"]
        placed = _names(rows)
        for panel in self._panels:
            if panel.ident not in placed:
                tall = panel.ident in TALL
                area = Qt.DockWidgetArea.RightDockWidgetArea if tall else Qt.DockWidgetArea.BottomDockWidgetArea
                self._window.addDockWidget(area, self._docks[panel.ident])
                self._window.tabifyDockWidget(beside if tall else last, self._docks[panel.ident])
                self._docks[panel.ident].hide()

    def _proportion(self, rows: Rows) -> None:
        window, docks = self._window, self._docks
        heads = [docks[row[0][0]] for row in rows]
        each = int(window.height() * (1 - CANVAS_SHARE) / len(heads))
        window.resizeDocks(heads, [each] * len(heads), Qt.Orientation.Vertical)
        sides = [docks["palette"], docks["inspector"]]
        widths = [round(scaled(PALETTE)), round(scaled(INSPECTOR))]
        window.resizeDocks(sides, widths, Qt.Orientation.Horizontal)
        for row in rows:
            width = (window.width() - sum(widths)) // len(row)
            window.resizeDocks([docks[place[0]] for place in row], [width] * len(row), Qt.Orientation.Horizontal)


def _names(rows: Rows) -> set[str]:
    return {name for row in rows for place in row for name in place}
