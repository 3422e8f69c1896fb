"""What is wrong before the first step: the scale of the inputs and of the first weights, and units that are alike."""

from collections.abc import Sequence
from math import exp, log

from engine.diagnosis.record import Record
from engine.diagnosis.symptoms.base import NETWORK, Measured, Symptom, listed

TINY = 1e-30  # stands for weights that are all 0


def unscaled(record: Record) -> Measured:
    """Root mean square of the input feature that is largest: 1 where the data are standardized."""
    return [(NETWORK, record.facts.input_rms)]


def _say_unscaled(record: Record, nodes: Sequence[str]) -> str:
    known = record.facts
    spread = f", one spreads {known.input_ratio:.2g} times as wide as another" if known.input_ratio > 10 else ""
    return f"The inputs are not scaled: a feature's numbers are {known.input_rms:.3g} in size, not about 1{spread}."


UNSCALED = Symptom(
    name="unscaled",
    title="Unscaled inputs",
    meaning="Input features far from mean 0 and size 1 drive the first layer into its flat parts or make its gradient "
    "huge beside the others' (LeCun, Bottou, Orr and Müller 1998, section 4.3).",
    measure=unscaled,
    say=_say_unscaled,
    on=5.0,
    off=5.0,
    needs=("exploding", "rate_high", "saturated", "dead", "no_gradient", "vanishing", "loss_still", "nan"),
)


def alike(record: Record) -> Measured:
    """1 for a hidden layer whose units start with the same weights, in and out."""
    return [(node, 1.0) for node in record.facts.alike]


def _say_alike(record: Record, nodes: Sequence[str]) -> str:
    return f"All units of {listed(nodes)} start with the same weights: they get the same gradient and stay alike."


ALIKE = Symptom(
    name="alike",
    title="Units alike",
    meaning="Units that start with the same weights in and out get the same gradient for ever: the layer is as good "
    "as one unit. Zero, one and constant first weights do that.",
    measure=alike,
    say=_say_alike,
    on=1.0,
    off=1.0,
    patience=1,
)


def signal_gain(record: Record) -> float:
    """Factor by which the first weights change the signal on its way through, beside well drawn ones."""
    return exp(sum(log(max(rung.scale, TINY)) for rung in record.facts.rungs if rung.free))


def weights_small(record: Record) -> Measured:
    gain = signal_gain(record)
    return [(rung.node, 1 / max(gain, TINY)) for rung in record.facts.rungs if rung.free and rung.scale < 0.5]


def _say_small(record: Record, nodes: Sequence[str]) -> str:
    worst = min((r for r in record.facts.rungs if r.node in nodes), key=lambda r: r.scale)
    if worst.scale == 0:
        return f"The first weights of {worst.node} are all 0: no signal comes through it, and no gradient."
    return (
        f"The first weights are too small: those of {worst.node} are {worst.scale:.2g} of the size that keeps a "
        f"signal's scale, and all layers together let {signal_gain(record):.1g} of it through."
    )


WEIGHTS_SMALL = Symptom(
    name="weights_small",
    title="First weights too small",
    meaning="Weights below the standard deviation that keeps a signal's scale (Glorot and Bengio 2010; He et al. "
    "2015) shrink signal and gradient by a factor at every layer.",
    measure=weights_small,
    say=_say_small,
    on=20.0,
    off=20.0,
    needs=("vanishing", "no_gradient", "rate_low", "loss_still"),
)


def weights_large(record: Record) -> Measured:
    gain = signal_gain(record)
    return [
        (rung.node, max(gain / 30, rung.scale / 4))
        for rung in record.facts.rungs
        if rung.free and rung.scale > 1.5 and rung.hidden
    ]


def _say_large(record: Record, nodes: Sequence[str]) -> str:
    worst = max((r for r in record.facts.rungs if r.node in nodes), key=lambda r: r.scale)
    return (
        f"The first weights are too large: those of {worst.node} are {worst.scale:.2g} times the size that keeps a "
        f"signal's scale, all layers together {signal_gain(record):.2g} times."
    )


WEIGHTS_LARGE = Symptom(
    name="weights_large",
    title="First weights too large",
    meaning="Weights above that standard deviation drive sigmoids and tanh into their flat ends, and make the signal "
    "of other units grow by a factor at every layer.",
    measure=weights_large,
    say=_say_large,
    on=1.0,
    off=1.0,
    needs=("exploding", "rate_high", "saturated", "dead", "no_gradient", "loss_still", "nan"),
)
