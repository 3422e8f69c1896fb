"""Networks side by side: another one beside the first, another name, one less."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog

from engine.errors import ProjectError
from netviz.document.drawing import Drawing

if TYPE_CHECKING:
    from netviz.main_window import MainWindow


class LaneActions:
    """Acts on the network in which something is selected, or else on the first."""

    def __init__(self, window: "MainWindow") -> None:
        self._window, self._drawing = window, Drawing(window.document)

    @property
    def _lane(self) -> int:
        selection = self._window.canvas.selection
        return selection[0] if selection is not None else 0

    def duplicate(self) -> None:
        """A copy of the network, trained step by step with it: change one thing and compare."""
        lane = self._drawing.new_lane(self._lane)
        graph = self._window.document.lanes()[lane].graph
        self._window.canvas.fit()
        self._window.canvas.select(lane, graph.nodes[-1].id)

    def rename(self) -> None:
        old = self._window.document.lanes()[self._lane].variant
        name, given = QInputDialog.getText(self._window, "Rename the network", "Name", text=old)
        if given:
            self._try(lambda: self._drawing.rename_lane(self._lane, name))

    def remove(self) -> None:
        self._try(lambda: self._drawing.remove_lane(self._lane))

    def _try(self, edit: Callable[[], object]) -> None:
        try:
            edit()
        except ProjectError as error:
            self._window.canvas.say(str(error))
