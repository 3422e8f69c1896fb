"""What an ONNX model leaves open is chosen here: its output, one example's lengths, and where the project is to be."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.importing.project import Ends
from engine.layers.base import Shape
from netviz import theme
from netviz.document.storage import ENDING
from netviz.saving import ask_file
from netviz.widgets.choice import Choice
from netviz.widgets.dialog_buttons import dialog_buttons
from netviz.widgets.elided import ElidedLabel

LONGEST = 1 << 20  # of one side of an example
FILTER = f"netviz projects (*{ENDING})"
UNSAVED = "Not saved yet; Save asks where"
WIDTH = 460


@dataclass(frozen=True, slots=True)
class Answers:
    """`output` and `example` as the command line has them; None of `place`: the project stays unsaved."""

    ends: Ends
    output: str | None = None
    example: Shape | None = None
    place: Path | None = None


class ModelDialog(QDialog):
    """Over one window; nothing is read or written before it is accepted."""

    def __init__(self, path: Path, ends: Ends, parent: QWidget, before: Answers | None = None) -> None:
        super().__init__(parent)
        self._path, self._ends, self._place = path, ends, before.place if before else None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle(f"Import {path.name}")
        self.setAccessibleName(self.windowTitle())
        self._make()
        if before is not None:
            self.output.setCurrentText(before.output or "")
            for box, length in zip(self.lengths, before.example or (), strict=False):
                box.setValue(length)
        self._show_place()
        self._show_state()

    @property
    def answers(self) -> Answers:
        """What has been chosen; of one output and of lengths that the model says, nothing."""
        output = self.output.currentText() if len(self._ends.outputs) > 1 else None
        example = tuple(box.value() for box in self.lengths) if None in self._ends.example else None
        return Answers(self._ends, output, example, self._place)

    def _make(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.output = Choice()
        self.output.addItems(self._ends.outputs)
        self.output.setAccessibleName("Output")
        self.output.setToolTip("The value that the network is to give; a netviz network has one")
        form.addRow("&Output", self.output)
        form.setRowVisible(self.output, len(self._ends.outputs) > 1)
        self.lengths = [self._length(number, length) for number, length in enumerate(self._ends.example, 1)]
        row = QHBoxLayout()
        for number, box in enumerate(self.lengths):
            if number:
                row.addWidget(QLabel("×"))
            row.addWidget(box)
        row.addStretch()
        if None in self._ends.example:
            label = QLabel("One &example")
            label.setBuddy(next(box for box in self.lengths if box.isEnabled()))
            form.addRow(label, row)
        form.addRow("&Project", self._make_place())
        self.told = QLabel(wordWrap=True)
        self.told.setObjectName("faint")
        self.buttons, self.accept_button = dialog_buttons(self, "Import")
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GAP, 2 * theme.GAP, 2 * theme.GAP, 2 * theme.GAP)
        column.setSpacing(theme.GAP)
        column.addLayout(form)
        column.addWidget(self.told)
        column.addStretch()
        column.addWidget(self.buttons)
        self.setMinimumWidth(WIDTH)

    def _length(self, number: int, length: int | None) -> QSpinBox:
        """A length that the model says stands there to be read."""
        box = QSpinBox(minimum=0, maximum=max(LONGEST, length or 0), specialValueText="?")
        box.setValue(length or 0)
        box.setEnabled(length is None)
        box.setAccessibleName(f"Length {number} of one example")
        box.setToolTip("The model leaves it open" if length is None else "The model says it")
        box.valueChanged.connect(self._show_state)
        return box

    def _make_place(self) -> QWidget:
        whole, self.place, self.place_button = QWidget(), ElidedLabel(), QPushButton("C&hoose…")
        self.place_button.setAccessibleName("Choose where the project is saved")
        self.place_button.setAutoDefault(False)
        self.place_button.clicked.connect(self._ask_place)
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        whole.setFocusProxy(self.place_button)
        row.addWidget(self.place, 1)
        row.addWidget(self.place_button)
        return whole

    def _ask_place(self) -> None:
        suggestion = self._place or self._path.with_suffix(ENDING)
        asked = ask_file(self, "Where the project is saved", suggestion, {FILTER: ENDING})
        if asked is not None:
            self._place = asked[0]
            self._show_place()

    def _show_place(self) -> None:
        self.place.setText(UNSAVED if self._place is None else str(self._place))
        beside = "" if self._place is None else f"Its weights come beside it, as {self._place.stem}.safetensors"
        self.place.setToolTip(beside)

    def _show_state(self) -> None:
        missing = sum(not box.value() for box in self.lengths)
        self.accept_button.setEnabled(not missing)
        name = self._ends.input
        self.told.setText(f"{name} may be of any size here, {missing} to say" if missing else "")
