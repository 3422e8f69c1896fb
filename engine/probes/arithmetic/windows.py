"""What a window that moves does, written out at one of its places: the sums of a convolution, what a pooling takes."""

from collections.abc import Iterator
from math import prod

import numpy as np

from engine.backend import Array
from engine.layers.by_hand import BY_HAND
from engine.layers.convolution import Conv1d, Convolution
from engine.layers.pooling import AvgPool2d, MaxPool2d
from engine.layers.window import Axis
from engine.probes.arithmetic.lines import LARGEST, MOST, Line, Section, Terms, Way, at, largest, listed, summed
from engine.probes.arithmetic.walk import Walk

Windowed = Convolution | MaxPool2d | AvgPool2d
Pair = tuple[int, int]  # a number of the window, and the place in the input that it stands at
OUTSIDE = "Where the window reaches beyond the edge all is 0, and nothing is added"
WAYS = {  # of kernels set by hand
    False: "The kernel lies as it was set: Σ k[j] x[i + j], a cross-correlation, as networks have it.",
    True: "The kernel is turned round: with the one that was set, Σ k[j] x[i − j], a convolution.",
}
SHARED = "Every place of the map adds its own to them; these are of one place."


class _Places:
    """How the numbers of a layer's input and output are counted: maps, down, across."""

    def __init__(self, walk: Walk, node: str) -> None:
        layer = walk.layers[node]
        assert isinstance(layer, Windowed)
        (shape,) = walk.structure.input_shapes(node)
        self.layer, self.source, self.steps = layer, walk.source(node), isinstance(layer, Conv1d)
        self.inputs, self.outputs = self._maps_first(shape), self._maps_first(walk.structure.shapes[node])
        self.high, self.wide = layer.axes(shape)

    def _maps_first(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        channels, high, wide = (shape[1], shape[0], 1) if self.steps else shape
        return channels, high, wide

    def split(self, unit: int, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """The map, row and column of a unit of an image of `shape`."""
        channels, high, wide = shape
        if self.steps:
            return unit % channels, unit // channels, 0
        return unit // (high * wide), unit // wide % high, unit % wide

    def unit(self, place: tuple[int, int, int], shape: tuple[int, int, int]) -> int:
        channel, row, column = place
        return row * shape[0] + channel if self.steps else (channel * shape[1] + row) * shape[2] + column

    def window(self, row: int, column: int) -> list[tuple[Pair, Pair]]:
        """What the window at (row, column) of the output looks at, row by row: ((j, k), (down, across))."""
        down, across = _looked_at(self.high, row), _looked_at(self.wide, column)
        return [((j, k), (y, x)) for j, y in down for k, x in across]

    def lookers(self, row: int, column: int) -> list[tuple[Pair, Pair]]:
        """The windows that look at (row, column) of the input: ((j, k), their place in the output)."""
        down, across = _looking(self.high, row), _looking(self.wide, column)
        return [((j, k), (y, x)) for j, y in down for k, x in across]

    def seen(self, filter_: int) -> list[tuple[int, int]]:
        """The maps that a filter sees: (where they stand in its kernel, which they are)."""
        assert isinstance(self.layer, Convolution)
        per = self.inputs[0] // self.layer.groups
        first = filter_ // (self.layer.filters // self.layer.groups) * per
        if self.layer.connections is not None:
            return [(channel, channel) for channel in self.layer.connections[filter_]]
        return [(k, first + k) for k in range(per)]


def _looked_at(axis: Axis, place: int) -> list[Pair]:
    first = place * axis.stride - axis.before
    found = ((j, first + j * axis.dilation) for j in range(axis.kernel))
    return [(j, i) for j, i in found if 0 <= i < axis.size]


def _looking(axis: Axis, place: int) -> list[Pair]:
    found = ((j, divmod(place + axis.before - j * axis.dilation, axis.stride)) for j in range(axis.kernel))
    return [(j, at_) for j, (at_, rest) in found if rest == 0 and 0 <= at_ < axis.out]


def made(walk: Walk, node: str, unit: int) -> Section:
    """How a unit comes about: the sum over its window, or what a pooling takes of it."""
    places, name, value = _Places(walk, node), at(node, unit), float(walk.value(node)[unit])
    if isinstance(places.layer, Convolution):
        return _convolved(walk, node, unit, places)
    source, x = places.source, walk.value(places.source)
    taken = _pooled(places, unit)
    if isinstance(places.layer, MaxPool2d):
        best = taken[int(x[taken].argmax())]
        told = (
            taken if len(taken) <= MOST else [taken[k] for k in np.sort(np.argsort(-x[taken], kind="stable")[:LARGEST])]
        )
        inside = ", ".join(f"{{{k}}}" for k in range(len(told)))
        text = f"max({inside})" if len(told) > 1 else inside
        line = Line(name, text, tuple(x[told].tolist()), value, source, best)
        title, left_out = f"{name} = the largest of its window: {at(source, best)}", len(taken) - len(told)
        return listed(Way.FORWARD, node, title, line, left_out=left_out)
    share = _share(places, unit)

    def part(j: int) -> Line:
        numbers = float(x[taken[j]]), share
        return Line(at(source, taken[j]), "{0}·{1}", numbers, numbers[0] * share, source, taken[j])

    with np.errstate(all="ignore"):
        return summed(
            Way.FORWARD, node, f"{name} = the mean of its window", name, value, [Terms(x[taken] * share, part)]
        )


def returned(walk: Walk, node: str, unit: int, delta: Array) -> Terms:
    """What comes back to a unit of the input: a term from every window that looks at it."""
    places = _Places(walk, node)
    channel, row, column = places.split(unit, places.inputs)
    windows = places.lookers(row, column)
    if isinstance(places.layer, Convolution):
        weight = _weights(walk, node)
        filters = [(f, own) for f in range(places.outputs[0]) for own, seen in places.seen(f) if seen == channel]
        units = [places.unit((f, *place), places.outputs) for f, _ in filters for _, place in windows]
        factors = np.array([weight[(f, own, *number)] for f, own in filters for number, _ in windows])
    else:
        units = [places.unit((channel, *place), places.outputs) for _, place in windows]
        if isinstance(places.layer, MaxPool2d):
            x = walk.value(places.source)
            windows_of = ((u, _pooled(places, u)) for u in units)
            units = [u for u, taken in windows_of if taken[int(x[taken].argmax())] == unit]
            factors = np.ones(len(units))
        else:
            factors = np.array([_share(places, u) for u in units])

    def told(j: int) -> Line:
        numbers = float(delta[units[j]]), float(factors[j])
        return Line(at(node, units[j]), "{0}·{1}", numbers, numbers[0] * numbers[1], node, units[j])

    with np.errstate(all="ignore"):
        return Terms(delta[units] * factors if units else np.zeros(0), told)


def kernel_gradients(walk: Walk, node: str, unit: int, delta: float, note: str) -> Section:
    """∂L/∂(each weight that makes `unit`) as far as it comes from this place."""
    places, x = _Places(walk, node), walk.value(_Places(walk, node).source)
    filter_, *_ = places.split(unit, places.outputs)
    rows = list(_terms(places, unit))
    values = x[[source for _, source in rows]]
    with np.errstate(all="ignore"):
        told = largest(delta * values)
    lines = [
        Line(
            f"∂L/∂w[{','.join(str(k + 1) for k in (filter_, *rows[j][0]))}]",
            "{0}·{1}",
            (delta, float(values[j])),
            delta * float(values[j]),
            places.source,
            rows[j][1],
        )
        for j in told.tolist()
    ]
    assert isinstance(places.layer, Convolution)
    if places.layer.bias:
        lines.append(Line(f"∂L/∂b[{filter_ + 1}]", "{0}", (delta,), delta))
    title = f"∂L/∂w = ∂L/∂{at(node, unit)}·x"
    return listed(Way.BACKWARD, node, title, *lines, note=f"{SHARED} {note}".strip(), left_out=len(rows) - len(told))


def _convolved(walk: Walk, node: str, unit: int, places: _Places) -> Section:
    filter_, *_ = places.split(unit, places.outputs)
    rows, weight, x = list(_terms(places, unit)), _weights(walk, node), walk.value(places.source)
    w, taken = np.array([weight[(filter_, *number)] for number, _ in rows]), [source for _, source in rows]

    def told(j: int) -> Line:
        numbers = float(w[j]), float(x[taken[j]])
        return Line(at(places.source, taken[j]), "{0}·{1}", numbers, numbers[0] * numbers[1], places.source, taken[j])

    bias = walk.views(node).get("bias")
    always = () if bias is None else (Line("bias", "", (), float(bias[filter_])),)
    name, end = at(node, unit), "" if bias is None else " + b"
    whole = prod((places.high.kernel, places.wide.kernel, len(places.seen(filter_))))
    assert isinstance(places.layer, Convolution)
    notes = [WAYS[places.layer.turned]] if places.layer.init == BY_HAND else []
    if len(rows) < whole:
        notes.append(f"{OUTSIDE}: {whole - len(rows)} of {whole} numbers.")
    title = f"{name} = Σ w·{places.source}{end} over its window, map {filter_ + 1}"
    with np.errstate(all="ignore"):
        parts = [Terms(w * x[taken] if rows else np.zeros(0), told)]
        return summed(
            Way.FORWARD, node, title, name, float(walk.value(node)[unit]), parts, always, note=" ".join(notes)
        )


def _terms(places: _Places, unit: int) -> Iterator[tuple[tuple[int, int, int], int]]:
    """Of a convolution's unit: (map, row, column in the kernel) and the unit of the input that it multiplies."""
    filter_, row, column = places.split(unit, places.outputs)
    window = places.window(row, column)
    for own, channel in places.seen(filter_):
        for number, place in window:
            yield (own, *number), places.unit((channel, *place), places.inputs)


def _pooled(places: _Places, unit: int) -> list[int]:
    """The units of the input in a pooling's window, row by row."""
    channel, row, column = places.split(unit, places.outputs)
    return [places.unit((channel, *place), places.inputs) for _, place in places.window(row, column)]


def _share(places: _Places, unit: int) -> float:
    """What one number counts in the mean of its window."""
    layer, (_, row, column) = places.layer, places.split(unit, places.outputs)
    assert isinstance(layer, AvgPool2d)
    return float(layer.shares(places.inputs)[row, column])


def _weights(walk: Walk, node: str) -> Array:
    """(filters, maps, height, width)."""
    weight = walk.parameters.weights(walk.parameters.values, node)
    return weight[..., None] if weight.ndim == 3 else weight
