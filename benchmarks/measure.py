"""Two things timed in turns, so that whatever else the machine does falls on both alike."""

import gc
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Protocol


class Contender(Protocol):
    """One side of a comparison: it can begin anew, and do a number of steps."""

    def reset(self) -> None: ...

    def run(self, steps: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: `pairs` of turns, about `seconds` for each turn."""

    pairs: int = 25
    seconds: float = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """`ratio`: the median over pairs of (their time a step / our time a step). `ours`, `theirs`: median seconds a step.

    The middle half of the pairs lies between `low` and `high`.
    """

    ratio: float
    low: float
    high: float
    ours: float
    theirs: float


WARM = 20  # steps before the clock starts: caches filled, lazily made buffers made


def compare(ours: Contender, theirs: Contender, effort: Effort) -> Comparison:
    """Both sides take turns; who begins changes from pair to pair, and every turn starts from the reset state."""
    sides = (ours, theirs)
    counts = [_steps_in(side, effort.seconds) for side in sides]
    pairs: list[tuple[float, float]] = []
    for turn in range(effort.pairs):
        times = [0.0, 0.0]
        for index in (0, 1) if turn % 2 else (1, 0):
            times[index] = _turn(sides[index], counts[index]) / counts[index]
        pairs.append((times[0], times[1]))
    ratios = sorted(theirs / ours for ours, theirs in pairs)
    return Comparison(
        ratio=median(ratios),
        low=ratios[len(ratios) // 4],
        high=ratios[-1 - len(ratios) // 4],
        ours=median(ours for ours, _ in pairs),
        theirs=median(theirs for _, theirs in pairs),
    )


def _steps_in(side: Contender, seconds: float) -> int:
    """How many steps fill `seconds`, by doubling."""
    count = 1
    while (taken := _turn(side, count)) < seconds / 2:
        count *= 2
    return max(1, round(count * seconds / taken))


def _turn(side: Contender, steps: int) -> float:
    """Seconds for `steps` steps from the reset state, with the garbage collector at rest as in `timeit`."""
    side.reset()
    side.run(WARM)
    gc.collect()
    gc.disable()
    start = perf_counter()
    side.run(steps)
    taken = perf_counter() - start
    gc.enable()
    return taken


def microseconds(seconds: Iterable[float]) -> str:
    """ "12.3 / 456 µs"."""
    return " / ".join(f"{second * 1e6:.3g}" if second < 1e-3 else f"{second * 1e6:.0f}" for second in seconds) + " µs"
