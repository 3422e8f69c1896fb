"""Where the parts of an autoencoder's picture stand in a lane's column, and how its pictures are made."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from engine.probes.latent import LatentAnswer
from netviz.widgets.example_input import picture_shape
from netviz.widgets.grey import grey_picture
from netviz.widgets.plane import Bounds

GAP = 8.0
PAIR = 40.0  # pixels of the side of an example beside its reconstruction, at most
SMALLEST_PAIR = 12.0
FEWEST_PAIRS = 3
LEAST = 90.0  # pixels of a plane's side that come before the examples beside it
ROOM_FOR_TICKS = 130.0


@dataclass(frozen=True, slots=True)
class Parts:
    """`examples` and `decoder` show the same plane; `point` is what is decoded at the chosen place."""

    words: QRectF
    examples: QRectF
    decoder: QRectF
    ticked: bool  # whether there is room for ticks beside them
    point: QRectF  # empty where there is no room
    originals: tuple[QRectF, ...]
    rebuilt: tuple[QRectF, ...]


def parts_of(body: QRectF, answer: LatentAnswer, line: float, figures: float) -> Parts:
    """The two planes side by side or one above the other, as makes them larger; the pairs below, or at the right.

    `figures` is how much room the ticks take at the left of a plane.
    """
    words = QRectF(body.left(), body.top(), body.width(), line)
    inner = body.adjusted(0, line + 2, 0, 0)
    offered = (_below(inner, answer, line), _at_right(inner, answer, line), (inner, _NOTHING))
    room, strip = max(offered, key=lambda made: (bool(made[1][1]) and _side(made[0]) >= LEAST, _side(made[0])))
    width, height = _halves(room)
    first = QRectF(room.left(), room.top(), width, height)
    second = first.translated(width + GAP, 0) if width < room.width() else first.translated(0, height + GAP)
    ticked = min(width, height - line - 1) >= ROOM_FOR_TICKS
    planes = (_plane(box, line, figures if ticked else 0.0) for box in (first, second))
    return Parts(words, *planes, ticked, *strip)


_Strip = tuple[QRectF, tuple[QRectF, ...], tuple[QRectF, ...]]
_NOTHING: _Strip = (QRectF(), (), ())


def _below(inner: QRectF, answer: LatentAnswer, line: float) -> tuple[QRectF, _Strip]:
    """The room above a strip, and the strip: what is decoded, as high as a pair, and the pairs beside it."""
    rows, columns = picture_sides(answer)
    count = len(answer.indices)
    wide = min(PAIR * max(1.0, columns / rows), (inner.width() - GAP) / (count + 2) - 2)
    high = wide * rows / columns
    if not count or wide < SMALLEST_PAIR or high < 2:
        return inner, _NOTHING
    strip = 2 * high + 2 + line
    top = inner.bottom() - strip + line
    point = QRectF(inner.left(), top, 2 * wide + 2, 2 * high + 2)
    originals = _row(point.right() + GAP, top, wide, high, count)
    return inner.adjusted(0, 0, 0, -strip - 4), (
        point,
        originals,
        _row(point.right() + GAP, top + high + 2, wide, high, count),
    )


def _at_right(inner: QRectF, answer: LatentAnswer, line: float) -> tuple[QRectF, _Strip]:
    """The room of two planes as high as there is room, and what is left at their right: a place above the pairs."""
    rows, columns = picture_sides(answer)
    taken = 2 * (inner.height() - line) + 2 * GAP
    left, count = inner.right() - (inner.width() - taken), len(answer.indices)
    room = inner.right() - left
    count = min(count, int(room / (SMALLEST_PAIR + 2)))
    if count < max(1, min(FEWEST_PAIRS, len(answer.indices))):
        return inner, _NOTHING
    wide = min(PAIR * max(1.0, columns / rows), room / count - 2)
    high = wide * rows / columns
    top = inner.bottom() - 2 * high - 2
    side = min(room, top - 2 * line - inner.top())
    if high < 2 or side < SMALLEST_PAIR:
        return inner, _NOTHING
    across = min(room, side * columns / rows)
    point = QRectF(left, inner.top() + line, across, across * rows / columns)
    planes = QRectF(inner.left(), inner.top(), taken - GAP, inner.height())
    return planes, (point, _row(left, top, wide, high, count), _row(left, top + high + 2, wide, high, count))


def _row(left: float, top: float, wide: float, high: float, count: int) -> tuple[QRectF, ...]:
    return tuple(QRectF(left + i * (wide + 2), top, wide, high) for i in range(count))


def _halves(room: QRectF) -> tuple[float, float]:
    """Width and height of each half of a room that is divided where the halves are squarer."""
    beside = ((room.width() - GAP) / 2, room.height())
    above = (room.width(), (room.height() - GAP) / 2)
    return beside if min(beside) >= min(above) else above


def _side(room: QRectF) -> float:
    return min(_halves(room))


def _plane(box: QRectF, line: float, figures: float) -> QRectF:
    """The square in a box, under a line of words, and with room for `figures` at its left and a line of them below."""
    room = box.adjusted(figures, line + 1, 0, -line if figures else 0.0)
    side = max(4.0, min(room.width(), room.height()))
    return QRectF(room.left() + (room.width() - side) / 2, room.top() + (room.height() - side) / 2, side, side)


def picture_sides(answer: LatentAnswer) -> tuple[int, int]:
    """Rows and columns of one decoded picture; numbers that are no picture stand in one row."""
    if len(answer.shape) == 3:
        return answer.shape[1], answer.shape[2]
    sides = picture_shape(answer.shape, answer.low)
    return sides if sides is not None else (1, int(np.prod(answer.shape)))


def as_picture(answer: LatentAnswer, values: np.ndarray) -> np.ndarray:
    """(..., rows, columns) of pictures (..., numbers) in grey; (3, rows, columns) of a single one in colours."""
    rows, columns = picture_sides(answer)
    channels = answer.shape[0] if len(answer.shape) == 3 else 1
    made = np.asarray(values, float).reshape(*np.shape(values)[:-1], channels, rows, columns)
    if channels == 3 and made.ndim == 3:
        return made
    grey: np.ndarray = made.mean(axis=-3)
    return grey


def one_image(answer: LatentAnswer, values: np.ndarray) -> QImage:
    return grey_picture(as_picture(answer, values), answer.low, answer.high)


def sheet_image(answer: LatentAnswer) -> QImage:
    """All decoded pictures in their places, the greatest second coordinate at the top."""
    tiles = as_picture(answer, answer.pictures)
    down, across, rows, columns = tiles.shape
    sheet = tiles[::-1].transpose(0, 2, 1, 3).reshape(down * rows, across * columns)
    return grey_picture(sheet, answer.low, answer.high)


def place_under(at: QPointF, square: QRectF, bounds: Bounds) -> tuple[float, float]:
    """The place of the plane under a pixel, within the plane."""
    left, right, low, high = bounds
    across = min(max((at.x() - square.left()) / square.width(), 0.0), 1.0)
    up = min(max((square.bottom() - at.y()) / square.height(), 0.0), 1.0)
    return left + across * (right - left), low + up * (high - low)


def stepped(at: tuple[float, float], by: tuple[float, float], bounds: Bounds) -> tuple[float, float]:
    """`at` moved by shares of the plane's sides, and kept within it."""
    left, right, low, high = bounds
    x1 = min(max(at[0] + by[0] * (right - left), left), right)
    x2 = min(max(at[1] + by[1] * (high - low), low), high)
    return x1, x2


def middle(bounds: Bounds) -> tuple[float, float]:
    left, right, low, high = bounds
    return (left + right) / 2, (low + high) / 2


def tile_under(at: QPointF, square: QRectF, side: int) -> tuple[int, int]:
    """Row from below and column of the decoded picture under a pixel."""
    column = ceil((at.x() - square.left()) / square.width() * side) - 1
    row = ceil((square.bottom() - at.y()) / square.height() * side) - 1
    return min(max(row, 0), side - 1), min(max(column, 0), side - 1)
