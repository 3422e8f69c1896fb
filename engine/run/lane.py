"""One network of a run: its trainer, stepped with what is due at each step and at each epoch's end."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec.structs import replace

from engine.backend import Array
from engine.diagnosis import Diagnosis
from engine.divergence import DivergenceError
from engine.metrics import Score
from engine.run.budget import clock
from engine.run.messages import (
    ACTIVATION_FIELDS,
    WEIGHT_FIELDS,
    EpochScore,
    LaneAnswer,
    LaneHealth,
    LayerScalars,
    LossBuckets,
    Watch,
)
from engine.run.pending import Losses, Scalars
from engine.run.scoring import Scoring, epoch_score
from engine.run.studies import Studies
from engine.telemetry import Telemetry
from engine.trainer import StepRecord, Trainer

HEALTH_SECONDS = 1.0  # from one word of the diagnosis to the next, in a hurry
RATES = 64  # learning rates told between two answers
FIRST_STEPS = 50  # looked at one by one when layers are watched: most faults begin there
NAN = float("nan")


@dataclass(slots=True)
class Lane:
    """`advance` does updates. With `scores_epochs`, training and validation are evaluated at epochs' ends.

    At every one, unless it is `hurried` and nothing follows from the scores.
    """

    trainer: Trainer
    scores_epochs: bool = True
    hurried: bool = False
    telemetry: Telemetry | None = None
    diagnosis: Diagnosis | None = None
    diagnosed_from: int = 0  # the step before which nobody looked
    diagnoses_steps: bool = False  # looks at steps of the diagnosis' own choice, not only at those looked at anyway
    said_until: float = 0.0  # by the clock: what was said last will do until then
    watches_layers: bool = False
    observe_next: bool = False  # somebody waits for the layers' scalars
    studies: Studies = field(default_factory=Studies)
    losses: Losses = field(default_factory=Losses)
    scalars: Scalars = field(default_factory=Scalars)
    failure: DivergenceError | None = None
    stopped: bool = False  # by early stopping
    kept: EpochScore | None = None  # of the weights that it has put back
    rates: list[tuple[int, float]] = field(default_factory=list)  # that were not told: (step, rate of its update)
    rated: tuple[int, float] = (0, NAN)  # the last one noted
    looking: float = 0.0  # seconds that steps have cost whose layers somebody waited for, beside an update's own
    _looked: bool = False  # at the last step: the next one tells what an update costs
    _clock: Callable[[], float] = field(init=False)
    scoring: Scoring = field(init=False)

    def __post_init__(self) -> None:
        self._clock = clock(self.trainer.backend.device)
        self.scoring = Scoring(self._clock)
        self.rated = (self.trainer.step_number, NAN)  # what was before, others have told
        if self.stopped:
            self.kept = self._weights_put_back()

    def advance(self) -> float:
        """One update; returns its loss. Raises DivergenceError, which is kept in `failure`."""
        trainer = self.trainer
        step, epoch, began = trainer.step_number, trainer.epoch, self._clock()
        looks = self._looks_at(step)
        try:
            loss = self._observe(self.telemetry) if looks else trainer.update()
        except DivergenceError as error:
            self._fail(error, epoch)
            raise
        self.losses.add(step, loss)
        spent = self._clock() - began
        if not looks:
            self._not_for_looking(spent)
        self.scoring.trained(spent)
        self._after(epoch, step)
        return loss

    def advance_unseen(self, steps: int) -> float:
        """`steps` updates, no more than `unseen` says; the last loss. Raises as `advance` does."""
        if steps == 1:
            return self.advance()
        trainer, began = self.trainer, self._clock()
        last = trainer.step_number + steps
        try:
            while trainer.step_number < last:
                losses = trainer.updates(last - trainer.step_number)
                self.losses.extend(trainer.step_number - len(losses), losses)
        except DivergenceError as error:
            self._fail(error, trainer.epoch)
            raise
        spent = self._clock() - began
        self._not_for_looking(spent / steps)
        self.scoring.trained(spent)
        self._after(trainer.epoch - (trainer.position == 0), last - 1)
        return float(losses[-1])

    def unseen(self, most: int) -> int:
        """How many of the next updates, at most `most`, nobody looks at one by one.

        They end with an epoch if they reach the end of one.
        """
        trainer, step = self.trainer, self.trainer.step_number
        if most < 2 or self._looks_at(step):
            return 1
        most = min(most, max(1, self.studies.look_at - step))
        left = -(-(trainer.examples - trainer.position) // trainer.batch_size)  # of this epoch
        if most > left:
            every = trainer.course.watches or (self.scores_epochs and self.scoring.every(trainer.epoch, self._omits))
            each = trainer.steps_per_epoch
            most = left if every else left + (most - left) // each * each
        if self.telemetry is None and not self.diagnoses_steps:
            return most
        return next((k for k in range(1, most) if self._looks_at(step + k)), most)

    @property
    def _omits(self) -> bool:
        """Whether scores may be left out: no file tells them, and training does not follow them."""
        return self.hurried and self.telemetry is None and not self.diagnoses_steps and not self.trainer.course.watches

    def _looks_at(self, step: int) -> bool:
        telemetry, diagnosis = self.telemetry, self.diagnosis
        return (
            self.observe_next
            or (telemetry is not None and telemetry.wants(step))
            or (self.watches_layers and step < FIRST_STEPS)
            or (self.diagnoses_steps and diagnosis is not None and diagnosis.wants(step))
        )

    def _fail(self, error: DivergenceError, epoch: int) -> None:
        self.failure = error
        if self.telemetry is not None:
            self.telemetry.diverged(error, epoch, self.trainer.rate)
        if self.diagnosis is not None:
            self.diagnosis.diverged(error)

    def _after(self, epoch: int, step: int) -> None:
        """What follows update `step` of `epoch`."""
        trainer = self.trainer
        if step + 1 >= self.studies.look_at:
            self.studies.look(trainer)
        if trainer.position == 0:
            self.stopped = trainer.stopped
            if self.scores_epochs:
                self._score(epoch, step)
                self.kept = self._weights_put_back() if self.stopped else None

    @property
    def trains(self) -> bool:
        return self.failure is None and not self.stopped

    def go_on(self) -> None:
        """Trains on although early stopping has ended it."""
        self.trainer.course.go_on()
        self.stopped, self.kept = False, None

    @property
    def how_it_stopped(self) -> str:
        course = self.trainer.course
        assert course.stopping is not None
        patience = course.stopping.patience
        since = f"for {patience} epochs" if patience > 1 else "in an epoch"
        return f"no lower validation loss {since}; the weights of epoch {course.best_epoch + 1} are back"

    def _observe(self, telemetry: Telemetry | None) -> float:
        began = self._clock()
        record = self.trainer.step(layers=True)
        if telemetry is not None and telemetry.wants(record.step):
            telemetry.step(record)
        if self.diagnosis is not None:
            self.diagnosis.see(record.step, record.loss, record.layers, record.lr)
        if self.watches_layers:
            self.scalars.add(record.step, _row(record))
        if self.observe_next:
            self.observe_next, self._looked = False, True
            self.looking += self._clock() - began
        return record.loss

    def _not_for_looking(self, spent: float) -> None:
        """What an update has cost after one that somebody looked at: that one would have cost as much anyway."""
        if self._looked:
            self._looked, self.looking = False, max(0.0, self.looking - spent)

    def _score(self, epoch: int, step: int) -> None:
        scores = self.scoring.score(self.trainer, epoch, step, self._omits)
        if scores is None:
            return
        if self.telemetry is not None:
            self.telemetry.epoch(epoch, step, *scores)
        self._take_scores(epoch, *scores)

    def _take_scores(self, epoch: int, train: Score, validation: Score | None) -> None:
        if self.diagnosis is not None:
            self.diagnosis.epoch(train.loss, validation.loss if validation is not None else None, epoch + 1)

    def catch_up(self) -> None:
        """Training stands: the last epoch is scored if it was left out."""
        left_out = self.scoring.catch_up(self.trainer)
        if left_out is not None:
            self._take_scores(*left_out)

    def _weights_put_back(self) -> EpochScore:
        """The scores of what early stopping has gone back to, as the weights in the network have them."""
        course = self.trainer.course
        return epoch_score(course.best_epoch, course.best_step, *self.trainer.evaluate())

    def watch(self, watched: Watch) -> None:
        """From here on somebody looks at this."""
        self.watches_layers = self.observe_next = watched.layers
        if watched.health and self.diagnosis is None:
            self.diagnose()
        self.studies.watch(watched.probes, self.trainer)

    def reset(self, seed: int | None) -> None:
        """Back to step 0."""
        self.trainer.reset(seed)
        self.forget_news()
        self.diagnosis = None

    def diagnose(self) -> None:
        """Begins a diagnosis at the present step."""
        self.diagnosis, self.diagnosed_from = Diagnosis.of(self.trainer), self.trainer.step_number

    def health(self, hurried: bool = False) -> LaneHealth | None:
        """What the diagnosis says now; None without one, and where there is no time to say it as often as asked."""
        if self.diagnosis is None or (hurried and time.perf_counter() < self.said_until):
            return None
        self.said_until = time.perf_counter() + HEALTH_SECONDS
        of = self.diagnosis
        nodes = tuple(of.health(node) for node in self.trainer.network.structure.drawn)
        return LaneHealth(of.findings(), of.watched(), nodes, of.record.looks, self.diagnosed_from)

    def take_weights(self, weights: Mapping[str, Array], lead: Trainer) -> list[str]:
        """Takes the weights that fit; a lane whose loss was no number goes on with them at the step of `lead`."""
        taken = self.trainer.network.load_fitting(weights)
        self.kept = None if taken else self.kept
        if taken and self.failure is not None:
            state, at = self.trainer.snapshot(), lead.snapshot()
            # What made the loss no number may lie in the optimizer's memory, too.
            slots = tuple(np.nan_to_num(slot, nan=0.0, posinf=0.0, neginf=0.0) for slot in state.slots)
            self.trainer.restore(replace(state, slots=slots, step=at.step, epoch=at.epoch, position=at.position))
            self.failure = None
        self.studies.restart(self.trainer)
        return taken

    def answer(self, seen: Iterable[Any], health: bool, hurried: bool) -> LaneAnswer:
        """What has happened since the last answer, and what probes have `seen` now."""
        trainer = self.trainer
        losses, scores, scalars = self.take_news()
        return LaneAnswer(
            losses,
            scores,
            scalars,
            (*seen, *self.studies.take_news(trainer, hurried)),
            trainer.rate,
            trainer.batch_size,
            self.health(hurried) if health else None,
            self.take_rates(),
            self.kept,
        )

    def take_news(self) -> tuple[LossBuckets, tuple[EpochScore, ...], LayerScalars | None]:
        """What has happened since the last call."""
        return self.losses.take(), self.scoring.take(), self.scalars.take()

    def note_rates(self) -> None:
        """The learning rates since the last call: computed, for a step at full speed has no time to write its own.

        To be called before rate or batch size change, and after: what was noted last of a step counts.
        """
        trainer, schedule = self.trainer, self.trainer.course.schedule
        now, rate = trainer.step_number, trainer.rate
        if (now, rate) == self.rated:
            return
        first = self.rated[0] + 1
        if now > first and (schedule is None or not schedule.watches):
            each = trainer.steps_per_epoch
            behind = trainer.epoch * each + trainer.position // trainer.batch_size - now
            some = np.linspace(first, now - 1, RATES).astype(int).tolist() if schedule else (first, now - 1)
            for step in dict.fromkeys(some):
                epoch, of = divmod(step + behind, each)
                self.rates.append((step, trainer.lr * trainer.course.factor(epoch + of / each)))
        self.rates.append((now, rate))
        self.rated = now, rate

    def set_learning_rate(self, lr: float) -> None:
        self.note_rates()
        self.trainer.set_learning_rate(lr)
        self.note_rates()

    def set_batch_size(self, batch_size: int | str) -> None:
        self.note_rates()
        self.trainer.set_batch_size(batch_size)
        self.note_rates()

    def take_rates(self) -> tuple[tuple[int, float], ...]:
        """Those not told yet."""
        self.note_rates()
        taken, self.rates = tuple(self.rates), []
        return taken

    def take_looking(self) -> float:
        """What looking at layers has cost since the last call."""
        taken, self.looking = self.looking, 0.0
        return taken

    def forget_news(self) -> None:
        """The run is at another step now: what was not told is no longer true."""
        self.losses, self.scalars, self.scoring, self.failure = Losses(), Scalars(), Scoring(self._clock), None
        self.rates, self.rated = [], (self.trainer.step_number, NAN)
        self.studies.restart(self.trainer)
        self.stopped = self.trainer.stopped
        self.kept = self._weights_put_back() if self.stopped else None


def _row(record: StepRecord) -> list[list[float]]:
    """The record's scalars, a row of six for each layer."""
    assert record.layers is not None
    rows = []
    for values in record.layers.values():
        fields = WEIGHT_FIELDS if "grad_norm" in values else ACTIVATION_FIELDS
        row = [NAN if (value := values[name]) is None else value for name in fields]
        rows.append(row + [NAN] * (len(ACTIVATION_FIELDS) - len(row)))
    return rows
