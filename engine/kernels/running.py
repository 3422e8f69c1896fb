"""Programs that run: the only door to what Numba compiles."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.backend import Array, Call
from engine.kernels.machine import run, run_steps
from engine.kernels.program import WIDTH, table

if TYPE_CHECKING:
    from engine.plan import Plan


class Program:
    """A list of calls as one."""

    __slots__ = ("_kept", "rows", "zero")

    def __init__(self, rows: Array, kept: list[Array]) -> None:
        self.rows, self._kept = rows.astype(np.uint64), kept
        dtype = next((array.dtype for array in kept if array.dtype != bool), np.dtype(np.float32))
        self.zero = dtype.type(0)

    def __call__(self) -> None:
        run(self.rows, self.zero)


def lowered(calls: list[Call]) -> list[Call]:
    """The calls as one program; as they are where they are too many, too large or of a kind that it does not know."""
    made = table(calls) if calls else None
    return calls if made is None else [Program(*made)]


def updates(
    plan: "Plan",
    calls: tuple[list[Call], list[Call]],
    count: int,
    batches: tuple[Array, Array] | None,
    scalars: Array | None,
    place: Array,
) -> int:
    """Up to `count` updates in one call; returns how many were done.

    `calls` lead to the loss, and from it to the end of an update. `batches` are rows (n, N, features + 1) and targets
    (n, units, N), None where they are in the plan and stay; `scalars` (n, k) go to `place`. None is done where some
    call is no program; those from the first on whose loss is no number are not.
    """
    programs = [_rows(part) for part in (plan.target_calls, *calls)]
    prepare, forward, after = programs
    if prepare is None or forward is None or after is None:
        return 0
    numbers = plan.rows.dtype
    if batches is None:
        batches = np.empty((0, *plan.rows.shape), numbers), np.empty((0, *plan.targets.shape[::-1]), numbers)
        batches = batches[0], batches[1].transpose(0, 2, 1)
    else:
        count = len(batches[0])
    if scalars is None:
        scalars = np.empty((0, len(place)), numbers)
    places = plan.rows, plan.targets, place
    losses = np.empty(count, numbers)
    done: int = run_steps(
        (prepare, forward, after), plan.loss.reshape(1), losses, *batches, scalars, places, numbers.type(0)
    )
    return done


def _rows(calls: Sequence[Call]) -> Array | None:
    """The rows of calls that are programs, one after another; None where one is not."""
    parts = [call.rows for call in calls if isinstance(call, Program)]
    return np.concatenate([np.empty((0, WIDTH), np.uint64), *parts]) if len(parts) == len(calls) else None


def warm() -> None:
    """Has everything compiled for each number type: targets lie by rows, or, of several units, by columns."""
    none = np.empty((0, WIDTH), np.uint64)
    for numbers in (np.float32, np.float64):
        matrix, vector = np.empty((2, 2), numbers), np.empty(2, numbers)
        block = np.empty((2, 2, 2), numbers)
        run(none, numbers(0))
        for targets in (block, block.transpose(0, 2, 1)):
            places = matrix, matrix, vector
            run_steps((none, none, none), vector, vector[:0], block, targets, matrix, places, numbers(0))
