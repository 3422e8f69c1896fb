"""The pictures of one unit: its map, its weights, its outputs by class, the examples that drive it."""

from collections.abc import Sequence
from math import isfinite

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF, QTransform

from engine.probes.neuron import Answers, Driven, Links
from netviz.theme import class_colour, mix, theme
from netviz.widgets.cells import draw_cells
from netviz.widgets.example_list import class_name, picture_of
from netviz.widgets.kept import Kept
from netviz.widgets.many import lay_tiles
from netviz.widgets.marks import Fonts
from netviz.widgets.matrix import painted
from netviz.widgets.plane import Bounds, Palette, draw_ticks, place
from netviz.widgets.ticks import figure, linear_ticks, percent, signed

NARROWEST = 3.0  # pixels of a bar; where there is no room, weights are cells
MOST_NAMED = 16  # bars with a name each
GRADIENT = 0.3  # of the height of a row of weights
MIDDLE = Qt.AlignmentFlag.AlignVCenter
LEFT, RIGHT = MIDDLE | Qt.AlignmentFlag.AlignLeft, MIDDLE | Qt.AlignmentFlag.AlignRight
MARK = 14.0  # pixels of an example's mark on the map, with its rim
UP, DOWN = (QPolygonF([QPointF(0, tip), QPointF(-4, -tip * 0.7), QPointF(4, -tip * 0.7)]) for tip in (-4.5, 4.5))


def reach_of(values: np.ndarray) -> float:
    """The largest size of a finite number among `values`; 1 where all are 0."""
    size = np.abs(values)
    most = float(size.max(initial=0.0))
    return (most if isfinite(most) else float(size[np.isfinite(size)].max(initial=0.0))) or 1.0


# The map over the input plane


def map_image(values: np.ndarray, middle: float, reach: float) -> QImage:
    """Orange above `middle`, blue below, red where there is no number; x₂ upwards."""
    pixels = np.ascontiguousarray(painted(np.asarray(values, float)[::-1] - middle, reach, Palette.of_theme(0).signs))
    height, width = pixels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()


class Triangles:
    """▲ and ▼, painted once and then laid where they belong."""

    def __init__(self) -> None:
        self._sheet: Kept[QPixmap] = Kept()

    def draw(self, painter: QPainter, at: np.ndarray, up: int, ratio: float) -> None:
        """The first `up` of the places `at` (n, 2) with ▲, the others with ▼."""
        sheet = self._sheet.of((theme(), ratio), lambda: self._painted(ratio))
        lay_tiles(painter, at - MARK / 2, sheet, (np.arange(len(at)) >= up).astype(int), ratio)

    def _painted(self, ratio: float) -> QPixmap:
        """Side by side, in the screen's pixels."""
        side = round(MARK * ratio)
        made = QPixmap(2 * side, side)
        made.fill(Qt.GlobalColor.transparent)
        with QPainter(made) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(QColor(theme().text))
            for number, mark in enumerate((UP, DOWN)):
                painter.setTransform(QTransform(ratio, 0, 0, ratio, (number + 0.5) * side, side / 2))
                for pen in (QPen(QColor(theme().rim), 2.4), QPen(Qt.PenStyle.NoPen)):
                    painter.setPen(pen)
                    painter.drawPolygon(mark)
        return made


def draw_map(
    painter: QPainter,
    square: QRectF,
    bounds: Bounds,
    image: QImage,
    driven: Sequence[Driven],
    up: int,
    triangles: Triangles,
    ratio: float,
) -> None:
    """The map with the examples that drive the unit: the first `up` of `driven` as ▲, the others as ▼."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(square, image)
    if driven:
        painter.setClipRect(square)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        triangles.draw(painter, place(bounds, square, np.array([one.x[:2] for one in driven], float)), up, ratio)
    painter.restore()
    painter.setPen(QPen(QColor(theme().line), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(square)


def draw_map_ticks(painter: QPainter, fonts: Fonts, square: QRectF, bounds: Bounds) -> None:
    """The numbers beside a map, where there is room for them."""
    if square.width() >= 110:
        draw_ticks(painter, fonts, square, bounds)


# Weights


def draw_weights(painter: QPainter, square: QRectF, values: np.ndarray, sides: tuple[int, int]) -> None:
    """Numbers that belong to the pixels of a picture: blue below 0, orange above."""
    pixels = np.ascontiguousarray(painted(values.reshape(sides), reach_of(values), Palette.of_theme(0).signs))
    painter.drawImage(square, QImage(pixels.data, sides[1], sides[0], 4 * sides[1], QImage.Format.Format_RGB32))
    painter.setPen(QPen(QColor(theme().line), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(square)


def split_links(area: QRectF) -> tuple[QRectF, QRectF]:
    """Where weights are drawn and, below them, their gradients."""
    high = max(5.0, area.height() * GRADIENT)
    return area.adjusted(0, 0, 0, -high - 3), QRectF(area.left(), area.bottom() - high, area.width(), high)


def draw_links(painter: QPainter, fonts: Fonts, area: QRectF, links: Links) -> None:
    """A bar for each weight, or cells where they are many; below them ∂L/∂w of the same, on a scale of its own."""
    values, gradient = np.asarray(links.values), np.asarray(links.gradient)
    if 0 < len(links.names) == len(values) <= MOST_NAMED and area.height() >= len(values) * fonts.line * 0.8:
        _draw_named(painter, fonts, area, links)
        return
    upper, lower = split_links(area)
    if upper.width() / len(values) >= NARROWEST:
        _draw_bars(painter, upper, values)
        _draw_bars(painter, lower, gradient)
        return
    ramp = Palette.of_theme(0).signs
    draw_cells(painter, upper, values, reach_of(values), ramp)
    draw_cells(painter, lower, gradient, reach_of(gradient), ramp)


def _draw_bars(painter: QPainter, area: QRectF, values: np.ndarray) -> None:
    t, reach, wide = theme(), reach_of(values), area.width() / len(values)
    zero, gap = area.center().y(), 1.0 if wide >= 5 else 0.0
    wide_enough = min(wide - gap, 40.0)
    for i, value in enumerate(values.tolist()):
        colour = QColor(t.orange if value > 0 else t.blue) if np.isfinite(value) else QColor(t.red)
        high = area.height() / 2 * (min(abs(value) / reach, 1.0) if np.isfinite(value) else 1.0)
        left = area.left() + i * wide + (wide - wide_enough) / 2
        if value:
            painter.fillRect(QRectF(left, zero - high if value > 0 else zero, wide_enough, max(high, 0.75)), colour)
    painter.setPen(QPen(QColor(t.line), 1))
    painter.drawLine(QPointF(area.left(), zero), QPointF(area.right(), zero))


def _draw_named(painter: QPainter, fonts: Fonts, area: QRectF, links: Links) -> None:
    """A line a feature: its name, its weight as a bar from the middle, the gradient as a thin one below it."""
    t, values, gradient = theme(), np.asarray(links.values), np.asarray(links.gradient)
    high = min(area.height() / len(values), fonts.line * 1.6)
    name_width = min(fonts.width(links.names) + 6, area.width() * 0.45)
    figures = fonts.figure_metrics.horizontalAdvance("−0.000") + 6
    room = QRectF(area.left() + name_width, area.top(), max(8.0, area.width() - name_width - figures), 0)
    zero, half = room.center().x(), room.width() / 2
    for i, name in enumerate(links.names):
        row = QRectF(area.left(), area.top() + i * high, area.width(), high)
        painter.setFont(fonts.words)
        painter.setPen(QColor(t.faint))
        painter.drawText(QRectF(row.left(), row.top(), name_width, high), LEFT, fonts.shortened(name, name_width - 6))
        for value, reach, top, thick in (
            (float(values[i]), reach_of(values), 0.18, 0.42),
            (float(gradient[i]), reach_of(gradient), 0.66, 0.16),
        ):
            long = half * (value / reach) if np.isfinite(value) else half
            colour = QColor(t.red) if not np.isfinite(value) else QColor(t.orange if value > 0 else t.blue)
            bar = QRectF(zero, row.top() + high * top, long, max(1.5, high * thick)).normalized()
            painter.fillRect(bar, colour)
        painter.setFont(fonts.figures)
        painter.setPen(QColor(t.text))
        painter.drawText(
            QRectF(row.right() - figures, row.top(), figures, high), RIGHT, figure(float(values[i])).strip()
        )
    painter.setPen(QPen(QColor(t.line), 1))
    painter.drawLine(QPointF(zero, area.top()), QPointF(zero, area.top() + high * len(values)))


def weight_at(area: QRectF, links: Links, at: QPointF, fonts: Fonts) -> int | None:
    """The number of the weight under the mouse, where each has a bar of its own."""
    count = len(links.values)
    if 0 < len(links.names) == count <= MOST_NAMED and area.height() >= count * fonts.line * 0.8:
        high = min(area.height() / count, fonts.line * 1.6)
        row = int((at.y() - area.top()) / high)
        return row if row < count else None
    if area.width() / count < NARROWEST:
        return None
    return min(count - 1, int((at.x() - area.left()) / area.width() * count))


# Outputs by class


def draw_answers(painter: QPainter, fonts: Fonts, area: QRectF, told: Answers, neutral: QColor) -> None:
    """Stacked bars, a colour a class, even from `low` to `high`; exact zeros as a bar of their own with their share."""
    t, foot = theme(), QRectF(area.left(), area.bottom() - fonts.line, area.width(), fonts.line)
    body = area.adjusted(0, 0, 0, -fonts.line)
    counts, zeros = np.asarray(told.counts), np.asarray(told.zeros)
    columns, exact = np.add.reduce(counts, axis=0).tolist(), int(np.add.reduce(zeros))
    total = sum(columns) + exact + told.lost
    left, wide = body.left(), body.width() / len(columns)
    thick, high = max(1.0, wide - 0.6), body.height() / max(1, *columns)
    floors, fill = [body.bottom()] * len(columns), painter.fillRect
    for k, row in enumerate(counts.tolist()):
        colour = class_colour(k) if len(counts) > 1 else neutral
        for i, count in enumerate(row):
            if count:
                floors[i] -= count * high
                fill(QRectF(left + i * wide, floors[i], thick, count * high), colour)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(fonts.words)
    if exact and told.low <= 0 <= told.high:
        _draw_zeros(painter, fonts, body, told, total, neutral)
    painter.setPen(QPen(QColor(t.line), 1))
    painter.drawLine(body.bottomLeft(), body.bottomRight())
    painter.setFont(fonts.figures)
    painter.setPen(QColor(t.faint))
    for value, text in linear_ticks(told.low, told.high, max(2, int(area.width() / 60))):
        x = body.left() + (value - told.low) / (told.high - told.low) * body.width()
        width = fonts.figures_wide(text) + 2
        left = min(max(x - width / 2, area.left()), area.right() - width)
        painter.drawText(QRectF(left, foot.top(), width, foot.height()), Qt.AlignmentFlag.AlignCenter, text)


def _draw_zeros(painter: QPainter, fonts: Fonts, body: QRectF, told: Answers, total: int, neutral: QColor) -> None:
    zeros = np.asarray(told.zeros).tolist()
    every = sum(zeros)
    x = body.left() + (0 - told.low) / (told.high - told.low) * body.width()
    bar = QRectF(min(max(x - 2.5, body.left()), body.right() - 5), body.top(), 5, body.height())
    bottom = bar.bottom()
    for k, count in enumerate(zeros):
        high = count / every * bar.height()
        painter.fillRect(QRectF(bar.left(), bottom - high, 5, high), class_colour(k) if len(zeros) > 1 else neutral)
        bottom -= high
    painter.setPen(QPen(QColor(theme().text), 1))
    painter.drawRect(bar)
    words = f"{percent(every / max(1, total)).strip()} zeros"
    width = fonts.width([words]) + 4
    right = bar.right() + 3 + width <= body.right()
    box = QRectF(bar.right() + 3 if right else bar.left() - 3 - width, body.top(), width, fonts.line)
    painter.drawText(box, LEFT if right else RIGHT, words)


# The examples that drive it


def draw_driven(
    painter: QPainter, fonts: Fonts, row: QRectF, words: str, driven: Sequence[Driven], names: Sequence[str] | None
) -> None:
    """One line of examples behind `words`; `names` of the classes, None where targets are numbers."""
    t, lead = theme(), fonts.width(["highest", "lowest"]) + 8
    painter.setFont(fonts.words)
    painter.setPen(QColor(t.faint))
    painter.drawText(QRectF(row.left(), row.top(), lead, row.height()), LEFT, words)
    for one, box in places_of(fonts, row, driven):
        picture = picture_of(one)
        if picture is not None:
            x, y, wide, high = box.getRect()
            side = min(wide, high)
            painter.drawImage(QRectF(x, y, side, side), picture)
            if names is not None:
                painter.fillRect(QRectF(x, y + side, side, 2), class_colour(int(one.truth)))
            continue
        left = box.left()
        if names is not None:
            painter.fillRect(QRectF(left, box.center().y() - 4, 4, 8), class_colour(int(one.truth)))
            left += 7
        painter.setFont(fonts.figures)
        painter.setPen(QColor(t.text))
        painter.drawText(QRectF(left, box.top(), box.right() - left, box.height()), LEFT, figure(one.value).strip())


def places_of(fonts: Fonts, row: QRectF, driven: Sequence[Driven]) -> list[tuple[Driven, QRectF]]:
    """The examples that there is room for, each in its place."""
    lead = fonts.width(["highest", "lowest"]) + 8
    pictured = bool(driven) and picture_of(driven[0]) is not None
    wide = row.height() if pictured else fonts.figure_metrics.horizontalAdvance("−0.000") + 16
    count = max(0, int((row.width() - lead) // wide))
    return [
        (one, QRectF(row.left() + lead + i * wide, row.top(), wide - 3, row.height() - (3 if pictured else 0)))
        for i, one in enumerate(driven[:count])
    ]


def driven_in_words(one: Driven, names: Sequence[str] | None) -> str:
    truth = f"target {one.truth:.3g}" if names is None else f"class {class_name(int(one.truth), tuple(names))}"
    return signed(f"training example {one.index + 1}, {truth}: output {one.value:.4g}")


def ground(share: float) -> QColor:
    """Of bars that are of no class."""
    return mix(theme().faint, theme().card, share)
