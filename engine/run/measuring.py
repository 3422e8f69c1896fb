"""Probes asked one after another; one for which there is no room is told of once and asked no more."""

from collections.abc import Callable, Sequence
from typing import Any

from engine.memory import shortage
from engine.probes.base import Probe
from engine.probes.catalogue import topic
from engine.probes.look import one_look
from engine.trainer import Trainer


class Measuring:
    """`say` hears of what was too large."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._too_large = say, list[Probe]()

    def forget(self) -> None:
        """There may be room again."""
        self._too_large.clear()

    def answers(self, probes: Sequence[Probe], trainer: Trainer, detail: float) -> list[Any]:
        with one_look(trainer):
            found = [self._answer(probe, trainer, detail) for probe in probes if probe not in self._too_large]
        return [answer for answer in found if answer is not None]

    def _answer(self, probe: Probe, trainer: Trainer, detail: float) -> Any:
        try:
            return probe.measure(trainer, detail)
        except MemoryError as error:
            self._too_large.append(probe)
            words = shortage(error, trainer.project, trainer.backend, trainer.batch_size)
            self._say(f"no room for what a panel asks ({topic(probe)}): {words}")
            return None
