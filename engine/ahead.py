"""The next steps laid out: what each runs and takes, so that a step itself has nothing to look up."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

from engine.backend import Array, Call
from engine.plan import Plan

ALIKE = 256  # steps laid out at once where every batch is all examples

# A plan, the calls before the loss is known and after, and what to copy in: rows, what is given with them and the
# optimizer's scalars (None: they are there).
Step = tuple[Plan, list[Call], list[Call], Array | None, Array | None, Array | None]


def laid_out(
    blocks: Sequence[tuple[Array, Array]],
    stays: bool,
    calls_for: Callable[[int], tuple[Plan, list[Call], list[Call]]],
    scalars_for: Callable[[int], Array] | None,
) -> Iterator[Step]:
    """The steps over `blocks` of batches, each of one size; where one batch `stays`, steps with it.

    Batches of one size come together, as arrays: walking over these is faster than slicing. `scalars_for` makes those
    that change, for all these steps at once.
    """
    scalars: Any = repeat(None)
    if scalars_for is not None:
        scalars = iter(scalars_for(ALIKE if stays else sum(len(rows) * rows.shape[1] for rows, _ in blocks)))
    laid = list[Any]()
    for rows, targets in blocks:
        plan, forward, after = calls_for(rows.shape[2])
        if stays:
            plan.fill(rows[0, 0], targets[0, 0])
        batches: Any = ([repeat(None, ALIKE)], [repeat(None)]) if stays else (rows, plan.given_by(targets))
        laid.append([(repeat(plan), repeat(forward), repeat(after), *given) for given in zip(*batches, strict=True)])
    epochs = chain.from_iterable(zip(*laid, strict=True))
    return chain.from_iterable(zip(*alike, scalars, strict=False) for alike in epochs)
