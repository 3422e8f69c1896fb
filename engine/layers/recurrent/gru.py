"""The gated recurrent unit, Cho et al. 2014: the reset gate acts behind the product, as PyTorch's, or before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.layers.recurrent.base import Recurrent
from engine.layers.recurrent.sweep import Sweep, Tensors
from engine.layers.sequence import flat

if TYPE_CHECKING:
    from engine.graph import Structure
    from engine.plan import Plan


class GruSweep(Sweep):
    """Gates stand as n, r, z in the inputs' part and as r, z, n in the states': so both lie in one array going back."""

    places: ClassVar[tuple[int, ...]] = (2, 0, 1)
    hidden_places: ClassVar[tuple[int, ...]] = (0, 1, 2)
    sigmoids: ClassVar[slice] = slice(1, 3)
    hidden_sigmoids: ClassVar[slice] = slice(0, 2)
    joined: ClassVar[tuple[slice, ...]] = (slice(0, 1), slice(1, 3))  # the gates, and the candidate
    hidden_joined: ClassVar[tuple[slice, ...]] = (slice(0, 2), slice(2, 3))
    apart: ClassVar[int] = 1
    summed: ClassVar[int] = 2

    def __init__(self, plan: Plan, x: Array, values: Tensors, grads: Tensors | None, backwards: bool) -> None:
        super().__init__(plan, x, values, grads, backwards)
        shape = (self.steps, self.batch, self.units)
        # By number of the step: the gates r, z, n; U_n h + b'_n, on which r acts; and h - n of the step before.
        self.kept = self.zeros(self.steps, 3, self.batch, self.units)
        self._candidate, self._away = self.zeros(*shape), self.zeros(*shape)
        self._bias = None if values.bias_hh is None else self.zeros(self.batch, self.units)
        self._part = self.zeros(self.batch, self.units)
        if grads is not None:
            self._slopes = self.zeros(self.some, 3, self.batch, self.units)
            self._rest = self.zeros(self.some, self.batch, self.units)
            self.carry = self.zeros(self.batch, self.units)

    def shown(self) -> dict[str, Array]:
        reset, update, new = (self._in_order(self.kept[:, place]) for place in range(3))
        return {"r": reset, "z": update, "n": new, "h": self.states}

    def forward(self) -> list[BoundCall]:
        calls = super().forward()
        if self._bias is not None and self.values.bias_hh is not None:
            calls.insert(0, (self.xp.copyto, self._bias, self.values.bias_hh[2]))
        return calls

    def step(self, number: int, step: int) -> list[BoundCall]:
        xp, product, from_x, part = self.xp, self.product, self.from_x[step], self._part
        kept, candidate, before, away = (
            self.kept[number],
            self._candidate[number],
            self.before[step],
            self._away[number],
        )
        gates, reset, update, new = kept[:2], kept[0], kept[1], kept[2]
        biased: BoundCall = (xp.copyto, candidate, product[2])
        if self._bias is not None:
            biased = (xp.add, product[2], self._bias, candidate)
        return [
            *self.from_states(step),
            (xp.add, from_x[1:], product[:2], gates),
            (xp.tanh, gates, gates),
            *self.sigmoid(gates),
            biased,
            (xp.multiply, reset, candidate, part),
            (xp.add, from_x[0], part, new),
            (xp.tanh, new, new),
            (xp.subtract, before, new, away),
            (xp.multiply, update, away, part),
            (xp.add, new, part, self.states[step]),
        ]

    def slopes(self, some: slice, here: slice) -> list[BoundCall]:
        """∂h/∂a_z and ∂h/∂a_n; and ∂a_n/∂a_r. They stand as n, r, z."""
        xp, one, kept, slopes, rest = (
            self.xp,
            self.plan.number(1),
            self.kept[some],
            self._slopes[here],
            self._rest[here],
        )
        gates, reset, update, new = kept[:, :2], slopes[:, 1], kept[:, 1], slopes[:, 0]
        return [
            (xp.multiply, gates, gates, slopes[:, 1:]),
            (xp.subtract, gates, slopes[:, 1:], slopes[:, 1:]),
            (xp.multiply, reset, self._candidate[some], reset),
            (xp.multiply, slopes[:, 2], self._away[some], slopes[:, 2]),
            (xp.multiply, kept[:, 2], kept[:, 2], new),
            (xp.subtract, one, new, new),
            (xp.subtract, one, update, rest),
            (xp.multiply, new, rest, new),
        ]

    def step_back(self, number: int, step: int) -> list[BoundCall]:
        xp, delta, slopes, kept = self.xp, self.delta[step], self._slopes[number % self.some], self.kept[number]
        deltas = self.deltas[:, step]  # of n, r, z in the inputs' part, and of n in the states'
        calls: list[BoundCall] = [
            (xp.multiply, slopes[::2], delta, deltas[:3:2]),
            (xp.multiply, slopes[1], deltas[0], deltas[1]),
            (xp.multiply, kept[0], deltas[0], deltas[3]),
        ]
        if number:
            calls.append((xp.multiply, delta, kept[1], self.carry))
        return calls

    def hidden_bias(self, bias_ih: Array, bias_hh: Array) -> list[BoundCall]:
        reduce, of_candidate = self.xp.add.reduce, self.deltas[3]
        return [(self.xp.copyto, bias_hh[:2], bias_ih[:2]), (reduce, of_candidate, (0, 1), None, bias_hh[2])]


class ResetFirstSweep(Sweep):
    """Gates stand as r, z, n. What the candidate's product is with, q = r ∘ h', is kept for the weights' gradient."""

    places: ClassVar[tuple[int, ...]] = (0, 1, 2)
    hidden_places: ClassVar[tuple[int, ...]] = (0, 1, 2)
    sigmoids: ClassVar[slice] = slice(0, 2)
    hidden_sigmoids: ClassVar[slice] = slice(0, 2)
    summed: ClassVar[int] = 3
    direct: ClassVar[int] = 2

    def __init__(self, plan: Plan, x: Array, values: Tensors, grads: Tensors | None, backwards: bool) -> None:
        super().__init__(plan, x, values, grads, backwards)
        shape = (self.steps, self.batch, self.units)
        self.kept = self.zeros(self.steps, 3, self.batch, self.units)  # by number of the step: r, z, n
        self._left, self._away = self.zeros(*shape), self.zeros(*shape)  # q by place, h' - n by number
        self._part = self.zeros(self.batch, self.units)
        if grads is not None:
            self._slopes = self.zeros(self.some, 3, self.batch, self.units)
            self._through = self.zeros(self.batch, self.units)  # ∂L/∂q
            self.carry = self.zeros(self.batch, self.units)

    def shown(self) -> dict[str, Array]:
        reset, update, new = (self._in_order(self.kept[:, place]) for place in range(3))
        return {"r": reset, "z": update, "n": new, "h": self.states}

    def step(self, number: int, step: int) -> list[BoundCall]:
        xp, matmul, from_x, product = self.xp, self.plan.backend.product, self.from_x[step], self.product
        before, left, away, part = self.before[step], self._left[step], self._away[number], self._part
        gates, (reset, update, new) = self.kept[number, :2], self.kept[number]
        return [
            (matmul, before, self.hidden[:2], product[:2]),
            (xp.add, from_x[:2], product[:2], gates),
            (xp.tanh, gates, gates),
            *self.sigmoid(gates),
            (xp.multiply, reset, before, left),
            (matmul, left, self.hidden[2], product[2]),
            (xp.add, from_x[2], product[2], new),
            (xp.tanh, new, new),
            (xp.subtract, before, new, away),
            (xp.multiply, update, away, part),
            (xp.add, new, part, self.states[step]),
        ]

    def slopes(self, some: slice, here: slice) -> list[BoundCall]:
        """∂q/∂a_r = q - r q, and ∂h/∂a_z and ∂h/∂a_n."""
        xp, one, kept, slopes = self.xp, self.plan.number(1), self.kept[some], self._slopes[here]
        left = self._in_order(self._left)[some]
        reset, update, new = (slopes[:, place] for place in range(3))
        return [
            (xp.multiply, kept[:, 0], left, reset),
            (xp.subtract, left, reset, reset),
            (xp.multiply, kept[:, 2], kept[:, 2], new),
            (xp.subtract, one, new, new),
            (xp.subtract, one, kept[:, 1], update),
            (xp.multiply, new, update, new),
            (xp.multiply, kept[:, 1], update, update),
            (xp.multiply, update, self._away[some], update),
        ]

    def step_back(self, number: int, step: int) -> list[BoundCall]:
        xp, delta, slopes, kept = self.xp, self.delta[step], self._slopes[number % self.some], self.kept[number]
        deltas, through, part = self.deltas[:, step], self._through, self._part
        calls: list[BoundCall] = [(xp.multiply, slopes[1:], delta, deltas[1:])]
        if not number:  # no state comes in that could be reset
            return [*calls, (deltas[0].fill, 0)]
        new = self.of_states[step * self.batch : (step + 1) * self.batch, 2 * self.units :]
        return [
            *calls,
            (new.dot, self.turned[2], through),
            (xp.multiply, slopes[0], through, deltas[0]),
            (xp.multiply, delta, kept[1], self.carry),
            (xp.multiply, through, kept[0], part),
            (xp.add, self.carry, part, self.carry),
        ]

    def to_state_weights(self, into: Array) -> list[BoundCall]:
        gates, new = self.of_states[:, : 2 * self.units], self.of_states[:, 2 * self.units :]
        return [(gates.T.dot, flat(self.before), flat(into[:2])), (new.T.dot, flat(self._left), into[2])]


class Gru(Recurrent, frozen=True, tag="gru"):
    """h = n + z ∘ (h' - n) with n = tanh(W x + b + r ∘ (U h' + b')), r and z = σ(W x + b + U h' + b'); h' comes before.

    PyTorch's equations and its order of gates, r z n. While z is near 1 the state stays, and so does its gradient.
    Without `reset_after`, n = tanh(W x + b + U (r ∘ h') + b'), as Cho et al. wrote it; PyTorch has no such layer, so
    the exported module writes it out.

    `layer_norm` (Ba, Kiros and Hinton 2016): LN(W x) and LN(U h) in their places, over the units of both gates
    together and over those of the candidate; LN(a) = γ ∘ (a - mean a) / √(var a + ε) + b.
    """

    title: ClassVar[str] = "GRU"
    gates: ClassVar[int] = 3
    module: ClassVar[str] = "GRU"
    onnx_gates: ClassVar[tuple[int, ...]] = (1, 0, 2)  # ONNX has z r h

    reset_after: Annotated[
        bool,
        Meta(
            title="Reset after the product",
            description="r ∘ (U h + b'), as PyTorch and Keras have it; off: U (r ∘ h) + b', as Cho et al. 2014",
        ),
    ] = True

    @property
    def sweep(self) -> type[Sweep]:
        return GruSweep if self.reset_after else ResetFirstSweep

    @property
    def onnx_more(self) -> dict[str, int | str]:
        return {"linear_before_reset": int(self.reset_after)}

    @property
    def spelled_out(self) -> bool:
        return self.layer_norm or not self.reset_after

    def problem(self, node: str, structure: Structure) -> str | None:
        if self.layer_norm and not self.reset_after:
            return "has layer_norm, which norms U h by itself, so reset_after must be true"
        return None
