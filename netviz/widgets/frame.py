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
        known = places[np.isfinite(places).all(axis=1)]
        low, high = (known.min(axis=0), known.max(axis=0)) if len(known) else (np.zeros(2), np.zeros(2))
        wanted = (-low[0], high[0], -low[1], high[1])
        left, right, down, up = (end.take(max(0.0, float(v))) for end, v in zip(self._ends, wanted, strict=True))
        half = np.array([left + right, down + up]) / 2 * (1 + 2 * MARGIN)
        if not half.any():
            half[:] = 1.0
        across = max(half[0], half[1] * aspect)
        middle = np.array([right - left, up - down]) / 2
        return (
            float(middle[0] - across),
            float(middle[0] + across),
            float(middle[1] - across / aspect),
            float(middle[1] + across / aspect),
        )
