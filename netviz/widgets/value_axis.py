"""The axis of values in the reader's hand: zoomed, moved, set to numbers, even or symlog; of itself it shows all."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from netviz import theme
from netviz.widgets.ridges import Span
from netviz.widgets.toggle import Toggle
from netviz.widgets.value_fields import number

NARROWEST = 1e-3  # of the even axis that zooming in stops at
SYMLOG_END, DECADES = 1e4, (1e-14, 1e6)  # where zooming out stops


class ValueAxis:
    """What a person chose for the values of all rows; nothing by default, then each kind of rows has its own axis."""

    def __init__(self) -> None:
        self.span: Span | None = None
        self.even = False  # where a row would have a symlog axis
        self.watchers: list[Callable[[], object]] = []

    def of(self, own: Span) -> Span:
        """The axis of a row that would have `own`."""
        return own if self.span is None else self.span

    def choose(self, span: Span | None) -> None:
        if span != self.span:
            self.span = span
            self._tell()

    def choose_even(self, even: bool) -> None:
        """Symlog or even; a range that was chosen stays."""
        if even != self.even:
            self.even = even
            if self.span is not None and not self.span.decades:
                self.span = replace(self.span, symlog=not even)
            self._tell()

    def zoom(self, own: Span, share: float, factor: float) -> None:
        """Shows `factor` as much, about the value that lies at `share`."""
        span = self.of(own)
        low, high = float(span.even(span.low)), float(span.even(span.high))
        middle = float(span.even(span.at(share)))
        if factor < 1 and (high - low) * factor < NARROWEST:
            return
        self._take(span, middle + (low - middle) * factor, middle + (high - middle) * factor)

    def move(self, own: Span, by: float) -> None:
        """Shows what lies `by` of its length further up."""
        span = self.of(own)
        low, high = float(span.even(span.low)), float(span.even(span.high))
        self._take(span, low + by * (high - low), high + by * (high - low))

    def _take(self, span: Span, low: float, high: float) -> None:
        ends = float(span.value(low)), float(span.value(high))
        least, most = DECADES if span.decades else (-SYMLOG_END, SYMLOG_END)
        if least <= ends[0] < ends[1] <= most:
            self.choose(replace(span, low=ends[0], high=ends[1]))

    def state(self) -> list[float | bool] | None:
        """For the project file: [low, high, symlog], or None."""
        return None if self.span is None else [self.span.low, self.span.high, self.span.symlog]

    def restore(self, state: Any) -> None:
        """Takes what `state` returned; ignores anything else."""
        match state:
            case [int() | float() as low, int() | float() as high, bool() as symlog] if low < high:
                self.even = not symlog
                self.choose(Span(float(low), float(high), symlog))
            case None:
                self.choose(None)

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher()


class AxisBar(QWidget):
    """Two numbers between which all rows are drawn, symlog or even, and back to what shows all."""

    def __init__(self, axis: ValueAxis, automatic: Callable[[], Span]) -> None:
        super().__init__()
        self.axis, self._automatic = axis, automatic
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        self.low, self.high = QLineEdit(), QLineEdit()
        self.even = Toggle("even", "An even axis instead of one that is logarithmic away from 0 (L)")
        self.automatic = QToolButton()
        self.automatic.setText("all")
        self.automatic.setToolTip("Show all values (A)")
        self.automatic.setAccessibleName("Show all values")
        self.automatic.setFont(theme.small())
        for field, name in ((self.low, "Axis from"), (self.high, "Axis to")):
            field.setAccessibleName(name)
            field.setToolTip(f"{name}: a number; all rows are drawn on this axis")
            field.setFont(theme.figures())
            field.setStyleSheet("QLineEdit { min-height: 14px; }")
            field.setMinimumWidth(36)
            field.setMaximumWidth(84)
            field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            field.editingFinished.connect(self._typed)
        words = QLabel("axis")
        words.setFont(theme.small())
        words.setObjectName("faint")
        self.even.toggled.connect(axis.choose_even)
        self.automatic.clicked.connect(lambda: axis.choose(None))
        for widget in (words, self.low, self.high, self.even, self.automatic):
            row.addWidget(widget)
        row.addStretch(1)
        axis.watchers.append(self.show_axis)

    def show_axis(self) -> None:
        """Takes over what was chosen elsewhere."""
        span = self.axis.of(self._automatic())
        self.even.setChecked(self.axis.even)
        for field, value in ((self.low, span.low), (self.high, span.high)):
            if number(field.text()) != float(f"{value:.5g}"):
                field.setText(f"{value:.5g}")
                field.setCursorPosition(0)

    def _typed(self) -> None:
        """Takes two numbers in order; anything else gives way to what is shown."""
        low, high, own = number(self.low.text()), number(self.high.text()), self._automatic()
        if low is None or high is None or not low < high or (own.decades and low <= 0):
            self.show_axis()
            return
        now = self.axis.of(own)
        if (f"{low:.5g}", f"{high:.5g}") != (f"{now.low:.5g}", f"{now.high:.5g}"):
            self.axis.choose(replace(own, low=low, high=high, symlog=not (own.decades or self.axis.even)))
