"""Examples in rows, the largest loss first: picture, number, truth, decision, probability, loss; a column a lane."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen, QWheelEvent

from engine.probes.example import Part
from engine.probes.predictions import Listed
from netviz.runtime.cursor import NOTHING, Cursor, Mark, Spot
from netviz.runtime.history import History, LaneHistory
from netviz.theme import class_colour, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.example_input import picture_shape
from netviz.widgets.grey import grey_picture
from netviz.widgets.marks import columns, draw_head, draw_lit, draw_note
from netviz.widgets.ticks import figure, percent, signed, whole

PICTURE = 26.0  # pixels of a picture's side
ARROW = " → "


@dataclass(frozen=True, slots=True)
class Rows:
    """What a lane lists: examples, the classes' names, and a line on what they are in several lengths."""

    examples: Sequence[Listed]
    names: tuple[str, ...]
    about: tuple[str, ...]
    empty: str  # where there are none
    part: Part  # of the data that they are from


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

    def __init__(self, history: History, rows: Callable[[LaneHistory], Rows | None]) -> None:
        super().__init__()
        self.history, self.rows_of = history, rows
        self.first = 0
        self.follow(history.cursor, "example")
        self.setAccessibleName("Examples")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(240, 200)

    def placed(self, rect: QRectF) -> list[Placed]:
        """The examples that there is room for, from `first` on."""
        made = []
        for lane, body, rows in self._bodies(rect):
            height = self._row_height(rows)
            top = body.top() + 2 * self.fonts.line
            for example in rows.examples[self.first : self.first + self._count(body, rows)]:
                made.append(Placed(lane, example, rows, QRectF(body.left(), top, body.width(), height)))
                top += height
        return made

    def _bodies(self, rect: QRectF) -> list[tuple[int, QRectF, Rows]]:
        lanes = self.history.lanes
        parts = columns(rect, [lane.info.name for lane in lanes], self.fonts.line + 2)
        found = [(i, part.body, self.rows_of(lane)) for i, (part, lane) in enumerate(zip(parts, lanes, strict=True))]
        return [(i, body, rows) for i, body, rows in found if rows is not None]

    def _row_height(self, rows: Rows) -> float:
        pictured = any(picture_of(example) is not None for example in rows.examples[:1])
        return max(self.fonts.line + 1, PICTURE + 2 if pictured else 0.0)

    def _count(self, body: QRectF, rows: Rows) -> int:
        return max(1, int((body.height() - 2 * self.fonts.line) / self._row_height(rows)))

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        lanes = self.history.lanes
        for i, part in enumerate(columns(rect, [lane.info.name for lane in lanes], self.fonts.line + 2)):
            draw_head(painter, self.fonts, part.head, part.name, i, apart=lanes[i].apart)
        for _, body, rows in self._bodies(rect):
            self._draw_words(painter, body, rows)
        for one in self.placed(rect):
            self._draw_row(painter, one)

    def _draw_words(self, painter: QPainter, body: QRectF, rows: Rows) -> None:
        """What the list is, and over the rows what their parts are."""
        line = self.fonts.line
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        text = next((words for words in rows.about if self.fonts.width([words]) <= body.width()), "")
        painter.drawText(QRectF(body.left(), body.top(), body.width(), line), Qt.AlignmentFlag.AlignVCenter, text)
        if not rows.examples:
            draw_note(painter, self.fonts, body.adjusted(0, line, 0, 0), rows.empty)
            return
        row = QRectF(body.left(), body.top() + line, body.width(), line)
        for box, words, align in self._parts(row, rows.examples[0]):
            elided = self.fonts.word_metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width() + 1)
            painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, elided)
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.drawLine(row.bottomLeft(), row.bottomRight())

    def _parts(self, row: QRectF, example: Listed) -> list[tuple[QRectF, str, Qt.AlignmentFlag]]:
        """The parts of a row with their names: number, decision, probability, loss; fewer in little room."""
        wide, words = self.fonts.figure_metrics.horizontalAdvance, self.fonts.width
        figures, left = wide("0.0000") + 4, row.left() + (PICTURE + 6 if picture_of(example) is not None else 0.0)
        right, shown = row.right(), []
        numbered = max(wide("00 000"), words(["number"])) + 8
        spare = right - left - figures - 60
        ends = Qt.AlignmentFlag.AlignRight
        shown.append((QRectF(right - figures, row.top(), figures, row.height()), "loss", ends))
        right -= figures + 8
        if example.decided is not None and spare > figures:
            spare -= figures + 8
            shown.append((QRectF(right - figures, row.top(), figures, row.height()), "sure", ends))
            right -= figures + 8
        if spare > numbered:
            shown.append((QRectF(left, row.top(), numbered - 8, row.height()), "number", Qt.AlignmentFlag.AlignLeft))
            left += numbered
        middle = f"truth{ARROW}{'output' if example.truth is None else 'decision'}"
        shown.append(
            (QRectF(left, row.top(), max(0.0, right - left), row.height()), middle, Qt.AlignmentFlag.AlignLeft)
        )
        return shown

    def _draw_row(self, painter: QPainter, one: Placed) -> None:
        example, t = one.example, theme()
        picture = picture_of(example)
        if picture is not None:
            square = QRectF(one.row.left(), one.row.top() + 1, PICTURE, PICTURE)
            painter.drawImage(square, picture)
        texts = {
            "loss": figure(example.loss).strip(),
            "sure": percent(example.share).strip(),
            "number": whole(example.index + 1),
        }
        for box, name, align in self._parts(one.row, example):
            flags = align | Qt.AlignmentFlag.AlignVCenter
            if name in texts:
                painter.setFont(self.fonts.figures)
                painter.setPen(QColor(t.faint if name == "number" else t.text))
                painter.drawText(box, flags, texts[name])
            else:
                self._draw_decision(painter, box, one)

    def _draw_decision(self, painter: QPainter, box: QRectF, one: Placed) -> None:
        example, t, middle = one.example, theme(), Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self.fonts.words)
        metrics = self.fonts.word_metrics
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
            painter.drawText(
                QRectF(left, box.top(), room, box.height()),
                middle,
                metrics.elidedText(text, Qt.TextElideMode.ElideRight, room),
            )
            left += metrics.horizontalAdvance(text)

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
        most = max((len(rows.examples) - self._count(body, rows) for _, body, rows in bodies), default=0)
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
    x = np.asarray(example.x, float)
    sides = picture_shape(example.shape, float(x.min(initial=0.0)))
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
