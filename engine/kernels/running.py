"""Programs that run: the only door to what Numba compiles."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from engine.backend import Array, Call
from engine.kernels.choice import forget_others
from engine.kernels.machine import OPERAND, run, run_steps
from engine.kernels.operations import address
from engine.kernels.program import Table, parts, table, told
from engine.kernels.rows import WIDTH, Op, rows_of

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

    def line(self, number: int) -> Array:
        """The fields of one line."""
        fields: Array = self._lines[number]
        return fields


def lowered(calls: list[Call]) -> list[Call]:
    """The calls as one program; where they are too much work or of a kind that it does not know, as several."""
    made = table(calls) if calls else None
    if made is not None:
        return [Program(made)]
    return [Program(part) if isinstance(part, Table) else part for part in parts(calls)]


class Steps:
    """Updates of one plan, as many as are asked for in one call."""

    def __init__(self, plan: "Plan", before: Sequence[Program], after: Sequence[Program], scalars: Array) -> None:
        """`before` lead to the loss, `after` from it to the end of an update; that takes `scalars` (k,)."""
        prepared = [call for call in plan.target_calls if isinstance(call, Program)]
        # What differs from step to step is copied to its place; here stand two arrays that lie as it will.
        rows, columns = np.empty_like(plan.rows), np.empty(plan.targets.shape[::-1], scalars.dtype).T
        self._rows, self._targets, self._scalars = (
            Program(told(rows_of(partial(np.copyto, place, given))))
            for place, given in ((plan.rows, rows), (plan.targets, columns), (scalars, np.empty_like(scalars)))
        )
        self._batch, self._before = [self._rows, self._targets, *prepared], list(before)
        self._changes, self._after = [self._scalars], list(after)
        self._loss, self._kept = np.uint64(plan.loss.ctypes.data), plan.loss
        self._tables: dict[tuple[bool, bool], tuple[Array, int]] = {}

    def __call__(self, count: int, batches: tuple[Array, Array] | None, scalars: Array | None) -> int:
        """Up to `count` updates; returns how many were done: those from the first on whose loss is no number are not.

        `batches` are rows (n, N, features + 1) and targets (n, units, N), None where they are in the plan and stay;
        `scalars` (n, k) are None where they stay.
        """
        feeds = list[tuple[int, int]]()
        given = [(self._scalars, scalars)] if scalars is not None else []
        if batches is not None:
            count = len(batches[0])
            given += [(self._rows, batches[0]), (self._targets, batches[1])]
        for program, data in given:
            program.line(0)[OPERAND] = data.ctypes.data
            feeds.append((program.start, data.strides[0]))
        losses = np.empty(count, self._kept.dtype)
        tables, turn = self._tables_for(batches is not None, scalars is not None)
        done: int = run_steps(tables, turn, np.array(feeds, np.uint64).reshape(-1, 2), self._loss, losses)
        return done

    def _tables_for(self, batches: bool, scalars: bool) -> tuple[Array, int]:
        """Addresses and counts of all tables, and how many lead to the loss."""
        if (batches, scalars) not in self._tables:
            before = (self._batch if batches else []) + self._before
            every = before + (self._changes if scalars else []) + self._after
            told = np.array([(program.start, program.count) for program in every], np.uint64)
            self._tables[batches, scalars] = told, len(before)
        return self._tables[batches, scalars]


def steps(plan: "Plan", before: Sequence[Call], after: Sequence[Call], scalars: Array) -> Steps | None:
    """None where a call is no program."""
    calls = [*plan.target_calls, *before, *after]
    if not all(isinstance(call, Program) for call in calls):
        return None
    first, then = ([call for call in part if isinstance(call, Program)] for part in (before, after))
    return Steps(plan, first, then, scalars)


def warm() -> None:
    """Has everything compiled for each number type."""
    for number in NUMBERS.values():
        for op in Op:
            address(op, number)
        run(np.uint64(0), np.uint64(0), number(0))
        none = np.empty((0, 2), np.uint64)
        run_steps(none, 0, none, np.uint64(np.empty(1, number).ctypes.data), np.empty(0, number))
