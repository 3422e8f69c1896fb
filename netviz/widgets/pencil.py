"""A brush that sprays points onto the plane and takes them away; what it has done is told a few times a second."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from engine.data.points import Point
from netviz.document.pencil import added, along, erased, sprayed
from netviz.widgets.plane import Bounds

TELL_MS = 120  # while a stroke goes on
SPACING = 0.7  # radii from dab to dab
LEAST, MOST = 0.005, 0.25  # of the brush's radius, as a share of the plane
THICKEST = 20  # points a dab
STEPS = 40  # of an arrow key across the plane
KEY_MS = 800  # strokes by key that follow one another so soon are one

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The points of the document, and what a point can be given."""

    points: tuple[Point, ...]
    values: tuple[float, ...]
    classes: int | None


class Pencil(QObject):
    """One stroke at a time. `drawn` comes with the points as they are now, and the stroke's token."""

    drawn = Signal(object, object)
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.frame: Bounds | None = None  # of the plane, while the pencil is in the hand
        self.drawing = Drawing((), (0.0, 1.0), 2)
        self.points: tuple[Point, ...] = ()
        self.chosen, self.size, self.density = 0, 0.05, 3
        self.at: Place | None = None  # where the brush is
        self.erasing = False
        self.rng = np.random.default_rng()
        self._last: Place | None = None
        self._stroke: object = None
        self._told: tuple[Point, ...] = ()
        self._clock = QTimer(self, interval=TELL_MS)
        self._clock.timeout.connect(self._tell)
        self._keys = QTimer(self, singleShot=True, interval=KEY_MS)
        self._keys.timeout.connect(self._end)

    @property
    def on(self) -> bool:
        return self.frame is not None

    @property
    def radius(self) -> float:
        """On the plane."""
        return 0.0 if self.frame is None else self.size * (self.frame[1] - self.frame[0])

    @property
    def value(self) -> float:
        return self.drawing.values[min(self.chosen, len(self.drawing.values) - 1)]

    def take(self, drawing: Drawing) -> None:
        """The points as the document has them; in the middle of a stroke the hand knows better."""
        self.drawing = drawing
        if self._stroke is None or self._keys.isActive():
            self.points = self._told = drawing.points
        self.changed.emit()

    def choose(self, index: int) -> None:
        if 0 <= index < len(self.drawing.values) and index != self.chosen:
            self.chosen = index
            self.changed.emit()

    def resize(self, size: float) -> None:
        self.size = min(max(size, LEAST), MOST)
        self.changed.emit()

    # Strokes

    def press(self, at: Place, erase: bool) -> None:
        self._end()
        self._stroke, self._last, self.erasing = object(), at, erase
        self._dab(at)
        self._clock.start()

    def move(self, at: Place, erase: bool = False) -> None:
        """Along a stroke, or only where the brush would be."""
        self.at = at
        if self._last is not None:
            for place in along(self._last, at, max(self.radius * SPACING, 1e-9)):
                self._last = place
                self._dab(place)
        elif erase != self.erasing:
            self.erasing = erase
        self.changed.emit()

    def release(self) -> None:
        if self._last is not None:
            self._end()

    def dab_by_key(self, at: Place, erase: bool) -> None:
        """Dabs that follow one another quickly are one stroke."""
        if not self._keys.isActive():
            self._end()
            self._stroke = object()
        self.erasing = erase
        self._dab(at)
        self._keys.start()
        self._tell()

    def clear(self) -> None:
        self._end()
        self.points, self._stroke = (), object()
        self._end()

    def leave(self) -> None:
        """The hand is somewhere else."""
        self.at = None
        self.changed.emit()

    def _dab(self, at: Place) -> None:
        self.at = at
        if self.erasing:
            self.points = erased(self.points, at, self.radius)
        else:
            self.points = added(self.points, sprayed(at, self.radius, self.density, self.value, self.rng))
        self.changed.emit()

    def _tell(self) -> None:
        if self.points != self._told:
            self._told = self.points
            self.drawn.emit(self.points, self._stroke)

    def _end(self) -> None:
        if self._stroke is not None:
            self._tell()
        self._clock.stop()
        self._keys.stop()
        self._stroke = self._last = None
