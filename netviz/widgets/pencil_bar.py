"""What the pencil draws with: the class or number of a point, the brush, and a clean sheet."""

from itertools import pairwise

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QWidget

from netviz import theme
from netviz.theme import class_colour, diverging
from netviz.widgets.pencil import LEAST, MOST, THICKEST, Pencil
from netviz.widgets.ticks import signed, whole

FINE = 1000  # steps of the size in the plane
DOT = 10
NARROW = 330  # pixels; below, the count is left out


class PencilBar(QWidget):
    """Follows the pencil, and turns its knobs."""

    left = Signal()  # the keys go back to the plane

    def __init__(self, pencil: Pencil) -> None:
        super().__init__()
        self._pencil = pencil
        self._shown: tuple[object, ...] = ()
        self.buttons: list[QToolButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(3)
        self.size_slider = _slider("Brush size", "Brush size ([ and ])", round(LEAST * FINE), round(MOST * FINE))
        self.size_slider.valueChanged.connect(lambda value: pencil.resize(value / FINE))
        self.density_slider = _slider("Points a dab", "How many points a dab sprays", 1, THICKEST)
        self.density_slider.valueChanged.connect(self._thicken)
        self.count = QLabel()
        self.count.setObjectName("faint")
        self.count.setFont(theme.small())
        self.clear = QToolButton(text="Clear")
        self.clear.setFont(theme.small())
        self.clear.setToolTip("An empty plane")
        self.clear.setAccessibleName("Clear the plane")
        self.clear.setStyleSheet("QToolButton { padding: 1px 6px; }")
        self.clear.clicked.connect(lambda: (pencil.clear(), self.left.emit()))
        for widget, stretch in ((self.size_slider, 1), (self.density_slider, 1), (self.count, 0), (self.clear, 0)):
            self._row.addWidget(widget, stretch)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        pencil.changed.connect(self._follow)
        theme.on_change(self._recolour)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _recolour(self) -> None:
        self._shown = ()
        self._follow()

    def _follow(self) -> None:
        pencil = self._pencil
        key = (pencil.drawing.values, pencil.drawing.classes, theme.theme().name)
        if key != self._shown:
            self._shown = key
            self._make_buttons()
        for i, button in enumerate(self.buttons):
            button.setChecked(pencil.value == pencil.drawing.values[i])
        self.size_slider.setValue(round(pencil.size * FINE))
        self.density_slider.setValue(pencil.density)
        count = len(pencil.points)
        self.count.setText(f"{whole(count)} point{'' if count == 1 else 's'}")

    def _make_buttons(self) -> None:
        for button in self.buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = []
        values, classes = self._pencil.drawing.values, self._pencil.drawing.classes
        for i, value in enumerate(values):
            what = f"Class {i}" if classes is not None else signed(f"{value:g}")
            button = QToolButton(self, checkable=True)
            button.setIcon(_dot(class_colour(i) if classes is not None else _shade(value, values)))
            button.setIconSize(QSize(DOT, DOT))
            button.setAccessibleName(what)
            button.setToolTip(f"{what} (key {i + 1})")
            button.setStyleSheet("QToolButton { padding: 2px 3px; }")
            button.clicked.connect(lambda _, at=i: (self._pencil.choose(at), self._follow(), self.left.emit()))
            self._row.insertWidget(i, button)
            self.buttons.append(button)
        chain = [*self.buttons, self.size_slider, self.density_slider, self.clear]
        for before, after in pairwise(chain):
            QWidget.setTabOrder(before, after)

    def _thicken(self, density: int) -> None:
        self._pencil.density = density

    def resizeEvent(self, event) -> None:
        self.count.setVisible(self.width() >= NARROW)
        super().resizeEvent(event)


def _slider(name: str, tip: str, low: int, high: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setMinimumSize(24, theme.SLIDER)
    slider.setMaximumWidth(90)
    slider.setAccessibleName(name)
    slider.setToolTip(tip)
    return slider


def _shade(value: float, values: tuple[float, ...]) -> QColor:
    reach = max(abs(v) for v in values) or 1.0
    return QColor(*map(int, diverging(256)[round((value / reach + 1) / 2 * 255)]))


def _dot(colour: QColor) -> QIcon:
    ratio = 3.0
    made = QPixmap(round(DOT * ratio), round(DOT * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(theme.theme().line))
    painter.setBrush(colour)
    painter.drawEllipse(1, 1, DOT - 2, DOT - 2)
    painter.end()
    return QIcon(made)
