"""Small pictures of numbers: in grey or colours of their own, by sign round 0, and signals as bars."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from engine.probes.maps import PICTURES, maps_first
from netviz import theme
from netviz.widgets.example_input import picture_shape
from netviz.widgets.grey import grey_picture
from netviz.widgets.plane import Palette
from netviz.widgets.shades import clipped

APART = 5.0  # pixels of a bar's width, from which on a gap stands between bars
HARDLY = 1e-30  # full colour, where all is 0
COLOURS = 3  # channels of a picture that has them

Span = tuple[float, float]


def reach_of(values: np.ndarray) -> float:
    """The size of the largest, for full colour."""
    most = float(np.abs(values).max(initial=HARDLY))
    return most if isfinite(most) else float(np.abs(np.where(np.isfinite(values), values, 0)).max(initial=HARDLY))


def as_picture(flat: np.ndarray, shape: tuple[int, ...], low: float = 0.0) -> np.ndarray:
    """Numbers of an example as (C, H, W); a vector that `low` lets be a square as one, else one pixel high."""
    if len(shape) in PICTURES:
        return maps_first(np.asarray(flat).reshape(shape))
    return np.asarray(flat).reshape(1, *(picture_shape(shape, low) or (1, -1)))


def shown(values: np.ndarray) -> np.ndarray:
    """One channel as (height, width); three stay colours; of others their mean is shown."""
    if values.ndim == 2:
        return values
    if len(values) == COLOURS and values.shape[1] > 1:
        return values
    return values[0] if len(values) == 1 else values.mean(axis=0)


def draw_values(
    painter: QPainter, area: QRectF, values: np.ndarray, reach: float = 0.0, span: Span | None = None
) -> None:
    """(height, width), or (3, height, width) in colours of its own.

    With a `reach` orange above 0 and blue below, which it fills; without in grey over `span`, ink against the card.
    What is one pixel high is drawn as bars.
    """
    if values.ndim == 2 and len(values) == 1:
        _draw_bars(painter, area, np.asarray(values[0], np.float64), reach or reach_of(np.asarray(span or values)))
    elif reach:
        draw_signed(painter, [area], values[None], reach)
    else:
        finite = np.asarray(values)[np.isfinite(values)]
        low, high = span or (float(finite.min(initial=np.inf)), float(finite.max(initial=-np.inf)))
        painter.drawImage(area, grey_picture(values, low, high))


def _draw_bars(painter: QPainter, area: QRectF, values: np.ndarray, reach: float) -> None:
    """Around 0, side by side where there are many; what is no number is a red one over all the height."""
    colours = theme.theme()
    room = max(1, int(area.width()))
    if len(values) > room:  # of what shares a pixel, what reaches farthest; NaN farther than all
        parts = np.array_split(values, room)
        values = np.array([part[np.argmax(np.abs(part))] for part in parts])
    width, middle = area.width() / len(values), area.center().y()
    gap = 1.0 if width > APART else 0.0
    painter.fillRect(area, QColor(colours.raised))
    painter.fillRect(QRectF(area.left(), middle - 0.5, area.width(), 1), QColor(colours.faint))
    above, below = QColor(colours.orange), QColor(colours.blue)
    start, tall = area.left(), area.height() / 2 - 1
    for k, value in enumerate(values.tolist()):
        left = start + k * width
        if not isfinite(value):
            painter.fillRect(QRectF(left, area.top(), width - gap, area.height()), QColor(colours.red))
            continue
        height = min(max(value / reach, -1.0), 1.0) * tall
        bar = QRectF(left, middle - max(height, 0.0), width - gap, abs(height))
        painter.fillRect(bar, above if height > 0 else below)


def draw_signed(painter: QPainter, areas: Sequence[QRectF], values: np.ndarray, reach: float) -> None:
    """One for each area, (n, height, width): orange above 0 and blue below, which `reach` fills."""
    ramp, values = Palette.of_theme(0).signs, np.asarray(values, np.float64)
    with np.errstate(all="ignore"):
        level = clipped(values / (2 * reach) + 0.5) * (len(ramp) - 1)
    pixels, known = ramp[level.astype(int)], np.isfinite(values)
    if not known.all():
        pixels[~known] = QColor(theme.theme().red).rgb()
    _, rows, columns = values.shape
    line, kind, draw = 4 * columns, QImage.Format.Format_RGB32, painter.drawImage
    for area, each in zip(areas, pixels, strict=True):
        draw(area, QImage(each.data, columns, rows, line, kind))
