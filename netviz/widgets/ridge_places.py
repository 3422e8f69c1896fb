"""The rows of ridges: where each lies, which stays, and what is drawn there, which is new with every answer."""

from typing import NamedTuple

import numpy as np
from pyqtgraph.functions import create_qpolygonf, ndarray_from_qpolygonf
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPen, QPolygonF

from engine.probes.histograms import LayerHistogram
from netviz.widgets.ridges import Span, total


class Inks(NamedTuple):
    """What a ridge is filled with, its outline and the line that it stands on."""

    body: QColor
    edge: QPen
    floor: QPen


class Shape:
    """An outline that is drawn again and again: its corners are moved, and not made anew."""

    def __init__(self) -> None:
        self._made = create_qpolygonf(0)
        self._corners = np.zeros((0, 2))

    def of(self, x: np.ndarray, y: np.ndarray) -> QPolygonF:
        """The polygon with these corners, until it is asked for others."""
        if len(x) != len(self._corners):
            self._made = create_qpolygonf(len(x))
            self._corners = ndarray_from_qpolygonf(self._made)
        self._corners[:, 0], self._corners[:, 1] = x, y
        return self._made


class Place(NamedTuple):
    """Where one layer's row lies: the same from answer to answer. `area` is without the name."""

    lane: int
    layer: int
    node: str
    span: Span
    name: QRectF
    area: QRectF
    end: QRectF  # at its right, where the axis' end is told; empty where there is no room
    told: str  # there
    ticks: bool  # below it
    words: bool  # there is room for a line of them
    colour: QColor
    inks: Inks
    shape: Shape


class Row(NamedTuple):
    """One layer's histogram in its place."""

    place: Place
    histogram: LayerHistogram

    @property
    def count(self) -> int:
        """Of all numbers."""
        return total(self.histogram)

    @property
    def lane(self) -> int:
        return self.place.lane

    @property
    def span(self) -> Span:
        return self.place.span

    @property
    def name(self) -> QRectF:
        return self.place.name

    @property
    def area(self) -> QRectF:
        return self.place.area

    @property
    def end(self) -> QRectF:
        return self.place.end

    @property
    def ticks(self) -> bool:
        return self.place.ticks

    @property
    def colour(self) -> QColor:
        return self.place.colour
