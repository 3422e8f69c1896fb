"""The part of a plane that a picture shows, steady from frame to frame, with one scale for both axes."""

import numpy as np

from netviz.widgets.plane import Bounds
from netviz.widgets.ticks import Reach

MARGIN = 0.07  # of the range, beyond it at each side


class Frame:
    """Holds 0 and all that is shown; grows at once, shrinks only when much of it stands empty."""

    def __init__(self) -> None:
        self._ends = [Reach(0.0) for _ in range(4)]

    def around(self, places: np.ndarray, aspect: float) -> Bounds:
        """The bounds around `places` (n, 2) for a picture `aspect` times as wide as high."""
        finite = np.isfinite(places)
        known = places if finite.all() else places[finite.all(axis=1)]
        low, high = (known.min(axis=0).tolist(), known.max(axis=0).tolist()) if len(known) else ((0.0, 0.0), (0.0, 0.0))
        wanted = (-low[0], high[0], -low[1], high[1])
        left, right, down, up = (end.take(max(0.0, v)) for end, v in zip(self._ends, wanted, strict=True))
        half = [part / 2 * (1 + 2 * MARGIN) for part in (left + right, down + up)]
        if not any(half):
            half = [1.0, 1.0]
        across = max(half[0], half[1] * aspect)
        x, y = (right - left) / 2, (up - down) / 2
        return x - across, x + across, y - across / aspect, y + across / aspect
