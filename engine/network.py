"""A network: parameters with the plans that run them."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from math import prod
from typing import Any

import numpy as np

from engine.backend import Array, Backend
from engine.data.batches import with_ones
from engine.data.preprocess import Preprocessor, misfit
from engine.graph import Structure
from engine.layers.base import Block
from engine.memory import must_fit, needs_of
from engine.metrics import Score, Tally
from engine.parameters import Parameters
from engine.plan import Moment, Plan
from engine.project import Project

MOST_NUMBERS = 4_000_000  # held by one plan for prediction: larger inputs go through in pieces
NEAR = 1 << 18  # numbers of a plan that stay in the processor's cache from one layer to the next
TRAINS = ("train", "to input")  # uses of a plan with a way back
# Every picture has sizes of its own, and to bind a plan anew takes longer than to run it: those of all pictures are
# kept, as long as they do not hold so many numbers.
KEPT_PLANS, KEPT_NUMBERS = 48, 1 << 24


class Network:
    """The project's network on a backend, with PyTorch's names and layouts outside."""

    def __init__(self, project: Project, backend: Backend) -> None:
        self.structure, self.backend = project.structure(), backend
        must_fit(needs_of(self.structure, backend.dtype), backend)
        self.loss = project.training.loss
        self.classes = project.summary().classes
        self.parameters_ = Parameters(self.structure, backend)
        self.moment = Moment()
        self.preprocess = Preprocessor(project.data.preprocess, self.input_shape, backend.dtype)
        self.loaded: Callable[[], None] = lambda: None  # called when weights have been loaded
        self._plans: dict[tuple[int, str], Plan] = {}
        self._width = _width(self.structure)

    def sharing(self, structure: Structure, own: Mapping[str, Block]) -> "Network":
        """A network of another structure that computes with the parameters of this one, but for blocks of its own.

        Its examples are taken as they are; and it holds on to nothing else of this one.
        """
        other = copy(self)
        other.structure, other.parameters_ = structure, self.parameters_.sharing(own)
        other.preprocess, other.loaded = Preprocessor("none", structure.example, self.backend.dtype), lambda: None
        other._plans, other._width = {}, _width(structure)
        return other

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.structure.example

    def state(self) -> dict[str, Array]:
        """Every parameter and buffer on the host, as {"h1.weight": (out, in), "norm1.running_mean": (features,)}."""
        buffers = {
            name: self.backend.to_host(view).astype(np.int64 if self.parameters_.is_count(name) else view.dtype)
            for name, view in self.parameters_.named_buffers()
        }
        return {**self.parameters(), **buffers, **self.preprocess.state()}

    def parameters(self) -> dict[str, Array]:
        """Every parameter on the host."""
        return self._on_host(self.parameters_.values)

    def gradients(self) -> dict[str, Array]:
        """The gradient of every parameter, as the last way back left it."""
        return self._on_host(self.parameters_.grads)

    def _on_host(self, vector: Array) -> dict[str, Array]:
        return {name: self.backend.to_host(view) for name, view in self.parameters_.named(vector)}

    def load_parameters(self, mapping: Mapping[str, Array]) -> None:
        """Takes every parameter, and the buffers that are there.

        ValueError on a missing, unknown or misshapen name, and nothing is changed. The numbers of the preprocessing
        may be left out only where they are known already.
        """
        if wrong := self.misfits(mapping):
            raise ValueError(wrong[0])
        views = self._views()
        own = {name: array for name, array in mapping.items() if name in views}
        ready = {name: self.backend.from_host(np.asarray(array, np.float64)) for name, array in own.items()}
        self.preprocess.take(mapping)
        for name, array in ready.items():
            views[name][...] = array
        self.loaded()

    def misfits(self, mapping: Mapping[str, Array]) -> list[str]:
        """What keeps `load_parameters` from taking `mapping`, a line for each missing, unknown or misshapen name."""
        shapes = {name: view.shape for name, view in self._views().items()}
        wanted = dict(self.parameters_.named(self.parameters_.values))
        found = [f"{name}: is missing, expected shape {shapes[name]}" for name in wanted if name not in mapping]
        found += self.preprocess.misfits(mapping)
        for name, array in mapping.items():
            if name in self.preprocess.shapes:
                continue
            if name not in shapes:
                known = ", ".join([*shapes, *self.preprocess.shapes])
                found.append(f"{name}: is unknown, the network has {known}")
            elif why := misfit(name, array, shapes[name]):
                found.append(why)
        return found

    def load_fitting(self, mapping: Mapping[str, Array]) -> list[str]:
        """Takes every parameter and buffer whose name and shape fit; returns the names taken."""
        views, fitting = self._views(), self.fitting(mapping)
        for name, array in fitting.items():
            views[name][...] = self.backend.from_host(np.asarray(array, np.float64))
        taken = [*fitting, *self.preprocess.take(mapping)]
        self.loaded()
        return taken

    def fitting(self, mapping: Mapping[str, Array]) -> dict[str, Array]:
        """The parameters and buffers of `mapping` whose name and shape fit, in the network's order."""
        views = self._views().items()
        return {
            name: mapping[name]
            for name, view in views
            if name in mapping and not misfit(name, mapping[name], view.shape)
        }

    def _views(self) -> dict[str, Array]:
        """Every parameter and buffer on the device, by name."""
        return {**dict(self.parameters_.named(self.parameters_.values)), **dict(self.parameters_.named_buffers())}

    def predict(self, x: Array) -> Array:
        """The network's output (N, units) for raw examples `x` (N, *shape), in inference mode."""
        x, piece = self._examples(x), self.most_at_once
        outputs = [self.outputs(self.rows(x[start : start + piece])) for start in range(0, len(x), piece)]
        empty = np.zeros((0, plan_units(self)), self.backend.dtype)
        joined: Array = np.concatenate(outputs) if outputs else empty
        return joined

    def walk(self, x: Array) -> Plan:
        """The plan through which raw examples `x` have just gone: every node's value stands in its `vars`."""
        return self._through(self.rows(self._examples(x)))

    def rows(self, x: Array) -> Array:
        """Raw examples (N, *shape) as a plan takes them: prepared, on the device, (N, features + 1)."""
        return with_ones(self.backend, self.prepared(x))

    def outputs(self, rows: Array) -> Array:
        """The output (N, units) on the host for device `rows`, in pieces that stay near the processor."""
        count, host = len(rows), self.backend.to_host
        most = min(self.most_at_once, max(1, NEAR // self._widths())) if self.backend.device == "cpu" else count
        pieces = -(-count // most)
        # An output's numbers stand together, as the device has them: all that asks for the greatest goes along them.
        if pieces <= 1:
            return host(self._through(rows).output.value).T
        outputs, piece = np.empty((plan_units(self), count), self.backend.dtype).T, -(-count // pieces)
        for start in range(0, count, piece):
            some = slice(min(start, count - piece), start + piece)  # all of one length, for one plan
            outputs[some] = host(self._through(rows[some]).output.value).T
        return outputs

    def _through(self, rows: Array) -> Plan:
        plan = self.plan(len(rows), "predict")
        plan.fill(rows)
        with np.errstate(all="ignore"):
            plan.run_forward()
        return plan

    def logits(self, plan: Plan) -> Array:
        """What decides: the output, or the input of a drawn sigmoid or softmax that the loss takes in."""
        output = self.structure.output
        if self.loss.takes_logits and self.structure.layers[output].kind() in ("sigmoid", "softmax"):
            (output,) = self.structure.inputs[output]
        return plan.vars[output].value

    def loss_and_gradients(self, x: Array, y: Array) -> tuple[float, dict[str, Array]]:
        """The loss on raw examples and ∂loss/∂parameter by name, in training mode, without regularizer."""
        x, targets = self._examples(x), self.targets(y)
        if not 0 < len(x) == len(targets):
            raise ValueError(f"expected as many x as y and at least one, got {len(x)} and {len(targets)}")
        plan = self.plan(len(x), "train")
        plan.fill(with_ones(self.backend, self.prepared(x)), targets.T)
        with np.errstate(all="ignore"), self.parameters_.undisturbed():
            plan.run_forward()
            plan.run_backward()
            gradients = self.gradients()
        return float(plan.loss.item()), gradients

    def input_gradient(self, x: Array, y: Array) -> Array:
        """∂loss/∂(prepared examples) (N, features) on the host, in training mode, at raw ones; no state is changed."""
        plan = self.plan(len(x), "to input")
        plan.fill(with_ones(self.backend, self.prepared(self._examples(x))), self.targets(y).T)
        with np.errstate(all="ignore"), self.parameters_.undisturbed():
            plan.run_forward()
            plan.run_backward()
        return self.backend.to_host(plan.input_gradient())

    def targets(self, y: Array) -> Array:
        """`y` as (N, units) on the device, as the loss wants it."""
        y = np.asarray(y)
        if self.classes is None:
            y = y[:, None] if y.ndim == 1 else y
        elif y.ndim != 1 or y.dtype.kind not in "biu" or (len(y) and not 0 <= y.min() <= y.max() < self.classes):
            raise ValueError(f"y: expected N whole numbers from 0 to {self.classes - 1}, the classes")
        else:
            y = y.astype(np.int64)
        return self.backend.from_host(self.loss.targets(y, self.classes, plan_units(self)))

    def evaluate(self, rows: Array, targets: Array) -> Score:
        """The score over device `rows` (N, features + 1) with `targets` (N, units), in inference mode."""
        return self.score([(rows, targets)])

    def score(self, parts: Iterable[tuple[Array, Array]]) -> Score:
        """The score over all examples of `parts`, each as `evaluate` has them."""
        tally = Tally(self.backend, self.loss, self.classes)
        for rows, targets in parts:
            piece = max(1, min(len(rows), self.most_at_once))
            for start in range(0, len(rows), piece):
                part = slice(start, min(start + piece, len(rows)))
                plan = self.plan(part.stop - start, "evaluate")
                plan.fill(rows[part], targets[part].T)
                with np.errstate(all="ignore"):
                    plan.run_forward()
                    tally.add(plan.loss, plan.logits.value, plan.targets)
        return tally.score()

    def plan(self, batch: int, use: str) -> Plan:
        """The plan for `batch` examples; the last ones are kept.

        `use` is `evaluate`, `train`, or `to input`: to train, with the gradient of the examples too. Else it predicts,
        and under another name than `predict` nobody else runs it.
        """
        key = (batch, use)
        plan = self._plans.pop(key, None)
        if plan is None:
            loss = self.loss if use in (*TRAINS, "evaluate") else None
            plan = Plan(
                self.structure,
                self.parameters_,
                self.backend,
                batch,
                loss,
                trains=use in TRAINS,
                classes=self.classes,
                moment=self.moment,
                to_input=use == "to input",
            )
            while self._plans and (len(self._plans) >= KEPT_PLANS or self._held(key) > KEPT_NUMBERS):
                del self._plans[next(iter(self._plans))]
        self._plans[key] = plan
        return plan

    def _held(self, *others: tuple[int, str]) -> int:
        """How many numbers the plans hold that are kept, and others, about: of one that trains, gradients besides."""
        return self._widths() * sum(batch * (1 + (use in TRAINS)) for batch, use in (*self._plans, *others))

    def _examples(self, raw: Any) -> Array:
        """`raw` as an array, checked against the input's shape."""
        x: Array = np.asarray(raw)
        if x.shape[1:] != self.input_shape:
            expected = "×".join(map(str, ("N", *self.input_shape)))
            raise ValueError(f"x: expected {expected}, got {'×'.join(map(str, x.shape)) or 'no array'}")
        if x.dtype.kind not in "biuf":
            raise ValueError(f"x: expected real numbers, got {x.dtype}")
        return x

    def prepared(self, x: Array) -> Array:
        """Raw examples (N, *shape) as the first layer takes them, (N, features) on the host."""
        flat: Array = self.preprocess(x).reshape(len(x), prod(self.input_shape))
        return flat

    @property
    def most_at_once(self) -> int:
        """How many examples one plan for prediction holds at most."""
        return max(1, MOST_NUMBERS // self._widths())

    def _widths(self) -> int:
        return self._width


def _width(structure: Structure) -> int:
    """How many numbers a plan for prediction holds for each example, about."""
    held = sum(structure.layers[node].held(*structure.input_shapes(node)) for node in structure.drawn)
    return held + sum(prod(shape) + 1 for shape in structure.shapes.values())


def plan_units(network: Network) -> int:
    return network.structure.shapes[network.structure.output][0]
