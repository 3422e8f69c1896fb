"""A graph compiled for one batch size: a flat list of array calls over buffers that exist already.

Values are (features, N): columns are examples, so that products need no transposed copies. In which order the numbers
of what is no vector lie says `engine.layout`. Nothing is allocated and no graph is walked in a step.
"""

from collections import Counter
from functools import partial
from math import prod
from typing import Any

from engine import layout
from engine.backend import Array, Backend, BoundCall, Call, bound
from engine.given import Given
from engine.graph import Structure
from engine.layers.base import Join, Shape, Weighted
from engine.layers.input import Input
from engine.losses import Loss
from engine.parameters import Parameters
from engine.slopes import Slopes
from engine.subnormal import Flushed


class Var:
    """One node's output: `value` (features, N), a row of ones below it in `with_one`, and its gradient if wanted.

    `grad_with_one` has a row below that, too, into which goes what a product makes of the ones; nobody reads it.
    `shape` is one example's; `engine.layout` says how its numbers stand in the rows.
    """

    __slots__ = ("grad", "grad_with_one", "shape", "value", "with_one")

    def __init__(self, with_one: Array, grad_with_one: Array | None, shape: Shape) -> None:
        self.with_one, self.grad_with_one, self.shape = with_one, grad_with_one, shape
        self.value, self.grad = with_one[:-1], None if grad_with_one is None else grad_with_one[:-1]

    def taken(self, bias: bool) -> tuple[Array, Array | None]:
        """Value and gradient as a product with the matrix (W, b) meets them, or where there is no `bias` with W.

        Its last column is never cut off: of a matrix that lies in strips `dot` makes a copy before each product.
        """
        return (self.with_one, self.grad_with_one) if bias else (self.value, self.grad)


class Moment:
    """The seed and the step that a plan runs for: what is drawn at random in a step follows from them."""

    __slots__ = ("seed", "step")

    def __init__(self, seed: int = 0, step: int = 0) -> None:
        self.seed, self.step = seed, step


class Plan:
    """`forward_calls` take `rows` to every node's value (with a loss, to `loss`); `backward_calls` to all gradients.

    Without a loss the plan predicts. With one, a last sigmoid or softmax that the loss takes in is left
    out of the step; `draw_output` computes it for pictures and statistics. `state_calls` write down what an
    update has seen (running averages): they belong to a step that counts, not to a look at its gradient.
    """

    def __init__(
        self,
        structure: Structure,
        parameters: Parameters,
        backend: Backend,
        batch: int,
        loss: Loss | None = None,
        trains: bool = True,
        classes: int | None = None,
        moment: Moment | None = None,
        to_input: bool = False,
        infers: bool = False,
    ) -> None:
        """`classes`: how many, where the targets are classes and so each number is 0 or 1.

        With `to_input` the way back goes on to the examples, see `input_gradient`. With `infers` there is a way back
        to the examples of what layers do after training: gradients of parameters are not all written.
        """
        self.structure, self.parameters, self.backend, self.batch = structure, parameters, backend, batch
        self.xp = backend.xp
        self.trains = trains and loss is not None and not infers  # the mode that layers are in
        self._goes_back = self.trains or infers
        self.classes, self.moment = classes, moment or Moment()
        self.node = ""  # the one that is being bound
        self._to_input = to_input
        logits = structure.output
        if loss is not None and loss.takes_logits and structure.layers[logits].kind() in ("sigmoid", "softmax"):
            (logits,) = structure.inputs[logits]
        units = prod(structure.shapes[logits])
        beside = loss.beside(units, batch, classes) if loss is not None else 0
        self.given = Given(backend, batch, prod(structure.example) + 1, units, beside)
        # Examples come as rows; the transposed view makes them columns.
        self.rows, self.targets, self.beside = self.given.rows, self.given.targets, self.given.beside
        self._constants: dict[float, Array] = {}
        self.inside: dict[str, Any] = {}  # by node: what a layer lets probes see of its steps
        # By node the local derivative, where the way back keeps it; of straight pieces it is 0 or 1.
        self.derivatives: dict[str, Array] = {}
        self.state_calls: list[Call] = []
        self.loss = backend.scalar(0.0)
        self.forward_calls: list[Call] = []
        self._drawn_calls: list[Call] = []
        self._blocks: list[list[Call]] = []
        self._block_of: dict[str, list[Call]] = {}
        self._target = self.forward_calls
        self.vars: dict[str, Var] = {}
        self.slopes = Slopes(backend, structure, batch)
        self._consumers = Counter(source for sources in structure.inputs.values() for source in sources)
        for node in structure.order:
            self._bind(node, fused=node == structure.output != logits)
        self._blocks.append(bound(self.slopes.calls))
        self.logits = self.vars[logits]
        self.output = self.vars[structure.output]
        self._loss = loss
        target_calls: list[Call] = []
        if loss is not None:
            target_calls = bound(loss.prepare(self, self.targets, self.beside, classes))
            loss.bind(self, self.logits, self.targets)
        self.backward_calls = backend.lowered([call for block in reversed(self._blocks) for call in block])
        self.forward_calls = backend.lowered(self.forward_calls)
        self.target_calls = backend.lowered(target_calls)

    def _bind(self, node: str, fused: bool) -> None:
        layer, self.node = self.structure.layers[node], node
        shape = self.structure.shapes[node]
        features = prod(shape)
        if isinstance(layer, Input):
            self._bind_input(node, layer, shape)
            return
        inputs = [self._consumed(source) for source in self.structure.inputs[node]]
        has_grad = any(h.grad is not None for h in inputs)
        wants_grad = self._goes_back and not fused and (isinstance(layer, Weighted) or has_grad)
        grad = self.backend.zeros(features + 1, self.batch) if wants_grad else None
        a = self.vars[node] = Var(self.slopes.room(node, features), grad, shape)
        self._target = self._drawn_calls if fused else self.forward_calls
        if isinstance(layer, Join):
            layer.bind_join(self, tuple(inputs), a)
        else:
            # A layer without an input is handed its own output in place of one.
            layer.bind(self, inputs[0] if inputs else a, a, self.parameters.blocks.get(node))
        self._target = self.forward_calls
        if wants_grad:
            self._add_up(inputs, self.structure.inputs[node])

    def _bind_input(self, node: str, layer: Input, shape: Shape) -> None:
        features = prod(shape)
        grad = self.backend.zeros(features + 1, self.batch) if self._to_input else None
        taken = slice(None, -1) if layer.columns is None else slice(*layer.columns)
        if layer.columns is None and not layout.is_image(shape):
            self.vars[node] = Var(self.rows.T, grad, shape)
            return
        part = self.vars[node] = Var(self.backend.ones(features + 1, self.batch), grad, shape)
        examples = self.rows[:, taken].reshape(self.batch, *shape)
        self.forward(self.xp.copyto, layout.examples(part.value, shape), examples)

    def examples(self, node: str) -> Array:
        """A node's output as (N, *shape), the examples as rows: a view."""
        return layout.examples(self.vars[node].value, self.structure.shapes[node])

    def counted(self, array: Array, node: str) -> Array:
        """A value or gradient of `node` (units, N) with its units in the order in which they are counted: C, H, W."""
        return layout.in_order(array, self.structure.shapes[node]).reshape(array.shape)

    def input_gradient(self) -> Array:
        """∂loss/∂x (N, features), as the last way back of a plan bound `to_input` left it."""
        total = self.backend.zeros(*self.rows[:, :-1].shape)
        for node in self.structure.inputs_of_x:
            layer, grad, shape = self.structure.layers[node], self.vars[node].grad, self.structure.shapes[node]
            assert isinstance(layer, Input)
            assert grad is not None
            place = slice(None) if layer.columns is None else slice(*layer.columns)
            total[:, place] += layout.examples(grad, shape).reshape(self.batch, -1)
        return total

    def _consumed(self, source: str) -> Var:
        """`source` as one of its consumers sees it: the last one bound writes its gradient, the others' are added."""
        var = self.vars[source]
        self._consumers[source] -= 1
        if self._consumers[source] == 0 or var.grad is None:
            return var
        return Var(var.with_one, self.backend.zeros(*var.with_one.shape), var.shape)

    def _add_up(self, inputs: list[Var], sources: tuple[str, ...]) -> None:
        """Adds what a consumer wrote apart; its block runs after the block of the consumer that writes."""
        for h, source in zip(inputs, sources, strict=True):
            whole = self.vars[source].grad
            if whole is not None and h.grad is not whole:
                self._blocks[-1].append(partial(self.xp.add, whole, h.grad, whole))

    def forward(self, function: Any, *args: object) -> None:
        self._target.append(partial(function, *args))

    def write_down(self, *calls: BoundCall) -> None:
        """Calls of an update that counts, after its way back."""
        self.state_calls += bound(calls)

    def backward(self, *calls: BoundCall) -> None:
        """One block of calls; blocks run in reverse order of binding."""
        self._blocks.append(bound(calls))
        self._block_of[self.node] = self._blocks[-1]

    def behind(self, node: str, *calls: BoundCall) -> None:
        """Calls that follow the block of `node`, which was bound before."""
        self._block_of[node] += bound(calls)

    def number(self, value: float) -> Array:
        return self.backend.scalar(value)

    def constant(self, value: float) -> Array:
        """A number that nobody changes: one for all who ask, so that it goes to a device once."""
        if value not in self._constants:
            self._constants[value] = self.number(value)
        return self._constants[value]

    def scratch(self, like: Var) -> Array:
        return self.backend.zeros(*like.value.shape)

    def fill(self, rows: Array, targets: Array | None = None) -> None:
        """Copies examples in: `rows` (N, features + 1) ending in 1, `targets` (units, N)."""
        self.rows[...] = rows  # `copyto` costs more than twice as much
        if targets is not None:
            self.targets[...] = targets
            for call in self.target_calls:
                call()

    def laid_out(self, rows: Array, targets: Array) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        """Where to copy what, instead of `fill`, of batches in turn: rooms, and arrays (epochs, batches, …) for each.

        Made at once of `rows` (epochs, batches, N, features + 1) and `targets` (epochs, batches, units, N).
        """
        own, rooms, given = self.given.laid_out(rows, targets)
        if self._loss is not None:
            y, beside = self.given.parts(own, targets.shape)
            for function, *arguments in self._loss.prepare(self, y, beside, self.classes):
                function(*arguments)
        return rooms, given

    def run_forward(self) -> None:
        for call in self.forward_calls:
            call()

    def run_backward(self) -> None:
        for call in self.backward_calls:
            call()

    def draw_output(self) -> None:
        if self._drawn_calls:
            with Flushed():
                for call in self._drawn_calls:
                    call()
