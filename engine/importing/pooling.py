"""Pooling, and means over whole maps."""

from dataclasses import replace
from typing import Any

from engine.importing.call import Call, Result, Translate
from engine.importing.model import RefusedError
from engine.importing.values import Value, group
from engine.importing.windows import Line, Picture, lines, picture
from engine.layers.dense import Dense
from engine.layers.window import Axis, rounded_up


def max_pool(call: Call) -> Result:
    call.only_first_output()
    value = call.value(0)
    seen, made = picture(call, value, turned_too=True), _lines(call, value)
    over, _ = _fitted(call, made, None)
    return _pool(call, seen, made, "max_pool2d", over)


def average_pool(call: Call) -> Result:
    value = call.value(0, margin=True)
    margin, value = value.margin[2:], replace(value, margin=())
    seen, made = picture(call, value, turned_too=True), _lines(call, value, margin)
    if call.op.whole("count_include_pad", 0):
        counted = [(line.before, line.after) for line in made]
    else:  # zeros of a Pad before it count
        counted = list(margin or [(0, 0)] * len(made))
    over, with_padding = _fitted(call, made, counted)
    more = {} if with_padding else {"count_include_pad": False}
    return _pool(call, seen, made, "avg_pool2d", over, **more)


def _lines(call: Call, value: Value, margin: tuple[tuple[int, int], ...] = ()) -> list[Line]:
    kernel = call.op.wholes("kernel_shape")
    if kernel is None:
        raise RefusedError("kernel_shape is missing")
    if call.op.whole("storage_order", 0):
        raise RefusedError("storage_order is 1")
    made = lines(call.op, value.example[1:], kernel, margin)
    if any(line.dilation > 1 and line.kernel > 1 for line in made):
        raise RefusedError("has dilations; netviz' windows of pooling have none")
    return made


def _fitted(call: Call, made: list[Line], counted: list[tuple[int, int]] | None) -> tuple[bool, bool]:
    """Whether the last windows go over the edge, and whether the padding counts, so that netviz' are the model's.

    `counted` are the zeros before and behind the input that count in a mean; None of maxima. netviz pads alike at both
    ends, so windows are held to the model's by their number and by how many numbers of each one count.
    """
    said = [Axis(line.size, line.kernel, line.stride, 1, line.before, line.after) for line in made]
    said = [rounded_up(axis) for axis in said] if call.op.whole("ceil_mode", 0) else said
    for over in (False, True):
        own = [replace(axis, after=axis.before) for axis in said]
        own = [rounded_up(axis) for axis in own] if over else own
        if [axis.out for axis in own] != [axis.out for axis in said]:
            continue
        for with_padding in (True, False):
            margins = [axis.before if with_padding else 0 for axis in own]
            if counted is None or all(
                (axis.counts(end, end) == model.counts(*ends)).all()
                for axis, end, model, ends in zip(own, margins, said, counted, strict=True)
            ):
                return over, with_padding
    for line in made:
        if line.before != line.after:
            raise RefusedError(f"its pads {line.before} and {line.after} differ; netviz pads alike at both ends")
    raise RefusedError("has a margin of zeros (Pad) that counts, and pads that do not")


def _pool(call: Call, seen: Picture, made: list[Line], kind: str, over: bool, **more: Any) -> Value:
    kernel = seen.sides([line.kernel for line in made], 1)
    stride = seen.sides([line.stride for line in made], 1)
    padding = seen.sides([line.before for line in made], 0)
    fields: dict[str, Any] = {"kernel_size": _short(kernel)}
    if stride != kernel:
        fields["stride"] = _short(stride)
    if any(padding):
        fields["padding"] = _short(padding)
    if over:
        fields["ceil_mode"] = True
    node = call.draft.add(call.op, kind, [seen.node], **fields, **more)
    return seen.back(call, node)


def _short(sides: list[int]) -> int | list[int]:
    return sides[0] if sides[0] == sides[1] else sides


def global_average(call: Call) -> Result:
    return _mean_of_maps(call, call.value(0))


def global_max(call: Call) -> Result:
    return _over_all(call, picture(call, call.value(0), turned_too=True), "max_pool2d")


def _over_all(call: Call, seen: Picture, kind: str) -> Value:
    _, high, wide = seen.shape
    sides = [high, 1] if seen.turned else [high, wide]
    node = call.draft.add(call.op, kind, [seen.node], kernel_size=_short(sides))
    return seen.back(call, node)


def _mean_of_maps(call: Call, value: Value) -> Value:
    seen = picture(call, value, turned_too=True)
    if seen.turned:
        return _over_all(call, seen, "avg_pool2d")
    node = call.draft.add(call.op, "global_avg_pool2d", [seen.node])
    maps = group(seen.shape[0])
    return call.draft.seen(node, [value.axes[0], maps, *[()] * seen.rank], maps)


def _over_whole_maps(call: Call, value: Value, axes: list[int], is_max: bool) -> Value:
    """Over `axes`, which are all but that of the examples and that of the maps, wherever this one stands."""
    rest = [number for number in range(1, len(value.axes)) if number not in axes]
    if not axes or 0 in axes or len(rest) != 1:
        what = "the greatest of a map, or a maxout" if is_max else "means over whole maps"
        raise RefusedError(f"is over the axes {axes} of {value.told}; netviz has {what}")
    turned = value.transposed((0, *rest, *axes))
    if is_max:
        made = _over_all(call, picture(call, turned, turned_too=True), "max_pool2d")
    else:
        made = _mean_of_maps(call, turned)
    examples, maps, *_ = made.axes
    places = {0: examples, rest[0]: maps}
    keep = call.op.whole("keepdims", 1)
    return replace(made, axes=tuple(places.get(n, ()) for n in range(len(value.axes)) if keep or n in places))


def reduce_mean(call: Call) -> Result:
    value = call.value(0)
    said = call.whole_numbers(1, "axes")
    if said is None and call.op.whole("noop_with_empty_axes", 0):
        return value
    axes = sorted(value.axis(axis) for axis in (said or range(len(value.axes))))
    return _over_whole_maps(call, value, axes, is_max=False)


def reduce_max(call: Call) -> Result:
    """Of the lines of a maxout, which is a dense layer and the greatest of so many of its outputs; or of a map."""
    value, draft = call.value(0), call.draft
    layer = draft.layers[value.node]
    axes = sorted(value.axis(axis) for axis in call.whole_numbers(1, "axes") or ())
    fits = type(layer) is Dense and value.alone and not draft.taken(value.node) and value.node not in draft.held
    if not fits or axes != [2] or len(value.axes) != 3 or not value.in_order or len(draft.shapes[value.node]) != 1:
        return _over_whole_maps(call, value, axes, is_max=True)
    keep = bool(call.op.whole("keepdims", 1))
    units, pieces = value.example
    draft.become(value.node, "maxout", units=units, pieces=pieces, bias=layer.to_json().get("bias", True))
    own = group(units)
    return draft.seen(value.node, [value.axes[0], own, ()] if keep else [value.axes[0], own], own)


OPERATORS: dict[str, Translate] = {
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average,
    "GlobalMaxPool": global_max,
    "ReduceMean": reduce_mean,
    "ReduceMax": reduce_max,
}
