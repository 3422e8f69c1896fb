"""The plain recurrent layer, Elman 1990."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.layers.recurrent.base import Recurrent
from engine.layers.recurrent.sweep import Sweep, Tensors

if TYPE_CHECKING:
    from engine.plan import Plan


class TanhSweep(Sweep):
    """h = tanh a; h' = 1 - h²."""

    def __init__(self, plan: Plan, x: Array, values: Tensors, grads: Tensors | None, backwards: bool) -> None:
        super().__init__(plan, x, values, grads, backwards)
        if grads is not None:
            self._slopes = self.zeros(self.some, self.batch, self.units)

    def step(self, number: int, step: int) -> list[BoundCall]:
        state = self.states[step]
        return [
            *self.from_states(step),
            (self.xp.add, self.from_x[step, 0], self.product[0], state),
            self.activated(state),
        ]

    def activated(self, state: Array) -> BoundCall:
        return (self.xp.tanh, state, state)

    def slopes(self, some: slice, here: slice) -> list[BoundCall]:
        xp, states, slopes = self.xp, self._in_order(self.states)[some], self._slopes[here]
        return [(xp.multiply, states, states, slopes), (xp.subtract, self.plan.number(1), slopes, slopes)]

    def step_back(self, number: int, step: int) -> list[BoundCall]:
        return [(self.xp.multiply, self.delta[step], self._slopes[number % self.some], self.deltas[0, step])]


class ReluSweep(TanhSweep):
    """h = max(a, 0); h' = 1 where h > 0."""

    unbounded: ClassVar[frozenset[str]] = frozenset("h")

    def activated(self, state: Array) -> BoundCall:
        return (partial(self.xp.maximum, out=state), state, self.plan.number(0))

    def slopes(self, some: slice, here: slice) -> list[BoundCall]:
        states = self._in_order(self.states)[some]
        positive = self.plan.backend.mask(*states.shape)
        return [
            (self.xp.greater, states, self.plan.number(0), positive),
            (self.xp.copyto, self._slopes[here], positive),
        ]


class Rnn(Recurrent, frozen=True, tag="rnn"):
    """h = f(W x + b + U h + b'), with the h of the step before, 0 at first; f is tanh or ReLU.

    Going back, a gradient is multiplied by Uᵀ at each step: it vanishes or explodes with the largest singular values.

    `layer_norm`: h = f(LN(W x) + LN(U h)), LN(a) = γ ∘ (a - mean a) / √(var a + ε) + b over the units, each product
    with γ and b of its own, as Ba, Kiros and Hinton 2016 have it of the LSTM (equation 20); of the RNN they norm the
    sum.
    """

    title: ClassVar[str] = "RNN"
    gates: ClassVar[int] = 1
    module: ClassVar[str] = "RNN"

    nonlinearity: Annotated[
        Literal["tanh", "relu"], Meta(title="Nonlinearity", description="What each step's sum goes through")
    ] = "tanh"

    @property
    def sweep(self) -> type[Sweep]:
        return TanhSweep if self.nonlinearity == "tanh" else ReluSweep

    @property
    def torch_more(self) -> str:
        return "" if self.nonlinearity == "tanh" else ', nonlinearity="relu"'

    @property
    def onnx_activations(self) -> tuple[str, ...]:
        return ("Tanh",) if self.nonlinearity == "tanh" else ("Relu",)
