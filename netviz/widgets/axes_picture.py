"""What a plot draws in one pair of axes: curves as they lie on the screen, and their names."""

from math import inf
from typing import NamedTuple

from PySide6.QtGui import QPainter

from netviz.widgets.curves import View
from netviz.widgets.endlabels import EndLabel, draw_end_labels
from netviz.widgets.guides import Moment, draw_moments
from netviz.widgets.marks import Fonts
from netviz.widgets.strokes import Traced, draw_strokes


class Drawn(NamedTuple):
    """A pair of axes in a picture: what of the plane it shows, and its curves and their names as they lie there."""

    view: View
    curves: list[Traced]
    since: float  # pixels across from which curves are not as in the picture before, if all else is
    labels: list[EndLabel]
    moments: tuple[Moment, ...]

    @property
    def manner(self) -> tuple[object, ...]:
        """How it is drawn, wherever curves lie."""
        return self.moments, [one.manner for one in self.curves]

    def draw(self, painter: QPainter, fonts: Fonts, room: float) -> None:
        """All of it; names have `room`, in pixels."""
        self.draw_curves(painter, fonts)
        self.draw_names(painter, fonts, room)

    def draw_curves(self, painter: QPainter, fonts: Fonts, since: float = -inf) -> None:
        """Curves, as far as they lie right of `since`, and the moments that are marked."""
        draw_strokes(painter, self.view, (stroke for one in self.curves for stroke in one.strokes(since)))
        painter.setFont(fonts.figures)
        draw_moments(painter, fonts, self.view, self.moments)

    def draw_names(self, painter: QPainter, fonts: Fonts, room: float, rows: tuple[float, float] = (-inf, inf)) -> None:
        """At the curves' ends, as far as they lie between these heights."""
        draw_end_labels(painter, fonts, self.view, self.labels, room, rows)
