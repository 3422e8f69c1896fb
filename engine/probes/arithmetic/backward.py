"""What the loss's gradient at a unit is made of: a term from every consumer; then its slope, and what moves weights."""

import numpy as np

from engine.backend import Array
from engine.layers.base import Weighted
from engine.layers.bias import Bias
from engine.layers.convolution import Convolution
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add, Concat, Multiply
from engine.layers.learned import Constant, Maxout, PRelu
from engine.layers.norms import BatchNorm, LayerNorm, Norm
from engine.layers.softmax import LogSoftmax, Softmax
from engine.layers.tied import Tied
from engine.probes.arithmetic.forward import (
    deviation_of,
    filled,
    normed,
    pieces_of,
    slope_of_prelu,
    statistics,
    taken_by,
    weights_of,
    written_out,
)
from engine.probes.arithmetic.lines import Line, Section, Terms, Way, at, largest, listed, summed
from engine.probes.arithmetic.losses import loss_terms
from engine.probes.arithmetic.walk import Walk
from engine.probes.arithmetic.windows import Windowed, kernel_gradients, returned

BACKWARD = Way.BACKWARD


def gradient(walk: Walk, node: str, unit: int) -> Section:
    """∂L/∂(unit of `node`), a term from each number that it goes into."""
    name = f"∂L/∂{at(node, unit)}"
    grad = walk.gradient(node)
    if walk.target is None:
        return listed(BACKWARD, node, name, note="Without a target there is no loss, and no way back.")
    if grad is None:
        note = (
            f"The loss takes {walk.logits} itself, which is the same and exact where this function is flat: "
            "its gradient goes past this node."
        )
        return listed(BACKWARD, node, name, note=note)
    parts = [loss_terms(walk, unit)] if node == walk.logits else []
    parts += [part for consumer, slot in walk.consumers[node] if (part := through(walk, consumer, slot, unit))]
    return summed(BACKWARD, node, f"{name}, from all that take it", name, float(grad[unit]), parts)


def through(walk: Walk, node: str, slot: int, unit: int) -> Terms | None:
    """What comes back through `node` to `unit` of its input number `slot`; None where nothing does."""
    delta, layer = walk.gradient(node), walk.layers[node]
    if delta is None:
        return None
    if not written_out(walk, node):
        return _unknown(walk, node, slot, unit)
    if isinstance(layer, Windowed):
        return returned(walk, node, unit, delta)
    if isinstance(layer, Maxout):
        return _through_maxout(walk, node, unit, layer, delta)
    if isinstance(layer, Dense | Tied):
        weight = weights_of(walk, node)[0]
        step, place = divmod(unit, weight.shape[1])  # of a sequence; a vector is one step
        column, first = weight[:, place], step * len(weight)
        own = delta[first : first + len(weight)]

        def told(j: int) -> Line:
            factors = float(own[j]), float(column[j])
            return Line(at(node, first + j), "{0}·{1}", factors, factors[0] * factors[1], node, first + j)

        with np.errstate(all="ignore"):
            return Terms(own * column, told)
    if isinstance(layer, Softmax | LogSoftmax):
        return _through_softmax(walk, node, unit, isinstance(layer, LogSoftmax), delta)
    if isinstance(layer, LayerNorm):
        return _through_layer_norm(walk, node, unit, delta)
    if isinstance(layer, Multiply):
        others = [source for i, source in enumerate(walk.structure.inputs[node]) if i != slot]
        factors = [float(delta[unit]), *(float(walk.value(source)[unit]) for source in others)]
        text = "·".join(f"{{{i}}}" for i in range(len(factors)))
        return _single(node, unit, text, tuple(factors), float(np.prod(factors)))
    if isinstance(layer, Concat):
        unit += sum(walk.units(source) for source in walk.structure.inputs[node][:slot])
    d = float(delta[unit])
    if isinstance(layer, Add | Bias | Concat):
        return _single(node, unit, "{0}", (d,), d)
    x = float(walk.value(walk.source(node, slot))[unit])
    if isinstance(layer, BatchNorm):
        w, deviation = float(walk.views(node)["weight"][unit]), deviation_of(walk, node, unit)
        return _single(node, unit, "{0}·{1}/{2}", (d, w, deviation), d * w / deviation if deviation else np.inf)
    if isinstance(layer, PRelu):
        slope = 1.0 if x > 0 else slope_of_prelu(walk, node, unit)
        return _single(node, unit, "{0}·{1}", (d, slope), d * slope)
    slope = float(walk.slopes(node)[unit])
    return _single(node, unit, "{0}·{1}", (d, slope), d * slope)


def _single(node: str, unit: int, text: str, numbers: tuple[float, ...], value: float) -> Terms:
    return Terms([value], lambda _: Line(at(node, unit), text, numbers, value, node, unit))


def _unknown(walk: Walk, node: str, slot: int, unit: int) -> Terms | None:
    """Through a layer that does not say how it is written: all of the gradient, where nothing else takes part."""
    source = walk.source(node, slot)
    grad = walk.gradient(source)
    if grad is None or len(walk.consumers[source]) > 1 or source == walk.logits:
        return None
    return _single(node, 0, "{0}", (float(grad[unit]),), float(grad[unit]))


def _through_maxout(walk: Walk, node: str, unit: int, layer: Maxout, delta: Array) -> Terms:
    weight = weights_of(walk, node)[0]
    taken = [j * layer.pieces + int(pieces_of(walk, node, j).argmax()) for j in range(layer.units)]
    column = weight[taken, unit]

    def told(j: int) -> Line:
        factors = float(delta[j]), float(column[j])
        return Line(at(node, j), "{0}·{1}", factors, factors[0] * factors[1], node, j)

    return Terms(delta * column, told)


def _through_softmax(walk: Walk, node: str, unit: int, logarithm: bool, delta: Array) -> Terms:
    h, d = walk.value(node), float(delta[unit])
    with np.errstate(all="ignore"):
        if logarithm:
            total, share = float(delta.sum()), float(np.exp(h[unit]))
            return _single(node, unit, "{0} − {1}·{2}", (d, share, total), d - share * total)
        total = float(delta @ h)
    own = float(h[unit])
    return _single(node, unit, "{0}·({1} − {2})", (own, d, total), own * (d - total))


def _through_layer_norm(walk: Walk, node: str, unit: int, delta: Array) -> Terms:
    hat, (_, deviation) = normed(walk, node), statistics(walk, node)
    with np.errstate(all="ignore"):
        u = delta * walk.views(node)["weight"]
        numbers = float(u[unit]), float(u.mean()), float(hat[unit]), float((u * hat).mean()), deviation
        value = float((u[unit] - numbers[1] - hat[unit] * numbers[3]) / deviation)
    return _single(node, unit, "({0} − {1} − {2}·{3})/{4}", numbers, value)


def step_back(walk: Walk, node: str, unit: int) -> Section | None:
    """The slope of a function of one number, and the gradient behind it."""
    layer, grad = walk.layers[node], walk.gradient(node)
    sources = walk.structure.inputs[node]
    if grad is None or len(sources) != 1:
        return None
    x, h = float(walk.value(sources[0])[unit]), float(walk.value(node)[unit])
    text = layer.written(x)[1]
    if not text:
        return None
    slope, name = float(walk.slopes(node)[unit]), at(sources[0], unit)
    back = float(grad[unit])
    return listed(
        BACKWARD,
        node,
        f"through {node}: its slope here",
        Line("slope", filled(text), (x, h), slope),
        Line(f"∂L/∂{name}", "{0}·{1}", (back, slope), back * slope, sources[0], unit),
    )


def weight_gradients(walk: Walk, node: str, unit: int) -> Section | None:
    """∂L/∂(each weight that makes `unit`): δ times what the weight multiplies."""
    layer, grad = walk.layers[node], walk.gradient(node)
    if not isinstance(layer, Weighted) or grad is None or not written_out(walk, node):
        return None
    d, note = float(grad[unit]), "" if layer.trains else "This layer is not trained: nothing moves them."
    title = f"∂L/∂w = ∂L/∂{at(node, unit)}·x"
    if isinstance(layer, Constant):
        return listed(BACKWARD, node, "∂L/∂c", Line("∂L/∂c", "{0}", (d,), d), note=note)
    if isinstance(layer, Bias):
        return listed(BACKWARD, node, "∂L/∂b", Line("∂L/∂b", "{0}", (d,), d), note=note)
    if isinstance(layer, Convolution):
        return kernel_gradients(walk, node, unit, d, note)
    source = walk.source(node)
    x = walk.value(source)
    if isinstance(layer, Norm):
        hat = float(normed(walk, node)[unit])
        lines = Line("∂L/∂w", "{0}·{1}", (d, hat), d * hat), Line("∂L/∂b", "{0}", (d,), d)
        return listed(BACKWARD, node, title.replace("·x", "·x̂"), *lines, note=note)
    if isinstance(layer, PRelu):
        below = min(float(x[unit]), 0.0)
        return listed(BACKWARD, node, title, Line("∂L/∂w", "{0}·{1}", (d, below), d * below), note=note)
    if not isinstance(layer, Dense | Tied):
        return None
    weight, bias = weights_of(walk, node)
    row, taken = unit, slice(0, len(x))
    if len(x) > weight.shape[1]:
        row, taken = taken_by(weight, unit)
        note = f"Every step adds its own to them; these are of step {unit // len(weight)}. {note}".strip()
    if isinstance(layer, Maxout):
        row = unit * layer.pieces + int(pieces_of(walk, node, unit).argmax())
        note = f"Of the pieces only the highest, number {row - unit * layer.pieces + 1}, has a gradient. {note}".strip()
    if isinstance(layer, Tied):
        note = f"What comes from {layer.to} itself is added to them. {note}".strip()
    x, first = x[taken], taken.start
    with np.errstate(all="ignore"):
        told = largest(weight[row] * x)
    made = [
        Line(f"∂L/∂w[{row + 1},{j + 1}]", "{0}·{1}", (d, float(x[j])), d * float(x[j]), source, first + j)
        for j in told.tolist()
    ]
    if bias is not None:
        made.append(Line(f"∂L/∂b[{row + 1}]", "{0}", (d,), d))
    return listed(BACKWARD, node, title, *made, note=note, left_out=len(x) - len(told))


def raw_gradient(walk: Walk, node: str, unit: int) -> Section | None:
    """From the prepared number to the raw one, where each feature is prepared alone."""
    layer, grad, numbers = walk.layers[node], walk.gradient(node), walk.network.preprocess.state()
    if not isinstance(layer, Input) or grad is None or "preprocess.scale" not in numbers:
        return None
    index = unit + (layer.columns[0] if layer.columns is not None else 0)
    scale = float(np.broadcast_to(numbers["preprocess.scale"], walk.structure.example).reshape(-1)[index])
    d = float(grad[unit])
    line = Line(f"∂L/∂{at('raw x', index)}", "{0}/{1}", (d, scale), d / scale if scale else np.inf)
    return listed(BACKWARD, node, "through the preprocessing", line)
