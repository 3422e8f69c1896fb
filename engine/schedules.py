"""Schedules: the learning rate as a share of the optimizer's own, over the time t in epochs.

The update that follows i of an epoch's n batches happens at t = epoch + i / n.
"""

from __future__ import annotations

from math import cos, floor, pi
from typing import Annotated, ClassVar

from msgspec import Meta

from engine.spec import Declared

Epochs = Annotated[float, Meta(gt=0, le=1e7, title="Period", extra={"unit": "epochs", "log": True})]
Floor = Annotated[float, Meta(ge=0, le=1, title="Lowest", description="Share of the rate that is left at the end")]
State = tuple[float, ...]


class Schedule(Declared, frozen=True):
    """`share` of the learning rate at time t, times the warm-up's: a straight line from `warmup_from` to 1."""

    watches: ClassVar[bool] = False  # wants the validation loss at every epoch's end

    warmup: Annotated[
        float,
        Meta(ge=0, le=1e7, title="Warm-up", description="The rate rises for so long first", extra={"unit": "epochs"}),
    ] = 0.0
    warmup_from: Annotated[
        float, Meta(ge=0, le=1, title="Warm-up from", description="Share of the rate at which the warm-up begins")
    ] = 0.1

    def factor(self, t: float, state: State) -> float:
        """The rate at time `t` as a share of the optimizer's."""
        share = self.share(t, state)
        if t < self.warmup:
            share *= self.warmup_from + (1 - self.warmup_from) * t / self.warmup
        return share

    def share(self, t: float, state: State) -> float:
        raise NotImplementedError(self.kind())  # each kind has its own

    def begin(self) -> State:
        """What the schedule remembers before the first epoch."""
        return ()

    def observe(self, loss: float, state: State) -> State:
        """What it remembers after an epoch whose validation loss was `loss`."""
        return state

    def torch(self) -> tuple[str, ...]:
        """Lines of Python that make `share` of t."""
        raise NotImplementedError(self.kind())  # each kind has its own


class Constant(Schedule, frozen=True, tag="constant"):
    """η(t) = η: with a warm-up, the rate that stays after it (Goyal et al. 2017)."""

    title: ClassVar[str] = "Constant"

    def share(self, t: float, state: State) -> float:
        return 1.0

    def torch(self) -> tuple[str, ...]:
        return ("share = 1.0",)


class Exponential(Schedule, frozen=True, tag="exponential"):
    """η(t) = η γ^⌊t⌋: times γ an epoch."""

    title: ClassVar[str] = "Exponential"

    gamma: Annotated[float, Meta(gt=0, le=1, title="γ", description="The rate's factor at every epoch")] = 0.98

    def share(self, t: float, state: State) -> float:
        return float(self.gamma ** floor(t))

    def torch(self) -> tuple[str, ...]:
        return (f"share = {self.gamma} ** math.floor(t)",)


class Step(Schedule, frozen=True, tag="step"):
    """η(t) = η γ^⌊t / period⌋: stairs."""

    title: ClassVar[str] = "Steps"

    period: Epochs = 30.0
    gamma: Annotated[float, Meta(gt=0, le=1, title="γ", description="The rate's factor at every stair")] = 0.1

    def share(self, t: float, state: State) -> float:
        return float(self.gamma ** floor(t / self.period))

    def torch(self) -> tuple[str, ...]:
        return (f"share = {self.gamma} ** math.floor(t / {self.period})",)


class Cosine(Schedule, frozen=True, tag="cosine"):
    """η(t) = η (l + (1 - l) (1 + cos π u) / 2), u the share of the period that is over (Loshchilov and Hutter 2017).

    At a period's end the rate starts again at η, and the next period is `growth` times as long.
    """

    title: ClassVar[str] = "Cosine with restarts"

    period: Epochs = 50.0
    growth: Annotated[float, Meta(ge=1, le=10, title="Growth", description="Of a period to the next")] = 1.0
    lowest: Floor = 0.0

    def share(self, t: float, state: State) -> float:
        start, length = 0.0, self.period
        if self.growth == 1:
            start = floor(t / length) * length
        else:
            while t >= start + length:
                start, length = start + length, length * self.growth
        return self.lowest + (1 - self.lowest) * (1 + cos(pi * (t - start) / length)) / 2

    def torch(self) -> tuple[str, ...]:
        return (
            f"start, length = 0.0, {self.period}",
            "while t >= start + length:",
            f"    start, length = start + length, length * {self.growth}",
            *_above(self.lowest, "(1 + math.cos(math.pi * (t - start) / length)) / 2"),
        )


class Cyclic(Schedule, frozen=True, tag="cyclic"):
    """η(t) = η (l + (1 - l) (1 - |1 - 2 u|)), u the share of the period that is over: up and down (Smith 2017)."""

    title: ClassVar[str] = "Cyclic"

    period: Epochs = 10.0
    lowest: Floor = 0.1

    def share(self, t: float, state: State) -> float:
        over = t / self.period
        return self.lowest + (1 - self.lowest) * (1 - abs(1 - 2 * (over - floor(over))))

    def torch(self) -> tuple[str, ...]:
        return (
            f"over = t / {self.period} % 1",
            *_above(self.lowest, "1 - abs(1 - 2 * over)"),
        )


class Plateau(Schedule, frozen=True, tag="plateau"):
    """η ← η γ after more than `patience` epochs without a lower validation loss (PyTorch's ReduceLROnPlateau).

    Lower means by the share `threshold` at least. Where nothing is kept for validation, the training loss counts.
    The state is the share of the rate, the lowest loss so far and how many epochs have passed since.
    """

    title: ClassVar[str] = "On plateau"
    watches: ClassVar[bool] = True

    gamma: Annotated[float, Meta(gt=0, lt=1, title="γ", description="The rate's factor on a plateau")] = 0.5
    patience: Annotated[
        int, Meta(ge=0, le=1_000_000, title="Patience", description="Without progress", extra={"unit": "epochs"})
    ] = 10
    threshold: Annotated[
        float, Meta(ge=0, lt=1, title="Threshold", description="Share by which a loss must be lower to count")
    ] = 1e-4
    lowest: Floor = 0.0

    def share(self, t: float, state: State) -> float:
        return state[0]

    def begin(self) -> State:
        return (1.0, float("inf"), 0.0)

    def observe(self, loss: float, state: State) -> State:
        share, best, waited = state
        if loss < best * (1 - self.threshold):
            return share, loss, 0.0
        if waited + 1 > self.patience:
            return max(self.lowest, share * self.gamma), best, 0.0
        return share, best, waited + 1

    def torch(self) -> tuple[str, ...]:
        return ("share = plateau.share",)


def _above(lowest: float, share: str) -> tuple[str, ...]:
    """Lines of Python that lift a share from 0 to 1 to one from `lowest` to 1."""
    if not lowest:
        return (f"share = {share}",)
    return (f"share = {share}", f"share = {lowest} + (1 - {lowest}) * share")
