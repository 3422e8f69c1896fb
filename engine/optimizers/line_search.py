"""How far to go along a direction: φ(α) = L(p + α d), searched until it has fallen enough.

Nocedal and Wright (2006), Numerical Optimization, second edition, chapter 3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, sqrt

from engine.backend import Array

MOST = 25  # evaluations of one search
NEAR = 1e-3  # of a bracket: nearer to its ends nothing is tried


@dataclass(frozen=True, slots=True)
class Trial:
    """φ and φ' at `alpha`, with the gradient of L there."""

    alpha: float
    value: float
    slope: float
    gradient: Array

    @property
    def is_number(self) -> bool:
        return isfinite(self.value) and isfinite(self.slope)


Phi = Callable[[float], Trial]


@dataclass(frozen=True, slots=True)
class Search:
    """From `start` (α = 0, φ' < 0); values that differ by less than `noise` are equal."""

    phi: Phi
    start: Trial
    c1: float
    c2: float
    noise: float

    def falls(self, trial: Trial) -> bool:
        """φ(α) ≤ φ(0) + c₁ α φ'(0) (Armijo, equation 3.6a)."""
        enough = self.start.value + self.c1 * trial.alpha * self.start.slope + self.noise
        return trial.is_number and trial.value <= enough

    def is_flat(self, trial: Trial) -> bool:
        """|φ'(α)| ≤ c₂ |φ'(0)| (the strong curvature condition, equation 3.7b)."""
        return abs(trial.slope) <= -self.c2 * self.start.slope

    def armijo(self, first: float) -> Trial | None:
        """Steps shorter and shorter from `first` on, until the loss falls enough; None where none does."""
        alpha = first
        for _ in range(MOST):
            trial = self.phi(alpha)
            if self.falls(trial):
                return trial
            shorter = alpha / 2
            if trial.is_number:  # the minimum of the parabola through φ(0), φ'(0) and φ(α)
                bend = trial.value - self.start.value - alpha * self.start.slope
                shorter = -self.start.slope * alpha**2 / (2 * bend) if bend > 0 else shorter
            alpha = min(max(shorter, alpha / 10), alpha / 2)
        return None

    def wolfe(self, first: float) -> Trial | None:
        """A step that meets both strong Wolfe conditions (algorithm 3.5), else the best that falls, else None."""
        before, alpha = self.start, first
        for number in range(MOST):
            trial = self.phi(alpha)
            if not self.falls(trial) or (number and trial.value >= before.value):
                return self._zoom(before, trial)
            if self.is_flat(trial):
                return trial
            if trial.slope >= 0:
                return self._zoom(trial, before)
            beyond = _cubic(before, trial)
            # It still falls here: a minimum that lies behind says only that the loss is no cubic.
            alpha = min(max(beyond, 1.1 * alpha), 10 * alpha) if beyond > alpha else 2 * alpha
            before = trial
        return before

    def _zoom(self, low: Trial, high: Trial) -> Trial | None:
        """Between `low`, which falls furthest so far, and `high` lies a step that will do (algorithm 3.6)."""
        for _ in range(MOST):
            left, right = sorted((low.alpha, high.alpha))
            alpha, edge = _cubic(low, high), NEAR * (right - left)
            if not left + edge <= alpha <= right - edge:
                alpha = (left + right) / 2
            if not left < alpha < right:
                break
            trial = self.phi(alpha)
            if not self.falls(trial) or trial.value >= low.value:
                high = trial
                continue
            if self.is_flat(trial):
                return trial
            if trial.slope * (high.alpha - low.alpha) >= 0:
                high = low
            low = trial
        return low if low.alpha > 0 else None


def _cubic(a: Trial, b: Trial) -> float:
    """Where the cubic through φ and φ' at `a` and `b` is least (equation 3.59); exact for a parabola."""
    if not (a.is_number and b.is_number):
        return (a.alpha + b.alpha) / 2
    width = b.alpha - a.alpha
    d1 = a.slope + b.slope - 3 * (b.value - a.value) / width
    square = d1**2 - a.slope * b.slope
    if square < 0:
        return (a.alpha + b.alpha) / 2
    d2 = sqrt(square) if width > 0 else -sqrt(square)
    below = b.slope - a.slope + 2 * d2
    return b.alpha - width * (b.slope + d2 - d1) / below if below else (a.alpha + b.alpha) / 2
