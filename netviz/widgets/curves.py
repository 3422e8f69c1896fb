"""Curves over steps, thinned to the pixels they are drawn on without losing an extreme."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

FAR = 20_000.0  # pixels: what lies further out is drawn at this distance, within the reach of Qt's rasterizer
BAND = 70, 110  # opacity of a band's body and of its edge, of 255


class Style(Enum):
    LINE = "line"
    DASHED = "dashed"
    BAND = "band"  # from low to high, faint


@dataclass(frozen=True, slots=True)
class Bundle:
    """Curves over the same steps: `steps` (n,), `low` and `high` (n, curves). NaN is a gap."""

    steps: np.ndarray
    low: np.ndarray
    high: np.ndarray
    names: tuple[str, ...]
    colours: tuple[QColor, ...]
    style: Style = Style.LINE

    def nearest(self, step: float) -> int | None:
        """The place of the bucket nearest to `step`."""
        if not len(self.steps):
            return None
        after = int(np.searchsorted(self.steps, step))
        if after == len(self.steps) or (after and step - self.steps[after - 1] <= self.steps[after] - step):
            after -= 1
        return after


@dataclass(frozen=True, slots=True)
class View:
    """What of the plane is seen where: `left`..`right` and `bottom`..`top` on `rect`; exponents if `log`."""

    rect: QRectF
    left: float
    right: float
    bottom: float
    top: float
    log: bool = False

    def x(self, steps: np.ndarray | float) -> np.ndarray:
        place = (np.asarray(steps, float) - self.left) * (self.rect.width() / (self.right - self.left))
        return np.clip(place, -FAR, FAR) + self.rect.left()

    def y(self, values: np.ndarray | float) -> np.ndarray:
        """Pixels of values; NaN for what a logarithmic axis cannot show."""
        values = np.asarray(values, float)
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log10(np.where(values > 0, values, np.nan))
        place = (self.top - values) * (self.rect.height() / (self.top - self.bottom))
        return np.clip(place, -FAR, FAR) + self.rect.top()

    def step_at(self, x: float) -> float:
        return self.left + (x - self.rect.left()) * (self.right - self.left) / self.rect.width()


def decimate(
    steps: np.ndarray, low: np.ndarray, high: np.ndarray, left: float, right: float, pixels: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The buckets seen from `left` to `right`; where they are more than `pixels`, joined into pixel columns.

    A column belongs to the same steps whatever comes after it, so that a growing curve does not shimmer.
    """
    start = max(int(np.searchsorted(steps, left, "right")) - 1, 0)
    stop = min(int(np.searchsorted(steps, right, "left")) + 1, len(steps))
    steps, same = steps[start:stop], low is high
    low = low[start:stop]
    high = low if same else high[start:stop]
    if len(steps) <= pixels:
        return steps, low, high
    borders = left + np.arange(1, pixels) * ((right - left) / pixels)
    starts = np.searchsorted(steps, borders)
    starts = np.concatenate([[0], starts[(starts > 0) & (starts < len(steps))]])
    starts = starts[np.concatenate([[True], starts[1:] > starts[:-1]])]
    return steps[starts], np.fmin.reduceat(low, starts, axis=0), np.fmax.reduceat(high, starts, axis=0)


def draw(painter: QPainter, view: View, bundles: list[Bundle]) -> None:
    """Draws every bundle, the first lowest."""
    painter.save()
    painter.setClipRect(view.rect)
    for bundle in bundles:
        if len(bundle.steps):
            _draw_bundle(painter, view, bundle)
    painter.restore()


def _draw_bundle(painter: QPainter, view: View, bundle: Bundle) -> None:
    pixels = max(1, int(view.rect.width()))
    steps, low, high = decimate(bundle.steps, bundle.low, bundle.high, view.left, view.right, pixels)
    if view.log:
        low = np.where(low > 0, low, high)  # a column that begins at zero is drawn from its largest value
    x, top = view.x(steps), view.y(high)
    bottom = top if low is high else view.y(low)
    gaps = np.isnan(top)
    for j, colour in enumerate(bundle.colours):
        pen = QPen(colour, 1)
        if bundle.style is Style.DASHED:
            pen.setDashPattern([4, 3])
        for part in _runs(gaps[:, j]):
            _draw_run(painter, x[part], top[part, j], bottom[part, j], bundle.style, pen)
        if view.log:
            _mark_zeros(painter, view, x, high[:, j] == 0, colour)


def _runs(gap: np.ndarray) -> list[slice]:
    """The stretches without a gap."""
    if not gap.any():
        return [slice(0, len(gap))]
    change = np.flatnonzero(np.diff(np.concatenate([[True], gap, [True]]).astype(np.int8)))
    return [slice(a, b) for a, b in change.reshape(-1, 2)]


def _draw_run(painter: QPainter, x: np.ndarray, top: np.ndarray, bottom: np.ndarray, style: Style, pen: QPen) -> None:
    if style is Style.BAND:
        body, edge = QColor(pen.color()), QColor(pen.color())
        body.setAlpha(BAND[0])
        edge.setAlpha(BAND[1])
        pen.setColor(edge)
        painter.setPen(pen)
        if np.array_equal(top, bottom):
            painter.drawPolyline(arrayToQPolygonF(x, top))
        else:
            painter.setBrush(body)
            painter.drawPolygon(band(x, top, bottom))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        return
    painter.setPen(pen)
    if len(x) == 1:
        painter.drawLine(QPointF(x[0] - 2, top[0]), QPointF(x[0] + 2, top[0]))
    if top is bottom or np.array_equal(top, bottom):
        painter.drawPolyline(arrayToQPolygonF(x, top))
    else:
        painter.drawPolyline(zigzag(x, top, bottom))


def band(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> QPolygonF:
    """There along the top, back along the bottom."""
    return arrayToQPolygonF(np.concatenate([x, x[::-1]]), np.concatenate([top, bottom[::-1]]))


def zigzag(x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> QPolygonF:
    """Each column from one extreme to the other; every second is turned, which joins neighbours by the shorter way."""
    ends = np.empty((len(x), 2))
    ends[0::2, 0], ends[0::2, 1] = bottom[0::2], top[0::2]
    ends[1::2, 0], ends[1::2, 1] = top[1::2], bottom[1::2]
    return arrayToQPolygonF(np.repeat(x, 2), ends.ravel())


def _mark_zeros(painter: QPainter, view: View, x: np.ndarray, zero: np.ndarray, colour: QColor) -> None:
    """A line along the bottom where a value was exactly zero, which has no logarithm."""
    if not zero.any():
        return
    painter.setPen(QPen(colour, 2))
    bottom = view.rect.bottom() - 2
    for part in _runs(~zero):
        painter.drawLine(QPointF(x[part][0] - 1, bottom), QPointF(x[part][-1] + 1, bottom))
