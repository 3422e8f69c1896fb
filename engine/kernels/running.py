"""Programs that run: the only door to what Numba compiles."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from engine.backend import Array, Call, Lot
from engine.kernels.choice import forget_others
from engine.kernels.machine import run, run_steps
from engine.kernels.operations import address
from engine.kernels.orders import shuffle as shuffle
from engine.kernels.program import Table, parts, table
from engine.kernels.rows import WIDTH, Op

if TYPE_CHECKING:
    from engine.plan import Plan

with suppress(OSError):  # where nothing can be written, nothing is kept
    forget_others()

LINE = 8 * WIDTH  # bytes
NUMBERS = {4: np.float32, 8: np.float64}


class Program:
    """A list of calls as one: what each line does stands in its first field as the address of machine code."""

    __slots__ = ("_kept", "_lines", "_of_count", "_start", "count", "start", "zero")

    def __init__(self, made: Table) -> None:
        self._kept, self.count = made.kept, made.first
        number = np.float64 if any(array.dtype == np.float64 for array in made.kept) else np.float32
        self.zero = number(0)
        self._lines = made.lines.astype(np.uint64)
        self.start: int = self._lines.ctypes.data
        for line in self._lines:
            op = Op(int(line[0]))
            if op == Op.BLOCKS:
                line[4] = self.start + int(line[4]) * LINE
            line[0] = address(op, number)
        self._start, self._of_count = np.uint64(self.start), np.uint64(self.count)

    def __call__(self) -> None:
        run(self._start, self._of_count, self.zero)


def lowered(calls: list[Call]) -> list[Call]:
    """The calls as one program; where they are too much work or of a kind that it does not know, as several."""
    made = table(calls) if calls else None
    if made is not None:
        return [Program(made)]
    return [Program(part) if isinstance(part, Table) else part for part in parts(calls)]


Programs = Sequence[Program]


class Steps:
    """Updates by the plans of whole batches and of an epoch's last, smaller one: many in one call."""

    def __init__(self, ways: Sequence[tuple["Plan", Programs, Programs]], scalars: Array) -> None:
        """Of each way a plan, what leads to its loss, and what from there to its update's end by `scalars` (k,)."""
        tables, told = list[tuple[int, int]](), list[tuple[int, ...]]()
        self._kept = list(ways), scalars
        for plan, before, after in ways:
            first, turn = len(tables), len(tables) + len(before)
            tables += [(program.start, program.count) for program in (*before, *after)]
            places = (array.ctypes.data for array in (plan.loss, plan.rows, plan.targets))
            told.append((plan.batch, first, turn, len(tables), *places))
        self._tables, self._ways = np.array(tables, np.uint64).reshape(-1, 2), np.array(told, np.uint64)
        self._staying = self._ways.copy()  # what a plan makes of its targets stays as well
        self._staying[:, 1] += np.array([len(plan.target_calls) for plan, _, _ in ways], np.uint64)
        self._scalars, self._none = scalars, np.empty(0, np.int64)

    def __call__(self, count: int, lot: Lot | None, scalars: Array | None) -> Array:
        """Up to `count` updates; the losses of those done: from the first on whose loss is no number none is.

        The batches are of `lot`, or in the plan (None) and stay; `scalars` (count, k) are None where they stay.
        """
        losses = np.empty(count, self._scalars.dtype)
        changes = np.empty((0, 3), np.uint64)
        if scalars is not None:
            changes = np.array([(self._scalars.ctypes.data, scalars.shape[1], scalars.ctypes.data)], np.uint64)
        examples = np.zeros(6, np.uint64)
        if lot is not None:
            rows, targets = lot.rows, lot.targets
            places = rows.ctypes.data, targets.ctypes.data
            examples[:] = *places, rows.shape[1], targets.shape[1], lot.whole, lot.left
        else:
            examples[-2:] = self._ways[0, 0]
        ways, chosen = (self._staying, self._none) if lot is None else (self._ways, lot.chosen)
        done: int = run_steps(self._tables, ways, examples, chosen, changes, losses)
        return losses[:done]


def steps(ways: Sequence[tuple["Plan", Sequence[Call], Sequence[Call]]], scalars: Array) -> Steps | None:
    """None where a call is no program."""
    made = list[tuple["Plan", Programs, Programs]]()
    for plan, before, after in ways:
        parts = [*plan.target_calls, *before], after
        if not all(isinstance(call, Program) for part in parts for call in part):
            return None
        first, then = ([call for call in part if isinstance(call, Program)] for part in parts)
        made.append((plan, first, then))
    return Steps(made, scalars)


def warm() -> None:
    """Has everything compiled for each number type."""
    shuffle(np.zeros((1, 2), np.uint64), np.zeros((1, 2), np.int64))
    for number in NUMBERS.values():
        for op in Op:
            address(op, number)
        run(np.uint64(0), np.uint64(0), number(0))
        none = (np.empty((0, width), np.uint64) for width in (2, 7))
        chosen, changes = np.empty(0, np.int64), np.empty((0, 3), np.uint64)
        run_steps(*none, np.zeros(6, np.uint64), chosen, changes, np.empty(0, number))
