"""Gates and states of a recurrent layer over the steps: one heat map under the other, a column for each lane."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from engine.probes.through_time import SweepInTime, ThroughTimeAnswer, TimeMap
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import Column, columns, draw_head, draw_lit, draw_note
from netviz.widgets.matrix import painted
from netviz.widgets.plane import Palette
from netviz.widgets.shades import clipped
from netviz.widgets.strips import colours
from netviz.widgets.ticks import Reach, linear_ticks, signed, whole
from netviz.widgets.time_curves import called

MEANING = {
    "i": "input gate",
    "f": "forget gate",
    "o": "output gate",
    "r": "reset gate",
    "z": "update gate",
    "g": "new content",
    "n": "new state",
    "c": "cell",
    "h": "state",
}
LEAST = 6.0  # pixels of a map's height


@dataclass(frozen=True, slots=True)
class PlacedMap:
    """A map and where it is drawn; `head` is the line of words above it."""

    lane: int
    sweep: SweepInTime
    map: TimeMap
    head: QRectF
    area: QRectF

    def cell(self, place: QPointF) -> tuple[int, int]:
        """Unit and column under a place of `area`."""
        units, across = self.map.values.shape
        unit = min(units - 1, int((place.y() - self.area.top()) / self.area.height() * units))
        return unit, min(across - 1, int((place.x() - self.area.left()) / self.area.width() * across))

    def row(self, unit: int) -> QRectF:
        high = self.area.height() / len(self.map.values)
        return QRectF(self.area.left(), self.area.top() + unit * high, self.area.width(), high)


class GateMaps(Canvas):
    """The maps of the sweep called `name` in every lane: gates from shut to open, all else blue below 0 and orange."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history, self.name = history, ""
        self._reaches: dict[str, Reach] = {}
        self.follow(history.cursor, "layer", "unit")

    def sizeHint(self) -> QSize:
        return QSize(320, 260)

    def forget(self) -> None:
        """The colours' reach is chosen anew."""
        self._reaches.clear()

    def sweep_of(self, lane: LaneHistory) -> SweepInTime | None:
        answer = lane.through_time
        found = answer.sweeps if answer is not None else ()
        return next((s for s in found if answer is not None and called(answer, s) == self.name), None)

    def placed(self, rect: QRectF) -> Iterator[PlacedMap]:
        line = self.fonts.line
        for i, (column, lane) in enumerate(zip(self._columns(rect), self.history.lanes, strict=True)):
            sweep = self.sweep_of(lane)
            if sweep is None:
                continue
            room = column.body.height() - 2 * line - 4
            each = room / len(sweep.maps)
            for k, one in enumerate(sweep.maps):
                top = column.body.top() + k * each
                head = QRectF(column.body.left(), top, column.body.width(), line)
                high = max(LEAST, each - line - 3)
                yield PlacedMap(i, sweep, one, head, QRectF(column.body.left(), top + line, column.body.width(), high))

    def _columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def reach(self, name: str) -> float:
        """What full colour means for a map of both signs, in all lanes."""
        found = [1.0]
        for lane in self.history.lanes:
            sweep = self.sweep_of(lane)
            for one in sweep.maps if sweep is not None else ():
                if one.name == name:
                    size = np.abs(one.values)
                    found.append(float(size[np.isfinite(size)].max(initial=0.0)))
        return self._reaches.setdefault(name, Reach(1.0)).take(max(found))

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        placed: dict[int, list[PlacedMap]] = {}
        for one in self.placed(rect):
            placed.setdefault(one.lane, []).append(one)
        for i, (column, lane) in enumerate(zip(self._columns(rect), self.history.lanes, strict=True)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            if i not in placed:
                draw_note(painter, self.fonts, column.body, f"There is no {self.name} here." if self.name else "")
                continue
            for one in placed[i]:
                self._draw_map(painter, one)
            assert lane.through_time is not None
            self._draw_foot(painter, column, placed[i][-1], lane.through_time)

    def pixels(self, one: TimeMap) -> np.ndarray:
        """(units, columns) uint32."""
        if not one.is_gate:
            return painted(np.asarray(one.values), self.reach(one.name), Palette.of_theme(0).signs)
        found = colours(theme().neutral, theme().amber)[np.rint(clipped(one.values) * 255).astype(int)]
        found[~np.isfinite(one.values)] = QColor(theme().red).rgb()
        return found

    def _draw_map(self, painter: QPainter, one: PlacedMap) -> None:
        found = np.ascontiguousarray(self.pixels(one.map))
        units, across = found.shape
        image = QImage(found.data, across, units, 4 * across, QImage.Format.Format_RGB32)
        painter.drawImage(one.area, image)
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.drawRect(one.area)
        ends = "0 to 1" if one.map.is_gate else signed(f"±{self.reach(one.map.name):g}")
        draw_head(painter, self.fonts, one.head, "", one.lane, f"mean {signed(f'{one.map.mean:.3g}')}, colours {ends}")
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().text))
        text = f"{one.map.name}  {MEANING.get(one.map.name, '')}"
        painter.drawText(one.head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_foot(self, painter: QPainter, column: Column, last: PlacedMap, answer: ThroughTimeAnswer) -> None:
        """The steps along the last map, and what rows and columns are."""
        line, area = self.fonts.line, last.area
        metrics, steps = self.fonts.figure_metrics, len(last.sweep.gradient)
        painter.setFont(self.fonts.figures)
        painter.setPen(QColor(theme().faint))
        for value, text in linear_ticks(0.0, max(1.0, steps - 1.0), max(2, int(area.width() // 60)), 1.0):
            middle = area.left() + (value + 0.5) / steps * area.width()
            half = metrics.horizontalAdvance(text) / 2 + 1
            middle = min(max(middle, area.left() + half), area.right() - half)
            box = QRectF(middle - half, area.bottom() + 2, 2 * half, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.setFont(self.fonts.words)
        box = QRectF(column.body.left(), area.bottom() + 2 + line, column.body.width(), line)
        text = next((t for t in self.captions(last.sweep, answer) if self.fonts.width([t]) <= box.width()), "")
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, text)

    def captions(self, sweep: SweepInTime, answer: ThroughTimeAnswer) -> tuple[str, ...]:
        """What the last line may say, the longest first."""
        return captions(sweep, answer)

    def mark_at(self, place: QPointF) -> Mark:
        for one in self.placed(QRectF(self.rect())):
            if one.area.contains(place):
                lane = one.lane if len(self.history.lanes) > 1 else None
                return Mark(one.sweep.node, one.cell(place)[0], lane)
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        unit = cursor.mark.unit
        for one in self.placed(rect):
            if one.sweep.node in cursor.layers and unit is not None and unit < len(one.map.values):
                draw_lit(painter, one.row(unit).adjusted(-1, -1, 1, 1))

    def tip(self, place: QPointF) -> str:
        for one in self.placed(QRectF(self.rect())):
            answer = self.history.lanes[one.lane].through_time
            if one.area.contains(place) and answer is not None:
                unit, column = one.cell(place)
                value = signed(f"{one.map.values[unit, column]:.3g}")
                at = steps_in_words(column, answer.block, len(one.sweep.gradient))
                return f"{one.map.name} of unit {unit + 1}, {at}: {value}"
        return ""


def steps_in_words(column: int, block: int, steps: int) -> str:
    """Steps are counted from 0, as along the axis."""
    first, last = column * block, min((column + 1) * block, steps) - 1
    return f"step {first}" if first == last else f"steps {first} to {last}, mean"


def captions(sweep: SweepInTime, answer: ThroughTimeAnswer) -> tuple[str, ...]:
    """What rows and columns are, in several lengths, the longest first."""
    shown = len(sweep.maps[0].values)
    units = f"{sweep.units} units" if shown == sweep.units else f"first {shown} of {whole(sweep.units)} units"
    steps = "steps" if answer.block == 1 else f"means of {answer.block} steps"
    of = f"mean of {answer.examples} training examples"
    return f"{units} (down) × {steps} (across); {of}", f"{units} × {steps}; {of}", f"{units} × {steps}", steps
