"""The next steps laid out: what each runs and takes, so that a step itself has nothing to look up."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import repeat
from math import isfinite
from typing import Any

from engine.backend import Array, Call
from engine.plan import Moment, Plan
from engine.subnormal import Flushed

ALIKE = 1024  # steps laid out at once where every batch is all examples

# What to copy before a step, and where: examples, what is given with them and the optimizer's scalars, as far as they
# are not there.
Moves = tuple[tuple[Array, Array], ...]
Apart = tuple[Callable[..., object], tuple[Any, ...]]  # a call's function and its arguments: in a loop quicker than it
Laid = tuple[Plan, list[Call], list[Call]]  # with the calls before the loss is known and after
# The same with moves before, and with what tells the loss.
Step = tuple[Plan, Moves, list[Apart], Callable[[], float], list[Apart]]


def laid_out(
    blocks: Sequence[tuple[Array, Array]],
    stays: bool,
    calls_for: Callable[[int], Laid],
    scalars: Array,
    scalars_for: Callable[[int], Array] | None,
) -> Iterator[Step]:
    """The steps over `blocks` of batches, each of one size; where one batch `stays`, steps with it.

    Batches of one size come together, as arrays: walking over these is faster than slicing. `scalars_for` makes
    `scalars` that change, for all these steps at once.
    """
    changing = list[Iterator[tuple[Array, Array]]]()
    if scalars_for is not None:
        steps = ALIKE if stays else sum(len(rows) * rows.shape[1] for rows, _ in blocks)
        changing.append(zip(repeat(scalars), scalars_for(steps), strict=False))
    laid = []
    for rows, targets in blocks:
        plan, forward, after = calls_for(rows.shape[2])
        runs = plan, [_apart(call) for call in forward], [_apart(call) for call in after]
        if stays:
            plan.fill(rows[0, 0], targets[0, 0])
            laid.append([(ALIKE, runs, changing)])
            continue
        rooms, given = plan.laid_out(rows, targets)
        own = [
            [zip(repeat(room), part, strict=False) for room, part in zip(rooms, epoch, strict=True)]
            for epoch in zip(*given, strict=True)
        ]
        laid.append([(rows.shape[1], runs, moves + changing) for moves in own])
    for epoch in zip(*laid, strict=True):
        for count, (plan, forward, after), moves in epoch:
            each = zip(*moves, strict=False) if moves else repeat(())
            yield from zip(
                repeat(plan, count), each, repeat(forward), repeat(plan.loss.item), repeat(after), strict=False
            )


def run(steps: Iterator[Step], moment: Moment, losses: list[float]) -> tuple[Plan, float] | None:
    """Does `steps` and writes their `losses` down; one that is no number ends it, with the plan where it came to be."""
    with Flushed():
        for plan, moves, forward, told, after in steps:
            for room, given in moves:
                room[...] = given
            for function, arguments in forward:
                function(*arguments)
            loss = told()
            if not isfinite(loss):
                return plan, loss
            for function, arguments in after:
                function(*arguments)
            losses.append(loss)
            moment.step += 1
    return None


def _apart(call: Call) -> Apart:
    return (call.func, call.args) if isinstance(call, partial) and not call.keywords else (call, ())
