"""Lion: steps of one size, by sign alone."""

from typing import Annotated, ClassVar

from msgspec import Meta

from engine.backend import Array, Backend, BoundCall
from engine.optimizers.base import Beta1, LearningRate, Optimizer, WeightDecay

TORCH = '''class Lion(torch.optim.Optimizer):
    """Steps of one size, by the sign of a running mean (Chen et al. 2023)."""

    def __init__(self, params, lr, betas, weight_decay=0.0):
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * torch.lerp(p.grad, mean, beta1).sign())
                mean.lerp_(p.grad, 1 - beta2)'''


class Lion(Optimizer, frozen=True, tag="lion"):
    """w ← (1 - η λ) w; p ← p - η sign(β₁ m + (1-β₁) g); m ← β₂ m + (1-β₂) g.

    Chen et al. (2023), algorithm 2. Weights decay, never biases. m is kept without its factor (1-β₂).
    """

    title: ClassVar[str] = "Lion"

    lr: LearningRate = 0.0001
    beta1: Beta1 = 0.9
    beta2: Annotated[float, Meta(ge=0, lt=1, title="β₂", description="Decay of the mean that is kept")] = 0.99
    weight_decay: WeightDecay = 0.0

    @property
    def slots(self) -> tuple[str, ...]:
        return ("mean",)

    @property
    def decay(self) -> float:
        return self.weight_decay

    def scalars(self, lr: float, step: int) -> tuple[float, ...]:
        return (lr, *((1 - lr * self.decay,) if self.decay else ()))

    def calls(
        self,
        backend: Backend,
        p: Array,
        g: Array,
        state: tuple[Array, ...],
        scalars: tuple[Array, ...],
        scratch: tuple[Array, ...],
    ) -> list[BoundCall]:
        xp, (m,), (rate, *_), (t,) = backend.xp, state, scalars, scratch
        share = backend.scalar(self.beta1 * (1 - self.beta2) / (1 - self.beta1))
        return [
            (xp.multiply, m, share, t),
            (xp.add, t, g, t),
            (xp.sign, t, t),
            (xp.multiply, t, rate, t),
            (xp.subtract, p, t, p),
            (xp.multiply, m, backend.scalar(self.beta2), m),
            (xp.add, m, g, m),
        ]

    def torch(self, parameters: str) -> str:
        return f"Lion({parameters}, lr={self.lr}, betas=({self.beta1}, {self.beta2}))"

    def torch_class(self) -> tuple[str, ...]:
        return tuple(TORCH.splitlines())
