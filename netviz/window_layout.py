"""How the panels stand in the window: from a project's plain rows, or exactly as somebody left them."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QMainWindow, QToolBar

from netviz.focus_order import chain
from netviz.layouts import Rows, folded, read_rows, write_rows
from netviz.panels.base import Panel
from netviz.theme import GAP, look, scaled
from netviz.widgets.banner import Banner
from netviz.widgets.dock_shares import DockShares
from netviz.widgets.panel_dock import PanelDock

VERSION = 1  # of the docks' saved state
ROWS: Rows = [[["boundary"], ["loss"]], [["histograms"], ["gradients"], ["saturation"]]]
CANVAS_SHARE = 0.4  # of the window's height: boxes hold pictures
LEAST_ROW, LEAST_PLACE = 190, 250  # pixels: a panel that is smaller is better seen alone, on top of others
TABS = 28  # pixels that they take of a row
PALETTE, INSPECTOR = 168, 272  # their widths in pixels
TALL = ("follow",)  # many lines, one below the other
BESIDE = ("palette", "inspector", "problems")  # what never stands in a row


class WindowLayout(QObject):
    """Reads and writes the `panels` of a project: {"rows": …, "docks": …, "states": …}.

    Rows that find no room are folded, for as long as there is none and nobody has arranged them otherwise.
    """

    def __init__(self, window: QMainWindow, docks: Mapping[str, PanelDock], panels: Sequence[Panel]) -> None:
        super().__init__(window)
        self._window, self._docks, self._panels = window, docks, panels
        self._rows = ROWS
        self._asked, self._shown = ROWS, ROWS  # as asked for last, and as there was room for them
        self._stood: object = None  # how panels stood then, if nobody has touched them since
        self._fresh = False  # they were placed while their room was not settled
        self._held: QByteArray | None = None  # how docks stood before a presentation
        self._meant: tuple[Rows, object] = self._shown, self._stood  # and what was shown
        self._usual = {panel.ident: panel.state() for panel in panels}
        self._shares = DockShares(window, list(docks.values()))
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._shares.given.connect(self._settle)
        look().changed.connect(self._refold)  # before larger letters hold the window open
        window.installEventFilter(self)

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
        if self._window.restoreState(QByteArray(state), VERSION):
            self._stood = None

    def save(self) -> dict[str, Any]:
        """The project's `panels` as the window stands now."""
        docks = bytes((self._held or self._window.saveState(VERSION)).data())
        states = {panel.ident: state for panel in self._panels if (state := panel.state())}
        return {"rows": write_rows(self._rows), "docks": base64.b64encode(docks).decode(), "states": states}

    def hold(self) -> None:
        """From here on docks stand otherwise for a while."""
        self._held = self._window.saveState(VERSION)
        self._meant = self._shown, self._stood

    def let_go(self) -> None:
        """As they stood when `hold` was called."""
        if self._held is not None:
            self._window.restoreState(self._held, VERSION)
            self._held = None
            self._shown, self._stood = self._meant

    def placed(self) -> set[str]:
        """The panels that stand in a row of the project."""
        return _names(self._rows)

    def arrange(self) -> None:
        """As the project has it."""
        self.show(self._rows)

    def show(self, rows: Rows) -> None:
        """These rows below the network, palette and inspector beside them; other panels are closed."""
        self._asked = self._read(rows) or ROWS
        self._place_beside()
        self._fold(self._fitting(self._asked))

    def _fold(self, rows: Rows) -> None:
        self._shown = rows
        self._place(rows)
        self._stood = self._standing()
        self._fresh = not self._window.isVisible()  # it may open larger than it was made

    def _place_beside(self) -> None:
        window, docks = self._window, self._docks
        for ident in BESIDE:
            docks[ident].setFloating(False)
            window.removeDockWidget(docks[ident])
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks["palette"])
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, docks["inspector"])
        window.splitDockWidget(docks["inspector"], docks["problems"], Qt.Orientation.Vertical)
        docks["palette"].show()
        docks["inspector"].show()

    def _place(self, rows: Rows) -> None:
        window, docks = self._window, self._docks
        for panel in self._panels:
            docks[panel.ident].setFloating(False)
            window.removeDockWidget(docks[panel.ident])
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
        each = (self._room() + GAP) // len(heads) - GAP
        window.resizeDocks(heads, [each] * len(heads), Qt.Orientation.Vertical)
        sides = self._sides()
        window.resizeDocks(list(sides), list(sides.values()), Qt.Orientation.Horizontal)
        for row in rows:
            width = self._width() // len(row)
            window.resizeDocks([docks[place[0]] for place in row], [width] * len(row), Qt.Orientation.Horizontal)

    # Room

    def _sides(self) -> dict[PanelDock, int]:
        """What stands beside the rows, and its width."""
        widths = {self._docks["palette"]: PALETTE, self._docks["inspector"]: INSPECTOR}
        return {dock: round(scaled(width)) for dock, width in widths.items() if not dock.isHidden()}

    def _width(self) -> int:
        """Of the rows."""
        return self._window.width() - sum(self._sides().values())

    def _room(self) -> int:
        """What rows can have of the height: all but the network's share, the bars above it and what is said there."""
        window, wide = self._window, self._width()
        bars = (window.menuBar(), *window.findChildren(QToolBar, options=Qt.FindChildOption.FindDirectChildrenOnly))
        above = sum(bar.sizeHint().height() for bar in bars if not bar.isHidden()) + GAP
        column = window.centralWidget().layout()
        items = [item for n in range(column.count() - 1) if not (item := column.itemAt(n)).isEmpty()]
        for item in items:  # the last is the network
            if isinstance(item.widget(), Banner):  # which goes again
                continue
            above += GAP + (item.heightForWidth(wide) if item.hasHeightForWidth() else item.sizeHint().height())
        margins = window.contentsMargins()
        above += margins.top() + margins.bottom() + GAP
        return max(0, int(window.height() * (1 - CANVAS_SHARE)) - above)

    def _fitting(self, rows: Rows) -> Rows:
        """As many rows as there is room for."""
        across = self._width() // round(scaled(LEAST_PLACE))
        tried = (folded(rows, deep, across) for deep in range(len(rows), 1, -1))
        return next((fit for fit in tried if self._needed(fit) <= self._room()), folded(rows, 1, across))

    def _needed(self, rows: Rows) -> float:
        return sum(scaled(LEAST_ROW + TABS * any(len(place) > 1 for place in row)) + GAP for row in rows) - GAP

    def _standing(self) -> object:
        """Where panels are, whatever their sizes: it tells whether somebody has arranged them."""
        window, docks = self._window, self._docks
        return {
            panel.ident: (
                window.dockWidgetArea(dock := docks[panel.ident]),
                dock.isFloating(),
                dock.isHidden(),
                frozenset(other.objectName() for other in window.tabifiedDockWidgets(dock)),
            )
            for panel in self._panels
        }

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What is pressed on the window itself is a seam between docks."""
        if event.type() == QEvent.Type.MouseButtonPress:
            self._stood = None
        return False

    def _refold(self) -> None:
        """A window of another size, or with other letters, may have room for other rows."""
        if self._stood is None or self._standing() != self._stood:
            return
        if (rows := self._fitting(self._asked)) != self._shown:
            self._fold(rows)
            self._fresh = True

    def _settle(self) -> None:
        """Rows that were folded have their shares when all that grows with the letters has grown."""
        self._refold()
        if self._fresh and self._stood is not None:
            self._fresh = False
            self._proportion(self._shown)
            QTimer.singleShot(0, self, self._shares.keep)


def _names(rows: Rows) -> set[str]:
    return {name for row in rows for place in row for name in place}
