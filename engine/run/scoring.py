"""Scores at epochs' ends: of every one, or in a hurry of so many that training keeps most of the time."""

from collections.abc import Callable

from engine.backend import Array
from engine.metrics import Score
from engine.run.messages import EpochScore
from engine.trainer import Trainer

FIRST_EPOCHS = 50  # that are all scored
SHARE = 0.1  # of the time, at most, that scores take in a hurry
SECONDS = 1 / 64  # of training between two scores in a hurry: more often than a screen shows them helps nobody
MOST = 2048  # scores that wait to be told
NAN = float("nan")
Scored = tuple[Score, Score | None]


class Scoring:
    """What was not told yet. Each score is exact, of the epoch that it names; of one left out the weights are kept."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells what work costs."""
        self._clock = clock
        self._told: list[EpochScore] = []
        self._trained = self._cost = 0.0  # seconds of training since the last ones; what they took
        self._left_out: tuple[int, int] | None = None  # the last epoch and its last update, if it was
        self._values: Array | None = None  # of its weights

    def trained(self, seconds: float) -> None:
        """So long has training taken."""
        self._trained += seconds

    def every(self, epoch: int, hurried: bool) -> bool:
        """Whether epoch after epoch is to be scored."""
        return not hurried or epoch < FIRST_EPOCHS

    def score(self, trainer: Trainer, epoch: int, step: int, hurried: bool) -> Scored | None:
        """The scores of the weights after `step`, which ended `epoch`; None where there is no time for them."""
        if not self.every(epoch, hurried) and self._trained < max(SECONDS, self._cost * (1 / SHARE - 1)):
            xp, values = trainer.backend.xp, trainer.parameters.values
            if self._values is None:
                self._values = xp.empty_like(values)
            xp.copyto(self._values, values)
            self._left_out = epoch, step
            return None
        self._left_out = None
        began = self._clock()
        found = trainer.epoch_scores or trainer.evaluate()
        self._trained, self._cost = 0.0, self._clock() - began
        self._tell(epoch, step, found)
        return found

    def catch_up(self, trainer: Trainer) -> tuple[int, Score, Score | None] | None:
        """The last epoch and its scores, if it was left out."""
        if self._left_out is None or self._values is None:
            return None
        (epoch, step), self._left_out = self._left_out, None
        xp, values = trainer.backend.xp, trainer.parameters.values
        now = values.copy()
        xp.copyto(values, self._values)
        try:
            found = trainer.evaluate()
        finally:
            xp.copyto(values, now)
        self._tell(epoch, step, found)
        return epoch, *found

    def _tell(self, epoch: int, step: int, found: Scored) -> None:
        if len(self._told) >= MOST:
            del self._told[MOST // 2 :: 2]  # nobody asks: of a long wait the first and the last are kept
        self._told.append(epoch_score(epoch, step, *found))

    def take(self) -> tuple[EpochScore, ...]:
        """Those since the last call."""
        taken, self._told = tuple(self._told), []
        return taken


def epoch_score(epoch: int, step: int, train: Score, validation: Score | None) -> EpochScore:
    """Both scores of the weights after `step`; NaN where there is no validation part or nothing to be right about."""
    held = validation or Score(NAN, None)
    return EpochScore(epoch, step, train.loss, or_nan(train.accuracy), held.loss, or_nan(held.accuracy))


def or_nan(value: float | None) -> float:
    return NAN if value is None else value
