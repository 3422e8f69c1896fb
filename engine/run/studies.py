"""The studies of a run: what each has found, when it may work, and when it is told."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from engine.probes.base import Probe
from engine.probes.catalogue import topic
from engine.probes.study import NEVER, Study, Work
from engine.trainer import Trainer

SLICE = 0.004  # seconds that studies work at a time, or as long as a single slice takes
SHARE = 0.01  # of the time at unlimited pace, beside what the other instruments may cost
TELLING = 0.12  # seconds from one word of what they have found to the next, at unlimited pace
IDLE_SHARE = 0.5  # of the time while no step is due: a study that follows training does not keep a core busy


class Studies:
    """Those of one network: one work for each kind. One that is not watched rests, and goes on where it was."""

    def __init__(self) -> None:
        self.look_at = NEVER  # the next step at which somebody wants to see the trainer
        self._asked: tuple[Study, ...] = ()
        self._works: dict[str, tuple[Study, Work]] = {}
        self._news: set[str] = set()
        self._turn = 0
        self._looking = 0.0  # seconds that looks have taken and nobody has counted
        self._told_at = 0.0

    def watch(self, probes: Iterable[Probe], trainer: Trainer) -> None:
        """Works on the studies among `probes` from here on."""
        self._asked = tuple(probe for probe in probes if isinstance(probe, Study))
        for study in self._asked:
            known, work = self._works.get(topic(study), (None, None))
            if known != study or work is None:
                self._works[topic(study)] = study, study.begin(trainer, work)
        self._news = {topic(study) for study in self._asked}
        self._choose_look()

    def restart(self, trainer: Trainer) -> None:
        """The run is at another step or has other weights now: what was found is no longer true."""
        self._works.clear()
        self.watch(self._asked, trainer)

    def _watched(self) -> list[Work]:
        return [self._works[topic(study)][1] for study in self._asked]

    def _choose_look(self) -> None:
        self.look_at = min((work.look_at for work in self._watched()), default=NEVER)

    def look(self, trainer: Trainer) -> None:
        """To be called between two updates, as soon as the trainer is at `look_at`."""
        began = time.perf_counter()
        for study, work in zip(self._asked, self._watched(), strict=True):
            if work.look_at <= trainer.step_number:
                work.look(trainer)
                self._news.add(topic(study))
        self._choose_look()
        self._looking += time.perf_counter() - began

    def take_looking(self) -> float:
        """What looks have cost since the last call, in seconds."""
        taken, self._looking = self._looking, 0.0
        return taken

    def wants(self, trainer: Trainer) -> bool:
        """Whether there is something to compute."""
        return any(work.wants(trainer) for work in self._watched())

    def go_on(self, trainer: Trainer) -> None:
        """One slice of one of those that want it, in turn."""
        works = self._watched()
        for _ in works:
            self._turn = (self._turn + 1) % len(works)
            if works[self._turn].wants(trainer):
                works[self._turn].go_on(trainer)
                self._news.add(topic(self._asked[self._turn]))
                self._choose_look()
                return

    @property
    def has_news(self) -> bool:
        return bool(self._news)

    def take_news(self, trainer: Trainer, hurried: bool = False) -> list[Any]:
        """The answers that have changed since the last call; none in a hurry soon after the last ones."""
        now = time.perf_counter()
        if not self._news or (hurried and now < self._told_at + TELLING):
            return []
        self._told_at = now
        pairs = zip(self._asked, self._watched(), strict=True)
        told = [work.answer(trainer) for study, work in pairs if topic(study) in self._news]
        self._news.clear()
        return told


class Studied(Protocol):
    """A network of the run."""

    trainer: Trainer
    studies: Studies


class StudyTime:
    """When the studies of all networks may work, and how long."""

    def __init__(self) -> None:
        self.ready_at = 0.0

    def free(self) -> None:
        """The next slice may come at once."""
        self.ready_at = 0.0

    def work(self, lanes: Sequence[Studied], hurried: bool, free: Callable[[], bool]) -> None:
        """Slices, if it is their time and while `free`: every network has its turn before anyone has a second."""
        began = now = time.perf_counter()
        if began < self.ready_at:
            return
        while now - began < SLICE and free() and wanting(lanes):
            for lane in lanes:
                lane.studies.go_on(lane.trainer)
            now = time.perf_counter()
        # Many looks at the beginning of a run do not put off the first picture.
        spent = now - began + min(SLICE, sum(lane.studies.take_looking() for lane in lanes))
        self.ready_at = now + spent * (1 / (SHARE if hurried else IDLE_SHARE) - 1)


def wanting(lanes: Sequence[Studied]) -> bool:
    """Whether there is something to compute."""
    return any(lane.studies.wants(lane.trainer) for lane in lanes)
