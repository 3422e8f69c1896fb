"""One unit of every lane from all sides, a column for each lane; what there is no room for is left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from engine.catalogue import LAYERS
from engine.layers.base import Activation
from engine.probes.example import Part as DataPart
from engine.probes.neuron import Driven, Links, NeuronAnswer
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import depth_colour, theme
from netviz.widgets import neuron_parts as parts
from netviz.widgets.canvas import Canvas
from netviz.widgets.example_input import picture_shape
from netviz.widgets.example_list import picture_of
from netviz.widgets.marks import Column, columns, draw_head, draw_lit, draw_note, draw_spot
from netviz.widgets.neuron_past import Past
from netviz.widgets.neuron_words import (
    figures_of,
    full_size,
    in_bin,
    lines_of,
    names_of,
    on_map,
    title_of,
    weight_in_words,
)
from netviz.widgets.plane import GRASP, Bounds, place
from netviz.widgets.shades import clipped
from netviz.widgets.strips import colours, strip_pixels
from netviz.widgets.ticks import signed, whole

WIDE = 1.2  # times as wide as high: the parts stand in two columns
FACE, FIGURES, ANSWERS, DRIVEN, INTO, ONWARD, PAST = "face", "figures", "answers", "driven", "into", "onward", "past"
LEAST_FACE, LEAST_SPREAD, LEAST_LINKS = 110.0, 60.0, 34.0  # pixels


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a unit's picture: its least height and its share of what is over."""

    kind: str
    least: float
    grows: float = 0.0
    links: Links | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    lane: int
    answer: NeuronAnswer
    part: Part
    caption: QRectF
    area: QRectF
    sides: tuple[int, int] | None  # of the incoming weights' picture


class NeuronView(Canvas):
    """Unit number `unit` of layer `node` of every lane."""

    covers: ClassVar[bool] = True

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history, self.node, self.unit = history, "", 0
        self.past = Past()
        self._triangles = parts.Triangles()
        self.follow(history.cursor, "example")

    def sizeHint(self) -> QSize:
        return QSize(320, 360)

    def answer_of(self, lane: LaneHistory) -> NeuronAnswer | None:
        """What is known of the chosen unit; of a narrower layer its last unit stands for one beyond it."""
        answer = lane.neuron
        if answer is None or answer.node != self.node:
            return None
        return answer if answer.unit == min(self.unit, answer.units - 1) else None

    # The places

    def _columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def placed(self, rect: QRectF) -> list[Placed]:
        """Every part of every lane in its place."""
        made = []
        for i, (column, lane) in enumerate(zip(self._columns(rect), self.history.lanes, strict=True)):
            answer = self.answer_of(lane)
            if answer is None:
                continue
            body, sides = column.body.adjusted(0, self.fonts.line + 2, 0, 0), self.sides_of(answer)  # below its name
            for part, box in self._laid(body, self._parts(answer, sides is not None)):
                caption = QRectF(box.left(), box.top(), box.width(), self.fonts.line)
                area = box.adjusted(0, self.fonts.line + 1, 0, -5)
                made.append(Placed(i, answer, part, caption, area, sides))
        return made

    def _parts(self, answer: NeuronAnswer, pictured: bool) -> list[Part]:
        """The parts that this unit has, the most telling first."""
        line = self.fonts.line
        made = [Part(ANSWERS, LEAST_SPREAD + line, 2.0), Part(FIGURES, (lines_of(answer) + 1) * line + 8)]
        if answer.map is not None or pictured:
            made.insert(0, Part(FACE, LEAST_FACE + line, 4.0))
        if answer.highest:
            high = 30.0 if picture_of(answer.highest[0]) is not None else line
            made.append(Part(DRIVEN, 2 * high + line + 10))
        if answer.incoming is not None and not pictured:
            named = len(answer.incoming.names) if 0 < len(answer.incoming.names) <= parts.MOST_NAMED else 0
            made.append(Part(INTO, max(LEAST_LINKS, named * line) + line, 1.0, answer.incoming))
        made += [Part(ONWARD, LEAST_LINKS + line, 1.0, links) for links in answer.outgoing[:1]]
        if not np.isnan(answer.saturated):
            made.append(Part(PAST, line + 22))
        return made

    def _laid(self, body: QRectF, found: list[Part]) -> list[tuple[Part, QRectF]]:
        if body.width() < WIDE * body.height() or body.width() < 300:
            return stacked(body, found)
        left = [part for part in found if part.kind in (FACE, DRIVEN)]
        if not left:
            left = [part for part in found if part.kind in (ANSWERS, DRIVEN)]
        rest = [part for part in found if part not in left]
        half = body.width() * 0.46
        return stacked(body.adjusted(0, 0, half - body.width(), 0), left) + stacked(
            body.adjusted(half + 12, 0, 0, 0), rest
        )

    def sides_of(self, answer: NeuronAnswer) -> tuple[int, int] | None:
        """Rows and columns, where the incoming weights belong to the pixels of a picture."""
        links, shape = answer.incoming, answer.highest[0].shape if answer.highest else ()
        if links is None or links.names or links.mixed or not len(links.values) == links.total == prod(shape):
            return None
        inside = any(links.other in lane.info.layers for lane in self.history.lanes)
        low = min(float(np.asarray(one.x).min()) for one in (*answer.highest, *answer.lowest))
        return None if inside else picture_shape(shape, low)

    # Drawing

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        placed, lanes = self.placed(rect), self.history.lanes
        titles = [answer and title_of(answer) for answer in map(self.answer_of, lanes)]
        heads = [(lane.info.name, lane.info.layers, lane.apart) for lane in lanes]
        captions = [self._shortened(one) for one in placed]
        planes = [self._plane(one) for one in placed]

        def behind(inner: QPainter) -> None:
            self._draw_heads(inner, rect, titles)
            for one, (lead, _), plane in zip(placed, captions, planes, strict=True):
                self._draw_words(inner, one.caption, parts.LEFT, lead)
                if plane is not None:
                    parts.draw_map_ticks(inner, self.fonts, *plane)

        stay = [(one.caption.getRect(), lead) for one, (lead, _) in zip(placed, captions, strict=True)]
        self.paint_behind(painter, rect, (self.node, heads, titles, stay, planes), behind)
        for one, (_, end) in zip(placed, captions, strict=True):
            if end:
                self._draw_words(painter, one.caption, parts.RIGHT, end)
            self._draw(painter, one)

    def _draw_heads(self, painter: QPainter, rect: QRectF, titles: Sequence[str | None]) -> None:
        for i, (column, lane, title) in enumerate(zip(self._columns(rect), self.history.lanes, titles, strict=True)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=lane.apart)
            layers = lane.info.layers
            if title is None:
                there = self.node in layers
                draw_note(painter, self.fonts, column.body, "Press play" if there else f"There is no {self.node} here.")
                continue
            painter.setFont(self.fonts.words)
            painter.setPen(depth_colour(layers.index(self.node), len(layers)))
            top = QRectF(column.body.left(), column.body.top(), column.body.width(), self.fonts.line)
            painter.drawText(top, parts.LEFT, title)

    def _plane(self, one: Placed) -> tuple[QRectF, Bounds] | None:
        """Where the input plane is drawn, and what of it."""
        bounds = one.answer.bounds
        mapped = one.part.kind == FACE and one.answer.map is not None and bounds is not None
        return (self.square(one), bounds) if mapped and bounds is not None else None

    def _shortened(self, one: Placed) -> tuple[str, str]:
        """A part's caption as there is room for it."""
        lead, end = self._caption(one)
        taken = self.fonts.wide(end) + 8 if end else 0.0
        if taken > one.caption.width() * 0.6:
            end, taken = "", 0.0
        return self.fonts.shortened(lead, one.caption.width() - taken), end

    def _draw_words(self, painter: QPainter, area: QRectF, align: Qt.AlignmentFlag, text: str) -> None:
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        painter.drawText(area, align, text)

    def _draw(self, painter: QPainter, one: Placed) -> None:
        answer, area = one.answer, one.area
        if one.part.kind == FACE:
            self._draw_face(painter, one)
        elif one.part.kind == FIGURES:
            self._draw_figures(painter, one)
        elif one.part.kind == ANSWERS:
            parts.draw_answers(painter, self.fonts, area, answer.answers, parts.ground(0.2))
        elif one.part.kind == DRIVEN:
            for words, driven, row in self._driven_rows(one):
                parts.draw_driven(painter, self.fonts, row, words, driven, names_of(answer))
        elif one.part.links is not None:
            parts.draw_links(painter, self.fonts, area, one.part.links)
        else:
            self._draw_past(painter, one)

    def _caption(self, one: Placed) -> tuple[str, str]:
        """What a part is, and at its right what full size or colour means."""
        answer, kind, links = one.answer, one.part.kind, one.part.links
        if kind == FACE and answer.map is not None:
            middle, reach = self.scale_of(one)
            ends = signed(f"{middle - reach:g} … {middle + reach:g}")
            return "input plane, ▲ highest, ▼ lowest", ends
        if kind == FACE:
            links = answer.incoming
        if links is not None:
            size, slope = (full_size(np.asarray(v)) for v in (links.values, links.gradient))
            where = f"weights from {links.other}" if kind != ONWARD else f"weights on to {links.node}"
            some = f"{whole(len(links.values))} of " if len(links.values) < links.total else ""
            return f"{where} ({some}{whole(links.total)}) and ∂L/∂w", f"{size}, {slope}"
        if kind == FIGURES:
            return f"on {whole(answer.extent.examined)} training examples", ""
        if kind == ANSWERS:
            return "outputs by class" if len(answer.answers.counts) > 1 else "outputs", ""
        if kind == DRIVEN:
            return "the examples that drive it most and least", ""
        known = self.past.of(self._key(one))
        looks = "" if known is None else self.fonts.fitting(known.in_words(), one.caption.width() * 0.58)
        return "saturated (amber), dead (red)", looks

    def scale_of(self, one: Placed) -> tuple[float, float]:
        """The middle of the map's colours, and how far from it they are full."""
        info, told = self.history.lanes[one.lane].info, one.answer.answers
        layer = LAYERS[info.kinds[info.layers.index(self.node)]]
        if issubclass(layer, Activation) and layer.bounds is not None:
            return (told.low + told.high) / 2, (told.high - told.low) / 2
        return 0.0, max(abs(told.low), abs(told.high)) or 1.0

    def square(self, one: Placed) -> QRectF:
        """The map, with room for its ticks."""
        area, below, left = one.area, 0.0, 0.0
        if min(area.width(), area.height()) >= 130:
            below, left = self.fonts.line, self.fonts.figure_metrics.horizontalAdvance("−0.0") + 6
        side = float(int(max(8.0, min(area.width() - left - 2, area.height() - below - 1))))
        return QRectF(float(int(area.left() + left + (area.width() - left - side) / 2)), area.top(), side, side)

    def _draw_face(self, painter: QPainter, one: Placed) -> None:
        answer, sides = one.answer, one.sides
        if answer.map is not None:
            assert answer.bounds is not None
            image = parts.map_image(answer.map, *self.scale_of(one))
            driven, up = (*answer.highest, *answer.lowest), len(answer.highest)
            square, triangles = self.square(one), self._triangles
            parts.draw_map(painter, square, answer.bounds, image, driven, up, triangles, self.ratio)
        elif answer.incoming is not None and sides is not None:
            for square, values in zip(
                self.pictures(one), (answer.incoming.values, answer.incoming.gradient), strict=False
            ):
                parts.draw_weights(painter, square, np.asarray(values), sides)

    def pictures(self, one: Placed) -> list[QRectF]:
        """The weights as a picture, and their gradient beside it where there is room."""
        area, sides = one.area, one.sides
        assert sides is not None
        aspect = sides[1] / sides[0]
        count = 2 if area.width() >= 1.5 * area.height() * aspect else 1
        side = max(8.0, min(area.height(), (area.width() - 8 * (count - 1)) / count / aspect) - 1)
        left = area.left() + (area.width() - count * side * aspect - 8 * (count - 1)) / 2
        return [QRectF(left + k * (side * aspect + 8), area.top(), side * aspect, side) for k in range(count)]

    def _draw_figures(self, painter: QPainter, one: Placed) -> None:
        painter.setFont(self.fonts.words)
        for k, (words, bad) in enumerate(figures_of(one.answer)):
            row = QRectF(one.area.left(), one.area.top() + k * self.fonts.line, one.area.width(), self.fonts.line)
            painter.setPen(QColor(theme().red if bad else theme().text))
            painter.drawText(row, parts.LEFT, self.fonts.shortened(words, row.width()))

    def _driven_rows(self, one: Placed) -> list[tuple[str, Sequence[Driven], QRectF]]:
        high = (one.area.height() - 3) / 2
        rows = [QRectF(one.area.left(), one.area.top() + k * (high + 3), one.area.width(), high) for k in range(2)]
        return [("highest", one.answer.highest, rows[0]), ("lowest", one.answer.lowest, rows[1])]

    def _key(self, one: Placed) -> tuple[str, str, int]:
        return self.history.lanes[one.lane].info.name, one.answer.node, one.answer.unit

    def _draw_past(self, painter: QPainter, one: Placed) -> None:
        """How saturated it was, look by look, as a line of colours; below it, whether dead."""
        known, area, t = self.past.of(self._key(one)), one.area, theme()
        if known is None:
            return
        pixels = max(4, round(area.width() * self.ratio))
        shares = strip_pixels(known.steps, known.shares, pixels)
        for share, colour, top, high in ((shares[0], t.amber, 0.0, 0.65), (shares[1], t.red, 0.7, 0.3)):
            line = colours(t.raised, colour)[(clipped(share) * 255).astype(np.uint8)]
            image = QImage(np.ascontiguousarray(line).data, pixels, 1, 4 * pixels, QImage.Format.Format_RGB32)
            painter.drawImage(
                QRectF(area.left(), area.top() + top * area.height(), area.width(), high * area.height()), image
            )
        painter.setPen(QPen(QColor(t.line), 1))
        painter.drawRect(area)

    # The shared cursor

    def mark_at(self, at: QPointF) -> Mark:
        """An example that drives the unit; or at a weight the unit at its other end, to which a click goes."""
        one = self._under(at)
        if one is None:
            return NOTHING
        if one.part.kind in (FACE, DRIVEN):
            found = next((d for d, spot in self._spots(one) if spot.contains(at)), None)
            return NOTHING if found is None else Mark(example=(DataPart.TRAINING, found.index))
        links = one.part.links
        which = None if links is None else parts.weight_at(one.area, links, at, self.fonts)
        if links is None or which is None or links.other not in self.history.lanes[one.lane].info.layers:
            return NOTHING
        return Mark(links.other, which, one.lane if len(self.history.lanes) > 1 else None)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        spot = cursor.mark.example
        if spot is None or spot[0] is not DataPart.TRAINING:
            return
        for one in self.placed(rect):
            for driven, box in self._spots(one) if one.part.kind in (FACE, DRIVEN) else ():
                if driven.index == spot[1] and one.part.kind == FACE:
                    draw_spot(painter, box.center(), GRASP + 1)
                elif driven.index == spot[1]:
                    draw_lit(painter, box.adjusted(-2, 0, 2, 2))

    def _spots(self, one: Placed) -> list[tuple[Driven, QRectF]]:
        """Where the examples that drive the unit are drawn."""
        if one.part.kind == DRIVEN:
            rows = self._driven_rows(one)
            return [pair for _, driven, row in rows for pair in parts.places_of(self.fonts, row, driven)]
        driven, bounds = (*one.answer.highest, *one.answer.lowest), one.answer.bounds
        if bounds is None or not driven:
            return []
        at = place(bounds, self.square(one), np.array([d.x[:2] for d in driven], float)).tolist()
        return [(d, QRectF(x - GRASP, y - GRASP, 2 * GRASP, 2 * GRASP)) for d, (x, y) in zip(driven, at, strict=True)]

    # The mouse

    def _under(self, at: QPointF) -> Placed | None:
        return next((one for one in self.placed(QRectF(self.rect())) if one.area.contains(at)), None)

    def tip(self, place: QPointF) -> str:
        one = self._under(place)
        if one is None:
            return ""
        answer, kind = one.answer, one.part.kind
        if kind == FACE and answer.map is not None:
            return on_map(answer, self.square(one), place)
        if kind == FACE:
            return self._on_picture(one, place)
        if kind == ANSWERS:
            return in_bin(answer, one.area, place)
        if kind == DRIVEN:
            named = names_of(answer)
            return next((parts.driven_in_words(d, named) for d, box in self._spots(one) if box.contains(place)), "")
        if one.part.links is not None:
            at = parts.weight_at(one.area, one.part.links, place, self.fonts)
            return "" if at is None else weight_in_words(one.part.links, at)
        return ""

    def _on_picture(self, one: Placed, at: QPointF) -> str:
        links, sides = one.answer.incoming, one.sides
        square = next((square for square in self.pictures(one) if square.contains(at)), None)
        if square is None or links is None or sides is None:
            return ""
        row = min(sides[0] - 1, int((at.y() - square.top()) / square.height() * sides[0]))
        column = min(sides[1] - 1, int((at.x() - square.left()) / square.width() * sides[1]))
        return weight_in_words(links, row * sides[1] + column)


def stacked(body: QRectF, found: list[Part]) -> list[tuple[Part, QRectF]]:
    """The parts one below the other; the last ones of `found` go first where there is no room for all."""
    kept, (left, top, wide, room) = list(found), body.getRect()
    least, bottom = sum([part.least for part in kept]), top + room
    while len(kept) > 1 and least > room:
        least -= kept.pop().least
    over, grows = max(0.0, room - least), sum([part.grows for part in kept])
    made = []
    for part in kept:
        high = part.least + (over * part.grows / grows if grows else 0.0)
        made.append((part, QRectF(left, top, wide, min(high, bottom - top))))
        top += high
    return made
