"""Width, height and scale of a picture: how much room is drawn in, and how many pixels each of its pixels takes."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

from netviz.widgets.choice import Choice

SCALES = (1, 2, 3, 4, 6, 8)
LEAST, MOST = 64, 8192  # pixels a side
HEIGHT = 26  # of a field, as high as the choices beside it


class SizeFields(QWidget):
    """One row of fields. `changed` comes whenever any of them does."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.width_box, self.height_box, self.scale_box = QSpinBox(), QSpinBox(), Choice()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for box, name in ((self.width_box, "Width"), (self.height_box, "Height")):
            box.setRange(LEAST, MOST)
            box.setSingleStep(10)
            box.setMinimumHeight(HEIGHT)
            box.setAccessibleName(f"{name} in pixels")
            box.valueChanged.connect(self.changed)
        for scale in SCALES:
            self.scale_box.addItem(f"{scale}×", scale)
        self.scale_box.setAccessibleName("Scale")
        self.scale_box.setToolTip("How large letters and lines are: the picture has so many times the pixels")
        self.scale_box.currentIndexChanged.connect(self.changed)
        for widget in (self.width_box, QLabel("×"), self.height_box, QLabel("at"), self.scale_box):
            row.addWidget(widget)
        row.addStretch()

    @property
    def wanted(self) -> QSize:
        """What is drawn in, before the scale."""
        return QSize(self.width_box.value(), self.height_box.value())

    @property
    def scale(self) -> int:
        return int(self.scale_box.currentData())

    @property
    def pixels(self) -> QSize:
        """What comes out."""
        return self.wanted * self.scale

    def show_size(self, size: QSize) -> None:
        self.width_box.setValue(size.width())
        self.height_box.setValue(size.height())

    def show_scale(self, scale: object) -> None:
        """Another one than those that there are is ignored."""
        if scale in SCALES:
            self.scale_box.setCurrentIndex(SCALES.index(scale))
