"""What is wrong with the run, in words and numbers, the earliest symptom first; and what may cure it."""

from typing import ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.diagnosis import Finding, Health
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.widgets.card_list import CardList
from netviz.widgets.finding_card import Card, Kind, Words
from netviz.widgets.marks import NO_RUN


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
        self.list = CardList()
        self.list.remedy_chosen.connect(self.remedy_chosen)
        self.list.node_chosen.connect(self.node_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        self.refresh()

    @property
    def cards(self) -> list[Card]:
        """Those that are shown, from top to bottom."""
        return self.list.cards

    def refresh(self) -> None:
        shown = tuple((lane.info.name, *_cases(lane), _calm(lane)) for lane in self.history.lanes)
        if shown == self._shown:
            return
        self._shown = shown
        self.list.say(self._said_of_each())
        self.describe()

    def _said_of_each(self) -> list[Words]:
        """What there is to say, a card each."""
        self.list.note = "" if self.history.lanes else NO_RUN
        if self.list.note:
            return [Words(Kind(0, None), self.list.note)]
        said, many = [], len(self.history.lanes) > 1
        for number, lane in enumerate(self.history.lanes):
            name = f"{lane.info.name}: " if many else ""
            found = _cases(lane)
            if not found:
                said.append(Words(Kind(number, Health.FINE if lane.health else None), name + _calm(lane)))
            for f in found:
                card = Kind(number, f.severity, f.cause, f.remedies, f.nodes[:1])
                said.append(Words(card, name + _head(f), f.sentence))
        return said

    def recoloured(self) -> None:
        super().recoloured()
        self.list.restyle()

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
