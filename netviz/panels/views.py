"""What panels of several views share: a button and a key for each, one place for all, and what is said in its stead."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QStackedWidget, QVBoxLayout, QWidget

from engine.layers.base import Layer
from engine.project import Project
from netviz.panels.base import Panel
from netviz.runtime.history import LaneHistory
from netviz.theme import GAP
from netviz.widgets.marks import NO_RUN
from netviz.widgets.view_tools import tools_row, view_buttons


def note_for(
    lanes: Sequence[LaneHistory],
    answered: Callable[[LaneHistory], object],
    waiting: str,
    suits: Callable[[LaneHistory], object] | None = None,
    unsuited: str = "",
) -> str:
    """What stands in a picture's place: there is no network, none that it suits, none that has `answered` yet."""
    if not lanes:
        return NO_RUN
    if suits is not None and not any(suits(lane) for lane in lanes):
        return unsuited
    return "" if any(answered(lane) for lane in lanes) else waiting


def has_layer(project: Project, *kinds: type[Layer]) -> bool:
    """Whether one of the networks has a layer of one of these."""
    return any(isinstance(node.layer, kinds) for lane in project.lanes() for node in lane.graph.nodes)


class ViewsPanel(Panel):
    """A panel that shows one of several views."""

    views: ClassVar[Mapping[str, str]]  # name on the button: what it shows, in words

    def make_views(self, *widgets: QWidget) -> QHBoxLayout:
        """A widget for each of `views`, the first being shown; returns the row of their buttons."""
        self.view = next(iter(self.views))
        self.stack = QStackedWidget()
        for widget in widgets:
            self.stack.addWidget(widget)
        self.buttons = view_buttons(self, self.views, self.show_view)
        self.buttons[self.view].setChecked(True)
        return tools_row(self.buttons)

    def lay_out(self, *above: QLayout | QWidget, spacing: int = 4) -> None:
        """These rows, and the views below them."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(spacing)
        for row in above:
            layout.addLayout(row) if isinstance(row, QLayout) else layout.addWidget(row)
        layout.addWidget(self.stack, 1)

    def show_view(self, view: str) -> None:
        self.view = view
        self.buttons[view].setChecked(True)
        self.stack.setCurrentIndex(list(self.views).index(view))
        self.turned()

    def turned(self) -> None:
        """Another view is shown, which may ask for something else."""
        self.wishes_changed.emit()
        self.refresh()

    def show_note(self, note: str | None) -> None:
        """Words instead of the view that is shown, or None where it says itself; the others say nothing."""
        for place in range(self.stack.count()):
            widget: Any = self.stack.widget(place)
            if place != self.stack.currentIndex():
                widget.show_note("")
            elif note is not None:
                widget.show_note(note)

    def takes_view_key(self, event: QKeyEvent) -> bool:
        """Whether the key is a view's number: then it is shown."""
        place = event.key() - Qt.Key.Key_1
        if event.modifiers() or not 0 <= place < len(self.views):
            return False
        self.show_view(list(self.views)[place])
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.takes_view_key(event):
            super().keyPressEvent(event)

    def state(self) -> dict[str, Any]:
        return {"view": self.view}

    def restore(self, state: dict[str, Any]) -> None:
        if (view := state.get("view")) in list(self.views):
            self.show_view(str(view))
