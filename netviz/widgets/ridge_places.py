"""The rows of ridges: where each lies, which stays, and what is drawn there, which is new with every answer."""

from typing import NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from engine.probes.histograms import LayerHistogram
from netviz.widgets.ridges import Span


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


class Row(NamedTuple):
    """One layer's histogram in its place."""

    place: Place
    histogram: LayerHistogram
    count: int  # of all numbers

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
