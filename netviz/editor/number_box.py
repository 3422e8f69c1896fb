"""The field in which a number is typed or stepped, and the gesture that makes many steps one."""

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QSizePolicy, QWidget

from engine.spec import Property
from netviz.editor import numbers

PAUSE = 800  # milliseconds after which another turn of the wheel is another step of the undo stack


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


class NumberBox(QAbstractSpinBox):
    """A number of a declared field. It refuses nothing itself: the document judges, the form says why."""

    committed = Signal(object, object)  # value, gesture
    refused = Signal(str)  # what was typed is no number
    restored = Signal()  # the value before is back

    def __init__(self, p: Property, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._property = p
        self._value: object = None
        self._tried = ""  # what was already handed on: leaving the field does not repeat it
        self._gesture = Gesture()
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(48)
        self.editingFinished.connect(self._typed)
        self.lineEdit().installEventFilter(self)

    def show_value(self, value: object, force: bool = False) -> None:
        """Takes over a value; what is being typed stays, unless `force` or the value is another one."""
        if not force and value == self._value and self._is_edited():
            return
        self._value = value
        self._put(numbers.text(value) + self._suffix())

    def text_value(self) -> str:
        return self.text().removesuffix(self._suffix()) if self._suffix() else self.text()

    def stepBy(self, steps: int) -> None:  # noqa: N802 - Qt's name
        base = self._value if isinstance(self._value, int | float) else self._property.default
        try:
            typed = numbers.parse(self.text_value(), self._property)
            base = typed if isinstance(typed, int | float) else base
        except ValueError:
            pass
        new = numbers.stepped(base if isinstance(base, int | float) else 1, steps, self._property)
        self._put(numbers.text(new) + self._suffix())
        self.committed.emit(new, self._gesture.token())

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:  # noqa: N802 - Qt's name
        if self.isReadOnly():
            return QAbstractSpinBox.StepEnabledFlag.StepNone
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return QValidator.State.Acceptable, text, position

    def wheelEvent(self, event: QWheelEvent) -> None:
        # A panel that is scrolled must not change what passes under the pointer.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Cancel) and self._is_edited():
            self._put(numbers.text(self._value) + self._suffix())
            self.restored.emit()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Undo and redo are the document's while nothing is half typed."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and not self._is_edited():
            undo, redo = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo
            if event.matches(undo) or event.matches(redo):
                event.ignore()
                return True
        return super().eventFilter(watched, event)

    def _typed(self) -> None:
        if not self._is_edited() or self.text() == self._tried:
            return
        self._tried = self.text()
        self._gesture.end()
        try:
            value = numbers.parse(self.text_value(), self._property)
        except ValueError as error:
            self.refused.emit(str(error))
            return
        if value == self._value:
            self._put(numbers.text(self._value) + self._suffix())
            self.restored.emit()
        else:
            self.committed.emit(value, None)

    def _put(self, text: str) -> None:
        self._tried = text
        if self.lineEdit().text() != text:
            self.lineEdit().setText(text)

    def _is_edited(self) -> bool:
        return self.text_value() != numbers.text(self._value)

    def _suffix(self) -> str:
        return f" {self._property.unit}" if self._property.unit else ""
