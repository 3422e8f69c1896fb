"""How gates and states are spread at each step: heat maps of histograms, and each unit by how often it is saturated."""

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.probes.through_time import NEAR, SweepInTime, ThroughTimeAnswer, TimeMap
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.theme import theme
from netviz.widgets.gate_maps import MEANING, GateMaps, PlacedMap, steps_in_words
from netviz.widgets.heat import paint_pixels, share_colours
from netviz.widgets.marks import draw_head, draw_spot
from netviz.widgets.plane import GRASP
from netviz.widgets.ticks import percent, signed, whole

NARROWEST = 160.0  # pixels of a column that has room for units beside the steps
LARGEST = 110.0  # of the square of units
DOT = 2.2


class GateSpreads(GateMaps):
    """The same layer's gates: values up, steps across, the share of units and examples as colour.

    At the right a dot for each unit: across the share of steps near the low end, up that near the high one.
    """

    def placed(self, rect: QRectF) -> Iterator[PlacedMap]:
        side = self._side(rect)
        for one in super().placed(rect):
            one.area.setRight(one.area.right() - side - (6 if side else 0))
            yield one

    def _side(self, rect: QRectF) -> float:
        """Of the squares of units, alike in all lanes; 0 where there is no room."""
        most = [len(s.maps) for lane in self.history.lanes if (s := self.sweep_of(lane)) is not None]
        found = self._columns(rect)
        if not most or not found or found[0].body.width() < NARROWEST:
            return 0.0
        each = (found[0].body.height() - 2 * self.fonts.line - 4) / max(most) - self.fonts.line - 3
        return max(0.0, min(each, LARGEST, found[0].body.width() / 3))

    def square(self, one: PlacedMap) -> QRectF:
        """Where the units of a map are; empty where it has no ends, or there is no room."""
        side = self._side(QRectF(self.rect()))
        if not side or one.map.spread.left is None:
            return QRectF()
        return QRectF(one.area.right() + 6, one.area.top(), side, min(side, one.area.height()))

    def units(self, one: PlacedMap) -> np.ndarray:
        """(units, 2) pixels of the dots."""
        square, spread = self.square(one), one.map.spread
        if square.isEmpty():
            return np.zeros((0, 2))
        across = square.left() + np.asarray(spread.left, float) * square.width()
        return np.stack([across, square.bottom() - np.asarray(spread.right, float) * square.height()], axis=1)

    def pixels(self, one: TimeMap) -> np.ndarray:
        """(BINS, columns) uint32, the highest bin at the top."""
        counts = np.asarray(one.spread.counts, float)
        return share_colours(counts[::-1] / np.maximum(counts.sum(axis=0), 1))

    def _draw_map(self, painter: QPainter, one: PlacedMap) -> None:
        t, area, spread = theme(), one.area, one.map.spread
        paint_pixels(painter, area, self.pixels(one.map))
        painter.setPen(QPen(QColor(t.line), 1))
        painter.drawRect(area)
        if spread.left is not None:
            faint = QColor(t.faint)
            faint.setAlphaF(0.6)
            painter.setPen(QPen(faint, 1, Qt.PenStyle.DotLine))
            for value in (spread.low + NEAR, spread.high - NEAR):
                y = area.bottom() - (value - spread.low) / (spread.high - spread.low) * area.height()
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        draw_head(painter, self.fonts, one.head, "", one.lane, saturated_in_words(one.map))
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(t.text))
        text = f"{one.map.name}  {MEANING.get(one.map.name, '')}"
        painter.drawText(one.head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        self._draw_units(painter, one)

    def _draw_units(self, painter: QPainter, one: PlacedMap) -> None:
        square, t = self.square(one), theme()
        if square.isEmpty():
            return
        painter.save()
        painter.fillRect(square, QColor(t.raised))
        painter.setPen(QPen(QColor(t.line), 1))
        painter.drawRect(square)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawLine(square.topLeft(), square.bottomRight())  # nothing is near both ends at once
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.amber))
        for x, y in self.units(one).tolist():
            painter.drawEllipse(QPointF(x, y), DOT, DOT)
        painter.restore()

    def captions(self, sweep: SweepInTime, answer: ThroughTimeAnswer) -> tuple[str, ...]:
        return spread_captions(sweep, answer)

    def _unit_at(self, place: QPointF) -> tuple[PlacedMap, int] | None:
        """The unit whose dot is nearest, counted in its layer."""
        for one in self.placed(QRectF(self.rect())):
            dots = self.units(one)
            if len(dots) and self.square(one).adjusted(-3, -3, 3, 3).contains(place):
                away = np.hypot(*(dots - [place.x(), place.y()]).T)
                if away.min() <= GRASP:
                    return one, int(away.argmin())
        return None

    def mark_at(self, place: QPointF) -> Mark:
        found = self._unit_at(place)
        if found is not None:
            one, number = found
            lane = one.lane if len(self.history.lanes) > 1 else None
            return Mark(one.sweep.node, number * one.map.spread.every, lane)
        areas = (one for one in self.placed(QRectF(self.rect())) if one.area.contains(place))
        return next((Mark(one.sweep.node) for one in areas), NOTHING)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        unit = cursor.mark.unit
        for one in self.placed(rect):
            dots, every = self.units(one), one.map.spread.every
            if one.sweep.node in cursor.layers and unit is not None and not unit % every and unit // every < len(dots):
                draw_spot(painter, QPointF(*dots[unit // every].tolist()), GRASP - 2)

    def tip(self, place: QPointF) -> str:
        found = self._unit_at(place)
        if found is not None:
            one, number = found
            spread = one.map.spread
            left, right = (percent(float(s[number])).strip() for s in (spread.left, spread.right))
            low, high = ends_of(one.map)
            return f"{one.map.name} of unit {number * spread.every + 1}: {left} of its time {low}, {right} {high}"
        for one in self.placed(QRectF(self.rect())):
            answer = self.history.lanes[one.lane].through_time
            if one.area.contains(place) and answer is not None:
                return self._bin_in_words(one, answer, place)
        return ""

    def _bin_in_words(self, one: PlacedMap, answer: ThroughTimeAnswer, place: QPointF) -> str:
        spread, area = one.map.spread, one.area
        counts = np.asarray(spread.counts)
        bins, columns = counts.shape
        column = min(columns - 1, int((place.x() - area.left()) / area.width() * columns))
        level = min(bins - 1, int((area.bottom() - place.y()) / area.height() * bins))
        wide = (spread.high - spread.low) / bins
        low = spread.low + level * wide
        share = percent(counts[level, column] / max(1, counts[:, column].sum())).strip()
        at = steps_in_words(column, answer.block, len(one.sweep.gradient)).removesuffix(", mean")
        return signed(f"{one.map.name}, {at}: {share} from {low:.3g} to {low + wide:.3g}")


def ends_of(one: TimeMap) -> tuple[str, str]:
    """In words: what counts as saturated."""
    spread = one.spread
    return signed(f"below {spread.low + NEAR:g}"), f"above {spread.high - NEAR:g}"


def saturated_in_words(one: TimeMap) -> str:
    """How much is near each end, or how far it goes."""
    spread = one.spread
    lost = f", {whole(spread.lost)} no numbers" if spread.lost else ""
    if spread.left is None or spread.right is None:
        return signed(f"{spread.low:.3g} to {spread.high:.3g}") + lost
    left, right = (percent(float(np.mean(share)), 0).strip() for share in (spread.left, spread.right))
    low, high = ends_of(one)
    return f"{left} {low}, {right} {high}{lost}"


def spread_captions(sweep: SweepInTime, answer: ThroughTimeAnswer) -> tuple[str, ...]:
    """What is looked at, in several lengths, the longest first."""
    spread = sweep.maps[0].spread
    units = (
        f"{whole(sweep.units)} units" if spread.every == 1 else f"every {spread.every}th of {whole(sweep.units)} units"
    )
    steps = "steps" if answer.block == 1 else f"{answer.block} steps each"
    of = f"of {units} and {spread.examples} examples"
    dots = "dots: units, → share of time near the low end, ↑ near the high one"
    return (
        f"values (up) × {steps} (across), brighter: more {of}; {dots}",
        f"values × {steps} {of}; {dots}",
        f"values × {steps} {of}",
        f"values × {steps}",
        "",
    )
