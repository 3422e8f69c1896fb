"""When the state of a run is told without being asked for: a new worker goes on from there if this one is lost.

Of a large run it is not: to copy gigabytes from process to process takes seconds and room for several copies.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.run.lane import Lane
from engine.run.messages import Keyframe
from engine.weights import save_weights

SECONDS = 1.0
SHARE = 0.01  # of the time that keyframes may cost
LARGE = 1 << 28  # bytes of state beyond which a run is large


class Keyframes:
    """Sends them; the next one that nobody asks for is due `at`."""

    def __init__(self, send: Callable[[Keyframe], None]) -> None:
        self._send = send
        self.at = 0.0

    def send(self, lanes: Sequence[Lane], token: int = 0, folder: str = "", lane: int | None = None) -> None:
        """The state of all lanes, with their parameters by name where a token says who asks.

        Of a large run: nothing unasked, and with a `folder` files of weights in a new folder there.
        """
        began = time.perf_counter()
        large = is_large(state_bytes(lanes))
        if large and folder:
            self._send(_in_files(lanes if lane is None else lanes[lane : lane + 1], token, Path(folder)))
        elif token or not large:
            states = tuple(each.trainer.snapshot() for each in lanes)
            names = tuple(each.trainer.network.state() for each in lanes) if token and not large else None
            self._send(Keyframe(states, names, token))
        ended = time.perf_counter()
        self.at = ended + max(SECONDS, (ended - began) / SHARE)


def state_bytes(lanes: Sequence[Lane]) -> int:
    """What the numbers of all lanes take, and what their optimizers keep."""
    trainers = [lane.trainer for lane in lanes]
    return sum(t.parameters.values.nbytes * (1 + len(t.optimizer.slots)) for t in trainers)


def is_large(state: int) -> bool:
    return state > LARGE


def _in_files(lanes: Sequence[Lane], token: int, near: Path) -> Keyframe:
    """Weights in files: one network at a time is copied, and nothing of it is sent."""
    folder = ""
    try:
        folder = tempfile.mkdtemp(prefix=".netviz-", dir=near)
        files = [Path(folder) / f"{number}.safetensors" for number in range(len(lanes))]
        for file, lane in zip(files, lanes, strict=True):
            save_weights(file, lane.trainer.network.state())
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return Keyframe((), None, token, problem=error.strerror or str(error))
    step = max((lane.trainer.step_number for lane in lanes), default=0)
    return Keyframe((), None, token, tuple(map(str, files)), step)
