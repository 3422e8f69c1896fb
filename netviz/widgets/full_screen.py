"""One widget over the whole screen for a while: it is borrowed from where it stands, and goes back there."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from netviz.widgets.still import Still


class FullScreen(QWidget):
    """Shows what `home` holds, under `head`; Esc or closing brings it back and calls `back`."""

    def __init__(self, home: Still, head: QWidget, title: str, back: Callable[[], object]):
        borrowed, window = home.held, home.window()
        super().__init__(window, Qt.WindowType.Window)
        self.setWindowTitle(title)
        self.setAccessibleName(f"{title}, full screen")
        self._home, self._borrowed, self._back = home, borrowed, back
        self._focused = window.focusWidget()
        self._note = QLabel(f"{title} fills the screen; Esc brings it back.")
        self._note.setObjectName("faint")
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._note.setWordWrap(True)
        home.put(self._note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(borrowed, 1)
        self.setGeometry(window.screen().geometry())
        self.showFullScreen()
        borrowed.show()
        (borrowed.focusProxy() or borrowed).setFocus(Qt.FocusReason.TabFocusReason)

    def leave(self) -> None:
        """The widget goes back; the window that it came from has the keys again."""
        if self._home.held is not self._note:
            return
        self._home.put(self._borrowed)
        self._note.hide()
        self._note.deleteLater()
        self.hide()
        self._borrowed.show()
        if self._focused is not None:
            self._focused.setFocus()
        self._back()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_F11):
            self.leave()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.leave()
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        """Some systems have a way of their own out of full screen."""
        if event.type() == QEvent.Type.WindowStateChange and self.isVisible() and not self.isFullScreen():
            self.leave()
        super().changeEvent(event)
