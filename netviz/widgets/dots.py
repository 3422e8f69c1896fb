"""Examples as dots that move from frame to frame: each colour is painted once, and then laid where it belongs."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import ceil

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QTransform

from netviz.colours import Theme
from netviz.theme import class_colour, diverging, theme
from netviz.widgets.many import lay_tiles
from netviz.widgets.marks import Fonts
from netviz.widgets.plane import draw_dot

WITH_RIM = 2.0  # pixels of a dot's radius: the rim of a smaller one would hide it
MOST_SHEETS = 4  # of plain dots that one widget keeps
FINE = 4  # places of a plain dot between one pixel and the next, across and down
SHADES = 33  # of numbers, from one sign to the other


class Dots:
    """The painted dots of one theme; `forget` when it changes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[tuple[int, ...], float, bool, float], QPixmap] = {}

    def forget(self) -> None:
        self._kept.clear()

    def draw(
        self,
        painter: QPainter,
        places: np.ndarray,
        shades: np.ndarray,
        colours: Sequence[QColor],
        radius: float,
        filled: bool,
        ratio: float,
    ) -> None:
        """A dot in `colours[shade]` at each of `places` (n, 2); none where a place is no number."""
        finite = np.isfinite(places)
        if not finite.all():
            known = finite.all(axis=1)
            places, shades = places[known], shades[known]
        lay_tiles(painter, places - _half(radius), self._sheet(colours, radius, filled, ratio), shades, ratio)

    def _sheet(self, colours: Sequence[QColor], radius: float, filled: bool, ratio: float) -> QPixmap:
        """A dot of each colour side by side, in the screen's pixels."""
        key = (tuple(colour.rgb() for colour in colours), radius, filled, ratio)
        if key not in self._kept:
            half = _half(radius)
            side = round(2 * half * ratio)
            made = QPixmap(side * len(colours), side)
            made.fill(Qt.GlobalColor.transparent)
            painter = QPainter(made)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for k, colour in enumerate(colours):
                painter.setTransform(QTransform(ratio, 0, 0, ratio, k * side, 0))
                if filled and radius < WITH_RIM:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(colour)
                    painter.drawEllipse(QPointF(half, half), radius, radius)
                else:
                    draw_dot(painter, QPointF(half, half), radius, colour, QColor(theme().rim), filled)
            painter.end()
            self._kept[key] = made
        return self._kept[key]


class PlainDots:
    """Dots without a rim, placed between pixels: as `draw_round_points` does, but each kind is painted once."""

    def __init__(self) -> None:
        self._sheets: dict[tuple[tuple[int, ...], float, float], QPixmap] = {}

    def draw(self, painter: QPainter, dotted: Sequence[tuple[QColor, np.ndarray]], radius: float, ratio: float) -> None:
        """Of each colour at places (n, 2), all in one call, the first lowest."""
        if not dotted:
            return
        sheet = self._sheet(tuple(colour.rgba() for colour, _ in dotted), radius, ratio)
        places = np.concatenate([places for _, places in dotted]) * ratio
        colours = np.repeat(np.arange(len(dotted)), [len(places) for _, places in dotted])
        corners = np.floor(places)
        between = ((places - corners) * FINE).astype(int)
        which = (colours * FINE + between[:, 1]) * FINE + between[:, 0]
        lay_tiles(painter, (corners - sheet.height() // 2) / ratio, sheet, which, ratio)

    def _sheet(self, colours: tuple[int, ...], radius: float, ratio: float) -> QPixmap:
        """Side by side a dot of each colour in each place, in the screen's pixels."""
        key = colours, radius, ratio
        if key not in self._sheets:
            middle = ceil(radius * ratio) + 1
            side = 2 * middle + 1
            made = QPixmap(side * len(colours) * FINE**2, side)
            made.fill(Qt.GlobalColor.transparent)
            with QPainter(made) as painter:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(Qt.PenStyle.NoPen)
                for k, (colour, down, across) in enumerate(product(colours, range(FINE), range(FINE))):
                    place = QPointF(k * side + middle + (across + 0.5) / FINE, middle + (down + 0.5) / FINE)
                    painter.setBrush(QColor.fromRgba(colour))
                    painter.drawEllipse(place, radius * ratio, radius * ratio)
            if len(self._sheets) >= MOST_SHEETS:
                self._sheets.clear()
            self._sheets[key] = made
        return self._sheets[key]


def draw_round_points(painter: QPainter, dotted: Sequence[tuple[QColor, np.ndarray]], radius: float) -> None:
    """Dots of each colour at places (n, 2), for pictures of any size."""
    for colour, places in dotted:
        pen = QPen(colour, 2 * radius)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPoints(arrayToQPolygonF(places[:, 0], places[:, 1]))


def _half(radius: float) -> float:
    return float(int(radius + 3))


def shades_of(y: np.ndarray, classes: int | None, reach: float) -> tuple[np.ndarray, Sequence[QColor]]:
    """Which colour each target has, and the colours: its class, or where it lies from -reach to reach."""
    return _shades_of(np.asarray(y, float).tobytes(), classes, reach, theme())


@lru_cache(16)  # the same examples are drawn in every picture
def _shades_of(numbers: bytes, classes: int | None, reach: float, _: Theme) -> tuple[np.ndarray, tuple[QColor, ...]]:
    y = np.frombuffer(numbers)
    if classes is not None:
        which, colours = y.astype(int) % max(1, classes), [class_colour(i) for i in range(max(1, classes))]
    else:
        ramp = diverging(256)
        level = np.nan_to_num(np.clip(y / (2 * reach) + 0.5, 0, 1), nan=0.5)
        colours = [QColor(*map(int, ramp[round(i * 255 / (SHADES - 1))])) for i in range(SHADES)]
        which = np.rint(level * (SHADES - 1)).astype(int)
    which.flags.writeable = False
    return which, tuple(colours)


def draw_class_key(
    painter: QPainter, fonts: Fonts, rect: QRectF, classes: int | None, names: Sequence[str], rings: bool
) -> None:
    """What colours, dots and rings mean, in as many words as there is room for."""
    parts: list[tuple[QColor | None, str]] = []
    if classes is not None:
        parts = [(class_colour(i), names[i] if i < len(names) else str(i)) for i in range(classes)]
    said = ["dots training, rings validation", "rings validation", ""] if rings else [""]
    wide = [fonts.width([words]) + 22 for _, words in parts]
    fitting = (words for words in said if sum(wide) + fonts.width([words]) <= rect.width())
    tail = next(fitting, None)
    if tail is None:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(fonts.words)
    x, middle = rect.left(), rect.center().y()
    for (colour, words), width in zip(parts, wide, strict=True):
        draw_dot(painter, QPointF(x + 4, middle), 3.2, colour, QColor(theme().rim), True)
        painter.setPen(QColor(theme().faint))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(x + 11, rect.top(), width, rect.height()), flags, words)
        x += width
    painter.setPen(QColor(theme().faint))
    painter.drawText(QRectF(x, rect.top(), rect.right() - x, rect.height()), Qt.AlignmentFlag.AlignVCenter, tail)
    painter.restore()
