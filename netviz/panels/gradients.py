"""‖∂L/∂W‖ of every layer over steps: a fan that opens towards the input is a vanishing gradient."""

from typing import ClassVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

from netviz.panels.base import Group, Panel, Table
from netviz.runtime.history import History
from netviz.theme import GAP
from netviz.widgets.layer_curves import LayerCurves, latest_in_words, layer_bundle

FIELD = "grad_norm"


class GradientsPanel(Panel):
    ident: ClassVar[str] = "gradients"
    title: ClassVar[str] = "Gradient norm per layer"
    group: ClassVar[Group] = Group.GRADIENTS
    help: ClassVar[str] = (
        "The length ‖∂L/∂W‖ of each layer's weight gradient on a batch, on a logarithmic axis; violet is next to the "
        "input, yellow next to the output. Look for order: curves far apart, violet lowest, are a vanishing gradient; "
        "violet highest is an exploding one; curves close together train together. A thick line along the bottom is a "
        "gradient of exactly zero. Wheel and drag zoom, a double click or A shows all."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"layers"})
    needs_layers: ClassVar[bool] = True

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.plot = LayerCurves(history, FIELD)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.plot)
        self.refresh()

    def reopened(self) -> None:
        self.plot.reopened()
        self.refresh()

    def refresh(self) -> None:
        self.plot.refresh("Press play: each layer's gradient is drawn here, from input to output.")
        self.describe()

    def summary(self) -> str:
        return "; ".join(
            f"{lane.info.name}: gradient norm of {latest_in_words(lane, FIELD)}"
            for lane in self.history.lanes
            if len(lane.layers)
        )

    def table(self) -> Table:
        """A row for each layer and step; of a long past a row stands for some steps, beginning with its own."""
        header = ("network", "layer", "step", "gradient_norm_low", "gradient_norm_mean", "gradient_norm_high")
        rows = []
        for lane in self.history.lanes:
            bundle = layer_bundle(lane, FIELD)
            low, mean, high = (part.T.tolist() for part in (bundle.low, bundle.middle, bundle.high))
            for i, layer in enumerate(bundle.names):
                for step, *numbers in zip(bundle.steps.tolist(), low[i], mean[i], high[i], strict=True):
                    rows.append((lane.info.name, layer, int(step), *numbers))
        return header, rows
