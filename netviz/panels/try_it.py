"""The network by hand: an example that is typed, pointed at or drawn, and what every layer makes of it, live."""

import random
from typing import Any, ClassVar

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from engine.probes.catalogue import ProbeRequest
from engine.probes.example import NUMBER, DataRange, Example, ExampleAnswer, Origin, Part, raw
from netviz import theme
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.example_input import Input, make_input
from netviz.widgets.marks import NO_RUN
from netviz.widgets.outcome import Outcome
from netviz.widgets.outputs import verdict
from netviz.widgets.pad import PadInput
from netviz.widgets.point_plane import PlaneInput
from netviz.widgets.ticks import whole
from netviz.widgets.toggle import Toggle
from netviz.widgets.view_tools import small_button, small_choice

SETTLE_MS = 8  # a hand that moves faster asks no more often
TOOLS = 24  # height of the row above
NARROWEST, INPUT_SHARE = 84, 0.42
FIELDS_WIDTH = 210
VIEWS = 16  # of a picture whose answers are averaged
PICTURE = 3  # axes: channels, height, width


class TryPanel(Panel):
    ident: ClassVar[str] = "try"
    title: ClassVar[str] = "Try it"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "The network as it is now, on one example: take one of the data (N next, P previous, R any), or make your own "
        "by typing numbers, pointing at the plane (click, drag, arrows) or drawing (left button draws, right button "
        "or Shift erases). Bars are the outputs, the decision on top. Below, a strip of cells for each layer, a cell a "
        "unit: orange is positive, blue negative, full colour is the figure at the right. Of pictures the answer can "
        "be averaged over several views (A): the example, and others changed as augmentation changes it. "
        "Look for the place where the answer turns while you drag; for cells that stay the same whatever you draw "
        "(dead or saturated units); for examples that the network gets wrong, and how sure it is of them."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"example"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.question = Example()
        self.input: Input | None = None
        self.outcome = Outcome(history)
        self.outcome.setParent(self)
        self._fits: tuple[Any, ...] = ()  # what the input was made for
        self._origin: Origin | None = None
        self._data: DataRange | None = None
        self._there: tuple[bool, Input | None, bool] | None = None  # what the places were made for
        self._told: tuple[object, ...] | None = None  # what the words on the example were made of
        self._make_tools()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # who comes by key before there is an input goes on to it
        self._wish = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._wish.timeout.connect(self.wishes_changed)
        self.refresh()

    def _make_tools(self) -> None:
        self.part = small_choice("Part of the data", "Which examples are taken")
        self.part.setParent(self)
        self.part.addItem("training", Part.TRAINING)
        self.part.addItem("validation", Part.VALIDATION)
        self.part.activated.connect(lambda: self.take(0))
        self.previous = small_button("previous", "Previous example (P)", lambda: self.step(-1), self)
        self.next = small_button("next", "Next example (N)", lambda: self.step(1), self)
        self.any = small_button("dice", "Any example (R)", self.take_any, self)
        self.follow_it = Toggle(
            "follow", "Follow this example: its value at every unit, its sums and its gradients (E)", self
        )
        self.follow_it.toggled.connect(self.history.followed.turn)
        self.history.followed.changed.connect(self._followed)
        words = f"The mean of what is said of {VIEWS} views of the picture, changed as augmentation changes it (A)"
        self.views = Toggle("views", words, self)
        self.views.toggled.connect(lambda: self._put(number=self.question.number + 1, views=self._views))
        self.says = QLabel(self)
        self.says.setFont(theme.small())
        self.says.setObjectName("faint")

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (self.question,)

    # Asking

    @property
    def _views(self) -> int:
        return VIEWS if self.views.isChecked() else 1

    def _put(self, **changes: Any) -> None:
        self.question = replace(self.question, **changes)
        self._wish.start()

    def take(self, index: int) -> None:
        """Asks for an example of the data."""
        self._ask(part=Part(self.part.currentData()), index=index)

    def step(self, by: int) -> None:
        self.take(self.question.index + by)

    def take_any(self) -> None:
        data = self._data
        count = 1
        if data is not None:
            count = data.validation if self.part.currentData() == Part.VALIDATION and data.validation else data.training
        self.take(random.randrange(count))

    def _by_hand(self) -> None:
        assert self.input is not None
        self._origin = None
        # The place in the data stays, so that the next example is the one after.
        self._ask(x=raw(self.input.x), part=self.question.part, index=self.question.index)
        self._tell_origin()

    def _ask(self, **question: Any) -> None:
        self.question = Example(number=self.question.number + 1, views=self._views, **question)
        asked, followed = self.question, self.history.followed
        if asked.x is None:
            followed.take(asked.part, asked.index)
        else:
            followed.take_by_hand(asked.x, asked.part, asked.index)
        self._wish.start()

    def _followed(self, what: frozenset[str]) -> None:
        """Another view has chosen the example that all look at."""
        followed = self.history.followed
        self.follow_it.setChecked(followed.on)
        wanted, own = followed.question, self.question
        if "example" in what and (wanted.x, wanted.part, wanted.index) != (own.x, own.part, own.index):
            self._put(x=wanted.x, part=wanted.part, index=wanted.index, number=own.number + 1)

    # Showing

    def refresh(self) -> None:
        lanes = self.history.lanes
        answer = lanes[0].example if lanes else None
        if answer is not None:
            self._take_answer(answer)
        self._show_tools()
        if not lanes:
            self.outcome.show_note(NO_RUN)
        elif not any(lane.example is not None for lane in lanes):
            self.outcome.show_note("What the network makes of an example is shown here, as soon as it has answered.")
        else:
            self.outcome.show_note("")
        self.describe()

    def _show_tools(self) -> None:
        """What there is to work with; all is laid out anew where that is something else than before."""
        lanes = self.history.lanes
        pictures = bool(lanes) and self.input is not None and len(lanes[0].info.inputs) == PICTURE
        there = bool(lanes), self.input, pictures
        if there == self._there:
            return
        self._there = there
        for widget in (self.part, self.previous, self.next, self.any, self.follow_it, self.says):
            widget.setVisible(bool(lanes) and self.input is not None)
        self.views.setVisible(pictures)
        if isinstance(self.input, QWidget):
            self.input.setVisible(bool(lanes))
        self._lay_out()

    def _take_answer(self, answer: ExampleAnswer) -> None:
        self._fit(answer.data)
        if answer.number != self.question.number:
            return  # what it is about is no longer asked
        origin = answer.origin
        if origin is not None and self.input is not None:
            if self._origin is None or raw(origin.x) != raw(self.input.x):
                self.input.show_x(np.asarray(origin.x))
            self.question = replace(self.question, x=None, part=origin.part, index=origin.index)
            if self.part.currentData() != origin.part:
                self.part.setCurrentIndex(self.part.findData(origin.part))
        self._origin = self.outcome.origin = origin
        self._tell_origin()

    def _fit(self, data: DataRange) -> None:
        """An input that suits the data; the one that is there stays as long as it does."""
        self._data = data
        shape = self.history.lanes[0].info.inputs
        fits = shape, np.asarray(data.low).tobytes(), np.asarray(data.high).tobytes()
        if fits == self._fits:
            return
        if isinstance(self.input, QWidget):
            self.input.hide()
            self.input.deleteLater()
        made = make_input(shape, data, self.history.points)
        made.setParent(self)
        made.edited.connect(self._by_hand)
        if self.question.x is not None:
            made.show_x(np.frombuffer(self.question.x, NUMBER).reshape(shape))
        made.show()
        self.input, self._fits = made, fits
        if self.hasFocus():
            made.setFocus()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.part.setEnabled(data.validation > 0)
        QWidget.setTabOrder(self.any, made)

    def _tell_origin(self) -> None:
        data, origin = self._data, self._origin
        if data is None:
            return
        about = None if origin is None else (origin.part, origin.index, origin.label)
        told = about, data.training, data.validation, self.says.width(), self.says.font()
        if told == self._told:
            return
        self._told = told
        if origin is None:
            wordings = ["by hand"]
        else:
            count = data.training if origin.part is Part.TRAINING else data.validation
            wordings = [f"{whole(origin.index + 1)} of {whole(count)}"]
            if origin.label is not None:
                wordings = [f"{wordings[0]}, class {origin.label}", f"class {origin.label}", f"{origin.label}"]
        wide = self.says.fontMetrics().horizontalAdvance
        self.says.setText(next((text for text in wordings if wide(text) <= self.says.width()), ""))
        self.says.setToolTip(wordings[0])
        self.says.setAccessibleName(wordings[0])

    def reopened(self) -> None:
        """The question stays where the new network can answer it; else it is the first example again."""
        lanes = self.history.lanes
        if self.question.x is not None and lanes and self._fits and lanes[0].info.inputs != self._fits[0]:
            self._put(x=None, part=Part.TRAINING, index=0, number=self.question.number + 1)
        if isinstance(self.input, PlaneInput):
            self.input.plane.show_points(self.history.points)
        self.outcome.forget()
        self.refresh()

    def recoloured(self) -> None:
        self._there = None  # letters may have another size
        self.outcome.forget()
        if isinstance(self.input, PlaneInput):
            self.input.plane.recoloured()
        super().recoloured()

    # Places

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()
        super().resizeEvent(event)

    def _lay_out(self) -> None:
        """Wide: input at the left, answers at the right; tall: one below the other."""
        inner = self.rect().adjusted(GAP, GAP, -GAP, -GAP)
        if not isinstance(self.input, QWidget) or not self.history.lanes:
            self.outcome.setGeometry(inner)
            return
        self._lay_out_tools(inner)
        body = inner.adjusted(0, TOOLS + 6, 0, 0)
        square = isinstance(self.input, PlaneInput | PadInput)
        if body.width() >= body.height():
            most = max(NARROWEST, int(inner.width() * INPUT_SHARE))
            wide = min(most, max(NARROWEST, body.height() - 24) if square else FIELDS_WIDTH)
            high = min(body.height(), self.input.height_for(wide))
            self.input.setGeometry(QRect(body.left(), body.top(), wide, high))
            self.outcome.setGeometry(body.adjusted(wide + GAP + 4, 0, 0, 0))
        else:
            high = min(int(body.height() * (0.48 if square else 0.36)), self.input.height_for(body.width()))
            self.input.setGeometry(QRect(body.left(), body.top(), body.width(), high))
            self.outcome.setGeometry(body.adjusted(0, high + GAP, 0, 0))

    def _lay_out_tools(self, inner: QRect) -> None:
        left, top = inner.left(), inner.top()
        wide = min(104, int(inner.width() * 0.36))
        for widget, width in ((self.part, wide), (self.previous, 26), (self.next, 26), (self.any, 26)):
            widget.setGeometry(left, top, width, TOOLS)
            left += width + 4
        wide = self.follow_it.sizeHint().width()
        self.follow_it.setGeometry(inner.right() - wide, top, wide, TOOLS)
        if not self.views.isHidden():
            beside = self.views.sizeHint().width() + 4
            self.views.setGeometry(inner.right() - wide - beside, top, beside - 4, TOOLS)
            wide += beside
        self.says.setGeometry(left + 4, top, max(0, inner.right() - wide - left - 8), TOOLS)
        self._tell_origin()

    # Elsewhere

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        calls = {
            keys.Key_N: lambda: self.step(1),
            keys.Key_P: lambda: self.step(-1),
            keys.Key_R: self.take_any,
            keys.Key_E: self.follow_it.toggle,
            keys.Key_A: self.views.toggle if not self.views.isHidden() else lambda: None,
        }
        call = calls.get(Qt.Key(event.key()))
        if call is not None and not event.modifiers() and self.history.lanes:
            call()
        else:
            super().keyPressEvent(event)

    def in_words(self, lane: LaneHistory) -> str:
        if lane.example is None:
            return ""
        text, compared, _ = verdict(lane.example, self._origin)
        outputs = ", ".join(f"{value:.3g}" for value in np.asarray(lane.example.output)[:10])
        return ", ".join(filter(None, [f"{text or 'outputs'} ({outputs})", compared]))

    def table(self) -> Table:
        """A row for each input, output, probability and unit; what an answer leaves out is a row with its count."""
        rows = [
            row for lane in self.history.lanes if lane.example is not None for row in self._numbers(lane, lane.example)
        ]
        return ("network", "what", "layer", "unit", "value"), rows

    def _numbers(self, lane: LaneHistory, answer: ExampleAnswer) -> list[Row]:
        name = lane.info.name
        rows: list[Row] = []
        if self.input is not None:
            rows += [(name, "input", None, i, float(v)) for i, v in enumerate(np.asarray(self.input.x).reshape(-1))]
        if self._origin is not None and self._origin.label is not None:
            rows.append((name, "true class", None, None, self._origin.label))
        if answer.chosen is not None:
            rows.append((name, "class", None, None, answer.chosen))
        units = np.asarray(answer.units).tolist()
        for what, values in (("output", answer.output), ("probability", answer.probabilities)):
            if values is not None:
                rows += [(name, what, None, u, float(v)) for u, v in zip(units, values, strict=True)]
        if answer.outputs > len(units):
            rows.append((name, "outputs left out", None, None, answer.outputs - len(units)))
        for node in answer.nodes:
            rows += [(name, "layer", node.node, i, float(v)) for i, v in enumerate(np.asarray(node.values).tolist())]
            if node.left_out:
                rows.append((name, "units left out", node.node, None, node.left_out))
        return rows

    def state(self) -> dict[str, Any]:
        return {"validation": self.part.currentData() == Part.VALIDATION, "views": self.views.isChecked()}

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(chosen := state.get("validation"), bool):
            self.part.setCurrentIndex(self.part.findData(Part.VALIDATION if chosen else Part.TRAINING))
            self.take(0)
        if isinstance(views := state.get("views"), bool):
            self.views.setChecked(views)
