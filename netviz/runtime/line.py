"""The line to a worker: commands go out at once, records wait until the window has a frame for them."""

import contextlib
from collections import deque
from collections.abc import Iterator

from engine.run import messages as m
from engine.run.transports import Lost, ProcessTransport, Receive, ThreadTransport, Transport


class WorkerLost(m.Record, frozen=True):
    """Put among the records by the background thread when the worker has gone."""

    reason: str


def make_transport(kind: str, receive: Receive, lost: Lost) -> Transport:
    return ThreadTransport(receive, lost) if kind == "thread" else ProcessTransport(receive, lost)


class Line:
    """To one worker at a time, a new one after `connect`."""

    def __init__(self, kind: str) -> None:
        self._waiting: deque[m.Record] = deque()
        self.connect(kind)

    def connect(self, kind: str) -> None:
        """A new worker, which knows nothing yet."""
        self.transport = make_transport(kind, self._receive, lambda why: self._waiting.append(WorkerLost(why)))

    def hang_up(self) -> None:
        """The worker ends, and its last words are of no run any more."""
        self.transport.close()
        self._waiting.clear()

    def send(self, command: m.AnyCommand) -> None:
        self.transport.send(command)

    def take(self, most: int) -> Iterator[m.Record]:
        """Of those that wait now, the first `most`."""
        for _ in range(min(len(self._waiting), most)):
            if self._waiting:  # one of them may have ended the worker
                yield self._waiting.popleft()

    def _receive(self, record: m.Record) -> None:
        """On the background thread. Of keyframes that nobody took the last is enough, so that none are hoarded."""
        waiting = self._waiting
        if isinstance(record, m.Keyframe) and not record.token:
            with contextlib.suppress(IndexError):  # only this thread appends: the last can only have been taken
                if isinstance(last := waiting[-1], m.Keyframe) and not last.token:
                    waiting.pop()
        waiting.append(record)
