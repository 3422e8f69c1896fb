"""States that a run has told of: the one to go on from when its worker is lost, and those that somebody waits for."""

import itertools
from collections.abc import Callable

from engine.run import messages as m
from engine.snapshot import Snapshot


class Keyframes:
    """`send` takes commands to the worker."""

    def __init__(self, send: Callable[[m.AnyCommand], None]) -> None:
        self._send = send
        self.latest: m.Keyframe | None = None  # what the run goes on from
        self._waiting: dict[int, tuple[m.TakeKeyframe, Callable[[m.Keyframe], None]]] = {}
        self._tokens = itertools.count(1)

    @property
    def states(self) -> tuple[Snapshot, ...] | None:
        """Of every network, where there are any."""
        return None if self.latest is None else self.latest.states

    @property
    def step(self) -> int:
        """The step that the run goes on from."""
        return min(state.step for state in self.states) if self.states else 0

    def start_from(self, keyframe: m.Keyframe | None) -> None:
        self.latest = keyframe if keyframe is not None and keyframe.states else None

    def let_go(self, large: bool) -> None:
        """A new worker has gone on from there: a large one is not kept."""
        if large:
            self.latest = None

    def ask(self, done: Callable[[m.Keyframe], None], folder: str = "", lane: int | None = None) -> None:
        """Calls `done` with the next one, which has the named weights, too; those of a large run in files."""
        command = m.TakeKeyframe(next(self._tokens), folder, lane)
        self._waiting[command.token] = command, done
        self._send(command)

    def ask_again(self) -> None:
        """Of a new worker, for those who still wait."""
        for command, _ in self._waiting.values():
            self._send(command)

    def forget_who_waits(self) -> None:
        self._waiting.clear()

    def take(self, keyframe: m.Keyframe, of_this_run: bool) -> None:
        """It has come; of another run it only answers who waits for it."""
        if keyframe.states and of_this_run:
            self.latest = keyframe
        if keyframe.token in self._waiting:
            _, done = self._waiting.pop(keyframe.token)
            done(keyframe)
