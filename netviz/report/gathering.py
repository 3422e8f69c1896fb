"""A run without a window, watched so that a report can be written of it: the same history that a window keeps."""

from engine.metrics import Score
from engine.probes.boundary import Boundary
from engine.run.lane import Lane
from engine.run.messages import EpochScore, LaneAnswer
from engine.run.opening import lane_info
from netviz.report.contents import LaneResult
from netviz.runtime.history import LaneHistory

LOOKS = 400  # at the layers, spread over the run; the first steps are looked at one by one besides
NAN = float("nan")


class Gathering:
    """Call `before` each step and `take` now and then; watching changes nothing in what is computed."""

    def __init__(self, lane: Lane, steps: int) -> None:
        self._lane = lane
        self._every = max(1, steps // LOOKS)
        self.history = LaneHistory(lane_info(lane.trainer))
        lane.scores_epochs = lane.watches_layers = True

    def before(self, step: int) -> None:
        self._lane.observe_next = step % self._every == 0

    def take(self) -> None:
        """Moves what has happened into the history, so that it is not kept twice."""
        trainer = self._lane.trainer
        losses, scores, layers = self._lane.take_news()
        self.history.take(
            LaneAnswer(losses, scores, layers, (), trainer.rate, trainer.batch_size, rates=self._lane.take_rates())
        )

    def result(self, trouble: str = "") -> LaneResult:
        """All that was seen, with the scores and the decision at the weights as they are now."""
        trainer = self._lane.trainer
        self.take()
        self.history.boundary = Boundary().measure(trainer)
        train, validation = trainer.evaluate()
        held = validation or Score(NAN, None)
        numbers = [NAN if value is None else value for value in (train.accuracy, held.loss, held.accuracy)]
        score = EpochScore(trainer.epoch, trainer.step_number - 1, train.loss, *numbers)
        if self._lane.stopped:
            trouble = trouble or f"stopped early: {self._lane.how_it_stopped}"
        return LaneResult(
            trainer.project, trainer.seed, trainer.step_number, trainer.epoch, self.history, score, trouble
        )
