"""A rate of its own for every parameter, by the size of its gradients: Adagrad, RMSprop, Adadelta."""

from typing import Annotated, ClassVar

from msgspec import Meta

from engine.backend import Array, Backend, BoundCall
from engine.optimizers.base import Epsilon, LearningRate, Optimizer


class Adagrad(Optimizer, frozen=True, tag="adagrad"):
    """s ← s + g²; p ← p - η g / (√(s₀ + s) + ε).

    Duchi, Hazan and Singer (2011), in its diagonal form; ε and the first sum s₀ are PyTorch's.
    """

    title: ClassVar[str] = "Adagrad"

    eps: Epsilon = 1e-10
    initial: Annotated[float, Meta(ge=0, le=1e6, title="First sum", description="s₀: the sum before step one")] = 0.0

    @property
    def slots(self) -> tuple[str, ...]:
        return ("sum",)

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        xp, (s,), (rate, *_), (t,) = backend.xp, state, scalars, scratch
        calls: list[BoundCall] = [(xp.multiply, g, g, t), (xp.add, s, t, s)]
        if self.initial:
            calls += [(xp.add, s, backend.scalar(self.initial), t), (xp.sqrt, t, t)]
        else:
            calls += [(xp.sqrt, s, t)]
        return [
            *calls,
            (xp.add, t, backend.scalar(self.eps), t),
            (xp.divide, g, t, t),
            (xp.multiply, t, rate, t),
            (xp.subtract, p, t, p),
        ]

    def torch(self, parameters: str) -> str:
        initial = f", initial_accumulator_value={self.initial}" if self.initial else ""
        return f"torch.optim.Adagrad({parameters}, lr={self.lr}, eps={self.eps}{initial})"


class RmsProp(Optimizer, frozen=True, tag="rmsprop"):
    """v ← α v + (1-α) g²; b ← μ b + g / (√v + ε); p ← p - η b. Centered: √(v - m²), m ← α m + (1-α) g.

    Hinton, Srivastava and Swersky (2012), lecture 6e; centered as in Graves (2013), equations 38 to 41;
    ε outside the root, as PyTorch has it. v and m are kept without their factor (1-α), as Adam's are.
    """

    title: ClassVar[str] = "RMSprop"

    alpha: Annotated[float, Meta(ge=0, lt=1, title="α", description="Decay of the mean square")] = 0.99
    eps: Epsilon = 1e-8
    momentum: Annotated[
        float, Meta(ge=0, lt=1, title="Momentum", description="Share μ of the last step that is kept")
    ] = 0.0
    centered: Annotated[bool, Meta(title="Centered", description="Divide by the variance's root")] = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("square", *(("mean",) if self.centered else ()), *(("velocity",) if self.momentum else ()))

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        return (lr / (1 - self.alpha) ** 0.5,)

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        xp, scalar, (rate, *_), (t,) = backend.xp, backend.scalar, scalars, scratch
        vectors = dict(zip(self.slots, state, strict=True))
        v, alpha = vectors["square"], scalar(self.alpha)
        calls: list[BoundCall] = [(xp.multiply, g, g, t), (xp.multiply, v, alpha, v), (xp.add, v, t, v)]
        if self.centered:
            m = vectors["mean"]
            calls += [
                (xp.multiply, m, alpha, m),
                (xp.add, m, g, m),
                (xp.multiply, m, m, t),
                (xp.multiply, t, scalar(1 - self.alpha), t),
                (xp.subtract, v, t, t),
                # A variance that rounding makes negative has no root; a NaN comes through the gradient.
                (xp.fmax, t, scalar(0.0), t),
                (xp.sqrt, t, t),
            ]
        else:
            calls += [(xp.sqrt, v, t)]
        calls += [(xp.add, t, scalar(self.eps / (1 - self.alpha) ** 0.5), t), (xp.divide, g, t, t)]
        if self.momentum:
            b = vectors["velocity"]
            calls += [(xp.multiply, b, scalar(self.momentum), b), (xp.add, b, t, b), (xp.multiply, b, rate, t)]
        else:
            calls += [(xp.multiply, t, rate, t)]
        return [*calls, (xp.subtract, p, t, p)]

    def torch(self, parameters: str) -> str:
        momentum = f", momentum={self.momentum}" if self.momentum else ""
        centered = ", centered=True" if self.centered else ""
        return (
            f"torch.optim.RMSprop({parameters}, lr={self.lr}, alpha={self.alpha}, eps={self.eps}{momentum}{centered})"
        )


class Adadelta(Optimizer, frozen=True, tag="adadelta"):
    """v ← ρ v + (1-ρ) g²; Δ = √(u + ε) / √(v + ε) g; u ← ρ u + (1-ρ) Δ²; p ← p - η Δ.

    Zeiler (2012), algorithm 1, which is η = 1.
    """

    title: ClassVar[str] = "Adadelta"
    scratch: ClassVar[int] = 2

    lr: LearningRate = 1.0
    rho: Annotated[float, Meta(ge=0, lt=1, title="ρ", description="Decay of both mean squares")] = 0.9
    eps: Epsilon = 1e-6

    @property
    def slots(self) -> tuple[str, ...]:
        return ("square", "step")

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        xp, (v, u), (rate, *_), (t, d) = backend.xp, state, scalars, scratch
        rho, new, eps = backend.scalar(self.rho), backend.scalar(1 - self.rho), backend.scalar(self.eps)
        return [
            (xp.multiply, g, g, t),
            (xp.multiply, t, new, t),
            (xp.multiply, v, rho, v),
            (xp.add, v, t, v),
            (xp.add, u, eps, d),
            (xp.add, v, eps, t),
            (xp.divide, d, t, d),
            (xp.sqrt, d, d),
            (xp.multiply, d, g, d),
            (xp.multiply, d, d, t),
            (xp.multiply, t, new, t),
            (xp.multiply, u, rho, u),
            (xp.add, u, t, u),
            (xp.multiply, d, rate, d),
            (xp.subtract, p, d, p),
        ]

    def torch(self, parameters: str) -> str:
        return f"torch.optim.Adadelta({parameters}, lr={self.lr}, rho={self.rho}, eps={self.eps})"
