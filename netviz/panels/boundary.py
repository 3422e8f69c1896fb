"""The decision over the input plane, lane by lane: it bends where the net learns and stays flat where it cannot."""

from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.probes.boundary import Boundary, BoundaryAnswer, grid
from engine.run.messages import ProbeRequest
from netviz.panels.base import Panel, Row, Table
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP
from netviz.widgets.canvas import Canvas
from netviz.widgets.marks import draw_head, draw_note
from netviz.widgets.plane import Bounds, Palette, decision_image, draw_ticks, points_layer
from netviz.widgets.ticks import Reach, percent, signed

ROWS_PAY = 0.75  # lanes stand side by side, as in the other panels, unless rows make squares larger by a third
ROOM_FOR_TICKS = 110.0  # pixels of a square's side


class BoundaryPanel(Panel):
    ident: ClassVar[str] = "boundary"
    title: ClassVar[str] = "Decision boundary"
    help: ClassVar[str] = (
        "What the network answers at every place of the input plane. Blue is class 0, orange class 1, and the fuller "
        "the colour, the surer the answer; the boundary is where both fade out. With several classes each has a "
        "colour, faded where the net is unsure; for plain numbers blue is negative and orange positive. "
        "Filled dots are training examples, rings validation examples. "
        "Look for a boundary that bends around the data; one that stays straight belongs to a net without a working "
        "hidden layer, one that hugs single dots to an over-fitted net."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"boundary", "scores"})

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.squares = _Squares(history)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.addWidget(self.squares)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Boundary(),)

    def refresh(self) -> None:
        lanes = self.history.lanes
        if not lanes:
            self.squares.show_note("No network is open.")
        elif self.history.points is None:
            shape = "×".join(map(str, lanes[0].info.inputs))
            self.squares.show_note(f"The boundary is drawn for networks on two inputs; this one has {shape}.")
        else:
            self.squares.show_note("")
        self.describe()

    def reopened(self) -> None:
        self.squares.forget()
        self.refresh()

    def recoloured(self) -> None:
        self.squares.forget()
        super().recoloured()

    def summary(self) -> str:
        parts = []
        for lane in self.history.lanes:
            if lane.boundary is not None:
                share = accuracy(lane)
                right = f", accuracy {percent(share).strip()}" if not np.isnan(share) else ""
                parts.append(f"{lane.info.name}: {_in_words(lane.boundary)}{right}")
        return "; ".join(parts)

    def table(self) -> Table:
        """A row for each cell of the plane, at its centre."""
        shown = ((lane.info.name, lane.boundary) for lane in self.history.lanes if lane.boundary is not None)
        return ("network", "x1", "x2", "value", "class"), [row for name, seen in shown for row in _cells(name, seen)]


def accuracy(lane: LaneHistory) -> float:
    """The validation accuracy, or where there is none the training accuracy."""
    if lane.score is None:
        return float("nan")
    return lane.score.accuracy if np.isnan(lane.score.val_accuracy) else lane.score.val_accuracy


def _cells(name: str, answer: BoundaryAnswer) -> list[Row]:
    """(network, x₁, x₂, value, class): the winner's probability, that of class 1, or a plain number of no class."""
    values = np.asarray(answer.values)
    winners = answer.winners if answer.winners is not None else values > 0.5 if answer.probability else None
    classes = [None] * values.size if winners is None else np.asarray(winners, int).ravel().tolist()
    places = grid(answer.bounds, len(values)).tolist()
    return [(name, *at, *said) for at, *said in zip(places, values.ravel().tolist(), classes, strict=True)]


def _in_words(answer: BoundaryAnswer) -> str:
    values = np.asarray(answer.values)
    if answer.winners is not None:
        count = np.bincount(np.asarray(answer.winners).ravel())
        return ", ".join(
            f"class {i} on {percent(n / values.size).strip()} of the plane" for i, n in enumerate(count) if n
        )
    if answer.probability:
        return f"class 1 on {percent(float((values > 0.5).mean())).strip()} of the plane"
    return f"from {np.fmin.reduce(values.ravel()):.3g} to {np.fmax.reduce(values.ravel()):.3g}"


class _Squares(Canvas):
    """A square for each lane."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self.history = history
        self.forget()

    def sizeHint(self) -> QSize:
        return QSize(260, 260)

    def forget(self) -> None:
        """Colours, examples and ranges are made anew."""
        self._palette: Palette | None = None
        self._layers: dict[tuple[float, float, Bounds, float], QPixmap] = {}
        self._reach = Reach(1e-3)
        self.update()

    def squares(self, rect: QRectF) -> list[tuple[QRectF, QRectF]]:
        """Each lane's head and square: side by side, or in rows where that makes the squares larger."""
        count = len(self.history.lanes)
        grids = [self._grid(rect, count, rows) for rows in range(1, count + 1)]
        return (
            max(grids, key=lambda grid: grid[0][1].width() * (1.0 if grid is grids[0] else ROWS_PAY)) if grids else []
        )

    def _grid(self, rect: QRectF, count: int, rows: int) -> list[tuple[QRectF, QRectF]]:
        line, across = self.fonts.line, -(-count // rows)
        width, height = rect.width() / across, rect.height() / rows
        left = below = 0.0
        if min(width, height - line) >= ROOM_FOR_TICKS:
            left, below = self.fonts.figure_metrics.horizontalAdvance("−0.0") + 6, line + 1
        side = max(4.0, float(int(min(width - left - 6, height - line - 4 - below))))
        made = []
        for i in range(count):
            x = rect.left() + (i % across) * width + left + (width - left - side) / 2
            y = rect.top() + (i // across) * height + (height - line - 3 - side - below) / 2
            square = QRectF(float(int(x)), float(int(y + line + 3)), side, side)
            made.append((QRectF(square.left(), square.top() - line - 3, side, line + 2), square))
        return made

    def _classes(self) -> int:
        points = self.history.points
        known = points.classes if points is not None and points.classes is not None else 2
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
        reach = self._plain_reach()
        named = len(self.history.lanes) > 1
        for i, ((head, square), lane) in enumerate(zip(self.squares(rect), self.history.lanes, strict=True)):
            draw_head(
                painter, self.fonts, head, lane.info.name if named else "", i, self._figures(lane, reach, head.width())
            )
            if lane.boundary is None:
                draw_note(painter, self.fonts, square, "Press play")
                continue
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(square, decision_image(lane.boundary, self._palette, reach, classes))
            self._draw_points(painter, square, lane.boundary.bounds, reach)
            if square.width() >= ROOM_FOR_TICKS:
                draw_ticks(painter, self.fonts, square, lane.boundary.bounds)

    def _figures(self, lane: LaneHistory, reach: float, width: float) -> str:
        share = accuracy(lane)
        if not np.isnan(share) and lane.score is not None:
            part = "train" if np.isnan(lane.score.val_accuracy) else "validation"
            long, short = f"{part} {percent(share)}", percent(share)
            return long if self.fonts.figure_metrics.horizontalAdvance(long) < width * 0.7 else short
        if lane.boundary is not None and lane.boundary.winners is None and not lane.boundary.probability:
            return f"±{reach:g}"
        return ""

    def _draw_points(self, painter: QPainter, square: QRectF, bounds: Bounds, reach: float) -> None:
        """From a layer that is painted once for a size: drawing the dots takes longer than all the rest."""
        points = self.history.points
        if points is None:
            return
        key = (square.width(), self.ratio, bounds, reach)
        if key not in self._layers:
            if len(self._layers) >= 4:
                self._layers.clear()
            self._layers[key] = points_layer(points, bounds, square.width(), self.ratio, reach)
        painter.drawPixmap(square.topLeft(), self._layers[key])

    def tip(self, place: QPointF) -> str:
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
    where = signed(f"({left + across * (right - left):.2f}, {low + up * (high - low):.2f})")
    value = float(values[row, column])
    if answer.winners is not None:
        return f"{where}: class {int(answer.winners[row, column])}, {percent(value).strip()}"
    if answer.probability:
        return f"{where}: class {int(value > 0.5)}, {signed(f'{value:.3f}')}"
    return f"{where}: {signed(f'{value:.3g}')}"
