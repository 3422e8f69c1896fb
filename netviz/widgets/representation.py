"""The examples where a layer puts them, a column for each lane: one layer large, or all of them as small multiples."""

from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

from engine.probes.example import Part
from engine.probes.representation import INPUT, LayerView
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import depth_colour, theme
from netviz.widgets.alignment import Steady
from netviz.widgets.canvas import Canvas
from netviz.widgets.dots import Dots, draw_class_key, shades_of
from netviz.widgets.frame import Frame
from netviz.widgets.many import draw_lines
from netviz.widgets.marks import columns, draw_head, draw_lit, draw_note, draw_spot
from netviz.widgets.plane import GRASP, Bounds, draw_ticks, place
from netviz.widgets.representation_cells import Cell, look_of, tiles
from netviz.widgets.representation_words import feet, name_of, share_in_figures, units_in_words
from netviz.widgets.ticks import signed, whole

ROOM_FOR_TICKS = 130.0  # pixels of a picture's side
MOST_DOTS = 1200  # in all pictures; of many layers each shows fewer examples
FEWEST_DOTS = 60
UNTURNED = np.eye(2)
FAR = 1e5  # pixels beyond which no line is drawn to
MIDDLE = Qt.AlignmentFlag.AlignVCenter
LEFT, RIGHT = MIDDLE | Qt.AlignmentFlag.AlignLeft, MIDDLE | Qt.AlignmentFlag.AlignRight


class RepresentationMap(Canvas):
    """Layer `node` of every lane, or with `every` all layers; `grid` draws the bent lines of the input plane."""

    covers: ClassVar[bool] = True

    picked = Signal(str)  # a layer of the small multiples

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history, self.node = history, INPUT
        self.every, self.grid = False, True
        self._dots, self._steady = Dots(), Steady()
        self._anew = 0  # how often all was forgotten
        self._frames: dict[tuple[str, str], Frame] = {}
        self.follow(history.cursor, "layer", "example")

    def sizeHint(self) -> QSize:
        return QSize(280, 260)

    def looks(self) -> object:
        """The examples as they come in, before any layer, stay where they are while the networks learn."""
        if self.every or self.node != INPUT:
            return None
        looks = [(lane.info, lane.apart, look_of(lane.representation, INPUT)) for lane in self.history.lanes]
        return self.grid, self._anew, looks

    def forget(self) -> None:
        """Axes, directions and colours are chosen anew."""
        self._anew += 1
        self._dots.forget()
        self._steady.forget()
        self._frames.clear()

    def recoloured(self) -> None:
        self._dots.forget()
        self.update()

    def views(self, lane: LaneHistory) -> list[LayerView]:
        """What is shown of a lane, as far as it has been told."""
        answer = lane.representation
        if answer is None:
            return []
        return [view for view in answer.layers if self.every or view.node == self.node]

    def cells(self, rect: QRectF) -> list[Cell]:
        """Every picture in its place."""
        lanes, line = self.history.lanes, self.fonts.line
        made = []
        for i, (column, lane) in enumerate(zip(self._columns(rect), lanes, strict=True)):
            views = self.views(lane)
            for view, box in zip(views, tiles(column.body, len(views), line), strict=True):
                assert lane.representation is not None
                title = QRectF(box.left(), box.top(), box.width(), line)
                area, foot = box.adjusted(0, line + 1, 0, 0), QRectF()
                if not self.every:
                    area.setBottom(area.bottom() - line - 1)
                    foot = QRectF(box.left(), area.bottom() + 1, box.width(), line)
                    if min(area.width(), area.height()) >= ROOM_FOR_TICKS:
                        left = self.fonts.figure_metrics.horizontalAdvance("−0.00") + 6
                        area.adjust(left, 0, 0, -line)
                said = self._title(view, title.width())
                made.append(Cell(i, lane.representation, view, title, area, foot, *said))
        return made

    def _columns(self, rect: QRectF) -> list:
        inner = rect.adjusted(0, 0, 0, -self.fonts.line - 3)
        return columns(inner, [lane.info.name for lane in self.history.lanes], self.fonts.line + 2)

    def shown(self, cell: Cell, cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
        """Training examples, validation examples and lines as they are drawn, and how the plane was turned."""
        view, lane = cell.view, self.history.lanes[cell.lane]
        turn = UNTURNED
        if not view.exact:
            turn = self._steady.turn((lane.info.name, view.node), view, np.asarray(view.points))
        lines = None
        if self.grid and view.lines is not None and view.units > 1:
            lines = _turned(view.lines, turn)[:: 2 if self.every else 1]
        most = self.most_dots(cells)
        points, held = (_turned(part[:most], turn) for part in (view.points, view.points_val))
        return points, held, lines, turn

    def most_dots(self, cells: int) -> int:
        """How many examples of a part each of so many pictures shows."""
        return max(FEWEST_DOTS, MOST_DOTS // max(1, cells))

    def bounds(self, cell: Cell, turn: np.ndarray) -> Bounds:
        """The part of the layer's plane that a picture shows: all examples, 0, and as wide as the picture is."""
        lane, view = self.history.lanes[cell.lane], cell.view
        frame = self._frames.setdefault((lane.info.name, view.node), Frame())
        parts = [_turned(part, turn) for part in (view.points, view.points_val)]
        return frame.around(np.concatenate(parts), cell.area.width() / max(1.0, cell.area.height()))

    # Drawing

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        cells = self.cells(rect)
        shown = [self.shown(cell, len(cells)) for cell in cells]
        bounds = [self.bounds(cell, turn) for cell, (*_, turn) in zip(cells, shown, strict=True)]
        answer = next((cell.answer for cell in cells), None)
        said = () if answer is None else (answer.classes, answer.names, bool(len(answer.y_val)))

        def behind(inner: QPainter) -> None:
            self._draw_heads(inner, rect, {cell.lane for cell in cells})
            for cell, within in zip(cells, bounds, strict=True):
                self._draw_still(inner, cell, within)
            if said:
                foot = QRectF(rect.left(), rect.bottom() - self.fonts.line, rect.width(), self.fonts.line)
                draw_class_key(inner, self.fonts, foot, *said)

        lanes = tuple((lane.info.name, lane.info.layers, lane.apart) for lane in self.history.lanes)
        self.paint_behind(painter, rect, (self.node, said, lanes, bounds, [cell.still for cell in cells]), behind)
        for cell, drawn, within in zip(cells, shown, bounds, strict=True):
            self._draw_cell(painter, cell, within, *drawn)

    def _draw_heads(self, painter: QPainter, rect: QRectF, told: set[int]) -> None:
        for i, (column, lane) in enumerate(zip(self._columns(rect), self.history.lanes, strict=True)):
            draw_head(painter, self.fonts, column.head, column.name, i, apart=lane.apart)
            if i not in told:
                there = self.node == INPUT or self.node in lane.info.layers
                draw_note(painter, self.fonts, column.body, "Press play" if there else f"There is no {self.node} here.")

    def _draw_still(self, painter: QPainter, cell: Cell, bounds: Bounds) -> None:
        """What stays from answer to answer: ground, ticks, and the layer's name in the colour of its depth."""
        info, view, area = self.history.lanes[cell.lane].info, cell.view, cell.area
        painter.fillRect(area, QColor(theme().raised))
        if view.exact:
            painter.save()
            painter.setClipRect(area)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_axes(painter, cell, bounds, UNTURNED)
            painter.restore()
        if not self.every and area.left() > cell.title.left() + 8:
            draw_ticks(painter, self.fonts, area, bounds)
        deep = view.node in info.layers
        colour = depth_colour(info.layers.index(view.node), len(info.layers)) if deep else QColor(theme().text)
        painter.setPen(colour)
        painter.setFont(self.fonts.words)
        painter.drawText(cell.title, LEFT, cell.name)

    def _draw_cell(
        self,
        painter: QPainter,
        cell: Cell,
        bounds: Bounds,
        points: np.ndarray,
        held: np.ndarray,
        lines: np.ndarray | None,
        turn: np.ndarray,
    ) -> None:
        t, area, view = theme(), cell.area, cell.view
        painter.save()
        painter.setClipRect(area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not view.exact:
            self._draw_axes(painter, cell, bounds, turn)
        if lines is not None:
            self._draw_lines(painter, area, bounds, lines)
        radius = round(min(3.2, max(1.1, min(area.width(), area.height()) / 90)), 1)
        reach = float(np.nanmax(np.abs(cell.answer.y), initial=0.0)) or 1.0 if cell.answer.classes is None else 1.0
        for places, y, filled in ((points, cell.answer.y, True), (held, cell.answer.y_val, False)):
            shades, colours = shades_of(np.asarray(y)[: len(places)], cell.answer.classes, reach)
            pixels = self._pixels(view, area, bounds, places, shades, len(colours))
            self._dots.draw(painter, pixels, shades, colours, radius, filled, self.ratio)
        painter.restore()
        painter.setPen(QPen(QColor(t.line), 1))
        painter.drawRect(area)
        painter.setPen(QColor(t.faint))
        painter.setFont(self.fonts.figures)
        painter.drawText(cell.title, RIGHT, cell.share)
        if cell.foot.height() > 0:
            painter.setFont(self.fonts.words)
            painter.setPen(QColor(t.red if view.lost else t.faint))
            words = self.fonts.fitting(feet(view), cell.foot.width())
            painter.drawText(cell.foot, Qt.AlignmentFlag.AlignCenter, words)

    def _pixels(
        self, view: LayerView, area: QRectF, bounds: Bounds, places: np.ndarray, shades: np.ndarray, rows: int
    ) -> np.ndarray:
        """Where examples lie; those of a single unit stand in a row for each class."""
        pixels = place(bounds, area, places)
        if view.units == 1:
            pixels[:, 1] = area.top() + (shades + 1) / (rows + 1) * area.height()
        return pixels

    def _draw_axes(self, painter: QPainter, cell: Cell, bounds: Bounds, turn: np.ndarray) -> None:
        """The two units, or the principal axes as they lie now, through 0."""
        area, view = cell.area, cell.view
        across = max(bounds[1] - bounds[0], bounds[3] - bounds[2])
        names = ("unit 1", "unit 2") if view.exact else ("1st", "2nd")
        painter.setFont(self.fonts.words)
        for axis, name in zip(turn[: view.units], names, strict=False):
            ends = place(bounds, area, np.array([-axis * across, axis * across]))
            painter.setPen(
                QPen(QColor(theme().line), 1.2, Qt.PenStyle.SolidLine if view.exact else Qt.PenStyle.DashLine)
            )
            painter.drawLine(QPointF(*ends[0]), QPointF(*ends[1]))
            if not self.every and area.width() > ROOM_FOR_TICKS:
                painter.setPen(QColor(theme().faint))
                painter.drawText(self._end_of(area, ends, name), Qt.AlignmentFlag.AlignCenter, name)

    def _end_of(self, area: QRectF, ends: np.ndarray, name: str) -> QRectF:
        """Room for an axis' name beside the place where its positive end leaves the picture."""
        width, line = self.fonts.width([name]) + 4, self.fonts.line
        (x0, y0), (x1, y1) = ends
        inner = area.adjusted(width / 2 + 2, line / 2 + 2, -width / 2 - 2, -line / 2 - 2)
        middle = QPointF((x0 + x1) / 2, (y0 + y1) / 2)
        shares = [1.0]
        for start, by, low, high in (
            (middle.x(), x1 - middle.x(), inner.left(), inner.right()),
            (middle.y(), y1 - middle.y(), inner.top(), inner.bottom()),
        ):
            if by:
                shares.append(max(0.0, ((high if by > 0 else low) - start) / by))
        share = min(shares)
        made = QRectF(0, 0, width, line)
        made.moveCenter(QPointF(middle.x() + share * (x1 - middle.x()), middle.y() + share * (y1 - middle.y())))
        # Beside the line, not on it.
        level = abs(x1 - x0) > abs(y1 - y0)
        made.translate(QPointF(0, -line * 0.6) if level else QPointF(width * 0.6, 0))
        return made

    def _draw_lines(self, painter: QPainter, area: QRectF, bounds: Bounds, lines: np.ndarray) -> None:
        colour = QColor(theme().faint)
        colour.setAlphaF(0.55)
        pen = QPen(colour, 1.0 if not self.every else 0.7)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # a piece ends where the next begins: twice as thick it would be seen
        painter.setPen(pen)
        pixels = place(bounds, area, lines.reshape(-1, 2)).reshape(lines.shape)
        finite = np.isfinite(pixels)
        if not finite.all():
            pixels = pixels[finite.all(axis=(1, 2))]
        pixels = np.clip(pixels, -FAR, FAR)
        draw_lines(painter, np.concatenate([pixels[:, :-1], pixels[:, 1:]], axis=2).reshape(-1, 4))

    def _title(self, view: LayerView, room: float) -> tuple[str, str]:
        """The layer's name, and how much of the variance its plane shows, as far as there is room."""
        share = share_in_figures(view)
        names = (f"{name_of(view)}: {units_in_words(view)}", name_of(view))
        name = self.fonts.fitting(names, room - self.fonts.figures_wide(share) - 8)
        return (name, share) if name else (self.fonts.shortened(name_of(view), room), "")

    # The shared cursor

    def mark_at(self, at: QPointF) -> Mark:
        found = self._nearest(at)
        cell = found[0] if found else next((c for c in self.cells(QRectF(self.rect())) if c.area.contains(at)), None)
        if cell is None:
            return NOTHING
        example = None if found is None else (Part.TRAINING if found[1] else Part.VALIDATION, found[2])
        lane = cell.lane if len(self.history.lanes) > 1 else None
        return Mark(cell.view.node or None, lane=lane if cell.view.node else None, example=example)

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        cells, spot = self.cells(rect), cursor.mark.example
        for cell in cells:
            if self.every and cell.view.node in cursor.layers:
                draw_lit(painter, cell.area.adjusted(1, 1, -1, -1))
            if spot is None:
                continue
            points, held, _, turn = self.shown(cell, len(cells))
            places, y = (points, cell.answer.y) if spot[0] is Part.TRAINING else (held, cell.answer.y_val)
            if spot[1] < len(places):
                at = self._pixels_of(cell, self.bounds(cell, turn), places, y)[spot[1]]
                if np.isfinite(at).all() and cell.area.contains(QPointF(*at.tolist())):
                    draw_spot(painter, QPointF(*at.tolist()), GRASP - 1)

    def _pixels_of(self, cell: Cell, bounds: Bounds, places: np.ndarray, y: np.ndarray) -> np.ndarray:
        shades, colours = shades_of(np.asarray(y)[: len(places)], cell.answer.classes, 1.0)
        return self._pixels(cell.view, cell.area, bounds, places, shades, len(colours))

    # The mouse

    def _nearest(self, at: QPointF) -> tuple[Cell, bool, int] | None:
        """The example under the mouse: its picture, whether it is of the training part, and its number there."""
        cells = self.cells(QRectF(self.rect()))
        cell = next((cell for cell in cells if cell.area.contains(at)), None)
        if cell is None:
            return None
        points, held, _, turn = self.shown(cell, len(cells))
        bounds, found, least = self.bounds(cell, turn), None, GRASP
        for places, y, training in ((points, cell.answer.y, True), (held, cell.answer.y_val, False)):
            if not len(places):
                continue
            pixels = self._pixels_of(cell, bounds, places, y)
            away = np.nan_to_num(np.hypot(pixels[:, 0] - at.x(), pixels[:, 1] - at.y()), nan=np.inf)
            if away.min() < least:
                found, least = (cell, training, int(away.argmin())), float(away.min())
        return found

    def tip(self, place: QPointF) -> str:
        found = self._nearest(place)
        if found is None:
            return ""
        cell, training, number = found
        view, answer = cell.view, cell.answer
        points, y = (view.points, answer.y) if training else (view.points_val, answer.y_val)
        x1, x2 = (float(v) for v in points[number])
        value = float(y[number])
        if answer.classes is None:
            truth = f"target {signed(f'{value:.3g}')}"
        else:
            label = int(value)
            truth = f"class {answer.names[label] if label < len(answer.names) else label}"
        part = "training" if training else "validation"
        where = signed(f"{x1:.3g}, {x2:.3g}" if view.units > 1 else f"{x1:.3g}")
        return f"{name_of(view)}: {part} example {whole(number + 1)}, {truth}, at ({where})"

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        cell = next((c for c in self.cells(QRectF(self.rect())) if c.area.contains(at) or c.title.contains(at)), None)
        if self.every and cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(cell.view.node)
        else:
            super().mousePressEvent(event)


def _turned(places: np.ndarray, turn: np.ndarray) -> np.ndarray:
    places = np.asarray(places, float)
    return places if turn is UNTURNED else places @ turn
