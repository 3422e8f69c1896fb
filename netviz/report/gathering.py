"""A run without a window, watched so that a report can be written of it: the same history that a window keeps."""

from engine.probes.boundary import Boundary
from engine.run.lane import Lane, epoch_score
from engine.run.messages import LaneAnswer
from engine.run.opening import lane_info
from netviz.report.contents import LaneResult
from netviz.runtime.history import LaneHistory

LOOKS = 400  # at the layers, spread over the run; the first steps are looked at one by one besides


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
        rates, kept = self._lane.take_rates(), self._lane.kept
        self.history.take(
            LaneAnswer(losses, scores, layers, (), trainer.rate, trainer.batch_size, rates=rates, kept=kept)
        )

    def result(self, trouble: str = "") -> LaneResult:
        """All that was seen, with the scores and the decision at the weights as they are now."""
        trainer = self._lane.trainer
        self.take()
        self.history.boundary = Boundary().measure(trainer)
        score = self._lane.kept or epoch_score(trainer.epoch, trainer.step_number - 1, *trainer.evaluate())
        if self._lane.stopped:
            trouble = trouble or f"stopped early: {self._lane.how_it_stopped}"
        return LaneResult(
            trainer.project, trainer.seed, trainer.step_number, trainer.epoch, self.history, score, trouble
        )
