"""The shared cursor's hand in one widget: what is under the mouse is hovered, and a click there pins it."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from netviz.runtime.cursor import NOTHING, Cursor, Mark


class Pointer(QObject):
    """Watches the mouse over `widget`; `mark_at` says what lies at a place, `near` which steps look the same there."""

    def __init__(
        self,
        widget: QWidget,
        cursor: Cursor,
        mark_at: Callable[[QPointF], Mark],
        near: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__(widget)
        self.cursor, self._mark_at, self._near = cursor, mark_at, near
        self._pressed: QPointF | None = None
        self._over = False  # what is hovered now was told here
        widget.setMouseTracking(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            if self._pressed is None:
                self._over = True
                self.cursor.hover(self._mark_at(event.position()))
        elif kind in (QEvent.Type.Leave, QEvent.Type.Hide):
            self._pressed = None
            if self._over:
                self._over = False
                self.cursor.hover(NOTHING)
        elif kind == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            self._pressed = event.position() if event.button() == Qt.MouseButton.LeftButton else None
        elif kind == QEvent.Type.MouseButtonDblClick:
            self._pressed = None  # its first click has pinned what its second would let go
        elif kind == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent) and self._pressed is not None:
            moved, self._pressed = (event.position() - self._pressed).manhattanLength(), None
            if moved < QApplication.startDragDistance():
                self.cursor.pin(self._mark_at(event.position()), self._near())
        return False
