"""The examples as a layer sees them: classes pulled apart, folded over one another, or collapsed on one spot."""

from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.representation import INPUT, LayerView, Representation, RepresentationAnswer
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.marks import NO_RUN
from netviz.widgets.representation import RepresentationMap
from netviz.widgets.representation_words import feet, name_of, units_in_words
from netviz.widgets.ticks import of_all, whole
from netviz.widgets.toggle import Toggle
from netviz.widgets.view_tools import STEPS, faint_words, small_choice

INPUT_NAME = "input"


class RepresentationPanel(Panel):
    ident: ClassVar[str] = "representation"
    title: ClassVar[str] = "Hidden representation"
    short: ClassVar[str] = "Hidden"
    group: ClassVar[Group] = Group.LAYERS
    help: ClassVar[str] = (
        "The examples where a layer puts them, in inference mode: dots are training examples, rings validation "
        "examples, coloured by class (numbers from blue to orange). A layer of two units is shown as it is; of more, "
        "the plane of its first two principal axes, with the share of the variance that each has, turned so that the "
        "picture does not jump. The lines are a grid over the input plane, bent as the layer bends it (networks on "
        "two inputs; G hides them). Directions filled: (Σ λ)² / Σ λ² of the variances λ, 1 for examples on a line. "
        "N and P go to the next and previous layer, W shows all layers. "
        "Look for the layer behind which a straight line would part the classes, for classes folded over one another, "
        "and for a layer that puts everything on one spot or on a line: what it loses there no later layer finds again."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"representation"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self._wanted: str | None = None  # the layer that was chosen, though the present networks may not have it
        self._told: tuple[object, ...] | None = None  # what the words on the sample depend on
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.map = RepresentationMap(history)
        self.map.picked.connect(self._pick)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(4)
        layout.addLayout(self._make_tools())
        layout.addWidget(self.map, 1)
        self.reopened()

    def _make_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        self.layer = small_choice("Layer", "The layer whose outputs are drawn (N next, P previous)")
        self.layer.activated.connect(lambda: self.show_layer(self._nodes()[self.layer.currentIndex()]))
        self.every = Toggle("all", "All layers, from the input on (W)")
        self.every.toggled.connect(self._show_every)
        self.grid = Toggle("grid", "The lines of a grid over the input plane (G)")
        self.grid.setChecked(True)
        self.grid.toggled.connect(self._show_grid)
        self.says = faint_words()
        row.addWidget(self.every)
        row.addWidget(self.grid)
        row.addWidget(self.layer, 1)
        row.addWidget(self.says, 2)
        return row

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Representation(None if self.map.every else (self.map.node,)),)

    def _nodes(self) -> list[str]:
        """All layers of all lanes, the input first."""
        return [INPUT, *dict.fromkeys(layer for lane in self.history.lanes for layer in lane.info.layers)]

    def show_layer(self, node: str) -> None:
        """Another layer, as soon as the worker has told it."""
        self._wanted = self.map.node = node
        self.layer.setCurrentIndex(self._nodes().index(node) if node in self._nodes() else -1)
        self.wishes_changed.emit()
        self.refresh()

    def _pick(self, node: str) -> None:
        self.every.setChecked(False)
        self.show_layer(node)

    def _show_every(self, on: bool) -> None:
        self.map.every = on
        self.layer.setEnabled(not on)
        self.wishes_changed.emit()
        self.refresh()

    def _show_grid(self, on: bool) -> None:
        self.map.grid = on
        self.map.update()

    def reopened(self) -> None:
        nodes = self._nodes()
        self.layer.clear()
        self.layer.addItems([node or INPUT_NAME for node in nodes])
        self.map.node = self._telling() if self._wanted is None or self._wanted not in nodes else self._wanted
        self.layer.setCurrentIndex(nodes.index(self.map.node))
        self.map.forget()
        self.refresh()
        self.wishes_changed.emit()

    def _telling(self) -> str:
        """The layer before the last one that has weights: behind it the classes should lie apart."""
        lane = next(iter(self.history.lanes), None)
        weighted = lane.weighted() if lane is not None else []
        return lane.info.layers[weighted[-1] - 1] if lane is not None and weighted and weighted[-1] else INPUT

    def recoloured(self) -> None:
        self.map.recoloured()
        super().recoloured()

    def refresh(self) -> None:
        lanes = self.history.lanes
        if not lanes:
            self.map.show_note(NO_RUN)
        elif not any(self.map.views(lane) for lane in lanes):
            self.map.show_note("Press play: the examples as a layer sees them are drawn here.")
        else:
            self.map.show_note("")
        self.layer.setVisible(bool(lanes))
        answers = [lane.representation for lane in lanes if lane.representation is not None]
        if answers:  # until then it stays as it was, and nothing moves when a run begins anew
            self.grid.setVisible(any(v.lines is not None for a in answers for v in a.layers))
        self._tell_sample(answers)
        self.describe()

    def _tell_sample(self, answers: list[RepresentationAnswer]) -> None:
        """Which examples were looked at, in as many words as there is room for."""
        seen = [(len(a.y), len(a.y_val), a.counts, a.left_out, len(a.layers)) for a in answers]
        shown = seen, self.map.every, self.says.width(), self.says.font()
        if shown == self._told:
            return
        self._told = shown
        lines = list(dict.fromkeys(map(self._sample, answers)))
        wide = self.says.fontMetrics().horizontalAdvance
        short = [_few(answer) for answer in answers[:1]]
        fitting = [words for words in (*lines[:1], *short) if wide(words) <= self.says.width()]
        self.says.setText(fitting[0] if fitting else "")
        self.says.setToolTip("\n".join(lines))

    def _sample(self, answer: RepresentationAnswer) -> str:
        parts = []
        for seen, count, what in zip(
            (len(answer.y), len(answer.y_val)), answer.counts, ("training", "validation"), strict=True
        ):
            parts += [f"{of_all(seen, count)} {what}"] if count else []
        words = ", ".join(parts)
        if self.map.every:
            most = self.map.most_dots(
                sum(len(lane.representation.layers) for lane in self.history.lanes if lane.representation)
            )
            words += f"; {most} of each drawn" if most < max(len(answer.y), len(answer.y_val)) else ""
            words += f"; {answer.left_out} layers left out" if answer.left_out else ""
        return words

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, nodes = event.key(), self._nodes()
        if event.modifiers():
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_W:
            self.every.toggle()
        elif key == Qt.Key.Key_G and not self.grid.isHidden():
            self.grid.toggle()
        elif key in STEPS and not self.map.every and self.map.node in nodes:
            self.show_layer(nodes[(nodes.index(self.map.node) + STEPS[Qt.Key(key)]) % len(nodes)])
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        return "; ".join(map(_in_words, self.map.views(lane)))

    def table(self) -> Table:
        """A row for each example, in the axes of the probe: not turned to the picture before."""
        header = ("network", "layer", "part", "example", "axis_1", "axis_2", "class_or_target")
        return header, [row for lane in self.history.lanes for row in self._rows(lane)]

    def _rows(self, lane: LaneHistory) -> list[Row]:
        rows: list[Row] = []
        answer = lane.representation
        for view in self.map.views(lane):
            assert answer is not None
            for part, points, y in (
                ("training", view.points, answer.y),
                ("validation", view.points_val, answer.y_val),
            ):
                start = (lane.info.name, name_of(view), part)
                places = np.asarray(points, float).tolist()
                rows += [(*start, i + 1, *at, float(v)) for i, (at, v) in enumerate(zip(places, y, strict=True))]
        return rows

    def state(self) -> dict[str, Any]:
        return {"layer": self.map.node, "all": self.map.every, "grid": self.map.grid}

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(node := state.get("layer"), str) and (not self.history.lanes or node in self._nodes()):
            self.show_layer(node)
        if isinstance(every := state.get("all"), bool):
            self.every.setChecked(every)
        if isinstance(grid := state.get("grid"), bool):
            self.grid.setChecked(grid)


def _few(answer: RepresentationAnswer) -> str:
    return f"{whole(len(answer.y) + len(answer.y_val))} examples"


def _in_words(view: LayerView) -> str:
    return f"{name_of(view)}, {units_in_words(view)}, {feet(view)[0]}"
