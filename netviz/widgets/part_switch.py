"""The switch between the validation and the training part of the data, in the corner of a panel of examples."""

from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from engine.probes.example import Part
from netviz.theme import GAP
from netviz.widgets.toggle import Toggle


class PartSwitch(Toggle):
    def __init__(self, panel: QWidget) -> None:
        super().__init__("training", "The training part instead of the validation part (T)", panel)
        self.adjustSize()

    @property
    def part(self) -> Part:
        return Part.TRAINING if self.isChecked() else Part.VALIDATION

    def put_over(self, panel: QRect) -> QRect:
        """Stands at the top right of the panel; returns the room below."""
        self.move(panel.width() - GAP - self.width(), GAP)
        self.raise_()
        return panel.adjusted(GAP, GAP + self.height() + 2, -GAP, -GAP)

    def state(self) -> dict[str, Any]:
        """As a panel's."""
        return {"training": self.isChecked()}

    def restore(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("training"), bool):
            self.setChecked(state["training"])
