"""Steps of several networks in lock step: many at a time while nobody looks at one of them."""

from collections.abc import Callable, Sequence

from engine.run.lane import Lane

SECONDS = 0.002  # of one stride, about: so long a command waits
ON_A_DEVICE = 32  # steps of a stride at least, where a look at each would have the device wait


class Strides:
    """Chooses how many steps to do before the next look at what waits, by how long the last ones took."""

    lane: Lane  # the one at work

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells what work costs."""
        self._clock = clock
        self._seconds = (1.0, 1.0)  # of a step of all, in the last two strides; one may have been held up

    def advance(self, lanes: Sequence[Lane], most: int) -> int:
        """A stride of up to `most` steps of all that train; how many. Raises as `Lane.advance` does."""
        moving = [lane for lane in lanes if not lane.stopped]
        device = any(lane.trainer.backend.kernels == "cuda" for lane in moving)
        fits = max(ON_A_DEVICE if device else 1, int(SECONDS / min(self._seconds)))
        steps = unseen(moving, min(most, fits))
        began = self._clock()
        for self.lane in moving:
            self.lane.advance_unseen(steps)
        self._seconds = self._seconds[1], (self._clock() - began) / steps
        return steps


def unseen(lanes: Sequence[Lane], most: int) -> int:
    """How many of their next updates, at most `most`, lanes that train can do without anybody looking at one."""
    before = 0
    while before != most:  # what suits one may be no epoch's end of another one
        before = most
        for lane in lanes:
            most = lane.unseen(most)
    return most
