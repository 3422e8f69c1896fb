"""Room that networks side by side have in turn: what lies in it holds within one step of one of them alone.

Gradients are wanted from the way back until the update has been done, and the weights as they were from just before
the update until just after: of large networks that are alike and step one after another, one of each is enough.
"""

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

LEAST = 1 << 22  # numbers of a network whose room is worth sharing
Array = np.ndarray[Any, Any]


class Rooms:
    """Arrays by what they are for, made when they are first wanted."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Array] = {}

    def room(self, key: Hashable, make: Callable[[], Array]) -> Array:
        """What `make` made when `key` was wanted first: who says the same key has the same array."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]
