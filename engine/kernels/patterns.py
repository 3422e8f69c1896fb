"""Rows in turn that one row can do: what the first has made the next one takes from where it is.

Each array is still written to, so that nobody needs to know who else reads it; but for what the next row of the same
pattern overwrites.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from engine.backend import Array
from engine.kernels.rows import Op, Place, Row, overlap, same_place

COMMUTATIVE = {Op.ADD, Op.MULTIPLY, Op.MAXIMUM}


class Pattern(NamedTuple):
    """Rows as operation, name of `out` and names of the operands; and the one row's places by their names."""

    op: Op
    rows: tuple[tuple[Op, str], ...]
    places: str


# Longer ones first.
PATTERNS = (
    # An update by the root of a mean square, p ← p - r m / (√v + e), and that mean, v ← b v + g².
    Pattern(
        Op.SCALED_STEP,
        ((Op.SQRT, "tv"), (Op.ADD, "tte"), (Op.DIVIDE, "tmt"), (Op.MULTIPLY, "ttr"), (Op.SUBTRACT, "ppt")),
        "pvemrt",
    ),
    Pattern(Op.SQUARE_MEAN, ((Op.MULTIPLY, "tgg"), (Op.MULTIPLY, "vvb"), (Op.ADD, "vvt")), "vgbt"),
    # A rectifier: m = a > b, f = m, o = a f; and a pool, which has the greater one of both.
    Pattern(Op.HALF_WAVE, ((Op.GREATER_TO_MASK, "mab"), (Op.COPY_OF_MASK, "fm"), (Op.MULTIPLY, "oaf")), "oabfm"),
    Pattern(Op.GREATER_ONE, ((Op.GREATER_TO_MASK, "mab"), (Op.COPY_OF_MASK, "fm"), (Op.MAXIMUM, "oba")), "oabfm"),
    # The slopes of tanh, s = c - h², and of the sigmoid, s = h (c - h), times a gradient.
    Pattern(Op.TANH_SLOPE, ((Op.SQUARE, "sh"), (Op.SUBTRACT, "scs"), (Op.MULTIPLY, "ogs")), "ohcgs"),
    Pattern(Op.SIGMOID_SLOPE, ((Op.SUBTRACT, "sch"), (Op.MULTIPLY, "shs"), (Op.MULTIPLY, "ogs")), "ohcgs"),
    # What running means and updates are made of.
    Pattern(Op.MULTIPLY_ADD, ((Op.MULTIPLY, "oab"), (Op.ADD, "ooc")), "oabc"),
    Pattern(Op.DIVIDE_MULTIPLY, ((Op.DIVIDE, "oab"), (Op.MULTIPLY, "ooc")), "oabc"),
    Pattern(Op.SQRT_ADD, ((Op.SQRT, "oa"), (Op.ADD, "ooc")), "oac"),
    Pattern(Op.MULTIPLY_SUBTRACT, ((Op.MULTIPLY, "tab"), (Op.SUBTRACT, "oct")), "oabct"),
)
BEGINNING = {op: [pattern for pattern in PATTERNS if pattern.rows[0][0] == op] for op in Op}


class Held(NamedTuple):
    """An array with the place where a row finds it."""

    place: Place
    array: Array


def merged(rows: Sequence[Row]) -> Iterator[Row]:
    """The same rows, those that follow a pattern as one."""
    start = 0
    while start < len(rows):
        for pattern in BEGINNING.get(rows[start].op, ()):
            found = _matched(pattern, rows[start : start + len(pattern.rows)])
            if found is not None:
                yield found
                start += len(pattern.rows)
                break
        else:
            yield rows[start]
            start += 1


def _matched(pattern: Pattern, rows: Sequence[Row]) -> Row | None:
    if [row.op for row in rows] != [op for op, _ in pattern.rows]:
        return None
    shape = max(row.shape for row in rows)
    named, written = dict[str, Held](), dict[str, Held]()
    for row, (op, names) in zip(rows, pattern.rows, strict=True):
        whole = row.in_rows(shape)
        if whole is None:
            return None
        out, *operands = map(Held, whole.places, whole.arrays)
        for order in (operands, operands[::-1])[: 1 + (op in COMMUTATIVE)]:
            bound = _bound(named, names[1:], order)
            if bound is not None:
                break
        else:
            return None
        fresh = [held for name, held in bound.items() if name not in named]
        if any(_common(held, other, shape) for held in fresh for other in written.values()):
            return None  # under another name it would be read as it was before
        named = bound
        if names[0] in named and named[names[0]].place != out.place:
            return None
        named[names[0]] = written[names[0]] = out
    ends = [(one, other) for one in written.values() for other in named.values() if one.place != other.place]
    if any(_common(one, other, shape) for one, other in ends):
        return None
    told = [named[name] for name in pattern.places]
    return Row(pattern.op, shape, 0, tuple(held.place for held in told), tuple(held.array for held in told))


def _bound(named: dict[str, Held], names: str, operands: list[Held]) -> dict[str, Held] | None:
    """The names with those of one row; None where one has another place already."""
    bound = dict(named)
    for name, held in zip(names, operands, strict=True):
        if bound.setdefault(name, held).place != held.place:
            return None
    return bound


def _common(one: Held, other: Held, shape: tuple[int, int]) -> bool:
    if not overlap(one.place, other.place, shape):
        return False
    return same_place(one.array, other.array) or np.shares_memory(one.array, other.array)
