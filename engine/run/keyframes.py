"""When the state of a run is told without being asked for: a new worker goes on from there if this one is lost."""

import time
from collections.abc import Callable, Sequence

from engine.run.lane import Lane
from engine.run.messages import Keyframe

SECONDS = 1.0
SHARE = 0.01  # of the time that keyframes may cost


class Keyframes:
    """Sends them; the next one that nobody asks for is due `at`."""

    def __init__(self, send: Callable[[Keyframe], None]) -> None:
        self._send = send
        self.at = 0.0

    def send(self, lanes: Sequence[Lane], token: int = 0) -> None:
        """The state of all lanes, with their parameters by name where a token says who asks."""
        began = time.perf_counter()
        states = tuple(lane.trainer.snapshot() for lane in lanes)
        names = tuple(lane.trainer.network.state() for lane in lanes) if token else None
        self._send(Keyframe(states, names, token))
        ended = time.perf_counter()
        self.at = ended + max(SECONDS, (ended - began) / SHARE)
