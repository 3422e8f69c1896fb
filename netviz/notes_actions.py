"""The project's name and notes: shown over the network, edited in a dialog, each change one step of undo."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QIcon, QTextCursor
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QPlainTextEdit

from engine.errors import ProjectError
from netviz.document.document import Change

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

EMPTY = "What to do and what to look for"


class NotesActions(QObject):
    """Shows the notes of every project that opens; what a person closes stays closed until the next one."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._strip = window, window.notes
        self.show = QAction("Notes", self, checkable=True)
        self.show.triggered.connect(self._show)
        self.edit = QAction("Name and Notes…", self)
        self.edit.triggered.connect(lambda: self.ask())
        self._strip.edit_asked.connect(self.ask)
        self._strip.closed.connect(lambda: self._show(False))
        window.document.changed.connect(self._changed)
        self._told(opened=True)

    def ask(self) -> None:
        """A dialog; accepted, it is one step of undo."""
        dialog = NotesDialog(self._window)
        dialog.open()

    def _changed(self, change: Change) -> None:
        if change.section in ("all", "notes"):
            self._told(opened=change.section == "all" or not self._strip.text)

    def _told(self, opened: bool) -> None:
        notes = self._window.document.project.notes
        self._strip.show_notes(notes)
        self._show(bool(notes) and (opened or self.show.isChecked()))

    def _show(self, on: bool) -> None:
        notes = self._window.document.project.notes
        self.show.setChecked(on and bool(notes))
        self._strip.setVisible(on and bool(notes))
        if on and not notes:
            self.ask()


class NotesDialog(QDialog):
    """Name and notes of the project."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._document = window.document
        project = self._document.project
        self.setWindowTitle("Name and notes")
        self.name = QLineEdit(project.name)
        self.name.setAccessibleName("Name")
        self.notes = QPlainTextEdit(project.notes)
        self.notes.setPlaceholderText(EMPTY)
        self.notes.setAccessibleName("Notes")
        self.notes.setTabChangesFocus(True)
        self.notes.moveCursor(QTextCursor.MoveOperation.End)
        self.notes.setMinimumSize(420, 110)
        self.trouble = QLabel(wordWrap=True)
        self.trouble.setObjectName("trouble")
        self.trouble.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        for button in buttons.buttons():
            button.setIcon(QIcon())
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow("&Name", self.name)
        form.addRow("N&otes", self.notes)
        form.addRow(self.trouble)
        form.addRow(buttons)
        self.notes.setFocus()

    def accept(self) -> None:
        """One step of undo, or what is wrong with it said here."""
        try:
            self._document.describe(self.name.text(), self.notes.toPlainText().strip())
        except ProjectError as error:
            self.trouble.setText(str(error))
            self.trouble.show()
            return
        super().accept()
