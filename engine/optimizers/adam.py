"""Adam and its near kin: AMSGrad, AdamW, Adamax, NAdam.

All keep m / (1-β₁) and v / (1-β₂), whose factors go into the scalars of a step: three whole-vector calls fewer.
"""

from functools import lru_cache
from math import ceil, log
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, Backend, BoundCall
from engine.optimizers.base import Beta1, Beta2, Epsilon, LearningRate, Optimizer, WeightDecay

NOTHING = 2.0**-60  # 1 - x is 1 for every x below


class Moments(Optimizer, frozen=True):
    """Two running means of the gradient: m ← β₁ m + (1-β₁) g and one of its size."""

    every_step: ClassVar[bool] = True

    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Epsilon = 1e-8

    @property
    def slots(self) -> tuple[str, ...]:
        return ("mean", "square")

    def root(self, step: int) -> float:
        """√((1-β₂ᵗ) / (1-β₂)): what the kept √v is divided by to be √v̂."""
        return float(((1 - self.beta2**step) / (1 - self.beta2)) ** 0.5)

    def both_calls(self, backend: Backend, m: Array, v: Array, g: Array, t: Array) -> list[BoundCall]:
        """Those of the mean and of the mean square; two fewer where m and v, and g and t, lie side by side."""
        both, gradients = backend.joined(m, v), backend.joined(g, t)
        if both is None or gradients is None:
            return [*self.mean_calls(backend, m, g), *self.square_calls(backend, v, g, t)]
        decay, xp = backend.zeros(both.size), backend.xp
        decay[: m.size], decay[m.size :] = self.beta1, self.beta2
        return [(xp.multiply, g, g, t), (xp.multiply, both, decay, both), (xp.add, both, gradients, both)]

    def mean_calls(self, backend: Backend, m: Array, g: Array) -> list[BoundCall]:
        return [(backend.xp.multiply, m, backend.scalar(self.beta1), m), (backend.xp.add, m, g, m)]

    def square_calls(self, backend: Backend, v: Array, g: Array, t: Array) -> list[BoundCall]:
        xp = backend.xp
        return [
            (xp.multiply, g, g, t),
            (xp.multiply, v, backend.scalar(self.beta2), v),
            (xp.add, v, t, v),
        ]

    def torch_arguments(self) -> str:
        return f"lr={self.lr}, betas=({self.beta1}, {self.beta2}), eps={self.eps}"


class Adam(Moments, frozen=True, tag="adam"):
    """m ← β₁ m + (1-β₁) g; v ← β₂ v + (1-β₂) g²; p ← p - η m̂ / (√v̂ + ε), hats corrected for bias.

    Kingma and Ba (2015), algorithm 1. AMSGrad (Reddi, Kale and Kumar 2018, algorithm 2) divides by the
    largest v so far, before its correction for bias, as PyTorch does.
    """

    title: ClassVar[str] = "Adam"

    lr: LearningRate = 0.001
    amsgrad: Annotated[bool, Meta(title="AMSGrad", description="Divide by the largest mean square so far")] = False

    @property
    def slots(self) -> tuple[str, ...]:
        return ("mean", "square", "largest") if self.amsgrad else ("mean", "square")

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        return tuple(self.scalar_rows(np.array([lr]), step)[0].tolist())

    def scalar_rows(self, rates: Array, first: int) -> Array:
        """All at once: of a tiny net they would cost more than the steps."""
        steps = np.arange(first, first + len(rates), dtype=np.float64)
        mean = (1 - self.beta1) / (1 - _powers(self.beta1, steps))
        root = np.sqrt((1 - _powers(self.beta2, steps)) / (1 - self.beta2))
        rows: Array = np.stack([rates * mean * root, self.eps * root], axis=1)
        return rows

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        xp, (m, v, *rest), (rate, eps, *_), (t,) = backend.xp, state, scalars, scratch
        # A NaN in v is in m too, and so comes through.
        largest: list[BoundCall] = [(xp.fmax, rest[0], v, rest[0])] if self.amsgrad else []
        return [
            *self.both_calls(backend, m, v, g, t),
            *largest,
            (xp.sqrt, rest[0] if self.amsgrad else v, t),
            (xp.add, t, eps, t),
            (xp.divide, m, t, t),
            (xp.multiply, t, rate, t),
            (xp.subtract, p, t, p),
        ]

    def torch_arguments(self) -> str:
        return f"{super().torch_arguments()}{', amsgrad=True' if self.amsgrad else ''}"

    def torch(self, parameters: str) -> str:
        return f"torch.optim.Adam({parameters}, {self.torch_arguments()})"


class AdamW(Adam, frozen=True, tag="adamw"):
    """w ← (1 - η λ) w, then Adam: the decay does not go through its running means.

    Loshchilov and Hutter (2019), algorithm 2, with the decay times the rate as PyTorch has it. Weights decay, never
    biases; PyTorch by itself decays all that it is given.
    """

    title: ClassVar[str] = "AdamW"

    weight_decay: WeightDecay = 0.01

    @property
    def decay(self) -> float:
        return self.weight_decay

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        return tuple(self.scalar_rows(np.array([lr]), step)[0].tolist())

    def scalar_rows(self, rates: Array, first: int) -> Array:
        rows = super().scalar_rows(rates, first)
        return np.concatenate([rows, 1 - rates[:, None] * self.decay], axis=1) if self.decay else rows

    def torch(self, parameters: str) -> str:
        return f"torch.optim.AdamW({parameters}, {self.torch_arguments()}, weight_decay=0.0)"


class Adamax(Moments, frozen=True, tag="adamax"):
    """m ← β₁ m + (1-β₁) g; u ← max(β₂ u, |g| + ε); p ← p - η m̂ / u.

    Kingma and Ba (2015), algorithm 2, with ε where PyTorch adds it.
    """

    title: ClassVar[str] = "Adamax"

    lr: LearningRate = 0.002

    @property
    def slots(self) -> tuple[str, ...]:
        return ("mean", "largest")

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        return (lr * (1 - self.beta1) / (1 - self.beta1**step),)

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        xp, (m, u), (rate, *_), (t,) = backend.xp, state, scalars, scratch
        return [
            *self.mean_calls(backend, m, g),
            (xp.multiply, u, backend.scalar(self.beta2), u),
            (xp.absolute, g, t),
            (xp.add, t, backend.scalar(self.eps), t),
            (xp.fmax, u, t, u),
            (xp.divide, m, u, t),
            (xp.multiply, t, rate, t),
            (xp.subtract, p, t, p),
        ]

    def torch(self, parameters: str) -> str:
        return f"torch.optim.Adamax({parameters}, {self.torch_arguments()})"


class NAdam(Moments, frozen=True, tag="nadam"):
    """p ← p - η ((1-μₜ) g / (1 - Πμ) + μₜ₊₁ m / (1 - μₜ₊₁ Πμ)) / (√v̂ + ε), with m and v as in Adam.

    Dozat (2016), with the schedule μₜ = β₁ (1 - 0.96^(t ψ) / 2) and Πμ = μ₁ … μₜ, as PyTorch has it.
    """

    title: ClassVar[str] = "NAdam"
    scratch: ClassVar[int] = 2

    lr: LearningRate = 0.002
    momentum_decay: Annotated[
        float, Meta(ge=0, le=1, title="Momentum decay", description="ψ: how fast μ rises from β₁/2 to β₁")
    ] = 0.004

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        now, then = (_momentum(self.beta1, self.momentum_decay, t) for t in (step, step + 1))
        so_far = _product(self.beta1, self.momentum_decay, step)
        root = self.root(step)
        of_gradient = (1 - now) / (1 - so_far)
        of_mean = then * (1 - self.beta1) / (1 - so_far * then)
        return lr * of_gradient * root, self.eps * root, of_mean / of_gradient

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        xp, (m, v), (rate, eps, share, *_), (t, u) = backend.xp, state, scalars, scratch
        return [
            *self.both_calls(backend, m, v, g, t),
            (xp.sqrt, v, t),
            (xp.add, t, eps, t),
            (xp.multiply, m, share, u),
            (xp.add, u, g, u),
            (xp.divide, u, t, u),
            (xp.multiply, u, rate, u),
            (xp.subtract, p, u, p),
        ]

    def torch(self, parameters: str) -> str:
        return f"torch.optim.NAdam({parameters}, {self.torch_arguments()}, momentum_decay={self.momentum_decay})"


def _powers(beta: float, steps: Array) -> Array:
    """βᵗ, for large t one that is as good as 0: the least numbers that there are would take ten times as long."""
    enough = log(NOTHING) / log(beta) + 1 if beta else 1.0
    powers: Array = beta ** np.minimum(steps, ceil(enough))
    return powers


def _momentum(beta1: float, decay: float, step: int) -> float:
    return float(beta1 * (1 - 0.5 * 0.96 ** (step * decay)))


def _product(beta1: float, decay: float, step: int) -> float:
    """μ₁ … μₜ, in the same order of products however the step was reached."""
    if beta1**step < NOTHING:  # every factor is below β₁
        return 0.0
    return float(_products(beta1, decay, max(1024, 1 << step.bit_length()))[step - 1])


@lru_cache(maxsize=8)
def _products(beta1: float, decay: float, count: int) -> Array:
    products: Array = np.cumprod([_momentum(beta1, decay, step) for step in range(1, count + 1)])
    return products
