"""Why a network did not learn a few examples by heart: what its numbers show, likeliest cause first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

import numpy as np

from engine.backend import Array
from engine.diagnosis.symptoms.base import percent
from engine.divergence import DivergenceError
from engine.layers.base import Activation
from engine.metrics import Score
from engine.statistics import LayerStatistics
from engine.trainer import StepRecord, Trainer

LEARNT = 0.01  # of the first loss is enough where nothing is decided
VANISHED = 1e-3  # the first layer's mean gradient as a share of the last's
STILL = 1e-5  # an update that moves weights by a smaller share moves nothing
WIDE = 10.0  # inputs beyond want to be standardized
MOST_FLAT = 0.5  # of a layer's units dead, or of its values saturated
ALIKE = 1e-4  # of the largest weight: units that differ by less are the same but for rounding
JUMP = 0.05  # of the mean loss: by so much it rises from look to look, on average
RISEN = 1.01  # times the first loss: more than rounding
LOOKS = 5  # at least, before anything is said of the loss's way
FALLING = 0.9  # of the loss at half-time: below it, it is still falling


@dataclass(slots=True)
class Course:
    """How the training went: `looks` are single steps, some apart, with every layer's statistics."""

    first: Score
    looks: list[StepRecord] = field(default_factory=list)
    last: Score | None = None
    failure: DivergenceError | None = None

    def layers(self, look: int) -> dict[str, LayerStatistics]:
        return self.looks[look].layers or {}


def findings(trainer: Trainer, course: Course) -> list[str]:
    """What to look at, in plain words; never nothing."""
    found = [*_of_data(trainer)]
    if course.failure is not None:
        return [*found, _failed(course.failure)]
    found += (restless := [*_restless(course)])
    stuck = [*_alike(trainer), *_flat(trainer, course)]
    found += stuck or [*_vanishing(trainer, course), *_still(course)]
    found += [*([] if restless else _falling(course)), *_small(trainer)]
    return found or ["no usual fault is seen: it may need more steps, a wider network or another rate"]


def _of_data(trainer: Trainer) -> Iterator[str]:
    if twins := _twins(np.asarray(trainer.sample.x), trainer.sample.y):
        yield f"{twins} of the examples have the input of another, but not its target: nothing can learn both"
    rows = trainer.backend.to_host(trainer.training_rows)[:, :-1]
    widest = float(np.abs(rows).max(initial=0))
    if widest > WIDE:
        yield f"inputs go up to {widest:.3g}: standardize them (preprocess, in the data's settings)"


def _failed(failure: DivergenceError) -> str:
    if failure.step == 0:
        return f"the loss is no number from the start: it begins in {failure.node}, {failure.reason}"
    return f"the loss became no number at step {failure.step}, in {failure.node}: try a rate ten times smaller"


def _twins(x: Array, y: Array) -> int:
    """How many examples have the input of an earlier one and another target."""
    seen: dict[bytes, int] = {}
    rows = np.ascontiguousarray(x)
    return sum(not np.array_equal(y[i], y[seen.setdefault(row.tobytes(), i)]) for i, row in enumerate(rows))


def _alike(trainer: Trainer) -> Iterator[str]:
    """Units with the same weights have the same gradient, and stay alike."""
    own = dict(trainer.parameters.named(trainer.parameters.values))
    for node, layer in trainer.parameters.layers.items():
        weight = own.get(f"{node}.weight")
        if weight is None or weight.ndim < 2 or len(weight) < 2 or not layer.trains:
            continue
        bias = own.get(f"{node}.bias")
        parts = [trainer.backend.to_host(part).reshape(len(weight), -1) for part in (weight, bias) if part is not None]
        units = np.hstack([part for part in parts if len(part) == len(weight)])
        if float(np.ptp(units, axis=0).max()) <= ALIKE * float(np.abs(units).max()):
            yield f"all units of {node} have the same weights, and stay alike for ever: draw its weights at random"
            return


def _flat(trainer: Trainer, course: Course) -> Iterator[str]:
    """The layer with most units that pass no gradient back, or most values that hardly do."""
    structure = trainer.network.structure
    inner = {n: x for n, x in structure.layers.items() if isinstance(x, Activation) and n != structure.output}
    # Half the values of a ReLU are flat in good health: of what is made of straight pieces, only whole units count.
    for pieces, statistic, what, cure in (
        (True, "dead_fraction", "units of {} are dead, of slope 0 for every example", "leaky ReLU"),
        (False, "saturated_fraction", "values of {} are saturated, where the slope is hardly any", "smaller inputs"),
    ):
        begin, end = (
            max(((course.layers(look).get(n, {}).get(statistic) or 0.0, n) for n in own), default=(0.0, ""))
            for own in [[n for n, layer in inner.items() if layer.pieces is pieces]]
            for look in (0, -1)
        )
        said = f"{percent(end[0])} of the {what.format(end[1])}"
        if min(begin[0], end[0]) > MOST_FLAT:
            yield f"{said}: try other first weights and biases, or {cure}"
        elif end[0] > MOST_FLAT:
            yield f"{said}, and were not at the start: try a smaller rate, or {cure}"


def _vanishing(trainer: Trainer, course: Course) -> Iterator[str]:
    """At the first look and at the second: a last layer that begins at zero lets nothing through for one step."""
    weighted = [
        node
        for node, layer in trainer.parameters.layers.items()
        if layer.trains and layer.penalized and course.layers(0).get(node, {}).get("grad_mean_abs") is not None
    ]
    if len(weighted) < 2:
        return
    first, last = weighted[0], weighted[-1]
    shares = [
        share
        for look in range(min(2, len(course.looks)))
        if (share := _share(course.layers(look), first, last)) is not None
    ]
    if shares and max(shares) < VANISHED:
        yield (
            f"the gradient vanishes: in {first} it is {max(shares):.0e} of what it is in {last}; "
            "try ReLU with He's weights, batch norm or skips"
        )


def _share(layers: dict[str, LayerStatistics], first: str, last: str) -> float | None:
    """The first layer's mean absolute gradient over the last's."""
    above, below = layers[first]["grad_mean_abs"], layers[last]["grad_mean_abs"]
    return above / below if above is not None and below else None


def _still(course: Course) -> Iterator[str]:
    """Of the first update: later ones may be small because all is learnt that can be."""
    weighted = [s for s in course.layers(0).values() if s.get("grad_norm") is not None]
    ratios = [s["update_ratio"] if s["grad_norm"] else 0.0 for s in weighted]
    known = [ratio for ratio in ratios if ratio is not None]  # where all weights were 0, any update is a large one
    if len(known) < len(ratios) or not known or course.last is None:
        return
    if max(known) < STILL and course.last.loss > FALLING * course.first.loss:
        share = f"by {max(known):.0e} of their size" if max(known) else "by less than they can take up"
        yield f"an update moves the weights {share}: try a larger rate"


def _restless(course: Course) -> Iterator[str]:
    losses = [look.loss for look in course.looks]
    late = np.array(losses[len(losses) // 2 :])
    if len(late) < LOOKS:
        return
    if float(np.maximum(np.diff(late), 0).mean()) > JUMP * float(np.abs(late).mean()):
        yield "the loss jumps up and down: try a smaller rate"
    elif losses[-1] > RISEN * losses[0]:
        yield "the loss is higher than at the start: try a smaller rate"


def _falling(course: Course) -> Iterator[str]:
    losses = [look.loss for look in course.looks]
    if len(losses) >= 2 * LOOKS and losses[-1] < FALLING * losses[len(losses) // 2]:
        yield "the loss was still falling: it may only need more steps or a larger rate"


def _small(trainer: Trainer) -> Iterator[str]:
    structure = trainer.network.structure
    numbers = sum(structure.parameter_count(n) for n in structure.order)
    targets = trainer.examples * (1 if trainer.sample.classes is not None else prod(structure.shapes[structure.output]))
    if numbers < targets:
        yield f"{numbers} parameters for {targets} targets: the network may be too small"
