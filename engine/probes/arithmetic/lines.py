"""What arithmetic is told in: lines with their numbers, in sections of which some add up."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from math import fsum, nan
from typing import Any

import msgspec
import numpy as np

from engine.backend import Array

MOST = 16  # terms of a sum that are all told
LARGEST = 12  # of more terms those of greatest size


class Way(StrEnum):
    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"


class Line(msgspec.Struct, frozen=True):
    """`name` = `text`, in which {0}, {1} … stand for `numbers`, = `value`. `node` and `unit` say whence it comes."""

    name: str
    text: str
    numbers: tuple[float, ...]
    value: float
    node: str = ""
    unit: int = 0


class Section(msgspec.Struct, frozen=True):
    """Lines under a title. Where it `adds`, they and `rest`, the `left_out` others together, sum to `value`."""

    way: Way
    node: str
    title: str
    lines: tuple[Line, ...]
    name: str = ""  # of the sum
    value: float = nan
    adds: bool = False
    left_out: int = 0
    rest: float = 0.0
    note: str = ""


class Terms:
    """Summands: all their values, and how one of them is told."""

    __slots__ = ("told", "values")

    def __init__(self, values: Any, told: Callable[[int], Line]) -> None:
        self.values = np.asarray(values, np.float64).reshape(-1)
        self.told = told


def at(node: str, unit: int) -> str:
    """A unit's name, counted from 1."""
    return f"{node}[{unit + 1}]"


def largest(values: Array) -> Array:
    """Which of `values` are told, in their order: all of a few, else those of greatest size and what is no number."""
    if len(values) <= MOST:
        return np.arange(len(values))
    size = np.where(np.isfinite(values), np.abs(values), np.inf)
    return np.sort(np.argsort(-size, kind="stable")[:LARGEST])


def summed(
    way: Way,
    node: str,
    title: str,
    name: str,
    value: float,
    parts: Iterable[Terms],
    always: tuple[Line, ...] = (),
    note: str = "",
) -> Section:
    """A sum of all terms of `parts`, and of those that are told in any case: a bias."""
    parts = list(parts)
    values = np.concatenate([part.values for part in parts]) if parts else np.zeros(0)
    told, ends = largest(values), np.cumsum([len(part.values) for part in parts])
    lines = []
    for index in told.tolist():
        place = int(np.searchsorted(ends, index, "right"))
        lines.append(parts[place].told(index - int(ends[place]) + len(parts[place].values)))
    others = np.delete(values, told)
    rest = fsum(others) if np.isfinite(others).all() else float(others.sum())
    return Section(way, node, title, (*lines, *always), name, value, True, len(others), rest, note)


def listed(way: Way, node: str, title: str, *lines: Line, note: str = "", left_out: int = 0) -> Section:
    return Section(way, node, title, lines, left_out=left_out, note=note)
