"""One network of a run: its trainer, stepped with what is due at each step and at each epoch's end."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
)
from engine.run.pending import MOST, Losses, Scalars
from engine.run.studies import Studies
from engine.telemetry import Telemetry
from engine.trainer import StepRecord, Trainer

HEALTH_SECONDS = 0.25  # from one word of the diagnosis to the next, in a hurry
RATES = 64  # learning rates told between two answers
FIRST_STEPS = 50  # looked at one by one when layers are watched: most faults begin there
UNSEEN = 32  # steps together: a command waits no longer
NAN = float("nan")


@dataclass(slots=True)
class Lane:
    """`advance` does updates. With `scores_epochs`, training and validation are evaluated at epochs' ends."""

    trainer: Trainer
    scores_epochs: bool = True
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
    scores: list[EpochScore] = field(default_factory=list)
    last_scores: tuple[Score, Score | None] | None = None
    failure: DivergenceError | None = None
    stopped: bool = False  # by early stopping
    kept: EpochScore | None = None  # of the weights that it has put back
    rates: list[tuple[int, float]] = field(default_factory=list)  # that were not told: (step, rate of its update)
    rated: tuple[int, float] = (0, NAN)  # the last one noted
    looking: float = 0.0  # seconds that steps have cost whose layers somebody waited for, beside an update's own
    _looked: bool = False  # at the last step: the next one tells what an update costs
    _clock: Callable[[], float] = field(init=False)

    def __post_init__(self) -> None:
        self._clock = clock(self.trainer.backend.device)
        self.rated = (self.trainer.step_number, NAN)  # what was before, others have told
        if self.stopped:
            self.kept = self._weights_put_back()

    def advance(self) -> float:
        """One update; returns its loss. Raises DivergenceError, which is kept in `failure`."""
        trainer = self.trainer
        step, epoch = trainer.step_number, trainer.epoch
        try:
            if self._looks_at(step):
                loss = self._observe(self.telemetry)
            else:
                loss = self._timed_update() if self._looked else trainer.update()
        except DivergenceError as error:
            self._fail(error, epoch)
            raise
        self.losses.add(step, loss)
        self._after(epoch, step)
        return loss

    def advance_unseen(self, steps: int) -> float:
        """`steps` updates, no more than `unseen` says; the last loss. Raises as `advance` does."""
        if steps == 1:
            return self.advance()
        trainer, losses = self.trainer, list[float]()
        first, epoch = trainer.step_number, trainer.epoch
        try:
            while len(losses) < steps:
                losses += trainer.updates(steps - len(losses)).tolist()
        except DivergenceError as error:
            self._fail(error, epoch)
            raise
        finally:
            for step, loss in enumerate(losses, first):
                self.losses.add(step, loss)
        self._after(epoch, trainer.step_number - 1)
        return losses[-1]

    def unseen(self, most: int) -> int:
        """How many of the next updates, at most `most`, nobody looks at one by one: a device then never waits."""
        trainer = self.trainer
        if trainer.backend.kernels != "cuda" or most < 2:
            return 1
        step = trainer.step_number
        left = -(-(trainer.examples - trainer.position) // trainer.batch_size)  # of this epoch
        most = min(most, UNSEEN, left, max(1, self.studies.look_at - step))
        return next((k for k in range(most) if self._looks_at(step + k)), most) or 1

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

    def _timed_update(self) -> float:
        """The update after one that somebody looked at: what it costs, that one would have cost anyway."""
        self._looked, began = False, self._clock()
        loss = self.trainer.update()
        self.looking = max(0.0, self.looking - (self._clock() - began))
        return loss

    def _score(self, epoch: int, step: int) -> None:
        train, validation = self.last_scores = self.trainer.epoch_scores or self.trainer.evaluate()
        if self.telemetry is not None:
            self.telemetry.epoch(epoch, step, train, validation)
        if self.diagnosis is not None:
            self.diagnosis.epoch(train.loss, validation.loss if validation is not None else None)
        if len(self.scores) >= MOST:
            del self.scores[MOST // 2 :: 2]  # nobody asks: of a long wait the first and the last are kept
        self.scores.append(epoch_score(epoch, step, train, validation))

    def _weights_put_back(self) -> EpochScore:
        """The scores of what early stopping has gone back to, as the weights in the network have them."""
        course = self.trainer.course
        return epoch_score(course.best_epoch, course.best_step, *self.trainer.evaluate())

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
            (*seen, *self.studies.take_news(trainer)),
            trainer.rate,
            trainer.batch_size,
            self.health(hurried) if health else None,
            self.take_rates(),
            self.kept,
        )

    def take_news(self) -> tuple[LossBuckets, tuple[EpochScore, ...], LayerScalars | None]:
        """What has happened since the last call."""
        scores, self.scores = tuple(self.scores), []
        return self.losses.take(), scores, self.scalars.take()

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
        self.losses, self.scalars, self.scores, self.failure = Losses(), Scalars(), [], None
        self.rates, self.rated = [], (self.trainer.step_number, NAN)
        self.studies.restart(self.trainer)
        self.stopped = self.trainer.stopped
        self.kept = self._weights_put_back() if self.stopped else None


def epoch_score(epoch: int, step: int, train: Score, validation: Score | None) -> EpochScore:
    """Both scores of the weights after `step`; NaN where there is no validation part or nothing to be right about."""
    held = validation or Score(NAN, None)
    return EpochScore(epoch, step, train.loss, _or_nan(train.accuracy), held.loss, _or_nan(held.accuracy))


def unseen(lanes: Sequence[Lane], most: int) -> int:
    """How many of their next updates, at most `most`, lanes that train can do without anybody looking at one."""
    if most < 2 or all(lane.trainer.backend.kernels != "cuda" for lane in lanes):
        return 1
    return min((lane.unseen(most) for lane in lanes if not lane.stopped), default=1)


def _row(record: StepRecord) -> list[list[float]]:
    """The record's scalars, a row of six for each layer."""
    assert record.layers is not None
    rows = []
    for values in record.layers.values():
        fields = WEIGHT_FIELDS if "grad_norm" in values else ACTIVATION_FIELDS
        row = [NAN if (value := values[name]) is None else value for name in fields]
        rows.append(row + [NAN] * (len(ACTIVATION_FIELDS) - len(row)))
    return rows


def _or_nan(value: float | None) -> float:
    return NAN if value is None else value
