"""The live pictures that boxes hold: maps of units, the decision, the examples, a histogram."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from engine.probes.histograms import LayerHistogram
from engine.probes.units import UnitMaps
from engine.run.messages import Points
from netviz import theme
from netviz.widgets.example_input import picture_shape
from netviz.widgets.plane import Bounds, Palette, place, point_colours
from netviz.widgets.ridges import Span, ridge, total
from netviz.widgets.ticks import percent, signed

LEAST_SIDE = 16.0  # pixels of a unit's map
GAP = 2.0  # between maps
MOST_TILES = 12  # in a box
MOST_DOTS = 300
DOT = 1.1  # pixels from the middle to the rim
ZERO_BAR = 3.0  # pixels wide


class Picture(Protocol):
    """What a box holds; painted into its rectangle, from the left upper corner of which it may start anywhere."""

    @property
    def words(self) -> str: ...

    def paint(self, painter: QPainter, rect: QRectF) -> None: ...


class Tiled(ABC):
    """A picture of squares that it fills wholly; what lies round and over them stays while these change."""

    __slots__ = ()

    @property
    @abstractmethod
    def still(self) -> tuple[object, ...]:
        """All that the places of the squares depend on, and what is painted over them."""

    @abstractmethod
    def squares(self, rect: QRectF, sharp: float = 1.0) -> Sequence[QRectF]:
        """The places of the squares; on pixels, of which `sharp` are as long as 1 is here."""

    @abstractmethod
    def fill(self, painter: QPainter, rect: QRectF) -> None:
        """Paints the squares alone."""

    @abstractmethod
    def frame(self, painter: QPainter, rect: QRectF) -> None:
        """Paints what lies over the squares and beside them."""

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        self.fill(painter, rect)
        self.frame(painter, rect)


def tiling(width: float, height: float, units: int) -> tuple[int, int, float]:
    """(columns, rows, side) of squares for `units`, as large as fit; fewer where they would be too small to be seen."""
    across, down = (max(1, int((length + GAP) // (LEAST_SIDE + GAP))) for length in (width, height))
    count = max(1, min(units, MOST_TILES, across * down))
    best = (1, 1, 0.0)
    for rows in range(1, min(count, down) + 1):
        columns = -(-count // rows)
        side = min((width + GAP) / columns, (height + GAP) / rows) - GAP
        if columns <= across and side > best[2]:
            best = columns, rows, side
    columns, rows, side = best
    return columns, rows, max(4.0, float(int(side)))


@dataclass(frozen=True, slots=True, eq=False)
class Maps(Tiled):
    """Units over the input plane, side by side; `image` holds them one below the other."""

    image: QImage
    shown: int
    units: int
    words: str

    @property
    def still(self) -> tuple[object, ...]:
        return self.shown, self.units

    def tiles(self, rect: QRectF, sharp: float = 1.0) -> Sequence[QRectF]:
        """The places of the maps, and last of the number of those that have none; on pixels, `sharp` to one here."""
        wanted = self.units if self.shown >= self.units else self.shown + 1
        return _squares(*rect.getRect(), wanted, sharp)

    def squares(self, rect: QRectF, sharp: float = 1.0) -> Sequence[QRectF]:
        return self.placed(rect, sharp)[0]

    def placed(self, rect: QRectF, sharp: float = 1.0) -> tuple[Sequence[QRectF], QRectF]:
        """The places of the maps, and that of the number of units that have none: empty where all have one."""
        tiles = self.tiles(rect, sharp)
        if self.units <= min(len(tiles), self.shown):
            return tiles, QRectF()
        maps = min(self.shown, len(tiles) - 1)
        return tiles[:maps], tiles[maps]

    def fill(self, painter: QPainter, rect: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        draw, image = painter.drawImage, self.image
        for tile, part in zip(self.squares(rect, sharpness(painter)), _parts(image.width()), strict=False):
            draw(tile, image, part)

    def frame(self, painter: QPainter, rect: QRectF) -> None:
        maps, more = self.placed(rect, sharpness(painter))
        frame(painter, maps)
        if not more.isEmpty():
            _write_more(painter, more, self.units - len(maps))


@lru_cache(16)
def _parts(size: int) -> tuple[QRectF, ...]:
    """Where each map is in an image of as many as a box holds."""
    return tuple(QRectF(0, i * size, size, size) for i in range(MOST_TILES))


@lru_cache(256)
def _squares(left: float, top: float, width: float, height: float, wanted: int, sharp: float) -> tuple[QRectF, ...]:
    """Where `wanted` squares lie, or as many as there is room for; the same for every answer."""
    columns, rows, side = tiling(width, height, wanted)
    step = side + GAP
    count = min(wanted, columns * rows)
    columns = min(columns, count)
    x = left + int((width - columns * step + GAP) / 2)
    y = top + int((height - -(-count // columns) * step + GAP) / 2)
    corners = ((x + i % columns * step, y + i // columns * step) for i in range(count))
    return tuple(on_pixels(QRectF(*corner, side, side), sharp) for corner in corners)


def sharpness(painter: QPainter) -> float:
    """How many pixels are as long as 1 is here."""
    return float(painter.deviceTransform().m11())


def on_pixels(rect: QRectF, sharp: float) -> QRectF:
    """From edge to edge of pixels, of which `sharp` are as long as 1 is here."""
    left, top, right, bottom = (round(edge * sharp) / sharp for edge in rect.getCoords())
    return QRectF(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True, eq=False)
class Decision(Tiled):
    """What the network decides over the input plane."""

    image: QImage
    words: str

    @property
    def still(self) -> tuple[object, ...]:
        return ()

    def squares(self, rect: QRectF, sharp: float = 1.0) -> Sequence[QRectF]:
        return (on_pixels(middle_square(rect), sharp),)

    def fill(self, painter: QPainter, rect: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.squares(rect, sharpness(painter))[0], self.image)

    def frame(self, painter: QPainter, rect: QRectF) -> None:
        frame(painter, self.squares(rect, sharpness(painter)))


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The training examples in the plane, as small dots."""

    points: Points
    bounds: Bounds
    words: str

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        square = on_pixels(middle_square(rect), sharpness(painter))
        x, y = np.asarray(self.points.x)[:MOST_DOTS], np.asarray(self.points.y)[:MOST_DOTS]
        reach = float(np.abs(y).max(initial=0.0)) or 1.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for (across, down), colour in zip(
            place(self.bounds, square, x), point_colours(self.points, y, reach), strict=True
        ):
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(across, down), DOT, DOT)
        frame(painter, [square])


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The first training examples: a square each where their numbers make one, as images do, else a row each."""

    examples: np.ndarray  # (n, features)
    shape: tuple[int, ...]  # of one
    words: str

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        x, sides = np.asarray(self.examples, float), picture_shape(self.shape, float(np.min(self.examples, initial=0)))
        if sides is not None and sides[0] * sides[1] == x.shape[1]:
            self._paint_squares(painter, rect, x, *sides)
            return
        painter.drawImage(rect.adjusted(0, 1, 0, -1), _grey(x, x.min(axis=0), x.max(axis=0)))
        frame(painter, [rect.adjusted(0, 1, 0, -1)])

    def _paint_squares(self, painter: QPainter, rect: QRectF, x: np.ndarray, high: int, wide: int) -> None:
        columns, rows, tile = tiling(rect.width(), rect.height(), len(x))
        count, step = min(len(x), columns * rows), tile + GAP
        image = _grey(x[:count].reshape(-1, wide), x.min(), x.max())
        left = rect.left() + int((rect.width() - columns * step + GAP) / 2)
        top = rect.top() + int((rect.height() - rows * step + GAP) / 2)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, high > tile)
        for i in range(count):
            square = QRectF(left + i % columns * step, top + i // columns * step, tile, tile)
            painter.drawImage(square, image, QRectF(0, i * high, wide, high))


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How a layer's outputs are spread; the bar at 0 holds the exact zeros."""

    histogram: LayerHistogram
    span: Span
    colour: QColor
    words: str

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        area, h = rect.adjusted(0, 1, 0, -1), self.histogram
        places, heights = ridge(h, self.span)
        if len(places):
            shape = arrayToQPolygonF(area.left() + places * area.width(), area.bottom() - heights * area.height())
            body = QColor(self.colour)
            body.setAlphaF(0.45 if theme.theme().name == "dark" else 0.35)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(body)
            painter.drawPolygon(shape)  # its rim lies under the line, and a smooth one takes 20 times as long
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.colour, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(shape)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.colour, 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        count = total(h)
        if h.zeros and count:
            x = area.left() + float(self.span.share(0.0)) * area.width()
            high = max(1.0, h.zeros / count * area.height())
            painter.fillRect(QRectF(x - ZERO_BAR / 2, area.bottom() - high, ZERO_BAR, high), QColor(theme.theme().text))
        if h.nan + h.infinite:
            painter.fillRect(QRectF(area.left(), area.top(), area.width(), 2), QColor(theme.theme().red))


def alike(one: Picture | None, other: Picture | None) -> bool:
    """Whether both look the same and say the same: units that learn slowly keep their colours for many answers."""
    if isinstance(one, Maps) and isinstance(other, Maps):
        said = (one.shown, one.units, one.words) == (other.shown, other.units, other.words)
    else:
        said = isinstance(one, Decision) and isinstance(other, Decision) and one.words == other.words
    return one is other or (said and one.image == other.image)


def _grey(values: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> QImage:
    """From the window's colour at `low` to that of its text at `high`."""
    width = np.where(np.asarray(high) > low, np.asarray(high) - low, 1)
    share = np.nan_to_num(np.clip((values - low) / width, 0, 1))[..., None]
    t = theme.theme()
    ends = [np.array(QColor(colour).getRgb()[:3], float) for colour in (t.window, t.text)]
    rgb = np.ascontiguousarray(np.rint(ends[0] + (ends[1] - ends[0]) * share).astype(np.uint8))
    height, across = values.shape
    return QImage(rgb.data, across, height, 3 * across, QImage.Format.Format_RGB888).copy()


def maps(layers: Sequence[UnitMaps], scales: Sequence[tuple[float, float]], palette: Palette) -> list[Maps]:
    """Orange above the middle, blue below, full colour the reach away from it; red where there is no number.

    `scales` holds the middle and the reach of each layer. All are made at once: they are small arrays, which take
    longer to be asked for than to be computed.
    """
    counts = [len(layer.values) for layer in layers]
    middle, reach = np.repeat(np.array(scales, np.float32), counts, axis=0).T[..., None, None]
    values = np.concatenate([layer.values for layer in layers])[:, ::-1]
    with np.errstate(all="ignore"):
        shares = np.clip((values - middle) / (2 * reach) + 0.5, 0, 1) * 255
    finite = np.isfinite(values)
    if finite.all():
        pixels = palette.signs[shares.astype(np.uint8)]
    else:
        pixels = palette.signs[np.where(finite, shares, 0).astype(np.uint8)]
        pixels[~finite] = QColor(theme.theme().red).rgb()
    parts = np.split(np.ascontiguousarray(pixels), np.cumsum(counts)[:-1])
    return [_maps(layer, part, *scale) for layer, part, scale in zip(layers, parts, scales, strict=True)]


def _maps(layer: UnitMaps, pixels: np.ndarray, middle: float, reach: float) -> Maps:
    shown, height, width = pixels.shape
    image = QImage(pixels.data, width, shown * height, 4 * width, QImage.Format.Format_RGB32).copy()
    which = "unit" if layer.units == 1 else f"{layer.units} units" if shown == layer.units else _first(layer)
    words = f"{layer.node}: {which} over the input plane, blue {middle - reach:g}, orange {middle + reach:g}"
    return Maps(image, shown, layer.units, signed(words))


def _first(layer: UnitMaps) -> str:
    return f"the first of {layer.units} units"


def spread(histogram: LayerHistogram, span: Span, colour: QColor) -> Spread:
    h, count = histogram, max(1, total(histogram))
    words = f"{h.node}: outputs from {h.least:.3g} to {h.most:.3g}"
    if h.zeros:
        words += f", {percent(h.zeros / count).strip()} zeros"
    if h.nan + h.infinite:
        words += f", {h.nan + h.infinite} not finite"
    return Spread(histogram, span, colour, signed(words))


def middle_square(rect: QRectF) -> QRectF:
    side = float(int(min(rect.width(), rect.height())))
    left, top = rect.left() + (rect.width() - side) / 2, rect.top() + (rect.height() - side) / 2
    return QRectF(float(int(left)), float(int(top)), side, side)


def frame(painter: QPainter, squares: Sequence[QRectF]) -> None:
    """A hairline round each, so that what is nowhere far from 0 is still seen to be there."""
    ratio = sharpness(painter)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(_hairline(theme.theme().line))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # Away from where pixels meet: what the ratio leaves of a half is rounded now up, now down.
    near, far = 0.25 / ratio, 0.75 / ratio
    painter.drawRects([square.adjusted(near, near, -far, -far) for square in squares])


@lru_cache(8)
def _hairline(colour: str) -> QPen:
    return QPen(QColor(colour), 0)


def _write_more(painter: QPainter, tile: QRectF, more: int) -> None:
    text = f"+{more}" if more < 1000 else f"+{more // 1000}k"
    painter.setFont(_fitted(text, tile.width(), theme.scaled(1.0), theme.small().family()))
    painter.setPen(QColor(theme.theme().faint))
    painter.drawText(tile.adjusted(-GAP, 0, GAP, 0), Qt.AlignmentFlag.AlignCenter, text)


@lru_cache(64)
def _fitted(text: str, room: float, scale: float, family: str) -> QFont:
    """The font in which `text` fits, as letters are now."""
    font = theme.small()
    width = QFontMetricsF(font).horizontalAdvance(text)
    if width > room:
        font.setPointSizeF(max(5.0, font.pointSizeF() * room / width))
    return font
