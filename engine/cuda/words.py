"""Random words drawn on the device: the step stands there, so that a graph can draw another step's each time."""

from typing import Any, Protocol

import numpy as np

from engine.backend import Array
from engine.cuda.capture import Drawn
from engine.cuda.own import own
from engine.random import key_of


class Moment(Protocol):
    """When it is: what is drawn follows from it."""

    seed: int
    step: int


class Words(Drawn):
    """Fills `out`, uint32, with the words that `engine.random.Bits` has for the moment's step and `purpose`."""

    def __init__(self, xp: Any, out: Array, moment: Moment, *purpose: str) -> None:
        self._xp, self._moment, self._purpose = xp, moment, purpose
        self._seed: int | None = None
        self._state: Array = xp.zeros((3,), "uint64")  # the key, and the step
        self._draw = own(xp).words_call(self._state, out)

    def tell(self) -> None:
        """The step goes along with a launch; the key is copied over when the seed is another."""
        if self._seed != self._moment.seed:
            self._seed = self._moment.seed
            key = key_of(self._seed, *self._purpose)
            self._state[:2] = self._xp.asarray(np.array([key & (1 << 64) - 1, key >> 64], np.uint64))
        self._state[2:].fill(self._moment.step)

    def __call__(self) -> None:
        self._draw()
