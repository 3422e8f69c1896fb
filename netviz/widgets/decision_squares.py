"""The decision on a square for each lane, with the examples; with the pencil a sheet to draw on."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QRegion

from engine.probes.boundary import BoundaryAnswer
from engine.probes.section import PlaneSection
from engine.run.messages import Points
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.drawn_points import DrawnPoints, draw_brush
from netviz.widgets.kept import Kept
from netviz.widgets.marks import Fonts, draw_figures, draw_name, draw_note, draw_spot, room_of_figures
from netviz.widgets.pencil import Pencil
from netviz.widgets.plane import (
    Bounds,
    Palette,
    decision_image,
    draw_ticks,
    nearest_spot,
    place,
    place_of,
    points_layer,
)
from netviz.widgets.plane_hand import PlaneHand
from netviz.widgets.section_bar import axes_of, captions
from netviz.widgets.ticks import Reach, percent, signed

ROWS_PAY = 0.85  # lanes stand side by side, as in other panels, unless rows make squares larger by a sixth
ROOM_FOR_TICKS = 110.0  # pixels of a square's side
SPOT = 6.0  # pixels from an example to the ring round it

TICK = "−0.0"  # the widest text at the plane of two inputs
APART = 14.0  # pixels, at least, between a lane's name and its figures, and from these to the next name
HEAD = 14.0  # lines' heights that name and figures are wide, if there is room beside a small square


NOWHERE: tuple[Fonts | None, QRegion] = (None, QRegion())


class DecisionSquares(Canvas):
    """A square for each lane; with the pencil each is a sheet to draw on."""

    covers: ClassVar[bool] = True

    put_away = Signal()

    def __init__(self, history: History, pencil: Pencil) -> None:
        super().__init__()
        self.history, self.pencil = history, pencil
        self._painted = NOWHERE  # the fonts with which squares were painted last, and where
        self.sharp = False  # plain regions, not faded by how sure the network is
        self._drawn = DrawnPoints()
        self._squares: Kept[list[tuple[QRectF, QRectF]]] = Kept()
        self._rounds: Kept[QRegion] = Kept()  # round these
        self._seen: dict[str, BoundaryAnswer] = {}  # while it is drawn, the last answers outlive their runs
        self._hand = PlaneHand(self, pencil, lambda: [square for _, square in self.squares(QRectF(self.rect()))])
        pencil.changed.connect(self.update)
        self.follow(history.cursor, "example")
        self.forget()

    def update(self, *area: object) -> None:
        """Squares that stand where they stood are painted anew, and not the buttons that lie over the rest."""
        place, around = self._painted
        stand = place is self.fonts and not self.note and not self.pencil.on and self.section() is None
        self._painted = self._painted if stand else NOWHERE
        super().update(*(area or ((around,) if stand else ())))

    def draw_with(self, on: bool) -> None:
        self._painted = NOWHERE
        self._seen.clear()
        self._hand.take(on)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 260)

    def forget(self) -> None:
        """Colours, examples and ranges are made anew."""
        self._palette: Palette | None = None
        self._layers: dict[tuple[object, ...], QPixmap] = {}
        self._reach = Reach(1e-3)
        self._drawn.forget()
        self._painted = NOWHERE
        self.update()

    def section(self) -> PlaneSection | None:
        """The plane through more than two inputs, the same for all lanes; None where the inputs are the plane."""
        found = (lane.boundary.section for lane in self.history.lanes if lane.boundary is not None)
        return next((section for section in found if section is not None), None)

    def points_of(self, answer: BoundaryAnswer | None) -> Points | None:
        """The examples as they lie on the plane."""
        section = None if answer is None else answer.section
        if section is None:
            return self.history.points
        return Points(section.x, section.y, section.x_val, section.y_val, section.classes)

    def squares(self, rect: QRectF) -> list[tuple[QRectF, QRectF]]:
        """Each lane's head and square: side by side, or in rows where that makes the squares larger."""
        count, cut = max(len(self.history.lanes), self.pencil.on), self.section() is not None
        return self._squares.of((rect.getRect(), self.fonts, count, cut), lambda: self._best_grid(rect, count, cut))

    def _best_grid(self, rect: QRectF, count: int, cut: bool) -> list[tuple[QRectF, QRectF]]:
        if cut:
            rect = rect.adjusted(0, 0, 0, -self.fonts.line)
        grids = [self._grid(rect, count, rows, cut) for rows in range(1, count + 1)]
        return (
            max(grids, key=lambda grid: grid[0][1].width() * (1.0 if grid is grids[0] else ROWS_PAY)) if grids else []
        )

    def _grid(self, rect: QRectF, count: int, rows: int, cut: bool) -> list[tuple[QRectF, QRectF]]:
        line, across = self.fonts.line, -(-count // rows)
        width, height = rect.width() / across, rect.height() / rows
        left = below = 0.0
        if min(width, height - line) >= ROOM_FOR_TICKS:
            widest = "−0000" if cut else TICK
            left, below = self.fonts.figures_wide(widest) + 6, line + 1
        side = max(4.0, float(int(min(width - left - 6, height - line - 4 - below))))
        made = []
        for i in range(count):
            x = rect.left() + (i % across) * width + left + (width - left - side) / 2
            y = rect.top() + (i // across) * height + (height - line - 3 - side - below) / 2
            square = QRectF(float(int(x)), float(int(y + line + 3)), side, side)
            beside = rect.left() + (i % across + 1) * width - APART - square.left()
            wide = max(side, min(HEAD * line, beside)) if count > 1 else side
            made.append((QRectF(square.left(), square.top() - line - 3, wide, line + 2), square))
        return made

    def _classes(self) -> int:
        answers = [lane.boundary for lane in self.history.lanes]
        told = [points.classes for points in map(self.points_of, answers) if points is not None]
        known = max([2, *(count for count in told if count is not None)])
        if self.pencil.on:
            known = max(known, self.pencil.drawing.classes or 2)
        seen = (lane.boundary.winners for lane in self.history.lanes if lane.boundary is not None)
        return max([known, *(int(np.max(w)) + 1 for w in seen if w is not None)])

    def _plain_reach(self) -> float:
        """What full colour means for plain numbers: the same for all lanes and for the examples."""
        ends = [
            float(np.nanmax(np.abs(lane.boundary.values), initial=0.0))
            for lane in self.history.lanes
            if lane.boundary is not None and lane.boundary.winners is None and not lane.boundary.probability
        ]
        return self._reach.take(max(ends)) if ends else 1.0

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        classes = self._classes()
        if self._palette is None or len(self._palette.classes) < classes:
            self._palette = Palette.of_theme(classes)
        reach, places, lanes = self._plain_reach(), self.squares(rect), self.history.lanes
        answers = [self._answer(lane) for lane in lanes]
        names, heads = [lane.info.name if len(lanes) > 1 else "" for lane in lanes], [head for head, _ in places]
        figures = [self._figures(*one, reach) for one in zip(lanes, heads, names, strict=False)]
        taken = [room_of_figures(self.fonts, *one) for one in zip(heads, names, figures, strict=False)]
        planes = [None if answer is None and not self.pencil.on else self._plane(answer) for answer in answers]
        looks = [head.getRect() for head in heads], names, [lane.apart for lane in lanes], taken, planes
        self.paint_behind(painter, rect, looks, lambda painter: self._paint_behind(painter, rect, places, *looks[1:]))
        for i, (head, square) in enumerate(places[: len(lanes)]):
            if taken[i]:
                draw_figures(painter, self.fonts, head, figures[i])
            bounds, answer = planes[i], answers[i]
            if bounds is None:
                continue
            if answer is not None:
                self._draw_decision(
                    painter, square, bounds, answer, decision_image(answer, self._palette, reach, classes, self.sharp)
                )
            self._draw_points(painter, square, bounds, reach, answer)
        painted_for = self.fonts, rect.getRect(), len(places), self.section() is not None
        self._painted = self.fonts, self._rounds.of(painted_for, lambda: self._round(places))
        if self.pencil.on and not self.history.lanes:
            self._draw_points(painter, places[0][1], self.pencil.frame, reach, None)
        for _, square in places if self.pencil.on else ():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(theme().accent if self.hasFocus() else theme().line))
            painter.drawRect(square.adjusted(-0.5, -0.5, 0.5, 0.5))
            draw_brush(painter, square, self.pencil)
        self._draw_caption(painter, rect)

    def _paint_behind(
        self,
        painter: QPainter,
        rect: QRectF,
        places: list[tuple[QRectF, QRectF]],
        names: list[str],
        apart: list[str],
        taken: list[float],
        planes: list[Bounds | None],
    ) -> None:
        """Names and ticks; a note where there is no answer yet."""
        painter.fillRect(rect, QColor(theme().card))
        for i, (name, bounds) in enumerate(zip(names, planes, strict=True)):
            head, square = places[i]
            draw_name(painter, self.fonts, head, name, i, taken[i], apart[i])
            if bounds is None:
                draw_note(painter, self.fonts, square, "Press play")
            elif square.width() >= ROOM_FOR_TICKS:
                draw_ticks(painter, self.fonts, square, bounds)

    def _round(self, places: list[tuple[QRectF, QRectF]]) -> QRegion:
        """Heads, squares and their ticks."""
        found, left, line = QRegion(), self.fonts.figures_wide(TICK) + 6, self.fonts.line
        for head, square in places:
            ticks = left if square.width() >= ROOM_FOR_TICKS else 0.0
            found += head.united(square.adjusted(-ticks, 0, 6, line + 2)).toAlignedRect()
        return found

    def _plane(self, answer: BoundaryAnswer | None) -> Bounds:
        """What of the plane is shown."""
        return self.pencil.frame or (answer.bounds if answer is not None else (-1.0, 1.0, -1.0, 1.0))

    def _draw_caption(self, painter: QPainter, rect: QRectF) -> None:
        """Which plane it is, in as many words as there is room for."""
        section = self.section()
        if section is None:
            return
        room = QRectF(rect.left(), rect.bottom() - self.fonts.line, rect.width(), self.fonts.line)
        words = next((words for words in captions(section) if self.fonts.width([words]) <= room.width() - 30), "")
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)

    def _answer(self, lane: LaneHistory) -> BoundaryAnswer | None:
        if self.pencil.on and lane.boundary is not None:
            self._seen[lane.info.name] = lane.boundary
        return self._seen.get(lane.info.name) if self.pencil.on else lane.boundary

    def _draw_decision(
        self, painter: QPainter, square: QRectF, bounds: Bounds, answer: BoundaryAnswer, picture: QImage
    ) -> None:
        """The picture where it belongs: it may be of another part of the plane than the one that is shown."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not self.sharp)
        if answer.bounds == bounds:
            painter.drawImage(square, picture)
            return
        left, right, low, high = answer.bounds
        (x1, y1), (x2, y2) = place(bounds, square, np.array([[left, high], [right, low]])).tolist()
        painter.save()
        painter.setClipRect(square)
        painter.drawImage(QRectF(x1, y1, x2 - x1, y2 - y1), picture)
        painter.restore()

    def _figures(self, lane: LaneHistory, head: QRectF, name: str, reach: float) -> str:
        """How good the answers are, in the words that there is room for beside the name."""
        width = head.width() - (self.fonts.bold_wide(name) + APART if name else 0.0)
        share = accuracy(lane)
        if not np.isnan(share) and (score := lane.of_weights) is not None:
            part = "train" if np.isnan(score.val_accuracy) else "validation"
            long, short = f"{part} {percent(share)}", percent(share)
            return long if self.fonts.figures_wide(long) <= width else short
        if lane.boundary is not None and lane.boundary.winners is None and not lane.boundary.probability:
            return f"±{reach:g}"
        return ""

    def _draw_points(
        self, painter: QPainter, square: QRectF, bounds: Bounds, reach: float, answer: BoundaryAnswer | None
    ) -> None:
        """From a layer that is painted once for a size: drawing the dots takes longer than all the rest."""
        if self.pencil.on:
            if self.pencil.points:
                picture = self._drawn.picture(self.pencil, square.width(), self.ratio, reach)
                painter.drawPixmap(square.topLeft(), picture)
            return
        points, section = self.points_of(answer), None if answer is None else answer.section
        if points is None:
            return
        key = (square.width(), self.ratio, bounds, reach, None if section is None else section.features)
        if key not in self._layers:
            if len(self._layers) >= 4:
                self._layers.clear()
            self._layers[key] = points_layer(points, bounds, square.width(), self.ratio, reach)
        painter.drawPixmap(square.topLeft(), self._layers[key])
        if section is not None and section.at is not None and section.at < len(points.x):
            self._draw_base(painter, square, place(bounds, square, np.asarray(points.x)[section.at][None])[0])

    def _draw_base(self, painter: QPainter, square: QRectF, at: np.ndarray) -> None:
        """A cross on the example that the plane goes through."""
        x, y = at.tolist()
        painter.save()
        painter.setClipRect(square)
        for colour, wide in ((theme().rim, 4.0), (theme().text, 1.6)):
            painter.setPen(QPen(QColor(colour), wide))
            painter.drawLine(QPointF(x - 6, y), QPointF(x + 6, y))
            painter.drawLine(QPointF(x, y - 6), QPointF(x, y + 6))
        painter.restore()

    def _planes(self, rect: QRectF) -> Iterator[tuple[QRectF, Bounds, Points]]:
        """The squares on which the data's examples are drawn, which part of the plane each shows, and they."""
        if not self.pencil.on:
            for (_, square), lane in zip(self.squares(rect), self.history.lanes, strict=True):
                points = self.points_of(lane.boundary)
                if lane.boundary is not None and points is not None:
                    yield square, lane.boundary.bounds, points

    def mark_at(self, place: QPointF) -> Mark:
        for square, bounds, points in self._planes(QRectF(self.rect())):
            if square.contains(place):
                return Mark(example=nearest_spot(points, bounds, square, place))
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        spot = cursor.mark.example
        for square, bounds, points in self._planes(rect):
            at = place_of(points, spot, bounds, square) if spot is not None else None
            if at is not None:
                draw_spot(painter, at, SPOT)

    def tip(self, place: QPointF) -> str:
        if self.pencil.on:
            return ""
        for (_, square), lane in zip(self.squares(QRectF(self.rect())), self.history.lanes, strict=True):
            if square.contains(place) and lane.boundary is not None:
                return _reading(lane.boundary, square, place)
        return ""


def _reading(answer: BoundaryAnswer, square: QRectF, place: QPointF) -> str:
    """Where the mouse is on the plane, and what the net answers there."""
    left, right, low, high = answer.bounds
    across = (place.x() - square.left()) / square.width()
    up = (square.bottom() - place.y()) / square.height()
    values = np.asarray(answer.values)
    row, column = (min(max(int(s * n), 0), n - 1) for s, n in zip((up, across), values.shape, strict=True))
    numbers = left + across * (right - left), low + up * (high - low)
    where = signed(f"({numbers[0]:.2f}, {numbers[1]:.2f})")
    if answer.section is not None and answer.section.features is not None:
        named = zip(axes_of(answer.section), numbers, strict=True)
        where = signed(", ".join(f"{name} {number:.3g}" for name, number in named))
    value = float(values[row, column])
    if answer.winners is not None:
        return f"{where}: class {int(answer.winners[row, column])}, {percent(value).strip()}"
    if answer.probability:
        return f"{where}: class {int(value > 0.5)}, {signed(f'{value:.3f}')}"
    return f"{where}: {signed(f'{value:.3g}')}"


def accuracy(lane: LaneHistory) -> float:
    """The validation accuracy, or where there is none the training accuracy."""
    score = lane.of_weights
    if score is None:
        return float("nan")
    return score.accuracy if np.isnan(score.val_accuracy) else score.val_accuracy
