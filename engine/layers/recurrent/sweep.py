"""One recurrent layer in one direction, unrolled over the steps: calls over buffers that exist, bound once.

What all steps share is one product: the inputs' part of the gates going forward, and the sums over the steps in the
gradients of the weights going back. Going forward gates stand apart, each (examples, units) contiguous, for the calls
on single numbers; the gradients going back stand side by side in one row for each example, so that a product with the
weights sums over the gates as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from engine.backend import Array, BoundCall
from engine.layers.recurrent.norm import Norm
from engine.layers.sequence import flat

if TYPE_CHECKING:
    from engine.plan import Plan

MOST_NUMBERS = 1 << 18  # of the gates of steps whose slopes are found at once; they are forgotten after these steps


@dataclass(frozen=True, slots=True)
class Tensors:
    """The parameters of one direction of one layer, with an axis for the gates in front, in PyTorch's order."""

    weight_ih: Array  # (gates, units, features)
    weight_hh: Array  # (gates, units, units)
    bias_ih: Array | None  # (gates, units)
    bias_hh: Array | None
    gain_ih: Array | None = None  # (gates, units): of layer norm, alike those below
    gain_hh: Array | None = None
    gain_c: Array | None = None  # (units,): of a cell
    bias_c: Array | None = None


class Sweep:
    """Takes inputs `x` (T, N, features, and a 1 where there are biases) to `states`; back from `delta`, their gradient.

    `places` and `hidden_places` say which of PyTorch's gates stands at each place here, in the inputs' and in the
    states' part: those of one kind are side by side. `sigmoids` are places of such, whose half argument is taken into
    the weights: σ(a) = (1 + tanh(a / 2)) / 2.
    """

    places: ClassVar[tuple[int, ...]] = (0,)
    hidden_places: ClassVar[tuple[int, ...]] = (0,)
    sigmoids: ClassVar[slice] = slice(0, 0)
    hidden_sigmoids: ClassVar[slice] = slice(0, 0)
    joined: ClassVar[tuple[slice, ...]] = (slice(0, 1),)  # places that a layer norm takes together, of the inputs' part
    hidden_joined: ClassVar[tuple[slice, ...]] = (slice(0, 1),)  # and of the states'
    apart: ClassVar[int] = 0  # so many gates of the states' part have gradients of their own, the last ones
    unbounded: ClassVar[frozenset[str]] = frozenset()  # of `shown`: what no sigmoid or tanh keeps within limits
    summed: ClassVar[int] = 1  # so many of PyTorch's gates, the first ones, take the sum of both biases
    direct: ClassVar[int | None] = None  # so many gates, the first ones, act on the states as they are; None: all

    def __init__(self, plan: Plan, x: Array, values: Tensors, grads: Tensors | None, backwards: bool) -> None:
        """Without `grads`, no way back is bound."""
        self.plan, self.xp, self.x = plan, plan.xp, x
        self.values, self.grads = values, grads
        gates, self.units, self.features = values.weight_ih.shape
        self.steps, self.batch = x.shape[:2]
        self.order = range(self.steps)[::-1] if backwards else range(self.steps)
        # Beyond either end stands a state of zeros, which the first step begins with.
        states = self.zeros(self.steps + 2, self.batch, self.units)
        self.states, self.before = states[1:-1], states[2:] if backwards else states[:-2]
        self.hidden = self.zeros(gates, self.units, self.units)
        self.product = self.zeros(gates, self.batch, self.units)
        self.half = plan.number(0.5)
        self._norms_x, self._norms_h = list[Norm](), list[Norm]()
        self.carry: Array | None = None  # what a step hands to the one before it past the gates
        self.normed = values.gain_ih is not None
        if self.normed:
            self._begin_norms(gates)
        if grads is not None:
            self.delta = self.zeros(self.steps, self.batch, self.units)  # ∂L/∂h of each step
            self.some = max(1, min(self.steps, MOST_NUMBERS // (gates * self.batch * self.units)))
            shape = self.steps * self.batch, (gates + self.apart) * self.units
            self._deltas = self.zeros(*shape)  # ∂L/∂(gates), a row for each example of each step

    @cached_property
    def from_x(self) -> Array:
        """The inputs' part of the gates, (T, gates, N, units)."""
        return self.zeros(self.steps, len(self.places), self.batch, self.units)

    def zeros(self, *shape: int) -> Array:
        return self.plan.backend.zeros(*shape)

    @property
    def last(self) -> int:
        """The step at which the sweep ends."""
        return self.order[-1]

    def shown(self) -> dict[str, Array]:
        """What probes may see, by name: gates first, then states; each (T, N, units) in the sequence's order."""
        return {"h": self.states}

    def _in_order(self, by_number: Array) -> Array:
        """What lies by the step's number, in the sequence's order."""
        return by_number if self.order.step > 0 else by_number[::-1]

    # Forward

    def forward(self) -> list[BoundCall]:
        """The calls from `x` to `states`."""
        inputs = self.zeros(len(self.places), self.x.shape[2], self.units)
        calls = self._gathered(inputs)
        calls.append((self.plan.backend.product, self.x[:, None], inputs, self.from_x))
        if self.normed:
            calls += self._norm_inputs()
        for number, step in enumerate(self.order):
            calls += self.step(number, step)
        return calls

    def from_states(self, step: int) -> list[BoundCall]:
        """The states' part of the gates, to `product`."""
        calls: list[BoundCall] = [(self.plan.backend.product, self.before[step], self.hidden, self.product)]
        for norm in self._norms_h:
            calls += norm.forward(step, self.product, self._gain_h)
        return calls

    def _begin_norms(self, gates: int) -> None:
        shape = self.steps, self.batch, self.units
        self._norms_x = [Norm(self.plan, *shape, some) for some in self.joined]
        self._norms_h = [Norm(self.plan, *shape, some) for some in self.hidden_joined]
        # γ as it acts, with sigmoids' halved as their argument is, and as it is.
        self._gain_x, self._gain_h, self._plain_x, self._plain_h, self._shift = (
            self.zeros(gates, 1, self.units) for _ in range(5)
        )

    def _norm_inputs(self) -> list[BoundCall]:
        """The gains as they act, and the inputs' part of all steps with the biases behind its norm."""
        xp, own, calls = self.xp, self.values, list[BoundCall]()
        for gain, plain, of, places, some in (
            (self._gain_x, self._plain_x, own.gain_ih, self.places, self.sigmoids),
            (self._gain_h, self._plain_h, own.gain_hh, self.hidden_places, self.hidden_sigmoids),
        ):
            assert of is not None
            calls += _copied(xp, plain[:, 0], of, places)
            calls.append((xp.copyto, gain, plain))
            if gain[some].size:
                calls.append((xp.multiply, gain[some], self.half, gain[some]))
        for norm in self._norms_x:
            calls += norm.forward(slice(None), self.from_x, self._gain_x)
        if own.bias_ih is not None:
            calls += self._biases(self._shift[:, 0])
            if self._shift[self.sigmoids].size:
                calls.append((xp.multiply, self._shift[self.sigmoids], self.half, self._shift[self.sigmoids]))
            calls.append((xp.add, self.from_x, self._shift, self.from_x))
        return calls

    def _biases(self, into: Array) -> list[BoundCall]:
        """Each gate's biases to its place, both where they are added up."""
        own, calls = self.values, list[BoundCall]()
        if own.bias_ih is not None and own.bias_hh is not None:
            for to, gates in _runs(self.places):
                calls.append((self.xp.copyto, into[to], own.bias_ih[gates]))
                if gates.stop <= self.summed:
                    calls.append((self.xp.add, into[to], own.bias_hh[gates], into[to]))
        return calls

    def _gathered(self, inputs: Array) -> list[BoundCall]:
        """The weights as products take them: gates apart, at their places, sigmoids' halved."""
        xp, own = self.xp, self.values
        calls = _copied(xp, inputs[:, : self.features], own.weight_ih.transpose(0, 2, 1), self.places)
        calls += _copied(xp, self.hidden, own.weight_hh.transpose(0, 2, 1), self.hidden_places)
        if self.normed:
            return calls  # biases come behind the norms, and the gains are halved
        if own.bias_ih is not None:
            calls += self._biases(inputs[:, self.features])
        for array, some in ((inputs, self.sigmoids), (self.hidden, self.hidden_sigmoids)):
            if array[some].size:
                calls.append((xp.multiply, array[some], self.half, array[some]))
        return calls

    def step(self, number: int, step: int) -> list[BoundCall]:
        """The calls of the `number`-th step, which stands at `step` of the sequence."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def sigmoid(self, halves: Array) -> list[BoundCall]:
        """What is left to do to tanh(a / 2)."""
        return [(self.xp.multiply, halves, self.half, halves), (self.xp.add, halves, self.half, halves)]

    # Back

    def back(self, every_step: bool) -> list[BoundCall]:
        """The calls from `delta` to the gradients; what comes from above is in it at `every_step` or at the last."""
        calls: list[BoundCall] = []
        if self.steps > 1:
            calls += _copied(self.xp, self.turned, self.values.weight_hh, self.hidden_places)
        for number in reversed(range(self.steps)):
            step, stop = self.order[number], number + 1
            if stop == self.steps or not stop % self.some:
                start = number // self.some * self.some
                calls += self.slopes(slice(start, stop), slice(0, stop - start))
            calls += self.step_back(number, step)
            for norm in self._norms_h:
                states = slice(self.apart, None)
                calls += norm.back(
                    step, self.deltas[states, step], self._plain_h, self._in_gates(self.of_states)[:, step]
                )
            if number:
                calls += self._carried(step, self.order[number - 1], every_step)
        return calls + self._summed()

    def slopes(self, some: slice, here: slice) -> list[BoundCall]:
        """What the way back needs of some steps, by number, put `here`: number n stands at n % `self.some`."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    def step_back(self, number: int, step: int) -> list[BoundCall]:
        """From `delta[step]` to the gates' gradients, and to `carry`, where some of it goes past the gates."""
        raise NotImplementedError(type(self).__name__)  # each kind has its own

    @property
    def deltas(self) -> Array:
        """∂L/∂(gates), (gates, T, N, units): of the inputs' part the first ones, of the states' part the last ones."""
        return self._in_gates(self._deltas)

    def _in_gates(self, rows: Array) -> Array:
        """Rows (T · N, gates · units) as (gates, T, N, units), a view."""
        return rows.reshape(self.steps, self.batch, -1, self.units).transpose(2, 0, 1, 3)

    @cached_property
    def _of_inputs(self) -> Array:
        """∂L/∂(W x) as rows; of a layer norm behind it, they are found apart."""
        wide = len(self.places) * self.units
        return self.zeros(self.steps * self.batch, wide) if self.normed else self._deltas[:, :wide]

    @cached_property
    def of_states(self) -> Array:
        """∂L/∂(U h), alike."""
        wide = len(self.places) * self.units
        return self.zeros(self.steps * self.batch, wide) if self.normed else self._deltas[:, self.apart * self.units :]

    @cached_property
    def turned(self) -> Array:
        return self.zeros(len(self.places), self.units, self.units)

    @cached_property
    def _sum(self) -> Array:
        return self.zeros(self.batch, self.units)

    def _carried(self, step: int, before: int, every_step: bool) -> list[BoundCall]:
        """∂L/∂h of the step before `step`, through its gates and past them."""
        xp, delta = self.xp, self.delta[before]
        into = self._sum if every_step else delta
        stop = None if self.direct is None else self.direct * self.units
        rows = self.of_states[step * self.batch : (step + 1) * self.batch, :stop]
        calls: list[BoundCall] = [(rows.dot, flat(self.turned[: self.direct]), into)]
        if every_step:
            calls.append((xp.add, delta, into, delta))
        if self.carry is not None:
            calls.append((xp.add, delta, self.carry, delta))
        return calls

    def _summed(self) -> list[BoundCall]:
        """The gradients of weights and biases, each a sum over all steps and examples."""
        xp, own = self.xp, self.grads
        assert own is not None
        gates = len(self.places)
        of_x = self.zeros(gates, self.units, self.x.shape[2])
        of_state = self.zeros(gates, self.units, self.units)
        calls: list[BoundCall] = self._through_norms() if self.normed else []
        calls += [
            (self._of_inputs.T.dot, flat(self.x), flat(of_x)),
            *self.to_state_weights(of_state),
            *_put_back(xp, own.weight_ih, of_x[:, :, : self.features], self.places),
            *_put_back(xp, own.weight_hh, of_state, self.hidden_places),
        ]
        if own.bias_ih is not None and own.bias_hh is not None:
            of_bias = of_x[:, :, self.features]
            if self.normed:
                of_bias = self.zeros(gates, self.units)
                calls.append((xp.add.reduce, self.deltas[:gates], (1, 2), None, of_bias))
            calls += _put_back(xp, own.bias_ih, of_bias, self.places)
            calls += self.hidden_bias(own.bias_ih, own.bias_hh)
        return calls

    def _through_norms(self) -> list[BoundCall]:
        """The inputs' part of all steps through its norms, and the gradients of the gains."""
        xp, own, gates, calls = self.xp, self.grads, len(self.places), list[BoundCall]()
        assert own is not None
        assert own.gain_ih is not None
        assert own.gain_hh is not None
        by_step = (1, 0, 2, 3)
        of_x, of_h = self.deltas[:gates].transpose(by_step), self.deltas[self.apart :].transpose(by_step)
        into = self._in_gates(self._of_inputs).transpose(by_step)
        for norm in self._norms_x:
            calls += norm.back(slice(None), of_x, self._plain_x, into)
        for norms, deltas, gain, places in (
            (self._norms_x, of_x, own.gain_ih, self.places),
            (self._norms_h, of_h, own.gain_hh, self.hidden_places),
        ):
            found = self.zeros(gates, self.units)
            for norm in norms:
                calls += norm.of_gain(deltas, found)
            calls += _put_back(xp, gain, found, places)
        return calls

    def to_state_weights(self, into: Array) -> list[BoundCall]:
        """The states' gradients times what they were multiplied with, over all steps and examples."""
        return [(self.of_states.T.dot, flat(self.before), flat(into))]

    def hidden_bias(self, bias_ih: Array, bias_hh: Array) -> list[BoundCall]:
        """The gradient of the second bias, where that of the first is known."""
        return [(self.xp.copyto, bias_hh, bias_ih)]

    def to_inputs(self) -> tuple[Array, list[BoundCall]]:
        """∂L/∂x (T, N, features), and the calls that find it."""
        weights = self.zeros(*self.values.weight_ih.shape)
        total = self.zeros(self.steps, self.batch, self.features)
        return total, [
            *_copied(self.xp, weights, self.values.weight_ih, self.places),
            (self._of_inputs.dot, flat(weights), flat(total)),
        ]


def _runs(places: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """`places` in pieces that lie side by side there too: where in `places`, and which numbers."""
    start = 0
    for stop in range(1, len(places) + 1):
        if stop == len(places) or places[stop] != places[stop - 1] + 1:
            yield slice(start, stop), slice(places[start], places[stop - 1] + 1)
            start = stop


def _copied(xp: Any, into: Array, gates: Array, places: tuple[int, ...]) -> list[BoundCall]:
    return [(xp.copyto, into[to], gates[of]) for to, of in _runs(places)]


def _put_back(xp: Any, gates: Array, own: Array, places: tuple[int, ...]) -> list[BoundCall]:
    return [(xp.copyto, gates[of], own[to]) for to, of in _runs(places)]
