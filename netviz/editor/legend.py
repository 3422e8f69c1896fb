"""The fixed scale of the wires' colours and widths, in the canvas' corner, and the choice of what they show."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QActionGroup,
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QMenu, QWidget

from engine.probes.connections import MOST as ONE_BY_ONE
from netviz.editor.flow import (
    FULL,
    LEAST,
    MOST,
    SHADES,
    STEPS,
    THICK,
    THIN,
    TITLES,
    Flow,
    weight_colour,
    weight_width,
)
from netviz.editor.sheet import Sheet
from netviz.theme import flow_colour, look, mix, small, theme

CORNER = 8
SIDE = 7.0  # to the words
WEDGE = 72.0  # pixels long
ARROW = 14.0
NARROW = 560  # a view that is narrower shows the choice without the scale
ENDS = f"1e{LEAST}".replace("-", "\N{MINUS SIGN}"), f"1e{MOST}"
WEIGHT_ENDS = f"\N{MINUS SIGN}{FULL:g}", f"{FULL:g}"
HELP = {
    Flow.BACK: (
        "Width and colour of a wire: how large the gradient is that comes back along it, on a fixed logarithmic scale: "
        "‖∂L/∂W‖ of the next layer with weights; behind the last of them, the root mean square of ∂L/∂input."
    ),
    Flow.FORWARD: (
        "Width and colour of a wire: the standard deviation of what leaves its source, on a fixed logarithmic scale. "
        "It is known of layers without weights."
    ),
    Flow.WEIGHTS: (
        "Lines between boxes: single weights, as wide as they are large (4 or more is widest), blue below 0 and orange "
        f"above, red for what is no number. Of layers with more than {ONE_BY_ONE} weights, and on wires that go round "
        "boxes, the width is the root mean square of all. Rest on a line to read its weight."
    ),
    Flow.OFF: "Wires are drawn plain.",
}


class Legend(QWidget):
    """A click, Space or the arrow down opens the choice."""

    def __init__(self, sheet: Sheet, flows: QActionGroup) -> None:
        super().__init__(sheet)
        self._sheet, self._flow = sheet, Flow.OFF
        self.menu = QMenu(self)
        self.menu.addActions(flows.actions())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        look().changed.connect(self.update)

    def show_flow(self, flow: Flow) -> None:
        self._flow = flow
        self.setAccessibleName(f"Wires show: {TITLES[flow]}")
        self.setToolTip(f"{HELP[flow]} Grey: nothing is known." if flow is not Flow.OFF else HELP[flow])
        self.place()
        self.update()

    def place(self) -> None:
        """In the corner, as large as its words."""
        size = self.sizeHint()
        self.resize(size)
        self.move(self._sheet.width() - size.width() - CORNER, CORNER)
        self._sheet.head = float(CORNER + size.height() + 4)
        self._sheet.sheet.keep_corner(size.width() + CORNER)

    @property
    def _scaled(self) -> bool:
        return self._flow is not Flow.OFF and self._sheet.width() >= NARROW

    @property
    def _ends(self) -> tuple[str, str]:
        return WEIGHT_ENDS if self._flow is Flow.WEIGHTS else ENDS

    @property
    def _words(self) -> str:
        return f"wires: {TITLES[self._flow]}" if self._sheet.width() >= NARROW else "wires"

    def sizeHint(self) -> QSize:
        measure = QFontMetricsF(small())
        width = SIDE + measure.horizontalAdvance(self._words) + ARROW + SIDE
        if self._scaled:
            width += WEDGE + 2 * SIDE + sum(map(measure.horizontalAdvance, self._ends))
        return QSize(round(width), round(measure.height() + 6))

    def paintEvent(self, event) -> None:
        painter, t, measure = QPainter(self), theme(), QFontMetricsF(small())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        edge = t.accent if self.hasFocus() else mix(t.line, t.text, 0.35) if self.underMouse() else t.line
        painter.setPen(QPen(QColor(edge), 1))
        painter.setBrush(QColor(t.card))
        painter.drawRoundedRect(room, 5, 5)
        painter.setFont(small())
        painter.setPen(QColor(t.faint))
        x, middle = SIDE, self.height() / 2
        x = self._write(painter, measure, x, self._words) + 5
        painter.setPen(QPen(QColor(t.faint), 1.3))
        painter.drawPolyline([QPointF(x, middle - 1.5), QPointF(x + 3.5, middle + 2), QPointF(x + 7, middle - 1.5)])
        x += ARROW - 5 + SIDE
        if self._scaled:
            painter.setPen(QColor(t.faint))
            x = self._write(painter, measure, x, self._ends[0]) + SIDE / 2
            (self._bow if self._flow is Flow.WEIGHTS else self._wedge)(painter, x, middle)
            painter.setPen(QColor(t.faint))
            self._write(painter, measure, x + WEDGE + SIDE / 2, self._ends[1])
        painter.end()

    def _write(self, painter: QPainter, measure: QFontMetricsF, x: float, text: str) -> float:
        """Writes at `x`; returns where the words end."""
        width = measure.horizontalAdvance(text)
        painter.drawText(QRectF(x, 0, width + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return x + width

    def _wedge(self, painter: QPainter, x: float, middle: float) -> None:
        """Every width and colour that a wire can have, from the least to the most."""
        ramp = QLinearGradient(x, 0, x + WEDGE, 0)
        for step in range(0, STEPS + 1, 4):
            ramp.setColorAt(step / STEPS, flow_colour(step / STEPS))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ramp)
        ends = ((x, -THIN), (x + WEDGE, -THICK), (x + WEDGE, THICK), (x, THIN))
        painter.drawPolygon(QPolygonF([QPointF(across, middle + width / 2) for across, width in ends]))

    def _bow(self, painter: QPainter, x: float, middle: float) -> None:
        """Every width and colour that a single weight can have, from the least over 0 to the most."""
        each = WEDGE / (2 * SHADES + 1)
        for step in range(-SHADES, SHADES + 1):
            width = weight_width(step)
            bar = QRectF(x + (step + SHADES) * each, middle - width / 2, each + 0.5, width)
            painter.fillRect(bar, weight_colour(step))

    def open(self) -> None:
        self.menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event) -> None:
        self.update()

    def leaveEvent(self, event) -> None:
        self.update()
