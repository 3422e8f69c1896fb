"""Curves over one input with the data behind them, a column for each lane; all share both axes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.probes.example import Part
from engine.probes.fit import FitAnswer
from netviz.runtime.cursor import NOTHING, Cursor, Mark, Spot
from netviz.runtime.history import History
from netviz.theme import class_colour, lane_colour, mix, theme, thick
from netviz.widgets.canvas import Canvas
from netviz.widgets.curves import View
from netviz.widgets.marks import columns, draw_head, draw_note, draw_spot
from netviz.widgets.plane import GRASP
from netviz.widgets.ticks import figure, linear_ticks, signed

ROOM = 0.12  # of the data's range, above and below it: a curve beyond is cut off
DOT = 2.4  # pixels of a point's radius
CURVE = 2.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A lane's curves and the axes they are drawn in."""

    lane: int
    answer: FitAnswer
    view: View


class FitCurves(Canvas):
    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.follow(history.cursor, "example")

    def sizeHint(self) -> QSize:
        return QSize(280, 200)

    def placed(self, rect: QRectF) -> list[Placed]:
        """The axes of every lane that has answered."""
        lanes, line = self.history.lanes, self.fonts.line
        answers = [lane.fit for lane in lanes if lane.fit is not None]
        if not answers:
            return []
        ends = np.array([extent(answer) for answer in answers])
        left, right = float(ends[:, 0].min()), float(ends[:, 1].max())
        low, high = float(ends[:, 2].min()), float(ends[:, 3].max())
        figures = self.fonts.figure_metrics.horizontalAdvance("−0.00") + 6
        made = []
        for i, part in enumerate(columns(rect, [lane.info.name for lane in lanes], line + 2)):
            answer = lanes[i].fit
            if answer is not None:
                area = part.body.adjusted(figures, 4, -3, -2 * line - 5)
                area.setSize(area.size().expandedTo(QSize(8, 8)))
                made.append(Placed(i, answer, View(area, left, right, low, high)))
        return made

    def paint(self, painter: QPainter, rect: QRectF) -> None:
        lanes, placed = self.history.lanes, {one.lane: one for one in self.placed(rect)}
        for i, part in enumerate(columns(rect, [lane.info.name for lane in lanes], self.fonts.line + 2)):
            draw_head(painter, self.fonts, part.head, part.name, i, apart=lanes[i].apart)
            if i not in placed:
                draw_note(painter, self.fonts, part.body, "Press play")
                continue
            one = placed[i]
            self._draw_axes(painter, one.view)
            painter.save()
            painter.setClipRect(one.view.rect)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_points(painter, one)
            self._draw_curves(painter, one)
            painter.restore()
            self._draw_legend(painter, one, part.body)

    def _draw_axes(self, painter: QPainter, view: View) -> None:
        t, metrics, area = theme(), self.fonts.figure_metrics, view.rect
        painter.setFont(self.fonts.figures)
        for value, text in linear_ticks(view.bottom, view.top, max(2, int(area.height() / (metrics.height() * 2)))):
            y = round(float(view.y(value)))
            painter.setPen(QPen(QColor(t.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(t.faint))
            box = QRectF(area.left() - 70, y - metrics.height() / 2, 65, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        for value, text in linear_ticks(view.left, view.right, max(2, int(area.width() / 60))):
            x = float(view.x(value))
            painter.drawLine(QPointF(round(x), area.bottom()), QPointF(round(x), area.bottom() + 3))
            wide = metrics.horizontalAdvance(text)
            left = min(max(x - wide / 2, area.left() - 4), area.right() + 3 - wide)
            painter.drawText(QRectF(left, area.bottom() + 3, wide + 1, metrics.height()), 0, text)

    def _draw_points(self, painter: QPainter, one: Placed) -> None:
        """Training examples filled, validation examples hollow; of many classes all at the top."""
        for (x, y), filled in ((one.answer.points, True), (one.answer.points_val, False)):
            for across, value, colour in points(one.answer, np.asarray(x), np.asarray(y)):
                if filled:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(colour)
                else:
                    painter.setPen(QPen(colour, 1))
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                place = QPointF(float(one.view.x(across)), float(one.view.y(value)))
                painter.drawEllipse(place, DOT, DOT)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_curves(self, painter: QPainter, one: Placed) -> None:
        answer, x = one.answer, one.view.x(one.answer.x)
        if answer.function is not None:
            pen = QPen(QColor(theme().text), 1)
            pen.setDashPattern([5, 4])
            painter.setPen(pen)
            painter.drawPolyline(arrayToQPolygonF(x, one.view.y(answer.function)))
        for k, values in enumerate(np.asarray(answer.values).T):
            known = np.isfinite(values)
            painter.setPen(QPen(curve_colour(answer, k, one.lane), thick(CURVE)))
            if known.sum() > 1:
                painter.drawPolyline(arrayToQPolygonF(x[known], one.view.y(values[known])))

    def _draw_legend(self, painter: QPainter, one: Placed, body: QRectF) -> None:
        line = self.fonts.line
        box = QRectF(body.left(), one.view.rect.bottom() + line + 5, body.width(), line)
        painter.setFont(self.fonts.words)
        painter.setPen(QColor(theme().faint))
        text = next((words for words in legends(one.answer) if self.fonts.width([words]) <= box.width()), "")
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def mark_at(self, place: QPointF) -> Mark:
        for one in self.placed(QRectF(self.rect())):
            if one.view.rect.contains(place):
                return Mark(example=_nearest(one, place))
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        spot = cursor.mark.example
        for one in self.placed(rect) if spot is not None else ():
            for part, places in _dots(one):
                if spot is not None and part is spot[0] and 0 <= spot[1] < len(places):
                    for across, down in places[spot[1]].tolist():
                        if one.view.rect.contains(at := QPointF(across, down)):
                            draw_spot(painter, at, DOT + 3)

    def tip(self, place: QPointF) -> str:
        for one in self.placed(QRectF(self.rect())):
            if one.view.rect.contains(place):
                return reading(one.answer, one.view.step_at(place.x()))
        return ""


def _dots(one: Placed) -> Iterator[tuple[Part, np.ndarray]]:
    """Where the examples of each part are drawn: pixels (n, numbers, 2)."""
    for part, (x, y) in ((Part.TRAINING, one.answer.points), (Part.VALIDATION, one.answer.points_val)):
        values = np.asarray(y, float)
        if one.answer.classes is not None:
            values = (values if one.answer.classes == 2 else np.ones(len(values)))[:, None]
        across = np.broadcast_to(one.view.x(np.asarray(x))[:, None], values.shape)
        yield part, np.stack([across, one.view.y(values)], axis=2)


def _nearest(one: Placed, place: QPointF) -> Spot | None:
    """The example that is drawn under a place."""
    best, found = GRASP, None
    for part, places in _dots(one):
        gaps = np.hypot(*(places - [place.x(), place.y()]).T).T.min(axis=1, initial=np.inf)
        if len(gaps) and gaps.min() <= best:
            best, found = float(gaps.min()), (part, int(gaps.argmin()))
    return found


def extent(answer: FitAnswer) -> tuple[float, float, float, float]:
    """From and to of both axes: the data decide, so that a curve that runs away does not flatten them."""
    left, right = float(answer.x[0]), float(answer.x[-1])
    if answer.classes is not None:
        return left, right, -0.06, 1.06
    known = [np.ravel(y) for _, y in (answer.points, answer.points_val)]
    if answer.function is not None:
        known.append(np.asarray(answer.function))
    values = np.concatenate(known)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (-1.0, 1.0)
    room = ROOM * (high - low) or 1.0
    return left, right, low - room, high + room


def points(answer: FitAnswer, x: np.ndarray, y: np.ndarray) -> Iterator[tuple[float, float, QColor]]:
    """(x, y, colour) of examples: numbers where they are, classes at 0 and 1, of several all at 1."""
    if answer.classes is None:
        for k in range(y.shape[1]):
            faint = QColor(theme().faint) if y.shape[1] == 1 else mix(theme().card, class_colour(k), 0.6)
            for across, value in zip(x.tolist(), y[:, k].tolist(), strict=True):
                yield across, value, faint
        return
    for across, label in zip(x.tolist(), y.tolist(), strict=True):
        yield across, float(label if answer.classes == 2 else 1), class_colour(int(label))


def curve_colour(answer: FitAnswer, output: int, lane: int) -> QColor:
    if answer.values.shape[1] == 1:
        return lane_colour(lane)
    return class_colour(output)


def legends(answer: FitAnswer) -> tuple[str, ...]:
    """What is drawn, in several lengths."""
    curve = "— network" if answer.classes is None else "— probability"
    if answer.classes is not None:
        curve += " of class 1" if answer.values.shape[1] == 1 else " of each class"
    function = " ┄ function" if answer.function is not None else ""
    more = f" ({answer.values.shape[1]} of {answer.outputs} outputs)" if answer.outputs > answer.values.shape[1] else ""
    held = "  ○ validation" if len(answer.points_val[0]) else ""
    off = "" if np.isnan(answer.off[0]) else f"  off by {figure(answer.off[0]).strip()}"
    if not np.isnan(answer.off[1]):
        off += f" and {figure(answer.off[1]).strip()}"
    return (
        f"{curve}{function}{more}  ● training{held}{off} (root mean square)"
        if off
        else f"{curve}{more}  ● training{held}",
        f"{curve}{function}{more}  ● training{held}{off}",
        f"{curve}{function}{more}{off}",
        f"{curve}{function}",
    )


def reading(answer: FitAnswer, x: float) -> str:
    """The curves at the place nearest to `x`."""
    at = int(np.abs(np.asarray(answer.x) - x).argmin())
    values = [signed(f"{value:.4g}") for value in answer.values[at]]
    if answer.classes is None:
        lines = [f"x {signed(f'{answer.x[at]:.4g}')}: network {', '.join(values)}"]
    elif len(values) == 1:
        lines = [f"x {signed(f'{answer.x[at]:.4g}')}: class 1 with probability {values[0]}"]
    else:
        shares = ", ".join(f"class {k} {value}" for k, value in enumerate(values))
        lines = [f"x {signed(f'{answer.x[at]:.4g}')}: {shares}"]
    if answer.function is not None:
        lines.append(f"function {signed(f'{answer.function[at]:.4g}')}")
    return "\n".join(lines)
