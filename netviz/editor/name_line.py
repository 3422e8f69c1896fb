"""The name of a node, written where the node stands."""

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from engine.names import refusal
from netviz.editor.number_box import Line


class NameLine(Line):
    """Enter takes the name over, Escape and a click elsewhere leave the old one."""

    def __init__(self, name: str, rect: QRect, take: Callable[[str], str], say: Callable[[str], None], parent: QWidget):
        super().__init__(parent)
        self._name, self._take, self._say = name, take, say
        self.is_edited = lambda: True  # Escape is always for this line
        self.setText(name)
        self.setAccessibleName(f"New name of {name}")
        self.setGeometry(rect)
        self.selectAll()
        self.cancelled.connect(self._leave)
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._try()
        else:
            super().keyPressEvent(event)

    def _try(self) -> None:
        """A name that cannot be is said, and stays to be mended."""
        name = self.text().strip()
        if name == self._name:
            self._leave()
        elif reason := (refusal(name) or self._take(name)):
            self._say(reason)
        else:
            self._leave()

    def focusOutEvent(self, event) -> None:
        QLineEdit.focusOutEvent(self, event)
        self._leave()

    def _leave(self) -> None:
        if self.isVisible():
            self.hide()
            self.parentWidget().setFocus()
            self.deleteLater()
