"""Looking aside: at unlimited pace, costly probes are measured in another process, on a copy of the weights.

There a second worker has the same project open and is shown the networks as they are now and then, so that a picture
costs training no more than copying the weights. What it answers is passed on to the window as it came.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from engine.probes.catalogue import ProbeRequest
from engine.run.budget import Budget
from engine.run.giving_way import giving_way
from engine.run.measuring import Measuring
from engine.run.messages import AnyCommand, Look, Open
from engine.trainer import Trainer

SHARE = 0.35  # of a core's time that pictures may take
LATE = 1.0  # seconds without a word after which pictures are made between steps: no core may be free for the other


class Note(msgspec.Struct, frozen=True):
    """What this end must know of a record that is passed on."""

    kind: str = msgspec.field(name="is")
    number: int = 0
    seconds: float = 0.0


class Passed(msgspec.Struct, frozen=True):
    """A record of the other worker, as bytes; empty when that worker has gone."""

    note: Note
    data: bytes


class Other(Protocol):
    """The other worker: a transport, of which `passed` and GONE come on a thread of its own."""

    def send(self, command: AnyCommand) -> None: ...

    def close(self) -> None: ...


Start = Callable[[Callable[[Passed], None]], Other]
GONE = Passed(Note(""), b"")
_notes = msgspec.msgpack.Decoder(Note)


def passed(data: bytes) -> Passed:
    return Passed(_notes.decode(data), data)


def looked(command: Look, trainers: Sequence[Trainer], measuring: Measuring) -> tuple[tuple[Any, ...], ...]:
    """What the other one finds, network by network: it is shown them as `command` has them."""
    with giving_way():
        for trainer, state in zip(trainers, command.states, strict=True):
            trainer.show(state)
        return tuple(tuple(measuring.answers(command.probes, trainer, command.detail)) for trainer in trainers)


class Aside:
    """The other worker of a run, started when it is first wanted; `tell` gets what it says, on another thread."""

    def __init__(self, start: Start | None, tell: Callable[[Passed], None]) -> None:
        self._start, self._tell = start, tell
        self._other: Other | None = None
        self._opens = 0  # runs it was told of and has not answered yet
        self._number = 0
        self.forget(None)

    def forget(self, run: Open | None) -> None:
        """There is another run now, or none: nothing that was said is of it."""
        self._run, self._wanted, self._dropped = run, False, True
        self._asked = 0  # the question that it is at
        self._budget = Budget(SHARE)
        # A second process on the same card would only be in the way.
        self._fails = self._start is None or run is None or run.device != "cpu"

    def want(self) -> None:
        """From now on, pictures of this run are too dear to be made between its steps."""
        if self._wanted or self._fails:
            return
        assert self._run is not None
        assert self._start is not None
        self._wanted = True
        self._other = self._other or self._start(self._tell)
        self._other.send(replace(self._run, states=None, keep_weights=False))
        self._opens += 1

    @property
    def sees(self) -> bool:
        """Whether it makes the pictures of this run."""
        late = self._asked and time.perf_counter() - self._asked_at > LATE
        return self._wanted and not self._fails and not self._opens and not late

    @property
    def due(self) -> float:
        """When it may be asked, by time.perf_counter: as soon as it has answered, if its share of the time allows."""
        return self._budget.ready_at if self.sees and not self._asked else inf

    def ask(self, trainers: Iterable[Trainer], probes: tuple[ProbeRequest, ...]) -> None:
        """Shows it the networks as they are, when it is due."""
        assert self._other is not None
        self._number += 1
        self._asked, self._asked_at, self._dropped = self._number, time.perf_counter(), False
        states = tuple(trainer.sight() for trainer in trainers)
        self._other.send(Look(self._asked, states, probes, self._budget.detail))

    def drop(self) -> None:
        """What it looks at now is to be told by others."""
        self._dropped = True

    def take(self, said: Passed) -> bytes | None:
        """What to pass on to the window, if anything."""
        note = said.note
        if note.kind == "Pictures" and note.number == self._asked and not self._opens:
            self._asked = 0
            self._budget.spend(note.seconds, self._asked_at)
            return None if self._dropped else said.data
        if note.kind == "Opened":
            self._opens -= 1
        elif note.kind == "Refused" and self._opens:
            self._opens -= 1
            self._fails = self._fails or not self._opens
        elif note.kind == "Refused" or said is GONE:
            self._fails = True
        if said is GONE:
            self._other, self._opens = None, 0
        return None

    def close(self) -> None:
        if self._other is not None:
            self._other.close()
