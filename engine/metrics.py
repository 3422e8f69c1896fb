"""How good outputs are, beside the loss. Outputs z and targets y are columns (units, N), as a loss has them."""

from dataclasses import dataclass
from typing import Any

from engine.backend import Array, Backend
from engine.losses import Loss

TOP = 5  # of how many decisions one must be right, where there are more classes than that


@dataclass(frozen=True, slots=True)
class Score:
    """Means over a set of examples, in inference mode; None where a measure has no meaning."""

    loss: float
    accuracy: float | None
    r2: float | None = None  # where targets are numbers, and nothing is decided
    top5: float | None = None  # where there are more than TOP classes


def decided(xp: Any, z: Array, threshold: float) -> Array:
    """The class (N,) that each column decides for: the largest output's, or of one output whether it is above."""
    chosen: Array = z.argmax(axis=0) if len(z) > 1 else (z[0] > threshold).astype("int64")
    return chosen


def accuracy(decisions: Array, classes: Array) -> float:
    """The share of `decisions` (N,) that are the examples' `classes` (N,)."""
    return float((decisions == classes).sum().item()) / decisions.size


def confusion(xp: Any, decisions: Array, classes: Array, count: int) -> Array:
    """How many of class i (row) were taken for class j (column): (count, count) whole numbers in float64."""
    # As a product of two tables of 0 and 1: whole numbers up to 2⁵³ are exact.
    each = xp.arange(count)[:, None]
    table: Array = xp.dot((each == classes).astype("float64"), (each == decisions).astype("float64").T)
    return table


def among_the_largest(xp: Any, z: Array, y: Array, k: int) -> Array:
    """Whether fewer than `k` outputs are larger than that of the example's class, an entry per example."""
    own = (z * y).sum(axis=0)
    larger = (z > own).sum(axis=0)
    among: Array = (larger < k) & xp.isfinite(own)
    return among


def squares_off(z: Array, y: Array) -> Array:
    """Σ (z - y)² over the examples, an entry per output (units,), in float64."""
    off = z.astype("float64") - y.astype("float64")
    total: Array = (off * off).sum(axis=1)
    return total


class Spread:
    """Σ (y - ȳ)² over the examples, an entry per output (units,), in float64, of targets that come in pieces.

    Chan, Golub and LeVeque (1979): a piece adds its own spread, and how far its mean lies from that of all before.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean: Any = 0.0
        self.total: Any = 0.0

    def add(self, y: Array) -> None:
        """Takes targets (units, N) in."""
        wide = y.astype("float64")
        mean, count = wide.mean(axis=1), y.shape[1]
        within = wide.T - mean
        away, share = mean - self.mean, count / (self.count + count)
        self.total = self.total + (within * within).sum(axis=0) + away * away * (self.count * share)
        self.mean, self.count = self.mean + away * share, self.count + count


def r2(residual: Array, around: Array) -> float | None:
    """The mean over outputs of 1 - Σ (z - y)² / Σ (y - ȳ)²; outputs whose targets are all alike do not count.

    `residual` and `around` are what `squares_off` and `Spread` give, on the host.
    """
    varies = around > 0
    return float((1 - residual[varies] / around[varies]).mean()) if varies.any() else None


class Tally:
    """The score of a set of examples that comes in pieces, from the pass that finds its loss."""

    def __init__(self, backend: Backend, loss: Loss, classes: int | None) -> None:
        self.backend, self.loss, self.classes = backend, loss, classes
        self.count = self.right = self.decided = self.ranked = self.near = 0
        self.losses = self.weight = 0.0
        self.residual: Any = 0.0
        self.spread = Spread()

    def add(self, loss: Array, z: Array, y: Array) -> None:
        """Takes a piece in: its mean loss, outputs and targets (units, N)."""
        xp, classes = self.backend.xp, self.classes
        weight = self.loss.weight(xp, y, classes)
        self.losses, self.weight = self.losses + float(loss.item()) * weight, self.weight + weight
        self.count += y.shape[1]
        hits = self.loss.hits(xp, z, y, classes)
        if hits is not None:
            self.right, self.decided = self.right + int(hits.sum().item()), self.decided + hits.size
        elif classes is None:
            self.residual = self.residual + squares_off(z, y)
            self.spread.add(y)
        if classes is not None and classes > TOP and len(y) > 1:
            self.ranked += y.shape[1]
            self.near += int(among_the_largest(xp, z, y, TOP).sum().item())

    def score(self) -> Score:
        """The loss of no examples is NaN."""
        if not self.count:
            return Score(float("nan"), None)
        explained = None
        if self.spread.count:
            explained = r2(self.backend.to_host(self.residual), self.backend.to_host(self.spread.total))
        return Score(
            self.losses / self.weight,
            self.right / self.decided if self.decided else None,
            explained,
            self.near / self.ranked if self.ranked else None,
        )
