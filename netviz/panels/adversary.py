"""A small step that fools a network: an example, the sign of its gradient, their sum, and the answers."""

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.probes.adversary import Adversary, AdversaryAnswer
from engine.probes.catalogue import ProbeRequest
from engine.project import Project
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.adversary import FooledView, for_all_in_words, name_of, step_in_words, told
from netviz.widgets.marks import NO_RUN
from netviz.widgets.ticks import percent, whole
from netviz.widgets.view_tools import STEPS, faint_words, fill_choice, small_choice, tools_row

SIZES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)  # of ε, shares of what the data span
FIRST = 0.1
GROW = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}


class AdversaryPanel(Panel):
    ident: ClassVar[str] = "adversary"
    title: ClassVar[str] = "The step that fools"
    short: ClassVar[str] = "Fooled"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "One example (N next, P previous; the one that is followed in other panels) + ε · sign(∂ℓ/∂x), every number "
        "moved by the same small ε the way its own loss ℓ rises (orange up, blue down), = what the network is given, "
        "with its answer and probability below; red where it is wrong. ε is chosen above (+ and −), as a share of what "
        "the data span, and nothing leaves that range. Beside them |∂z/∂x|, how much each number changes the score z "
        "of the class decided for. Then the probabilities before (pale) and after, the true class in blue; the "
        "probability of the true class over ε, along that sign and, in grey, with signs by chance; and one step of at "
        "most ε that was found on training examples, with the share of others that it fools. In inference mode. Look "
        "for an ε that nobody would see and that fools, for a step by chance of the same size that does not, and for "
        "one step that fools many: what fools is the direction."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"adversary"})

    @classmethod
    def suits(cls, project: Project) -> bool:
        return project.summary().classes is not None

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.followed, self.share = history.followed, FIRST
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view, self.says = FooledView(history), faint_words()
        self.size_choice = small_choice("Size of the step", "ε as a share of what the data span (+ and −)", 72)
        fill_choice(self.size_choice, [_named(size) for size in SIZES], _named(FIRST))
        self.size_choice.activated.connect(lambda at: self.choose(SIZES[at]))
        row = tools_row({})
        row.addWidget(self.size_choice)
        row.addWidget(self.says, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)
        self.followed.changed.connect(self._followed_other)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        asked = self.followed.question
        return (Adversary(asked.x, asked.part, asked.index, self.share),)

    def _followed_other(self, changed: frozenset[str]) -> None:
        if "example" in changed:
            self.wishes_changed.emit()

    def choose(self, share: float) -> None:
        """Another ε."""
        if share != self.share:
            self.share = share
            self.size_choice.setCurrentIndex(SIZES.index(share))
            self.wishes_changed.emit()

    def refresh(self) -> None:
        lanes = self.history.lanes
        answers = [lane.adversary for lane in lanes if lane.adversary is not None]
        if not lanes:
            self.view.show_note(NO_RUN)
        elif answers:
            self.view.show_note("")
        else:
            self.view.show_note("Press play: an example, and the small step that makes it another, are drawn here.")
        self.says.setText(_origin(answers[0]) if answers else "")
        self.describe()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        asked, key = self.followed.question, Qt.Key(event.key())
        if key in STEPS:
            self.followed.take(asked.part, max(0, asked.index + STEPS[key]))
        elif key in GROW:
            self.choose(SIZES[min(max(0, SIZES.index(self.share) + GROW[key]), len(SIZES) - 1)])
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        return "" if lane.adversary is None else _in_words(lane.adversary)

    def table(self) -> Table:
        """A row for each class: its probability before, after and by chance; NaN where there is none."""
        header = ("network", "epsilon", "true_class", "class", "before", "after", "by_chance")
        rows: list[Row] = []
        for lane in self.history.lanes:
            answer = lane.adversary
            if answer is None or answer.reason:
                continue
            outcomes = [one.probabilities for one in (answer.before, answer.after, answer.by_chance) if one is not None]
            if len(outcomes) < 3 or any(each is None for each in outcomes):
                continue
            truth = name_of(answer, answer.label)
            for k, shares in enumerate(np.stack(outcomes, axis=1).tolist()):
                rows.append((lane.info.name, answer.epsilon, truth, name_of(answer, k), *shares))
        return header, rows

    def state(self) -> dict[str, Any]:
        return {"share": self.share}

    def restore(self, state: dict[str, Any]) -> None:
        if state.get("share") in SIZES and not isinstance(state["share"], bool):
            self.choose(float(state["share"]))


def _named(share: float) -> str:
    return f"ε {share:.0%}".replace("%", " %")


def _origin(answer: AdversaryAnswer) -> str:
    if answer.x is None:
        return ""
    where = "by hand" if answer.part is None else f"{answer.part.value} {whole(answer.index + 1)}"
    return f"{where}, class {name_of(answer, answer.label)}"


def _in_words(answer: AdversaryAnswer) -> str:
    if answer.reason:
        return answer.reason
    before, after, by_chance = (told(answer, one) for one in (answer.before, answer.after, answer.by_chance))
    words = f"step {whole(answer.step)}, {_origin(answer)}: taken for {before}; with {step_in_words(answer)}, {after}; "
    words += f"by chance {by_chance}"
    if answer.for_all is not None:
        words += f"; {for_all_in_words(answer.for_all)}"
    if answer.after is not None and answer.after.probabilities is not None:
        words += f"; class {name_of(answer, answer.label)} is left "
        words += percent(float(answer.after.probabilities[answer.label])).strip()
    return words
