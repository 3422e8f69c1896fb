"""Shares of saturated and dead units of each activation over the steps, as strips: a column for each lane."""

from collections.abc import Iterator
from math import nan
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import depth_colour, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import NO_ACTIVATION, RIGHT, backed, columns, draw_head, draw_lit, draw_step
from netviz.widgets.shades import clipped
from netviz.widgets.strips import Strip, colours, strip_pixels
from netviz.widgets.ticks import percent, whole

TALLEST = 84.0  # of a strip
KEYED = 8.0  # lines of words: a picture that is lower has no line for the key
DEAD = 0.32  # of a strip's height shows dead units
SHARES = ("saturated_fraction", "dead_fraction")
WIDEST = percent(1.0, 0)


class ShareStrips(Canvas):
    """All lanes' strips, a column for each lane."""

    covers: ClassVar[bool] = True

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self._strips: list[Strip] = []
        self._placed_for: tuple[object, ...] = ()
        self._made = 0  # how often they were placed
        self.follow(history.cursor, "layer", "step")

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    def strips(self, rect: QRectF) -> list[Strip]:
        """Every strip in its place, which is the same from answer to answer."""
        looks = [(lane.info, lane.apart) for lane in self.history.lanes]
        placed_for = rect.getRect(), self.fonts, looks
        if placed_for != self._placed_for:
            self._placed_for, self._strips = placed_for, self._placed(rect)
            self._made += 1
        return self._strips

    def _placed(self, rect: QRectF) -> list[Strip]:
        lanes, line = self.history.lanes, self.fonts.line
        inner = self._inner(rect)
        made = []
        for i, column in enumerate(columns(inner, [lane.info.name for lane in lanes], line + 2)):
            layers = lanes[i].activations()
            name_width = min(
                self.fonts.width([lanes[i].info.layers[j] for j in layers]) + 6, column.body.width() * 0.28
            )
            figure_width = self._figure_width(column.body.width())
            height = min(column.body.height() / max(1, len(layers)), TALLEST)
            for row, layer in enumerate(layers):
                top = column.body.top() + row * height
                area = QRectF(
                    column.body.left() + name_width,
                    top + min(2.0, height * 0.1),
                    max(4.0, column.body.width() - name_width - figure_width),
                    height - min(4.0, height * 0.2),
                )
                whole_row = QRectF(column.body.left(), top, column.body.width(), height)
                made.append(Strip(i, layer, area, whole_row))
        return made

    def _inner(self, rect: QRectF) -> QRectF:
        """Where strips are: above the steps, and where lanes stand side by side above the key, which all share."""
        line = self.fonts.line
        keyed = len(self.history.lanes) > 1 and rect.height() >= KEYED * line
        return rect.adjusted(0, 0, 0, -(2 * line if keyed else line) - 2)

    def _figure_width(self, width: float) -> float:
        advance = self.fonts.figures_wide(WIDEST) + 5
        return 2 * advance if width > 260 else advance if width > 110 else 0.0

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        strips = self.strips(rect)
        feet, keys = self._feet(rect, strips)
        still = [(foot.getRect(), first) for foot, first, _ in feet], [key.getRect() for key in keys]

        def behind(inner: QPainter) -> None:
            self._paint_behind(inner, rect, strips)
            for foot, first, _ in feet:
                self._draw_step(inner, foot, Qt.AlignmentFlag.AlignLeft, first)
            for key in keys:
                self._draw_key(inner, key)

        self.paint_behind(painter, rect, (self._made, still), behind)
        amber, red = colours(theme().raised, theme().amber), colours(theme().raised, theme().red)
        for i, lane in enumerate(self.history.lanes):
            mine = [strip for strip in strips if strip.lane == i]
            if mine and len(lane.layers):
                self._draw_lane(painter, lane, mine, amber, red)
        painter.setFont(self.fonts.figures)
        for strip in self._named(strips):
            self._draw_figures(painter, strip, *_latest(self.history.lanes[strip.lane], strip.layer))
        for foot, _, last in feet:
            self._draw_step(painter, foot, Qt.AlignmentFlag.AlignRight, last)

    def _paint_behind(self, painter: QPainter, rect: QRectF, strips: list[Strip]) -> None:
        """Names of networks and layers."""
        lanes, line = self.history.lanes, self.fonts.line
        painter.fillRect(rect, QColor(theme().card))
        inner = self._inner(rect)
        for i, column in enumerate(columns(inner, [lane.info.name for lane in lanes], line + 2)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            if not lanes[i].activations():
                painter.setFont(self.fonts.words)
                painter.setPen(QColor(theme().faint))
                flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
                painter.drawText(column.body, flags, NO_ACTIVATION)
        self._draw_names(painter, strips)

    def _draw_lane(
        self, painter: QPainter, lane: LaneHistory, mine: list[Strip], amber: np.ndarray, red: np.ndarray
    ) -> None:
        """From one picture, a line of pixels for each strip: saturated units, and below them dead ones."""
        pixels = max(4, round(mine[0].area.width() * self.ratio))
        numbers = [strip.layer for strip in mine]
        wanted = [lane.column(i, name) for name in SHARES for i in numbers]
        shares = np.ascontiguousarray(strip_pixels(lane.layers.steps, lane.layers.mean[:, wanted], pixels))
        shares = clipped(shares)
        levels = (shares * 255).astype(np.uint8)
        count, some = len(mine), shares.max(axis=1) > 0
        lines = np.concatenate([amber[levels[:count]], red[levels[count:]]])
        image = QImage(lines.data, pixels, 2 * count, 4 * pixels, QImage.Format.Format_RGB32)
        dead = some[count:].tolist()
        for k, strip in enumerate(mine):
            painter.drawImage(strip.area, image, QRectF(0, k, pixels, 1))
            if dead[k]:
                area = QRectF(strip.area)
                area.setTop(area.bottom() - area.height() * DEAD)
                painter.drawImage(area, image, QRectF(0, k + count, pixels, 1))

    def _named(self, strips: list[Strip]) -> Iterator[Strip]:
        """The strips beside which there is room for a line of words."""
        lane, last_row = -1, -100.0
        apart = self.fonts.line * 0.9
        for strip in strips:
            if strip.lane != lane:
                lane, last_row = strip.lane, -100.0
            middle = strip.area.center().y()
            if middle - last_row >= apart:
                last_row = middle
                yield strip

    def _draw_names(self, painter: QPainter, strips: list[Strip]) -> None:
        for strip in self._named(strips):
            history, middle, high = self.history.lanes[strip.lane], strip.area.center().y(), self.fonts.line
            box = QRectF(strip.row.left(), middle - high / 2, strip.area.left() - strip.row.left() - 5, high)
            painter.setFont(self.fonts.words)
            painter.setPen(depth_colour(strip.layer, len(history.info.layers)))
            name = history.info.layers[strip.layer]
            text = self.fonts.shortened(name, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _figures_of(self, strip: Strip) -> QRectF:
        """Where a strip's shares stand."""
        high, left = self.fonts.line, strip.area.right() + 2
        return QRectF(left, strip.area.center().y() - high / 2, strip.row.right() - left, high)

    def _draw_figures(self, painter: QPainter, strip: Strip, saturated: float, dead: float) -> None:
        """In the font of figures, which the painter has."""
        t, (_, top, wide, high) = theme(), self._figures_of(strip).getRect()
        if wide < 18:
            return
        advance = self.fonts.figures_wide(WIDEST) + 5
        left = strip.area.right()
        painter.setPen(QColor(t.text))
        painter.drawText(QRectF(left, top, advance, high), RIGHT, percent(saturated, 0))
        if strip.row.right() - left >= 2 * advance:
            painter.setPen(QColor(t.red if dead > 0 else t.faint))
            painter.drawText(QRectF(left + advance, top, advance, high), RIGHT, percent(dead, 0))

    def _feet(self, rect: QRectF, strips: list[Strip]) -> tuple[list[tuple[QRectF, str, str]], list[QRectF]]:
        """Below the strips of each lane the first step, where there is room for it, and the last; and the keys."""
        line, wide = self.fonts.line, self.fonts.figures_wide
        y = min(rect.bottom() - line, max((strip.row.bottom() for strip in strips), default=0.0) + 2)
        feet, keys = [], []
        for strip in {strip.lane: strip for strip in reversed(strips)}.values():
            steps = self.history.lanes[strip.lane].layers.steps
            if not len(steps):
                continue
            box = QRectF(strip.area.left(), y, strip.area.width(), line)
            first, last = whole(steps[0]), whole(steps[-1])
            left, right = wide(first), wide(last)
            feet.append((box, first if first != last and left + right + 10 < box.width() else "", last))
            if len(self.history.lanes) == 1:
                keys.append(box.adjusted(left + 14, 0, -right - 14, 0))
        if strips and len(self.history.lanes) > 1 and y + 2 * line <= rect.bottom() + 2:
            keys.append(QRectF(rect.left(), y + line, rect.width(), line))
        return feet, keys

    def _draw_step(self, painter: QPainter, foot: QRectF, align: Qt.AlignmentFlag, text: str) -> None:
        painter.setFont(self.fonts.figures)
        painter.setPen(QColor(theme().faint))
        painter.drawText(foot, align, text)

    def _draw_key(self, painter: QPainter, free: QRectF) -> None:
        """What the colours mean, where there is room."""
        words = (("saturated", theme().amber), ("dead", theme().red))
        wide = [self.fonts.width([word]) + 14 for word, _ in words]
        if sum(wide) + 12 > free.width():
            return
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        x = free.center().x() - (sum(wide) + 12) / 2
        for (word, colour), width in zip(words, wide, strict=True):
            painter.fillRect(QRectF(x, free.center().y() - 3, 9, 7), QColor(colour))
            painter.drawText(QRectF(x + 13, free.top(), width, free.height()), Qt.AlignmentFlag.AlignLeft, word)
            x += width + 12

    def _at(self, strip: Strip, step: float) -> int | None:
        """The bucket that is drawn at a step; None where the strip has none."""
        steps = self.history.lanes[strip.lane].layers.steps
        if not len(steps) or not steps[0] <= step <= steps[-1]:
            return None
        return int(np.searchsorted(steps, step, "right")) - 1

    def _shares(self, strip: Strip, at: int) -> list[float]:
        lane = self.history.lanes[strip.lane]
        return [float(lane.layers.mean[at, lane.column(strip.layer, name)]) for name in SHARES]

    def _under(self, place: QPointF) -> tuple[Strip, int] | None:
        for strip in self.strips(QRectF(self.rect())):
            steps = self.history.lanes[strip.lane].layers.steps
            if strip.area.contains(place) and len(steps):
                share = (place.x() - strip.area.left()) / strip.area.width()
                at = self._at(strip, float(steps[0] + share * (steps[-1] - steps[0])))
                return None if at is None else (strip, at)
        return None

    def mark_at(self, place: QPointF) -> Mark:
        found = self._under(place)
        if found is None:
            return NOTHING
        strip, at = found
        lane = self.history.lanes[strip.lane]
        number = strip.lane if len(self.history.lanes) > 1 else None
        return Mark(lane.info.layers[strip.layer], lane=number, step=float(lane.layers.steps[at]))

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        """A frame round the layer's strips; at the step a line, and its shares instead of the latest."""
        strips, step, layers = self.strips(rect), cursor.mark.step, cursor.layers
        for strip in strips:
            at = None if step is None else self._at(strip, step)
            if step is not None and at is not None:
                steps = self.history.lanes[strip.lane].layers.steps
                x = strip.area.left() + (step - steps[0]) / max(1.0, steps[-1] - steps[0]) * strip.area.width()
                draw_step(painter, x, strip.area.top(), strip.area.bottom(), pinned=step == cursor.pinned.step)
            if self.history.lanes[strip.lane].info.layers[strip.layer] in layers:
                draw_lit(painter, strip.area.adjusted(-1, -1, 1, 1))
        for strip in self._named(strips) if step is not None else ():
            at = self._at(strip, float(step or 0.0))
            if at is not None:
                painter.setFont(self.fonts.figures)
                backed(painter, self._figures_of(strip), 1.0)
                self._draw_figures(painter, strip, *self._shares(strip, at))

    def tip(self, place: QPointF) -> str:
        found = self._under(place)
        if found is None:
            return ""
        strip, at = found
        lane = self.history.lanes[strip.lane]
        saturated, dead = (percent(value).strip() for value in self._shares(strip, at))
        step = whole(lane.layers.steps[at])
        return f"{lane.info.layers[strip.layer]} at step {step}: {saturated} saturated, {dead} dead"


def latest(lane: LaneHistory, layer: int, name: str) -> float:
    return float(lane.layers.last[-1, lane.column(layer, name)]) if len(lane.layers) else float("nan")


def _latest(lane: LaneHistory, layer: int) -> tuple[float, float]:
    """Both shares."""
    if not len(lane.layers):
        return nan, nan
    row = lane.layers.last[-1]
    saturated, dead = (row.item(lane.column(layer, name)) for name in SHARES)
    return saturated, dead
