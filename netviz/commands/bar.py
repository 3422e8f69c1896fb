"""A progress bar on standard error."""

import sys
import time
from math import inf

from engine.errors import one_line


class Bar:
    """Drawn anew at most ten times a second."""

    WIDTH = 28

    def __init__(self, name: str, quiet: bool) -> None:
        self._name, self._next, self._shown = one_line(name), inf if quiet else 0.0, False

    def show(self, share: float, words: str) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        full = min(int(self.WIDTH * share), self.WIDTH)
        bar = "█" * full + "·" * (self.WIDTH - full)
        sys.stderr.write(f"\r{self._name} {bar} {words}   ")
        sys.stderr.flush()
        self._next, self._shown = now + 0.1, True

    def end(self) -> None:
        if self._shown:
            sys.stderr.write("\n")
