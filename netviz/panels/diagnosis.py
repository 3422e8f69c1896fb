"""What is wrong with the run, in words and numbers, the earliest symptom first; and what may cure it."""

from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from engine.diagnosis import Finding, Health, Remedy
from netviz import theme
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.widgets.health import health_colour
from netviz.widgets.marks import NO_RUN

STRIPE = 4  # pixels of colour at a card's edge
MARGIN = 28  # what a button has beside its words


class DiagnosisPanel(Panel):
    ident: ClassVar[str] = "diagnosis"
    title: ClassVar[str] = "Diagnosis"
    group: ClassVar[Group] = Group.LEARNING
    help: ClassVar[str] = (
        "What the first fifty steps and every look since then tell about the run's health. A red card is a fault that "
        "has lasted, an amber one is over a threshold but not yet for long enough. The card on top is the cause: its "
        "symptom was there first. Buttons change the drawn network or its training so as to cure it, in one step that "
        "undo takes back. Look for what the earliest layer in trouble has in common with the remedy's first line."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"health"})
    needs_health: ClassVar[bool] = True
    remedy_chosen = Signal(int, object)  # lane, Remedy
    node_chosen = Signal(int, str)

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self._shown: tuple[object, ...] | None = None
        self.cards: list[_Card] = []
        self._list = _Cards()
        self._list.setMinimumWidth(120)
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        self._column.setSpacing(theme.GAP)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setAccessibleName("Findings")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self.refresh()

    def refresh(self) -> None:
        shown = tuple((lane.info.name, *_cases(lane), _calm(lane)) for lane in self.history.lanes)
        if shown == self._shown:
            return
        self._shown = shown
        said = self._said_of_each()
        if [words.card for words in said] == [card.words.card for card in self.cards]:
            for card, words in zip(self.cards, said, strict=True):
                card.say(words)
        else:
            self._exchange(said)
        self.describe()

    def _exchange(self, said: list["_Words"]) -> None:
        """Other cards in place of those there are, kept where they offer the same; the keys stay on their button."""
        focus = self.focusWidget()
        kept = focus.accessibleName() if focus is not None and self.isAncestorOf(focus) else ""
        before, self.cards = self.cards, []
        for words in said:
            card = next((card for card in before if card.words.card == words.card), None)
            if card is None:
                card = self._made(words)
            else:
                before.remove(card)
                card.say(words)
            self.cards.append(card)
        for card in before:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for place, card in enumerate(self.cards):
            if self._column.indexOf(card) != place:
                self._column.insertWidget(place, card)
                card.show()
        self._column.activate()
        for button in (button for card in self.cards for button in card.buttons):
            if kept and button.accessibleName() == kept:
                button.setFocus()

    def _said_of_each(self) -> list["_Words"]:
        """What there is to say, a card each."""
        if not self.history.lanes:
            self._list.note = NO_RUN
            return [_Words(_Kind(0, None), self._list.note)]
        self._list.note = ""
        said, many = [], len(self.history.lanes) > 1
        for number, lane in enumerate(self.history.lanes):
            name = f"{lane.info.name}: " if many else ""
            found = _cases(lane)
            if not found:
                said.append(_Words(_Kind(number, Health.FINE if lane.health else None), name + _calm(lane)))
            for f in found:
                card = _Kind(number, f.severity, f.cause, f.remedies, f.nodes[:1])
                said.append(_Words(card, name + _head(f), f.sentence))
        return said

    def _made(self, words: "_Words") -> "_Card":
        made, card = _Card(words), words.card
        for remedy in card.remedies:
            made.offer(remedy, lambda _=False, n=card.lane, r=remedy: self.remedy_chosen.emit(n, r))
        for node in card.nodes:
            made.clicked.connect(lambda n=card.lane, node=node: self.node_chosen.emit(n, node))
        return made

    def recoloured(self) -> None:
        super().recoloured()
        for card in self.cards:
            card.update()

    def summary(self) -> str:
        parts = []
        for lane in self.history.lanes:
            words = [f"{_head(f)}: {f.sentence}" for f in _cases(lane)] or [_calm(lane)]
            parts.append(f"{lane.info.name}: {' '.join(words)}")
        return " ".join(parts)

    def table(self) -> Table:
        rows: list[Row] = []
        for lane in self.history.lanes:
            for f in _cases(lane):
                cause = "cause" if f.cause else ""
                rows.append((lane.info.name, f.severity.value, f.title, " ".join(f.nodes), f.began, cause, f.sentence))
            if lane.health is not None and not _cases(lane):
                fine = Health.FINE.value
                rows.append((lane.info.name, fine, "", "", lane.health.since, "", _calm(lane)))
        return ("network", "severity", "symptom", "nodes", "since step", "cause", "in words"), rows


def _cases(lane: LaneHistory) -> tuple[Finding, ...]:
    return () if lane.health is None else (*lane.health.findings, *lane.health.watched)


def _calm(lane: LaneHistory) -> str:
    """What is said where there is nothing to say."""
    if lane.health is None or not lane.health.looks:
        return "Press play: what is wrong with the run, if anything is, is said here."
    since = f" since step {lane.health.since}" if lane.health.since else ""
    return f"Nothing wrong so far{since}."


def _head(finding: Finding) -> str:
    where = f" in {_listed(finding.nodes)}" if finding.nodes else ""
    return f"{finding.title}{where}, since step {finding.began}"


def _listed(nodes: tuple[str, ...]) -> str:
    return ", ".join(nodes[:4]) + (f" and {len(nodes) - 4} more" if len(nodes) > 4 else "")


class _Cards(QWidget):
    """What scrolls; `note` is what it says in place of findings."""

    note = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a card is about, and what it offers; as long as that is the same, only its words change."""

    lane: int
    severity: Health | None
    cause: bool = False
    remedies: tuple[Remedy, ...] = ()
    nodes: tuple[str, ...] = ()  # the one that a click chooses, if any


@dataclass(frozen=True, slots=True)
class _Words:
    card: _Kind
    head: str
    sentence: str = ""


class _Card(QFrame):
    """One finding: a stripe in its colour, a head, a sentence, and a button for each remedy."""

    clicked = Signal()

    def __init__(self, words: _Words) -> None:
        super().__init__()
        self.severity, self.buttons = words.card.severity, list[QPushButton]()
        column = QVBoxLayout(self)
        column.setContentsMargins(STRIPE + theme.GAP, theme.GAP // 2, theme.GAP // 2, theme.GAP // 2)
        column.setSpacing(3)
        line = QHBoxLayout()
        self.head = QLabel()
        self.head.setFont(theme.title())
        self.head.setWordWrap(True)
        line.addWidget(self.head, 1)
        if words.card.cause:
            mark = QLabel("cause")
            mark.setObjectName("trouble")
            mark.setFont(theme.small())
            line.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(line)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.sentence)
        self._column = column
        self.say(words)

    def say(self, words: _Words) -> None:
        self.words = words
        self.setAccessibleName(f"{words.head}. {words.sentence}")
        self.head.setText(words.head)
        self.sentence.setText(words.sentence)
        self.sentence.setAccessibleName(words.sentence or words.head)  # it takes the keys, hidden or not
        self.sentence.setHidden(not words.sentence)

    def offer(self, remedy: Remedy, call: object) -> None:
        button = QPushButton(remedy.title)
        button.setAccessibleName(remedy.title)
        button.setToolTip(f"{remedy.title}: an edit of the drawn network, which undo takes back")
        button.setMinimumWidth(
            MARGIN
        )  # the card's width is the panel's; a title that is longer is cut, see resizeEvent
        button.clicked.connect(call)
        self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.buttons.append(button)

    def resizeEvent(self, event: object) -> None:
        room = self.width() - 2 * theme.GAP - STRIPE
        for button in self.buttons:
            metrics = button.fontMetrics()
            button.setText(metrics.elidedText(button.accessibleName(), Qt.TextElideMode.ElideRight, room - MARGIN))
            button.setMaximumWidth(room)

    def mousePressEvent(self, event: object) -> None:
        self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), theme.theme()
        painter.fillRect(self.rect(), QColor(t.raised))
        colour = QColor(t.line) if self.severity is None else health_colour(self.severity)
        painter.fillRect(QRect(0, 0, STRIPE, self.height()), colour)
        painter.end()
