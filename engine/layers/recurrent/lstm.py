"""The long short-term memory, Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.layers.recurrent.base import Recurrent
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
    summed: ClassVar[int] = 4

    def __init__(self, plan: Plan, x: Array, values: Tensors, grads: Tensors | None, backwards: bool) -> None:
        super().__init__(plan, x, values, grads, backwards)
        # By number of the step: o, i, f, g, and last the cell that comes in, so that i g and f c are one product.
        self.kept = self.zeros(self.steps + 1, 5, self.batch, self.units)
        self.tanh_cell = self.zeros(self.steps, self.batch, self.units)
        self._two = self.zeros(2, self.batch, self.units)
        if grads is not None:
            self._slopes = self.zeros(self.steps, 4, self.batch, self.units)
            self._through = self.zeros(self.steps, self.batch, self.units)
            self._cell, self._part = self.zeros(self.batch, self.units), self.zeros(self.batch, self.units)

    def shown(self) -> dict[str, Array]:
        output, inputs, forget, new, _ = (self._in_order(self.kept[:-1, place]) for place in range(5))
        cells = self._in_order(self.kept[1:, 4])
        return {"i": inputs, "f": forget, "g": new, "o": output, "c": cells, "h": self.states}

    def step(self, number: int, step: int) -> list[BoundCall]:
        xp, kept, two = self.xp, self.kept[number], self._two
        gates, cell, tanh_cell = kept[:4], self.kept[number + 1, 4], self.tanh_cell[number]
        return [
            (xp.matmul, self.before[step], self.hidden, self.product),
            (xp.add, self.from_x[step], self.product, gates),
            (xp.tanh, gates, gates),
            *self.sigmoid(kept[:3]),
            (xp.multiply, kept[1:3], kept[3:5], two),
            (xp.add, two[0], two[1], cell),
            (xp.tanh, cell, tanh_cell),
            (xp.multiply, kept[0], tanh_cell, self.states[step]),
        ]

    def slopes(self) -> list[BoundCall]:
        """∂h/∂a_o, and ∂c/∂a of the other gates; `_through` is ∂h/∂c."""
        xp, one, kept, slopes, through = self.xp, self.plan.number(1), self.kept[:-1], self._slopes, self._through
        sigmoid, g, tanh_cell = kept[:, :3], kept[:, 3], self.tanh_cell
        return [
            (xp.multiply, sigmoid, sigmoid, slopes[:, :3]),
            (xp.subtract, sigmoid, slopes[:, :3], slopes[:, :3]),
            (xp.multiply, g, g, slopes[:, 3]),
            (xp.subtract, one, slopes[:, 3], slopes[:, 3]),
            (xp.multiply, slopes[:, 0], tanh_cell, slopes[:, 0]),
            (xp.multiply, slopes[:, 1:3], kept[:, 3:5], slopes[:, 1:3]),
            (xp.multiply, slopes[:, 3], kept[:, 1], slopes[:, 3]),
            (xp.multiply, self._in_order(self.states), tanh_cell, through),  # o tanh² c
            (xp.subtract, kept[:, 0], through, through),
            (self._cell.fill, 0),
        ]

    def step_back(self, number: int, step: int) -> list[BoundCall]:
        xp, delta, cell, part = self.xp, self.delta[step], self._cell, self._part
        slopes, gates = self._slopes[number], self.gate_deltas[:, step]
        calls: list[BoundCall] = [
            (xp.multiply, delta, self._through[number], part),
            (xp.add, cell, part, cell),
            (xp.multiply, slopes[1:], cell, gates[1:]),
            (xp.multiply, slopes[0], delta, gates[0]),
        ]
        if number:
            calls.append((xp.multiply, cell, self.kept[number, 2], cell))
        return calls


class Lstm(Recurrent, frozen=True, tag="lstm"):
    """c = f ∘ c + i ∘ g, h = o ∘ tanh c with i, f, o = σ and g = tanh of W x + b + U h + b' (at the step before).

    PyTorch's equations and its order of gates, i f g o. While f is near 1 the cell hands its gradient on undiminished.
    """

    title: ClassVar[str] = "LSTM"
    gates: ClassVar[int] = 4
    sweep: ClassVar[type[Sweep]] = LstmSweep
    module: ClassVar[str] = "LSTM"
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
