"""One long reading at a time on a background thread, that says how far it is and is ended by the next one."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from netviz.runtime.background import Background

EVERY_MS = 80

Told = Callable[[float], object]


class Ended(Exception):  # noqa: N818 - nothing is wrong
    """Nobody wants to know any more."""


class _Reading:
    """What the two threads know of one reading: a number and a flag, each written by one of them."""

    def __init__(self) -> None:
        self.share, self.ended = 0.0, False

    def told(self, share: float) -> None:
        if self.ended:
            raise Ended
        self.share = share


class Reader(QObject):
    """Calls come back on the GUI thread, and only those of the last reading that was asked for."""

    progressed = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(self)
        self._now: _Reading | None = None
        self._clock = QTimer(self, interval=EVERY_MS)
        self._clock.timeout.connect(self._tell)

    @property
    def busy(self) -> bool:
        return self._now is not None

    def read(
        self, work: Callable[[Told], Any], done: Callable[[Any], object], failed: Callable[[Exception], object]
    ) -> None:
        """Runs `work` with something to tell how far it is; another reading that runs is ended first."""
        self.end()
        reading = self._now = _Reading()
        self._clock.start()

        def start() -> Any:
            reading.told(0.0)
            return work(reading.told)

        self._background.run(
            start,
            lambda result: self._over(reading, lambda: done(result)),
            lambda error: self._over(reading, lambda: failed(error)),
        )

    def end(self) -> None:
        """The reading that runs stops as soon as it can, and is not heard of again."""
        if self._now is not None:
            self._now.ended, self._now = True, None
        self._clock.stop()

    def close(self) -> None:
        self.end()
        self._background.close()

    def _over(self, reading: _Reading, call: Callable[[], object]) -> None:
        if reading is self._now:
            self.end()
            call()

    def _tell(self) -> None:
        if self._now is not None:
            self.progressed.emit(self._now.share)
