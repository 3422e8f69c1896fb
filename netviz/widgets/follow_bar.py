"""The rows above the arithmetic: which example and what should come out; which unit, and how far along the wires."""

from collections.abc import Callable

from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtGui import QDoubleValidator, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from netviz import theme
from netviz.widgets.toggle import Toggle
from netviz.widgets.view_tools import faint_words, small_button, small_choice

MOST_CLASSES = 200  # that the choice lists
HEIGHT = 24
WIDE, TALL = 420, 260  # pixels from which on two groups stand side by side; below which some are left out


class FollowBar(QWidget):
    """Says what a person wants; what is shown is set from outside."""

    walked = Signal(int)  # so many examples further
    any_wanted = Signal()
    aimed = Signal(object)  # tuple[float, ...]: the target; empty for the data's
    unit_walked = Signal(int)
    stepped = Signal(int)  # 1 forward, -1 back, 0: all at once
    drawn = Signal(bool)  # whether the network shows the example, too

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._targets: tuple[object, ...] = ()
        self._fitted: tuple[object, ...] = ()  # what the rows were made for
        self._offers = (False, False)  # a choice of classes, a field for a number
        self.says, self.unit, self.step = _label("Example"), _label("Unit"), _label("Step")
        self.target = small_choice("Target: what should come out", "What should come out: the loss is told against it")
        self.target.setFixedWidth(116)
        self.target.activated.connect(lambda: self.aimed.emit(self.target.currentData()))
        self.number = QLineEdit()
        self.number.setFont(theme.small())
        self.number.setMaximumWidth(86)
        self.number.setPlaceholderText("target")
        self.number.setAccessibleName("Target: what should come out")
        validator = QDoubleValidator(self)
        validator.setLocale(QLocale.c())
        self.number.setValidator(validator)
        self.number.editingFinished.connect(self._take_number)
        self.draw = Toggle("on the network", "Show this example on the drawn network (O)", self)
        self.draw.toggled.connect(self.drawn)
        # Each has its words for the pointer, its key among them.
        self.previous = _tool("previous", "Previous example (P)", lambda: self.walked.emit(-1))
        self.next = _tool("next", "Next example (N)", lambda: self.walked.emit(1))
        self.any = _tool("dice", "Any example (R)", self.any_wanted.emit)
        self.lower = _tool("previous", "Previous unit (arrow up)", lambda: self.unit_walked.emit(-1))
        self.higher = _tool("next", "Next unit (arrow down)", lambda: self.unit_walked.emit(1))
        self.back = _tool("previous", "One wire back (B)", lambda: self.stepped.emit(-1))
        self.forth = _tool(
            "next", "One wire on: forward, then the loss, then backward (F)", lambda: self.stepped.emit(1)
        )
        self.all = Toggle("all", "All at once, not wire by wire (A)", self)
        self.all.clicked.connect(lambda: self.stepped.emit(0))
        column = self._column = QVBoxLayout(self)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._pairs = [QBoxLayout(QBoxLayout.Direction.LeftToRight) for _ in range(2)]
        self._pairs[0].addLayout(_row(self.previous, self.next, self.any, self.says), 1)
        aims = _row(self.target, self.number, self.draw)
        aims.addStretch()
        self._pairs[0].addLayout(aims)
        self._pairs[1].addLayout(_row(self.lower, self.higher, self.unit), 1)
        self._pairs[1].addLayout(_row(self.back, self.forth, self.all, self.step), 1)
        for pair in self._pairs:
            pair.setSpacing(4)
            column.addLayout(pair)
        self.number.hide()

    def offer_targets(self, classes: int | None, outputs: int, now: tuple[float, ...], has: bool) -> None:
        """A choice of classes, or a field for one number; `has` says whether the data tell one."""
        offered = (classes, outputs, has)
        numeric = classes is None and outputs == 1
        self._offers = classes is not None and classes <= MOST_CLASSES, numeric
        self._fit()
        if offered != self._targets:
            self._targets = offered
            self.target.clear()
            self.target.addItem("the data's class" if has else "no target", ())
            for label in range(classes or 0):
                self.target.addItem(f"class {label}", (float(label),))
        self.target.setCurrentIndex(int(now[0]) + 1 if now and classes is not None and now[0] < classes else 0)
        number = f"{now[0]:g}" if now else ""
        if number != self.number.text() and not self.number.hasFocus():
            self.number.setText(number)

    def _fit(self) -> None:
        """Two rows in a wide place, four in a narrow one; a small one does without target and switch."""
        wide, parent = self.width() >= WIDE, self.parentWidget()
        roomy = wide or parent is None or parent.height() >= TALL
        if self._fitted == (wide, roomy, self._offers):
            return
        self._fitted = wide, roomy, self._offers
        ways = QBoxLayout.Direction
        for pair in self._pairs:
            pair.setDirection(ways.LeftToRight if wide else ways.TopToBottom)
        self.draw.setVisible(roomy)
        self.target.setVisible(self._offers[0] and roomy)
        self.number.setVisible(self._offers[1] and roomy)
        self._column.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(WIDE, 2 * HEIGHT + 4)

    def _take_number(self) -> None:
        text = self.number.text().strip()
        self.aimed.emit((float(text),) if self.number.hasAcceptableInput() else ())


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, QLabel) else 0)
    return row


def _label(name: str) -> QLabel:
    made = faint_words()
    made.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    made.setAccessibleName(name)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


def _tool(name: str, what: str, call: Callable[[], object]) -> QToolButton:
    button = small_button(name, what, call)
    button.setFixedHeight(HEIGHT)
    return button
