"""What the looks at a run come to: a handful of numbers that every symptom reads."""

from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from operator import itemgetter
from typing import NamedTuple

from engine.diagnosis.facts import Facts, Rung

LayerNumbers = Mapping[str, Mapping[str, float | None]]
SMOOTHING = 30.0  # looks over which the loss is averaged
RECENT = 5.0  # looks over which updates are averaged
USUAL = 10.0  # looks over which gradients are averaged
BEGINNING = 10  # looks of which the mean loss is what a run begins with
CEILING = 100.0  # times the naive loss: higher ones count as that, so that a jump is forgotten again
BEYOND = 1e6  # strides are not told apart further
GUESSING = 1.05  # of the loss of guessing: from there down a network would have to learn
PROGRESS = 0.03  # share by which a loss must at least be lower to count as progress
CERTAIN = 3.0  # standard errors by which a mean loss must be lower than another for it to be more than chance

_weights = itemgetter("weight_norm", "grad_norm", "update_ratio")


class EpochLosses(NamedTuple):
    """Both losses at an epoch's end; epochs are counted from 1."""

    epoch: int
    train: float
    validation: float


class Record:
    """A run as seen so far. Norms of weights are shares of what well drawn weights would have.

    A *stride* is ‖ΔW‖ over the larger of ‖W‖ and that norm: a layer that starts near 0 does not leap at once.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts, self.rate = facts, facts.rate
        self.step = self.looks = 0
        self.loss = self.smooth = 0.0
        self.first = self.start = 0.0  # loss of the first look; mean of the first looks
        self.spread = self.start_spread = 0.0  # variances of the losses that went into those means
        self.best, self.best_step = 0.0, 0  # last progress of the smoothed loss
        self._lowest, self._lowest_step = 0.0, 0  # and where it was lowest, which may be chance
        self.grads: dict[str, float] = {}  # root mean square of ∂L/∂W, by node, from the input to the output
        self.usual: dict[str, float] = {}  # the same, averaged over recent looks
        self.sizes: dict[str, float] = {}  # ‖W‖ as a share of well drawn weights
        self.longest: dict[str, float] = {}  # longest stride so far
        self.first_stride = 0.0  # longest one of the first step
        self.pace: dict[str, float] = {}  # recent strides, averaged
        self.moved: dict[str, float] = {}  # sum of strides, steps between two looks taken as the last
        self.saturated: Sequence[tuple[str, float]] = ()
        self.dead: Sequence[tuple[str, float]] = ()
        self.epochs = 0  # of which both losses were told
        self.latest: EpochLosses | None = None
        self.lowest: EpochLosses | None = None  # by validation; of equals the first
        self.trained = tuple(rung.node for rung in facts.rungs if rung.trains)
        self._rungs: list[tuple[str, float, float, Rung]] = [(r.node, r.ideal, r.size**0.5, r) for r in facts.rungs]

    @property
    def reference(self) -> float:
        """The loss of guessing; where that is not known, the first one."""
        return self.facts.guess or self.first or 1.0

    @property
    def worth(self) -> float:
        """Looks whose plain mean were as certain as the smoothed loss: a running mean of n is worth 2 n − 1."""
        return min(self.looks, 2 * SMOOTHING - 1)

    @property
    def level(self) -> float:
        """The smoothed loss as a share of guessing's: 1 where nothing is learnt."""
        return self.smooth / self.reference

    def fallen(self, share: float) -> bool:
        """Whether the smoothed loss is below `share` of the first looks' mean, by more than their batches explain.

        One batch of odd examples among the first lifts their mean as if the loss had fallen since.
        """
        gap = self.start - self.smooth
        if gap <= (1 - share) * self.start:
            return False
        error = self.start_spread / min(self.looks, BEGINNING) + self.spread / self.worth
        return gap > CERTAIN * sqrt(error)

    def take(self, step: int, loss: float, layers: LayerNumbers | None) -> None:
        """One look; `layers` as telemetry has them, or None where only the loss was seen."""
        gap = max(1, step - self.step)
        self.step = step
        self.looks += 1
        if self.looks == 1:
            self.first = loss
        self.loss = loss
        ceiling = CEILING * max(self.reference, self.facts.naive or 0.0)
        part, off = max(1 / SMOOTHING, 1 / self.looks), min(loss, ceiling) - self.smooth
        self.smooth += part * off
        self.spread = (1 - part) * (self.spread + part * off * off)
        if self.looks <= BEGINNING:
            self.start, self.start_spread = self.smooth, self.spread
        # What brings the loss down to that of guessing is no progress of the kind that is waited for.
        best = min(self.best, self.reference) if self.smooth < GUESSING * self.reference else self.best
        if self.looks <= SMOOTHING:
            self.best = self._lowest = self.smooth
            self.best_step = self._lowest_step = step
        else:
            if self.smooth < self._lowest:
                self._lowest, self._lowest_step = self.smooth, step
            advance = best - self._lowest
            if advance > PROGRESS * best and advance > CERTAIN * sqrt(self.spread / self.worth):
                self.best, self.best_step = self._lowest, self._lowest_step
        if layers is not None:
            self._take_layers(gap, layers)

    def _take_layers(self, gap: int, layers: LayerNumbers) -> None:
        grads, usual, sizes, pace = self.grads, self.usual, self.sizes, self.pace
        moved, longest = self.moved, self.longest
        for node, ideal, root, _ in self._rungs:
            norm, grad, ratio = _weights(layers[node])
            if norm is None or grad is None:
                continue
            slope = grads[node] = grad / root
            before = usual.get(node, slope)
            usual[node] = before + (slope - before) / USUAL
            sizes[node] = norm / ideal
            stride = ratio * norm / max(norm, ideal) if ratio is not None else 0.0
            if not stride < BEYOND:  # NaN, too
                stride = BEYOND
            if stride > longest.get(node, 0.0):
                longest[node] = stride
            before = pace.get(node, stride)
            pace[node] = before + (stride - before) / RECENT
            moved[node] = moved.get(node, 0.0) + stride * gap
        if self.looks == 1:
            self.first_stride = max(longest.values(), default=0.0)
        facts = self.facts
        self.saturated = [(node, layers[node]["saturated_fraction"] or 0.0) for node in facts.plateaus]
        self.dead = [(node, layers[node]["dead_fraction"] or 0.0) for node in facts.rectifiers]

    def end_epoch(self, train: float, validation: float | None, number: int | None = None) -> None:
        if validation is not None and isfinite(train) and isfinite(validation):
            self.epochs += 1
            self.latest = EpochLosses(number or self.epochs, train, validation)
            if self.lowest is None or validation < self.lowest.validation:
                self.lowest = self.latest
