"""What a symptom is: a number for each node, and from where on it is too much."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.diagnosis.record import Record

Measured = Iterable[tuple[str, float]]
NETWORK = ""  # in the place of a node: the whole run


def percent(share: float) -> str:
    """A share in whole per cent; 100 % and 0 % are said only of all and of nothing."""
    rounded = round(share * 100)
    if share not in (0.0, 1.0):
        rounded = max(rounded, 1) if share > 1 else min(max(rounded, 1), 99)
    return f"{rounded}\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """Raised when a number has been at least `on` for `patience` looks in a row, withdrawn after `quiet` below `off`.

    A symptom with `needs` lies in the network or the data before the first step and does no harm by itself: it is
    raised as soon as one of those is. `measure` may leave out what is below `off`.

    Where `slow`, all that is measured of the whole run counts by its share of `on`: half of that needs twice the looks.
    Where `lasting`, only a run that has learnt next to nothing begins to suffer; but what has begun stays, whatever
    is learnt beside it, until the number itself falls.
    """

    name: str
    title: str
    meaning: str
    measure: Callable[[Record], Measured]
    say: Callable[[Record, Sequence[str]], str]
    on: float
    off: float
    patience: int = 10
    quiet: int = 10
    looks_at: Literal["step", "epoch"] = "step"
    needs: tuple[str, ...] = ()
    slow: bool = False
    lasting: bool = False
    ends_in_nan: bool = False  # a loss that is no number is what it leads to


def listed(nodes: Sequence[str], most: int = 4) -> str:
    """ "h1, h2 and h3", or with more of them "h1, h2, h3 and 7 others"."""
    named = list(nodes[:most]) if len(nodes) <= most else [*nodes[: most - 1], f"{len(nodes) - most + 1} others"]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
