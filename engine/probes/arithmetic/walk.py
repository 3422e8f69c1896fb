"""One example through a network's twin in float64 on the host, in inference mode: every value, and every gradient."""

import weakref
from collections import defaultdict
from math import prod
from typing import Any

import numpy as np

from engine import layout
from engine.backend import Array, Backend
from engine.data.batches import with_ones
from engine.graph import Structure
from engine.layers.base import Layer
from engine.layers.input import Input
from engine.losses.base import Loss
from engine.network import Network, plan_units
from engine.parameters import Parameters
from engine.plan import Plan, Var


class Walk:
    """What the sums are written from. Weights are the run's own, converted without loss; they move only in `take`."""

    def __init__(self, network: Network) -> None:
        self.network = weakref.proxy(network)  # it leads to its trainer, by which walks are found and which must go
        self.structure, self.layers = network.structure, network.structure.layers
        self.backend = Backend(np, "cpu", "float64")
        self.parameters = Parameters(self.structure, self.backend)
        self.plan = Plan(
            self.structure,
            self.parameters,
            self.backend,
            1,
            network.loss,
            classes=network.classes,
            to_input=True,
            infers=True,
        )
        self.logits = next(node for node, var in self.plan.vars.items() if var is self.plan.logits)
        self.consumers: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for node in self.structure.order:
            for slot, source in enumerate(self.structure.inputs[node]):
                self.consumers[source].append((node, slot))
        self.raw = np.zeros(0)
        self.target: Array | None = None  # as the loss takes it
        self._alone: dict[str, Plan] = {}

    def take(self, x: Array, y: Array | None) -> None:
        """Raw `x` of the input's shape; `y` one row of targets as the loss wants them, None without a way back."""
        self.parameters.values[...] = self.network.backend.to_host(self.network.parameters_.values)
        prepared = np.asarray(self.network.preprocess(x[None].astype(np.float64)), np.float64)
        self.raw, self.target = x.reshape(-1), y
        self._alone.clear()
        with np.errstate(all="ignore"):
            rows = with_ones(self.backend, prepared.reshape(1, -1))
            self.plan.fill(rows, None if y is None else y.reshape(-1, 1))
            self.plan.run_forward()
            self.plan.draw_output()
            if y is not None:
                self.plan.run_backward()

    def targets(self, y: Array) -> Array:
        """One target, as the data have it, as the loss takes it."""
        network = self.network
        row: Array = network.loss.targets(y, network.classes, plan_units(network)).astype(np.float64).reshape(-1)
        return row

    @property
    def loss(self) -> float | None:
        return None if self.target is None else float(self.plan.loss.item())

    def value(self, node: str) -> Array:
        """The node's output, in the order in which its numbers are counted."""
        return self._counted(self.plan.vars[node].value, node)

    def gradient(self, node: str) -> Array | None:
        """∂L/∂(the node's output); None where nothing goes back, or past it."""
        grad = self.plan.vars[node].grad
        return None if grad is None or self.target is None else self._counted(grad, node)

    def _counted(self, held: Array, node: str) -> Array:
        counted: Array = layout.in_order(held, self.structure.shapes[node]).reshape(-1)
        return counted

    def source(self, node: str, slot: int = 0) -> str:
        return self.structure.inputs[node][slot]

    def views(self, node: str) -> dict[str, Array]:
        """The node's own parameters by name."""
        return self.parameters.views(self.parameters.values, node)

    def buffers(self, node: str) -> Any:
        return self.parameters.blocks[node].buffers

    def units(self, node: str) -> int:
        return prod(self.structure.shapes[node])

    def slopes(self, node: str) -> Array:
        """The local derivative of a layer that acts on numbers one by one, where it stands."""
        source = self.source(node)
        plan = self._alone.get(node)
        if plan is None:
            plan = self._alone[node] = _alone(self.layers[node], self.structure.shapes[source], self.backend)
        with np.errstate(all="ignore"):
            plan.fill(with_ones(self.backend, self.value(source)[None]))
            plan.run_forward()
            plan.run_backward()
        slopes: Array = plan.input_gradient()[0]
        return slopes


class _Ones(Loss, frozen=True, tag="ones"):
    """∂L/∂z = 1."""

    def bind(self, plan: Plan, z: Var, y: Array) -> None:
        assert z.grad is not None
        plan.backward((z.grad.fill, 1.0))


def _alone(layer: Layer, shape: tuple[int, ...], backend: Backend) -> Plan:
    """`layer` by itself, behind an input."""
    inputs: dict[str, tuple[str, ...]] = {"x": (), "h": ("x",)}
    shapes = {"x": shape, "h": layer.output_shape(shape)}
    structure = Structure(("x", "h"), {"x": Input(), "h": layer}, inputs, shapes, "h", shape)
    return Plan(structure, Parameters(structure, backend), backend, 1, _Ones(), to_input=True, infers=True)
