"""Parts of the dialog that shows a file of data."""

from PySide6.QtWidgets import QFrame, QGridLayout, QLabel

from engine.spec import Property
from netviz import theme
from netviz.widgets.choice import Choice


def choice_of(p: Property, value: str) -> Choice:
    """A list of what a declared field can be."""
    choice = Choice()
    for name in p.choices:
        text = {"pca": "PCA"}.get(name) or name.capitalize()
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
