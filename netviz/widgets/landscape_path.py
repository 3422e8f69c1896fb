"""The path of the weights over a landscape: what lies behind stays as it is, and the present place moves on."""

from collections.abc import Callable

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QBrush, QPainter, QPen

from engine.probes.landscape import LandscapeAnswer
from netviz.theme import on_heights
from netviz.widgets.backdrop import Backdrop
from netviz.widgets.kept import Kept
from netviz.widgets.many import draw_lines
from netviz.widgets.plane import Bounds, place

DOTS = 80  # steps up to which each is a dot
LONG = 8.0  # squares' sides that a path is long which goes to and fro
LINE = 3.2, 1.4  # pixels of the path: its rim, and what is white
RING = 3.4, 1.6  # of the rings at its ends
RADIUS = 4.2
RIM = 7.0  # pixels beside the path within which all of it is painted
FAR = 1e6  # pixels beyond which nothing is drawn


def path_pixels(answer: LandscapeAnswer, square: QRectF) -> tuple[np.ndarray, np.ndarray]:
    """The path's steps and where they lie; those that are no numbers are left out."""
    places, known = _places(answer)
    return np.asarray(answer.steps)[known], on_square(answer.bounds, square, places[known])


def _places(answer: LandscapeAnswer) -> tuple[np.ndarray, np.ndarray]:
    places = np.asarray(answer.places, float).reshape(-1, 2)
    return places, np.isfinite(places).all(axis=1)


def on_square(bounds: Bounds, square: QRectF, places: np.ndarray) -> np.ndarray:
    """Pixels (m, 2) of known places."""
    return np.clip(place(bounds, square, places), -FAR, FAR)


def line_through(painter: QPainter, at: np.ndarray, long: float) -> Callable[[], None]:
    """Draws the path through `at`; one `long` way to and fro piece by piece.

    As one shape it would be filled, each crossing being worked out: 200 steps across the square take 50 ms.
    """
    if np.hypot(*(at[1:] - at[:-1]).T).sum() <= long:
        shape = arrayToQPolygonF(at[:, 0], at[:, 1])
        return lambda: painter.drawPolyline(shape)
    return lambda: draw_lines(painter, np.hstack([at[:-1], at[1:]]))


class Path:
    """The path of one lane: all but its last piece is painted once, and kept as pixels while it stays."""

    def __init__(self) -> None:
        self._pixels: Kept[tuple[np.ndarray, QRectF]] = Kept()
        self._past = Backdrop()

    def draw(self, painter: QPainter, square: QRectF, answer: LandscapeAnswer, keep: bool) -> None:
        """On a `square`; what it keeps would be too coarse for a file or a bitmap of another sharpness."""
        places, known = _places(answer)
        places = places[known]
        if len(places) > 1:
            past, dotted = places[:-1], len(places) <= DOTS
            made_of = past.tobytes(), answer.bounds, square.getRect(), dotted
            at, box = self._pixels.of(made_of, lambda: _with_box(on_square(answer.bounds, square, past), square))
            if keep:
                self._past.draw(painter, box, made_of, lambda inner: _draw_past(inner, square, at, dotted))
            else:
                _draw_past(painter, square, at, dotted)
        if len(places):
            last = on_square(answer.bounds, square, places[-2:])
            _draw_present(painter, square, last, dotted=2 < len(places) <= DOTS)


def _with_box(at: np.ndarray, square: QRectF) -> tuple[np.ndarray, QRectF]:
    """The pixels, and the part of the square within which they are painted."""
    corners = QPointF(*at.min(axis=0).tolist()), QPointF(*at.max(axis=0).tolist())
    return at, QRectF(*corners).adjusted(-RIM, -RIM, RIM, RIM).intersected(square)


def _draw_past(painter: QPainter, square: QRectF, at: np.ndarray, dotted: bool) -> None:
    """The line through pixels `at`, a ring where it begins, and dots if they are few."""
    _begin(painter, square)
    draw = line_through(painter, at, LONG * square.width())
    for pen in _pens(LINE):
        painter.setPen(pen)
        draw()
    if dotted:
        _draw_dots(painter, at[1:])
    _draw_ring(painter, at[0], QBrush())
    painter.restore()


def _draw_present(painter: QPainter, square: QRectF, last: np.ndarray, dotted: bool) -> None:
    """The path's piece between its `last` two pixels, where it has one, and a disc where the weights are now."""
    _begin(painter, square)
    if len(last) > 1:
        line = QLineF(*last.ravel().tolist())
        for pen in _pens(LINE):
            painter.setPen(pen)
            painter.drawLine(line)
    if dotted:  # the piece lies over it
        _draw_dots(painter, last[:1])
    _draw_ring(painter, last[-1], QBrush(on_heights()[0]))
    painter.restore()


def _begin(painter: QPainter, square: QRectF) -> None:
    painter.save()
    painter.setClipRect(square)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _pens(widths: tuple[float, float]) -> tuple[QPen, QPen]:
    """Of the rim, and of what is white."""
    white, rim = on_heights()
    return QPen(rim, widths[0]), QPen(white, widths[1])


def _draw_dots(painter: QPainter, at: np.ndarray) -> None:
    white, rim = on_heights()
    painter.setBrush(white)
    painter.setPen(QPen(rim, 0.8))
    for x, y in at.tolist():
        painter.drawEllipse(QPointF(x, y), 1.8, 1.8)


def _draw_ring(painter: QPainter, at: np.ndarray, brush: QBrush) -> None:
    centre = QPointF(*at.tolist())
    painter.setBrush(brush)
    for pen in _pens(RING):
        painter.setPen(pen)
        painter.drawEllipse(centre, RADIUS, RADIUS)
