"""A list of bound array calls as tables of numbers that one compiled function runs.

A plan is a flat list of NumPy calls over buffers that exist already, at a quarter of a microsecond each, whatever they
do; and each goes through all its numbers before the next one begins. Here calls become rows (`engine.kernels.rows`).
A list that is small in all becomes one table. Of others the large products and whatever no row can say stay as they
are, and what lies between two of those is a table; rows in turn over many numbers go through them block by block, so
that what one has written the next one finds in the processor's nearest memory. What is computed is the same within
rounding.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from engine.backend import Array, Call
from engine.kernels.patterns import merged
from engine.kernels.rows import WIDTH, NotPlainError, Op, Row, overlap, rows_of, same_place

# Multiplications and other operations of a list that is one table, products and all: BLAS gains only from products of
# some 64 × 64 × 64 on, and many updates of lists without it are made in one call.
MOST_WORK = 1 << 19
SMALL_PRODUCT = 1 << 11  # multiplications of a product that in any list is done faster than BLAS can be called
BLOCK = 1 << 12  # numbers of each array that are gone through at a time
MOST_PLACES = 12  # arrays of one run of blocks: so many blocks lie in the second nearest memory, side by side


class Table(NamedTuple):
    """Lines (n, WIDTH) int64, of which the first `first` are the program, and the arrays that must stay."""

    lines: Array
    first: int
    kept: list[Array]


def table(calls: Sequence[Call]) -> Table | None:
    """All `calls` as one table; None where one is of another kind, or they are too much work."""
    try:
        rows = [row for call in calls for row in rows_of(call)]
    except NotPlainError:
        return None
    mixed = len({row.bytes for row in rows}) > 1
    return None if mixed or sum(row.work for row in rows) > MOST_WORK else told(rows)


def parts(calls: Sequence[Call]) -> Iterator[Table | Call]:
    """The same calls: tables where there are several rows in turn, between what stays as it is."""
    rows, waiting = list[Row](), list[Call]()
    for call in calls:
        try:
            found = rows_of(call)
        except NotPlainError:
            found = []
        fits = not rows or not found or found[0].bytes == rows[0].bytes
        if found and fits and not any(row.op == Op.DOT and row.work > SMALL_PRODUCT for row in found):
            rows += found
            waiting.append(call)
            continue
        yield from [told(rows)] if len(waiting) > 1 else waiting
        rows, waiting = [], []
        yield call
    yield from [told(rows)] if len(waiting) > 1 else waiting


def told(rows: list[Row]) -> Table:
    """The rows in their order; runs of blocks stand behind them all, and the rows that speak of them know where."""
    lines, blocks = list[list[int]](), list[list[int]]()
    heads = list[list[int]]()
    for run in _runs([*merged(rows)]):
        if len(run) == 1:
            lines.append(run[0].numbers())
            continue
        wide = min(run[0].shape[1], BLOCK)
        head = [int(Op.BLOCKS), max(1, BLOCK // wide), wide, len(run), len(blocks)]
        heads.append(head)
        lines.append(head)
        blocks += [[0] * WIDTH, *(row.numbers() for row in run)]  # the first is for the row at work
    for head in heads:
        head[-1] += len(lines)
        head += [0] * (WIDTH - len(head))
    made = np.array(lines + blocks, np.int64).reshape(-1, WIDTH)
    return Table(made, len(lines), [array for row in rows for array in row.arrays])


def _runs(rows: list[Row]) -> Iterator[list[Row]]:
    """Rows that may go through their numbers together."""
    run: list[Row] = []
    for row in rows:
        longer = _joined(run, row)
        if longer is None:
            yield run
        run = longer or [row]
    if run:
        yield run


def _joined(run: list[Row], row: Row) -> list[Row] | None:
    """The run with one row more, all of one shape; None where they cannot be gone through together."""
    if not run:
        return [row]
    shape = max(run[0].shape, row.shape)  # what lies in one piece can be divided as the other one is
    every = [one for each in (*run, row) if (one := each.in_rows(shape)) is not None]
    if len(every) <= len(run) or row.op >= Op.TOTAL or run[0].op >= Op.TOTAL or row.work <= BLOCK:
        return None
    if len({place for each in every for place in each.places}) > MOST_PLACES:
        return None
    return None if any(_meet(every[-1], other) for other in every[:-1]) else every


def _meet(row: Row, other: Row) -> bool:
    """Whether one writes what the other has to do with for another of its numbers."""
    for i, place in enumerate(row.places):
        for j, its in enumerate(other.places):
            if not (row.writes(i) or other.writes(j)) or place == its or not overlap(place, its, row.shape):
                continue
            if same_place(row.arrays[i], other.arrays[j]) or np.shares_memory(row.arrays[i], other.arrays[j]):
                return True
    return False
