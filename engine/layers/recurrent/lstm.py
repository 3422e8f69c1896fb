"""The long short-term memory, Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.layers.recurrent.base import Recurrent
from engine.layers.recurrent.norm import Norm
from engine.layers.recurrent.sweep import Sweep, Tensors

if TYPE_CHECKING:
    from engine.plan import Plan

FORGET = 1  # PyTorch's order is i, f, g, o


class LstmSweep(Sweep):
    """Gates stand as o, i, f, g: the sigmoids side by side, and those that the cell's gradient goes through."""

    places: ClassVar[tuple[int, ...]] = (3, 0, 1, 2)
    hidden_places: ClassVar[tuple[int, ...]] = (3, 0, 1, 2)
    sigmoids: ClassVar[slice] = slice(0, 3)
    hidden_sigmoids: ClassVar[slice] = slice(0, 3)
    joined: ClassVar[tuple[slice, ...]] = (slice(0, 4),)
    hidden_joined: ClassVar[tuple[slice, ...]] = (slice(0, 4),)
    summed: ClassVar[int] = 4
    unbounded: ClassVar[frozenset[str]] = frozenset("c")

    def __init__(self, plan: Plan, x: Array, values: Tensors, grads: Tensors | None, backwards: bool) -> None:
        super().__init__(plan, x, values, grads, backwards)
        # By number of the step: o, i, f, g, and last the cell that comes in, so that i g and f c are one product.
        self.kept = self.zeros(self.steps + 1, 5, self.batch, self.units)
        self.from_x = self._in_order(self.kept[:-1, :4])  # what the states add is added there
        self.tanh_cell = self.zeros(self.steps, self.batch, self.units)
        self._two = self.zeros(2, self.batch, self.units)
        if self.normed:
            self._norm_c = Norm(plan, self.steps, self.batch, self.units, slice(0, 1))
            self._gain_c, self._bias_c = self.zeros(1, 1, self.units), self.zeros(1, 1, self.units)
            self._of_cell = self.zeros(self.steps, 1, self.batch, self.units)  # ∂L/∂(the cell behind its norm)
        if grads is not None:
            self._slopes = self.zeros(self.some, 4, self.batch, self.units)
            self._through = self.zeros(self.some, self.batch, self.units)
            self._products = self.zeros(self.some, 2, self.batch, self.units)  # i g and f c
            self._cell, self._part = self.zeros(self.batch, self.units), self.zeros(self.batch, self.units)

    def shown(self) -> dict[str, Array]:
        output, inputs, forget, new, _ = (self._in_order(self.kept[:-1, place]) for place in range(5))
        cells = self._in_order(self.kept[1:, 4])
        return {"i": inputs, "f": forget, "g": new, "o": output, "c": cells, "h": self.states}

    def forward(self) -> list[BoundCall]:
        calls, own = super().forward(), self.values
        if own.gain_c is not None:
            calls.insert(0, (self.xp.copyto, self._gain_c, own.gain_c))
        if own.bias_c is not None:
            calls.insert(0, (self.xp.copyto, self._bias_c, own.bias_c))
        return calls

    def _bounded(self, number: int, cell: Array, tanh_cell: Array) -> list[BoundCall]:
        """tanh c; with layer norm tanh(γ ∘ ĉ + β)."""
        xp = self.xp
        if not self.normed:
            return [(xp.tanh, cell, tanh_cell)]
        behind = tanh_cell[None]
        return [
            (xp.copyto, tanh_cell, cell),
            *self._norm_c.forward(number, behind, self._gain_c),
            (xp.add, behind, self._bias_c, behind),
            (xp.tanh, behind, behind),
        ]

    def step(self, number: int, step: int) -> list[BoundCall]:
        xp, kept, two = self.xp, self.kept[number], self._two
        gates, cell, tanh_cell = kept[:4], self.kept[number + 1, 4], self.tanh_cell[number]
        return [
            *self.from_states(step),
            (xp.add, gates, self.product, gates),
            (xp.tanh, gates, gates),
            *self.sigmoid(kept[:3]),
            (xp.multiply, kept[1:3], kept[3:5], two),
            (xp.add, two[0], two[1], cell),
            *self._bounded(number, cell, tanh_cell),
            (xp.multiply, kept[0], tanh_cell, self.states[step]),
        ]

    def slopes(self, some: slice, here: slice) -> list[BoundCall]:
        """∂h/∂a_o, and ∂c/∂a of the other gates; `_through` is ∂h/∂c.

        With σ' = σ (1 - σ) and tanh' = 1 - tanh² each is a difference of what is there: ∂h/∂a_o = h - o h,
        ∂c/∂a_i = i g - i (i g), ∂c/∂a_f = f c - f (f c), ∂c/∂a_g = i - g (i g), ∂h/∂c = o - h tanh c.
        """
        multiply, subtract = self.xp.multiply, self.xp.subtract
        # A step's numbers in one axis: NumPy runs through a view with gaps row by row otherwise.
        kept, slopes, products = (_in_rows(array) for array in (self.kept, self._slopes, self._products))
        kept, slopes, products = kept[some], slopes[here], products[here]
        output, inputs, new, gates = kept[:, 0], kept[:, 1], kept[:, 3], kept[:, 1:3]
        of_output, of_new, of_gates = slopes[:, 0], slopes[:, 3], slopes[:, 1:3]
        states, tanh_cell = self._in_order(_in_rows(self.states))[some], _in_rows(self.tanh_cell)[some]
        through = _in_rows(self._through)[here]
        return [
            (multiply, output, states, of_output),
            (subtract, states, of_output, of_output),
            (multiply, gates, kept[:, 3:5], products),
            (multiply, gates, products, of_gates),
            (subtract, products, of_gates, of_gates),
            (multiply, new, products[:, 0], of_new),
            (subtract, inputs, of_new, of_new),
            (multiply, states, tanh_cell, through),
            (subtract, output, through, through),
        ]

    def step_back(self, number: int, step: int) -> list[BoundCall]:
        xp, delta, cell, part = self.xp, self.delta[step], self._cell, self._part
        slopes, gates = self._slopes[number % self.some], self.deltas[:, step]
        through = self._through[number % self.some]
        # At the last step nothing comes from a cell behind it.
        calls: list[BoundCall] = [(xp.multiply, delta, through, part), (xp.add, cell, part, cell)]
        if self.normed:
            of_cell, end = self._of_cell[number], number == self.steps - 1
            calls = [
                (xp.multiply, delta, through, of_cell[0]),
                *self._norm_c.back(number, of_cell, self._gain_c, part[None]),
                (xp.copyto, cell, part) if end else (xp.add, cell, part, cell),
            ]
        elif number == self.steps - 1:
            calls = [(xp.multiply, delta, through, cell)]
        calls += [
            (xp.multiply, slopes[1:], cell, gates[1:]),
            (xp.multiply, slopes[0], delta, gates[0]),
        ]
        if number:
            calls.append((xp.multiply, cell, self.kept[number, 2], cell))
        return calls

    def _through_norms(self) -> list[BoundCall]:
        calls, own = super()._through_norms(), self.grads
        assert own is not None
        assert own.gain_c is not None
        calls += self._norm_c.of_gain(self._of_cell, own.gain_c.reshape(1, -1))
        if own.bias_c is not None:
            calls.append((self.xp.add.reduce, self._of_cell[:, 0], (0, 1), None, own.bias_c))
        return calls


def _in_rows(array: Array) -> Array:
    """(…, N, units) as (…, N·units), a view."""
    view: Array = array.reshape(*array.shape[:-2], -1)
    return view


class Lstm(Recurrent, frozen=True, tag="lstm"):
    """c = f ∘ c + i ∘ g, h = o ∘ tanh c with i, f, o = σ and g = tanh of W x + b + U h + b' (at the step before).

    PyTorch's equations and its order of gates, i f g o. While f is near 1 the cell hands its gradient on undiminished.

    `layer_norm` (Ba, Kiros and Hinton 2016, equations 20 to 22): the gates are of LN(W x) + LN(U h), each over all
    gates' units, and h = o ∘ tanh LN(c); LN(a) = γ ∘ (a - mean a) / √(var a + ε) + b. The c that goes on is not normed.
    """

    title: ClassVar[str] = "LSTM"
    gates: ClassVar[int] = 4
    sweep: ClassVar[type[Sweep]] = LstmSweep
    module: ClassVar[str] = "LSTM"
    has_cell: ClassVar[bool] = True
    torch_last: ClassVar[str] = "[1][0]"  # and the cells
    onnx_gates: ClassVar[tuple[int, ...]] = (0, 3, 1, 2)  # ONNX has i o f c

    forget_bias: Annotated[
        float,
        Meta(title="Forget bias", description="Forget gates' bias at first: from 1 on they begin nearly open"),
    ] = 1.0

    def initial_bias(self, name: str, shape: tuple[int, ...]) -> Array:
        drawn: Array = np.zeros(shape)
        if name.startswith("bias_ih"):
            drawn.reshape(self.gates, self.units)[FORGET] = self.forget_bias
        return drawn

    def torch_bias(self) -> tuple[str, ...]:
        if not self.forget_bias:
            return ()
        gate = f"tensor[{FORGET * self.units}:{(FORGET + 1) * self.units}]"
        return (
            '        if name.startswith("bias_ih"):  # its forget gate',
            f"            nn.init.constant_({gate}, {self.forget_bias})",
        )
