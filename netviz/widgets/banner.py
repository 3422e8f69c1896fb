"""A line across the window for what needs a word, and perhaps an answer. It never stops anyone's work."""

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from netviz import theme
from netviz.widgets.icons import icon


class Message(NamedTuple):
    """What is said; `key` says what it is about, so that it can be taken back."""

    key: str = ""
    text: str = ""
    tone: str = "accent"  # a colour's name in the theme
    answer: str = ""  # a button, which does `call`
    call: Callable[[], object] | None = None


NOTHING = Message()


class Banner(QWidget):
    """One message at a time: the latest. One that wants an answer comes back when later ones have gone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = NOTHING
        self._behind: list[Message] = []  # want an answer, and another one is shown
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setAccessibleName("Message")
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._more = QLabel()
        self._answer = QPushButton()
        self._answer.setAccessibleName("Answer to the message")
        self._close = QToolButton()
        self._close.setIcon(icon("close"))
        self._close.setAccessibleName("Close message")
        self._close.setToolTip("Close")
        self._close.clicked.connect(self.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GAP, theme.GAP // 2, theme.GAP, theme.GAP // 2)
        for part in (self._text, self._more, self._answer, self._close):
            row.addWidget(part)
        self._answer.clicked.connect(self._answered)
        theme.on_change(self.update)
        self.hide()

    @property
    def key(self) -> str:
        """What is spoken of; empty where nothing is."""
        return self._shown.key

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
        self._behind = [one for one in (*self._behind, self._shown) if one.answer and one.key != key]
        self._show(Message(key, text, tone, answer, call))

    def dismiss(self) -> None:
        """What is shown goes; what waits for an answer behind it comes back."""
        self._show(self._behind.pop() if self._behind else NOTHING)

    def take_back(self, key: str) -> None:
        """What was said about `key` is no longer so."""
        self._behind = [one for one in self._behind if one.key != key]
        self.dismiss() if self.key == key else self._show(self._shown)

    def _show(self, message: Message) -> None:
        self._shown = message
        self._text.setText(message.text)
        self.setAccessibleName(message.text)
        self._more.setText(f"{len(self._behind)} more" if self._behind else "")
        self._more.setVisible(bool(self._behind))
        self._answer.setText(message.answer)
        self._answer.setAccessibleName(message.answer or "Answer to the message")
        self._answer.setVisible(bool(message.answer))
        self.setVisible(message is not NOTHING)
        self.update()

    def _answered(self) -> None:
        call = self._shown.call
        self.dismiss()
        if call is not None:
            call()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.theme()
        painter = QPainter(self)
        colour = QColor(getattr(t, self._shown.tone))
        painter.fillRect(self.rect(), theme.mix(t.card, colour, 0.16))
        painter.fillRect(0, 0, 4, self.height(), colour)
