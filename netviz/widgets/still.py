"""A place for one widget, in which nothing stirs the window.

A layout tells every change to all layouts around it, up to the window's, which then places all docks anew: four
milliseconds of a window full of them, though a panel has only filled a list. Here it ends, unless the widget needs more
room, or less, than it did.
"""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget, QWidgetItem


class Still(QWidget):
    """Holds `held` within its margins, by hand: it is as small as that can be, and has no layout."""

    def __init__(self, held: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least = QSize()  # of what is held, as those around were told
        self.put(held)

    def put(self, held: QWidget) -> None:
        """Holds this from now on; what it held before stays its child until it is taken elsewhere."""
        self.held, self._item = held, QWidgetItem(held)
        held.setParent(self)
        held.show()
        self._place()
        self._heed()

    def sizeHint(self) -> QSize:
        return self._item.sizeHint().grownBy(self.contentsMargins())

    def minimumSizeHint(self) -> QSize:
        return self._item.minimumSize().grownBy(self.contentsMargins())

    def _heed(self) -> None:
        """Those around are told where what is held can be smaller than they know, or cannot be as small."""
        if (least := self._item.minimumSize()) != self._least:
            self._least = least
            self.updateGeometry()

    def _place(self) -> None:
        self._item.setGeometry(self.contentsRect())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._heed()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def showEvent(self, event: QShowEvent) -> None:
        """While it was hidden nobody told."""
        super().showEvent(event)
        self._heed()
