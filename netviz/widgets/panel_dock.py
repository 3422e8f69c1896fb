"""The frame round an instrument: title, what it means, a window of its own, close."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWhatsThis,
    QWidget,
)

from netviz import theme
from netviz.widgets.icons import icon


class PanelDock(QDockWidget):
    """A dock that looks like a card. `ident` names it in layouts."""

    def __init__(self, ident: str, title: str, help_text: str, widget: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(ident)
        card = QWidget()
        card.setObjectName("cardBody")
        card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(card)
        column.setContentsMargins(1, 0, 1, 1)
        column.setSpacing(0)
        column.addWidget(widget)
        self.setWidget(card)
        self.setTitleBarWidget(self._title_bar(title, help_text))

    def _title_bar(self, title: str, help_text: str) -> QWidget:
        bar = QWidget()
        bar.setObjectName("cardTitle")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.GAP + 2, 4, 4, 2)
        row.setSpacing(2)
        label = _Title(title)
        row.addWidget(label, 1)
        if help_text:
            row.addWidget(self._button("help", f"What {title.lower()} shows", help_text))
        if self.features() & QDockWidget.DockWidgetFeature.DockWidgetFloatable:
            float_button = self._button("float", f"Own window for {title.lower()}", "In a window of its own, or back")
            float_button.clicked.connect(lambda: self.setFloating(not self.isFloating()))
            row.addWidget(float_button)
        close = self._button("close", f"Close {title.lower()}", "Close (View menu opens it again)")
        close.clicked.connect(self.close)
        row.addWidget(close)
        return bar

    def _button(self, name: str, accessible: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName("quiet")
        button.setIcon(icon(name))
        button.setAccessibleName(accessible)
        button.setToolTip(tip)
        if name == "help":
            button.clicked.connect(lambda: self._explain(button, tip))
        return button

    def _explain(self, button: QToolButton, text: str) -> None:
        QWhatsThis.showText(button.mapToGlobal(button.rect().bottomLeft()), text, button)


class _Title(QLabel):
    """A title that ends in … where its place is too narrow."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setFont(theme.title())
        self.setToolTip(text)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.setPen(self.palette().windowText().color())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
