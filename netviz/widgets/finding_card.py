"""One finding of the diagnosis as a card, and the remedies as its buttons."""

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QWidget

from engine.diagnosis import Health, Remedy
from netviz import theme
from netviz.widgets.health import health_colour
from netviz.widgets.told import KEPT_WIDTHS, Told

STRIPE = 4  # pixels of colour at a card's edge
PAD = theme.GAP // 2  # pixels from its other edges to what is on it
APART = 3  # pixels between buttons, and between them and the words
USUAL = 3  # remedies of a finding

_Parts = tuple[QRect, list[QRect], int]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a card is about, and what it offers; as long as that is the same, only its words change."""

    lane: int
    severity: Health | None
    cause: bool = False
    remedies: tuple[Remedy, ...] = ()
    nodes: tuple[str, ...] = ()  # the one that a click chooses, if any


@dataclass(frozen=True, slots=True)
class Words:
    card: Kind
    head: str
    sentence: str = ""


class Card(QWidget):
    """A stripe in the severity's colour, a head and a sentence, and a button for each remedy.

    It can become that of any other finding: what was made once stays, for the style sheet takes longer over a new
    widget than all that is done with it. Its parts lie where `place` puts them; a layout would ask each of them
    several times for each new number.
    """

    remedy_chosen = Signal(int, object)  # lane, Remedy
    node_chosen = Signal(int, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.words = Words(Kind(0, None), "")
        self.told = Told(self)
        self.told.setAccessibleName("Finding")  # until there is one
        self.told.clicked.connect(self._point)
        self._made = [self._button(place) for place in range(USUAL)]
        self._hints: dict[str, QSize] = {}  # how large a button is that has room for all of its title
        self._known: dict[int, _Parts] = {}  # where parts lie, by width
        self._placed: _Parts | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_StaticContents)

    @property
    def severity(self) -> Health | None:
        return self.words.card.severity

    @property
    def buttons(self) -> list[QPushButton]:
        return self._made[: len(self.words.card.remedies)]

    def say(self, words: Words) -> None:
        """Becomes the card of another finding, or of the same in other words."""
        if words.card != self.words.card:
            self.told.show_marked(0, 0)
            self._take(words)
            self.update()
        elif words != self.words:
            self.words = words
            self._tell()

    def _take(self, words: Words) -> None:
        self.words, self._placed = words, None
        self._tell()
        remedies = words.card.remedies
        self._made += [self._button(place) for place in range(len(self._made), len(remedies))]
        for button, remedy in zip(self._made, remedies, strict=False):
            self._offer(button, remedy)
        for place, button in enumerate(self._made):
            button.setHidden(place >= len(remedies))

    def _button(self, place: int) -> QPushButton:
        made = QPushButton(self)
        made.hide()
        made.setAccessibleName("Remedy")  # until it is one
        made.clicked.connect(partial(self._choose, place))
        return made

    def _tell(self) -> None:
        self.told.say(self.words.head, self.words.sentence, "cause" if self.words.card.cause else "")
        self.setAccessibleName(self.told.accessibleName())
        self._known.clear()

    def _offer(self, button: QPushButton, remedy: Remedy) -> None:
        if button.accessibleName() != remedy.title:
            button.setDown(False)  # who presses one remedy does not choose another
            button.setAccessibleName(remedy.title)
            what = "the data, which all networks have in common" if remedy.of_data else "the drawn network"
            button.setToolTip(f"{remedy.title}: an edit of {what}; undo takes it back")

    def _choose(self, place: int, _: bool = False) -> None:
        self.remedy_chosen.emit(self.words.card.lane, self.words.card.remedies[place])

    def _point(self) -> None:
        for node in self.words.card.nodes:
            self.node_chosen.emit(self.words.card.lane, node)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._point()

    # Where things lie

    def restyle(self) -> None:
        """Other colours, or letters of another size."""
        self._hints.clear()
        self._known.clear()
        self._placed = None
        self.told.restyle()
        self.update()

    def height_for(self, width: int) -> int:
        return self._parts(width)[2]

    def place(self, x: int, y: int, width: int) -> None:
        """Takes its place, as high as it is at that width, and gives its parts theirs."""
        words, places, height = parts = self._parts(width)
        self.setGeometry(x, y, width, height)
        if parts == self._placed:
            return
        self._placed = parts
        self.told.setGeometry(words)
        for button, place in zip(self.buttons, places, strict=True):
            button.setText(self._title(button, place.width()))
            button.setGeometry(place)

    def _title(self, button: QPushButton, room: int) -> str:
        """As much of it as a button of that width has room for."""
        title, wide = button.accessibleName(), self._hint(button).width()
        if wide <= room:
            return title
        metrics = button.fontMetrics()
        beside = wide - metrics.horizontalAdvance(title) + 1  # widths are rounded
        return metrics.elidedText(title, Qt.TextElideMode.ElideRight, room - beside)

    def _parts(self, width: int) -> _Parts:
        parts = self._known.get(width)
        if parts is None:
            if len(self._known) >= KEPT_WIDTHS:
                self._known.clear()
            parts = self._known[width] = self._laid(width)
        return parts

    def _laid(self, width: int) -> _Parts:
        """Where the words lie and the buttons, as many in a row as there is room for; and the height of it all."""
        pad, apart = round(theme.scaled(PAD)), round(theme.scaled(APART))
        left = STRIPE + 2 * pad
        room = max(1, width - left - pad)
        words = QRect(left, pad, room, self.told.height_for(room))
        places, x, y, bottom = [], left, words.bottom() + 1 + apart, words.bottom() + 1
        for button in self.buttons:
            hint = self._hint(button)
            if x > left and x + hint.width() > left + room:
                x, y = left, bottom + apart
            places.append(QRect(x, y, min(hint.width(), room), hint.height()))
            x, bottom = x + hint.width() + 2 * apart, y + hint.height()
        return words, places, bottom + pad

    def _hint(self, button: QPushButton) -> QSize:
        title = button.accessibleName()
        if title not in self._hints:
            button.setText(title)
            self._hints[title] = button.sizeHint()
        return self._hints[title]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), theme.theme()
        painter.fillRect(self.rect(), QColor(t.raised))
        colour = QColor(t.line) if self.severity is None else health_colour(self.severity)
        painter.fillRect(QRect(0, 0, STRIPE, self.height()), colour)
        painter.end()
