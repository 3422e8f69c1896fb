"""The field in which a number is typed or stepped, and the gesture that makes many steps one."""

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from engine.spec import Property
from netviz.editor import numbers

PAUSE = 800  # milliseconds after which another turn of the wheel is another step of the undo stack
NOTCH = 120  # what one notch of a wheel says


class Gesture:
    """A token that stays the same while a hand keeps moving."""

    def __init__(self) -> None:
        self._clock = QElapsedTimer()
        self._token: object = None

    def token(self) -> object:
        if self._token is None or self._clock.elapsed() > PAUSE:
            self._token = object()
        self._clock.start()
        return self._token

    def end(self) -> None:
        self._token = None


class Line(QLineEdit):
    """A line of text. Escape takes back what was typed; undo and redo are the document's while nothing is."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_edited: Callable[[], bool] = self.isModified

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and not self.is_edited():
            undo, redo = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo
            if event.matches(undo) or event.matches(redo):
                event.ignore()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Cancel) and self.is_edited():
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)


class NumberBox(Line):
    """A number of a declared field. It refuses nothing itself: the document judges, the form says why."""

    committed = Signal(object, object)  # value, gesture
    refused = Signal(str)  # what was typed is no number
    restored = Signal()  # the value before is back

    def __init__(self, p: Property, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._property = p
        self._value: object = None
        self._tried = ""  # what was already handed on: leaving the field does not repeat it
        self._turned = 0  # of a fine wheel, not yet a whole notch
        self._gesture = Gesture()
        self.is_edited = lambda: self.text() != self._shown()
        self.setMinimumWidth(40)
        self.editingFinished.connect(self._typed)
        self.cancelled.connect(self._restore)

    def show_value(self, value: object, force: bool = False) -> None:
        """Takes over a value; what is being typed stays, unless `force` or the value is another one."""
        if force or value != self._value or not self.is_edited():
            self._value = value
            self._put(self._shown())

    def step(self, steps: int) -> None:
        """The next round number, from what stands there."""
        try:
            base: object = numbers.parse(self._plain(), self._property)
        except ValueError:
            base = self._value
        if not isinstance(base, int | float):
            base = self._property.default if isinstance(self._property.default, int | float) else 1
        new = numbers.stepped(base, steps, self._property)
        self._put(numbers.text(new) + self._suffix())
        self.committed.emit(new, self._gesture.token())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        steps = {keys.Key_Up: 1, keys.Key_Down: -1, keys.Key_PageUp: 10, keys.Key_PageDown: -10}.get(keys(event.key()))
        if steps is None:
            super().keyPressEvent(event)
        else:
            # Ten steps of a logarithmic scale are three decades: too far for one key.
            self.step(steps if abs(steps) == 1 or not self._property.log else steps // 10 * 3)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # A panel that is scrolled must not change what passes under the pointer.
        if not self.hasFocus():
            event.ignore()
            return
        event.accept()
        self._turned += event.angleDelta().y()
        steps = int(self._turned / NOTCH)
        if steps:
            self._turned -= steps * NOTCH
            self.step(steps)

    def _typed(self) -> None:
        if not self.is_edited() or self.text() == self._tried:
            return
        self._tried = self.text()
        self._gesture.end()
        try:
            value = numbers.parse(self._plain(), self._property)
        except ValueError as error:
            self.refused.emit(str(error))
            return
        if value == self._value:
            self._restore()
        else:
            self.committed.emit(value, None)

    def _restore(self) -> None:
        self._put(self._shown())
        self.restored.emit()

    def _put(self, text: str) -> None:
        self._tried = text
        if self.text() != text:
            self.setText(text)

    def _plain(self) -> str:
        return self.text().removesuffix(self._suffix().strip())

    def _shown(self) -> str:
        return numbers.text(self._value) + self._suffix()

    def _suffix(self) -> str:
        return f" {self._property.unit}" if self._property.unit else ""
