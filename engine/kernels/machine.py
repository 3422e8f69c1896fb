"""The machine: it calls one row's function after another."""

# mypy: ignore-errors
import math

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from engine.kernels.loops import NONE, OPTIONS, at, compiled
from engine.kernels.rows import WIDTH

ROW = types.CPointer(types.uint64)
FIELD = np.uint64(0)
STEP = np.uint64(WIDTH * FIELD.itemsize)
BYTES, BITS = np.uint64(255), np.uint64(8)  # of a size in a row's field of sizes
ONE = np.uint64(1)
NUMBERS = {np.float32: types.float32, np.float64: types.float64}

_kept = []  # what is compiled lives as long as the process: its addresses are in rows


def as_address(function, number: type) -> int:
    """The address of `function(row, zero)` as machine code for rows of such numbers."""
    made = nb.cfunc(types.void(ROW, NUMBERS[number]), cache=True, **OPTIONS)(function)
    _kept.append(made)
    return made.address


@intrinsic
def _call(typing, address, row, zero):
    """Calls what is at `address` with the row at `row`."""

    def codegen(context, builder, signature, arguments):
        pointer = context.get_value_type(ROW)
        kind = ir.FunctionType(ir.VoidType(), [pointer, context.get_value_type(zero)])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(function, [builder.inttoptr(arguments[1], pointer), arguments[2]])
        return context.get_dummy_value()

    return types.void(address, row, zero), codegen


@compiled
def run_blocks(row, zero):
    """Does the rows at the address that `row` tells, a block of their numbers after another.

    The line before them stands for each in turn.
    """
    high, wide, count, work = row[1], row[2], row[3], row[4]
    first, line = work + STEP, at(work, FIELD)
    rows = at(first, FIELD)
    n, m = rows[1], rows[2]
    for i in range(NONE, n, high):
        for j in range(NONE, m, wide):
            for number in range(count):
                its = at(first + number * STEP, FIELD)
                for field in range(WIDTH):
                    line[field] = its[field]
                line[1], line[2] = min(high, n - i), min(wide, m - j)
                sizes = its[3]
                for place in range(4, WIDTH, 3):
                    line[place] += (sizes & BYTES) * (i * its[place + 1] + j * its[place + 2])
                    sizes >>= BITS
                _call(its[0], work, zero)


@nb.njit(nogil=True, cache=True, **OPTIONS)
def run(rows, count, zero):
    """Runs `count` rows from address `rows` on, of numbers of the type of `zero`."""
    for row in range(rows, rows + count * STEP, STEP):
        _call(at(row, FIELD)[0], row, zero)


@compiled
def _take(source, width, chosen, first, count, place, rows_apart, apart):
    """Examples `chosen` from `first` on, of `width` numbers each: to `place`, so far apart, their numbers too."""
    for i in range(count):
        there, here = np.uint64(chosen[first + i]) * width, i * rows_apart
        for j in range(width):
            place[here + j * apart] = source[there + j]


@nb.njit(nogil=True, cache=True, **OPTIONS)
def run_steps(tables, ways, examples, chosen, changes, losses):
    """One update after another; returns how many were done: fewer than asked for where a loss is no number.

    `tables` (n, 2) are addresses and counts of rows. Each of `ways` (w, 7) is for batches of so many examples: their
    count; the first of its tables, the one after which its loss is known, and the one behind its last; where that loss
    is, and the rows and targets that it takes. The first way is taken until too few examples are `left` of an epoch.
    `examples` are the addresses of all rows and targets, how wide they are, how many an epoch has and how many are
    left; those of the steps are `chosen` (none: they lie there and stay). `changes` (k, 3) are the address of scalars,
    their count and the address of a row of them for each step. `losses` (S,) takes one for each step.
    """
    zero = losses.dtype.type(0)
    rows, targets = at(examples[0], zero), at(examples[1], zero)
    width, units, whole, left = examples[2], examples[3], examples[4], examples[5]
    first = NONE
    for step in range(len(losses)):
        way = 0 if left >= ways[0, 0] else 1
        count, turn = ways[way, 0], ways[way, 2]
        if len(chosen):
            _take(rows, width, chosen, first, count, at(ways[way, 5], zero), width, ONE)
            _take(targets, units, chosen, first, count, at(ways[way, 6], zero), ONE, count)
            first += count
            left = whole if left == count else left - count
        for table in range(ways[way, 1], turn):
            run(tables[table, 0], tables[table, 1], zero)
        loss = at(ways[way, 4], zero)[0]
        losses[step] = loss
        if not math.isfinite(loss):
            return step
        for change in range(len(changes)):
            numbers = changes[change, 1]
            scalars, told = at(changes[change, 0], zero), at(changes[change, 2], zero)
            for k in range(numbers):
                scalars[k] = told[step * numbers + k]
        for table in range(turn, ways[way, 3]):
            run(tables[table, 0], tables[table, 1], zero)
    return len(losses)
