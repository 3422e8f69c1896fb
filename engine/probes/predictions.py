"""What the first examples of a part make of the network, in inference mode: decisions and the loss of each."""

from dataclasses import dataclass
from math import prod
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.parts import SAMPLE
from engine.plan import Plan
from engine.probes.example import Part, meaning_of, probabilities_of
from engine.probes.look import shared
from engine.trainer import Trainer

MOST = SAMPLE  # examples that are looked at, the first ones: their raw numbers are kept for pictures
FEWEST = 200
WORK = 200_000_000  # products that a look may take: of large networks fewer examples are looked at
LISTED = 30  # examples that are told one by one
MOST_NUMBERS = 1024  # of an example's x that are told
MOST_OUTPUTS = 8


class Extent(msgspec.Struct, frozen=True):
    """Which examples were looked at: the first `examined` of the `count` that `part` has."""

    part: Part
    examined: int
    count: int


class Listed(msgspec.Struct, frozen=True, eq=False):
    """One example. Where y are numbers, `truth` and `decided` are None and targets and outputs count."""

    index: int  # in its part
    truth: int | None
    decided: int | None
    share: float  # the decision's probability; NaN where there is none
    truth_share: float  # that of the true class
    target: Any | None  # float64, the first ones
    output: Any  # float64, as drawn, the first ones
    loss: float
    shape: tuple[int, ...]
    x: Any  # float32: the first numbers, raw


@dataclass(frozen=True, slots=True)
class Examined:
    """The examples on the device: their plan, decisions (None where nothing is decided) and losses."""

    trainer: Trainer
    plan: Plan
    extent: Extent
    truths: Array | None  # (n,) class numbers on the host
    decisions: Array | None
    losses: Array  # (n,) float64 on the host


def examine(trainer: Trainer, part: Part, detail: float) -> Examined:
    """Looks at the first examples; the training part stands in for a validation part that is empty.

    With less `detail` they are fewer.
    """
    return shared(trainer, ("examined", part, detail), lambda: _examined(trainer, part, detail))


def _examined(trainer: Trainer, part: Part, detail: float) -> Examined:
    network, backend = trainer.network, trainer.backend
    enough = max(FEWEST, min(MOST, WORK // max(1, trainer.parameters.count)))
    count = max(1, round(enough * detail))
    rows, targets, total = trainer.first_rows(count, part is Part.VALIDATION)
    if not total:
        part = Part.TRAINING
        rows, targets, total = trainer.first_rows(count)
    plan = network.plan(len(rows), f"examine {part}")
    plan.fill(rows)
    with np.errstate(all="ignore"):
        plan.run_forward()
        z, y, xp = network.logits(plan), targets.T, backend.xp
        losses = backend.to_host(network.loss.each(xp, z, y, network.classes)).astype(np.float64)
        truths, decisions = _decided(trainer, z, y)
    return Examined(trainer, plan, Extent(part, len(rows), total), truths, decisions, losses)


def _decided(trainer: Trainer, z: Array, y: Array) -> tuple[Array | None, Array | None]:
    """True classes and those decided for; of a single output, the class that the loss would call right."""
    loss, backend, classes = trainer.network.loss, trainer.backend, trainer.network.classes
    if classes is None:
        return None, None
    if len(z) > 1:
        return backend.to_host(y.argmax(axis=0)), backend.to_host(z.argmax(axis=0))
    ones = loss.hits(backend.xp, z, y * 0 + 1, classes)
    truths = backend.to_host(y[0]).astype(np.int64)
    if ones is None:
        return truths, None
    return truths, backend.to_host(ones).reshape(-1).astype(np.int64)


def worst_first(losses: Array, among: Array | None = None) -> Array:
    """The places of the LISTED largest losses, what is no number before all; `among` (n,) says which count."""
    places = np.arange(len(losses)) if among is None else np.flatnonzero(among)
    order = np.argsort(-np.nan_to_num(losses[places], nan=np.inf, posinf=np.inf), kind="stable")
    found: Array = places[order[:LISTED]]
    return found


def listed(examined: Examined, places: Array) -> tuple[Listed, ...]:
    """The examples at `places`, one by one."""
    trainer, part = examined.trainer, examined.extent.part
    network, sample = trainer.network, trainer.sample
    if not len(places):
        return ()
    index = trainer.backend.xp.asarray(places)
    z, drawn = (
        trainer.backend.to_host(value.take(index, 1)).T.astype(np.float64)
        for value in (network.logits(examined.plan), examined.plan.output.value)
    )
    with np.errstate(all="ignore"):
        likely = probabilities_of(network, meaning_of(network), z.T, drawn.T)
    xs, ys = (sample.x, sample.y) if part is Part.TRAINING else (sample.x_val, sample.y_val)
    made = []
    for k, place in enumerate(int(place) for place in places):
        truth = None if examined.truths is None else int(examined.truths[place])
        decided = None if examined.decisions is None else int(examined.decisions[place])
        shares = None if likely is None else likely[:, k]
        x = np.asarray(xs[place], np.float32).reshape(-1)
        made.append(
            Listed(
                place,
                truth,
                decided,
                _share(shares, decided),
                _share(shares, truth),
                np.array(ys[place], np.float64).reshape(-1)[:MOST_OUTPUTS] if truth is None else None,
                drawn[k, :MOST_OUTPUTS],
                float(examined.losses[place]),
                network.input_shape,
                x[:MOST_NUMBERS] if prod(network.input_shape) > MOST_NUMBERS else x,
            )
        )
    return tuple(made)


def _share(shares: Array | None, label: int | None) -> float:
    """The probability of class `label`; a single output's is that of class 1."""
    if shares is None or label is None:
        return float("nan")
    if len(shares) == 1:
        return float(shares[0] if label == 1 else 1 - shares[0])
    return float(shares[label])
