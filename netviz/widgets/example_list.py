"""Examples in rows, the largest loss first: picture, number, truth, decision, probability, loss; a column a lane."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen, QWheelEvent

from engine.probes.example import Part
from engine.probes.predictions import Listed
from netviz.colours import Theme
from netviz.runtime.cursor import NOTHING, Cursor, Mark, Spot
from netviz.runtime.history import History, LaneHistory
from netviz.theme import class_colour, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.example_input import picture_shape
from netviz.widgets.grey import grey_picture
from netviz.widgets.kept import Kept
from netviz.widgets.marks import columns, draw_head, draw_lit, draw_note
from netviz.widgets.ticks import figure, percent, signed, whole

PICTURE = 26.0  # pixels of a picture's side
ARROW = " → "
MIDDLE = Qt.AlignmentFlag.AlignVCenter
LEFT, RIGHT = MIDDLE | Qt.AlignmentFlag.AlignLeft, MIDDLE | Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True, slots=True)
class Rows:
    """What a lane lists: examples, the classes' names, and a line on what they are in several lengths."""

    examples: Sequence[Listed]
    names: tuple[str, ...]
    about: tuple[str, ...]
    empty: str  # where there are none
    part: Part  # of the data that they are from


@dataclass(frozen=True, slots=True)
class Column:
    """A part of every row, with its name."""

    name: str
    left: float
    width: float
    align: Qt.AlignmentFlag

    def of(self, row: QRectF) -> QRectF:
        return QRectF(self.left, row.top(), self.width, row.height())


@dataclass(frozen=True, slots=True)
class Body:
    """A lane's list in its place: how high a row is, and the columns of all, the decision last."""

    lane: int
    area: QRectF
    rows: Rows
    pictured: bool
    high: float
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    lane: int
    example: Listed
    rows: Rows
    row: QRectF

    @property
    def names(self) -> tuple[str, ...]:
        return self.rows.names

    @property
    def spot(self) -> Spot:
        return self.rows.part, self.example.index


class ExampleList(Canvas):
    """`rows` says what a lane lists; wheel, arrows and page keys move along."""

    covers: ClassVar[bool] = True

    def __init__(self, history: History, rows: Callable[[LaneHistory], Rows | None]) -> None:
        super().__init__()
        self.history, self.rows_of = history, rows
        self.first = 0
        self._kept_parts: dict[int, Kept[tuple[Column, ...]]] = {}
        self.follow(history.cursor, "example")
        self.setAccessibleName("Examples")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(240, 200)

    def placed(self, rect: QRectF) -> list[Placed]:
        """The examples that there is room for, from `first` on."""
        return [one for body in self._bodies(rect) for one in self._rows_of(body)]

    def _rows_of(self, body: Body) -> list[Placed]:
        area, high, top = body.area, body.high, body.area.top() + 2 * self.fonts.line
        seen = body.rows.examples[self.first : self.first + self._count(body)]
        return [
            Placed(body.lane, example, body.rows, QRectF(area.left(), top + k * high, area.width(), high))
            for k, example in enumerate(seen)
        ]

    def _bodies(self, rect: QRectF) -> list[Body]:
        lanes = self.history.lanes
        places = columns(rect, [lane.info.name for lane in lanes], self.fonts.line + 2)
        found = ((i, place.body, self.rows_of(lane)) for i, (place, lane) in enumerate(zip(places, lanes, strict=True)))
        return [self._body(i, area, rows) for i, area, rows in found if rows is not None]

    def _body(self, lane: int, area: QRectF, rows: Rows) -> Body:
        if not rows.examples:
            return Body(lane, area, rows, False, self.fonts.line + 1, ())
        pictured = picture_of(rows.examples[0]) is not None
        high, first = max(self.fonts.line + 1, PICTURE + 2 if pictured else 0.0), rows.examples[0]
        made_of = area.getRect(), self.fonts, pictured, first.truth is None, first.decided is None
        parts = self._kept_parts.setdefault(lane, Kept())
        return Body(
            lane, area, rows, pictured, high, parts.of(made_of, lambda: tuple(self._parts(area, first, pictured)))
        )

    def _count(self, body: Body) -> int:
        return max(1, int((body.area.height() - 2 * self.fonts.line) / body.high))

    def _parts(self, area: QRectF, example: Listed, pictured: bool) -> Iterator[Column]:
        """The columns of rows like that of `example`: number, decision, probability, loss; fewer in little room."""
        wide = self.fonts.figure_metrics.horizontalAdvance
        figures, left, right = wide("0.0000") + 4, area.left() + (PICTURE + 6 if pictured else 0.0), area.right()
        numbered = max(wide("00 000"), self.fonts.wide("number")) + 8
        spare = right - left - figures - 60
        yield Column("loss", right - figures, figures, RIGHT)
        right -= figures + 8
        if example.decided is not None and spare > figures:
            spare -= figures + 8
            yield Column("sure", right - figures, figures, RIGHT)
            right -= figures + 8
        if spare > numbered:
            yield Column("number", left, numbered - 8, LEFT)
            left += numbered
        middle = f"truth{ARROW}{'output' if example.truth is None else 'decision'}"
        yield Column(middle, left, max(0.0, right - left), LEFT)

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        lanes, bodies = self.history.lanes, self._bodies(rect)
        heads = tuple((lane.info.name, lane.apart) for lane in lanes)
        still = tuple((body.lane, body.columns, body.rows.empty) for body in bodies)

        def behind(inner: QPainter) -> None:
            for i, place in enumerate(columns(rect, [name for name, _ in heads], self.fonts.line + 2)):
                draw_head(inner, self.fonts, place.head, place.name, i, apart=heads[i][1])
            for body in bodies:
                self._draw_names(inner, body)

        self.paint_behind(painter, rect, (heads, still), behind)
        for body in bodies:
            area, told = body.area, self.fonts.fitting(body.rows.about, body.area.width())
            painter.setFont(self.fonts.words)
            painter.setPen(QColor(theme().faint))
            painter.drawText(QRectF(area.left(), area.top(), area.width(), self.fonts.line), MIDDLE, told)
            rows = self._rows_of(body)
            if body.pictured:
                self._draw_pictures(painter, rows)
            for one in rows:
                self._draw_decision(painter, body.columns[-1].of(one.row), one)
            self._draw_figures(painter, rows, body)

    def _draw_names(self, painter: QPainter, body: Body) -> None:
        """Over the rows what their columns are."""
        line = self.fonts.line
        if not body.columns:
            draw_note(painter, self.fonts, body.area.adjusted(0, line, 0, 0), body.rows.empty)
            return
        row = QRectF(body.area.left(), body.area.top() + line, body.area.width(), line)
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        for column in body.columns:
            box = column.of(row)
            painter.drawText(box, column.align, self.fonts.shortened(column.name, box.width() + 1))
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.drawLine(row.bottomLeft(), row.bottomRight())

    def _draw_pictures(self, painter: QPainter, rows: list[Placed]) -> None:
        for one in rows:
            picture = picture_of(one.example)
            if picture is not None:
                painter.drawImage(QRectF(one.row.left(), one.row.top() + 1, PICTURE, PICTURE), picture)

    def _draw_figures(self, painter: QPainter, rows: list[Placed], body: Body) -> None:
        painter.setFont(self.fonts.figures)
        t, draw, high = theme(), painter.drawText, body.high
        found = [(one.row.top(), one.example) for one in rows]
        for column in body.columns[:-1]:
            painter.setPen(QColor(t.faint if column.name == "number" else t.text))
            name, left, wide, align = column.name, column.left, column.width, column.align
            for top, example in found:
                draw(QRectF(left, top, wide, high), align, _figure_of(name, example))

    def _draw_decision(self, painter: QPainter, box: QRectF, one: Placed) -> None:
        """Of classes there are few pairs, which come again and again: words are the dearest to paint."""
        example = one.example
        if example.truth is None or example.decided is None:
            self._draw_outcome(painter, box, one)
            return
        pair = example.truth, example.decided, one.names
        inside = box.adjusted(0, 1, 0, -1)  # without the lines that part it from others
        self.paint_stamp(painter, inside, pair, lambda inner, area: self._draw_outcome(inner, area, one))

    def _draw_outcome(self, painter: QPainter, box: QRectF, one: Placed) -> None:
        example, t = one.example, theme()
        painter.setFont(self.fonts.words)
        truth, decided = outcomes(example, one.names)
        wrong = example.truth is not None and example.decided is not None and example.truth != example.decided
        left = box.left()
        for label, text, colour in (
            (example.truth, truth, t.text),
            (None, ARROW, t.faint),
            (example.decided, decided, t.red if wrong else t.text),
        ):
            if label is not None and box.right() - left > 12:
                painter.fillRect(QRectF(left, box.center().y() - 4, 4, 8), class_colour(label))
                left += 7
            room = max(0.0, box.right() - left)
            painter.setPen(QColor(colour))
            area = QRectF(left, box.top(), room, box.height())
            painter.drawText(area, MIDDLE, self.fonts.shortened(text, room))
            left += self.fonts.wide(text)

    def mark_at(self, place: QPointF) -> Mark:
        found = next((one for one in self.placed(QRectF(self.rect())) if one.row.contains(place)), None)
        return NOTHING if found is None else Mark(example=found.spot)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        for one in self.placed(rect):
            if one.spot == cursor.mark.example:
                draw_lit(painter, one.row.adjusted(1, 0, -1, 0))

    def tip(self, place: QPointF) -> str:
        return next((in_words(one) for one in self.placed(QRectF(self.rect())) if one.row.contains(place)), "")

    # Moving along

    def move_to(self, first: int) -> None:
        """The first row shown; the last ones stay in sight."""
        bodies = self._bodies(QRectF(self.rect()))
        most = max((len(body.rows.examples) - self._count(body) for body in bodies), default=0)
        self.first = max(0, min(first, most))
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.move_to(self.first - round(event.angleDelta().y() / 40))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(1, len(self.placed(QRectF(self.rect()))) // max(1, len(self.history.lanes)) - 1)
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_Home: -self.first,
        }
        by = steps.get(Qt.Key(event.key()))
        if by is None or event.modifiers():
            event.ignore()
        else:
            self.move_to(self.first + by)


def _figure_of(column: str, example: Listed) -> str:
    """What a column of figures says of an example."""
    if column == "number":
        return whole(example.index + 1)
    return figure(example.loss).strip() if column == "loss" else percent(example.share).strip()


def outcomes(example: Listed, names: tuple[str, ...]) -> tuple[str, str]:
    """Truth and decision in words: classes by name, else the first numbers."""
    if example.truth is None:
        return _numbers(example.target), _numbers(example.output)
    decided = _numbers(example.output) if example.decided is None else class_name(example.decided, names)
    return class_name(example.truth, names), decided


def class_name(label: int, names: tuple[str, ...]) -> str:
    return names[label] if label < len(names) else str(label)


def _numbers(values: np.ndarray, most: int = 3) -> str:
    text = ", ".join(signed(f"{float(value):.3g}") for value in values[:most])
    return text + ("…" if len(values) > most else "")


def picture_of(example: Listed) -> QImage | None:
    """The example in grey where it is a picture: dark is low in the dark theme, as ink on paper in the light one."""
    return _picture_of(np.asarray(example.x, np.float64).tobytes(), tuple(example.shape), theme())


@lru_cache(256)  # the same examples come again and again
def _picture_of(numbers: bytes, shape: tuple[int, ...], _ground: Theme) -> QImage | None:
    x = np.frombuffer(numbers)
    sides = picture_shape(shape, float(x.min(initial=0.0)))
    if sides is None or x.size != sides[0] * sides[1]:
        return None
    return grey_picture(x.reshape(sides), 0.0, float(x.max()))


def in_words(one: Placed) -> str:
    example = one.example
    truth, decided = outcomes(example, one.names)
    lines = [
        f"example {whole(example.index + 1)}: truth {truth}, decided {decided}, loss {figure(example.loss).strip()}"
    ]
    if not np.isnan(example.truth_share):
        sure, true = percent(example.share).strip(), percent(example.truth_share).strip()
        lines.append(f"sure of its decision {sure}, of the truth {true}")
    x = np.asarray(example.x)
    if picture_of(example) is None:
        more = int(np.prod(example.shape)) > 8
        lines.append("x: " + ", ".join(signed(f"{v:.4g}") for v in x[:8]) + (", …" if more else ""))
    return "\n".join(lines)
