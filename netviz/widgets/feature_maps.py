"""A picture in every lane's network: itself, where the loss looks, and each layer's maps or filters as tiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter

from engine.probes.maps import LayerFilters, LayerMaps, MapsAnswer
from netviz import theme
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import Column, columns, draw_head, draw_lit
from netviz.widgets.ticks import figure, percent
from netviz.widgets.tiles import draw_signed, draw_values, reach_of, shown

MAPS, FILTERS = "maps", "filters"
TILE_GAP = 2.0
SMALLEST, LARGEST = 10.0, 96.0  # pixels of a tile's side
FACES = 0.34  # of the height, at most, for the picture and what is made of it
WIDE = 3.0  # times as wide as high: a signal


@dataclass(frozen=True, slots=True)
class Tile:
    """A small picture in its place; `unit` is the first unit of a map, None of what belongs to no map."""

    lane: int
    node: str
    number: int
    unit: int | None
    area: QRectF
    values: np.ndarray  # (height, width), or (3, height, width)
    reach: float  # full colour; 0 of what is in grey or in colours of its own
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """A layer's tiles, those that there is room for, all of one size and on one scale."""

    lane: int
    layer: LayerMaps | LayerFilters
    view: str
    areas: tuple[QRectF, ...]
    values: np.ndarray  # (tiles, height, width)
    reach: float

    def tiles(self) -> Iterator[Tile]:
        """One by one, with words: for what is pointed at."""
        layer = self.layer
        per = 1 if self.view == MAPS else np.asarray(layer.values).shape[1]
        counted, size = isinstance(layer, LayerMaps) and not layer.steps, self.values.shape[1] * self.values.shape[2]
        for n, (area, values) in enumerate(zip(self.areas, self.values, strict=True)):
            number, seen = divmod(n, per)
            what = f"map {number + 1} of {layer.total}"
            if self.view == FILTERS:
                what = f"filter {number + 1} of {layer.total}, of map {seen + 1}"
            unit = number * size if counted else None
            yield Tile(self.lane, layer.node, number, unit, area, values, self.reach, f"{layer.node}, {what}")


class FeatureMaps(Canvas):
    covers: ClassVar[bool] = True

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history, self.view = history, MAPS
        self._kept_places: tuple[object, list[Tile | Row], list[tuple[QRectF, str]]] | None = None
        self._kept_tiles: list[Tile] | None = None  # of these
        self.follow(history.cursor, "layer", "unit")

    def sizeHint(self) -> QSize:
        return QSize(360, 360)

    def update(self, *area: object) -> None:
        self._kept_places = self._kept_tiles = None
        super().update(*area)

    # The places

    def _columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def placed(self, rect: QRectF) -> tuple[list[Tile], list[tuple[QRectF, str]]]:
        """Every tile of every lane in its place, and the words beside them."""
        found, words = self._laid(rect)
        if self._kept_tiles is None:
            self._kept_tiles = [tile for one in found for tile in (one.tiles() if isinstance(one, Row) else (one,))]
        return self._kept_tiles, words

    def _laid(self, rect: QRectF) -> tuple[list[Tile | Row], list[tuple[QRectF, str]]]:
        """The same, layers as a whole: a tile by itself is asked for under the mouse alone."""
        known = (rect.width(), rect.height(), self.view)
        if self._kept_places is None or self._kept_places[0] != known:
            tiles: list[Tile | Row] = []
            words: list[tuple[QRectF, str]] = []
            for i, (column, lane) in enumerate(zip(self._columns(rect), self.history.lanes, strict=True)):
                if lane.maps is not None and not lane.maps.reason:
                    below = self._faces(i, lane.maps, column.body, tiles, words)
                    self._layers(i, lane.maps, below, tiles, words)
            self._kept_places, self._kept_tiles = (known, tiles, words), None
        return self._kept_places[1], self._kept_places[2]

    def _faces(
        self, lane: int, answer: MapsAnswer, body: QRectF, tiles: list[Tile | Row], words: list[tuple[QRectF, str]]
    ) -> QRectF:
        """The picture, its saliency, and the step that fools; returns the room below."""
        line, gap = self.fonts.line, 8.0
        side = max(SMALLEST, min(body.height() * FACES - line, (body.width() - 2 * gap) / 3, 1.5 * LARGEST))
        place = QRectF(body.left(), body.top(), side, side)
        assert answer.x is not None
        signal = np.asarray(answer.x).shape[1] == 1
        faces = [("signal" if signal else "picture", np.asarray(answer.x), 0.0, self._said(answer))]
        if answer.saliency is not None:
            together = np.asarray(answer.saliency).sum(axis=0)
            faces.append(("∂ℓ/∂x", together, reach_of(together), "what each pixel would change of its loss"))
        if answer.adversary is not None:
            fooled = answer.adversary
            sure = percent(fooled.share, 0).strip()
            told = f"a step of {figure(fooled.step).strip()} each pixel ({sure}): class {fooled.decided}"
            faces.append((f"→ class {fooled.decided} at {sure}", np.asarray(fooled.x), 0.0, told))
        for number, (name, values, reach, told) in enumerate(faces):
            face = shown(values)
            tiles.append(Tile(lane, "", number, None, QRectF(place), face, reach_of(face) if signal else reach, told))
            words.append((QRectF(place.left(), place.bottom(), side + gap, line), name))
            place.translate(side + gap, 0)
        top = body.top() + side + line + 4
        return QRectF(body.left(), top, body.width(), max(0.0, body.bottom() - top))

    def _said(self, answer: MapsAnswer) -> str:
        truth = "" if answer.label is None else f"class {answer.label}"
        decided = "" if answer.decided is None else f"decided {answer.decided}"
        loss = "" if answer.loss is None else f"loss {figure(answer.loss).strip()}"
        return ", ".join(filter(None, (truth, decided, loss)))

    def _layers(
        self,
        lane: int,
        answer: MapsAnswer,
        room: QRectF,
        tiles: list[Tile | Row],
        words: list[tuple[QRectF, str]],
    ) -> None:
        """A row for each layer: as many tiles as there is room for, all on the layer's own scale."""
        rows = answer.layers if self.view == MAPS else answer.filters
        if not rows or room.height() <= 0:
            return
        height, name_width = room.height() / len(rows), self.fonts.width([row.node for row in rows]) + 8
        for k, row in enumerate(rows):
            pictures = np.asarray(row.values)
            flat = pictures.reshape(-1, *pictures.shape[-2:])
            area = QRectF(room.left() + name_width, room.top() + k * height, room.width() - name_width, height - 3)
            aspect = _width_of_signals(len(flat), area) if flat.shape[1] == 1 else flat.shape[2] / flat.shape[1]
            places = _tiling(len(flat), area.getRect(), aspect)
            high = places[-1].bottom() - area.top() if places else area.height()
            words.append((QRectF(room.left(), area.top(), name_width - 4, high), row.node))
            tiles.append(Row(lane, row, self.view, places, flat[: len(places)], reach_of(flat)))

    # The picture

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        found, words = self._laid(rect)
        heads = [(lane.info.name, lane.apart, lane.maps and lane.maps.reason) for lane in self.history.lanes]
        self.paint_behind(painter, rect, (heads, words), lambda inner: self._draw_words(inner, rect, words))
        for one in found:
            if isinstance(one, Tile):
                draw_values(painter, one.area, one.values, one.reach)
            elif one.values.shape[1] > 1:
                draw_signed(painter, one.areas, one.values, one.reach)
            else:  # as bars
                for area, values in zip(one.areas, one.values, strict=True):
                    draw_values(painter, area, values, one.reach)

    def _draw_words(self, painter: QPainter, rect: QRectF, words: list[tuple[QRectF, str]]) -> None:
        """Names of networks, pictures and layers."""
        for i, (column, lane) in enumerate(zip(self._columns(rect), self.history.lanes, strict=True)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=lane.apart)
            if lane.maps is not None and lane.maps.reason:
                painter.setPen(QColor(theme.theme().faint))
                flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
                painter.drawText(column.body, flags, lane.maps.reason)
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme.theme().faint))
        for area, text in words:
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(area, flags, self.fonts.shortened(text, area.width()))

    def _at(self, place: QPointF) -> Tile | None:
        return next((tile for tile in self.placed(QRectF(self.rect()))[0] if tile.area.contains(place)), None)

    def tip(self, place: QPointF) -> str:
        tile = self._at(place)
        if tile is None:
            return ""
        return f"{tile.words}: {_spread(tile.values)}" if tile.node else tile.words

    def mark_at(self, place: QPointF) -> Mark:
        tile = self._at(place)
        return NOTHING if tile is None or not tile.node else Mark(tile.node, tile.unit)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        for tile in self.placed(rect)[0]:
            size = tile.values.shape[-2] * tile.values.shape[-1]
            inside = cursor.mark.unit is not None and tile.unit is not None and 0 <= cursor.mark.unit - tile.unit < size
            if tile.node and tile.node == cursor.mark.layer and inside:
                draw_lit(painter, tile.area)


def _width_of_signals(count: int, area: QRectF) -> float:
    """How many times as wide as high: below one another over all the width, where there is room for all."""
    each = area.height() / count - TILE_GAP
    return max(WIDE, (area.width() - TILE_GAP - 1) / min(each, LARGEST)) if each >= SMALLEST else WIDE


@lru_cache(256)  # they stay from picture to picture
def _tiling(count: int, room: tuple[float, float, float, float], aspect: float) -> tuple[QRectF, ...]:
    """Places for the first of `count` tiles, `aspect` times as wide as high, as large as lets all of them in."""
    area, best = QRectF(*room), (0, SMALLEST)
    for rows in range(1, max(1, int(area.height() // SMALLEST)) + 1):
        high = min(area.height() / rows - TILE_GAP, LARGEST)
        columns_ = int(area.width() // (high * aspect + TILE_GAP))
        if high >= SMALLEST and (rows * columns_ >= count or rows * columns_ > best[0]):
            best = rows * columns_, high
            if rows * columns_ >= count:
                break
    high = best[1]
    across = max(1, int(area.width() // (high * aspect + TILE_GAP)))
    down = max(1, int(area.height() // (high + TILE_GAP)))
    step_x, step_y = high * aspect + TILE_GAP, high + TILE_GAP
    return tuple(
        QRectF(area.left() + n % across * step_x, area.top() + n // across * step_y, high * aspect, high)
        for n in range(min(count, across * down))
    )


def _spread(values: np.ndarray) -> str:
    return f"{figure(float(values.min())).strip()} to {figure(float(values.max())).strip()}"
