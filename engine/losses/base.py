"""What every loss is: a mean over all elements or examples, and its gradient at the network's output.

A loss acts on columns: outputs z and targets y are (units, N).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from engine.backend import Array, BoundCall
from engine.errors import Problem, ProjectError
from engine.spec import Declared

if TYPE_CHECKING:
    from engine.data.source import Summary
    from engine.plan import Plan, Var


class Loss(Declared, frozen=True):
    takes_logits: ClassVar[bool] = False  # of a last sigmoid or softmax it takes the input

    def targets(self, y: Array, classes: int | None, units: int) -> Array:
        """`y` as (N, units) numbers; a ProjectError says both sides where they do not fit."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def example(self, summary: Summary) -> Array:
        """One y such as the data have, on which it is seen whether loss and outputs fit them."""
        return summary.example()

    def beside(self, units: int, n: int, classes: int | None) -> int:
        """How many numbers of a batch of `n` follow from its targets alone: they go with these."""
        return 0

    def prepare(self, plan: Plan, y: Array, beside: Array, classes: int | None) -> list[BoundCall]:
        """The calls that make `beside` (…, numbers) of targets `y` (…, units, N): of one batch, or of several."""
        return []

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        """Adds the calls that write `plan.loss` and, going back, `z.grad`; they take `y` and `plan.beside`."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def each(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array:
        """The loss of every example (N,); their sum over `weight` is the loss of the batch."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def hits(self, xp: Any, z: Array, y: Array, classes: int | None) -> Array | None:
        """True where the decision is right, an entry per decision; None where nothing is decided."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def weight(self, xp: Any, y: Array, classes: int | None) -> float:
        """How much the loss of a batch with targets `y` counts in the mean over several."""
        return float(y.shape[1])

    def shares(self, output: Array) -> Array:
        """Outputs (N, units) on the host as shares: with one output, class 1 is decided from 0.5 on."""
        return output

    def averaged(self, outputs: Array) -> Array:
        """One output (N, units) for those of several networks (members, N, units), on the host."""
        mean: Array = outputs.mean(axis=0)
        return mean

    def torch(self, units: int) -> str:
        """The PyTorch expression that makes the same loss on `units` outputs, of logits where `takes_logits`."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def torch_class(self, units: int) -> tuple[str, ...]:
        """The lines of a class that `torch` needs and PyTorch does not have."""
        return ()

    def torch_targets(self, classes: int | None, units: int) -> str:
        """The expression that makes of a tensor `y`, as the data have it, what that loss takes."""
        if units == 1:
            return "y.float().reshape(-1, 1)"
        return "y.float()" if classes is None else f"nn.functional.one_hot(y.long(), {units}).float()"


def alike(beside: Array, y: Array) -> list[Array]:
    """What follows from targets `y`, as arrays of their shape."""
    size = y.shape[-2] * y.shape[-1]
    return [beside[..., start : start + size].reshape(y.shape) for start in range(0, beside.shape[-1], size)]


def columns(y: Array, units: int) -> Array:
    """`y` (N, K) of numbers, if the network has K outputs."""
    if y.shape[1:] != (units,):
        raise misfit(f"the data's y has {y.shape[1]} columns, the network {counted(units)}")
    return y.astype(np.float64)


def one_hot(y: Array, classes: int, units: int) -> Array:
    """e(y): a row of `units` numbers, 1 at the example's class."""
    if units < classes:
        raise misfit(f"the data have {classes} classes, the network {counted(units)}")
    rows = np.zeros((len(y), units))
    rows[np.arange(len(y)), y] = 1
    return rows


def same_class(z: Array, y: Array) -> Array:
    same: Array = z.argmax(axis=0) == y.argmax(axis=0)
    return same


def same_side(z: Array, y: Array, threshold: float) -> Array:
    same: Array = (z > threshold) == (y > 0.5)
    return same


def misfit(message: str) -> ProjectError:
    return ProjectError(Problem("training.loss", message))


def counted(units: int) -> str:
    return "one output" if units == 1 else f"{units} outputs"
