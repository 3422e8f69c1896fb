"""When panels show what is pointed at elsewhere: one soon after the other, so that no frame paints them all."""

from collections.abc import Callable
from itertools import count

from PySide6.QtCore import QObject, QRect, Qt, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

APART = 3  # milliseconds
PLACES = 16  # after which the next one is again at once: all in less than a twentieth of a second
_next = count()


class Lighting(QObject):
    """Of one widget: `paint` asks Qt for a painting of all that lights lie on."""

    def __init__(self, widget: QWidget, paint: Callable[[], object]) -> None:
        super().__init__(widget)
        self._widget, self._paint = widget, paint
        interval = APART * (next(_next) % PLACES)
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer, singleShot=True, interval=interval)
        self._timer.timeout.connect(paint)

    def change(self) -> None:
        """Another light, or none: at once under the mouse, elsewhere in its turn."""
        if self._widget.underMouse():
            self._paint()
        elif not self._timer.isActive():
            self._timer.start()

    def painted(self, event: QPaintEvent, room: QRect) -> None:
        """If all the `room` is painted now, for whatever reason, the light is."""
        if event.region().boundingRect().contains(room):
            self._timer.stop()
