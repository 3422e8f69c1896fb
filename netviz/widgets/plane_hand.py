"""Mouse and keys on squares that show the same plane, for a pencil."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from netviz.widgets.pencil import STEPS, Pencil, Place

_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
GROW = 1.25  # of the brush, by a key


class PlaneHand(QObject):
    """Left draws, right or Shift erases; arrows move the brush, Space draws, Backspace erases, digits choose."""

    def __init__(self, widget: QWidget, pencil: Pencil, squares: Callable[[], list[QRectF]]) -> None:
        super().__init__(widget)
        self._widget, self._pencil, self._squares = widget, pencil, squares
        self._square = QRectF()  # in which the stroke began

    def take(self, on: bool) -> None:
        """The widget is drawn on from now on, or no longer."""
        widget = self._widget
        focus, menu = Qt.FocusPolicy, Qt.ContextMenuPolicy
        widget.setFocusPolicy(focus.StrongFocus if on else focus.NoFocus)
        widget.setContextMenuPolicy(menu.PreventContextMenu if on else menu.DefaultContextMenu)
        widget.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
        widget.setAccessibleName("Plane to draw on" if on else "")
        words = "Arrows move the brush, Space draws, Backspace erases, 1 to 8 choose the class, Escape ends"
        widget.setAccessibleDescription(words if on else "")
        if on:
            widget.installEventFilter(self)
            widget.setFocus()
        else:
            widget.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if isinstance(event, QKeyEvent) and kind in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            mine = self._key(event, kind == QEvent.Type.KeyPress)
            if mine:
                event.accept()  # Space plays elsewhere
            return mine
        if kind == QEvent.Type.Leave:
            self._pencil.leave()
        if kind in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._widget.update()
        return False

    def _mouse(self, event: QMouseEvent) -> bool:
        at, pencil = event.position(), self._pencil
        shift = bool(event.modifiers() & _SHIFT)
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            square = next((s for s in self._squares() if s.contains(at)), None)
            if square is None or event.button() not in _BUTTONS:
                return False
            self._square = square
            self._widget.setFocus()
            pencil.press(self._place(at), shift or event.button() == Qt.MouseButton.RightButton)
            return True
        if event.type() == QEvent.Type.MouseMove:
            if not event.buttons():
                self._square = next((s for s in self._squares() if s.contains(at)), QRectF())
            if self._square.isEmpty():
                pencil.leave()
            else:
                pencil.move(self._place(at), shift)
            return True
        if event.type() == QEvent.Type.MouseButtonRelease:
            pencil.release()
            return True
        return False

    def _place(self, at: QPointF) -> Place:
        """The point of the plane under a pixel, within the plane."""
        assert self._pencil.frame is not None
        left, right, low, high = self._pencil.frame
        across = min(max((at.x() - self._square.left()) / self._square.width(), 0.0), 1.0)
        up = min(max((self._square.bottom() - at.y()) / self._square.height(), 0.0), 1.0)
        return left + across * (right - left), low + up * (high - low)

    def _key(self, event: QKeyEvent, do: bool) -> bool:
        """Whether a key is the pencil's; `do` it, too."""
        call = self._call_of(Qt.Key(event.key()), event.modifiers())
        if call is not None and do:
            call()
        return call is not None

    def _call_of(self, key: Qt.Key, held: Qt.KeyboardModifier) -> Callable[[], object] | None:
        """What a key does."""
        pencil = self._pencil
        assert pencil.frame is not None
        left, right, low, high = pencil.frame
        at = pencil.at or ((left + right) / 2, (low + high) / 2)
        if key in _ARROWS:
            step = (right - left) / STEPS / (5 if held & _SHIFT else 1)
            x1, x2 = (a + step * b for a, b in zip(at, _ARROWS[key], strict=True))
            return lambda: pencil.move((min(max(x1, left), right), min(max(x2, low), high)))
        if held & ~_SHIFT:
            return None
        if key in (Qt.Key.Key_Space, Qt.Key.Key_Backspace):
            return lambda: pencil.dab_by_key(at, key == Qt.Key.Key_Backspace)
        if Qt.Key.Key_1 <= key <= Qt.Key.Key_8:
            return lambda: pencil.choose(int(key) - int(Qt.Key.Key_1))
        if key in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            return lambda: pencil.resize(pencil.size * (GROW if key == Qt.Key.Key_BracketRight else 1 / GROW))
        return self._widget.put_away.emit if key == Qt.Key.Key_Escape else None
