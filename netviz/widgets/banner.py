"""A line across the window for what needs a word, and perhaps an answer. It never stops anyone's work."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from netviz import theme
from netviz.widgets.icons import icon


class Banner(QWidget):
    """One message at a time: the latest. `key` says what it is about, so that it can be taken back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = ""
        self._tone = "accent"
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setAccessibleName("Message")
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._answer = QPushButton()
        self._answer.setAccessibleName("Answer to the message")
        self._close = QToolButton()
        self._close.setIcon(icon("close"))
        self._close.setAccessibleName("Close message")
        self._close.setToolTip("Close")
        self._close.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GAP, theme.GAP // 2, theme.GAP, theme.GAP // 2)
        row.addWidget(self._text)
        row.addWidget(self._answer)
        row.addWidget(self._close)
        self._call: Callable[[], object] | None = None
        self._answer.clicked.connect(self._answered)
        theme.on_change(self.update)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    @property
    def answer(self) -> QPushButton:
        """The button, if the message has one."""
        return self._answer

    def show_message(
        self, key: str, text: str, tone: str = "accent", answer: str = "", call: Callable[[], object] | None = None
    ) -> None:
        """Shows `text`; `tone` is a colour's name in the theme, `answer` a button that does `call`."""
        self.key, self._tone, self._call = key, tone, call
        self._text.setText(text)
        self.setAccessibleName(text)
        self._answer.setText(answer)
        self._answer.setAccessibleName(answer or "Answer to the message")
        self._answer.setVisible(bool(answer))
        self.show()
        self.update()

    def dismiss(self) -> None:
        self.key, self._call = "", None
        self.hide()

    def take_back(self, key: str) -> None:
        """Hides the message if it is still about `key`."""
        if self.key == key:
            self.dismiss()

    def _answered(self) -> None:
        call = self._call
        self.dismiss()
        if call is not None:
            call()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.theme()
        painter = QPainter(self)
        colour = QColor(getattr(t, self._tone))
        painter.fillRect(self.rect(), theme.mix(t.card, colour, 0.16))
        painter.fillRect(0, 0, 4, self.height(), colour)
