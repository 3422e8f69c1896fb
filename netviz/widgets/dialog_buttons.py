"""The row at the foot of a dialog: what it does, and Cancel."""

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton


def dialog_buttons(dialog: QDialog, does: str) -> tuple[QDialogButtonBox, QPushButton]:
    """The row, and its button `does`, which accepts the dialog."""
    row = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    accept = row.addButton(does, QDialogButtonBox.ButtonRole.AcceptRole)
    accept.setDefault(True)
    for button in row.buttons():
        button.setIcon(QIcon())  # the style's own, which no other button of the window has
    row.accepted.connect(dialog.accept)
    row.rejected.connect(dialog.reject)
    return row, accept
