"""The row of title and buttons over a panel: it stays readable at any width."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLayout, QSizePolicy, QToolButton, QWidget

from netviz import theme

LEAST = 78  # pixels of a title that the window leaves room for, however large the letters are: it must fit the screen


class TitleBar(QWidget):
    """Where it is narrow, the short title stands for the long one, then buttons go that can be spared."""

    def __init__(self, title: str, short: str = "") -> None:
        super().__init__()
        self.setObjectName("cardTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.title = Title(title, short or title)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.GAP + 2, 4, 4, 2)
        self._row.setSpacing(0)
        self._row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._row.addWidget(self.title, 1)
        self._buttons: list[QToolButton] = []
        self._spared: list[QToolButton] = []  # the first to go first

    @property
    def away(self) -> list[QToolButton]:
        """The buttons that have no room."""
        return [button for button in self._buttons if button.isHidden()]

    def add(self, button: QToolButton, spared: bool = False) -> None:
        """At the right end; those that can be `spared` go from right to left."""
        self._row.addWidget(button)
        self._buttons.append(button)
        if spared:
            self._spared.insert(0, button)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        title = min(self.title.least(), LEAST)
        return QSize(self._taken(len(self._spared)) + title, super().minimumSizeHint().height())

    def _taken(self, gone: int) -> int:
        """The width of what stands beside the title, without so many of the buttons that can be spared."""
        margins, away = self._row.contentsMargins(), self._spared[:gone]
        widths = sum(button.sizeHint().width() for button in self._buttons if button not in away)
        return margins.left() + margins.right() + widths

    def _fit(self) -> None:
        least = self.title.least()
        fits = (gone for gone in range(len(self._spared) + 1) if self._taken(gone) + least <= self.width())
        gone = next(fits, len(self._spared))
        for place, button in enumerate(self._spared):
            button.setVisible(place >= gone)


class Title(QLabel):
    """A title, the short one where its place is narrow; that ends in … where even it has no room."""

    def __init__(self, text: str, short: str) -> None:
        super().__init__(text)
        self._short = short
        self.setFont(theme.title())
        self.setToolTip(text)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @property
    def written(self) -> str:
        """What can be read."""
        measure, room = self.fontMetrics(), self.width()
        if measure.horizontalAdvance(self.text()) <= room:
            return self.text()
        return measure.elidedText(self._short, Qt.TextElideMode.ElideRight, room)

    def least(self) -> int:
        """The width of the short title, rounded up."""
        return self.fontMetrics().horizontalAdvance(self._short) + 2  # which elision counts in fractions

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.written)
