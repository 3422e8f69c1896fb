"""Gradient descent, plain or with momentum."""

from typing import Annotated, ClassVar

from msgspec import Meta

from engine.backend import Array, Backend, BoundCall
from engine.optimizers.base import Optimizer


class Sgd(Optimizer, frozen=True, tag="sgd"):
    """v ← μ v + g; p ← p - η v, or with Nesterov p ← p - η (g + μ v) (PyTorch's form)."""

    title: ClassVar[str] = "SGD"

    momentum: Annotated[
        float, Meta(ge=0, lt=1, title="Momentum", description="Share μ of the last step that is kept")
    ] = 0.0
    nesterov: Annotated[bool, Meta(title="Nesterov", description="Look ahead along the momentum")] = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        xp, (lr, *_), (t,) = backend.xp, scalars, scratch
        if not self.momentum:
            return [(xp.multiply, g, lr, t), (xp.subtract, p, t, p)]
        (v,), mu = state, backend.scalar(self.momentum)
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
