"""Conv over one axis or two."""

from dataclasses import replace
from typing import Any

import numpy as np

from engine.backend import Array
from engine.importing.call import Call, Result, Translate
from engine.importing.model import RefusedError
from engine.importing.values import BATCH, group
from engine.importing.windows import Line, lines, picture
from engine.layers.window import SAME


def conv(call: Call) -> Result:
    value, weight, bias = call.value(0, margin=True), call.tensor(1), call.constant(2)
    margin, value = value.margin, replace(value, margin=())
    rank = weight.ndim - 2
    if rank not in (1, 2) or len(value.axes) != weight.ndim:
        raise RefusedError(f"is over {rank} axes of {value.told}; netviz convolves over one axis or two")
    kernel = call.op.wholes("kernel_shape") or weight.shape[2:]
    if tuple(kernel) != weight.shape[2:]:
        raise RefusedError(f"kernel_shape {list(kernel)} is not that of its weights, {list(weight.shape[2:])}")
    axes = lines(call.op, value.example[1:], kernel, margin[2:])
    numbers: dict[str, Any] = {"filters": len(weight), "groups": call.op.whole("group", 1), "bias": bias is not None}
    maps, steps = value.axes[1:3]
    if value.example[0] != weight.shape[1] * numbers["groups"]:
        raise RefusedError(f"its weights take {weight.shape[1] * numbers['groups']} maps, got {value.example[0]}")
    axes, weight, padding = _alike(call, axes, weight)
    tensors = {"weight": weight} if bias is None else {"weight": weight, "bias": bias.reshape(-1)}
    fields = {**numbers, **_connections(call, weight)}
    # Of one map both orders are the same: whoever has turned the axes had the steps outside.
    turned = not value.in_order or _maker(call, 0) == "Transpose"
    if rank == 1 and turned and value.factors == (*steps, *maps):
        (line,) = axes
        source = call.draft.plain(call.op, value.node, (line.size, value.example[0]))
        said = {"kernel_size": line.kernel, "stride": line.stride, "dilation": line.dilation}
        same: str | int = padding if padding == SAME else line.before
        node = call.draft.add(call.op, "conv1d", [source], tensors, call.origin(1), padding=same, **said, **fields)
        after, filters = (group(size) for size in call.draft.shapes[node])
        return call.draft.seen(node, [(BATCH,), filters, after], [*after, *filters])
    seen = picture(call, value)
    if rank == 1:
        tensors["weight"] = weight[:, :, None, :]
    sides_by_name = {
        "kernel_size": seen.sides([line.kernel for line in axes], 1),
        "stride": seen.sides([line.stride for line in axes], 1),
        "dilation": seen.sides([line.dilation for line in axes], 1),
    }
    pads: str | int | list[int] = padding if padding == SAME else _short(seen.sides([line.before for line in axes], 0))
    short = {name: _short(sides) for name, sides in sides_by_name.items()}
    node = call.draft.add(call.op, "conv2d", [seen.node], tensors, call.origin(1), padding=pads, **short, **fields)
    return seen.back(call, node)


def _short(sides: list[int]) -> int | list[int]:
    return sides[0] if sides[0] == sides[1] else sides


def _alike(call: Call, axes: list[Line], weight: Array) -> tuple[list[Line], Array, str]:
    """netviz pads alike at both ends, or as much as keeps the size; else the kernel grows by weights of 0."""
    if all(line.before == line.after for line in axes):
        return axes, weight, ""
    if len(axes) == 2 or axes[0].stride == 1:
        kept = [line.stride == 1 and (line.before, line.after) == _same_pads(line) for line in axes]
        if all(kept):
            return axes, weight, SAME
    made = []
    for axis, line in enumerate(axes, 2):
        more = line.after - line.before
        if more % line.dilation:
            raise RefusedError(f"its pads {line.before} and {line.after} differ; netviz pads alike at both ends")
        taps = abs(more) // line.dilation
        if taps:
            ends = [(0, 0)] * weight.ndim
            ends[axis] = (taps, 0) if more > 0 else (0, taps)
            weight = np.pad(weight, ends)
            pad = max(line.before, line.after)
            line = replace(line, kernel=line.kernel + taps, before=pad, after=pad)
        made.append(line)
    call.draft.note(f"{call.op.called}: its kernel has grown by weights of 0, for netviz pads alike at both ends")
    return made, weight, ""


def _same_pads(line: Line) -> tuple[int, int]:
    over = line.span - 1
    return over // 2, over - over // 2


def _connections(call: Call, weight: Array) -> dict[str, object]:
    """The table of connections, where the weights are a product with a mask of 0 and 1 for each pair of maps."""
    if _maker(call, 1) != "Mul" or call.op.whole("group", 1) != 1:
        return {}
    there: Array = (weight.reshape(*weight.shape[:2], -1) != 0).any(axis=2)
    if there.all() or not there.any(axis=1).all() or not there.any(axis=0).all():
        return {}
    return {"connections": [np.flatnonzero(row).tolist() for row in there]}


def _maker(call: Call, number: int) -> str:
    """The kind of operator that makes an input."""
    return next((op.kind for op in call.draft.model.ops if call.op.input(number) in op.outputs), "")


OPERATORS: dict[str, Translate] = {"Conv": conv}
