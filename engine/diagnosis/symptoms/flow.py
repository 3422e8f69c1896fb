"""The signal on its way forward and the gradient on its way back: it grows, fades or is cut off."""

from collections.abc import Sequence

from engine.diagnosis.record import Record
from engine.diagnosis.symptoms.base import NETWORK, Measured, Symptom, listed

STUCK = 0.85  # share of guessing's loss above which next to nothing is learnt
LEARNT = 0.5  # below it a run learns, whatever its layers look like
SLOW = 1e-3  # of its weights a step
ABOVE = 2.0  # times the loss of guessing: a network that stays above it would do better to say nothing
FEWEST = 3  # layers from which on a gradient can fade from layer to layer


def vanishing(record: Record) -> Measured:
    """How many times smaller a layer's gradient is than that nearest to the output, while nothing is learnt.

    Root mean squares of ∂L/∂W, so that a layer's size does not count. An optimizer that divides a gradient by its own
    size moves such a layer all the same: the number falls with the square of the speed beyond `SLOW`.
    """
    if record.level < STUCK:
        return ()
    usual, pace, trained = record.usual, record.pace, record.trained
    last = usual.get(trained[-1], 0.0) if len(trained) >= FEWEST else 0.0
    most = last / VANISHING.off
    return [
        (node, last / slope / max(1.0, pace[node] / SLOW) ** 2)
        for node in trained[:-1]
        if 0 < (slope := usual.get(node, 0.0)) < most
    ]


def _say_vanishing(record: Record, nodes: Sequence[str]) -> str:
    moving = [rung.node for rung in record.facts.rungs if rung.trains and rung.node in record.usual]
    last, usual = moving[-1], record.usual
    worst = min(nodes, key=lambda node: usual.get(node, 0.0))
    share = usual.get(worst, 0.0) / (usual[last] or 1.0)
    steps = max(1, len(moving) - 1 - moving.index(worst))
    a_layer = f", a factor of {share ** (1 / steps):.2g} a layer" if share > 0 else ""
    return (
        f"The gradient vanishes on its way back: in {worst} it is {share:.1e} of what it is in {last}{a_layer}; "
        f"{worst} moves by {record.pace.get(worst, 0.0):.1e} of its size a step."
    )


VANISHING = Symptom(
    name="vanishing",
    title="Vanishing gradient",
    meaning="The gradient falls by a near-constant factor a layer (a sigmoid's slope is at most 0.25), so that the "
    "layers next to the input stand still (Bengio, Simard and Frasconi 1994; Glorot and Bengio 2010).",
    measure=vanishing,
    say=_say_vanishing,
    on=200.0,
    off=60.0,
    patience=25,
)


def exploding(record: Record) -> Measured:
    """The loss beside that of guessing, and the gradient's growth towards the input."""
    naive = record.facts.naive or record.first
    found = [(NETWORK, record.loss / naive)] if naive and record.loss >= ABOVE * naive else []
    grads, trained = record.grads, record.trained
    last = grads.get(trained[-1], 0.0) if len(trained) >= FEWEST and record.level > STUCK else 0.0
    if last > 0:
        least = EXPLODING.off * last
        found += [(node, grad / last) for node in trained[:-1] if (grad := grads.get(node, 0.0)) >= least]
    return found


def _say_exploding(record: Record, nodes: Sequence[str]) -> str:
    naive = record.facts.naive or record.first or 1.0
    if NETWORK in nodes:
        return (
            f"The signal explodes: the loss is {record.loss:.3g}, {record.loss / naive:.2g} times that of guessing; "
            f"largest gradient {max(record.grads.values(), default=0.0):.2g}."
        )
    worst = max(nodes, key=lambda node: record.grads.get(node, 0.0))
    last = record.facts.rungs[-1].node
    ratio = record.grads.get(worst, 0.0) / (record.grads.get(last) or 1.0)
    return f"The gradient explodes on its way back: in {worst} it is {ratio:.2g} times what it is in {last}."


EXPLODING = Symptom(
    name="exploding",
    title="Exploding signal",
    meaning="Signal or gradient grows by a factor above 1 at every layer (Pascanu, Mikolov and Bengio 2013).",
    measure=exploding,
    say=_say_exploding,
    on=60.0,
    off=20.0,
    patience=5,
    slow=True,
    ends_in_nan=True,
)


def no_gradient(record: Record) -> Measured:
    """1 for a layer that should train and whose gradient is exactly 0."""
    grads = record.grads
    return [(node, 1.0) for node in record.trained if grads.get(node, 1.0) == 0.0]


def _say_no_gradient(record: Record, nodes: Sequence[str]) -> str:
    return f"No gradient reaches {listed(nodes)}: it is exactly 0, nothing there can learn."


NO_GRADIENT = Symptom(
    name="no_gradient",
    title="No gradient",
    meaning="A gradient of exactly 0 in layers that should train: the way back is cut, by units that are all off, by "
    "a product with 0 or by weights of 0.",
    measure=no_gradient,
    say=_say_no_gradient,
    on=1.0,
    off=1.0,
    patience=15,
    lasting=True,
)
