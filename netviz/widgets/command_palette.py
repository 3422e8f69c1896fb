"""Every command of the window by name: type a few letters, press Enter."""

import re
from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QMenu,
    QMenuBar,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from netviz import theme

INSIDE, SCATTERED = 1_000, 2_000  # more than a name has letters


class CommandPalette(QDialog):
    """Lists the actions that can be done now, best match first."""

    def __init__(self, actions: Iterable[tuple[str, QAction]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAccessibleName("Commands")
        self._actions = [(path, action) for path, action in actions if action.isEnabled()]
        self._search = QLineEdit(placeholderText="Type a command")
        self._search.setAccessibleName("Search commands")
        self._list = QTreeWidget(columnCount=2, rootIsDecorated=False, uniformRowHeights=True)
        self._list.setHeaderHidden(True)
        self._list.header().setStretchLastSection(False)
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._list.setAccessibleName("Commands found")
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        column.addWidget(self._search)
        column.addWidget(self._list)
        self._search.textChanged.connect(self._show)
        self._search.installEventFilter(self)
        self._list.itemClicked.connect(lambda *_: self.accept())
        self.accepted.connect(self._do)
        self._show("")
        self.setFocusProxy(self._search)
        self._search.setFocus()

    def sizeHint(self) -> QSize:
        return QSize(560, 400)

    @property
    def found(self) -> list[str]:
        """What is listed, from the top."""
        return [self._list.topLevelItem(row).text(0) for row in range(self._list.topLevelItemCount())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows and Enter in the search move in the list."""
        if event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                self._go_to(self._list.indexOfTopLevelItem(self._list.currentItem()) + step)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.accept()
                return True
        return super().eventFilter(watched, event)

    def _show(self, text: str) -> None:
        self._list.clear()
        ranked = sorted(
            (rank, number) for number, (path, _) in enumerate(self._actions) if (rank := match(text, path)) is not None
        )
        for _, number in ranked:
            path, action = self._actions[number]
            item = QTreeWidgetItem([path, action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)])
            item.setData(0, Qt.ItemDataRole.UserRole, number)
            self._list.addTopLevelItem(item)
        self._go_to(0)

    def _go_to(self, row: int) -> None:
        """Chooses a line; past the last one comes the first."""
        if count := self._list.topLevelItemCount():
            self._list.setCurrentItem(self._list.topLevelItem(row % count))

    def _do(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._actions[item.data(0, Qt.ItemDataRole.UserRole)][1].trigger()


def match(text: str, name: str) -> int | None:
    """How well `name` fits what was typed, less is better; None when the letters are not in it in order.

    A word that begins so comes before one that has it inside, and that before letters here and there.
    """
    text, name = text.lower().strip(), name.lower()
    if begins := re.search(rf"\b{re.escape(text)}", name):
        return begins.start()
    if text in name:
        return INSIDE + name.index(text)
    at, spread = -1, SCATTERED
    for letter in text.replace(" ", ""):
        following = name.find(letter, at + 1)
        if following < 0:
            return None
        spread += following - at
        at = following
    return spread


def actions_of(bar: QMenuBar) -> list[tuple[str, QAction]]:
    """Every action in the menus, with its path: `View › Theme › Dark`."""
    found: list[tuple[str, QAction]] = []

    def walk(menu: QMenu, path: str) -> None:
        for action in menu.actions():
            name = action.text().replace("&", "")
            if action.menu() is not None:
                walk(action.menu(), f"{path} › {name}")
            elif not action.isSeparator():
                found.append((f"{path} › {name}", action))

    for top in bar.actions():
        if top.menu() is not None:
            walk(top.menu(), top.text().replace("&", ""))
    return found
