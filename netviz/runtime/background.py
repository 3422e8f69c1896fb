"""Work that touches the disk, off the GUI thread; what it gives comes back on it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Signal


class Background(QObject):
    """One thing at a time, in the order asked for."""

    _ended = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="netviz files")
        self._ended.connect(lambda call, value: call(value))

    def run(
        self, work: Callable[[], Any], done: Callable[[Any], object], failed: Callable[[Exception], object]
    ) -> None:
        """Runs `work` on a thread, then `done` with its result or `failed` with its error on the GUI thread."""

        def job() -> None:
            try:
                result = work()
            except Exception as error:  # whatever it is, a person must hear of it
                self._ended.emit(failed, error)
            else:
                self._ended.emit(done, result)

        self._pool.submit(job)

    def close(self) -> None:
        """Waits for what was begun: a file is never left half written."""
        self._pool.shutdown()
