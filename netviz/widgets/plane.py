"""Colours over the input plane, and the examples on it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap

from engine.probes.boundary import BoundaryAnswer
from engine.probes.example import Part
from engine.run.messages import Points
from netviz.colours import Theme
from netviz.runtime.cursor import Spot
from netviz.theme import class_colour, diverging, theme
from netviz.widgets.marks import Fonts
from netviz.widgets.shades import clipped
from netviz.widgets.ticks import linear_ticks

Bounds = tuple[float, float, float, float]
PLAIN = 0.62  # of a colour's fullness, in regions without shades: dots of the same class stay in sight
GRASP = 7.0  # pixels from an example within which the mouse is on it


@dataclass(frozen=True, slots=True)
class Palette:
    """The pixels of one theme: `signs` (256,) from one sign or class to the other, `classes` (K, 256) by confidence."""

    signs: np.ndarray
    classes: np.ndarray

    @classmethod
    def of_theme(cls, classes: int) -> "Palette":
        return _palette(theme(), classes)


@lru_cache(8)
def _palette(t: Theme, classes: int) -> Palette:
    rgb = diverging(256)[:, :3].astype(np.uint32)
    signs = 0xFF000000 | rgb[:, 0] << 16 | rgb[:, 1] << 8 | rgb[:, 2]
    neutral = np.array(QColor(t.neutral).getRgb()[:3], float)
    ramps = []
    for i in range(classes):
        full = np.array(class_colour(i).getRgb()[:3], float)
        ramp = np.rint(neutral + (full - neutral) * np.linspace(0, 1, 256)[:, None]).astype(np.uint32)
        ramps.append(0xFF000000 | ramp[:, 0] << 16 | ramp[:, 1] << 8 | ramp[:, 2])
    made = Palette(signs.astype(np.uint32), np.array(ramps, np.uint32).reshape(-1, 256))
    for pixels in (made.signs, made.classes):
        pixels.flags.writeable = False
    return made


def decision_image(answer: BoundaryAnswer, palette: Palette, reach: float, classes: int, sharp: bool = False) -> QImage:
    """The decision as a picture with x₂ upwards; `reach` is what full colour means where values are no shares.

    With `sharp` each region has one colour: of its class, or of the sign of a plain number.
    """
    values = np.asarray(answer.values)[::-1]
    if sharp:
        values, reach = _decided(answer, values, classes), 1.0
    if answer.winners is not None:
        least = 1 / max(2, classes)
        level = _level((values - least) / (1 - least))
        winners = np.minimum(np.asarray(answer.winners)[::-1], len(palette.classes) - 1)
        pixels = palette.classes[winners, level]
    elif answer.probability:
        pixels = palette.signs[_level(values)]
    else:
        pixels = palette.signs[_level(values / (2 * reach) + 0.5)]
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()


def _decided(answer: BoundaryAnswer, values: np.ndarray, classes: int) -> np.ndarray:
    """The values as they would be were the network everywhere as sure; what is no number stays so."""
    if answer.winners is not None:
        least = 1 / max(2, classes)
        return np.where(np.isnan(values), np.nan, least + PLAIN * (1 - least))
    middle = 0.5 if answer.probability else 0.0
    side = PLAIN * np.sign(values - middle)
    return 0.5 + side / 2 if answer.probability else side


def _level(shares: np.ndarray) -> np.ndarray:
    """0..255 for 0..1; what is no number lies in the middle."""
    level, lost = (clipped(shares) * 255).astype(np.uint8), np.isnan(shares)
    if lost.any():
        level[lost] = 127
    return level


def place(bounds: Bounds, square: QRectF, x: np.ndarray) -> np.ndarray:
    """Pixels (n, 2) of examples (n, 2) on `square`."""
    left, right, low, high = bounds
    pixels = np.empty((len(x), 2))
    pixels[:, 0] = square.left() + (x[:, 0] - left) / (right - left) * square.width()
    pixels[:, 1] = square.bottom() - (x[:, 1] - low) / (high - low) * square.height()
    return pixels


def _parts(points: Points) -> tuple[tuple[Part, np.ndarray], ...]:
    return (Part.TRAINING, np.asarray(points.x)), (Part.VALIDATION, np.asarray(points.x_val))


def nearest_spot(points: Points, bounds: Bounds, square: QRectF, at: QPointF) -> Spot | None:
    """The example that is drawn under a place."""
    best, found = GRASP, None
    for part, x in _parts(points):
        if len(x):
            gaps = np.hypot(*(place(bounds, square, x) - [at.x(), at.y()]).T)
            which = int(np.argmin(gaps))
            if gaps[which] <= best:
                best, found = float(gaps[which]), (part, which)
    return found


def place_of(points: Points, spot: Spot, bounds: Bounds, square: QRectF) -> QPointF | None:
    """Where an example is drawn; None where it is not."""
    x = dict(_parts(points))[spot[0]]
    if not 0 <= spot[1] < len(x):
        return None
    at = QPointF(*place(bounds, square, x[spot[1]][None])[0].tolist())
    return at if square.contains(at) else None


def points_layer(points: Points, bounds: Bounds, size: float, ratio: float, reach: float) -> QPixmap:
    """The examples on a transparent square: training filled, validation hollow, all with a rim that contrasts."""
    layer = QPixmap(max(1, round(size * ratio)), max(1, round(size * ratio)))
    layer.setDevicePixelRatio(ratio)
    layer.fill(Qt.GlobalColor.transparent)
    painter = QPainter(layer)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    square = QRectF(0, 0, size, size)
    radius = min(3.2, max(1.1, size / 105))
    rim = QColor(theme().rim)
    for x, y, filled in ((points.x, points.y, True), (points.x_val, points.y_val, False)):
        if len(x):
            for (across, down), colour in zip(
                place(bounds, square, np.asarray(x)), point_colours(points, y, reach), strict=True
            ):
                draw_dot(painter, QPointF(across, down), radius, colour, rim, filled)
    painter.end()
    return layer


def draw_ticks(painter: QPainter, made: Fonts, square: QRectF, bounds: Bounds) -> None:
    """A few round numbers below and at the left of the plane."""
    left, right, low, high = bounds
    painter.setFont(made.figures)
    painter.setPen(QColor(theme().faint))
    height = made.line
    for value, text in linear_ticks(left, right, 3):
        x = square.left() + (value - left) / (right - left) * square.width()
        painter.drawText(QRectF(x - 30, square.bottom() + 1, 60, height), Qt.AlignmentFlag.AlignHCenter, text)
    for value, text in linear_ticks(low, high, 3):
        y = square.bottom() - (value - low) / (high - low) * square.height()
        box = QRectF(square.left() - 64, y - height / 2, 60, height)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def draw_dot(painter: QPainter, centre: QPointF, radius: float, colour: QColor, rim: QColor, filled: bool) -> None:
    """A filled dot, or a ring, with a rim that contrasts."""
    if filled:
        painter.setPen(QPen(rim, 0.9))
        painter.setBrush(colour)
        painter.drawEllipse(centre, radius, radius)
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(rim, 0.9 + radius * 0.5), QPen(colour.lighter(115), 0.5 + radius * 0.2)):
        painter.setPen(pen)
        painter.drawEllipse(centre, radius, radius)


def point_colours(points: Points, y: np.ndarray, reach: float) -> list[QColor]:
    """One for each target: its class, or where it lies from -reach to reach."""
    if points.classes is not None:
        return [class_colour(int(c)) for c in y]
    ramp = diverging(256)
    levels = _level(np.asarray(y) / (2 * reach) + 0.5)
    return [QColor(*map(int, ramp[level])) for level in levels]
