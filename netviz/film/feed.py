"""Frames on their way from who draws them to who encodes them."""

import queue
from collections.abc import Iterator

WAITING = 4  # frames that are drawn and not yet encoded
Frames = Iterator[bytes]  # RGB, row by row without gaps


class CancelledError(Exception):
    """Nobody wants the film any more."""


class Feed:
    """Frames from the GUI thread, which never waits, to the one that encodes, which does."""

    def __init__(self) -> None:
        self._frames: queue.Queue[bytes | None] = queue.Queue()
        self._cancelled = False

    @property
    def full(self) -> bool:
        """Whether the next frame should be drawn later."""
        return self._frames.qsize() >= WAITING

    def put(self, frame: bytes) -> None:
        self._frames.put(frame)

    def cancel(self) -> None:
        self._cancelled = True
        self._frames.put(None)

    def __iter__(self) -> Frames:
        while True:
            frame = self._frames.get()
            if frame is None or self._cancelled:
                raise CancelledError
            yield frame
