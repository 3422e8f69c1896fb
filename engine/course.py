"""The course of a training beside its weights: the rate that the schedule gives, and when early stopping ends it."""

from math import inf
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engine.backend import Array, Backend
from engine.schedules import Schedule, State


class EarlyStopping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ends training after `patience` epochs without a lower validation loss, and goes back to the best weights.

    Where nothing is kept for validation, the training loss counts (Prechelt 1998, with a look-ahead of `patience`).
    """

    patience: Annotated[
        int,
        Meta(ge=1, le=1_000_000, title="Patience", description="Looks ahead so far", extra={"unit": "epochs"}),
    ] = 10
    min_delta: Annotated[
        float, Meta(ge=0, le=1e6, title="Least progress", description="By which a loss must be lower to count")
    ] = 0.0


class CourseState(msgspec.Struct, frozen=True, eq=False):
    """All that a course remembers; `best_values` are the parameters and buffers with the lowest loss, on the host."""

    schedule: State = ()
    best: float = inf
    best_epoch: int = 0
    best_step: int = 0
    waited: int = 0
    stopped: bool = False
    best_values: Any = None


class Course:
    """`schedule` and `stopping` as the project has them; told the validation loss at every epoch's end."""

    def __init__(self, schedule: Schedule | None, stopping: EarlyStopping | None, backend: Backend) -> None:
        self.schedule, self.stopping, self._backend = schedule, stopping, backend
        self._memory: State = schedule.begin() if schedule is not None else ()
        self.best, self.best_epoch, self.best_step, self._waited, self.stopped = inf, 0, 0, 0, False
        self._best_values: Array | None = None

    @property
    def watches(self) -> bool:
        """Whether it wants to know the validation loss."""
        return self.stopping is not None or (self.schedule is not None and self.schedule.watches)

    def factor(self, t: float) -> float:
        """The rate at `t` epochs as a share of the optimizer's."""
        return 1.0 if self.schedule is None else self.schedule.factor(t, self._memory)

    def observe(self, epoch: int, step: int, loss: float, values: Array) -> None:
        """Takes the validation loss of `values` after `epoch`, whose last update was `step`.

        Where that ends the training, they become the best.
        """
        if self.schedule is not None:
            self._memory = self.schedule.observe(loss, self._memory)
        if self.stopping is None or self.stopped:
            return
        if loss < self.best - self.stopping.min_delta:
            self.best, self.best_epoch, self.best_step = loss, epoch, step
            self._waited, self._best_values = 0, values.copy()
            return
        self._waited += 1
        if self._waited >= self.stopping.patience:
            self.stopped = True
            if self._best_values is not None:
                values[...] = self._best_values

    def go_on(self) -> None:
        """After the stop somebody wants more: the patience begins anew."""
        self.stopped, self._waited = False, 0

    def state(self) -> CourseState:
        values = None if self._best_values is None else self._backend.to_host(self._best_values)
        return CourseState(self._memory, self.best, self.best_epoch, self.best_step, self._waited, self.stopped, values)

    def restore(self, state: CourseState) -> None:
        values = state.best_values
        self._memory, self.best = tuple(state.schedule), state.best
        self.best_epoch, self.best_step = state.best_epoch, state.best_step
        self._waited, self.stopped = state.waited, state.stopped
        self._best_values = None if values is None else self._backend.from_host(values)
