"""A small step that fools: what an answer becomes when every number of an example moves by ε, the way its loss rises.

x + ε sign(∂ℓ/∂x) (Goodfellow, Shlens and Szegedy 2015), beside a step of the same size in directions by chance, which
changes next to nothing: not the size of the step fools, but its direction. And one step for all examples (Moosavi-
Dezfooli et al. 2017), found on some of the training part and tried on others. In inference mode, and nothing leaves the
range of the data.
"""

from functools import lru_cache
from itertools import repeat
from math import prod
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array
from engine.data.source import Dataset
from engine.network import Network
from engine.probes.base import Probe
from engine.probes.example import NUMBER, Part, meaning_of, probabilities_of, reach_of, taken
from engine.probes.slopes import loss_slopes, refusal, score_slopes
from engine.probes.study import work_of
from engine.random import generator
from engine.trainer import Trainer

MOST_WEIGHTS = 4_000_000
MOST_NUMBERS = 65_536  # of an example
MOST_CLASSES = 1024
STEPS, FARTHEST = 20, 0.5  # sizes that are tried, evenly, up to this share of what the data span
ROUNDS = 5  # in which the step for all examples is found
LEARNT, TRIED, FEWEST = 100, 300, 20  # examples on which it is found, and on which it is tried; and the fewest
WORK = 150_000_000  # products that finding it may take: some milliseconds
KEPT = 4  # shapes of pictures


class Outcome(msgspec.Struct, frozen=True, eq=False):
    """What the network answers to one picture."""

    decided: int | None
    loss: float
    probabilities: Any | None  # float64 (classes,); None where outputs are only numbers


class ForAll(msgspec.Struct, frozen=True, eq=False):
    """One step that is added to every example."""

    step: Any  # float32, flat: what is added to the raw numbers, ±ε or less
    learnt: int  # training examples on which it was found
    part: Part  # on whose first examples it was tried
    tried: int  # those of them that are decided rightly without it
    fooled: float  # the share of these that are wrong with it; NaN of none
    by_chance: float  # with signs by chance in place of it


class AdversaryAnswer(msgspec.Struct, frozen=True, eq=False, tag="adversary"):
    """Pictures are flat, in the order of `shape`."""

    step: int
    reason: str  # why nothing is told; else empty
    part: Part | None = None  # where the example was taken from; None of one by hand
    index: int = 0
    label: int = 0  # the class whose loss is raised: the data's, or of an example by hand the one decided for
    names: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    share: float = 0.0  # ε as a share of what the data span
    epsilon: float = 0.0
    reach: tuple[float, float] = (0.0, 0.0)  # the least and the greatest number of the data
    x: Any = None  # float32
    sign: Any = None  # int8: of ∂ℓ/∂x
    fooled: Any = None  # float32: x with the step
    saliency: Any = None  # float32: |∂z/∂x| of the score z of the class decided for
    before: Outcome | None = None
    after: Outcome | None = None
    by_chance: Outcome | None = None  # with signs by chance
    shares: Any = None  # float64: the sizes of step that are tried
    rightly: Any = None  # float64: the probability of `label` at each of them; NaN where there is none
    rightly_by_chance: Any = None
    decided: Any = None  # int64: the decision at each, -1 for none
    for_all: ForAll | None = None  # None of large networks


class Adversary(Probe, frozen=True, tag="adversary"):
    """An example by its raw numbers `x` (float64, little-endian) or one of the data. None of what does not fit."""

    x: bytes | None = None
    part: Part = Part.TRAINING
    index: int = 0
    share: float = 0.1

    def measure(self, trainer: Trainer, detail: float = 1.0) -> AdversaryAnswer | None:
        network, part, index = trainer.network, None, self.index
        label: int | None = None
        if self.x is None:
            origin = taken(trainer, self.part, self.index)
            part, index, x, label = origin.part, origin.index, np.asarray(origin.x), origin.label
        elif len(self.x) == prod(network.input_shape) * NUMBER.itemsize:
            x = np.frombuffer(self.x, NUMBER).reshape(network.input_shape)
        else:
            return None
        if reason := _refused(network):
            return AdversaryAnswer(trainer.step_number, reason)
        sample = trainer.sample
        low, high = reach_of(trainer)
        epsilon = self.share * (high - low)
        by_chance = signs_by_chance(x.shape)
        with np.errstate(all="ignore"):
            if label is None:
                label = outcomes(network, x[None], 0)[0].decided or 0
            sign = np.sign(np.nan_to_num(loss_slopes(network, x[None], np.array([label]))[0]))
            sizes = np.linspace(0, FARTHEST, STEPS + 1)
            steps = np.multiply.outer(np.append(sizes, self.share) * (high - low), np.stack([sign, by_chance]))
            moved = np.clip(x + steps, low, high)
            moved[0] = x  # which may itself lie beyond, drawn by hand
            told = outcomes(network, moved.reshape(-1, *x.shape), label)
            along, beside = told[::2], told[1::2]
            scores = score_slopes(network, x)
            chosen = scores[along[0].decided or 0] if len(scores) > 1 else scores[0]
            return AdversaryAnswer(
                step=trainer.step_number,
                reason="",
                part=part,
                index=index,
                label=label,
                names=trainer.project.summary().class_names,
                shape=x.shape,
                share=self.share,
                epsilon=epsilon,
                reach=(low, high),
                x=_flat(x),
                sign=sign.astype(np.int8).reshape(-1),
                fooled=_flat(moved[-1, 0]),
                saliency=_flat(np.abs(chosen)),
                before=along[0],
                after=along[-1],
                by_chance=beside[-1],
                shares=sizes,
                rightly=_of_label(along[:-1], label),
                rightly_by_chance=_of_label(beside[:-1], label),
                decided=np.array([-1 if one.decided is None else one.decided for one in along[:-1]]),
                for_all=step_for_all(network, sample, epsilon, (low, high), detail),
            )


def _refused(network: Network) -> str:
    count, numbers = network.parameters_.count, prod(network.input_shape)
    if network.classes is None:
        return "Only a decision between classes can be fooled; this network learns numbers."
    if count > MOST_WEIGHTS:
        return f"{count:,} weights are too many to look through: at most {MOST_WEIGHTS:,}."
    if numbers > MOST_NUMBERS:
        return f"{numbers:,} numbers an example are too many: at most {MOST_NUMBERS:,}."
    if network.classes > MOST_CLASSES:
        return f"{network.classes:,} classes are too many: at most {MOST_CLASSES:,}."
    if any(layer.kind() == "embedding" for layer in network.structure.layers.values()):
        return "What an embedding looks up are names, not quantities: no small step leads from one to another."
    return refusal(network)


def _flat(x: Array) -> Array:
    return x.reshape(-1).astype(np.float32)


def _of_label(told: list[Outcome], label: int) -> Array:
    return np.array([np.nan if one.probabilities is None else one.probabilities[label] for one in told])


@lru_cache(KEPT)
def signs_by_chance(shape: tuple[int, ...]) -> Array:
    """-1 and 1, the same ones at every look."""
    signs: Array = 1.0 - 2.0 * generator(0, "signs by chance", prod(shape)).integers(0, 2, shape)
    signs.flags.writeable = False
    return signs


def outcomes(network: Network, x: Array, label: int) -> list[Outcome]:
    """What the network says of each picture, and its loss were it of class `label`."""
    plan = network.walk(x)
    z, drawn = (
        np.asarray(network.backend.to_host(value), np.float64) for value in (network.logits(plan), plan.output.value)
    )
    y = np.asarray(network.backend.to_host(network.targets(np.full(len(x), label))), np.float64).T
    losses = network.loss.each(np, z, y, network.classes)
    decided = np.where(np.isnan(z).any(axis=0), -1, _decided(network, z)).tolist()
    shares = probabilities_of(network, meaning_of(network), z, drawn)
    if shares is not None and len(shares) == 1:
        shares = np.concatenate([1 - shares, shares])
    each = repeat(None) if shares is None else np.ascontiguousarray(shares.T)
    return [
        Outcome(None if chosen < 0 else chosen, loss, likely)
        for chosen, loss, likely in zip(decided, losses.tolist(), each, strict=False)
    ]


def _decided(network: Network, z: Array) -> Array:
    """The class that each column decides for; -1 where the loss does not say."""
    if len(z) > 1:
        chosen: Array = z.argmax(axis=0)
        return chosen
    assert network.classes is not None
    hits = network.loss.hits(np, z, np.ones_like(z), network.classes)
    return np.full(z.shape[1], -1) if hits is None else np.asarray(hits).reshape(-1).astype(np.int64)


def step_for_all(
    network: Network, sample: Dataset, epsilon: float, reach: tuple[float, float], detail: float = 1.0
) -> ForAll | None:
    """Found in ROUNDS steps of 2ε / ROUNDS along the sign of all examples' gradient together, none farther than ε."""
    room = WORK // (3 * ROUNDS * work_of(network))
    if room < FEWEST:
        return None
    learnt, tried = (min(room, max(FEWEST, round(min(count, room) * detail))) for count in (LEARNT, TRIED))
    part = Part.VALIDATION if len(sample.x_val) else Part.TRAINING
    xs, ys = (sample.x_val, sample.y_val) if part is Part.VALIDATION else (sample.x, sample.y)
    x, y = np.asarray(sample.x[:learnt], np.float64), sample.y[:learnt]
    step = np.zeros(x.shape[1:])
    for _ in range(ROUNDS):
        slope = loss_slopes(network, np.clip(x + step, *reach), y).sum(axis=0)
        step = np.clip(step + 2 * epsilon / ROUNDS * np.sign(np.nan_to_num(slope)), -epsilon, epsilon)
    held, truths = np.asarray(xs[:tried], np.float64), ys[:tried]
    right = _told(network, held) == truths

    def wrong(moved: Array) -> float:
        others = _told(network, np.clip(held[right] + moved, *reach)) != truths[right]
        return float(others.mean()) if len(others) else float("nan")

    chance = epsilon * signs_by_chance(step.shape)
    return ForAll(_flat(step), len(x), part, int(right.sum()), wrong(step), wrong(chance))


def _told(network: Network, x: Array) -> Array:
    if not len(x):
        return np.zeros(0, np.int64)
    z = np.asarray(network.backend.to_host(network.logits(network.walk(x))), np.float64)
    return _decided(network, z)
