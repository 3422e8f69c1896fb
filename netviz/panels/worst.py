"""The examples that the network is worst at, the largest loss first."""

from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.worst import Worst, WorstAnswer
from netviz.panels.base import Group, Panel, Row, Table
from netviz.panels.views import note_for
from netviz.runtime.history import History, LaneHistory
from netviz.widgets.example_list import ExampleList, Rows, outcomes
from netviz.widgets.part_switch import PartSwitch
from netviz.widgets.ticks import figure, of_all, whole


class WorstPanel(Panel):
    ident: ClassVar[str] = "worst"
    title: ClassVar[str] = "Predictions, worst first"
    short: ClassVar[str] = "Worst"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "The examples with the largest loss, in inference mode: number in its part of the data, truth → decision (red "
        "where it is wrong) or the target → the output, how sure the network is of its decision, and the loss; "
        "pictures are drawn. Above, which examples were looked at and how many of them are wrong. T changes between "
        "validation and training; wheel and arrow keys move along; the mouse tells more. "
        "Look for wrong labels, for examples that are wrong and surely so, and for a kind of example that keeps "
        "coming back: the network has seen too few of it."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"worst"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.list = ExampleList(history, listed)
        self.list.setParent(self)
        self.setFocusProxy(self.list)
        self.training = PartSwitch(self)
        self.training.toggled.connect(self._ask)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Worst(self.training.part),)

    def _ask(self) -> None:
        self.list.first = 0
        self.wishes_changed.emit()
        self.refresh()

    def refresh(self) -> None:
        waiting = "Press play: the examples with the largest loss are listed here."
        self.list.show_note(note_for(self.history.lanes, lambda lane: lane.worst, waiting))
        self.describe()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.list.setGeometry(self.training.put_over(self.rect()))
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_T and not event.modifiers():
            self.training.toggle()
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        if lane.worst is None or not lane.worst.examples:
            return ""
        first = lane.worst.examples[0]
        truth, decided = outcomes(first, lane.worst.names)
        told = f"worst is {first.index + 1}, {truth} taken for {decided}, loss {figure(first.loss).strip()}"
        return f"{about(lane.worst)[0]}; {told}"

    def table(self) -> Table:
        """A row for each example listed; numbers count from 1."""
        header = (
            "network",
            "part",
            "examined",
            "example",
            "truth",
            "decision",
            "probability",
            "true_probability",
            "loss",
        )
        rows: list[Row] = []
        for lane in self.history.lanes:
            answer = lane.worst
            if answer is not None:
                start = (lane.info.name, answer.extent.part.value, answer.extent.examined)
                for one in answer.examples:
                    said = outcomes(one, answer.names)
                    rows.append((*start, one.index + 1, *said, one.share, one.truth_share, one.loss))
        return header, rows

    def state(self) -> dict[str, Any]:
        return self.training.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.training.restore(state)


def listed(lane: LaneHistory) -> Rows | None:
    answer = lane.worst
    if answer is None:
        return None
    return Rows(answer.examples, answer.names, about(answer), "No examples.", answer.extent.part)


def about(answer: WorstAnswer) -> tuple[str, ...]:
    """What was looked at, in several lengths."""
    e = answer.extent
    some = of_all(e.examined, e.count)
    wrong = "" if answer.wrong is None else f", {whole(answer.wrong)} wrong"
    mean = f", mean loss {figure(answer.mean_loss).strip()}"
    return (
        f"{some} {e.part.value} examples{wrong}{mean}",
        f"{some} {e.part.value}{wrong}{mean}",
        f"{some} {e.part.value}{wrong}",
        f"{some}{wrong}",
    )
