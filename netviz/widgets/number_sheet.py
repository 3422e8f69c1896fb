"""Many numbers as text: read, changed and pasted as they come from a table."""

import re
from math import prod

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from netviz import theme
from netviz.widgets.ticks import whole
from netviz.widgets.value_fields import number

MOST_SHOWN = 4096  # numbers written out; more can only be pasted


class SheetInput(QWidget):
    """Numbers in order, apart by spaces, commas, semicolons or lines; a line below says what is wrong with them."""

    edited = Signal()

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self._shape, self._count = shape, prod(shape)
        self._x = np.zeros(shape)
        self._showing = False
        self.text = QPlainTextEdit()
        self.text.setFont(theme.figures())
        self.text.setAccessibleName(f"{self._count} numbers")
        self.text.setTabChangesFocus(True)
        self.setFocusProxy(self.text)
        self.text.setPlaceholderText(
            f"{whole(self._count)} numbers: paste them here, or take an example of the data above."
        )
        self.text.textChanged.connect(self._typed)
        self.says = QLabel()
        self.says.setFont(theme.small())
        self.says.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.text, 1)
        column.addWidget(self.says)
        self._say("", False)

    def height_for(self, width: int) -> int:
        return 10_000

    @property
    def x(self) -> np.ndarray:
        return self._x

    def show_x(self, x: np.ndarray) -> None:
        self._x = np.array(x, float).reshape(self._shape)
        self._showing = True
        shown = "  ".join(f"{value:.6g}" for value in self._x.reshape(-1)) if self._count <= MOST_SHOWN else ""
        self.text.setPlainText(shown)
        self._showing = False
        self._say(f"{whole(self._count)} numbers", False)

    def _typed(self) -> None:
        if self._showing:
            return
        values, wrong = parse(self.text.toPlainText())
        if wrong:
            self._say(f"{wrong!r} is no number", True)
        elif len(values) != self._count:
            self._say(f"expected {whole(self._count)} numbers, got {whole(len(values))}", True)
        else:
            self._say(f"{whole(self._count)} numbers", False)
            self._x = np.array(values).reshape(self._shape)
            self.edited.emit()

    def _say(self, text: str, trouble: bool) -> None:
        self.says.setObjectName("trouble" if trouble else "faint")
        self.says.style().unpolish(self.says)
        self.says.style().polish(self.says)
        self.says.setText(text)


def parse(text: str) -> tuple[list[float], str]:
    """The numbers of a text, and the first word that is none."""
    values = []
    for word in re.split(r"[\s,;]+", text.strip(" \t\r\n,;")):
        value = number(word)
        if word and value is None:
            return values, word[:24]
        if value is not None:
            values.append(value)
    return values, ""
