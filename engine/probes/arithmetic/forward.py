"""What a unit is made of: the sums and formulas of its layer, with this example's numbers."""

from math import exp, isfinite, nan, sqrt

import numpy as np

from engine.backend import Array
from engine.layers.base import Activation
from engine.layers.bias import Bias
from engine.layers.dense import Dense
from engine.layers.input import Input
from engine.layers.join import Add, Concat, Multiply
from engine.layers.learned import Constant, Maxout, PRelu
from engine.layers.norms import BatchNorm, LayerNorm
from engine.layers.softmax import LogSoftmax, Softmax
from engine.layers.tied import Tied
from engine.probes.arithmetic.lines import Line, Section, Terms, Way, at, listed, summed
from engine.probes.arithmetic.walk import Walk
from engine.probes.arithmetic.windows import Windowed, made

FORWARD = Way.FORWARD


def forward(walk: Walk, node: str, unit: int) -> list[Section]:
    """How `unit` of `node` comes about."""
    layer = walk.layers[node]
    if not written_out(walk, node):
        name, value = at(node, unit), float(walk.value(node)[unit])
        note = f"How {layer.title or layer.kind()} makes it is not written out."
        return [listed(FORWARD, node, name, Line(name, "{0}", (value,), value), note=note)]
    if isinstance(layer, Windowed):
        return [made(walk, node, unit)]
    if isinstance(layer, Input):
        return _input(walk, node, unit, layer)
    if isinstance(layer, Maxout):
        return _maxout(walk, node, unit, layer)
    if isinstance(layer, Dense | Tied):
        name = at(node, unit)
        return [_affine(walk, node, name, unit, float(walk.value(node)[unit]))]
    if isinstance(layer, Softmax | LogSoftmax):
        return _softmax(walk, node, unit, isinstance(layer, LogSoftmax))
    if isinstance(layer, LayerNorm):
        return _layer_norm(walk, node, unit, layer)
    return [_formula(walk, node, unit)]


def written_out(walk: Walk, node: str) -> bool:
    """Whether it is known how a layer's numbers are written: of dense ones and windows always, of others on vectors."""
    layer = walk.layers[node]
    if isinstance(layer, Dense | Tied) and not isinstance(layer, Maxout):
        return True
    if isinstance(layer, Maxout | Softmax | LogSoftmax | BatchNorm | LayerNorm | Concat):
        return all(len(shape) == 1 for shape in walk.structure.input_shapes(node))
    simple = isinstance(layer, Windowed | Input | Bias | Constant | Add | Multiply | PRelu)
    return simple or bool(layer.written(0.0)[0])


def weights_of(walk: Walk, node: str) -> tuple[Array, Array | None]:
    """(W, b) of an affine layer, W as (rows, inputs)."""
    layer, views = walk.layers[node], walk.views(node)
    weight = walk.parameters.weights(walk.parameters.values, node)
    return (weight.T if isinstance(layer, Tied) else weight), views.get("bias")


def taken_by(weight: Array, unit: int) -> tuple[int, slice]:
    """The row of W that makes `unit`, and what it takes: of a sequence the numbers of its own step."""
    rows, features = weight.shape
    step, row = divmod(unit, rows)
    return row, slice(step * features, (step + 1) * features)


def _affine(walk: Walk, node: str, name: str, row: int, value: float) -> Section:
    source = walk.source(node)
    weight, bias = weights_of(walk, node)
    row, taken = taken_by(weight, row)
    w, x, first = weight[row], walk.value(source)[taken], taken.start

    def told(j: int) -> Line:
        numbers = float(w[j]), float(x[j])
        return Line(at(source, first + j), "{0}·{1}", numbers, float(w[j] * x[j]), source, first + j)

    always = () if bias is None else (Line("bias", "", (), float(bias[row])),)
    title = f"{name} = Σ w·{source} + b" if bias is not None else f"{name} = Σ w·{source}"
    with np.errstate(all="ignore"):
        return summed(FORWARD, node, title, name, value, [Terms(w * x, told)], always)


def pieces_of(walk: Walk, node: str, unit: int) -> Array:
    """The lines of which a maxout unit is the highest."""
    layer = walk.layers[node]
    assert isinstance(layer, Maxout)
    weight, bias = weights_of(walk, node)
    rows = slice(unit * layer.pieces, (unit + 1) * layer.pieces)
    with np.errstate(all="ignore"):
        lines: Array = weight[rows] @ walk.value(walk.source(node)) + (0.0 if bias is None else bias[rows])
    return lines


def _maxout(walk: Walk, node: str, unit: int, layer: Maxout) -> list[Section]:
    heights, name = pieces_of(walk, node, unit), at(node, unit)
    first = unit * layer.pieces
    sums = [
        _affine(walk, node, f"{name} piece {k + 1}", first + k, float(height))
        for k, height in enumerate(heights.tolist())
    ]
    text = "max(" + ", ".join(f"{{{k}}}" for k in range(layer.pieces)) + ")"
    line = Line(name, text, tuple(heights.tolist()), float(walk.value(node)[unit]), node, unit)
    return [*sums, listed(FORWARD, node, f"{name} = the highest piece", line)]


def _input(walk: Walk, node: str, unit: int, layer: Input) -> list[Section]:
    index = unit + (layer.columns[0] if layer.columns is not None else 0)
    name, value, raw = at(node, unit), float(walk.value(node)[unit]), float(walk.raw[index])
    numbers = {key.partition(".")[2]: array for key, array in walk.network.preprocess.state().items()}
    if not numbers:
        return [listed(FORWARD, node, f"{name} = the example's own number", Line(name, "{0}", (raw,), value))]
    shape = walk.structure.example
    mean = np.broadcast_to(numbers["mean"], shape).reshape(-1).astype(np.float64)
    if "matrix" in numbers:
        row, x = numbers["matrix"][index].astype(np.float64), walk.raw

        def told(j: int) -> Line:
            shown = float(row[j]), float(x[j]), float(mean[j])
            return Line(at("raw x", j), "{0}·({1} − {2})", shown, float(row[j] * (x[j] - mean[j])))

        title = f"{name} = Σ m·(x − μ), {walk.network.preprocess.kind}"
        return [summed(FORWARD, node, title, name, value, [Terms(row * (x - mean), told)])]
    if "scale" not in numbers:
        line = Line(name, "{0} − {1}", (raw, float(mean[index])), value)
        return [listed(FORWARD, node, f"{name} = x − μ, centred", line)]
    scale = float(np.broadcast_to(numbers["scale"], shape).reshape(-1)[index])
    line = Line(name, "({0} − {1})/{2}", (raw, float(mean[index]), scale), value)
    return [listed(FORWARD, node, f"{name} = (x − μ)/σ, standardised", line)]


def exponentials(walk: Walk, way: Way, node: str, source: str) -> tuple[Section, float, float]:
    """Σ exp(z − max z) over the units of `source`, with the sum and the maximum."""
    z = walk.value(source)
    top = float(z.max())
    with np.errstate(all="ignore"):
        grown = np.exp(z - top)
    total = float(grown.sum())

    def told(j: int) -> Line:
        return Line(at(source, j), "exp({0} − {1})", (float(z[j]), top), float(grown[j]), source, j)

    title, note = (
        f"S = Σ exp({source} − m)",
        "m is the greatest of them: the shares stay the same, and no exp overflows.",
    )
    return summed(way, node, title, "S", total, [Terms(grown, told)], note=note), total, top


def _softmax(walk: Walk, node: str, unit: int, logarithm: bool) -> list[Section]:
    source, name = walk.source(node), at(node, unit)
    sums, total, top = exponentials(walk, FORWARD, node, source)
    z, value = float(walk.value(source)[unit]), float(walk.value(node)[unit])
    if logarithm:
        line = Line(name, "{0} − {1} − log({2})", (z, top, total), value, source, unit)
    else:
        line = Line(name, "{0}/{1}", (exp(z - top) if isfinite(z) else nan, total), value, source, unit)
    return [sums, listed(FORWARD, node, f"{name} = {'log of ' if logarithm else ''}its share of S", line)]


def statistics(walk: Walk, node: str) -> tuple[float, float]:
    """Mean and standard deviation (with ε) of a layer norm's input."""
    layer = walk.layers[node]
    assert isinstance(layer, LayerNorm)
    x = walk.value(walk.source(node))
    return float(x.mean()), float(np.sqrt(x.var() + layer.eps))


def _layer_norm(walk: Walk, node: str, unit: int, layer: LayerNorm) -> list[Section]:
    source, name, views = walk.source(node), at(node, unit), walk.views(node)
    x, n = walk.value(source), walk.units(source)
    with np.errstate(all="ignore"):
        mean, squares = float(x.mean()), np.square(x - x.mean())
    total, around = float(x.sum()), float(squares.sum())

    def plain(j: int) -> Line:
        return Line(at(source, j), "{0}", (float(x[j]),), float(x[j]), source, j)

    def squared(j: int) -> Line:
        return Line(at(source, j), "({0} − {1})²", (float(x[j]), mean), float(squares[j]), source, j)

    w, b, variance = float(views["weight"][unit]), float(views["bias"][unit]), around / n
    numbers = (w, float(x[unit]), mean, variance, layer.eps, b)
    return [
        summed(FORWARD, node, f"sum of {source}", "sum", total, [Terms(x, plain)]),
        summed(FORWARD, node, "squares around μ", "sum", around, [Terms(squares, squared)]),
        listed(
            FORWARD,
            node,
            f"{name} = w·(x − μ)/√(σ² + ε) + b",
            Line("μ", f"{{0}}/{n}", (total,), mean),
            Line("σ²", f"{{0}}/{n}", (around,), variance),
            Line(name, "{0}·({1} − {2})/√({3} + {4}) + {5}", numbers, float(walk.value(node)[unit]), source, unit),
        ),
    ]


def _formula(walk: Walk, node: str, unit: int) -> Section:
    """Of layers whose unit is one line."""
    layer, name, value = walk.layers[node], at(node, unit), float(walk.value(node)[unit])
    sources = walk.structure.inputs[node]
    if isinstance(layer, Constant):
        return listed(FORWARD, node, f"{name} = c", Line(name, "{0}", (value,), value))
    if isinstance(layer, Concat):
        source, place = concat_source(walk, node, unit)
        line = Line(name, "{0}", (value,), value, source, place)
        return listed(FORWARD, node, f"{name} is {at(source, place)}", line)
    inputs = [float(walk.value(source)[unit]) for source in sources]
    if isinstance(layer, Add):

        def told(j: int) -> Line:
            return Line(at(sources[j], unit), "{0}", (inputs[j],), inputs[j], sources[j], unit)

        return summed(FORWARD, node, f"{name} = {' + '.join(sources)}", name, value, [Terms(inputs, told)])
    if isinstance(layer, Multiply):
        text = "·".join(f"{{{i}}}" for i in range(len(inputs)))
        line = Line(name, text, tuple(inputs), value, sources[0], unit)
        return listed(FORWARD, node, f"{name} = {' · '.join(sources)}", line)
    (source,) = sources
    if isinstance(layer, Bias):
        line = Line(name, "{0} + {1}", (inputs[0], bias_of(walk, node, unit)), value, source, unit)
        return listed(FORWARD, node, f"{name} = {source} + b", line)
    if isinstance(layer, BatchNorm):
        views, kept = walk.views(node), walk.buffers(node)
        mean, variance = float(kept["running_mean"][unit]), float(kept["running_var"][unit])
        numbers = (float(views["weight"][unit]), inputs[0], mean, variance, layer.eps, float(views["bias"][unit]))
        line = Line(name, "{0}·({1} − {2})/√({3} + {4}) + {5}", numbers, value, source, unit)
        title, note = f"{name} = w·(x − μ)/√(σ² + ε) + b", "μ and σ² are the running averages, as after training."
        return listed(FORWARD, node, title, line, note=note)
    if isinstance(layer, PRelu):
        slope = slope_of_prelu(walk, node, unit)
        factors = (inputs[0],) if inputs[0] > 0 else (inputs[0], slope)
        text = "{0}" if inputs[0] > 0 else "{1}·{0}"
        return listed(FORWARD, node, f"{name} = x above 0, else w·x", Line(name, text, factors, value, source, unit))
    text, _ = layer.written(inputs[0])
    line = Line(name, filled(text), (inputs[0], value), value, source, unit)
    doing = layer.title if isinstance(layer, Activation) or text != "{x}" else _idle(layer.kind())
    return listed(FORWARD, node, f"{name}: {doing}", line)


def _idle(kind: str) -> str:
    return "dropout lets everything through after training" if kind == "dropout" else f"{kind}, the same number"


def filled(text: str) -> str:
    """A layer's own words with places for two numbers: its input, its output."""
    return text.replace("{x}", "{0}").replace("{h}", "{1}")


def slope_of_prelu(walk: Walk, node: str, unit: int) -> float:
    """That of the feature, or of the map in which the unit stands."""
    weight = walk.views(node)["weight"]
    return float(weight[unit * len(weight) // walk.units(node)])


def bias_of(walk: Walk, node: str, unit: int) -> float:
    """Of a layer with a bias for every unit."""
    return float(walk.views(node)["weight"].reshape(-1)[unit])


def concat_source(walk: Walk, node: str, unit: int) -> tuple[str, int]:
    """The node and its unit that stand at `unit` of a concat."""
    for source in walk.structure.inputs[node]:
        if unit < walk.units(source):
            return source, unit
        unit -= walk.units(source)
    raise IndexError(f"{node} has no unit {unit}")


def normed(walk: Walk, node: str) -> Array:
    """x̂ of a norm."""
    x = walk.value(walk.source(node))
    layer = walk.layers[node]
    if isinstance(layer, LayerNorm):
        mean, deviation = statistics(walk, node)
        return (x - mean) / deviation
    assert isinstance(layer, BatchNorm)
    kept = walk.buffers(node)
    hat: Array = (x - kept["running_mean"]) / np.sqrt(kept["running_var"] + layer.eps)
    return hat


def deviation_of(walk: Walk, node: str, unit: int) -> float:
    """√(σ² + ε) of a batch norm's running average."""
    layer = walk.layers[node]
    assert isinstance(layer, BatchNorm)
    variance = float(walk.buffers(node)["running_var"][unit]) + layer.eps
    return sqrt(variance) if variance >= 0 else nan
