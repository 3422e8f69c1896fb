"""Every unit of every activation over the steps, a line each: which are saturated, which are dead, and since when."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter

from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.runtime.past import ALL, DEAD, Past
from netviz.theme import depth_colour, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.heat import end_of, paint_pixels, shown_rows
from netviz.widgets.marks import NO_ACTIVATION, Column, columns, draw_head, draw_lit, draw_note, draw_step
from netviz.widgets.ticks import percent, whole

TALLEST = 12.0  # of a unit's line
GAP = 4.0  # between layers
SEEN = 0.35  # of red, at least, where any unit of a line is dead
LEAST = 0.25  # of a layer's even share of the height: a narrow layer beside wide ones is seen, too


@dataclass(frozen=True, slots=True)
class Block:
    """One activation's units in their place; `lines` of pixels, each with `units` / `lines` of them."""

    lane: int
    layer: int
    node: str
    past: Past
    area: QRectF
    row: QRectF
    lines: int

    @property
    def units(self) -> int:
        return self.past.width

    def starts(self) -> np.ndarray:
        """The first unit of each line."""
        return np.arange(self.lines) * self.units // self.lines


class UnitStrips(Canvas):
    """All lanes side by side; where there are more units than pixels, a line shows some of them."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.setAccessibleName("Units over the steps")
        self.follow(history.cursor, "layer", "unit", "step")

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    def columns(self, rect: QRectF) -> list[Column]:
        return columns(rect, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def seen_steps(self) -> tuple[float, float]:
        """From the first step of any lane to the last, which has a width of its own."""
        pasts = [past for lane in self.history.lanes for _, past in told(lane)]
        first, last = min((p.steps[0] for p in pasts), default=0.0), max((end_of(p) for p in pasts), default=1.0)
        return float(first), float(max(last, first + 1))

    def blocks(self, rect: QRectF) -> list[Block]:
        """Every activation in its place: as high as it has units, but none out of sight."""
        made, line = [], self.fonts.line
        figures = self.fonts.figure_metrics.horizontalAdvance("00 000") + 4
        for i, (column, lane) in enumerate(zip(self.columns(rect), self.history.lanes, strict=True)):
            known = told(lane)
            if not known:
                continue
            body = column.body.adjusted(0, 1, 0, -2 * line - 2)
            names = [lane.info.layers[layer] for layer, _ in known]
            name_width = min(self.fonts.width(names) + 6, body.width() * 0.28)
            right = figures if body.width() > 170 else 0.0
            room = max(1.0, body.height() - GAP * (len(known) - 1))
            units = np.array([past.width for _, past in known], float)
            shares = np.maximum(units / units.sum(), LEAST / len(known))
            heights, top = np.minimum(room * shares / shares.sum(), TALLEST * units), body.top()
            for (layer, past), high in zip(known, heights.tolist(), strict=True):
                row = QRectF(body.left(), top, body.width(), high)
                area = row.adjusted(name_width, 0, -right, 0)
                lines = max(1, min(past.width, round(high * self.ratio)))
                made.append(Block(i, layer, lane.info.layers[layer], past, area, row, lines))
                top += high + GAP
        return made

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        blocks = self.blocks(rect)
        for i, column in enumerate(self.columns(rect)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=self.history.lanes[i].apart)
            mine = [block for block in blocks if block.lane == i]
            if mine:
                self._draw_foot(painter, column, mine)
            elif not self.history.lanes[i].activations():
                draw_note(painter, self.fonts, column.body, NO_ACTIVATION)
        for block in blocks:
            self._draw_units(painter, block)
        self._draw_names(painter, blocks)

    def _draw_units(self, painter: QPainter, block: Block) -> None:
        wide = max(2, round(block.area.width() * self.ratio))
        found = shown_rows(block.past, *self.seen_steps(), wide)
        used, back = np.unique(found, return_inverse=True)
        pixels = mixed(block.past.rows[used], block.starts())
        pixels[used < 0] = QColor(theme().card).rgb()
        paint_pixels(painter, block.area, np.take(pixels.T, back, axis=1))

    def _draw_names(self, painter: QPainter, blocks: list[Block]) -> None:
        """Names at the left; how many are dead now at the right."""
        line, lane, last = self.fonts.line, -1, -100.0
        for block in blocks:
            if block.lane != lane:
                lane, last = block.lane, -100.0
            middle = block.area.center().y()
            if middle - last < line * 0.9:
                continue
            last, layers = middle, len(self.history.lanes[block.lane].info.layers)
            painter.setFont(self.fonts.words)
            painter.setPen(depth_colour(block.layer, layers))
            box = QRectF(block.row.left(), middle - line / 2, block.area.left() - block.row.left() - 5, line)
            text = self.fonts.word_metrics.elidedText(block.node, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
            if block.row.right() - block.area.right() > 10:
                dead = dead_now(block.past)
                painter.setFont(self.fonts.figures)
                painter.setPen(QColor(theme().red if dead else theme().faint))
                box = QRectF(block.area.right(), middle - line / 2, block.row.right() - block.area.right(), line)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, whole(dead))

    def _draw_foot(self, painter: QPainter, column: Column, blocks: list[Block]) -> None:
        """Steps, and what a line is."""
        left, _ = self.seen_steps()
        area, line = blocks[-1].area, self.fonts.line
        y = column.body.bottom() - 2 * line
        painter.setFont(self.fonts.figures)
        painter.setPen(QColor(theme().faint))
        box = QRectF(area.left(), y, area.width(), line)
        first, last = whole(left), whole(blocks[-1].past.steps[-1])
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, last)
        wide = sum(map(self.fonts.figure_metrics.horizontalAdvance, (first, last)))
        if first != last and wide + 10 < area.width():
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, first)
        painter.setFont(self.fonts.words)
        most = max(-(-block.units // block.lines) for block in blocks)
        what = "a line a unit" if most == 1 else f"a line: up to {most} units"
        words = (
            f"{what}; amber: share saturated, red: dead, at the right how many now",
            f"{what}; amber: saturated, red: dead",
            what,
        )
        text = next((w for w in words if self.fonts.width([w]) <= column.body.width()), "")
        painter.drawText(QRectF(column.body.left(), y + line, column.body.width(), line), 0, text)

    # What is pointed at

    def _under(self, place: QPointF) -> tuple[Block, int, int] | None:
        """The block, the unit (of several the worst one) and the row of the past."""
        for block in self.blocks(QRectF(self.rect())):
            if block.area.contains(place):
                pixels = max(2, round(block.area.width() * self.ratio))
                share = (place.x() - block.area.left()) / block.area.width()
                at = int(shown_rows(block.past, *self.seen_steps(), pixels)[min(pixels - 1, int(share * pixels))])
                line = min(block.lines - 1, int((place.y() - block.area.top()) / block.area.height() * block.lines))
                starts = np.append(block.starts(), block.units)
                some = slice(starts[line], starts[line + 1])
                return block, int(starts[line] + block.past.rows[at, some].argmax()), at
        return None

    def mark_at(self, place: QPointF) -> Mark:
        found = self._under(place)
        if found is None:
            return NOTHING
        block, unit, at = found
        lane = block.lane if len(self.history.lanes) > 1 else None
        return Mark(block.node, unit, lane, float(block.past.steps[at]) if at >= 0 else None)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        mark, (left, right) = cursor.mark, self.seen_steps()
        for block in self.blocks(rect):
            if mark.step is not None and left <= mark.step <= right:
                x = block.area.left() + (mark.step - left) / (right - left) * block.area.width()
                draw_step(painter, x, block.area.top(), block.area.bottom(), pinned=mark.step == cursor.pinned.step)
            if mark.layer == block.node and mark.unit is not None and mark.unit < block.units:
                high = block.area.height() / block.units
                line = QRectF(block.area.left(), block.area.top() + mark.unit * high, block.area.width(), high)
                draw_lit(painter, line.adjusted(-1, -1, 1, 1))
            elif block.node in cursor.layers:
                draw_lit(painter, block.area.adjusted(-1, -1, 1, 1))

    def tip(self, place: QPointF) -> str:
        found = self._under(place)
        if found is None or found[2] < 0:
            return ""
        block, unit, at = found
        code = int(block.past.rows[at, unit])
        state = "dead" if code == DEAD else f"{percent(code / ALL).strip()} of its outputs saturated"
        since = dead_since(block.past)[unit]
        text = f"{block.node}, unit {whole(unit + 1)} at step {whole(block.past.steps[at])}: {state}"
        return text if np.isnan(since) else f"{text}\ndead in every answer since step {whole(since)}"


def mixed(codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """uint32 pixels (rows, lines) of unit bytes (rows, units): amber by the mean saturated share, red over it by the
    share of dead units, but never so little that one among many is not seen.
    """
    counts = np.diff(np.append(starts, codes.shape[1]))
    saturated = np.add.reduceat(np.minimum(codes, ALL) / ALL, starts, axis=1) / counts
    dead = np.add.reduceat((codes == DEAD) * 1.0, starts, axis=1) / counts
    dead = np.where(dead > 0, np.maximum(dead, SEEN), 0.0)
    ground, amber, red = (np.array(QColor(c).getRgb()[:3]) for c in (theme().raised, theme().amber, theme().red))
    below = ground + (amber - ground) * saturated[..., None]
    rgb = np.rint(below + (red - below) * dead[..., None]).astype(np.uint32)
    pixels: np.ndarray = 0xFF000000 | rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
    return pixels.astype(np.uint32)


def told(lane: LaneHistory) -> list[tuple[int, Past]]:
    """The activations of which something was told, each with its layer's number."""
    found = ((i, lane.past_units.get(lane.info.layers[i])) for i in lane.activations())
    return [(i, past) for i, past in found if past is not None and len(past)]


def dead_since(past: Past) -> np.ndarray:
    """(units,): the step of the first answer from which on every answer finds the unit dead; NaN of the living."""
    alive = past.rows != DEAD
    behind = np.argmax(alive[::-1], axis=0)  # answers since the unit was alive
    start = np.where(alive.any(axis=0), len(past) - behind, 0)
    since: np.ndarray = np.where(alive[-1], np.nan, past.steps[np.minimum(start, len(past) - 1)])
    return since


def dead_now(past: Past) -> int:
    """How many units are dead at the latest step."""
    return int((past.rows[-1] == DEAD).sum())
