"""One editor for each type of declared field. An editor shows a value and says what a person wants instead."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QSlider,
    QToolButton,
    QWidget,
)

from engine.spec import Property
from netviz import theme
from netviz.editor import numbers
from netviz.editor.number_box import Gesture, Line, NumberBox
from netviz.widgets.choice import Choice
from netviz.widgets.tick_box import TickBox

FIRST: dict[str, object] = {"shape": [1], "size": 1, "table": [[0]]}  # of what is switched on and has no default


class Editor(QWidget):
    """Base: `committed` is a wish, the value shown follows the document."""

    committed = Signal(object, object)  # value, gesture
    refused = Signal(str)  # what was typed has no meaning
    restored = Signal()  # the document's value is shown again
    browse = Signal()  # a file is to be looked for

    def show_value(self, value: object, force: bool = False) -> None:
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def widgets(self) -> tuple[QWidget, ...]:
        """What takes the focus, in order."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own


def editor(p: Property, titles: Mapping[str, str], suggestion: object = None) -> Editor:
    """The editor for a property; `suggestion` is what an optional field begins with."""
    made: Editor
    if p.type == "choice":
        made = ChoiceEditor(p, titles)
    elif p.type == "bool":
        made = SwitchEditor()
    elif p.type in ("int", "float"):
        made = NumberEditor(p)
    elif p.type == "list":
        made = CountEditor(p)
    else:
        made = TextEditor(p)
    return OptionalEditor(p, made, suggestion) if p.optional else made


class ChoiceEditor(Editor):
    def __init__(self, p: Property, titles: Mapping[str, str]) -> None:
        super().__init__()
        self.combo = Choice()
        for choice in p.choices:
            self.combo.addItem(titles.get(choice) or choice.replace("_", " ").capitalize(), choice)
        self.combo.activated.connect(lambda index: self.committed.emit(self.combo.itemData(index), None))
        _row(self, self.combo)

    def show_value(self, value: object, force: bool = False) -> None:
        self.combo.setCurrentIndex(self.combo.findData(value))
        self.combo.setToolTip(self.combo.currentText())

    def widgets(self) -> tuple[QWidget, ...]:
        return (self.combo,)


class SwitchEditor(Editor):
    def __init__(self) -> None:
        super().__init__()
        self.box = TickBox()
        self.box.clicked.connect(lambda on: self.committed.emit(on, None))
        _row(self, self.box, stretch=True)

    def show_value(self, value: object, force: bool = False) -> None:
        self.box.setChecked(bool(value))

    def widgets(self) -> tuple[QWidget, ...]:
        return (self.box,)


class LogSlider(QSlider):
    """A slider over decades. `moved` comes from people only, with one gesture from press to release."""

    moved = Signal(object, object)

    def __init__(self, scale: numbers.LogScale) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._scale = scale
        self._gesture = Gesture()
        self._held: object = None
        self.setRange(0, scale.last)
        self.setMinimumHeight(theme.SLIDER)
        self.setPageStep(numbers.PER_DECADE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.sliderPressed.connect(self._press)
        self.sliderReleased.connect(self._release)
        self.valueChanged.connect(self._changed)

    def show_value(self, value: int | float) -> None:
        if not self.isSliderDown():  # under the hand it stays where the hand is
            self.blockSignals(True)
            self.setValue(self._scale.position(value))
            self.blockSignals(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _press(self) -> None:
        self._held = object()

    def _release(self) -> None:
        self._held = None
        self._gesture.end()

    def _changed(self, position: int) -> None:
        self.moved.emit(self._scale.value(position), self._held or self._gesture.token())


class NumberEditor(Editor):
    """A number; beside it the words that may stand instead, below it a slider where the scale is logarithmic."""

    def __init__(self, p: Property) -> None:
        super().__init__()
        self._property = p
        self._number: object = p.default
        self.box = NumberBox(p)
        self.box.committed.connect(self.committed)
        self.box.refused.connect(self.refused)
        self.box.restored.connect(self.restored)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.box, 0, 0)
        self.words: dict[str, QToolButton] = {}
        for column, word in enumerate(p.choices if len(p.choices) == 1 else (), 1):
            button = QToolButton()
            button.setText(word)
            button.setCheckable(True)
            button.clicked.connect(lambda on, word=word: self._word(word, on))
            layout.addWidget(button, 0, column)
            self.words[word] = button
        self.slider = LogSlider(numbers.LogScale.of(p)) if p.log else None
        if self.slider is not None:
            self.slider.moved.connect(self.committed)
            layout.addWidget(self.slider, 1, 0, 1, 1 + len(self.words))

    def show_value(self, value: object, force: bool = False) -> None:
        self.box.show_value(value, force)
        for word, button in self.words.items():
            button.setChecked(value == word)
        if isinstance(value, int | float):
            self._number = value
            if self.slider is not None:
                self.slider.show_value(value)

    def widgets(self) -> tuple[QWidget, ...]:
        return (self.box, *self.words.values(), *((self.slider,) if self.slider is not None else ()))

    def _word(self, word: str, on: bool) -> None:
        """Off again: the number that was there before."""
        self.committed.emit(word if on else self._number, None)


class TextEditor(Editor):
    """A line of text, a shape such as 8×8, a size such as 3 or 3×5, numbers such as 1, 2.5, or a table: 0 1; 1 2."""

    def __init__(self, p: Property) -> None:
        super().__init__()
        self._property = p
        self._value: object = None
        self._tried = ""
        self.line = Line()
        self.line.editingFinished.connect(self._typed)
        self.line.cancelled.connect(self._restore)
        self.line.is_edited = lambda: self.line.text() != self._text()
        self.button = QToolButton()
        self.button.setText("…")
        self.button.setToolTip("Look for a file")
        self.button.setAccessibleName("Look for a file")
        self.button.clicked.connect(self.browse)
        self.button.setVisible(p.name == "path")
        _row(self, self.line, self.button)
        self._has_button = p.name == "path"

    def show_value(self, value: object, force: bool = False) -> None:
        if force or value != self._value or self.line.text() == self._text():
            self._value = value
            self._tried = self._text()
            self.line.setText(self._text())
            self.line.setCursorPosition(0)

    def widgets(self) -> tuple[QWidget, ...]:
        return (self.line, self.button) if self._has_button else (self.line,)

    def _text(self) -> str:
        return numbers.written(self._value, self._property)

    def _typed(self) -> None:
        words = self.line.text()
        if words in (self._tried, self._text()):
            return
        self._tried = words
        try:
            read = numbers.read(words, self._property)
        except ValueError as error:
            self.refused.emit(str(error))
        else:
            self.committed.emit(read, None)

    def _restore(self) -> None:
        self.show_value(self._value, force=True)
        self.restored.emit()


class CountEditor(Editor):
    """How many records there are; they are edited elsewhere."""

    def __init__(self, p: Property) -> None:
        super().__init__()
        self._what = p.label.lower()
        self.line = Line()
        self.line.setReadOnly(True)
        _row(self, self.line)

    def show_value(self, value: object, force: bool = False) -> None:
        self.line.setText(f"{len(value) if isinstance(value, tuple | list) else 0} {self._what}")

    def widgets(self) -> tuple[QWidget, ...]:
        return (self.line,)


class OptionalEditor(Editor):
    """A switch before an editor; off is None."""

    def __init__(self, p: Property, inner: Editor, suggestion: object) -> None:
        super().__init__()
        self.inner = inner
        self._first = _first(p) if suggestion is None else suggestion
        self.box = TickBox()
        self.box.setToolTip("Off: not used")
        self.box.clicked.connect(lambda on: self.committed.emit(self._first if on else None, None))
        for name in ("committed", "refused", "restored", "browse"):
            getattr(inner, name).connect(getattr(self, name))
        _row(self, self.box, inner)
        self.layout().setAlignment(self.box, Qt.AlignmentFlag.AlignTop)

    def show_value(self, value: object, force: bool = False) -> None:
        self.box.setChecked(value is not None)
        self.inner.setVisible(value is not None)
        self.box.setText("" if value is not None else "off")
        if value is not None:
            self._first = value
            self.inner.show_value(value, force)

    def widgets(self) -> tuple[QWidget, ...]:
        return (self.box, *self.inner.widgets())


def _first(p: Property) -> object:
    """What an optional field is when it is switched on: its default, else 1 or what comes nearest to it."""
    if p.default is not None or p.type not in ("int", "float"):
        return p.default if p.default is not None else FIRST.get(p.type, "")
    nearest = min(max(1, p.minimum or 1), p.maximum or 1)
    return int(nearest) if p.type == "int" else float(nearest)


def _row(holder: QWidget, *widgets: QWidget, stretch: bool = False) -> None:
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for widget in widgets:
        layout.addWidget(widget)
    if stretch:
        layout.addStretch()
