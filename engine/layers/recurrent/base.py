"""What every recurrent layer declares: its stack of layers and directions, its parameters, and its exports."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod, sqrt
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta

from engine.backend import Array, BoundCall
from engine.initializers import INITIALIZERS, Request
from engine.layers.base import Block, Operator, Shape, Weighted
from engine.layers.dropout import drawn_mask
from engine.layers.recurrent.onnx_form import operators
from engine.layers.recurrent.sweep import Sweep, Tensors
from engine.layers.recurrent.torch_form import spelled_class, spelled_name
from engine.layers.sequence import by_step, sequence, step_rows

if TYPE_CHECKING:
    from engine.plan import Plan, Var

WeightInit = Literal[
    "by_units",
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_normal",
    "orthogonal",
    "zeros",
]
StateInit = Literal["by_units", "orthogonal", "identity", "glorot_uniform", "glorot_normal", "lecun_normal", "zeros"]
GAINED_STATES = ("orthogonal", "identity")  # take `recurrent_gain`
KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "gain_ih", "gain_hh", "gain_c", "bias_c")
BY_UNITS = "by_units"  # PyTorch's: uniform in ±1/√units
DIRECTIONS = ("", "_reverse")  # as PyTorch's names end


class Recurrent(Weighted, frozen=True):
    """A stack of `layers`, each going through the steps in one direction or both; see `Sweep` for how.

    All weights lie in one block (numbers, 1), those first that are no biases.
    """

    group: ClassVar[str] = "Sequences"
    gates: ClassVar[int]
    module: ClassVar[str]  # its name in PyTorch, and in capitals in ONNX
    onnx_gates: ClassVar[tuple[int, ...]] = (0,)  # PyTorch's gates in ONNX's order
    has_cell: ClassVar[bool] = False
    torch_last: ClassVar[str] = "[1]"  # of what the module returns: the last states of all layers

    units: Annotated[int, Meta(ge=1, le=4096, title="Units", description="Numbers in the state")] = 64
    return_sequences: Annotated[
        bool, Meta(title="Return sequences", description="Hands on the state of every step, not the last one alone")
    ] = False
    layers: Annotated[
        int,
        Meta(ge=1, le=16, title="Layers", description="One upon the other, each taking the states of the one below"),
    ] = 1
    bidirectional: Annotated[
        bool, Meta(title="Both directions", description="A second pass from the last step on; states side by side")
    ] = False
    dropout: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            title="Dropout",
            description="Share of what a layer hands on to the next of its stack that is left out in training",
        ),
    ] = 0.0
    layer_norm: Annotated[
        bool,
        Meta(
            title="Layer norm",
            description="Norms W x, U h and an LSTM's cell over the units at each step (Ba et al. 2016), with gains γ",
        ),
    ] = False
    bias: Annotated[bool, Meta(title="Bias", description="Adds b and b', as PyTorch has two")] = True
    init: Annotated[
        WeightInit,
        Meta(title="Initial weights", description="How W is drawn, gate by gate; by_units: uniform in ±1/√units"),
    ] = "by_units"
    recurrent_init: Annotated[
        StateInit, Meta(title="Initial recurrent weights", description="How U is drawn, gate by gate, alike")
    ] = "by_units"
    recurrent_gain: Annotated[
        float,
        Meta(
            gt=0,
            le=100,
            title="Recurrent gain",
            description="A factor of U: every singular value, where U is orthogonal",
            extra={"only_if": ("recurrent_init", *GAINED_STATES), "log": True},
        ),
    ] = 1.0
    trainable: Annotated[bool, Meta(title="Trainable", description="Off: the weights stay as they are")] = True

    @property
    def sweep(self) -> type[Sweep]:
        """How one of its layers goes through the steps."""
        raise NotImplementedError(self.kind())  # each kind has its own

    @property
    def onnx_activations(self) -> tuple[str, ...]:
        """Of one direction, where ONNX's are not meant by themselves."""
        return ()

    @property
    def onnx_more(self) -> dict[str, int | str]:
        """Attributes that no other kind has."""
        return {}

    @property
    def spelled_out(self) -> bool:
        """Whether PyTorch has no such layer, so that its source has a class for it."""
        return self.layer_norm

    @property
    def torch_more(self) -> str:
        """Arguments of the PyTorch module that no other kind has."""
        return ""

    @property
    def trains(self) -> bool:
        return self.trainable

    @property
    def manner(self) -> str:
        stack = [f"{self.layers} layers"] if self.layers > 1 else []
        stack += [f"dropout {self.dropout:g}"] if self.dropout and self.layers > 1 else []
        stack += ["layer norm"] if self.layer_norm else []
        stack += ["both ways"] if self.bidirectional else []
        return ", ".join([*stack, "every step" if self.return_sequences else "last step"])

    @property
    def _gain(self) -> float:
        return self.recurrent_gain if self.recurrent_init in GAINED_STATES else 1.0

    @property
    def directions(self) -> tuple[str, ...]:
        """What the names of each direction's tensors end with."""
        return DIRECTIONS[: 1 + self.bidirectional]

    @property
    def width(self) -> int:
        """Numbers that a layer hands on at each step."""
        return self.units * len(self.directions)

    def output_shape(self, *shapes: Shape) -> Shape:
        steps, _ = sequence(*shapes)
        return (steps, self.width) if self.return_sequences else (self.width,)

    # Parameters

    def _tensors(self, features: int) -> Iterator[tuple[str, Shape]]:
        """Names and shapes, weights first."""
        rows = self.gates * self.units
        for kind in ("weight", "bias") if self.bias else ("weight",):
            for layer in range(self.layers):
                for direction in self.directions:
                    columns = {"ih": self.width if layer else features, "hh": self.units}
                    for part, count in columns.items():
                        shape = (rows, count) if kind == "weight" else (rows,)
                        yield f"{kind}_{part}_l{layer}{direction}", shape
        if self.layer_norm:
            for layer in range(self.layers):
                for direction in self.directions:
                    for name, count in self._norms:
                        yield f"{name}_l{layer}{direction}", (count,)

    @property
    def _norms(self) -> tuple[tuple[str, int], ...]:
        """Names and lengths of one direction's gains and shifts; the shifts of W x and U h are the biases."""
        rows = self.gates * self.units
        found = [("gain_ih", rows), ("gain_hh", rows)]
        if self.has_cell:
            found += [("gain_c", self.units), *([("bias_c", self.units)] if self.bias else [])]
        return tuple(found)

    def block_shape(self, *shapes: Shape) -> Shape:
        return (sum(prod(shape) for _, shape in self._tensors(shapes[0][-1])), 1)

    def views(self, block: Array) -> dict[str, Array]:
        # Only the first layer's input weights grow with the features.
        none = sum(prod(shape) for _, shape in self._tensors(0))
        features = (len(block) - none) // (self.gates * self.width)
        found, start = {}, 0
        for name, shape in self._tensors(features):
            found[name] = block[start : (start := start + prod(shape))].reshape(shape)
        return found

    def weights(self, block: Array) -> Array:
        return block[: len(block) - self._bias_count - self._norm_count, 0]

    def tensors(self, block: Array) -> tuple[Array, ...]:
        return tuple(view for name, view in self.views(block).items() if name.startswith("weight"))

    def biases(self, block: Array) -> Array | None:
        stop = len(block) - self._norm_count
        return block[stop - self._bias_count : stop, 0] if self.bias else None

    @property
    def _norm_count(self) -> int:
        if not self.layer_norm:
            return 0
        return self.layers * len(self.directions) * sum(count for _, count in self._norms)

    @property
    def _bias_count(self) -> int:
        return 2 * self.layers * self.gates * self.width if self.bias else 0

    def initial(self, name: str, shape: Shape, rng: np.random.Generator) -> Array:
        if name.startswith("gain"):
            return np.ones(shape)
        if name.startswith("bias"):
            return self.initial_bias(name, shape)
        init = self.init if name.startswith("weight_ih") else self.recurrent_init
        if init == BY_UNITS:
            limit = 1 / sqrt(self.units)
            return rng.uniform(-limit, limit, shape)
        if init == "identity":
            return np.tile(self._gain * np.eye(self.units), (self.gates, 1))
        gain = 1.0 if name.startswith("weight_ih") else self._gain
        want = Request((self.units, shape[1]), shape[1], self.units, 1.0, 1.0, 0.0, gain)
        return np.concatenate([INITIALIZERS[init].draw(rng, want) for _ in range(self.gates)])

    def initial_bias(self, name: str, shape: Shape) -> Array:
        return np.zeros(shape)

    # In a plan

    def bind(self, plan: Plan, h: Var, a: Var, p: Block | None) -> None:
        assert p is not None
        xp, steps = plan.xp, plan.structure.input_shapes(plan.node)[0][0]
        values, grads = self._pieces(p.value), self._pieces(p.grad)
        x, stack = step_rows(plan, h.value, steps, self.bias), list[tuple[Sweep, ...]]()
        masks: list[Array | None] = [None]  # of what each layer takes
        for layer in range(self.layers):
            if layer:
                x = plan.backend.ones(steps, plan.batch, self.width + self.bias)
                masks.append(self._mask(plan, (steps, plan.batch, self.width), layer))
                for place, sweep in self._side_by_side(stack[-1]):
                    if (mask := masks[-1]) is not None:
                        plan.forward(xp.multiply, sweep.states, mask[:, :, place], x[:, :, place])
                    else:
                        plan.forward(xp.copyto, x[:, :, place], sweep.states)
            own = zip(values[layer], grads[layer], strict=True)
            kept = [(value, None if a.grad is None else grad) for value, grad in own]
            stack.append(tuple(self.sweep(plan, x, *pair, bool(i)) for i, pair in enumerate(kept)))
            for sweep in stack[-1]:
                for call in sweep.forward():
                    plan.forward(*call)
        plan.inside[plan.node] = tuple(stack)
        for place, sweep in self._side_by_side(stack[-1]):
            if self.return_sequences:
                plan.forward(xp.copyto, by_step(a.value, steps)[:, :, place], sweep.states)
            else:
                plan.forward(xp.copyto, a.value[place], sweep.states[sweep.last].T)
        if a.grad is not None:
            plan.backward(*self._back(plan, h, a.grad, stack, masks))

    def _mask(self, plan: Plan, shape: Shape, layer: int) -> Array | None:
        """Srivastava et al. 2014 between the layers alone (Zaremba et al. 2014): no step forgets what went before."""
        if not plan.trains or not self.dropout:
            return None
        return drawn_mask(plan, shape, self.dropout, f"{plan.node}.{layer}")

    def _back(
        self, plan: Plan, h: Var, grad: Array, stack: list[tuple[Sweep, ...]], masks: list[Array | None]
    ) -> list[BoundCall]:
        xp, steps = plan.xp, stack[0][0].steps
        calls: list[BoundCall] = []
        for place, sweep in self._side_by_side(stack[-1]):
            if self.return_sequences:
                calls.append((xp.copyto, sweep.delta, by_step(grad, steps)[:, :, place]))
            else:
                calls.append((xp.copyto, sweep.delta[sweep.last], grad[place].T))
        for layer in reversed(range(self.layers)):
            for sweep in stack[layer]:
                calls += sweep.back(every_step=self.return_sequences or layer < self.layers - 1)
            if not layer and h.grad is None:
                break  # nothing before it is trained
            total, found = stack[layer][0].to_inputs()
            calls += found
            for sweep in stack[layer][1:]:
                more, found = sweep.to_inputs()
                calls += [*found, (xp.add, total, more, total)]
            if h.grad is not None and not layer:
                calls.append((xp.copyto, by_step(h.grad, steps), total))
            else:
                for place, below in self._side_by_side(stack[layer - 1]):
                    if (mask := masks[layer]) is not None:
                        calls.append((xp.multiply, total[:, :, place], mask[:, :, place], below.delta))
                    else:
                        calls.append((xp.copyto, below.delta, total[:, :, place]))
        return calls

    def _side_by_side(self, sweeps: tuple[Sweep, ...]) -> Iterator[tuple[slice, Sweep]]:
        """Each direction, and where its units stand in what the layer hands on."""
        for number, sweep in enumerate(sweeps):
            yield slice(number * self.units, (number + 1) * self.units), sweep

    def _pieces(self, block: Array) -> list[list[Tensors]]:
        """The tensors of each layer and direction, with an axis for the gates."""
        views = self.views(block)

        def apart(name: str) -> Array | None:
            view = views.get(name)
            if view is None or len(view) == self.units < self.gates * self.units:
                return view  # of a cell, which has one place
            return view.reshape(self.gates, self.units, *view.shape[1:])

        return [
            [
                Tensors(*(apart(f"{kind}_l{layer}{direction}") for kind in KINDS))  # type: ignore[arg-type]
                for direction in self.directions
            ]
            for layer in range(self.layers)
        ]

    def held(self, *shapes: Shape) -> int:
        steps, features = shapes[0]
        inside = self.layers * len(self.directions) * (2 * self.gates + 3) * self.units * (3 if self.layer_norm else 1)
        return steps * (features + 1 + (self.layers - 1) * self.width + inside)

    # Exports

    def onnx(self, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> tuple[Operator, ...]:
        return tuple(operators(self, inputs[0]))

    @property
    def no_onnx(self) -> str:
        return (
            "layer norm inside a recurrent layer is in no ONNX operator; PyTorch source has it"
            if self.layer_norm
            else ""
        )

    def torch_class(self) -> tuple[str, ...]:
        return spelled_class(self) if self.spelled_out else ()

    def torch(self, *shapes: Shape) -> str:
        dropout = f", dropout={self.dropout}" if self.dropout and self.layers > 1 else ""
        if self.spelled_out:
            stack = f"{self.layers}, bias={self.bias}, both={self.bidirectional}{dropout}"
            return f"{spelled_name(self)}({shapes[0][1]}, {self.units}, {stack})"
        more = f", num_layers={self.layers}" if self.layers > 1 else ""
        more += self.torch_more + ("" if self.bias else ", bias=False") + dropout
        more += ", batch_first=True" + (", bidirectional=True" if self.bidirectional else "")
        return f"nn.{self.module}({shapes[0][1]}, {self.units}{more})"

    def torch_forward(self, module: str, inputs: tuple[str, ...]) -> str:
        called = f"{module}({inputs[0]})"
        if self.spelled_out:
            return f"{called}[{0 if self.return_sequences else 1}]"
        if self.return_sequences:
            return f"{called}[0]"
        if self.bidirectional:
            return f"{called}{self.torch_last}[-2:].transpose(0, 1).flatten(1)"
        return f"{called}{self.torch_last}[-1]"

    def torch_initial(self, module: str, *shapes: Shape) -> tuple[str, ...]:
        lines = [f"for name, tensor in {module}.named_parameters():"]
        of_x, of_state = self._drawn(self.init, 1.0), self._drawn(self.recurrent_init, self._gain)
        if of_x == of_state:
            lines += ['    if name.startswith("weight"):', *of_x]
        else:
            lines += ['    if name.startswith("weight_ih"):', *of_x]
            lines += ['    elif name.startswith("weight_hh"):', *of_state]
        if self.layer_norm:
            lines += ['    elif name.startswith("gain"):', "        nn.init.ones_(tensor)"]
        if self.bias:
            lines += ["    else:", "        nn.init.zeros_(tensor)", *self.torch_bias()]
        return tuple(lines)

    def _drawn(self, init: str, gain: float) -> list[str]:
        if init == BY_UNITS:
            limit = 1 / sqrt(self.units)
            return [f"        nn.init.uniform_(tensor, -{limit}, {limit})"]
        want = Request((self.units, self.units), self.units, self.units, 1.0, 1.0, 0.0, gain)
        if init == "identity":
            lines = ["nn.init.eye_(gate)"] + ([f"gate.data.mul_({gain})"] if gain != 1 else [])
        else:
            lines = [INITIALIZERS[init].torch("gate", want)]
        return [f"        for gate in tensor.chunk({self.gates}):", *(f"            {line}" for line in lines)]

    def torch_weights(self, module: str) -> tuple[str, ...]:
        return tuple(f"{module}.{name}" for name, shape in self._tensors(0) if len(shape) == 2)

    def torch_bias(self) -> tuple[str, ...]:
        """Lines that follow for a bias called `name`, with its `tensor`."""
        return ()
