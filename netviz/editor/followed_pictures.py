"""One example on boxes and wires: a cell for each unit, blue negative, orange positive, its number where it fits."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from engine.probes.follow import FollowedNode
from netviz import theme
from netviz.editor.routing import Route
from netviz.theme import scaled
from netviz.widgets.cells import NARROWEST, draw_cells
from netviz.widgets.ledger import number

# Pixels at the usual size of letters.
LEAST_WIDE, LEAST_HIGH = 34.0, 12.0  # of a cell with a number in it
MOST_HIGH = 26.0
TWO_LINES = 25.0  # of a cell from which the gradient has a line below the value
FIGURES = 3
ON_WIRES = 2  # figures of a number there
STRIP = 16  # units of a wire that are drawn
SIDE = 5.0  # of such a unit, where the wire is long enough for all
PORT = 8.0  # at a wire's end
GRADIENT = "∂"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A node's values; `gradients` are written below them where there is room."""

    values: np.ndarray
    gradients: np.ndarray | None
    units: int
    sides: tuple[int, int] | None  # height and width of what is a picture
    chosen: int | None
    words: str

    @classmethod
    def of(
        cls, node: FollowedNode, chosen: int | None, backward: bool, sides: tuple[int, int] | None = None
    ) -> "Cells":
        """`sides` of what can be a picture; it is one where all of its pixels are there."""
        values = np.asarray(node.values, np.float64)
        if sides is not None and sides[0] * sides[1] != len(values):
            sides = None
        gradients = np.asarray(node.gradients) if node.gradients is not None and backward else None
        words = f"{node.node}: " + ", ".join(number(float(value), FIGURES) for value in values[:8])
        words += f", … of {node.units} units" if node.units > 8 else ""
        if gradients is not None:
            words += f"\n∂L/∂{node.node}: " + ", ".join(number(float(value), FIGURES) for value in gradients[:8])
            words += ", …" if node.units > 8 else ""
        return cls(values, gradients, node.units, sides, chosen, words)

    @property
    def reach(self) -> float:
        """What full colour means."""
        finite = self.values[np.isfinite(self.values)]
        return float(np.abs(finite).max(initial=0.0)) or 1.0

    def tiles(self, rect: QRectF) -> list[QRectF]:
        """A place for each unit; none where there are too many for a cell each."""
        count = len(self.values)
        if self.sides is not None:
            high, wide = self.sides
            side = min(rect.width() / wide, rect.height() / high)
            left = rect.left() + (rect.width() - side * wide) / 2
            return [QRectF(left + i % wide * side, rect.top() + i // wide * side, side, side) for i in range(count)]
        down = max(1, int(rect.height() // scaled(LEAST_HIGH)))
        columns = ceil(count / down)
        if rect.width() / columns < scaled(LEAST_WIDE):
            return self._small(rect)
        rows = ceil(count / columns)
        most = scaled(MOST_HIGH) * (2 if rows == 1 else 1)
        wide, high = rect.width() / columns, min(most, rect.height() / rows)
        top = rect.top() + (rect.height() - rows * high) / 2
        return [
            QRectF(rect.left() + i % columns * wide, top + i // columns * high, wide - 1, high - 1)
            for i in range(count)
        ]

    def _small(self, rect: QRectF) -> list[QRectF]:
        """Cells without numbers, as near to squares as fill the place."""
        count, best, columns = len(self.values), 0.0, 1
        for rows in range(1, count + 1):
            across = ceil(count / rows)
            side = min(rect.width() / across, rect.height() / rows)
            if side <= best:
                break
            best, columns = side, across
        if best < NARROWEST:
            return []
        wide, high = rect.width() / columns, rect.height() / ceil(count / columns)
        return [
            QRectF(rect.left() + i % columns * wide, rect.top() + i // columns * high, wide, high) for i in range(count)
        ]

    def unit_at(self, rect: QRectF, place: QPointF) -> int | None:
        return next((i for i, tile in enumerate(self.tiles(rect)) if tile.contains(place)), None)

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        ramp, tiles = ramp_of(theme.theme().name), self.tiles(rect)
        numbered = bool(tiles) and self.sides is None and tiles[0].width() >= scaled(LEAST_WIDE) - 1
        if not tiles:
            colours = np.array([QColor(*row).rgb() for row in ramp.tolist()], np.uint32)
            draw_cells(painter, rect, self.values, self.reach, colours)
        for i, tile in enumerate(tiles):
            colour = colour_of(float(self.values[i]), self.reach, ramp)
            painter.fillRect(tile, colour)
            if numbered:
                self._write(painter, tile, i, theme.ink_on(colour))
        self._frame(painter, rect, tiles)

    def _write(self, painter: QPainter, tile: QRectF, unit: int, ink: QColor) -> None:
        lines = [number(float(self.values[unit]), FIGURES)]
        if self.gradients is not None and tile.height() >= scaled(TWO_LINES) and unit < len(self.gradients):
            lines.append(f"{GRADIENT} {number(float(self.gradients[unit]), FIGURES)}")
        font = small_figures(min(1.0, (tile.height() / len(lines)) / scaled(LEAST_HIGH)))
        painter.setFont(font)
        painter.setPen(ink)
        for index, text in enumerate(lines):
            high = tile.height() / len(lines)
            row = QRectF(tile.left() + 2, tile.top() + index * high, tile.width() - 4, high)
            painter.drawText(row, Qt.AlignmentFlag.AlignCenter, text)

    def _frame(self, painter: QPainter, rect: QRectF, tiles: list[QRectF]) -> None:
        t = theme.theme()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(t.line), 0))
        for tile in tiles:
            painter.drawRect(tile)
        if self.chosen is not None and self.chosen < len(tiles):
            painter.setPen(QPen(QColor(t.accent), 2))
            painter.drawRect(tiles[self.chosen].adjusted(1, 1, -1, -1))


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """What runs along a wire: one number is written, several are a row of cells; below it what comes back."""

    values: np.ndarray | None
    returned: np.ndarray | None
    units: int
    lit: bool

    def _texts(self) -> list[str]:
        if self.units != 1:
            return []
        made = [] if self.values is None else [number(float(self.values[0]), ON_WIRES)]
        return made if self.returned is None else [*made, f"{GRADIENT}{number(float(self.returned[0]), ON_WIRES)}"]

    def _rows(self) -> list[np.ndarray]:
        return [] if self.units == 1 else [row[:STRIP] for row in (self.values, self.returned) if row is not None]

    def side(self, route: Route) -> float:
        """The width of a cell: a row of them is no longer than its wire, or it would hide the boxes at its ends."""
        most = max(map(len, self._rows()), default=1)
        return min(SIDE, max(1.0, (route.path.boundingRect().width() - 2 * PORT) / most))

    def rect(self, route: Route) -> QRectF:
        middle, texts, rows = route.middle, self._texts(), self._rows()
        measure, side = QFontMetricsF(small_figures()), self.side(route)
        wide = max([measure.horizontalAdvance(text) for text in texts] + [side * len(row) for row in rows], default=0.0)
        high = measure.height() * len(texts) + (SIDE + 1) * len(rows)
        top = middle.y() + 4 if route.below else middle.y() - 5 - high
        return QRectF(middle.x() - wide / 2 - 3, top - 1, wide + 6, high + 2)

    def paint(self, painter: QPainter, route: Route) -> None:
        t, room = theme.theme(), self.rect(route)
        texts, rows = self._texts(), self._rows()
        if texts or rows:
            ground = QColor(t.window)
            ground.setAlphaF(0.8)
            painter.fillRect(room, ground)
        painter.setFont(small_figures())
        for index, text in enumerate(texts):
            high = (room.height() - 2) / len(texts)
            painter.setPen(QColor(t.green if text.startswith(GRADIENT) else t.accent if self.lit else t.text))
            line = QRectF(room.left(), room.top() + 1 + index * high, room.width(), high)
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)
        ramp, side = ramp_of(theme.theme().name), self.side(route)
        for index, row in enumerate(rows):
            finite = row[np.isfinite(row)]
            reach = float(np.abs(finite).max(initial=0.0)) or 1.0
            for i, value in enumerate(row.tolist()):
                left = room.center().x() + (i - len(row) / 2) * side
                at = QRectF(left, room.top() + 1 + index * (SIDE + 1), max(1.0, side - 1), SIDE)
                painter.fillRect(at, colour_of(value, reach, ramp))


@lru_cache(2)
def ramp_of(name: str) -> np.ndarray:
    """The signs' colours in the theme of this name, which is in use."""
    return theme.diverging()


def colour_of(value: float, reach: float, ramp: np.ndarray) -> QColor:
    """Full colour at ±reach; red for what is no number."""
    if not np.isfinite(value):
        return QColor(theme.theme().red)
    share = min(1.0, max(0.0, value / (2 * reach) + 0.5))
    return QColor(*(int(part) for part in ramp[round(share * (len(ramp) - 1))]))


def small_figures(share: float = 1.0) -> QFont:
    font = theme.figures()
    font.setPointSizeF(max(5.0, (font.pointSizeF() - 1) * share))
    return font
