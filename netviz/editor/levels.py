"""The scale of signal and gradient that a box will see, as two bars on a fixed logarithmic scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log10

from netviz.editor.box_picture import Box

FAINTEST, STRONGEST = 1e-8, 10.0  # an empty bar, a full one


@dataclass(frozen=True, slots=True)
class Levels:
    """Root mean squares at the initial weights: of what leaves the box, and of the gradient at its layer."""

    signal: float
    gradient: float

    @property
    def words(self) -> str:
        back = f", gradient {self.gradient:.2g}" if isfinite(self.gradient) else ""
        return f"at the initial weights: signal {self.signal:.2g}{back} (root mean squares)"


def share(value: float) -> float:
    """How much of the bar is full, from 0 to 1; each decade takes the same length."""
    if not isfinite(value) or value <= FAINTEST:
        return 0.0
    return min(1.0, log10(value / FAINTEST) / log10(STRONGEST / FAINTEST))


def levels_of(box: Box, scales: Mapping[str, tuple[float, float]]) -> Levels | None:
    """Those of a box, by (signal, gradient) of each node; None for a box that has none."""
    if box.node not in scales:
        return None
    last = box.activation if box.activation in scales else box.node
    return Levels(scales[last][0], scales[box.node][1])
