"""Units that no longer answer: at the flat ends of their activation, or off for every example."""

from collections.abc import Sequence

from engine.diagnosis.record import Record
from engine.diagnosis.symptoms.base import Measured, Symptom, percent
from engine.diagnosis.symptoms.flow import LEARNT

FEW = 16  # examples: of a smaller batch a unit may well be off for all without being dead


def saturated(record: Record) -> Measured:
    """Share of a hidden layer's values at its flat ends (slope under 1 % of the steepest), while little is learnt.

    A trained network is sure of itself and its units lie at their ends: that is no fault.
    """
    if record.level < LEARNT:
        return ()
    return [pair for pair in record.saturated if pair[1] >= SATURATED.off]


def _say_saturated(record: Record, nodes: Sequence[str]) -> str:
    node, share = _worst(record.saturated, nodes)
    flat = f"{percent(share)} of the values of {node} lie at the flat ends of its activation"
    return f"{flat}, where next to no gradient passes."


SATURATED = Symptom(
    name="saturated",
    title="Saturated units",
    meaning="Sigmoid-like units whose inputs are so large that their slope is next to 0 (Glorot and Bengio 2010).",
    measure=saturated,
    say=_say_saturated,
    on=0.6,
    off=0.4,
    patience=30,
)


def dead(record: Record) -> Measured:
    """Share of a layer's rectifiers that were off for every example of the batch.

    Of few examples a sound unit is off for all with a good chance: then only a layer that is off as a whole counts.
    """
    least = DEAD.off if record.facts.batch >= FEW else 0.99
    return [pair for pair in record.dead if pair[1] >= least]


def _say_dead(record: Record, nodes: Sequence[str]) -> str:
    node, share = _worst(record.dead, nodes)
    who = "All units" if share == 1 else f"{percent(share)} of the units"
    return f"{who} of {node} are dead: they are off for every example, so no gradient reaches their weights."


DEAD = Symptom(
    name="dead",
    title="Dead units",
    meaning="Rectifiers that are off for every example get no gradient and cannot come back (Maas, Hannun and Ng "
    "2013; Lu, Shin, Su and Karniadakis 2020).",
    measure=dead,
    say=_say_dead,
    on=0.8,
    off=0.6,
    lasting=True,
)


def _worst(shares: Sequence[tuple[str, float]], nodes: Sequence[str]) -> tuple[str, float]:
    return max((pair for pair in shares if pair[0] in nodes), key=lambda pair: pair[1], default=(nodes[0], 0.0))
