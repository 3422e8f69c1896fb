"""The size of the steps: too large to learn anything, or too small to get anywhere."""

from collections.abc import Sequence

from engine.diagnosis.record import Record
from engine.diagnosis.symptoms.base import NETWORK, Measured, Symptom, percent
from engine.diagnosis.symptoms.flow import LEARNT, STUCK

TINY = 1e-30
USUAL = 5e-3  # share of its weights by which a layer moves in a step of a sound run, about
SLOWEST = 8e-4  # the fastest layer of a sound run moves by at least that, on average since the first step
FALLEN = 0.8  # of the loss at first: where it is below for certain, the run gets somewhere
LEAP = 0.7  # of its weights in one step


def rate_high(record: Record) -> Measured:
    """Recent strides in `LEAP`s, while little is learnt."""
    if record.level < LEARNT:
        return ()
    return [(node, stride / LEAP) for node, stride in record.pace.items() if stride >= RATE_HIGH.off * LEAP]


def _say_high(record: Record, nodes: Sequence[str]) -> str:
    worst = max(nodes, key=lambda node: record.longest.get(node, 0.0))
    return (
        f"The steps are too long: one moved {worst} by {record.longest.get(worst, 0.0):.2g} times its weights, "
        f"where about {USUAL:g} is usual; the rate is {record.rate:g}."
    )


RATE_HIGH = Symptom(
    name="rate_high",
    title="Rate too high",
    meaning="A step that moves weights by about their own size lands anywhere. A sound one moves them by a "
    "thousandth or so; the norm is never taken below that of well drawn weights.",
    measure=rate_high,
    say=_say_high,
    on=1.0,
    off=0.3,
    patience=3,
    ends_in_nan=True,
)


def rate_low(record: Record) -> Measured:
    """How many times the fastest layer is slower than that of the slowest sound run, while the loss stays."""
    if not record.step or record.fallen(FALLEN):
        return ()
    fastest = max(record.moved.values(), default=0.0) / record.step
    return [(NETWORK, SLOWEST / fastest)] if 0 < fastest < SLOWEST / RATE_LOW.off else ()


def _say_low(record: Record, nodes: Sequence[str]) -> str:
    fastest = max(record.moved.values(), default=0.0)
    return (
        f"The weights barely move: in {record.step + 1} steps no layer went further than {fastest:.2g} of its size, "
        f"and the loss is still {percent(record.smooth / (record.start or 1))} of what it was; "
        f"the rate is {record.rate:g}."
    )


RATE_LOW = Symptom(
    name="rate_low",
    title="Barely moving",
    meaning="Every layer's weights move by far less than a thousandth a step and the loss stays where it is: the "
    "rate is too low.",
    measure=rate_low,
    say=_say_low,
    on=1.0,
    off=0.7,
    patience=50,
)


def withering(record: Record) -> Measured:
    """How many times smaller a layer's weights are than at first, under a penalty and while nothing is learnt."""
    if record.level < STUCK or not record.facts.penalty:
        return ()
    sizes = record.sizes
    shrunk = ((r.node, r.scale / max(sizes.get(r.node, r.scale), TINY)) for r in record.facts.rungs if r.trains)
    return [(node, number) for node, number in shrunk if number >= WITHERING.off]


def _say_withering(record: Record, nodes: Sequence[str]) -> str:
    first = {rung.node: rung.scale for rung in record.facts.rungs}
    worst = min(nodes, key=lambda node: record.sizes.get(node, 0.0) / (first[node] or 1.0))
    share = record.sizes.get(worst, 0.0) / (first[worst] or 1.0)
    return f"The weights wither: those of {worst} are down to {share:.1g} of their first size, and nothing is learnt."


WITHERING = Symptom(
    name="withering",
    title="Withering weights",
    meaning="A penalty on the weights that is stronger than the loss pulls them to 0 (Krogh and Hertz 1992).",
    measure=withering,
    say=_say_withering,
    on=5.0,
    off=3.0,
)
