"""Parts of the dialog that shows a file of data."""

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSpinBox, QWidget

from engine.catalogue import DATASETS
from engine.spec import Property
from netviz import theme
from netviz.document import fields
from netviz.widgets.choice import Choice


def choice_of(p: Property, value: str) -> Choice:
    """A list of what a declared field can be."""
    choice = Choice()
    for name in p.choices:
        text = {"pca": "PCA", "one_hot": "One-hot"}.get(name) or name.capitalize()
        choice.addItem(text, name)
    choice.setCurrentIndex(max(0, choice.findData(value)))
    choice.setAccessibleName(p.label)
    choice.setToolTip(p.help)
    return choice


def card(title: str) -> tuple[QFrame, QGridLayout]:
    """A card with a title, and the grid inside it."""
    framed = QFrame()
    framed.setObjectName("card")
    grid = QGridLayout(framed)
    grid.setContentsMargins(11, 9, 11, 11)
    grid.setVerticalSpacing(4)
    head = QLabel(title)
    head.setFont(theme.title())
    grid.addWidget(head, 0, 0)
    return framed, grid


class WindowChoice(QWidget):
    """How many characters of a text are seen at once, and as what; `taken` is called with both."""

    def __init__(self, taken: Callable[[int, str], object]) -> None:
        super().__init__()
        listed = {p.name: p for p in fields.properties(DATASETS["text"])}
        self.length, self.encoding = QSpinBox(), choice_of(listed["encoding"], "one_hot")
        low, high = listed["length"].minimum, listed["length"].maximum
        self.length.setRange(int(low or 1), int(high or 1))
        self.length.setAccessibleName(listed["length"].label)
        self.length.setToolTip(listed["length"].help)
        self.length.setKeyboardTracking(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for name, widget in (("length", self.length), ("encoding", self.encoding)):
            label = QLabel(listed[name].label)
            label.setObjectName("faint")
            label.setBuddy(widget)
            row.addWidget(label)
            row.addWidget(widget)
            row.addSpacing(8)
        self.length.valueChanged.connect(lambda _: taken(self.length.value(), self.encoding.currentData()))
        self.encoding.activated.connect(lambda _: taken(self.length.value(), self.encoding.currentData()))

    def show_window(self, length: int, encoding: str) -> None:
        """Without telling it."""
        self.length.blockSignals(True)
        self.length.setValue(length)
        self.length.blockSignals(False)
        self.encoding.setCurrentIndex(self.encoding.findData(encoding))
