"""What every optimizer is: whole-vector updates p ← p - step(g), bound once; what changes is a device scalar."""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, Backend, BoundCall
from engine.spec import Declared

CHUNK = 32_768  # numbers updated at a time: the few vectors of one chunk stay in the processor's cache

LearningRate = Annotated[float, Meta(gt=0, le=1e6, title="Learning rate", description="Step size", extra={"log": True})]
# From 1e-30: in float32 a smaller one is 0, and a unit without gradient would divide 0 by it.
Epsilon = Annotated[
    float, Meta(ge=1e-30, le=1, title="ε", description="Keeps the division finite", extra={"log": True})
]
Beta1 = Annotated[float, Meta(ge=0, lt=1, title="β₁", description="Decay of the gradient's mean")]
Beta2 = Annotated[float, Meta(ge=0, lt=1, title="β₂", description="Decay of its mean square")]
WeightDecay = Annotated[
    float,
    Meta(ge=0, le=1e3, title="Weight decay", description="Share of a weight, times the rate, taken off each step"),
]


class Optimizer(Declared, frozen=True):
    """State vectors are named in `slots`, numbers that change with the step in `scalars`; both start at 0."""

    every_step: ClassVar[bool] = False  # scalars differ from step to step, at a constant rate too
    searches: ClassVar[bool] = False  # evaluates the loss several times an update, see search.py
    scratch: ClassVar[int] = 1  # how many vectors of the chunk's length `calls` works in

    lr: LearningRate = 0.01

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the state vectors."""
        return ()

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        """The numbers for update `step`, counted from 1, at learning rate `lr`."""
        return (lr,)

    def scalar_rows(self, rates: Array, first: int) -> Array:
        """A row of scalars for each of the learning rates of updates `first` and following."""
        return np.array([self.scalars(rate, first + i) for i, rate in enumerate(rates.tolist())])

    @property
    def decay(self) -> float:
        """λ of w ← (1 - η λ) w, which weights go through before the update, biases never.

        Where there is one, the last of `scalars` is 1 - η λ.
        """
        return 0.0

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        """The calls that update `p` by gradient `g`; all vectors are of the same length."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def torch(self, parameters: str) -> str:
        """The PyTorch expression that makes the same optimizer of `parameters`."""
        raise NotImplementedError(self.kind())  # each kind has its own

    def torch_class(self) -> tuple[str, ...]:
        """The lines of a class that `torch` needs and PyTorch does not have."""
        return ()
