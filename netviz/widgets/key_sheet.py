"""All keys on one sheet, read from the menus, with those of the canvas and the panels."""

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from netviz import theme

TALLEST = 640
Keys = Sequence[tuple[str, str]]  # key, what it does


class KeySheet(QDialog):
    """Closes with Escape or a click."""

    def __init__(self, groups: Sequence[tuple[str, Keys]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAccessibleName("Keys")
        page = QWidget()
        row = QHBoxLayout(page)
        row.setSpacing(4 * theme.GAP)
        half = sum(len(keys) + 2 for _, keys in groups) / 2
        column, used = QVBoxLayout(), 0
        row.addLayout(column)
        for name, keys in groups:
            if used > half:
                column.addStretch()
                column, used = QVBoxLayout(), 0
                row.addLayout(column)
            column.addWidget(_group(name, keys))
            used += len(keys) + 2
        column.addStretch()
        scroll = QScrollArea()
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        whole = QVBoxLayout(self)
        whole.addWidget(scroll)
        wanted = page.sizeHint() + QSize(60, 40)
        self.resize(wanted.boundedTo(QSize(parent.width(), TALLEST)))


def keys_of(actions: Sequence[tuple[str, QAction]]) -> list[tuple[str, Keys]]:
    """The menus' actions that have keys, by menu."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for path, action in actions:
        if not action.shortcut().isEmpty():
            menu, _, name = path.partition(" › ")
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            # Undo and redo name what they would do; the sheet names what they are.
            name = next((word for word in ("Undo", "Redo") if name.startswith(word)), name)
            groups.setdefault(menu, []).append((key, name.rstrip("…")))
    return list(groups.items())


def _group(name: str, keys: Keys) -> QWidget:
    group = QWidget()
    group.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
    grid = QGridLayout(group)
    grid.setContentsMargins(0, 0, 0, theme.GAP)
    grid.setVerticalSpacing(3)
    grid.setHorizontalSpacing(2 * theme.GAP)
    head = QLabel(name)
    head.setFont(theme.title())
    grid.addWidget(head, 0, 0, 1, 2)
    for number, (key, does) in enumerate(keys, 1):
        label = QLabel(key)
        label.setFont(theme.figures())
        grid.addWidget(label, number, 0)
        grid.addWidget(QLabel(does), number, 1)
    grid.setColumnStretch(1, 1)
    return group
