"""What the instruments may cost at unlimited pace: first they say things less finely, then less often."""

import sys
import time
from collections import deque
from collections.abc import Callable
from statistics import median

SHARE = 0.03  # of the time
# Answers a second: never more, for what the window does for them is taken from a training on the same machine; and as
# long as the share does not do for so many, they are made coarser.
OFTEN = 17.0
COARSEST = 0.25  # of the full detail
CALM = 10  # answers that are looked at before they are made finer again


def clock(device: str) -> Callable[[], float]:
    """What tells the cost of work: on the processor its thread's own time, on another device how long that took.

    What other processes take of a core meanwhile is no cost of the work. Windows counts such time in 1/64 s only.
    """
    return time.thread_time if device == "cpu" and sys.platform != "win32" else time.perf_counter


class Budget:
    """`detail` is what probes are asked with, and not before `ready_at`, so that answers take `share` of the time."""

    def __init__(self, share: float = SHARE) -> None:
        self.share = share
        self.detail = 1.0
        self.ready_at = 0.0
        self._first = True  # the first answer makes plans and buffers too: it does not say when the next may come
        self._costs: deque[float] = deque(maxlen=CALM)

    def free(self) -> None:
        """The next answer may come at once."""
        self.ready_at = 0.0

    def spend(self, seconds: float, since: float | None = None) -> None:
        """An answer has cost so much; the next may come so much later than `since`, which is now."""
        wait = 0.0 if self._first else seconds / self.share
        self._first = False
        self.ready_at = (time.perf_counter() if since is None else since) + max(wait, 1 / OFTEN)
        costs, allowed = self._costs, self.share / OFTEN
        costs.append(seconds)
        # One answer alone may have been held up by another process.
        if len(costs) > 1 and min(costs[-1], costs[-2]) > allowed:
            self._ask_for(max(COARSEST, self.detail * allowed / min(costs[-1], costs[-2])))
        elif len(costs) == CALM and median(costs) < allowed / 3:
            self._ask_for(min(1.0, self.detail * 2))

    def _ask_for(self, detail: float) -> None:
        """Halves only: every other detail would want buffers of its own."""
        self.detail = next(step for step in (1.0, 0.5, 0.25) if step <= detail or step == COARSEST)
        self._costs.clear()
