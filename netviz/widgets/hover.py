"""What curves say at the step that is pointed at, and which of them is pointed at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from netviz.runtime.cursor import Cursor
from netviz.theme import theme
from netviz.widgets.curves import Bundle, View
from netviz.widgets.marks import RIGHT, Fonts, draw_step
from netviz.widgets.ticks import figure, whole

MOST = 14  # lines
PAD = 5.0
LEAST_WIDE = 90.0  # pixels of axes that have room for a box
GRASP = 7.0  # pixels from a curve within which the mouse is on it
MOST_HIDDEN = 0.7  # of the axes' width, while the mouse is elsewhere
DIMMED = 0.72  # of the card over the curves that are not lit


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


def curve_at(bundles: Sequence[Bundle], view: View, place: QPointF) -> tuple[int | None, str | None]:
    """The lane and the name of the curve under the mouse."""
    best, found = GRASP, (None, None)
    for bundle in bundles:
        at = bundle.nearest(view.step_at(place.x()))
        if at is None:
            continue
        rows = (bundle.low, bundle.high) if bundle.middle is None else (bundle.middle,)
        gaps = np.fmin.reduce([np.abs(view.y(row[at]) - place.y()) for row in rows])
        for name, gap in zip(bundle.names, gaps.tolist(), strict=True):
            if gap <= best:
                best, found = gap, (bundle.lane, name)
    return found


def lights(cursor: Cursor, *, layered: bool) -> Callable[[str, int | None], bool]:
    """Which curves are lit: those of the layer that is pointed at where curves are layers, else those of the lane."""
    if layered:
        names = cursor.layers
        return lambda name, lane: name in names
    pointed = cursor.mark.lane
    return lambda name, lane: lane is not None and lane == pointed


def lit(bundles: Sequence[Bundle], cursor: Cursor, *, layered: bool) -> list[Bundle]:
    """The curves that are lit."""
    made: list[Bundle] = []
    is_lit = lights(cursor, layered=layered)
    for bundle in bundles:
        which = [i for i, name in enumerate(bundle.names) if is_lit(name, bundle.lane)]
        if len(which) == len(bundle.names):
            made.append(bundle)
        elif which:
            low, high = bundle.low.T[which].T, bundle.high.T[which].T
            middle = None if bundle.middle is None else bundle.middle.T[which].T
            names, colours = tuple(bundle.names[i] for i in which), tuple(bundle.colours[i] for i in which)
            made.append(replace(bundle, low=low, high=high, middle=middle, names=names, colours=colours))
    return made


def dim(painter: QPainter, view: View) -> None:
    """Puts all that is drawn behind what will be drawn next."""
    veil = QColor(theme().card)
    veil.setAlphaF(DIMMED)
    painter.fillRect(view.rect, veil)


def draw_reading(
    painter: QPainter,
    made: Fonts,
    view: View,
    reading: Reading,
    within: QRectF,
    *,
    pinned: bool = False,
    aside: bool = False,
) -> None:
    """A line at the step, and beside it a box with the figures where there is room.

    With `aside` the mouse is elsewhere, and the box is left out where it would hide most of the curves.
    """
    x = float(view.x(reading.step))
    if not view.rect.left() <= x <= view.rect.right():
        return
    draw_step(painter, x, view.rect.top(), view.rect.bottom(), pinned=pinned)
    if within.height() < 2 * made.line + 2 * PAD or within.width() < LEAST_WIDE:
        return
    lines, height = reading.lines[:MOST], made.line
    lines = lines[: max(1, int((within.height() - 2 * PAD) // height) - 1)]
    head = f"step {whole(reading.step)}"
    names, figures = made.width([name for name, _, _ in lines]), made.figure_metrics.horizontalAdvance
    numbers = max(figures(text.strip()) for _, _, text in lines)
    width = min(max(names + 10 + numbers, made.width([head])) + 2 * PAD, within.width())
    if aside and width > MOST_HIDDEN * view.rect.width():
        return
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
        painter.drawText(row, RIGHT, text.strip())
