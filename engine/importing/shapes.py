"""What only says the same numbers in another shape, and what takes a part of them."""

from dataclasses import replace
from math import prod

import numpy as np

from engine.importing.call import Call, Result, Translate
from engine.importing.model import RefusedError
from engine.importing.values import BATCH, BATCH_SIZE, Known, Value, group, sizes_of
from engine.layers.input import Input
from engine.layers.recurrent.base import Recurrent

MOST_PICKED = 1 << 23  # weights of a layer that picks parts of a value: 32 MB


def same(call: Call) -> Result:
    return call.value(0, margin=True)


FRACTIONS, WHOLE = (1, 10, 11, 16), (2, 3, 4, 5, 6, 7, 12, 13)  # kinds of numbers, by TensorProto's DataType


def cast(call: Call) -> Result:
    """Between floats of several lengths; to whole numbers where these are codes, which an embedding rounds."""
    value, to = call.value(0), call.op.whole("to", 1)
    if to in FRACTIONS:
        return value
    taking = [op for op in call.draft.model.ops if call.op.outputs[0] in op.inputs]
    codes = all(op.kind == "Gather" and op.input(1) == call.op.outputs[0] for op in taking)
    if to not in WHOLE or not taking or not codes:
        raise RefusedError("casts to other than floats; netviz counts in floats")
    return value


def shape(call: Call) -> Result:
    sizes = sizes_of(call.value(0))
    start, end = call.op.whole("start", 0), call.op.whole("end", len(sizes))
    return sizes[start:end]


def reshape(call: Call) -> Result:
    value = call.value(0)
    said = call.whole_numbers(1, "shape")
    if said is None:
        raise RefusedError("its shape is missing")
    if not call.op.whole("allowzero", 0):
        said = tuple(_copied(value, number) if size == 0 else size for number, size in enumerate(said))
    return value.reshaped(said, call.draft.batch)


def _copied(value: Value, number: int) -> int:
    if number >= len(value.axes) or (BATCH in value.axes[number] and value.axes[number] != (BATCH,)):
        raise RefusedError(f"there is no axis {number} of {value.told} to be kept")
    return value.sizes[number]


def flatten(call: Call) -> Result:
    value = call.value(0)
    axis = call.op.whole("axis", 1)
    axis = axis if axis == len(value.axes) else value.axis(axis)
    parts = [value.axes[:axis], value.axes[axis:]]
    return replace(value, axes=tuple(tuple(factor for axis in part for factor in axis) for part in parts))


def squeeze(call: Call) -> Result:
    value = call.value(0)
    axes = call.whole_numbers(1, "axes")
    if axes is None:
        axes = tuple(number for number, axis in enumerate(value.axes) if not axis)
    for number in sorted((value.axis(axis) for axis in axes), reverse=True):
        value = value.without(number)
    return value


def unsqueeze(call: Call) -> Result:
    value = call.value(0)
    axes = call.whole_numbers(1, "axes") or ()
    rank = len(value.axes) + len(axes)
    if any(not -rank <= axis < rank for axis in axes):
        raise RefusedError(f"there are no axes {list(axes)}")
    for number in sorted(axis % rank for axis in axes):
        value = value.beside(number)
    return value


def transpose(call: Call) -> Result:
    value = call.value(0)
    return value.transposed(call.op.wholes("perm") or tuple(reversed(range(len(value.axes)))))


def expand(call: Call) -> Result:
    """To its own shape; a constant, to the number of examples."""
    known, sizes = call.there(0), call.whole_numbers(1) or ()
    if isinstance(known, Value):
        own = known.sizes
        wanted = (1,) * (len(own) - len(sizes)) + sizes
        if len(sizes) > len(own) or any(want not in (1, have) for want, have in zip(wanted, own, strict=True)):
            raise RefusedError(f"repeats {known.told}; netviz has no layer for that")
        return known
    array = call.tensor(0)
    if BATCH_SIZE not in sizes:
        raise RefusedError("has a shape of no number of examples")
    shape = (1,) * (len(sizes) - array.ndim) + array.shape
    if len(sizes) != 2 or sizes[0] != BATCH_SIZE or shape != (1, sizes[1]):
        raise RefusedError("repeats a constant for every example in a shape that is no vector")
    # The same numbers for every example.
    node = call.draft.add(call.op, "constant", [], {"weight": array.reshape(-1)}, call.origin(0), units=int(array.size))
    return call.draft.whole(node)


def concat(call: Call) -> Result:
    """Along the first of the examples' axes: vectors side by side, pictures map above map."""
    if not all(isinstance(known, Value) for known in call.known):
        raise RefusedError("joins a constant to what a layer gives; netviz joins layers")
    values = [call.value(number) for number in range(len(call.known))]
    if len(values) == 1:
        return values[0]
    first, draft, op = values[0], call.draft, call.op
    axis = first.axis(op.whole("axis", 1))
    for value in values:
        others = [number for number in range(len(first.axes)) if number != axis]
        if len(value.axes) != len(first.axes) or any(value.sizes[n] != first.sizes[n] for n in others):
            raise RefusedError(f"joins {first.told} with {value.told}")
        if not _is_outermost(value, axis) or _beside(value, axis) != _beside(first, axis):
            raise RefusedError(f"joins {value.told} along axis {axis}; netviz joins along the first axis of an example")
    node = draft.add(op, "concat", [draft.flat(op, value.node) for value in values])
    joint = group(sum(value.sizes[axis] for value in values))
    # The vector is seen in its shape, in which the joint axis is the outermost.
    factors = (*joint, *first.factors[len(first.axes[axis]) :])
    return draft.seen(node, [*first.axes[:axis], joint, *first.axes[axis + 1 :]], factors)


def _is_outermost(value: Value, axis: int) -> bool:
    """Whether the numbers of one place of the axis lie side by side in the layer's output."""
    own = value.axes[axis]
    return BATCH not in own and value.factors[: len(own)] == own and value.axes[0] == (BATCH,)


def _beside(value: Value, axis: int) -> list[object]:
    """How the other axes run over what is left; only their lengths, where all is in order."""
    others = [part for number, part in enumerate(value.axes) if number != axis]
    if value.in_order:
        return [True, *(size for number, size in enumerate(value.sizes) if number != axis)]
    place = {factor: number for number, factor in enumerate(value.factors[len(value.axes[axis]) :])}
    return [False, *([(place.get(factor, -1), factor.size) for factor in part] for part in others)]


def gather(call: Call) -> Result:
    if isinstance(call.there(1), Value):
        return _embedding(call)
    value, index = call.value(0), call.tensor(1)
    axis = value.axis(call.op.whole("axis", 0))
    if index.dtype.kind not in "iu":
        raise RefusedError("its indices are no whole numbers")
    if index.size == 1:
        place = int(index.reshape(-1)[0])
        made = _at(call, value, axis, place)
        return made.without(axis) if index.ndim == 0 else made
    places = index.reshape(-1).tolist()
    if index.ndim == 1 and places == list(range(places[0], places[0] + len(places))):
        return _part(call, value, axis, places[0], places[0] + len(places))
    if index.ndim != 1 or not places or not -value.sizes[axis] <= min(places) <= max(places) < value.sizes[axis]:
        raise RefusedError("picks numbers out of its input; netviz has no layer for that")
    return _picked(call, value, axis, [place % value.sizes[axis] for place in places])


def _embedding(call: Call) -> Result:
    value, weight = call.value(1), call.tensor(0)
    if weight.ndim != 2 or call.op.whole("axis", 0):
        raise RefusedError("looks up in what is no table of vectors")
    if not value.examples_first or not value.in_order:
        raise RefusedError(f"expected codes of each example, got {value.told}")
    codes = call.draft.flat(call.op, value.node)
    fields = {"vocabulary": len(weight), "dim": weight.shape[1]}
    node = call.draft.add(call.op, "embedding", [codes], {"weight": weight}, call.origin(0), **fields)
    numbers = group(weight.shape[1])
    return call.draft.seen(node, [*value.axes, numbers], [*value.factors, *numbers])


def _at(call: Call, value: Value, axis: int, place: int) -> Value:
    """One place of an axis, which is 1 long then."""
    if BATCH in value.axes[axis]:
        raise RefusedError("picks one of the examples")
    size = value.sizes[axis]
    if not -size <= place < size:
        raise RefusedError(f"there is no place {place} on an axis of {size}")
    place %= size
    if size == 1:
        return value
    if place == size - 1 and (last := _last_step(call, value, axis)) is not None:
        return last
    return _part(call, value, axis, place, place + 1)


def _last_step(call: Call, value: Value, axis: int) -> Value | None:
    """The last state of a recurrent layer that goes forward."""
    draft, layer = call.draft, call.draft.layers[value.node]
    steps = value.axes[axis]
    if not isinstance(layer, Recurrent) or not layer.return_sequences or layer.bidirectional:
        return None
    if not value.alone or draft.taken(value.node) or value.factors[: len(steps)] != steps:
        return None
    if np.prod([factor.size for factor in steps]) != draft.shapes[value.node][0]:
        return None
    draft.change(value.node, return_sequences=False)
    axes = (*value.axes[:axis], (), *value.axes[axis + 1 :])
    return replace(value, factors=value.factors[len(steps) :], axes=axes)


def _part(call: Call, value: Value, axis: int, start: int, stop: int) -> Value:
    """From one place of an axis up to another; of the input, columns."""
    size = value.sizes[axis]
    if (start, stop) == (0, size):
        return value
    draft, layer = call.draft, call.draft.layers[value.node]
    if BATCH in value.axes[axis] or not 0 <= start < stop <= size:
        raise RefusedError(f"takes {start} to {stop} of an axis of {value.told}")
    if stop == size and stop - start == 1 and (last := _last_step(call, value, axis)) is not None:
        return last
    whole = value.factors == value.axes[axis]
    if not isinstance(layer, Input) or len(draft.shapes[value.node]) != 1 or not whole:
        return _picked(call, value, axis, list(range(start, stop)))
    first = layer.columns[0] if layer.columns else 0
    example = tuple(layer.shape or ())
    node = draft.enter(call.op, example, (first + start, first + stop), "")
    columns = group(stop - start)
    return draft.seen(node, (*value.axes[:axis], columns, *value.axes[axis + 1 :]), columns)


def _picked(call: Call, value: Value, axis: int, places: list[int]) -> Value:
    """Places of an axis, by a layer of its own: dense, of 0s and 1s, and not trained."""
    draft, count = call.draft, prod(factor.size for factor in value.factors)
    if BATCH in value.axes[axis]:
        raise RefusedError("picks some of the examples")
    units = count // value.sizes[axis] * len(places)
    if units * count > MOST_PICKED:
        raise RefusedError(f"takes {units} of {count} numbers; netviz takes parts of smaller values")
    where = {factor: number for number, factor in enumerate(value.factors)}
    own, others = value.axes[axis], [factor for factor in value.factors if factor not in value.axes[axis]]
    numbers = np.arange(count).reshape([factor.size for factor in value.factors])
    numbers = numbers.transpose([where[factor] for factor in (*own, *others)]).reshape(value.sizes[axis], -1)
    weight = np.zeros((units, count), np.float32)
    weight[np.arange(units), numbers[places].reshape(-1)] = 1
    source = draft.flat(call.op, value.node)
    node = draft.add(call.op, "dense", [source], {"weight": weight}, units=units, bias=False, trainable=False)
    draft.note(
        f"{call.op.called}: what it takes of {value.told} is picked by {node}, whose weights are 0 and 1 and stay"
    )
    part = group(len(places))
    made = draft.seen(node, (*value.axes[:axis], part, *value.axes[axis + 1 :]), (*part, *others))
    return replace(made, alone=False)  # what follows folds nothing into its weights


def slices(call: Call) -> Result:
    value = call.value(0)
    starts, ends = call.whole_numbers(1, "starts"), call.whole_numbers(2, "ends")
    if starts is None or ends is None or len(starts) != len(ends):
        raise RefusedError("expected as many starts as ends")
    axes = call.whole_numbers(3, "axes") or tuple(range(len(starts)))
    steps = call.whole_numbers(4) or (1,) * len(starts)
    for start, end, number, step in zip(starts, ends, axes, steps, strict=True):
        axis = value.axis(number)
        if BATCH in value.axes[axis]:
            if start == 0 and step == 1 and (end >= 1 << 30 or end == BATCH_SIZE):
                continue
            raise RefusedError("takes some of the examples")
        if not step:
            raise RefusedError("goes in steps of 0")
        places = range(value.sizes[axis])[start : None if end == BATCH_SIZE else end : step]
        if not places:
            raise RefusedError(f"takes nothing of an axis of {value.told}")
        value = (
            _part(call, value, axis, places[0], places[-1] + 1)
            if step == 1
            else _picked(call, value, axis, list(places))
        )
    return value


def split(call: Call) -> Result:
    value = call.value(0)
    axis = value.axis(call.op.whole("axis", 0))
    size, count = value.sizes[axis], len(call.op.outputs)
    if BATCH in value.axes[axis]:
        raise RefusedError("splits the examples")
    said = call.whole_numbers(1, "split")
    if said is None:
        each = -(-size // count)
        said = tuple(min(each, size - each * number) for number in range(count))
    if sum(said) != size or len(said) != count or min(said) < 1:
        raise RefusedError(f"splits {value.told} into {list(said)}")
    made: list[Known] = []
    start = 0
    for length in said:
        made.append(_part(call, replace(value, alone=False), axis, start, start + length))
        start += length
    return made


def pad(call: Call) -> Result:
    """Zeros around maps, which the convolution behind takes as its own."""
    value = call.value(0)
    pads, fill = call.whole_numbers(1, "pads") or (), call.number(2, "value", 0.0)
    axes = call.whole_numbers(3) or tuple(range(len(value.axes)))
    if len(pads) != 2 * len(axes):
        raise RefusedError(f"expected {2 * len(axes)} pads, got {len(pads)}")
    if not any(pads):
        return value
    margin = [(0, 0)] * len(value.axes)
    for place, number in enumerate(axes):
        margin[value.axis(number)] = pads[place], pads[place + len(axes)]
    if call.op.text("mode", "constant") != "constant" or fill or any(min(ends) < 0 for ends in margin):
        raise RefusedError("sets a margin of other than zeros; netviz has zeros, at a convolution's edge")
    if any(map(any, margin[:2])):
        raise RefusedError("sets a margin around the examples or the maps; netviz has one around pictures")
    return replace(value, margin=tuple(margin))


OPERATORS: dict[str, Translate] = {
    "Identity": same,
    "Cast": cast,
    "Shape": shape,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": transpose,
    "Expand": expand,
    "Concat": concat,
    "Gather": gather,
    "Slice": slices,
    "Split": split,
    "Pad": pad,
}
