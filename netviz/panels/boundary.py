"""The decision over the input plane, lane by lane: it bends where the net learns and stays flat where it cannot."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from engine.probes.boundary import Boundary, BoundaryAnswer, grid
from engine.probes.catalogue import ProbeRequest
from netviz.panels.base import Group, Panel, Row, Table
from netviz.runtime.cursor import NOTHING, Cursor, Mark
from netviz.runtime.history import History, LaneHistory
from netviz.theme import GAP, theme
from netviz.widgets.canvas import Canvas
from netviz.widgets.drawn_points import DrawnPoints, around, draw_brush
from netviz.widgets.icons import icon
from netviz.widgets.marks import draw_head, draw_note, draw_spot
from netviz.widgets.pencil import Drawing, Pencil
from netviz.widgets.pencil_bar import PencilBar
from netviz.widgets.plane import (
    Bounds,
    Palette,
    decision_image,
    draw_ticks,
    nearest_spot,
    place,
    place_of,
    points_layer,
)
from netviz.widgets.plane_hand import PlaneHand
from netviz.widgets.ticks import Reach, percent, signed
from netviz.widgets.toggle import Toggle

ROWS_PAY = 0.75  # lanes stand side by side, as in the other panels, unless rows make squares larger by a third
TOGGLE = 22  # pixels of the pencil's button
ROOM_FOR_TICKS = 110.0  # pixels of a square's side
SPOT = 6.0  # pixels from an example to the ring round it


class BoundaryPanel(Panel):
    ident: ClassVar[str] = "boundary"
    title: ClassVar[str] = "Decision boundary"
    group: ClassVar[Group] = Group.ANSWERS
    help: ClassVar[str] = (
        "What the network answers at every place of the input plane. Blue is class 0, orange class 1, and the fuller "
        "the colour, the surer the answer; the boundary is where both fade out. With several classes each has a "
        "colour, faded where the net is unsure; for plain numbers blue is negative and orange positive. "
        "Filled dots are training examples, rings validation examples. "
        "With the pencil (D) points are drawn by hand: left sprays, right or Shift erases, 1 to 8 choose the class, "
        "[ and ] the brush; the network follows. "
        "Look for a boundary that bends around the data; one that stays straight belongs to a net without a working "
        "hidden layer, one that hugs single dots to an over-fitted net."
    )
    topics: ClassVar[frozenset[str]] = frozenset({"boundary", "scores"})
    drawn = Signal(object, object)  # points, and the token of the stroke that they came by
    copy_asked, empty_asked = Signal(), Signal()  # points of one's own, to be drawn on
    pencil_taken = Signal(bool)

    def __init__(self, history: History, parent: QWidget | None = None) -> None:
        super().__init__(history, parent)
        self.pencil = Pencil(self)
        self.pencil.drawn.connect(self.drawn)
        self.squares = _Squares(history, self.pencil)
        self.squares.put_away.connect(lambda: self.draw(False))
        self.bar = PencilBar(self.pencil)
        self.bar.left.connect(self.squares.setFocus)
        self.bar.hide()
        self._own = False  # the document's points are one's own
        self.toggle = Toggle("", "Draw points by hand (D)", self)
        self.toggle.setIcon(icon("pencil"))
        self.toggle.setStyleSheet("QToolButton { padding: 1px; }")
        self.toggle.clicked.connect(self._toggled)
        top = QHBoxLayout()
        top.setContentsMargins(TOGGLE, 0, 0, 3)
        top.addWidget(self.bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.squares)
        self.refresh()

    @property
    def probes(self) -> tuple[ProbeRequest, ...]:
        return (Boundary(bounds=self.pencil.frame),)

    # The pencil

    def show_drawing(self, drawing: Drawing | None) -> None:
        """The points of one's own that the document has, or None where its data are others."""
        self._own = drawing is not None
        if drawing is not None:
            self.pencil.take(drawing)
        else:
            self.draw(False)
        self.refresh()

    def draw(self, on: bool) -> None:
        """Takes the pencil or puts it away. The plane keeps still while it is drawn on."""
        on = on and self._own
        self.toggle.setChecked(on)
        if on == self.pencil.on:
            return
        self.pencil.frame = around(self.pencil.points) if on else None
        self.bar.setVisible(on)
        self.squares.draw_with(on)
        self.pencil_taken.emit(on)
        self.wishes_changed.emit()
        self.refresh()

    def _toggled(self, on: bool) -> None:
        if self._own or not on:
            self.draw(on)
            return
        self.toggle.setChecked(False)
        menu = QMenu(self)
        menu.setAccessibleName("Draw points by hand")
        for text, signal in (
            ("&Edit These Points by Hand", self.copy_asked),
            ("Begin with an Empty &Plane", self.empty_asked),
        ):
            action = menu.addAction(text)
            action.triggered.connect(lambda _, s=signal: (s.emit(), self.draw(True)))
        menu.setActiveAction(menu.actions()[0])
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.toggle.mapToGlobal(self.toggle.rect().bottomLeft()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_D and not event.modifiers() and not self.toggle.isHidden():
            self.toggle.click()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.toggle.setGeometry(GAP // 2, GAP // 2, TOGGLE, TOGGLE)
        self.toggle.raise_()
        super().resizeEvent(event)

    # Drawing the history

    def refresh(self) -> None:
        lanes = self.history.lanes
        self.toggle.setVisible(self._own or (bool(lanes) and self.history.points is not None))
        if self.pencil.on:
            self.squares.show_note("")
        elif not lanes:
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
    """A square for each lane; with the pencil each is a sheet to draw on."""

    put_away = Signal()

    def __init__(self, history: History, pencil: Pencil) -> None:
        super().__init__()
        self.history, self.pencil = history, pencil
        self._drawn = DrawnPoints()
        self._seen: dict[str, BoundaryAnswer] = {}  # while it is drawn, the last answers outlive their runs
        self._hand = PlaneHand(self, pencil, lambda: [square for _, square in self.squares(QRectF(self.rect()))])
        pencil.changed.connect(self.update)
        self.follow(history.cursor, "example")
        self.forget()

    def draw_with(self, on: bool) -> None:
        self._seen.clear()
        self._hand.take(on)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 260)

    def forget(self) -> None:
        """Colours, examples and ranges are made anew."""
        self._palette: Palette | None = None
        self._layers: dict[tuple[float, float, Bounds, float], QPixmap] = {}
        self._reach = Reach(1e-3)
        self._drawn.forget()
        self.update()

    def squares(self, rect: QRectF) -> list[tuple[QRectF, QRectF]]:
        """Each lane's head and square: side by side, or in rows where that makes the squares larger."""
        count = max(len(self.history.lanes), self.pencil.on)
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
        if self.pencil.on:
            known = max(known, self.pencil.drawing.classes or 2)
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
        places = self.squares(rect)
        for i, ((head, square), lane) in enumerate(zip(places, self.history.lanes, strict=False)):
            draw_head(
                painter, self.fonts, head, lane.info.name if named else "", i, self._figures(lane, reach, head.width())
            )
            answer = self._answer(lane)
            if answer is None and not self.pencil.on:
                draw_note(painter, self.fonts, square, "Press play")
                continue
            bounds = self.pencil.frame or (answer.bounds if answer is not None else (-1.0, 1.0, -1.0, 1.0))
            if answer is not None:
                self._draw_decision(
                    painter, square, bounds, answer, decision_image(answer, self._palette, reach, classes)
                )
            self._draw_points(painter, square, bounds, reach)
            if square.width() >= ROOM_FOR_TICKS:
                draw_ticks(painter, self.fonts, square, bounds)
        if self.pencil.on and not self.history.lanes:
            self._draw_points(painter, places[0][1], self.pencil.frame, reach)
        for _, square in places if self.pencil.on else ():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(theme().accent if self.hasFocus() else theme().line))
            painter.drawRect(square.adjusted(-0.5, -0.5, 0.5, 0.5))
            draw_brush(painter, square, self.pencil)

    def _answer(self, lane: LaneHistory) -> BoundaryAnswer | None:
        if self.pencil.on and lane.boundary is not None:
            self._seen[lane.info.name] = lane.boundary
        return self._seen.get(lane.info.name) if self.pencil.on else lane.boundary

    def _draw_decision(
        self, painter: QPainter, square: QRectF, bounds: Bounds, answer: BoundaryAnswer, picture: QImage
    ) -> None:
        """The picture where it belongs: it may be of another part of the plane than the one that is shown."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if answer.bounds == bounds:
            painter.drawImage(square, picture)
            return
        left, right, low, high = answer.bounds
        (x1, y1), (x2, y2) = place(bounds, square, np.array([[left, high], [right, low]])).tolist()
        painter.save()
        painter.setClipRect(square)
        painter.drawImage(QRectF(x1, y1, x2 - x1, y2 - y1), picture)
        painter.restore()

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
        if self.pencil.on:
            if self.pencil.points:
                picture = self._drawn.picture(self.pencil, square.width(), self.ratio, reach)
                painter.drawPixmap(square.topLeft(), picture)
            return
        points = self.history.points
        if points is None:
            return
        key = (square.width(), self.ratio, bounds, reach)
        if key not in self._layers:
            if len(self._layers) >= 4:
                self._layers.clear()
            self._layers[key] = points_layer(points, bounds, square.width(), self.ratio, reach)
        painter.drawPixmap(square.topLeft(), self._layers[key])

    def _planes(self, rect: QRectF) -> Iterator[tuple[QRectF, Bounds]]:
        """The squares on which the data's examples are drawn, and which part of the plane each shows."""
        if not self.pencil.on and self.history.points is not None:
            for (_, square), lane in zip(self.squares(rect), self.history.lanes, strict=True):
                if lane.boundary is not None:
                    yield square, lane.boundary.bounds

    def mark_at(self, place: QPointF) -> Mark:
        points = self.history.points
        for square, bounds in self._planes(QRectF(self.rect())):
            if points is not None and square.contains(place):
                return Mark(example=nearest_spot(points, bounds, square, place))
        return NOTHING

    def paint_marks(self, painter: QPainter, rect: QRectF, cursor: Cursor) -> None:
        points, spot = self.history.points, cursor.mark.example
        for square, bounds in self._planes(rect):
            at = place_of(points, spot, bounds, square) if points is not None and spot is not None else None
            if at is not None:
                draw_spot(painter, at, SPOT)

    def tip(self, place: QPointF) -> str:
        if self.pencil.on:
            return ""
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
