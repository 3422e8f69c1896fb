"""What to do with the open project and what to look for, in a line or two over the network."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from netviz import theme
from netviz.widgets.icons import icon


class NotesStrip(QWidget):
    """Hidden while there are no notes, and once a person has closed it, until it is asked for or another opens."""

    edit_asked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel(wordWrap=True)
        self._text.setFont(theme.small())
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setAccessibleName("Notes")
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * theme.GAP, theme.GAP // 2, theme.GAP, theme.GAP // 2)
        row.addWidget(self._text)
        self.edit, self.close_ = self._button("pencil", "Edit notes"), self._button("close", "Close notes")
        self.edit.clicked.connect(self.edit_asked)
        self.close_.clicked.connect(self.closed)
        for button in (self.edit, self.close_):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        theme.on_change(self.update)
        self.hide()

    def _button(self, drawn: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName("quiet")
        button.setIcon(icon(drawn))
        button.setAccessibleName(words)
        button.setToolTip(words)
        return button

    @property
    def text(self) -> str:
        return self._text.text()

    def show_notes(self, notes: str) -> None:
        self._text.setText(notes)
        self.setAccessibleName(notes)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.card))
        painter.fillRect(0, 0, 4, self.height(), QColor(t.faint))
