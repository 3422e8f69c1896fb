"""The small tools in a panel's first row: buttons of views, switches, lists to choose from, words beside them."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from netviz import theme
from netviz.widgets.choice import Choice
from netviz.widgets.elided import ElidedLabel
from netviz.widgets.icons import icon
from netviz.widgets.toggle import Toggle

STEPS = {Qt.Key.Key_N: 1, Qt.Key.Key_P: -1}  # keys: to the next, to the previous
TIGHT = 10  # pixels that a button in a narrow panel has beside its text


def small_toggle(text: str, words: str) -> Toggle:
    """A toggle of a row of many."""
    button = Toggle(text, words)
    button.setStyleSheet("QToolButton { padding: 0px 3px; }")
    button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + TIGHT)
    return button


def small_button(picture: str, words: str, call: Callable[[], object], parent: QWidget | None = None) -> QToolButton:
    """A button with a picture, as narrow as that."""
    button = QToolButton(parent)
    button.setIcon(icon(picture))
    button.setToolTip(words)
    button.setAccessibleName(words)
    button.setStyleSheet("QToolButton { padding: 1px 3px; }")
    button.clicked.connect(lambda: call())
    return button


def view_buttons(parent: QWidget, views: Mapping[str, str], choose: Callable[[str], object]) -> dict[str, Toggle]:
    """A button for each view, of which one is down; `choose` is called with the name of the one clicked."""
    group, made = QButtonGroup(parent), dict[str, Toggle]()
    for name, words in views.items():
        made[name] = button = small_toggle(name, words)
        button.clicked.connect(lambda _=False, name=name: choose(name))
        group.addButton(button)
    return made


def tools_row(buttons: Mapping[str, Toggle]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(3)
    for button in buttons.values():
        row.addWidget(button)
    return row


def faint_words() -> QLabel:
    """Words at the right end of a row, as many as there is room for."""
    says = ElidedLabel()
    says.setFont(theme.small())
    says.setObjectName("faint")
    says.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    says.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return says


def small_choice(name: str, words: str, width: int = 44) -> Choice:
    """A list to choose from, as low as a row of toggles."""
    choice = Choice()
    choice.setAccessibleName(name)
    choice.setToolTip(words)
    choice.setFont(theme.small())
    choice.setStyleSheet("QComboBox { padding: 0px 4px; min-height: 16px; }")
    choice.setMinimumWidth(width)
    return choice


def fill_choice(choice: Choice, names: list[str], chosen: str) -> None:
    """Lists `names`, unless they are listed, and shows `chosen`."""
    if [choice.itemText(i) for i in range(choice.count())] != names:
        choice.clear()
        choice.addItems(names)
    choice.setCurrentIndex(choice.findText(chosen))


def chosen_by_key(choice: Choice, key: int) -> str | None:
    """The entry that a key of STEPS leads to, from the last on to the first; None for other keys and an empty list."""
    if key not in STEPS or not choice.count():
        return None
    return choice.itemText((choice.currentIndex() + STEPS[Qt.Key(key)]) % choice.count())
