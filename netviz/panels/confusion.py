"""Which classes are taken for which, and the examples behind each cell, worst first."""

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.confusion import Confusion
from engine.project import Project
from netviz.panels.base import Group, Panel, Row, Table
from netviz.panels.views import note_for
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.confusion import Cell, ConfusionTable, class_accuracies, extents
from netviz.widgets.example_list import ExampleList, Rows, class_name, outcomes
from netviz.widgets.part_switch import PartSwitch
from netviz.widgets.ticks import percent, whole

LIST_SHARE = 0.42  # of the panel, where a cell is chosen
ARROWS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class ConfusionPanel(Panel):
    ident: ClassVar[str] = "confusion"
    title: ClassVar[str] = "Confusion"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "How many examples of each true class (rows) the network takes for each class (columns), in inference mode. "
        "Blue on the diagonal is right, orange is wrong; the fuller, the larger the share of its row. At the right the "
        "accuracy of each class; below, which examples were looked at. T changes between validation and training. A "
        "click or the arrow keys choose a cell and list its examples, the largest loss first; Escape closes the list. "
        "Look for a full column (everything is taken for one class), for a class with a low accuracy, and for pairs "
        "of orange cells across the diagonal: two classes that the network cannot tell apart."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"confusion"})

    @classmethod
    def suits(cls, project: Project) -> bool:
        return project.summary().classes is not None

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.squares = ConfusionTable(history)
        self.squares.setParent(self)
        self.squares.picked.connect(self._pick)
        self.list = ExampleList(history, self._rows)
        self.list.setParent(self)
        self.list.hide()
        self.training = PartSwitch(self)
        self.training.toggled.connect(self._ask)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Confusion(self.training.part, self.squares.chosen),)

    def choose(self, cell: Cell | None) -> None:
        """Lists the examples of a cell, as soon as the worker has told them."""
        if cell != self.squares.chosen:
            self.squares.chosen = cell
            self.list.first = 0
            self._ask()
            self._lay_out()

    def _pick(self, row: int, column: int) -> None:
        self.choose(None if self.squares.chosen == (row, column) else (row, column))

    def _ask(self) -> None:
        self.wishes_changed.emit()
        self.refresh()

    def reopened(self) -> None:
        self.choose(None)
        self.refresh()

    def refresh(self) -> None:
        waiting = "Press play: which classes are taken for which is counted here."
        self.squares.show_note(note_for(self.history.lanes, lambda lane: lane.confusion, waiting))
        self.list.update()
        self.describe()

    def _rows(self, lane: LaneHistory) -> Rows | None:
        answer, cell = lane.confusion, self.squares.chosen
        if answer is None or answer.counts is None or cell is None:
            return None
        names, part = [class_name(k, answer.names) for k in cell], answer.extent.part
        if answer.cell != cell:
            return Rows((), answer.names, (f"{names[0]} taken for {names[1]}",), "The worker is asked for them.", part)
        some = f"{whole(len(answer.examples))} of " if len(answer.examples) < answer.counts[cell] else ""
        about = f"{some}{whole(answer.counts[cell])}: {names[0]} taken for {names[1]}"
        wordings = f"{about}, worst first", about, about.partition(": ")[2]
        return Rows(answer.examples, answer.names, wordings, "None.", part)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()
        super().resizeEvent(event)

    def _lay_out(self) -> None:
        """The list beside the table, or below it in a tall panel; the switch stands over both."""
        inner = self.training.put_over(self.rect())
        self.list.setVisible(self.squares.chosen is not None)
        if self.squares.chosen is None:
            self.squares.setGeometry(inner)
        elif inner.width() >= inner.height() * 1.3 and len(self.history.lanes) < 2:
            wide = int(inner.width() * LIST_SHARE)
            self.squares.setGeometry(inner.adjusted(0, 0, -wide - GAP, 0))
            self.list.setGeometry(inner.adjusted(inner.width() - wide, 0, 0, 0))
        else:
            high = int(inner.height() * LIST_SHARE)
            self.squares.setGeometry(inner.adjusted(0, 0, 0, -high - GAP))
            self.list.setGeometry(inner.adjusted(0, inner.height() - high, 0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, sizes = Qt.Key(event.key()), [len(c) for lane in self.history.lanes if (c := _counts(lane)) is not None]
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_T:
            self.training.toggle()
        elif key == Qt.Key.Key_Escape and self.squares.chosen is not None:
            self.choose(None)
        elif key in ARROWS and sizes:
            row, column = (a + b for a, b in zip(self.squares.chosen or (0, 0), ARROWS[key], strict=True))
            last = max(sizes) - 1
            self.choose((min(max(row, 0), last), min(max(column, 0), last)) if self.squares.chosen else (0, 0))
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        answer = lane.confusion
        if answer is None or answer.counts is None:
            return "" if answer is None else answer.reason
        shares = class_accuracies(np.asarray(answer.counts))
        each = ", ".join(f"{class_name(k, answer.names)} {percent(float(s)).strip()}" for k, s in enumerate(shares))
        return f"{extents(answer)[0]}; by class {each}"

    def table(self) -> Table:
        """A row for each cell; where one is chosen, a row for each of its examples besides."""
        header = ("network", "part", "examined", "truth", "decision", "count", "example", "probability", "loss")
        rows: list[Row] = []
        for lane in self.history.lanes:
            answer, counts = lane.confusion, _counts(lane)
            if answer is None or counts is None:
                continue
            start = (lane.info.name, answer.extent.part.value, answer.extent.examined)
            names = [class_name(k, answer.names) for k in range(len(counts))]
            rows += [
                (*start, names[i], names[k], int(count), None, None, None) for (i, k), count in np.ndenumerate(counts)
            ]
            for one in answer.examples:
                rows.append((*start, *outcomes(one, answer.names), None, one.index + 1, one.share, one.loss))
        return header, rows

    def state(self) -> dict[str, Any]:
        return self.training.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.training.restore(state)


def _counts(lane: LaneHistory) -> np.ndarray | None:
    answer = lane.confusion
    return None if answer is None or answer.counts is None else np.asarray(answer.counts)
