"""The diagnosis' cards below one another, in an area that scrolls where there is no room for all."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QWidget

from netviz import theme
from netviz.focus_order import chain
from netviz.widgets.finding_card import Card, Words

HINT = QSize(300, 60)


class CardList(QScrollArea):
    """Cards of findings that are there still stay; others become those of new ones, and keep what they are made of.

    It places them by itself: a number that changes moves nothing but what lies below a card of another height.
    """

    remedy_chosen = Signal(int, object)  # lane, Remedy
    node_chosen = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[Card] = []  # from top to bottom
        self.note = ""  # what is said in place of findings
        self._spare: list[Card] = []
        self._barred = False  # scrolls
        self._ground = QWidget()
        self._ground.setAttribute(Qt.WidgetAttribute.WA_StaticContents)  # a card more is all that is painted then
        self.setAccessibleName("Findings")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self._ground)

    def say(self, said: Sequence[Words]) -> None:
        """A card for each of these."""
        same = [words.card for words in said] == [card.words.card for card in self.cards]
        if same:
            for card, words in zip(self.cards, said, strict=True):
                card.say(words)
        else:
            self._exchange(said)
            QTimer.singleShot(0, self, self._prepare)  # a card for the next finding, while nobody waits for it
        self._arrange(anew=not same)

    def restyle(self) -> None:
        """Other colours, or letters of another size."""
        for card in (*self.cards, *self._spare):
            card.restyle()
        self._arrange()

    def _exchange(self, said: Sequence[Words]) -> None:
        """The keys stay with their remedy, and where that has gone with the list."""
        focus = self.window().focusWidget()
        before = next((key for button, key in self._offers() if button is focus), None)
        left = [*self.cards, *self._spare]
        kept: list[Card | None] = []
        for words in said:
            kept.append(next((card for card in left if card.words.card == words.card), None))
            left = [card for card in left if card is not kept[-1]]
        self.cards = [card or (left.pop(0) if left else self._made()) for card in kept]
        self._spare = left
        for card in left:
            card.hide()
        for card, words in zip(self.cards, said, strict=True):
            card.say(words)
        self._put_in_order()
        if before is not None:
            holder: QWidget = next((button for button, key in self._offers() if key == before), self)
            holder.setFocus()

    def _offers(self) -> Iterator[tuple[QPushButton, tuple[int, str]]]:
        """Each button, and the network and title of its remedy."""
        for card in self.cards:
            for button, remedy in zip(card.buttons, card.words.card.remedies, strict=True):
                yield button, (card.words.card.lane, remedy.title)

    def _prepare(self) -> None:
        if not self._spare:
            self._spare.append(self._made())  # Qt asks the style sheet about it when next it has the time

    def _made(self) -> Card:
        card = Card(self._ground)
        card.hide()
        card.remedy_chosen.connect(self.remedy_chosen)
        card.node_chosen.connect(self.node_chosen)
        return card

    def _put_in_order(self) -> None:
        """Tab goes from card to card as they stand, see `chain`: those before stand under those behind."""
        order = self._ground.children()
        for card, following in reversed(list(pairwise(self.cards))):
            if order.index(card) > order.index(following):
                card.stackUnder(following)
                order.remove(card)
                order.insert(order.index(following), card)
        chain((self,))

    # Where they lie

    def _arrange(self, anew: bool = True) -> None:
        """`anew` it is asked whether they need a scroll bar; else one stays, for nothing is to flicker with numbers."""
        gap, bar = round(theme.scaled(theme.GAP)), self.verticalScrollBar().sizeHint().width()
        barred = self._barred and not anew and self._high(self.width() - bar, gap) > self.height()
        self._barred = barred or self._high(self.width(), gap) > self.height()
        width, y = self.width() - bar * self._barred, gap
        for card in self.cards:
            card.place(gap, y, width - 2 * gap)
            card.show()
            y += card.height() + gap
        self._ground.resize(width, y)

    def _high(self, width: int, gap: int) -> int:
        return gap + sum(card.height_for(width - 2 * gap) + gap for card in self.cards)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def sizeHint(self) -> QSize:
        return HINT
