"""An autoencoder's plane, a column for each lane: examples, decoded pictures over the same plane, reconstructions."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen

from engine.probes.example import Part
from engine.probes.latent import LatentAnswer
from netviz.runtime.cursor import NOTHING, Cursor, Mark, Spot
from netviz.runtime.history import History, LaneHistory
from netviz.theme import theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.dots import Dots, draw_class_key, shades_of
from netviz.widgets.latent_parts import (
    Parts,
    middle,
    one_image,
    parts_of,
    place_under,
    sheet_image,
    stepped,
    tile_under,
)
from netviz.widgets.marks import columns, draw_head, draw_lit, draw_note, draw_spot
from netviz.widgets.plane import GRASP, draw_ticks, place
from netviz.widgets.ticks import figure, signed, whole

STEP = 1 / 40  # of the plane's side, by an arrow key
FINE = 5  # times less, with Shift
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}


class LatentMap(Canvas):
    """`at` is the place whose decoded picture is shown large; the mouse and the arrows move it."""

    moved = Signal()

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.at: tuple[float, float] | None = None
        self._dots = Dots()
        self._held: tuple[int, int] | None = None  # the lane and the plane in which a drag began
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Plane of the code")
        self.follow(history.cursor, "example")

    def sizeHint(self) -> QSize:
        return QSize(360, 320)

    def recoloured(self) -> None:
        self._dots.forget()
        self.update()

    def told(self) -> list[tuple[int, LaneHistory, LatentAnswer]]:
        """The lanes whose plane is known."""
        lanes = [(i, lane, lane.latent) for i, lane in enumerate(self.history.lanes)]
        return [(i, lane, answer) for i, lane, answer in lanes if answer is not None and not answer.reason]

    def placed(self, rect: QRectF) -> list[tuple[int, LaneHistory, LatentAnswer, Parts]]:
        bodies = [column.body for column in self._columns(rect)]
        figures = self.fonts.figure_metrics.horizontalAdvance("−0.00") + 6
        return [
            (i, lane, answer, parts_of(bodies[i], answer, self.fonts.line, figures)) for i, lane, answer in self.told()
        ]

    def _columns(self, rect: QRectF) -> list:
        inner = rect.adjusted(0, 0, 0, -self.fonts.line - 3)
        return columns(inner, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    # Drawing

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        lanes = self.history.lanes
        for i, column in enumerate(self._columns(rect)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=lanes[i].apart)
            answer = lanes[i].latent
            if answer is None or answer.reason:
                draw_note(painter, self.fonts, column.body, "Press play" if answer is None else answer.reason)
        placed = self.placed(rect)
        for _, lane, answer, parts in placed:
            self._draw_words(painter, answer, parts)
            self._draw_examples(painter, answer, parts)
            self._draw_decoder(painter, answer, parts)
            self._draw_pairs(painter, lane, answer, parts)
        if placed:
            answer = placed[0][2]
            foot = QRectF(rect.left(), rect.bottom() - self.fonts.line, rect.width(), self.fonts.line)
            draw_class_key(painter, self.fonts, foot, answer.classes, answer.names, bool(len(answer.y_val)))

    def _draw_words(self, painter: QPainter, answer: LatentAnswer, parts: Parts) -> None:
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().text))
        words = next((w for w in errors_in_words(answer) if self.fonts.width([w]) <= parts.words.width()), "")
        painter.drawText(parts.words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        painter.setPen(QColor(theme().faint))
        for square, wordings in ((parts.examples, plane_in_words(answer)), (parts.decoder, ("decoded", ""))):
            head = QRectF(square.left(), square.top() - self.fonts.line - 1, square.width(), self.fonts.line)
            said = next((w for w in wordings if self.fonts.width([w]) <= head.width()), "")
            painter.drawText(head, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)

    def _draw_examples(self, painter: QPainter, answer: LatentAnswer, parts: Parts) -> None:
        t, square = theme(), parts.examples
        painter.save()
        painter.fillRect(square, QColor(t.raised))
        painter.setClipRect(square)
        radius = round(min(3.2, max(1.1, square.width() / 90)), 1)
        reach = float(np.nanmax(np.abs(answer.y), initial=0.0)) or 1.0
        for points, y, filled in ((answer.points, answer.y, True), (answer.points_val, answer.y_val, False)):
            shades, colours = shades_of(np.asarray(y), answer.classes, reach)
            pixels = place(answer.bounds, square, np.asarray(points, float))
            self._dots.draw(painter, pixels, shades, colours, radius, filled, self.ratio)
        self._draw_cross(painter, answer, square)
        painter.restore()
        self._draw_frame(painter, answer, square, parts.ticked)

    def _draw_decoder(self, painter: QPainter, answer: LatentAnswer, parts: Parts) -> None:
        square = parts.decoder
        t, image, side = theme(), sheet_image(answer), len(answer.pictures)
        painter.save()
        shrinks = image.width() > square.width() * self.ratio
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrinks)
        painter.drawImage(square, image)
        painter.setClipRect(square)
        line = QColor(t.line)
        painter.setPen(QPen(line, 1))
        for i in range(1, side):
            x, y = square.left() + i / side * square.width(), square.top() + i / side * square.height()
            painter.drawLine(QPointF(x, square.top()), QPointF(x, square.bottom()))
            painter.drawLine(QPointF(square.left(), y), QPointF(square.right(), y))
        self._draw_cross(painter, answer, square)
        painter.restore()
        self._draw_frame(painter, answer, square, parts.ticked)

    def _draw_frame(self, painter: QPainter, answer: LatentAnswer, square: QRectF, ticked: bool) -> None:
        t = theme()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(t.accent if self.hasFocus() else t.line), 1))
        painter.drawRect(square)
        if ticked:
            draw_ticks(painter, self.fonts, square, answer.bounds)

    def _draw_cross(self, painter: QPainter, answer: LatentAnswer, square: QRectF) -> None:
        """The chosen place, on whatever ground."""
        if self.at is None:
            return
        at = QPointF(*place(answer.bounds, square, np.array([self.at]))[0].tolist())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, wide in ((theme().card, 3.0), (theme().accent, 1.4)):
            painter.setPen(QPen(QColor(colour), wide))
            for by in (QPointF(9, 0), QPointF(0, 9)):
                painter.drawLine(at - by, at - by * 0.35)
                painter.drawLine(at + by * 0.35, at + by)
            painter.drawEllipse(at, 3.2, 3.2)

    def _draw_pairs(self, painter: QPainter, lane: LaneHistory, answer: LatentAnswer, parts: Parts) -> None:
        """The place that is decoded, then originals over what became of them."""
        if parts.point.isEmpty():
            return
        t, line = theme(), self.fonts.line
        told = lane.decoded if lane.decoded is not None and lane.decoded.node == answer.node else None
        if told is not None and self.at is not None:
            painter.drawImage(parts.point, one_image(answer, told.values))
        else:
            draw_note(painter, self.fonts, parts.point.adjusted(-8, 0, 8, 0), "drag")
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(t.accent if told is not None and self.at is not None else t.line), 1))
        painter.drawRect(parts.point)
        for boxes, values in ((parts.originals, answer.originals), (parts.rebuilt, answer.rebuilt)):
            for box, one in zip(boxes, values, strict=False):
                painter.drawImage(box, one_image(answer, one))
        painter.setPen(QColor(t.faint))
        painter.setFont(self.fonts.words)
        first, last = parts.originals[0], parts.originals[-1]
        head = QRectF(first.left(), first.top() - line - 1, parts.words.right() - first.left(), line)
        what = f"{answer.part.value} examples over their reconstructions"
        said = next((w for w in (what, "over their reconstructions", "") if self.fonts.width([w]) <= head.width()), "")
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said)
        room = QRectF(last.right() + 6, first.top(), parts.words.right() - last.right() - 6, first.height())
        for box, name in ((room, "original"), (room.translated(0, first.height() + 2), "rebuilt")):
            if self.fonts.width([name]) <= box.width():
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    # The shared cursor

    def _nearest(self, at: QPointF) -> tuple[int, LatentAnswer, Spot] | None:
        """The example under the mouse, in the plane or beside its reconstruction."""
        for i, _, answer, parts in self.placed(QRectF(self.rect())):
            for boxes in (parts.originals, parts.rebuilt):
                for number, box in enumerate(boxes):
                    if box.contains(at):
                        return i, answer, (answer.part, answer.indices[number])
            if not parts.examples.contains(at):
                continue
            best, found = GRASP, None
            for part, points in ((Part.TRAINING, answer.points), (Part.VALIDATION, answer.points_val)):
                if len(points):
                    pixels = place(answer.bounds, parts.examples, np.asarray(points, float))
                    away = np.nan_to_num(np.hypot(*(pixels - [at.x(), at.y()]).T), nan=np.inf)
                    if away.min() < best:
                        best, found = float(away.min()), (part, int(away.argmin()))
            return None if found is None else (i, answer, found)
        return None

    def mark_at(self, place: QPointF) -> Mark:
        found = self._nearest(place)
        if found is None:
            return NOTHING
        return Mark(example=found[2])

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        spot = cursor.mark.example
        if spot is None:
            return
        for _, _, answer, parts in self.placed(rect):
            points = answer.points if spot[0] is Part.TRAINING else answer.points_val
            if spot[1] < len(points):
                at = place(answer.bounds, parts.examples, np.asarray(points[spot[1]], float)[None])[0]
                if np.isfinite(at).all() and parts.examples.contains(QPointF(*at.tolist())):
                    draw_spot(painter, QPointF(*at.tolist()), GRASP - 1)
            if parts.originals and spot[0] is answer.part and spot[1] in answer.indices:
                number = answer.indices.index(spot[1])
                draw_lit(painter, parts.originals[number].united(parts.rebuilt[number]))

    def tip(self, place: QPointF) -> str:
        for _, _, answer, parts in self.placed(QRectF(self.rect())):
            if parts.decoder.contains(place):
                row, column = tile_under(place, parts.decoder, len(answer.pictures))
                where = place_under(place, parts.decoder, answer.bounds)
                values = np.asarray(answer.pictures[row, column])
                span = f"{figure(float(values.min())).strip()} to {figure(float(values.max())).strip()}"
                return f"decoded near {_where(where)}: {span}"
        found = self._nearest(place)
        return "" if found is None else example_in_words(found[1], found[2])

    # The hand

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        planes = [
            (lane, k) for lane, *_, parts in self.placed(QRectF(self.rect()))
            for k, square in enumerate((parts.examples, parts.decoder)) if square.contains(at)
        ]  # fmt: skip
        if event.button() == Qt.MouseButton.LeftButton and planes:
            self._held = planes[0]
            self._drag(at)
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._held is not None:
            self._drag(event.position())
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        super().mouseReleaseEvent(event)

    def _drag(self, at: QPointF) -> None:
        """To the place of the plane in which the drag began that is nearest to the mouse."""
        for lane, _, answer, parts in self.placed(QRectF(self.rect())):
            if self._held is not None and lane == self._held[0]:
                square = (parts.examples, parts.decoder)[self._held[1]]
                self.move_to(place_under(at, square, answer.bounds))

    def move_to(self, at: tuple[float, float]) -> None:
        self.at = at
        self.update()
        self.moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrow, told = _ARROWS.get(Qt.Key(event.key())), self.told()
        if arrow is None or not told:
            super().keyPressEvent(event)
            return
        bounds = told[0][2].bounds
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = STEP / (FINE if fine else 1)
        self.move_to(stepped(self.at or middle(bounds), (arrow[0] * step, arrow[1] * step), bounds))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)


def errors_in_words(answer: LatentAnswer) -> tuple[str, ...]:
    """How well it gives back what it takes, in several lengths, the longest first."""
    own, linear = figure(answer.error).strip(), figure(answer.linear).strip()
    held = "" if answer.error_val is None else f" (validation {figure(answer.error_val).strip()})"
    by = f"{answer.units} principal components"
    return (
        f"mean square error {own}{held}; the best linear code of as many units, {by}: {linear}",
        f"error {own}{held}; {by}: {linear}",
        f"error {own}{held}; linear {linear}",
        f"{own}; linear {linear}",
        own,
    )


def plane_in_words(answer: LatentAnswer) -> tuple[str, ...]:
    if answer.exact:
        return f"{answer.node}: its two units", answer.node, ""
    units = f"{whole(answer.units)} units"
    return f"{answer.node}: principal axes of its {units}", f"{answer.node}: {units}", answer.node, ""


def example_in_words(answer: LatentAnswer, spot: Spot) -> str:
    part, number = spot
    points, y = (answer.points, answer.y) if part is Part.TRAINING else (answer.points_val, answer.y_val)
    value = float(y[number])
    truth = f"target {figure(value).strip()}"
    if answer.classes is not None:
        label = int(value)
        truth = f"class {answer.names[label] if label < len(answer.names) else label}"
    words = f"{part.value} example {whole(number + 1)}, {truth}, at {_where(points[number])}"
    if part is answer.part and number in answer.indices:
        words += f", error {figure(answer.errors[answer.indices.index(number)]).strip()}"
    return words


def _where(at: "tuple[float, float] | np.ndarray") -> str:
    return signed(f"({float(at[0]):.3g}, {float(at[1]):.3g})")
