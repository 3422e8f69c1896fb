"""A session that stands still, and what tests look at on a canvas over it."""

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage

from engine.probes.boundary import BoundaryAnswer
from engine.probes.units import UnitMaps, UnitsAnswer
from engine.run.messages import LaneInfo, Opened, Points
from netviz.runtime.history import History
from tests.netviz.panels.histories import take

PLANE = (-1.0, 1.0, -1.0, 1.0)
NAN = float("nan")


class Run:
    """A session that stands still: what the window would hold of a run, and how often it was asked."""

    def __init__(self, document, plane=True):
        self.project, self.history, self.asked, self.turns = document.project, History(), 0, 0
        corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
        points = Points(corners, np.array([0, 1, 1, 0], np.float32), corners[:0], np.zeros(0, np.float32), 2)
        lanes = []
        for number, lane in enumerate(document.lanes()):
            drawn = document.structure(number).drawn
            kinds = tuple(lane.graph.layers[node].kind() for node in drawn)
            weighted = tuple(kind == "dense" for kind in kinds)
            lanes.append(LaneInfo(lane.variant, drawn, kinds, weighted, (2,) if plane else (64,), 10, 100))
        digits = np.linspace(0, 16, 20 * 64, dtype=np.float32).reshape(20, 64)
        opened = Opened(
            tuple(lanes), points if plane else None, "numpy", "cpu", "float32", (), examples=None if plane else digits
        )
        self.history.open(opened)

    def ask(self):
        self.asked += 1

    update_watch = ask

    def mark(self, view):
        """Gives the next turn at once."""
        self.turns += 1
        view.refresh()

    def answer(self, lane, **units):
        """Each named node with one map for each of the functions of the grid that it is given."""
        size = 8
        x1, x2 = np.meshgrid(*2 * [np.linspace(-1, 1, size)])
        made = []
        for node, functions in units.items():
            values = np.array([function(x1, x2) for function in functions], np.float32)
            made.append(UnitMaps(node, values, len(values)))
        decision = BoundaryAnswer((x1 > 0).astype(np.float32), None, True, PLANE)
        take(self.history.lanes[lane], probes=(UnitsAnswer(tuple(made), decision, PLANE, ()),))

    def scalars(self, lane, **fields):
        """One looked-at step: `h1=1e-3` is the gradient's norm of a layer with weights, the spread of another."""
        history = self.history.lanes[lane]
        values = np.full((1, len(history.info.layers), 6), NAN)
        for node, value in fields.items():
            index = history.info.layers.index(node)
            name = "grad_norm" if history.info.weighted[index] else "std"
            values[0, index, history.column(index, name) - 6 * index] = value
        take(history, layers=values)


def left_right(x1, x2):
    return np.sign(x1)


def down_up(x1, x2):
    return np.sign(x2)


def canvas_of(live):
    return live._canvas


def grabbed(live):
    canvas_of(live).viewport().repaint()
    return canvas_of(live).viewport().grab().toImage()


def in_view(live, item, place):
    return canvas_of(live).mapFromScene(item.mapToScene(place))


def near(image: QImage, at: QPoint, colour: str | QColor, apart: int = 24) -> bool:
    here, wanted = image.pixelColor(at * image.devicePixelRatio()), QColor(colour)
    pairs = zip(here.getRgb()[:3], wanted.getRgb()[:3], strict=True)
    return all(abs(a - b) <= apart for a, b in pairs)
