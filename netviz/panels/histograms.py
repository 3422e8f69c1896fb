"""How each layer's outputs are spread: heaps at the ends are saturation, a bar at zero is dead ReLUs."""

from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.catalogue import LAYERS
from engine.probes.catalogue import ProbeRequest
from engine.probes.histograms import Histograms, LayerHistogram
from netviz.panels.base import Group, Panel, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.ridge_rows import RidgeRows
from netviz.widgets.ridges import bin_rows, in_words
from netviz.widgets.toggle import Toggle


class HistogramsPanel(Panel):
    ident: ClassVar[str] = "histograms"
    title: ClassVar[str] = "Activations"
    group: ClassVar[Group] = Group.LAYERS
    help: ClassVar[str] = (
        "How the outputs of each layer are spread over the first training examples, from input (top) to output; each "
        "shape is scaled to its own fullest bin. The bar at 0 holds the exact zeros, its height is their share. "
        "Red and amber figures count what no bin holds: not a number, infinite, beyond the axis. "
        "Look for heaps at both ends (saturated tanh or sigmoid), for a shape that shrinks to a needle from layer to "
        "layer (collapse), and for a high bar at 0 (dead ReLUs). All shows the layers with weights too (key W); where "
        "there is dropout or batch norm, Train shows them at work as in a training step (key M)."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"histograms"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.ridges = RidgeRows(history, self._shown)
        self.all = Toggle("all", "Layers with weights too (W)", self)
        self.all.toggled.connect(self._choose)
        self.all.adjustSize()
        self.mode = Toggle("train", "As in a training step: dropout and batch norm at work (M)", self)
        self.mode.toggled.connect(self._choose)
        self.mode.adjustSize()
        self.ridges.corner = self.all.width() + 6.0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.ridges)
        self.reopened()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Histograms(self.all.isChecked(), self.mode.isChecked() and self._has_modes()),)

    def _shown(self, lane: LaneHistory) -> list[tuple[int, LayerHistogram]]:
        return shown_layers(lane, self.all.isChecked())

    def _has_modes(self) -> bool:
        """Whether some layer does another thing while training."""
        return any(LAYERS[kind].two_modes for lane in self.history.lanes for kind in lane.info.kinds)

    def _choose(self) -> None:
        self.wishes_changed.emit()
        self.ridges.forget()
        self.refresh()

    def reopened(self) -> None:
        self.mode.setVisible(self._has_modes())
        self._place_toggles()
        self.ridges.forget()
        self.refresh()

    def refresh(self) -> None:
        lanes = self.history.lanes
        if not lanes:
            self.ridges.show_note("No network is open.")
        elif not any(lane.histograms is not None for lane in lanes):
            self.ridges.show_note("Press play: the spread of each layer's outputs is drawn here.")
        else:
            self.ridges.show_note("")
        self.describe()

    def resizeEvent(self, event: object) -> None:
        self._place_toggles()

    def _place_toggles(self) -> None:
        """In the upper right corner, which the drawing leaves free."""
        left = self.width() - GAP
        for toggle in (self.all, self.mode):
            if not toggle.isHidden():
                left -= toggle.width()
                toggle.move(left, GAP)
                toggle.raise_()
                left -= 4
        self.ridges.corner = self.width() - GAP - left + 2.0

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_W and not event.modifiers():
            self.all.toggle()
        elif event.key() == Qt.Key.Key_M and not event.modifiers() and not self.mode.isHidden():
            self.mode.toggle()
        else:
            super().keyPressEvent(event)

    def summary(self) -> str:
        parts = []
        for lane in self.history.lanes:
            words = [in_words(h) for _, h in shown_layers(lane, self.all.isChecked())]
            parts.append(f"{lane.info.name}: {'; '.join(words)}")
        return ". ".join(parts)

    def table(self) -> Table:
        """A row for each bin, and for each count that no bin holds."""
        rows = []
        for lane in self.history.lanes:
            for _, histogram in shown_layers(lane, self.all.isChecked()):
                rows += [(lane.info.name, histogram.node, *row) for row in bin_rows(histogram)]
        return ("network", "layer", "holds", "from", "to", "count"), rows

    def state(self) -> dict[str, Any]:
        return {"all": self.all.isChecked(), "training": self.mode.isChecked()}

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("all"), bool):
            self.all.setChecked(state["all"])
        if isinstance(state.get("training"), bool):
            self.mode.setChecked(state["training"])


def shown_layers(lane: LaneHistory, everything: bool) -> list[tuple[int, LayerHistogram]]:
    """The layers drawn, each with its number: activations and the output, or all."""
    if lane.histograms is None:
        return []
    numbers = {node: i for i, node in enumerate(lane.info.layers)}
    found = [(numbers[h.node], h) for h in lane.histograms.layers if h.node in numbers]
    last = len(lane.info.layers) - 1
    return [(i, h) for i, h in found if everything or not lane.info.weighted[i] or i == last]
