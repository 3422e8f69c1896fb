"""What curves say at the step under the mouse."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from netviz.theme import theme
from netviz.widgets.curves import Bundle, View
from netviz.widgets.marks import Fonts
from netviz.widgets.ticks import figure, whole

MOST = 14  # lines
PAD = 5.0


@dataclass(frozen=True, slots=True)
class Reading:
    """The step that was read, and each curve's name, colour and figure there."""

    step: float
    lines: tuple[tuple[str, QColor, str], ...]


def read(bundles: Sequence[Bundle], step: float) -> Reading | None:
    """Each curve at its bucket nearest to `step`; None where there are no curves."""
    lines, at, nearest = [], 0.0, np.inf
    for bundle in bundles:
        place = bundle.nearest(step)
        if place is None:
            continue
        if abs(bundle.steps[place] - step) < nearest:
            at, nearest = float(bundle.steps[place]), abs(bundle.steps[place] - step)
        for j, (name, colour) in enumerate(zip(bundle.names, bundle.colours, strict=True)):
            low, high = float(bundle.low[place, j]), float(bundle.high[place, j])
            if not np.isnan(high):
                text = figure(high) if low == high else f"{figure(low).strip()} … {figure(high).strip()}"
                lines.append((name, colour, text))
    return Reading(at, tuple(lines)) if lines else None


def draw_reading(painter: QPainter, made: Fonts, view: View, reading: Reading, within: QRectF) -> None:
    """A line at the step, and beside it a box with the figures."""
    x = float(view.x(reading.step))
    if not view.rect.left() <= x <= view.rect.right():
        return
    painter.setPen(QPen(QColor(theme().faint), 1))
    painter.drawLine(QPointF(x, view.rect.top()), QPointF(x, view.rect.bottom()))
    lines, height = reading.lines[:MOST], made.line
    lines = lines[: max(1, int((within.height() - 2 * PAD) // height) - 1)]
    head = f"step {whole(reading.step)}"
    names, figures = made.width([name for name, _, _ in lines]), made.figure_metrics.horizontalAdvance
    numbers = max(figures(text.strip()) for _, _, text in lines)
    width = min(max(names + 10 + numbers, made.width([head])) + 2 * PAD, within.width())
    size = QRectF(0, 0, width, height * (1 + len(lines)) + 2 * PAD)
    left = x + 8 if x + 8 + width <= within.right() else max(within.left(), x - 8 - width)
    top = min(max(view.rect.top() + 4, within.top()), max(within.top(), within.bottom() - size.height()))
    size.moveTo(left, top)
    painter.setPen(QPen(QColor(theme().line), 1))
    painter.setBrush(QColor(theme().raised))
    painter.drawRoundedRect(size, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    row = QRectF(left + PAD, top + PAD, width - 2 * PAD, height)
    painter.setFont(made.words)
    painter.setPen(QColor(theme().faint))
    painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, head)
    for name, colour, text in lines:
        row.translate(0, height)
        painter.setFont(made.words)
        painter.setPen(colour)
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(made.figures)
        painter.setPen(QColor(theme().text))
        painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text.strip())
