"""What every panel is: it declares what it needs to know, and only draws.

Panels do not know one another, but share a cursor, `history.cursor`: what is hovered or pinned anywhere (a layer, a
unit of it, a step, an example; see `netviz.runtime.cursor.Mark`) lights up in all of them. A widget takes part so:

- A `Canvas` says `self.follow(history.cursor, "layer", "step")` when it is made, naming the fields that it draws; its
  `mark_at(place)` returns the `Mark` that lies under the mouse (NOTHING for none), and `paint_marks(painter, rect,
  cursor)` draws over the picture what is lit: `cursor.layers` are the nodes to light, `cursor.mark` has the rest.
  `draw_lit`, `draw_step` and `draw_spot` of `netviz.widgets.marks` are how a light looks. The picture itself is kept
  meanwhile, and `paint` is not called for a light.
- A `Plot` of curves over steps says `plot.follow(history.cursor)`; with `layered = True` its curves are called by
  node ids and are lit as layers; several lanes in one pair of axes give their bundles a `lane`.
- Anything else makes a `Pointer(widget, history.cursor, mark_at)` and listens to `cursor.changed`, which names the
  fields that are new.
"""

from collections.abc import Callable
from enum import Enum
from time import monotonic
from typing import Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from engine.probes.catalogue import ProbeRequest
from engine.project import Project
from netviz.runtime.history import History, LaneHistory
from netviz.theme import look, theme

SAY_EVERY = 1.0  # seconds between two summaries for screen readers, at the least

Row = tuple[str | float | int | None, ...]
Table = tuple[tuple[str, ...], list[Row]]  # names of the columns, and rows; what is not known is None or NaN


class Group(Enum):
    """What a panel is about: how the View menu sorts panels, in this order."""

    LEARNING = "Learning"
    ANSWERS = "Answers"
    LAYERS = "Layers"
    GRADIENTS = "Gradients and Weights"
    MORE = "More"


class Panel(QWidget):
    """One instrument in a dock. The session calls `refresh` when one of `topics` has changed and it can be seen."""

    ident: ClassVar[str]  # in project files
    title: ClassVar[str]
    short: ClassVar[str] = ""  # the title where there is little room
    help: ClassVar[str]  # what you see, what to look for
    group: ClassVar[Group] = Group.MORE
    topics: ClassVar[frozenset[str]]  # of loss, scores, layers, histograms, boundary, example, health
    wishes_changed = Signal()  # `probes` has other questions now
    needs_layers: ClassVar[bool] = False  # wants every layer's scalars
    needs_health: ClassVar[bool] = False  # wants the diagnosis

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history = history
        self._said = -SAY_EVERY
        self.setAccessibleName(self.title)
        look().changed.connect(self.recoloured)

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        """The questions that the worker should answer while the panel can be seen."""
        return ()

    @classmethod
    def suits(cls, project: Project) -> bool:
        """Whether there is something to show of such networks; raises ProjectError where they are not whole."""
        return True

    def refresh(self) -> None:
        """Draws the history as it is now."""
        raise NotImplementedError(self.ident)  # each kind has its own

    def reopened(self) -> None:
        """The history has other lanes now, or is back at step 0."""
        self.refresh()

    def hold(self, still: bool) -> None:
        """Whether it stays on the screen as it was painted; afterwards it is painted anew."""
        self.setUpdatesEnabled(not still)

    def recoloured(self) -> None:
        """The theme has changed."""
        self.refresh()
        self.update()

    def in_words(self, lane: LaneHistory) -> str:
        """What is seen of one network, in words and numbers; empty where there is nothing."""
        raise NotImplementedError(self.ident)  # each kind has its own

    def summary(self) -> str:
        """What is seen, network by network, for those who do not see it."""
        told = ((lane.info.name, self.in_words(lane)) for lane in self.history.lanes)
        words = ". ".join(f"{name}: {words}" for name, words in told if words)
        return words.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")

    def describe(self, now: Callable[[], float] = monotonic) -> None:
        """Brings the accessible description up to date, at most once a second: it is read aloud."""
        if now() - self._said >= SAY_EVERY:
            self._said = now()
            self.setAccessibleDescription(self.summary())

    def table(self) -> Table:
        """What is shown, in numbers."""
        raise NotImplementedError(self.ident)  # each kind has its own

    def state(self) -> dict[str, Any]:
        """What the person chose here, for the project file."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes what `state` returned; ignores what it does not understand."""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme().card))
        painter.end()
