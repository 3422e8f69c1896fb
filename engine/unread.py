"""Updates whose losses come to the host together: between them the host waits for nothing.

Whether a loss is a number is known only afterwards, so the state before the first is kept on the device; where one was
none, training goes back there and on to the step before it.
"""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any
from weakref import WeakKeyDictionary

from engine.ahead import Laid, Step
from engine.backend import Array, Backend, Call
from engine.plan import Moment, Plan

MOST = 256  # steps between two looks


class Unread:
    """Runs steps without a look at their losses, and can go back."""

    def __init__(
        self, backend: Backend, laid: Callable[[int], Laid], state: Sequence[Array], scalars: Array, moment: Moment
    ) -> None:
        """`state` is all that an update changes; `laid` tells of each size of a batch its calls."""
        self._backend, self._laid, self._moment = backend, laid, moment
        self._state, self._scalars = tuple(state), scalars
        self._kept: list[Array] = [backend.zeros(*array.shape) for array in (*self._state, scalars)]
        self._whole: WeakKeyDictionary[Plan, list[Call]] = WeakKeyDictionary()
        self._losses = backend.zeros(MOST)
        self._places: list[Any] = [self._losses[k : k + 1].reshape(()) for k in range(MOST)]

    def losses(self, steps: Sequence[Step]) -> list[float]:
        """The losses of `steps`, which were done; up to the first that is no number, and then none of them was."""
        copy = self._backend.xp.copyto
        whole, first = (*self._state, self._scalars), self._moment.step
        for kept, array in zip(self._kept, whole, strict=True):
            copy(kept, array)
        try:
            self._run(steps, first)
        except MemoryError:
            self._go_back(whole, first)
            raise
        told: list[float] = self._backend.to_host(self._losses[: len(steps)]).tolist()
        good = next((k for k, loss in enumerate(told) if not isfinite(loss)), len(told))
        if good < len(told):
            self._go_back(whole, first)
        self._moment.step = first
        return told[:good]

    def _go_back(self, whole: Sequence[Array], first: int) -> None:
        for kept, array in zip(self._kept, whole, strict=True):
            self._backend.xp.copyto(array, kept)
        self._moment.step = first

    def _run(self, steps: Sequence[Step], first: int) -> None:
        copy = self._backend.xp.copyto
        for k, (plan, moves, *_) in enumerate(steps):
            self._moment.step = first + k
            for room, given in moves:
                room[...] = given
            if plan not in self._whole:  # no look between the way forward and the way back: both are one list
                _, forward, after = self._laid(plan.batch)
                self._whole[plan] = self._backend.lowered([*forward, *after])
            for call in self._whole[plan]:
                call()
            copy(self._places[k], plan.loss)
