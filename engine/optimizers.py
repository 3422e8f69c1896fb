"""Optimizers: whole-vector updates p ← p - step(g), bound once; what changes from step to step is a device scalar."""

from typing import Annotated, ClassVar

from msgspec import Meta

from engine.backend import Array, Backend, BoundCall
from engine.spec import Declared

CHUNK = 32_768  # numbers updated at a time: the few vectors of one chunk stay in the processor's cache

LearningRate = Annotated[float, Meta(gt=0, le=1e6, title="Learning rate", description="Step size", extra={"log": True})]


class Optimizer(Declared, frozen=True):
    """State vectors are named in `slots`, numbers that change with the step in `scalars`; both start at 0."""

    slots: ClassVar[tuple[str, ...]] = ()
    every_step: ClassVar[bool] = False  # scalars differ from step to step, at a constant rate too

    lr: LearningRate = 0.01

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        """The numbers for update `step`, counted from 1, at learning rate `lr`."""
        return (lr,)

    def calls(
        self, backend: Backend, p: Array, g: Array, state: tuple[Array, ...], scalars: tuple[Array, ...], t: Array
    ) -> list[BoundCall]:
        """The calls that update `p` by gradient `g`; `t` is scratch of the same length."""
        raise NotImplementedError(self.kind())

    def torch(self, parameters: str) -> str:
        """The PyTorch expression that makes the same optimizer of `parameters`."""
        raise NotImplementedError(self.kind())


class Sgd(Optimizer, frozen=True, tag="sgd"):
    """v ← μ v + g; p ← p - η v, or with Nesterov p ← p - η (g + μ v) (PyTorch's form)."""

    title: ClassVar[str] = "SGD"
    slots: ClassVar[tuple[str, ...]] = ("velocity",)

    momentum: Annotated[
        float, Meta(ge=0, lt=1, title="Momentum", description="Share μ of the last step that is kept")
    ] = 0.0
    nesterov: Annotated[bool, Meta(title="Nesterov", description="Look ahead along the momentum")] = False

    def calls(
        self, backend: Backend, p: Array, g: Array, state: tuple[Array, ...], scalars: tuple[Array, ...], t: Array
    ) -> list[BoundCall]:
        xp, (v,), (lr,) = backend.xp, state, scalars
        if not self.momentum:
            return [(xp.multiply, g, lr, t), (xp.subtract, p, t, p)]
        mu = backend.scalar(self.momentum)
        calls: list[BoundCall] = [(xp.multiply, v, mu, v), (xp.add, v, g, v)]
        if self.nesterov:
            calls += [(xp.multiply, v, mu, t), (xp.add, t, g, t), (xp.multiply, t, lr, t)]
        else:
            calls += [(xp.multiply, v, lr, t)]
        return [*calls, (xp.subtract, p, t, p)]

    def torch(self, parameters: str) -> str:
        momentum = f", momentum={self.momentum}" if self.momentum else ""
        nesterov = ", nesterov=True" if self.nesterov and self.momentum else ""  # PyTorch refuses it without momentum
        return f"torch.optim.SGD({parameters}, lr={self.lr}{momentum}{nesterov})"


class Adam(Optimizer, frozen=True, tag="adam"):
    """m ← β₁ m + (1-β₁) g; v ← β₂ v + (1-β₂) g²; p ← p - η m̂ / (√v̂ + ε), hats corrected for bias.

    Kingma and Ba (2015), algorithm 1. The state keeps m / (1-β₁) and v / (1-β₂), whose factors go
    into the two scalars of a step: three whole-vector calls fewer.
    """

    title: ClassVar[str] = "Adam"
    slots: ClassVar[tuple[str, ...]] = ("mean", "square")
    every_step: ClassVar[bool] = True

    lr: LearningRate = 0.001
    beta1: Annotated[float, Meta(ge=0, lt=1, title="β₁", description="Decay of the gradient's mean")] = 0.9
    beta2: Annotated[float, Meta(ge=0, lt=1, title="β₂", description="Decay of its mean square")] = 0.999
    # From 1e-30: in float32 a smaller one is 0, and a unit without gradient would divide 0 by it.
    eps: Annotated[
        float, Meta(ge=1e-30, le=1, title="ε", description="Keeps the division finite", extra={"log": True})
    ] = 1e-8

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        mean = (1 - self.beta1) / (1 - self.beta1**step)
        root = ((1 - self.beta2**step) / (1 - self.beta2)) ** 0.5
        return lr * mean * root, self.eps * root

    def calls(
        self, backend: Backend, p: Array, g: Array, state: tuple[Array, ...], scalars: tuple[Array, ...], t: Array
    ) -> list[BoundCall]:
        xp, (m, v), (rate, eps) = backend.xp, state, scalars
        return [
            (xp.multiply, m, backend.scalar(self.beta1), m),
            (xp.add, m, g, m),
            (xp.multiply, g, g, t),
            (xp.multiply, v, backend.scalar(self.beta2), v),
            (xp.add, v, t, v),
            (xp.sqrt, v, t),
            (xp.add, t, eps, t),
            (xp.divide, m, t, t),
            (xp.multiply, t, rate, t),
            (xp.subtract, p, t, p),
        ]

    def torch(self, parameters: str) -> str:
        betas = f"betas=({self.beta1}, {self.beta2})"
        return f"torch.optim.Adam({parameters}, lr={self.lr}, {betas}, eps={self.eps})"
