"""Charts on two logarithmic axes, a column for each lane, with a key below: painted by hand, ranges in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log, log10

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from netviz.runtime.cursor import NOTHING, Cursor
from netviz.runtime.cursor import Mark as PointedAt
from netviz.runtime.history import History, LaneHistory
from netviz.theme import mix, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.dots import PlainDots, draw_round_points
from netviz.widgets.many import draw_lines
from netviz.widgets.marks import RIGHT, Column, columns, draw_head, draw_note
from netviz.widgets.strokes import hairline, pile
from netviz.widgets.ticks import decade_ticks, figure, whole

DECADES = 12.0  # at most on the axis of values
DOT = 2.4  # pixels
MANY = 40  # dots, from which on to lay them all in one call is quicker
FAINT = 0.3  # of the way from the card to a band's colour
KEY_SHARE = 0.45  # of the height, for the key
LOW = 170.0  # pixels of a height from which the key has as much
KEY_SHARE_LOW = 0.3
NEAR = 10.0  # pixels
LIT = 4.0  # pixels: the width of a line that is pointed at
SWATCH = 12.0  # pixels
EDGE = 6.0  # right of the area


@dataclass(frozen=True, slots=True)
class Line:
    """Values y over x > 0. What is not above 0 is marked along the bottom; NaN is a gap."""

    name: str
    x: np.ndarray
    y: np.ndarray
    colour: QColor
    width: float = 1.4
    dots: bool = True
    joined: bool = True
    dashed: bool = False
    low: np.ndarray | None = None  # with `high` a bar at every x
    high: np.ndarray | None = None

    @property
    def ends(self) -> tuple[np.ndarray, ...]:
        """Of its bars, where it has some."""
        return () if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Mark:
    """A dashed line upwards at an x that one should know."""

    x: float
    name: str
    colour: QColor


@dataclass(frozen=True, slots=True)
class Chart:
    lines: tuple[Line, ...]
    key: tuple[tuple[QColor, str | Callable[[], str]], ...] = ()  # words, or what makes them where there is room
    marks: tuple[Mark, ...] = ()
    caption: str = ""  # below the axis of x
    note: str = ""  # instead of lines


class LogCharts(Canvas):
    """`made` makes a lane's chart; x has ticks at powers of `base`, of 10 at 2 and 5 times those, too.

    With `layered` its lines are called by layers, which the shared cursor lights.
    """

    def __init__(
        self,
        history: History,
        made: Callable[[LaneHistory, int], Chart],
        x: str,
        y: str,
        base: int,
        *,
        layered: bool = False,
    ) -> None:
        super().__init__()
        if layered:
            self.follow(history.cursor, "layer")
        self.history, self._made, self.x_name, self.y_name, self.base = history, made, x, y, base
        self._charts: list[Chart] | None = None  # of what is drawn
        self._dots = PlainDots()
        self.forget()

    def sizeHint(self) -> QSize:
        return QSize(300, 240)

    def forget(self) -> None:
        """Ranges are chosen anew."""
        self._low, self._high, self._right = 0.0, 0.0, 1.0
        self._seen = False
        self._charts = None

    def charts(self) -> list[Chart]:
        """Made once for each picture: a light, and what is told beside the mouse, are of what is drawn."""
        if self._charts is None:
            self._charts = [self._made(lane, i) for i, lane in enumerate(self.history.lanes)]
            self._take_range(self._charts)
        return self._charts

    def update(self, *area: object) -> None:
        self._charts = None
        super().update(*area)

    def _take_range(self, made: Sequence[Chart]) -> None:
        """Whole decades of all that is drawn; they only grow."""
        lines = [line for chart in made for line in chart.lines]
        parts = [part for line in lines for part in (line.y, line.low, line.high) if part is not None and part.size]
        known = np.concatenate([np.zeros(0), *parts])
        known = known[np.isfinite(known) & (known > 0)]
        if known.size:
            low, high = floor(log10(known.min()) - 0.05), ceil(log10(known.max()) + 0.05)
            self._low = min(low, self._low) if self._seen else low
            self._high = max(high, self._high) if self._seen else high
            self._low, self._seen = max(self._low, self._high - DECADES), True
        ends = [float(line.x.max()) for line in lines if line.x.size]
        ends += [mark.x for chart in made for mark in chart.marks]
        self._right = max([self._right, *ends])

    def areas(self, rect: QRectF, made: Sequence[Chart]) -> list[tuple[Column, QRectF]]:
        """Each lane's column and the rectangle between its axes."""
        line = self.fonts.line
        left = self.fonts.figure_metrics.horizontalAdvance("10⁻¹⁰") + 8
        rows = max((len(chart.key) for chart in made), default=0)
        found = []
        for column in columns(rect, [lane.info.name for lane in self.history.lanes], line + 2):
            below = min(rows * line, key_room(column)) + 2 * line + 6
            area = column.body.adjusted(left, line / 2, -EDGE, -below)
            found.append((column, QRectF(area.left(), area.top(), max(4.0, area.width()), max(4.0, area.height()))))
        return found

    def place(self, area: QRectF, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Pixels (n, 2); what has no logarithm lies along the bottom."""
        with np.errstate(all="ignore"):
            across = np.log(np.asarray(x, float)) * (area.width() / max(np.log(self._right), 1e-9))
            up = (np.log10(np.asarray(y, float)) - self._low) / max(self._high - self._low, 1e-9)
        places = np.empty((len(across), 2))
        places[:, 0] = area.left() + across
        places[:, 1] = area.bottom() - np.clip(up, 0, 2) * area.height()  # clipped, too, is what has none: -inf
        return places

    def across(self, area: QRectF, x: float) -> float:
        """The pixel of one x > 0."""
        return area.left() + log(x) * (area.width() / max(log(self._right), 1e-9))

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        made = self.charts()
        placed = self.areas(rect, made)
        # Of the same fonts and the same rectangle areas are the same where keys have as many rows.
        rows = tuple(len(chart.key) for chart in made)
        said = tuple((lane.info.name, lane.apart) for lane in self.history.lanes)
        behind = said, rows, tuple(chart.note for chart in made), self._low, self._high, self._right
        self.paint_behind(painter, rect, behind, lambda painter: self._paint_behind(painter, rect, placed, made))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (column, area), chart in zip(placed, made, strict=True):
            if chart.note:
                continue
            self._draw_caption(painter, area, chart.caption)
            painter.setClipRect(area.adjusted(-DOT - 1, -DOT - 1, DOT + 1, DOT + 1))
            for mark in chart.marks:
                self._draw_mark(painter, area, mark)
            self._draw_lines(painter, area, chart.lines)
            painter.setClipping(False)
            self._draw_key(painter, column, area, chart)

    def _paint_behind(
        self, painter: QPainter, rect: QRectF, placed: Sequence[tuple[Column, QRectF]], made: Sequence[Chart]
    ) -> None:
        """Names, notes and axes."""
        painter.fillRect(rect, QColor(theme().card))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for i, ((column, area), chart) in enumerate(zip(placed, made, strict=True)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            if chart.note:
                draw_note(painter, self.fonts, column.body, chart.note)
            else:
                self._draw_axes(painter, area)

    def _draw_axes(self, painter: QPainter, area: QRectF) -> None:
        t, metrics = theme(), self.fonts.figure_metrics
        height = metrics.height()
        painter.setFont(self.fonts.figures)
        for exponent, text in decade_ticks(self._low, self._high, max(2, int(area.height() // (height * 1.5)))):
            y = round(area.bottom() - (exponent - self._low) / max(self._high - self._low, 1e-9) * area.height())
            painter.setPen(QPen(QColor(t.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(t.faint))
            box = QRectF(area.left() - 90, y - height / 2, 85, height)
            painter.drawText(box, RIGHT, text)
        wide = metrics.horizontalAdvance(whole(self._right)) + 8
        free = -np.inf
        for value in self._x_ticks():
            x = self.across(area, value)
            if x < free:
                continue
            free = x + wide
            painter.setPen(QPen(QColor(t.line), 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            painter.setPen(QColor(t.faint))
            half = metrics.horizontalAdvance(whole(value)) / 2 + 1
            middle = min(x, area.right() + EDGE - half)
            box = QRectF(middle - half, area.bottom() + 3, 2 * half, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, whole(value))

    def _draw_caption(self, painter: QPainter, area: QRectF, caption: str) -> None:
        height = self.fonts.figure_metrics.height()
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        box = QRectF(area.left() - EDGE, area.bottom() + 3 + height, area.width() + 2 * EDGE, self.fonts.line)
        whole_text, short = f"{self.y_name} over {self.x_name}; {caption}", f"{self.x_name}; {caption}"
        options = whole_text, short, caption, caption.split()[-1] if caption else ""
        text = next((t for t in options if self.fonts.width([t]) <= area.width() + EDGE), "")
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, text)

    def _x_ticks(self) -> list[int]:
        powers = [self.base**k for k in range(int(np.log(self._right) / np.log(self.base) + 1e-9) + 1)]
        steps = (1, 2, 5) if self.base == 10 else (1,)
        return [step * power for power in powers for step in steps if step * power <= self._right]

    def _draw_mark(self, painter: QPainter, area: QRectF, mark: Mark) -> None:
        x = self.across(area, mark.x)
        pen = QPen(mark.colour, 1)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _draw_lines(self, painter: QPainter, area: QRectF, lines: Sequence[Line]) -> None:
        """Placed all at once: each call takes longer than a hundred numbers. Dots lie over all lines."""
        parts = [(line.x, y) for line in lines for y in (line.y, *line.ends)]
        if not parts:
            return
        x, y = (np.concatenate(part) for part in zip(*parts, strict=True))
        places, known, stop = self.place(area, x, y), np.isfinite(y), 0
        whole_lines, dotted = bool(known.all()), list[tuple[QColor, np.ndarray]]()
        for line in lines:
            count, of_line = len(line.x), 1 + len(line.ends)
            at = places[stop : stop + count * of_line].reshape(of_line, count, 2)
            if not whole_lines:
                at = at[:, known[stop : stop + count]]
            stop += count * of_line
            if at.size:
                self._draw_line(painter, line, *at)
                few = at.shape[1] * 2 * DOT < area.width() or not line.joined
                if (line.dots and few) or at.shape[1] == 1:
                    dotted.append((line.colour, at[0]))
        if self.sharpness is None and sum(len(at) for _, at in dotted) > MANY:
            self._dots.draw(painter, dotted, DOT, self.ratio)
        else:
            draw_round_points(painter, dotted, DOT)

    def _draw_line(self, painter: QPainter, line: Line, at: np.ndarray, *ends: np.ndarray) -> None:
        """`at` (n, 2) and the ends of bars in pixels."""
        if ends:
            painter.setPen(QPen(mix(theme().card, line.colour, FAINT), DOT))
            draw_lines(painter, np.hstack(ends))
        if line.joined and len(at) > 1:
            self._draw_joined(painter, line, arrayToQPolygonF(at[:, 0], at[:, 1]))

    def _draw_joined(self, painter: QPainter, line: Line, shape: QPolygonF) -> None:
        """Of hairlines on the screen, see there; the one that is lit is as wide on every slope."""
        width = line.width * self.ratio
        hairs = ceil(width - 0.01) if self.sharpness is None and line.width < LIT else 0
        pen = hairline(line.colour) if hairs else QPen(line.colour, line.width)
        if line.dashed:
            pen.setDashPattern([dash * (width if hairs else 1.0) for dash in (5.0, 3.0)])
        painter.setPen(pen)
        apart = (width - 1) / max(1, hairs - 1) / self.ratio
        painter.translate(0, -apart * max(0, hairs - 1) / 2)
        pile(painter, shape, max(1, hairs), apart)
        painter.translate(0, apart * max(0, hairs - 1) / 2)

    def _draw_key(self, painter: QPainter, column: Column, area: QRectF, chart: Chart) -> None:
        line, left = self.fonts.line, column.body.left() + 4
        top = column.body.bottom() - min(len(chart.key) * line, key_room(column))
        room = int((column.body.bottom() - top + 1) // line)
        shown = chart.key if len(chart.key) <= room else chart.key[: max(0, room - 1)]
        left_out = len(chart.key) - len(shown)
        rows = [*shown, (QColor(theme().card), f"and {left_out} more")] if left_out else list(shown)
        painter.setFont(self.fonts.words)
        for i, (colour, text) in enumerate(rows[:room]):
            y = top + i * line
            painter.fillRect(QRectF(left, y + line / 2 - 1.5, SWATCH, 3), colour)
            painter.setPen(QColor(theme().text))
            box = QRectF(left + SWATCH + 5, y, column.body.right() - left - SWATCH - 5, line)
            text = self.fonts.shortened(text if isinstance(text, str) else text(), box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    # The shared cursor

    def mark_at(self, place: QPointF) -> PointedAt:
        """The layer whose line is nearest."""
        made = self.charts()
        for lane, ((_, area), chart) in enumerate(zip(self.areas(QRectF(self.rect()), made), made, strict=True)):
            if not area.adjusted(-NEAR, -NEAR, NEAR, NEAR).contains(place):
                continue
            far, name = min(((self._distance(area, line, place), line.name) for line in chart.lines), default=(0.0, ""))
            if name in self.history.lanes[lane].info.layers and far <= NEAR:
                return PointedAt(layer=name, lane=lane)
        return NOTHING

    def _distance(self, area: QRectF, line: Line, place: QPointF) -> float:
        known = np.isfinite(line.y)
        if not known.any():
            return float("inf")
        x, y = self.place(area, line.x[known], line.y[known]).T
        beyond = max(0.0, x[0] - place.x(), place.x() - x[-1])
        return float(np.hypot(beyond, np.interp(place.x(), x, y) - place.y()))

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        made = self.charts()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (_, area), chart in zip(self.areas(rect, made), made, strict=True):
            lit = [replace(line, width=LIT) for line in chart.lines if line.name in cursor.layers]
            self._draw_lines(painter, area, lit)

    def tip(self, place: QPointF) -> str:
        """The values of all lines at the nearest x."""
        made = self.charts()
        for (_, area), chart in zip(self.areas(QRectF(self.rect()), made), made, strict=True):
            if not area.contains(place) or not chart.lines:
                continue
            at = self._right ** ((place.x() - area.left()) / area.width())
            rows = []
            for line in (one for one in chart.lines if one.x.size):
                k = int(np.abs(np.log(line.x) - np.log(at)).argmin())
                rows.append(f"{line.name} at {whole(line.x[k])}: {figure(float(line.y[k])).strip()}")
            return "\n".join(rows[:16])
        return ""


def key_room(column: Column) -> float:
    """How high a key may be."""
    return column.body.height() * (KEY_SHARE if column.body.height() >= LOW else KEY_SHARE_LOW)
