"""The way of the weights while training goes on: snapshots, thinned so that the first and the last are kept."""

from engine.backend import Array
from engine.probes.study import NEVER
from engine.trainer import Trainer

MEMORY = 1 << 26  # bytes that a network's snapshots may take
MOST = 256
FEWEST = 8  # of larger networks, none are kept


class WeightPath:
    """Snapshots of the trained weights, at first of every step, then of every second, fourth, …"""

    def __init__(self, trainer: Trainer) -> None:
        weights = trainer.parameters.trained
        self.most = min(MOST, MEMORY // max(1, weights * trainer.parameters.values.itemsize))
        self.steps: list[int] = []
        self.places: list[Array] = []
        self._every = 1
        self.look_at = NEVER
        if self.kept and weights:
            self.take(trainer)

    @property
    def kept(self) -> bool:
        """Whether there is room for a path at all."""
        return self.most >= FEWEST

    def take(self, trainer: Trainer) -> None:
        """Keeps the weights of now."""
        if len(self.steps) >= self.most:
            del self.steps[1::2], self.places[1::2]
            self._every *= 2
        self.steps.append(trainer.step_number)
        self.places.append(weights_of(trainer).copy())
        self.look_at = trainer.step_number + self._every


def weights_of(trainer: Trainer) -> Array:
    """The weights that are trained, flat."""
    return trainer.parameters.values[: trainer.parameters.trained]
