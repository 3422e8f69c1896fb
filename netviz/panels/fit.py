"""What the network makes of a single input: its curve over the data, lane by lane."""

from typing import ClassVar

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.fit import Fit, FitAnswer
from engine.project import Project
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.fit import FitCurves
from netviz.widgets.marks import NO_RUN
from netviz.widgets.ticks import figure


class FitPanel(Panel):
    ident: ClassVar[str] = "fit"
    title: ClassVar[str] = "Function fit"
    short: ClassVar[str] = "Fit"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "For networks on one input: the network's output over it (line), the training examples (dots) and the "
        "validation examples (rings), in the data's own units; dashed is the function that the data were drawn from, "
        "without its noise, where that is known. Of classes the line is their probability. Below stands how far the "
        "network is off from the training and the validation examples drawn, as a root mean square. "
        "Look for a line that is too stiff for the data (more units, more steps), for one that bends to single noisy "
        "dots and misses the rings (over-fitting), and for what it does beyond the data."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"fit"})

    @classmethod
    def suits(cls, project: Project) -> bool:
        return project.summary().shape == (1,)

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.curves = FitCurves(history)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.curves)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Fit(),)

    def refresh(self) -> None:
        lanes = self.history.lanes
        if not lanes:
            self.curves.show_note(NO_RUN)
        elif any(lane.fit is not None for lane in lanes):
            self.curves.show_note("")
        elif lanes[0].info.inputs != (1,):
            shape = "×".join(map(str, lanes[0].info.inputs))
            self.curves.show_note(f"The fit is drawn for networks on one input; this one has {shape}.")
        else:
            self.curves.show_note("Press play: the network's curve is drawn here, over the data.")
        self.describe()

    def in_words(self, lane: LaneHistory) -> str:
        return _in_words(lane.fit) if lane.fit else ""

    def table(self) -> Table:
        """A row for each place of each curve, and for each example."""
        rows = [row for lane in self.history.lanes if lane.fit for row in _rows(lane.info.name, lane.fit)]
        return ("network", "what", "output", "x", "value"), rows


def _in_words(answer: FitAnswer) -> str:
    low, high = np.fmin.reduce(np.ravel(answer.values)), np.fmax.reduce(np.ravel(answer.values))
    what = "output" if answer.classes is None else "probability"
    words = f"{what} from {low:.3g} to {high:.3g} for x from {answer.x[0]:.3g} to {answer.x[-1]:.3g}"
    if not np.isnan(answer.off[0]):
        words += f", off from the training examples by {figure(answer.off[0]).strip()}"
    if not np.isnan(answer.off[1]):
        words += f", from the validation examples by {figure(answer.off[1]).strip()}"
    return words


def _rows(name: str, answer: FitAnswer) -> list[Row]:
    """Outputs are counted from 1, classes from 0."""
    x, first = np.asarray(answer.x).tolist(), int(answer.classes is None)
    one = answer.classes is not None and answer.values.shape[1] == 1  # the probability of class 1
    what = "network" if answer.classes is None else "probability"
    rows: list[Row] = []
    for k, values in enumerate(np.asarray(answer.values).T.tolist()):
        rows += [(name, what, 1 if one else k + first, place, value) for place, value in zip(x, values, strict=True)]
    if answer.function is not None:
        curve = np.asarray(answer.function).tolist()
        rows += [(name, "function", 1, place, value) for place, value in zip(x, curve, strict=True)]
    for part, (at, y) in (("training", answer.points), ("validation", answer.points_val)):
        for k, values in enumerate(np.asarray(y).reshape(len(at), -1).T.tolist()):
            number = None if answer.classes is not None else k + 1
            rows += [(name, part, number, *pair) for pair in zip(np.asarray(at).tolist(), values, strict=True)]
    return rows
