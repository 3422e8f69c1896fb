"""Hands on the import dialog, and a table to import."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from netviz.editor.import_dialog import ImportDialog

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
TABLE = "Id,weight,colour,age,kind\n" + "".join(
    f"{i},{4 + i * 3.5},{'red' if i % 3 else 'blue'},{i % 7},{'cat' if i % 4 else 'dog'}\n" for i in range(1, 41)
)


def settled(dialog: ImportDialog, qtbot) -> None:
    qtbot.waitUntil(lambda: dialog.settled)
    assert dialog.accept_button.isEnabled() != bool(dialog.trouble.text())


def roles(dialog: ImportDialog) -> tuple[str, ...]:
    return dialog.table.sheet_model.sheet.roles


def click_head(dialog: ImportDialog, section: int) -> QMenu:
    heads = dialog.table.heads
    at = QPoint(heads.sectionViewportPosition(section) + 20, heads.height() // 2)
    QTest.mouseClick(heads.viewport(), LEFT, NONE, at)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu
