"""Shares as colours: a heat map's pixels and columns, and the key that explains them."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter

from netviz.runtime.past import Past
from netviz.theme import mix, theme
from netviz.widgets.marks import Fonts

ROOT = 3  # colour is the cube root of a share: 1 % is seen, and 100 % not blinding
KEY_SHARES = (0.0, 0.01, 0.1, 1.0)
KEY_WIDTH = 90.0


def share_colours(shares: np.ndarray) -> np.ndarray:
    """uint32 pixels of shares from 0 (the card) to 1."""
    table = ramp(theme().card, theme().accent, theme().text)
    pixels: np.ndarray = table[np.rint(np.clip(shares, 0, 1) ** (1 / ROOT) * 255).astype(int)]
    return pixels


def draw_share_key(painter: QPainter, made: Fonts, body: QRectF, marks: Sequence[tuple[str, str]] = ()) -> None:
    """What the colours mean, at the foot of `body`, with words for other marks in their colours."""
    line, t, y = made.line, theme(), body.bottom() - made.line
    painter.setFont(made.words)
    painter.setPen(QColor(t.faint))
    words, x = "share of values", body.left()
    wide = made.width([words]) + 6
    if wide + KEY_WIDTH + 40 <= body.width():
        painter.drawText(QRectF(x, y, wide, line), Qt.AlignmentFlag.AlignVCenter, words)
        x += wide
    bar = QRectF(x, y + line * 0.2, min(KEY_WIDTH, body.width() - 44), line * 0.3)
    fill = QLinearGradient(bar.topLeft(), bar.topRight())
    for share, colour in ((0.0, t.card), (0.5, t.accent), (1.0, t.text)):
        fill.setColorAt(share, QColor(colour))
    painter.fillRect(bar, fill)
    painter.drawRect(bar)
    painter.setFont(made.figures)
    for share in KEY_SHARES:
        place = bar.left() + share ** (1 / ROOT) * bar.width()
        painter.drawLine(QPointF(place, bar.bottom()), QPointF(place, bar.bottom() + 3))
    text, x = "0, 1, 10, 100 %", bar.right() + 6
    if x + made.figure_metrics.horizontalAdvance(text) > body.right():
        text = "100 %"
    painter.drawText(QRectF(x, y, 200, line), Qt.AlignmentFlag.AlignVCenter, text)
    x += made.figure_metrics.horizontalAdvance(text) + 10
    painter.setFont(made.words)
    for word, colour in marks:
        if x + 14 + made.width([word]) > body.right():
            break
        painter.fillRect(QRectF(x, y + line / 2 - 2, 9, 4), QColor(colour))
        painter.drawText(QRectF(x + 12, y, 100, line), Qt.AlignmentFlag.AlignVCenter, word)
        x += 12 + made.width([word]) + 10


def paint_pixels(painter: QPainter, area: QRectF, pixels: np.ndarray) -> None:
    """uint32 pixels (rows, columns) over `area`."""
    pixels = np.ascontiguousarray(pixels)
    high, wide = pixels.shape
    painter.drawImage(area, QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_RGB32))


@lru_cache(8)
def ramp(low: str, middle: str, high: str) -> np.ndarray:
    """(256,) uint32 pixels from `low` through `middle` to `high`."""
    shares = np.linspace(0, 1, 256)
    found = [mix(low, middle, 2 * s) if s < 0.5 else mix(middle, high, 2 * s - 1) for s in shares]
    return np.array([colour.rgb() for colour in found], np.uint32)


def shown_rows(past: Past, left: float, right: float, pixels: int) -> np.ndarray:
    """Which row each pixel column from `left` to `right` shows: the latest at its step; -1 where there is none."""
    at = left + (np.arange(pixels) + 0.5) * ((right - left) / pixels)
    found: np.ndarray = np.searchsorted(past.steps, at, "right") - 1
    found[at > end_of(past)] = -1
    return found


def end_of(past: Past) -> float:
    """Where the latest step ends: it is as wide as the one before, so that it is seen."""
    steps = past.steps
    return float(steps[-1] + (max(1.0, steps[-1] - steps[-2]) if len(steps) > 1 else 1.0))
