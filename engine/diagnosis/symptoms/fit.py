"""The losses as a whole: they stand still, or training and validation part."""

from collections.abc import Sequence

from engine.diagnosis.record import Record
from engine.diagnosis.symptoms.base import NETWORK, Measured, Symptom, percent
from engine.diagnosis.symptoms.flow import STUCK

STILL_STEPS, STILL_EPOCHS, LONG = 300, 8, 2000


def loss_still(record: Record) -> Measured:
    """Time without progress of 2 %, as a share of what a sound run takes at most, while next to nothing is learnt.

    A low loss that stands still is a network that has learnt; hence the comparison with guessing.
    """
    if record.level < STUCK:
        return ()
    still, known = record.step - record.best_step, record.facts
    epochs = still * known.batch / known.examples
    waited = max(epochs / STILL_EPOCHS, still / LONG)
    return [(NETWORK, min(still / STILL_STEPS, waited))]


def _say_still(record: Record, nodes: Sequence[str]) -> str:
    return (
        f"The loss stands still: {record.smooth:.3g}, no lower since step {record.best_step} and "
        f"{percent(record.level)} of what guessing costs."
    )


LOSS_STILL = Symptom(
    name="loss_still",
    title="Loss stands still",
    meaning="The smoothed loss has long made no progress and is no lower than that of the best constant output: the "
    "network cannot represent the task, or nothing moves it there.",
    measure=loss_still,
    say=_say_still,
    on=1.0,
    off=0.5,
    patience=10,
)


def overfitting(record: Record) -> Measured:
    """Rise of the validation loss above its lowest, as a share of guessing's, while the training loss falls on."""
    now, best = record.latest, record.lowest
    if now is None or best is None or record.epochs < 2 or now.train > FALLEN * best.train:
        return ()
    return [(NETWORK, (now.validation - best.validation) / record.reference)]


FALLEN = 0.7  # of the training loss where validation was best


def _say_overfitting(record: Record, nodes: Sequence[str]) -> str:
    now, best = record.latest, record.lowest
    assert now is not None
    assert best is not None
    return (
        f"It over-fits: since epoch {best.epoch} the validation loss has risen from {best.validation:.3g} to "
        f"{now.validation:.3g}, while the training loss fell from {best.train:.3g} to {now.train:.3g}."
    )


OVERFITTING = Symptom(
    name="overfitting",
    title="Over-fitting",
    meaning="The validation loss rises while the training loss falls on: the examples are learnt by heart "
    "(Prechelt 1998).",
    measure=overfitting,
    say=_say_overfitting,
    on=0.25,
    off=0.1,
    patience=5,
    quiet=5,
    looks_at="epoch",
)
