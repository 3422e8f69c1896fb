"""One example's arithmetic: a unit's sum with every weight and the bias, and the gradient of the loss, written out."""

import random
from typing import Any, ClassVar

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.probes.arithmetic.lines import Section, Way
from engine.probes.catalogue import ProbeRequest
from engine.probes.follow import FollowAnswer
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.followed import Reached, reached, steps
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.follow_bar import FollowBar
from netviz.widgets.ledger import Kind, block, number
from netviz.widgets.ledger_places import Lane
from netviz.widgets.ledger_view import LedgerView
from netviz.widgets.marks import NO_RUN
from netviz.widgets.ticks import whole


class FollowPanel(Panel):
    ident: ClassVar[str] = "follow"
    title: ClassVar[str] = "One example"
    short: ClassVar[str] = "Example"
    help: ClassVar[str] = (
        "One example through the network as arithmetic that adds up: forward the terms weight · input of a unit with "
        "its bias, their sum, and the activation; then the loss; then backward the terms that sum to the gradient of "
        "this example's loss at the unit, the slope of its activation, and what moves each weight, δ · input. "
        "Every line comes to its value from the figures shown, rounded to the last; what the roundings of a sum leave "
        "over has its own line. Of wide layers the largest terms are written and the sum of the others. Values are "
        "computed in float64 from the run's weights, in inference mode (dropout lets everything through, batch norm "
        "takes its running averages), without the regularizer. A click on a line goes to its unit; arrows walk over "
        "layers and units; N, P, R choose the example; F and B go wire by wire, A shows all; O draws it on the "
        "network. Look for the bias that decides, for slopes near 0 that let no gradient through, and for "
        "f(x) − e(y) at the outputs: with softmax and cross-entropy it is all that starts the way back."
    )
    group: ClassVar[Group] = Group.ANSWERS
    topics: ClassVar[frozenset[str]] = frozenset({"follow"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.followed = history.followed
        self.bar, self.ledger = FollowBar(self), LedgerView(self)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the panel's least size is the same before the first answer
        self.bar.setSizePolicy(policy)
        self.ledger.follow(history.cursor, "layer", "unit")
        self.setFocusProxy(self.ledger)
        column = QVBoxLayout(self)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.setSpacing(4)
        column.addWidget(self.bar)
        column.addWidget(self.ledger, 1)
        self.bar.walked.connect(self._walk_examples)
        self.bar.any_wanted.connect(self._take_any)
        self.bar.aimed.connect(self.followed.aim)
        self.bar.unit_walked.connect(lambda by: self.walk(0, by))
        self.bar.stepped.connect(self.go)
        self.bar.drawn.connect(self.followed.turn)
        self.ledger.walked.connect(self.walk)
        self.followed.changed.connect(self._followed)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (self.followed.question,)

    @property
    def answer(self) -> FollowAnswer | None:
        """The first network's: steps and layers are walked along it."""
        return next((lane.follow for lane in self.history.lanes if lane.follow is not None), None)

    def _followed(self, what: frozenset[str]) -> None:
        if not self.isVisible():
            return
        if what & {"example", "unit"}:
            self.wishes_changed.emit()
        self.refresh()

    # Walking

    def _walk_examples(self, by: int) -> None:
        asked, told = self.followed.question, self.answer
        here = told.index if told is not None and told.part is not None else asked.index
        self.followed.take(asked.part, here + by)

    def _take_any(self) -> None:
        self.followed.take(self.followed.question.part, random.randrange(1_000_000))

    def walk(self, layers: int, units: int) -> None:
        """To another card, or another unit of this one; behind the last card comes the loss."""
        told = self.answer
        if told is None or not told.cards:
            return
        self.followed.go_to(None)
        if units:
            most = next((node.units for node in told.nodes if node.node == told.node), 1) - 1
            self.followed.look_at(told.node, max(0, min(told.unit + units, most)))
            return
        cards = [card[0] for card in told.cards] + [""]
        here = next((i for i, card in enumerate(told.cards) if told.node in card), len(cards) - 1)
        self.followed.look_at(cards[max(0, min(here + layers, len(cards) - 1))], told.unit)

    def go(self, by: int) -> None:
        """One wire on or back; 0: all at once."""
        told = self.answer
        if told is None:
            return
        walked = steps(told)
        if not by or not walked:
            self.followed.go_to(None)
            return
        before = self.followed.step
        step = (0 if by > 0 else len(walked) - 1) if before is None else before + by
        if not 0 <= step < len(walked):
            self.followed.go_to(None)
            return
        way, wire = walked[step]
        node = "" if wire is None else wire[1] if way == "forward" else wire[0]
        self.followed.look_at(node, self.followed.question.unit)
        self.followed.go_to(step)

    # Showing

    def refresh(self) -> None:
        lanes, told = self.history.lanes, self.answer
        self.bar.setVisible(told is not None)
        if not lanes:
            self.ledger.show_note(NO_RUN)
        elif told is None:
            self.ledger.show_note("The arithmetic of one example is written here, as soon as the network has answered.")
        else:
            if self.ledger.note:
                self.ledger.show_note("")
            self.followed.found(told)
            self._tell(told)
            self.ledger.show_lanes([self._lane(lane) for lane in lanes])
        self.describe()

    def _tell(self, told: FollowAnswer) -> None:
        bar, followed = self.bar, self.followed
        walked = steps(told)
        step = f"{len(walked)} steps" if followed.step is None else self._step_words(told)
        for label, words in ((bar.says, origin(told)), (bar.unit, whereabouts(told)), (bar.step, step)):
            if label.text() != words or label.toolTip() != words:
                label.setText(words)
                label.setToolTip(words)
        bar.offer_targets(told.classes, told.outputs, followed.question.target, told.part is not None)
        bar.all.setChecked(followed.step is None)
        bar.draw.blockSignals(True)
        bar.draw.setChecked(followed.on)
        bar.draw.blockSignals(False)

    def _step_words(self, told: FollowAnswer) -> str:
        walked, step = steps(told), self.followed.step
        assert step is not None
        way, wire = walked[min(step, len(walked) - 1)]
        words = "the loss" if wire is None else f"{wire[0]} {'→' if way == 'forward' else '←'} {wire[1]}"
        return f"{step + 1} of {len(walked)}: {words}"

    def _lane(self, lane: LaneHistory) -> Lane:
        told, name = lane.follow, lane.info.name
        if told is None:
            return Lane(name, (), "Nothing has been answered yet.")
        if told.reason and not told.sections:
            return Lane(name, (), told.reason)
        asked = self.followed.question.node
        if asked and not told.chosen and told.number == self.followed.question.number:
            return Lane(name, (), f"There is no {asked} in this network.")
        sections, lit = self._sections(told)
        words = told.reason
        if told.loss is None and not words:
            words = "No target is known: choose one, and the loss and its gradient are written too."
        return Lane(name, tuple(sections), words, lit)

    def _sections(self, told: FollowAnswer) -> tuple[list[Section], str]:
        """What of the card belongs to the step along the wires, and the node whose terms are lit."""
        sections = list(told.sections)
        if self.followed.step is None or (here := reached(told, self.followed.step)).now is None:
            return sections, ""
        way, wire = here.now
        if wire is None:
            return [s for s in sections if s.way is Way.LOSS], ""
        source, target = wire
        if way == "forward":
            return [
                _so_far(s, told, here, source) for s in sections if s.way is Way.FORWARD and s.node == target
            ], source
        back = [s for s in sections if s.way is Way.BACKWARD and s.node in wire]
        if source not in here.gradients:
            back = [s for s in back if s.adds]
        return [_so_far(s, told, here, source) for s in back], target

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        calls = {
            keys.Key_N: lambda: self._walk_examples(1),
            keys.Key_P: lambda: self._walk_examples(-1),
            keys.Key_R: self._take_any,
            keys.Key_F: lambda: self.go(1),
            keys.Key_B: lambda: self.go(-1),
            keys.Key_A: lambda: self.go(0),
            keys.Key_O: lambda: self.followed.turn(not self.followed.on),
        }
        call = calls.get(Qt.Key(event.key()))
        if call is not None and not event.modifiers() and self.answer is not None:
            call()
        else:
            super().keyPressEvent(event)

    # Elsewhere

    def in_words(self, lane: LaneHistory) -> str:
        told = lane.follow
        if told is None:
            return ""
        loss = "" if told.loss is None else f", loss {number(told.loss)}"
        sums = [f"{s.name} = {number(s.value)}" for s in told.sections if s.adds]
        return f"{origin(told)}{loss}. {whereabouts(told)}: {', '.join(sums)}"

    def table(self) -> Table:
        """A row for each line written: names, arithmetic and values as they are shown, and the value to all digits."""
        header = ("network", "way", "node", "title", "name", "arithmetic", "shown", "power_of_ten", "value")
        rows: list[Row] = []
        for lane in self.history.lanes:
            for section in lane.follow.sections if lane.follow is not None else ():
                shown = block(section)
                exact = iter(section.lines)
                for row in shown.rows:
                    value = None
                    if row.kind in (Kind.TERM, Kind.FORMULA):
                        value = next(exact).value
                    elif row.kind is not Kind.ROUNDING:
                        value = section.value if row.kind is Kind.TOTAL else section.rest
                    start = (lane.info.name, section.way.value, section.node, section.title)
                    rows.append((*start, row.name, row.text, row.value, shown.exponent, value))
        return header, rows

    def state(self) -> dict[str, Any]:
        return {"network": self.followed.on}

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("network"), bool):
            self.followed.turn(state["network"])


def origin(told: FollowAnswer) -> str:
    """Which example, and what should come out."""
    where = "by hand" if told.part is None else f"{told.part.value} {whole(told.index + 1)}"
    if told.label is not None:
        return f"{where}, class {told.label}"
    if told.target is not None and len(told.target) == 1:
        return f"{where}, target {number(float(told.target[0]))}"
    return where if told.target is None else f"{where}, {len(told.target)} targets"


def whereabouts(told: FollowAnswer) -> str:
    """Which unit is written."""
    if not told.chosen:
        return "the loss"
    units = next((node.units for node in told.nodes if node.node == told.chosen[0]), 0)
    return f"{' → '.join(told.chosen)}, unit {told.unit + 1} of {whole(units)}"


def _so_far(section: Section, told: FollowAnswer, here: Reached, source: str) -> Section:
    """Of a sum to which something is still on its way what has come; of anything else that waits nothing."""
    if section.way is Way.FORWARD:
        late = {before for before, after in told.wires if after == section.node and (before, after) not in here.forward}
    else:
        due = (after for before, after in told.wires if before == source and (before, after) not in here.backward)
        late = {after for after in due if any(line.node == after for line in section.lines)}
    if not late:
        return section
    lines = tuple(line for line in section.lines if line.node not in late) if section.adds else ()
    return replace(section, lines=lines, adds=False, note=f"still to come: {', '.join(sorted(late))}")
