"""Sequences (T, F) inside a plan: T·F rows of columns outside, and (T, N, F) where each step's examples are rows.

In the second form the examples of all steps are the rows of one matrix, so that what is alike at each step is one
product, and so is the sum over the steps in a gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.backend import Array
from engine.errors import ShapeError
from engine.layers.base import Shape, text_of

if TYPE_CHECKING:
    from engine.plan import Plan


def sequence(shape: Shape) -> Shape:
    """`shape`, if it is a sequence's; else a ShapeError."""
    if len(shape) != 2:
        hint = (
            "; a reshape before it makes one" if len(shape) > 2 else "; an embedding or a reshape before it makes one"
        )
        raise ShapeError(f"expected a sequence of steps × features, got shape {text_of(shape)}{hint}")
    return shape


def by_step(columns: Array, steps: int) -> Array:
    """A view (T, N, F) of columns (T·F, N)."""
    rows, batch = columns.shape
    return columns.reshape(steps, rows // steps, batch).transpose(0, 2, 1)


def step_rows(plan: Plan, columns: Array, steps: int, one: bool) -> Array:
    """A copy (T, N, F) of columns (T·F, N), made going forward; with `one`, a 1 stands behind each row."""
    view = by_step(columns, steps)
    rows = plan.backend.ones(*view.shape[:2], view.shape[2] + one)
    plan.forward(plan.xp.copyto, rows[:, :, : view.shape[2]], view)
    return rows


def flat(rows: Array) -> Array:
    """(T, N, F) as one matrix (T·N, F), a view."""
    return rows.reshape(rows.shape[0] * rows.shape[1], rows.shape[2])
