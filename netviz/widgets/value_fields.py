"""Fields for a handful of numbers: what is typed counts at once, arrows step within the data's range."""

from collections.abc import Sequence
from math import floor, isfinite, log10

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from netviz import theme
from netviz.widgets.ticks import signed

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_STEPS = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}


def feature(index: int) -> str:
    """x₁ for feature 0."""
    return "x" + str(index + 1).translate(_LOWERED)


def number(text: str) -> float | None:
    """A finite number as people write it; None for anything else."""
    plain = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if isfinite(value) else None


class ValueField(QLineEdit):
    """One number. Up and Down step by a round number near a fortieth of the range, Page Up and Down by ten of them."""

    edited = Signal()

    def __init__(self, name: str, low: float, high: float) -> None:
        super().__init__()
        self.value = 0.0
        span = high - low if high > low else max(abs(low), 1.0)
        self.step = 10.0 ** floor(log10(span / 20))
        self._range = signed(f"{name}: the data go from {low:.4g} to {high:.4g}")
        self.setAccessibleName(name)
        self.setToolTip(self._range)
        self.setFont(theme.figures())
        self.setMinimumWidth(36)
        self.textEdited.connect(self._typed)
        self.editingFinished.connect(self._tidy)

    def show_value(self, value: float) -> None:
        """Takes over a value; what is being typed and means the same stays."""
        self.value = value
        if number(self.text()) != value:
            self.setText(f"{value:.5g}")
            self.setCursorPosition(0)
        self._mark(True)

    def _typed(self, text: str) -> None:
        value = number(text)
        self._mark(value is not None)
        if value is not None and value != self.value:
            self.value = value
            self.edited.emit()

    def _tidy(self) -> None:
        """What is no number gives way to the last one that was."""
        if number(self.text()) is None:
            self.show_value(self.value)

    def _mark(self, good: bool) -> None:
        self.setStyleSheet("" if good else f"QLineEdit {{ color: {theme.theme().red}; }}")
        self.setToolTip(self._range if good else "Not a number")

    def move_by(self, steps: int) -> None:
        self.show_value(float(f"{(round(self.value / self.step) + steps) * self.step:.10g}"))
        self.edited.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = _STEPS.get(Qt.Key(event.key()))
        if steps is None:
            super().keyPressEvent(event)
        else:
            self.move_by(steps)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # A list that is scrolled must not change what passes under the pointer.
        if self.hasFocus() and event.angleDelta().y():
            self.move_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            event.ignore()


class FieldsInput(QWidget):
    """A field for each feature."""

    edited = Signal()

    def __init__(self, shape: tuple[int, ...], low: Sequence[float], high: Sequence[float]) -> None:
        super().__init__()
        self._shape = shape
        self._x = np.zeros(len(low))
        self.fields = [ValueField(feature(i), *ends) for i, ends in enumerate(zip(low, high, strict=True))]
        self.setFocusProxy(self.fields[0])
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 4, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        for row, field in enumerate(self.fields):
            label = QLabel(field.accessibleName())
            label.setBuddy(field)
            label.setFont(theme.small())
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
            field.edited.connect(lambda at=row: self._take(at))
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(self.fields), 1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)

    def height_for(self, width: int) -> int:
        """How high it wants to be."""
        return len(self.fields) * (self.fields[0].sizeHint().height() + 3) + 6

    @property
    def x(self) -> np.ndarray:
        return self._x.reshape(self._shape)

    def show_x(self, x: np.ndarray) -> None:
        """The fields show five figures; the numbers are kept whole."""
        self._x = np.array(x, float).reshape(-1)
        for field, value in zip(self.fields, self._x, strict=True):
            field.show_value(float(value))

    def _take(self, at: int) -> None:
        self._x[at] = self.fields[at].value
        self.edited.emit()
