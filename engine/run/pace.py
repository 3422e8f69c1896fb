"""Pace: when steps happen, never what they compute."""

import time

from engine.run.messages import Pace, PaceUnit
from engine.trainer import Trainer

MANY = 1 << 30


class Pacer:
    """Says how many steps may be done now, and how long to wait when it is none."""

    def __init__(self) -> None:
        self._pace = Pace()
        self.done = 0  # steps since the pace's beginning
        self._granted = 0.0  # steps that frames have allowed since then
        self._began = 0.0
        self._steps_per_epoch = 1

    @property
    def unlimited(self) -> bool:
        return self._pace.unit is PaceUnit.UNLIMITED

    def set(self, pace: Pace) -> None:
        self._pace = pace
        self._restart()

    def start(self, trainer: Trainer) -> None:
        self._steps_per_epoch = trainer.steps_per_epoch
        self._restart()

    def _restart(self) -> None:
        self.done, self._granted, self._began = 0, 0.0, time.perf_counter()

    def frame(self, trainer: Trainer | None) -> None:
        """One more frame of the window: at a pace by frames it allows that many steps more; what
        the frame before did not spend lapses, but for the fraction of a step."""
        if trainer is None:
            return
        self._steps_per_epoch = trainer.steps_per_epoch
        per_frame = self._pace.amount * (self._steps_per_epoch if self._pace.unit is PaceUnit.EPOCHS_A_FRAME else 1)
        left = self._granted - self.done
        self._granted = self.done + (left if 0 < left < 1 else 0) + per_frame

    def allowed(self, trainer: Trainer) -> int:
        """How many steps may be done now."""
        if self.unlimited:
            return MANY
        if self._pace.unit is PaceUnit.EPOCHS_A_SECOND:
            due = (time.perf_counter() - self._began) * self._pace.amount * trainer.steps_per_epoch
            if due - self.done > trainer.steps_per_epoch * max(1.0, self._pace.amount):
                # The machine cannot keep up: do not hurry after what was missed.
                self._began += (due - self.done) / (self._pace.amount * trainer.steps_per_epoch)
                return 1
            return int(due) - self.done
        return int(self._granted) - self.done

    def wait(self) -> float | None:
        """Seconds until a step may be done: 0 now, None when only a frame can allow one."""
        if self.unlimited:
            return 0.0
        if self._pace.unit is PaceUnit.EPOCHS_A_SECOND:
            rate = self._pace.amount * self._steps_per_epoch
            return max(0.0, self._began + (self.done + 1) / rate - time.perf_counter())
        return 0.0 if int(self._granted) > self.done else None


def steps_to_end(trainer: Trainer, start: int, epochs: int) -> int:
    """From step `start`, no earlier than now, to the end of its epoch and of `epochs` in all; 0 of none."""
    left = -(-(trainer.examples - trainer.position) // trainer.batch_size)  # steps of this epoch
    left -= start - trainer.step_number
    if left <= 0:
        left = left % trainer.steps_per_epoch or trainer.steps_per_epoch
    return left + (epochs - 1) * trainer.steps_per_epoch if epochs else 0


class StepRate:
    """Steps a second over the last half second or more."""

    def start(self, step: int) -> None:
        self._step, self._time, self._value = step, time.perf_counter(), 0.0

    def __init__(self) -> None:
        self.start(0)

    def now(self, step: int) -> float:
        elapsed = time.perf_counter() - self._time
        if elapsed > 0.5:
            value = max(0, step - self._step) / elapsed
            self.start(step)
            self._value = value
        return self._value
