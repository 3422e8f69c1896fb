"""The loss of one example written out, and its gradient at every output: for softmax and cross-entropy f(x) − e(y)."""

from collections.abc import Callable

import numpy as np

from engine.backend import Array
from engine.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    CrossEntropyByStep,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
)
from engine.probes.arithmetic.forward import exponentials
from engine.probes.arithmetic.lines import Line, Section, Terms, Way, at, largest, listed, summed
from engine.probes.arithmetic.walk import Walk

LOSS = Way.LOSS
LEAST = 1e-300  # a share below it is told by its logarithm


def loss_sections(walk: Walk) -> list[Section]:
    """From the network's outputs to L, and ∂L/∂output class by class; nothing without a target."""
    if walk.target is None:
        return []
    if isinstance(walk.network.loss, CrossEntropy):
        found = _cross_entropy(walk)
    elif isinstance(walk.network.loss, BinaryCrossEntropy):
        found = _binary(walk)
    else:
        found = [_loss(walk, *_elements(walk))]
    return [*found, _gradients(walk)]


def loss_terms(walk: Walk, unit: int) -> Terms:
    """∂L/∂(output `unit`) of the loss itself."""
    return Terms([_gradient(walk)[unit]], lambda _: slope_line(walk, unit))


def _gradient(walk: Walk) -> Array:
    """As the plan has it where the loss is the only one that takes the outputs; else the loss's own share of it."""
    grad = walk.plan.logits.grad
    assert grad is not None
    return np.array([slope_line(walk, j).value for j in range(len(grad))])


def _title(walk: Walk) -> str:
    title = "∂L/∂" + walk.logits
    if isinstance(walk.network.loss, CrossEntropy):
        return f"{title} = f(x) − e(y), class by class"
    return f"{title} = σ(z) − y" if isinstance(walk.network.loss, BinaryCrossEntropy) else title


def _gradients(walk: Walk) -> Section:
    values = _gradient(walk)
    told = largest(values)
    lines = [slope_line(walk, j) for j in told.tolist()]
    return listed(LOSS, walk.logits, _title(walk), *lines, left_out=len(values) - len(told))


def _over(n: int) -> str:
    return "" if n == 1 else f"/{n}"


def _z(walk: Walk) -> Array:
    return walk.value(walk.logits)


def shares_taken(walk: Walk) -> Array:
    """t = w ∘ y: what cross-entropy multiplies each logarithm with, as CrossEntropy has it for a single example."""
    loss, y = walk.network.loss, walk.target
    assert isinstance(loss, CrossEntropy)
    assert y is not None
    taken: Array = y * (1 - loss.label_smoothing) + loss.label_smoothing / len(y)
    if not loss.class_weights:
        return taken
    weights = np.array(loss.class_weights)
    taken = taken * weights
    return taken / float(weights @ y) if walk.network.classes is not None else taken


def _softmax(walk: Walk) -> Array:
    z = _z(walk)
    with np.errstate(all="ignore"):
        grown = np.exp(z - z.max())
        shares: Array = grown / grown.sum()
    return shares


def _cross_entropy(walk: Walk) -> list[Section]:
    z, p, t, node = _z(walk), _softmax(walk), shares_taken(walk), walk.logits
    sums, total, top = exponentials(walk, LOSS, node, node)
    shown = largest(p)
    with np.errstate(all="ignore"):
        grown = np.exp(z - top)
    shares = [
        Line(f"f(x) of class {j}", "{0}/{1}", (float(grown[j]), total), float(p[j]), node, j) for j in shown.tolist()
    ]
    with np.errstate(all="ignore"):
        logs = np.log(total) - (z - top)
        terms = np.where(t == 0, 0.0, t * logs)

    def told(j: int) -> Line:
        factor = "{1}·" if t[j] != 1 else ""
        if p[j] > LEAST:
            return Line(f"class {j}", f"−{factor}log({{0}})", (float(p[j]), float(t[j])), float(terms[j]), node, j)
        numbers = float(total), float(t[j]), float(z[j]), top
        return Line(f"class {j}", f"{factor}(log({{0}}) − ({{2}} − {{3}}))", numbers, float(terms[j]), node, j)

    few = np.flatnonzero(t)
    parts = Terms(terms[few], lambda k: told(int(few[k])))
    title = "L = −log f(x) of its class" if len(few) == 1 else "L = −Σ t·log f(x)"
    return [
        sums,
        listed(LOSS, node, "f(x) = softmax: shares of S", *shares, left_out=len(p) - len(shown)),
        summed(LOSS, node, title, "L", _told_loss(walk), [parts]),
    ]


def _told_loss(walk: Walk) -> float:
    loss = walk.loss
    assert loss is not None
    return loss


def _smooth(walk: Walk) -> Array:
    loss, y = walk.network.loss, walk.target
    assert isinstance(loss, BinaryCrossEntropy)
    assert y is not None
    return y * (1 - loss.label_smoothing) + loss.label_smoothing / 2


def _binary(walk: Walk) -> list[Section]:
    z, y, node = _z(walk), _smooth(walk), walk.logits
    n = len(z)
    with np.errstate(all="ignore"):
        p, q = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z))
        terms = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)) / n
    shown = largest(terms)
    sides = []
    for j in shown.tolist():
        sides.append(Line(f"σ({at(node, j)})", "1/(1 + exp(−{0}))", (float(z[j]),), float(p[j]), node, j))
        sides.append(Line(f"1 − σ({at(node, j)})", "1/(1 + exp({0}))", (float(z[j]),), float(q[j]), node, j))

    def told(j: int) -> Line:
        numbers = float(p[j]), float(q[j]), float(y[j]), float(1 - y[j])
        if y[j] == 1:
            text = f"−log({{0}}){_over(n)}"
        elif y[j] == 0:
            text = f"−log({{1}}){_over(n)}"
        else:
            both = "−{2}·log({0}) − {3}·log({1})"
            text = both if n == 1 else f"({both})/{n}"
        return Line(at(node, j), text, numbers, float(terms[j]), node, j)

    title = "L = −y·log σ(z) − (1 − y)·log(1 − σ(z))" + (f", the mean of {n}" if n > 1 else "")
    return [
        listed(LOSS, node, "σ(z): the outputs as probabilities", *sides, left_out=n - len(shown)),
        summed(LOSS, node, title, "L", _told_loss(walk), [Terms(terms, told)]),
    ]


def _loss(walk: Walk, values: Array, told: Callable[[int], Line]) -> Section:
    loss = walk.network.loss
    return summed(LOSS, walk.logits, f"L: {loss.title}", "L", _told_loss(walk), [Terms(values, told)])


def _elements(walk: Walk) -> tuple[Array, Callable[[int], Line]]:
    lines = [_element(walk, j) for j in range(len(_z(walk)))]
    return np.array([line.value for line in lines]), lambda j: lines[j]


def _element(walk: Walk, j: int) -> Line:
    """The share of one output in the losses that are sums over outputs."""
    loss, y, node = walk.network.loss, walk.target, walk.logits
    assert y is not None
    z, n = _z(walk), len(y)
    a, b = float(z[j]), float(y[j])
    far = a - b
    if isinstance(loss, MeanSquaredError):
        text, numbers, value = "({0} − {1})²" + _over(n), (a, b), far * far / n
    elif isinstance(loss, MeanAbsoluteError):
        text, numbers, value = "|{0} − {1}|" + _over(n), (a, b), abs(far) / n
    elif isinstance(loss, Huber):
        numbers = (a, b)
        if abs(far) <= loss.delta:
            text, value = f"({{0}} − {{1}})²/{2 * n}", far * far / 2 / n
        else:
            half = f"{loss.delta:g}·(|{{0}} − {{1}}| − {loss.delta / 2:g})"
            text, value = half + _over(n), loss.delta * (abs(far) - loss.delta / 2) / n
    elif isinstance(loss, Hinge):
        return _hinge(walk, j)
    elif isinstance(loss, CrossEntropyByStep):
        steps, total = n // loss.classes, _log_sum(z, loss.classes, j)
        return Line(at(node, j), f"{{1}}·({{2}} − {{0}})/{steps}", (a, b, total), b * (total - a) / steps, node, j)
    else:
        text, numbers, value = loss.kind() + "({0}, {1})", (a, b), float("nan")
    return Line(at(node, j), text, numbers, value, node, j)


def _log_sum(z: Array, classes: int, j: int) -> float:
    """log Σ exp over the step that output `j` is of."""
    first = j // classes * classes
    return float(np.logaddexp.reduce(z[first : first + classes]))


def _hinge(walk: Walk, j: int) -> Line:
    y, z, node = walk.target, _z(walk), walk.logits
    assert y is not None
    if len(y) == 1:
        side = "−" if y[0] > 0.5 else "+"
        margin = 1 - float(z[0]) * (2 * float(y[0]) - 1)
        return Line(at(node, 0), f"max(1 {side} {{0}}, 0)", (float(z[0]),), max(margin, 0.0), node, 0)
    own = int(y.argmax())
    if j == own:
        return Line(at(node, j), "0", (), 0.0, node, j)
    numbers = float(z[own]), float(z[j])
    value = max(1 - numbers[0] + numbers[1], 0.0) / len(y)
    return Line(at(node, j), f"max(1 − {{0}} + {{1}}, 0)/{len(y)}", numbers, value, node, j)


def slope_line(walk: Walk, unit: int) -> Line:
    """∂L/∂(output `unit`) by the loss's formula."""
    loss, y, node, z = walk.network.loss, walk.target, walk.logits, _z(walk)
    assert y is not None
    n, name = len(y), f"class {unit}" if isinstance(loss, CrossEntropy) else f"∂L/∂{at(node, unit)}"
    a, b = float(z[unit]), float(y[unit])
    if isinstance(loss, CrossEntropy):
        p, t = float(_softmax(walk)[unit]), shares_taken(walk)
        weight = float(t.sum())
        share = float(t[unit])
        if abs(weight - 1) < 1e-12:
            return Line(name, "{0} − {1}", (p, share), p - share, node, unit)
        return Line(name, "{2}·{0} − {1}", (p, share, weight), p * weight - share, node, unit)
    if isinstance(loss, BinaryCrossEntropy):
        target = float(_smooth(walk)[unit])
        with np.errstate(all="ignore"):
            p = float(1 / (1 + np.exp(-z[unit])))
        text = "{0} − {1}" if n == 1 else f"({{0}} − {{1}})/{n}"
        return Line(name, text, (p, target), (p - target) / n, node, unit)
    far = a - b
    if isinstance(loss, MeanSquaredError):
        return Line(name, "2·({0} − {1})" + _over(n), (a, b), 2 * far / n, node, unit)
    if isinstance(loss, Huber) and abs(far) <= loss.delta:
        text = "{0} − {1}" if n == 1 else f"({{0}} − {{1}})/{n}"
        return Line(name, text, (a, b), far / n, node, unit)
    if isinstance(loss, MeanAbsoluteError | Huber):
        size = loss.delta if isinstance(loss, Huber) else 1.0
        sign = float(np.sign(far))
        return Line(name, f"{{0}}·{size:g}{_over(n)}", (sign,), sign * size / n, node, unit)
    if isinstance(loss, Hinge):
        return _hinge_slope(walk, unit, name)
    if isinstance(loss, CrossEntropyByStep):
        steps, first = n // loss.classes, unit // loss.classes * loss.classes
        p, due = float(np.exp(a - _log_sum(z, loss.classes, unit))), float(y[first : first + loss.classes].sum())
        return Line(name, f"({{0}}·{{1}} − {{2}})/{steps}", (p, due, b), (p * due - b) / steps, node, unit)
    grad = walk.plan.logits.grad
    value = float("nan") if grad is None else float(grad[unit, 0])
    return Line(name, "{0}", (value,), value, node, unit)


def _hinge_slope(walk: Walk, unit: int, name: str) -> Line:
    y, node = walk.target, walk.logits
    assert y is not None
    if len(y) == 1:
        value = (1 - 2 * float(y[0])) * float(_hinge(walk, 0).value > 0)
        return Line(name, "{0}", (value,), value, node, unit)
    n, inside = len(y), [_hinge(walk, j).value > 0 for j in range(len(y))]
    count = -sum(inside) if unit == int(y.argmax()) else int(inside[unit])
    return Line(name, f"{{0}}/{n}", (float(count),), count / n, node, unit)
