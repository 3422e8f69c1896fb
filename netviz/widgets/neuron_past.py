"""How saturated a unit was at each look since it was chosen: kept here, for no answer tells the past."""

from dataclasses import dataclass

import numpy as np

from engine.probes.neuron import NeuronAnswer
from netviz.widgets.ticks import percent, whole

MOST = 4000  # looks of a unit; of more, every other one is forgotten
UNITS = 32  # that are remembered

Key = tuple[str, str, int]  # network, layer, unit


@dataclass(slots=True)
class Looks:
    """`steps` (n,) in order, `shares` (n, 2): saturated, and 1 where dead."""

    steps: np.ndarray
    shares: np.ndarray

    def in_words(self) -> tuple[str, ...]:
        """How saturated it was on the average of the looks, and at how many it was dead; the longest first."""
        total, often = np.add.reduce(self.shares).tolist()
        mean, dead = percent(total / len(self.shares), 0).strip(), int(often)
        looks = f"{whole(len(self.steps))} looks"
        return (
            f"{mean} on average, dead at {whole(dead)} of {looks} since step {whole(self.steps[0])}",
            f"{mean} on average, dead at {whole(dead)} of {looks}",
            f"{mean} on average, {looks}",
            looks,
        )


class Past:
    def __init__(self) -> None:
        self._looks: dict[Key, Looks] = {}
        self._last: dict[str, NeuronAnswer] = {}

    def forget(self) -> None:
        self._looks.clear()
        self._last.clear()

    def take(self, network: str, answer: NeuronAnswer) -> None:
        """Adds what an answer says, once; a step before the last look begins anew from there."""
        if self._last.get(network) is answer or np.isnan(answer.saturated):
            return
        self._last[network] = answer
        key = (network, answer.node, answer.unit)
        row = np.array([[answer.saturated, float(answer.dead)]])
        before = self._looks.pop(key, None)
        if before is None:
            before = Looks(np.zeros(0), np.zeros((0, 2)))
        kept = before.steps < answer.step
        steps, shares = np.append(before.steps[kept], answer.step), np.concatenate([before.shares[kept], row])
        if len(steps) > MOST:
            steps, shares = steps[::2], shares[::2]
        self._looks[key] = Looks(steps, shares)
        while len(self._looks) > UNITS:
            del self._looks[next(iter(self._looks))]

    def of(self, key: Key) -> Looks | None:
        return self._looks.get(key)
