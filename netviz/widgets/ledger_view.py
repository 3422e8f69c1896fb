"""Sums and formulas line by line, a column for each network: names, arithmetic, values, and a bar for each value."""

from collections.abc import Sequence
from math import inf, isfinite
from typing import ClassVar

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollBar, QWidget

from engine.probes.arithmetic.lines import Section, Way
from netviz import theme
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.widgets.canvas import Canvas
from netviz.widgets.kept import Kept
from netviz.widgets.ledger import Block, Kind, Row, block
from netviz.widgets.ledger_places import Lane, Placed, shape_of, unwritten
from netviz.widgets.marks import MIDDLE, RIGHT, Column, columns, draw_head, draw_lit

PAD = 6.0
SCROLL = 10  # pixels kept for the scroll bar, so that lines do not jump when it comes
INDENT = 10.0
BAR = 44.0  # pixels of the bars' column
NARROWEST = 190.0  # pixels of a column; narrower ones stand one below the other
BARS_FROM = 300.0  # pixels of a column from which it has bars
WRAPPED = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap)
WORDS = int(Qt.TextFlag.TextWordWrap)
HEADS = {Way.FORWARD: "forward", Way.LOSS: "loss", Way.BACKWARD: "backward"}
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class LedgerView(Canvas):
    """Terms are pointed at and pinned by the shared cursor; arrows walk over layers and units.

    Only sections in sight are written out: one that is scrolled away is as high as it was when it was last seen.
    """

    covers: ClassVar[bool] = True

    walked = Signal(int, int)  # so many layers to the right, so many units down

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lanes: Sequence[Lane] = ()
        self._placed: list[Placed] = []
        self._blocks: dict[tuple[int, int], Block] = {}  # of lane and section, as far as they were written
        self._heights: dict[tuple[int, int], tuple[object, float]] = {}  # and what each depended on
        self._all = True  # whether all sections are placed, or those in sight
        self._parts: list[Column] = []
        self._wide = 0.0
        self._under: Placed | None = None
        self._lit: list[Placed] = []  # on the screen
        self._bold: Kept[QFont] = Kept()  # of totals
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Arithmetic of one unit")
        self.scroll = QScrollBar(Qt.Orientation.Vertical, self)
        self.scroll.valueChanged.connect(self._scrolled)
        self.scroll.hide()

    def show_lanes(self, lanes: Sequence[Lane]) -> None:
        self.lanes = tuple(lanes)
        self._blocks.clear()
        self._lay_out()
        self.update()

    def _scrolled(self) -> None:
        self._lay_out()
        self.update()

    def show_note(self, note: str) -> None:
        super().show_note(note)
        if note:
            self.lanes, self._placed = (), []
            self.scroll.hide()

    @property
    def placed(self) -> list[Placed]:
        """Everything, in sight or not."""
        if not self._all:
            self._lay_out(everything=True)
        return list(self._placed)

    def room(self) -> QRect:
        """Beside the scroll bar."""
        return self.rect() if self.scroll.isHidden() else self.rect().adjusted(0, 0, -SCROLL, 0)

    def sizeHint(self) -> QSize:
        return QSize(300, 200)

    # Places

    def _lay_out(self, everything: bool = False) -> None:
        self._all, self._under = True, None
        top = self.scroll.value()
        seen = (-inf, inf) if everything else (top, top + self.height())
        self._wide = float(self.width() - SCROLL)
        room = QRectF(PAD, PAD, max(60.0, self._wide - 2 * PAD), 1e6)
        self._placed, self._parts, bottom = [], [], 0.0
        names, head = [lane.name for lane in self.lanes], self.fonts.line + 4
        self._parts = columns(room, names, head)
        stacked = len(names) > 1 and self._parts[0].body.width() < NARROWEST
        for index, part in enumerate(self._parts):
            if stacked:  # too narrow to stand side by side
                top = QRectF(room.left(), bottom + PAD, room.width(), head)
                self._parts[index] = part = Column(part.name, top, room.translated(0, top.bottom() - room.top()))
            bottom = max(bottom, self._place_lane(index, part.body, *seen))
        over = int(bottom + PAD) - self.height()
        self.scroll.setRange(0, max(0, over))
        self.scroll.setPageStep(self.height())
        self.scroll.setSingleStep(int(self.fonts.line) * 3)
        self.scroll.setGeometry(self.width() - SCROLL, 0, SCROLL, self.height())
        self.scroll.setVisible(over > 0)

    def _place_lane(self, index: int, body: QRectF, first: float, last: float) -> float:
        """All of a lane that lies between two heights, at the least; returns where it ends."""
        lane, line, top, way = self.lanes[index], self.fonts.line + 1, body.top(), None
        if lane.words:
            top = self._place_note(index, lane.words, body, top)
        for number, section in enumerate(lane.sections):
            if section.way is not way:
                way = section.way
                top += 4 if top > body.top() else 0
                self._placed.append(
                    Placed(QRectF(body.left(), top, body.width(), line + 2), index, HEADS[way], way=way)
                )
                top += line + 4
            made_of = shape_of(section), body.width(), self.fonts
            known, high = self._heights.get((index, number), (None, 0.0))
            if known == made_of and (top + high < first or top > last):
                self._all = False
            else:
                high = self._place_section(index, number, section, body, top)
                self._heights[index, number] = made_of, high
            top += high
        return top

    def _place_section(self, index: int, number: int, section: Section, body: QRectF, start: float) -> float:
        """Writes and places it; returns how high it is."""
        line, lit, top = self.fonts.line + 1, self.lanes[index].lit, start
        shown = self._blocks.get((index, number))
        if shown is None:
            shown = self._blocks[index, number] = block(section)
        top = self._place_words(index, shown.title, body, top)
        if section.note:
            top = self._place_note(index, section.note, body, top)
        for row in shown.rows:
            folded = self._needs_two(row, body.width())
            high = line + (max(line, self._text_height(row, body.width())) if folded else 0.0)
            rect = QRectF(body.left(), top, body.width(), high)
            self._placed.append(Placed(rect, index, row=row, folded=folded, lit=bool(lit) and row.node == lit))
            top = rect.bottom()
        if section.left_out and not section.adds:
            words = f"and {section.left_out} more, smaller in what they carry forward"
            top = self._place_note(index, words, body, top)
        return top + 6 - start

    def _place_note(self, index: int, words: str, body: QRectF, top: float) -> float:
        return self._place_words(index, words, body.adjusted(INDENT, 0, 0, 0), top, note=True) + 2

    def _place_words(self, index: int, words: str, body: QRectF, top: float, note: bool = False) -> float:
        width = max(40.0, body.width())
        high = self.fonts.high(words, width)
        self._placed.append(Placed(QRectF(body.left(), top, width, high), index, words, note=note))
        return top + high

    def _needs_two(self, row: Row, width: float) -> bool:
        if not row.text:
            return False
        figures = self.fonts.figures_wide
        taken = self.fonts.wide(row.name) + figures(row.text) + figures(f" = {row.value}") + 16
        return taken > width - INDENT - self._bars(row, width)

    def _text_height(self, row: Row, width: float) -> float:
        """Of arithmetic on lines of its own."""
        room = QRectF(0, 0, width - INDENT - self._bars(row, width) - self._value_width(row), 1e4)
        return self.fonts.figure_metrics.boundingRect(room, WRAPPED, breakable(row.text)).height()

    def _value_width(self, row: Row) -> float:
        return self.fonts.figures_wide(f"= {row.value}") + 8

    def _bars(self, row: Row, width: float) -> float:
        """Room for them; lines that make no sum have none."""
        return BAR + 8 if width >= BARS_FROM and row.kind is not Kind.FORMULA else 0.0

    # Painting

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        by = -self.scroll.value()
        heads = [(part.head.translated(0, by), part.name) for part in self._parts]
        placed = ((one, one.rect.translated(0, by)) for one in self._placed)
        seen = [(one, at) for one, at in placed if at.bottom() >= rect.top() and at.top() <= rect.bottom()]
        still = [
            (at.getRect(), one.text, one.way, one.note, one.lit, one is self._under, one.row and unwritten(one.row))
            for one, at in seen
        ]

        def behind(inner: QPainter) -> None:
            for index, (head, name) in enumerate(heads):
                draw_head(inner, self.fonts, head, name, index)
            for one, at in seen:
                if one.row is not None:
                    self._paint_name(inner, one, one.row, at)
                elif one.way is not None:
                    self._paint_head(inner, one, at)
                else:
                    self._paint_words(inner, one, at)

        self.paint_behind(painter, rect, (heads, still), behind)
        for one, at in seen:
            if one.row is not None:
                self._paint_row(painter, one, one.row, at)

    def _paint_head(self, painter: QPainter, one: Placed, at: QRectF) -> None:
        t = theme.theme()
        colour = {Way.FORWARD: t.accent, Way.LOSS: t.amber, Way.BACKWARD: t.green}[one.way or Way.LOSS]
        painter.setFont(self.fonts.bold)
        painter.setPen(QColor(colour))
        painter.drawText(at, MIDDLE, one.text)
        wide = self.fonts.bold_wide(one.text) + 8
        painter.setPen(QPen(QColor(t.line), 1))
        middle = round(at.center().y()) + 0.5
        painter.drawLine(QPointF(at.left() + wide, middle), QPointF(at.right(), middle))

    def _paint_words(self, painter: QPainter, one: Placed, at: QRectF) -> None:
        t = theme.theme()
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(t.faint if one.note else t.text))
        painter.drawText(at, WORDS, one.text)

    def _first_line(self, row: Row, at: QRectF) -> QRectF:
        """Where the row's name stands, beside its bar."""
        bars = self._bars(row, at.width())
        return QRectF(at.left() + INDENT, at.top(), at.width() - INDENT - bars, self.fonts.line + 1)

    def _paint_name(self, painter: QPainter, one: Placed, row: Row, at: QRectF) -> None:
        """What stays of a row from answer to answer."""
        t, first, total = theme.theme(), self._first_line(row, at), row.kind is Kind.TOTAL
        if one.lit or one is self._under:
            painter.fillRect(at, theme.mix(t.card, t.accent, 0.28 if one.lit else 0.14))
        if total:
            painter.setPen(QPen(QColor(t.faint), 1))
            y = round(first.top()) + 0.5
            painter.drawLine(QPointF(first.left(), y), QPointF(first.right(), y))
        painter.setFont(self.fonts.bold if total else self.fonts.words)
        plain = t.text if total else t.faint
        painter.setPen(QColor(t.accent if one is self._under and row.node else plain))
        painter.drawText(first, MIDDLE, row.name)

    def _paint_row(self, painter: QPainter, one: Placed, row: Row, at: QRectF) -> None:
        """Its arithmetic, value and bar."""
        t, line, first = theme.theme(), self.fonts.line + 1, self._first_line(row, at)
        room = first.adjusted(0, 0, -self._value_width(row), 0)
        if one.folded:
            room.setBottom(at.bottom())
            room.setTop(first.bottom())
        last = first.translated(0, at.height() - line)
        painter.setPen(QColor(t.text))
        if row.text:
            painter.setFont(self.fonts.figures)
            painter.drawText(room, WRAPPED if one.folded else RIGHT, breakable(row.text) if one.folded else row.text)
        if row.kind in (Kind.ROUNDING, Kind.REST):
            painter.setPen(QColor(t.faint))
        bold = self._bold.of((self.fonts,), lambda: _bold(self.fonts.figures))
        painter.setFont(bold if row.kind is Kind.TOTAL else self.fonts.figures)
        painter.drawText(last, RIGHT, f"= {row.value}")
        if self._bars(row, at.width()) and row.kind is not Kind.ROUNDING and isfinite(row.share):
            self._paint_bar(painter, QRectF(last.right() + 8, last.top(), BAR, line), row.share)

    def _paint_bar(self, painter: QPainter, room: QRectF, share: float) -> None:
        t, middle = theme.theme(), room.center().x()
        length = share * room.width() / 2
        painter.fillRect(QRectF(middle - 0.5, room.top(), 1, room.height()), QColor(t.line))
        bar = QRectF(min(middle, middle + length), room.top() + 4, abs(length), room.height() - 8)
        painter.fillRect(bar, QColor(t.orange if share > 0 else t.blue))

    # Hands

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def at(self, place: QPointF) -> Placed | None:
        """The row under a place whose term can be followed to its unit."""
        one = self._row_at(place)
        return one if one is not None and one.row is not None and one.row.node else None

    def _row_at(self, place: QPointF) -> Placed | None:
        place = place + QPointF(0, self.scroll.value())
        return next((one for one in self._placed if one.row is not None and one.rect.contains(place)), None)

    def mark_at(self, place: QPointF) -> Mark:
        one = self.at(place)
        return NOTHING if one is None or one.row is None else Mark(one.row.node, one.row.unit)

    def lit(self, cursor: Cursor) -> list[Placed]:
        """The rows whose terms are pointed at; what is pinned is the unit that the card is about."""
        names, unit = cursor.layers if cursor.hovered.layer is not None else frozenset[str](), cursor.mark.unit
        return [one for one in self._placed if one.row and one.row.node in names and one.row.unit == unit]

    def _relight(self, changed: frozenset[str]) -> None:
        """Most of what is pointed at has no row here: then nothing is painted."""
        if self.pointed is not None and self.lit(self.pointed) != self._lit:
            super()._relight(changed)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._lit = [] if self.pointed is None else self.lit(self.pointed)
        super().paintEvent(event)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        for one in self._lit:
            draw_lit(painter, one.rect.translated(0, -self.scroll.value()))

    def tip(self, place: QPointF) -> str:
        one = self._row_at(place)
        if one is None or one.row is None:
            return ""
        row = one.row
        if row.kind is Kind.ROUNDING:
            return "What the rounding of the lines above leaves over"
        text = f"{row.name} = {row.text} = {row.value}" if row.text else f"{row.name} = {row.value}"
        return text + (f"\nClick: go to {row.node}, unit {row.unit + 1}" if row.node else "")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        under = self.at(event.position())
        if under is not self._under:
            self._under = under
            self.setCursor(Qt.CursorShape.PointingHandCursor if under else Qt.CursorShape.ArrowCursor)
            self.update()
        super().mouseMoveEvent(event)

    def leaveEvent(self, event) -> None:
        self._under = None
        self.update()
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.scroll.maximum():
            self.scroll.setValue(self.scroll.value() - round(event.angleDelta().y() / 120 * self.scroll.singleStep()))
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is not None and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.walked.emit(*step)
        elif event.key() in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            page = self.scroll.pageStep() - int(self.fonts.line)
            self.scroll.setValue(self.scroll.value() + (page if event.key() == Qt.Key.Key_PageDown else -page))
        else:
            super().keyPressEvent(event)


def breakable(text: str) -> str:
    """With places to break behind each sign of multiplication."""
    return text.replace("·", "·\N{ZERO WIDTH SPACE}")


def _bold(font: QFont) -> QFont:
    made = QFont(font)
    made.setWeight(QFont.Weight.DemiBold)
    return made
