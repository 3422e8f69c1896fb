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
OPERAND = 7  # the field of the first operand's address
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


@nb.njit(nogil=True, cache=True, **OPTIONS)
def run_steps(tables, turn, feeds, place, losses):
    """One update after another; returns how many were done: fewer than asked for where a loss is no number.

    `tables` (n, 2) are addresses and counts of rows; after the first `turn` of them the loss stands at address
    `place`. From step to step the operands of the rows whose addresses `feeds` (n, 2) gives move on by so many bytes.
    `losses` (S,) takes one for each step.
    """
    zero = losses.dtype.type(0)
    loss = at(place, zero)
    for step in range(len(losses)):
        for feed in range(len(feeds) if step else 0):
            at(feeds[feed, 0], FIELD)[OPERAND] += feeds[feed, 1]
        for table in range(turn):
            run(tables[table, 0], tables[table, 1], zero)
        losses[step] = loss[0]
        if not math.isfinite(loss[0]):
            return step
        for table in range(turn, len(tables)):
            run(tables[table, 0], tables[table, 1], zero)
    return len(losses)
