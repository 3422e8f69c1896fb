"""The scalars of every layer at one step: what telemetry writes and the panels over time draw.

Of a step's batch, before its update, without the regularizer and before clipping. Like a plan they are a flat list of
calls bound once; each leaves its sum in one vector, which comes to the host at once.
"""

from collections.abc import Callable
from functools import partial
from math import nan, prod, sqrt
from typing import Any, NamedTuple

import numpy as np

from engine import layout
from engine.backend import Array, Backend, BoundCall, Call, bound, count
from engine.layers.base import Activation
from engine.parameters import Parameters
from engine.plan import Plan

LayerStatistics = dict[str, float | None]
Numbers = list[float]
WEIGHT_FIELDS = ("weight_norm", "grad_norm", "grad_mean_abs", "update_ratio", "bias_grad_norm")
ACTIVATION_FIELDS = ("mean", "std", "zero_fraction", "saturated_fraction", "dead_fraction", "delta_rms")
FLAT = 0.01  # of the steepest slope: below it a unit counts as saturated
SUMS = 8  # of a node, at most, besides those of large weights
PIECE = 1 << 18  # weights copied at a time: the copies of a large layer need no room of their own
# What float32 cannot tell is taken again in float64: sums near the ends of its range, and a spread so much smaller
# than the mean that rounding is most of it.
SMALLEST, LARGEST, NARROW = 1e-30, 1e30, 1e-8


def layer_statistics(plan: Plan) -> dict[str, LayerStatistics]:
    """The statistics of each drawn node, after a plan's way back; `update_ratio` is None."""
    with np.errstate(all="ignore"):
        return Statistics(plan).look()


class Statistics:
    """The statistics of a plan's drawn nodes: `look` after its way back, then the update, then `add_updates`.

    Both want NumPy's warnings switched off: what overflows in a sum of squares is taken again.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        nodes, parameters = plan.structure.drawn, plan.parameters
        weighted = [node for node in nodes if node in parameters.blocks]
        weights = [parameters.weights(parameters.values, node) for node in weighted]
        self._sums = _Sums(plan.backend, SUMS * len(nodes) + 4 * sum(len(_pieces(w)) for w in weights))
        sizes = [plan.vars[node].value.size for node in nodes if node not in weighted]
        sizes += [w[rows].size for w in weights for rows in _pieces(w)]
        looks: list[BoundCall] = []
        updates: list[BoundCall] = []
        self._whole = _Whole(plan.backend, parameters, looks, updates) if parameters.count <= PIECE else None
        longest = max(*sizes, plan.batch, parameters.count if self._whole is not None else 0)
        self._scratch, self._ones = plan.backend.zeros(max(sizes)), plan.backend.ones(longest)
        self._fields: dict[str, Callable[[Numbers], LayerStatistics]] = {}
        self._changes: dict[str, list[int]] = {}
        for node in nodes:
            if node in weighted:
                self._fields[node], self._changes[node] = self._weights(looks, updates, node)
            else:
                self._fields[node] = self._activations(looks, node)
        self._look_calls, self._update_calls = (self._made_one(bound(calls)) for calls in (looks, updates))
        last = {piece for change in self._changes.values() for piece in change}
        self._first = tuple(index for index in self._sums.doubtful if index not in last)
        self._last = tuple(index for index in self._sums.doubtful if index in last)

    def _made_one(self, calls: list[Call]) -> list[Call]:
        """By compiled kernels, where there are any; a graph of the card would hold what is seldom asked for."""
        return calls if self.plan.backend.kernels == "cuda" else self.plan.backend.lowered(calls)

    def look(self) -> dict[str, LayerStatistics]:
        """The statistics of each drawn node; `update_ratio` is still None."""
        self.plan.draw_output()
        for call in self._look_calls:
            call()
        numbers = self._sums.told(self._first)
        return {node: fields(numbers) for node, fields in self._fields.items()}

    def add_updates(self, statistics: dict[str, LayerStatistics]) -> None:
        """Fills in ‖ΔW‖ / ‖W‖, W as it was before the update; None for weights that were all zero."""
        for call in self._update_calls:
            call()
        numbers = self._sums.told(self._last)
        for node, change in self._changes.items():
            length = statistics[node]["weight_norm"]
            moved = sqrt(_sum(numbers, change))
            statistics[node]["update_ratio"] = moved / length if length else None

    def _weights(
        self, looks: list[BoundCall], updates: list[BoundCall], node: str
    ) -> tuple[Callable[[Numbers], LayerStatistics], list[int]]:
        """Adds a weighted node's calls; returns its fields, and where its update will be told, piece by piece."""
        xp, parameters, add = self.plan.xp, self.plan.parameters, self._sums.add
        w, g = (parameters.weights(vector, node) for vector in (parameters.values, parameters.grads))
        b, n = parameters.biases(parameters.grads, node), w.size
        weight, grad, size, change = list[int](), list[int](), list[int](), list[int]()
        whole = self._whole.of(node) if self._whole is not None else None
        old = parameters.room(f"{node} before", *w.shape) if whole is None else whole.before
        for rows in _pieces(w) if whole is None else [slice(None)]:
            now, slope, before = w[rows], g[rows], old[rows]
            if whole is not None:
                flat, scratch = whole.kept, whole.sizes
            else:
                flat, scratch = before.reshape(-1), self._scratch[: now.size]
                looks += [(xp.copyto, before, now), (xp.absolute, slope, scratch.reshape(now.shape))]
                updates.append((xp.subtract, now, before, scratch.reshape(now.shape)))
            ones = self._ones[: scratch.size]
            weight.append(add(looks, flat, flat, partial(_squares, before)))
            grad.append(add(looks, scratch, scratch, partial(_squares, slope)))
            size.append(add(looks, scratch, ones, partial(_sizes, xp, slope)))
            change.append(add(updates, scratch, scratch, partial(_change, now, before)))
        bias = None if b is None else add(looks, b, b, partial(_squares, b))

        def fields(numbers: Numbers) -> LayerStatistics:
            return {
                "weight_norm": sqrt(_sum(numbers, weight)),
                "grad_norm": sqrt(_sum(numbers, grad)),
                "grad_mean_abs": _sum(numbers, size) / n,
                "update_ratio": None,
                "bias_grad_norm": None if bias is None else sqrt(numbers[bias]),
            }

        return fields, change

    def _activations(self, looks: list[BoundCall], node: str) -> Callable[[Numbers], LayerStatistics]:
        """Adds the calls of a node without weights; returns its fields."""
        plan, xp, backend = self.plan, self.plan.xp, self.plan.backend
        layer, h = plan.structure.layers[node], plan.vars[node].value
        before = plan.vars[plan.structure.inputs[node][0]]
        n, mask, mean = h.size, backend.mask(*h.shape), backend.scalar(0.0)
        scratch, ones = self._scratch[:n], self._ones[:n]
        work, add = scratch.reshape(h.shape), self._sums.add
        total = add(looks, h.reshape(-1), ones, lambda: float(h.sum(dtype="float64").item()))
        looks += [(xp.multiply, self._sums.at(total), backend.scalar(1 / n), mean), (xp.subtract, h, mean, work)]
        spread = add(looks, scratch, scratch, lambda: _spread(h))
        looks.append((xp.equal, h, backend.scalar(0.0), mask))
        zero = self._sums.count(looks, mask)
        flats = self._flat_calls(looks, node, layer, mask) if isinstance(layer, Activation) else None
        delta = before.grad
        back = None if delta is None else add(looks, delta.reshape(-1), delta.reshape(-1), lambda: _squares(delta))

        def fields(numbers: Numbers) -> LayerStatistics:
            if numbers[spread] < NARROW * numbers[total] ** 2 / n and backend.dtype == "float32":
                numbers[spread] = _spread(h)
            return {
                "mean": numbers[total] / n,
                "std": sqrt(numbers[spread] / n),
                "zero_fraction": numbers[zero] / n,
                "saturated_fraction": None if flats is None else flats.saturated(numbers, n),
                "dead_fraction": None if flats is None else numbers[flats.dead] / flats.units,
                "delta_rms": None if delta is None or back is None else sqrt(numbers[back] / delta.size),
            }

        return fields

    def _flat_calls(self, looks: list[BoundCall], node: str, layer: Activation, mask: Array) -> "_Flat":
        """Counts the numbers on a flat piece of the activation, and the units with slope 0 in the whole batch."""
        plan, xp, backend = self.plan, self.plan.xp, self.plan.backend
        h, shape = plan.vars[node].value, plan.structure.shapes[node]
        (units, batch), ones, work = h.shape, self._ones, self._scratch[: h.size].reshape(h.shape)
        zero, half, limit = backend.scalar(0.0), backend.scalar(0.5), backend.scalar(FLAT * layer.steepest)
        counts, saturated = backend.zeros(units), None if layer.pieces else backend.mask(units, batch)

        # 1 where the slope is not 0: of straight pieces the way back has it so.
        steep = plan.derivatives.get(node)
        if steep is None or not layer.pieces:
            slope = self._slopes(looks, node, layer, work)
            if saturated is not None:
                looks.append((xp.greater, limit, slope, saturated))
            looks += [(xp.not_equal, slope, zero, mask), (xp.copyto, work, mask)]
            steep = work
        looks.append((steep.dot, ones[:batch], counts))
        share = self._sums.add(looks, counts, ones[:units]) if saturated is None else self._sums.count(looks, saturated)
        if axes := layout.places(shape):
            everywhere = counts.reshape(layout.held(shape))
            units //= prod(everywhere.shape[axis] for axis in axes)
            counts = backend.zeros(units)
            looks.append((xp.add.reduce, everywhere, axes, None, counts))
        dead = backend.mask(units)
        looks.append((xp.greater, half, counts, dead))
        return _Flat(share, saturated is None, self._sums.count(looks, dead), units)

    def _slopes(self, looks: list[BoundCall], node: str, layer: Activation, room: Array) -> Array:
        """Where the slopes of `node` will be: the way back has them, or they are taken here, to `room`."""
        plan = self.plan
        known = plan.derivatives.get(node)
        if known is not None:
            return known
        a, h = plan.vars[plan.structure.inputs[node][0]].value, plan.vars[node].value

        def take() -> None:
            room[...] = layer.derivative(plan.xp, a, h)

        looks.append((take,))
        return room


class _Flat(NamedTuple):
    """Where it will be told how many numbers are saturated, or not, and how many units of so many are dead.

    Units are of an image maps, of a sequence features, for one unit's weights are the same at all places.
    """

    share: int
    of_others: bool
    dead: int
    units: int

    def saturated(self, numbers: Numbers, n: int) -> float:
        """The share of `n`."""
        return (n - numbers[self.share] if self.of_others else numbers[self.share]) / n


class _Lying(NamedTuple):
    """A node's weights in the copies of `_Whole`: as they were; and as vectors, with 0 where a bias lies between."""

    before: Array
    kept: Array
    sizes: Array


class _Whole:
    """Copies of few parameters, all in one call: as they were before the update, and gradients or changes by size."""

    def __init__(
        self, backend: Backend, parameters: Parameters, looks: list[BoundCall], updates: list[BoundCall]
    ) -> None:
        xp, values, n = backend.xp, parameters.values[: parameters.count], parameters.count
        self._parameters, self._old, self._sizes = parameters, backend.zeros(n), backend.zeros(n)
        looks += [(xp.copyto, self._old, values), *self._without_biases(self._old)]
        without = self._without_biases(self._sizes)
        looks += [(xp.absolute, parameters.grads, self._sizes), *without]
        updates += [(xp.subtract, values, self._old, self._sizes), *without]

    def _without_biases(self, copy: Array) -> list[BoundCall]:
        every = [self._parameters.biases(copy, node) for node in self._parameters.layers]
        return [(biases.fill, 0.0) for biases in every if biases is not None]

    def of(self, node: str) -> _Lying | None:
        """None where there is more beside the weights than biases."""
        parameters, owner = self._parameters, self._parameters.layers[node].owner or node
        before, after = (parameters.weights(copy, owner) for copy in (self._old, self._sizes))
        if before.flags.c_contiguous:
            return _Lying(before, before.reshape(-1), after.reshape(-1))
        biases = parameters.biases(self._old, owner)
        blocks = [parameters.block(copy, owner).reshape(-1) for copy in (self._old, self._sizes)]
        beside = blocks[0].size - before.size
        return _Lying(before, *blocks) if beside == (0 if biases is None else biases.size) else None


class _Sums:
    """Σ a b of many pairs of arrays, side by side in one vector on the device."""

    def __init__(self, backend: Backend, room: int) -> None:
        self._backend, self._numbers = backend, backend.zeros(room)
        self._wide: dict[int, Callable[[], float]] = {}
        self._used = 0

    def add(self, calls: list[BoundCall], a: Array, b: Array, wide: Callable[[], float] | None = None) -> int:
        """Adds the call that takes the sum; returns where it will be told.

        `wide` takes it in float64; of whole numbers none is wanted.
        """
        index = self._next()
        if wide is not None:
            self._wide[index] = wide
        calls.append((a.dot, b, self.at(index)))
        return index

    def count(self, calls: list[BoundCall], mask: Array) -> int:
        """Adds the call that counts what is true in `mask`, which float32 can tell; returns where it will be told."""
        index = self._next()
        calls.append((count, self._backend.xp, mask, self.at(index)))
        return index

    def at(self, index: int) -> Array:
        """The place of one sum."""
        return self._numbers[index : index + 1].reshape(())

    def _next(self) -> int:
        self._used += 1
        return self._used - 1

    def told(self, doubtful: tuple[int, ...]) -> Numbers:
        """The sums on the host; of the `doubtful` ones, what float32 cannot tell in float64."""
        numbers: Numbers = self._backend.to_host(self._numbers).tolist()
        for index in doubtful:
            if not SMALLEST < abs(numbers[index]) < LARGEST:
                numbers[index] = self._wide[index]()
        return numbers

    @property
    def doubtful(self) -> tuple[int, ...]:
        """Those that another number type may tell better."""
        return tuple(self._wide) if self._backend.dtype == "float32" else ()


def _pieces(w: Array) -> list[slice]:
    """The rows of `w`, as many at a time as make a piece."""
    step = max(1, PIECE // max(1, w.size // len(w)))
    return [slice(start, start + step) for start in range(0, len(w), step)]


def _sum(numbers: Numbers, pieces: list[int]) -> float:
    return numbers[pieces[0]] if len(pieces) == 1 else sum(numbers[piece] for piece in pieces)


def _change(now: Array, before: Array) -> float:
    return _squares(now.astype("float64") - before)


def _sizes(xp: Any, array: Array) -> float:
    return float(xp.absolute(array).sum(dtype="float64").item())


def _squares(array: Array) -> float:
    wide = array.astype("float64").ravel()
    return float(wide.dot(wide).item())


def _spread(array: Array) -> float:
    """Σ (a - mean a)²."""
    wide = array.astype("float64").ravel()
    return _squares(wide - wide.sum() / wide.size)


def root_mean_square(array: Array | None) -> float:
    """√(mean a²); NaN where there is nothing, as of a gradient that nothing asks for.

    What float32 cannot tell is told in float64.
    """
    if array is None:
        return nan
    flat = array.reshape(-1)
    squares = float(flat.dot(flat).item())
    return sqrt((squares if SMALLEST < squares < LARGEST else _squares(array)) / array.size)
