"""A small button that stays down: a panel's one or two choices about what it shows."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from netviz import theme


class Toggle(QToolButton):
    """`text` on the button; `help` says what it does, with the key."""

    def __init__(self, text: str, help: str, parent: QWidget | None = None) -> None:  # noqa: A002
        super().__init__(parent)
        self.setText(text)
        self.setToolTip(help)
        self.setAccessibleName(help)
        self.setCheckable(True)
        self.setFont(theme.small())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setStyleSheet("QToolButton { padding: 0px 6px; }")

    def changeEvent(self, event: QEvent) -> None:
        """One that no layout places keeps its letters in it."""
        super().changeEvent(event)
        parent = self.parentWidget()
        if event.type() == QEvent.Type.FontChange and parent is not None:
            layout = parent.layout()
            if layout is None or layout.indexOf(self) < 0:
                self.adjustSize()
