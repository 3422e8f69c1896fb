"""Windows over pictures and sequences as ONNX says them: pads at both ends, automatic ones, and along which axes.

What goes along one axis (N × C × L) becomes a picture of one row, so that its numbers stay in their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.importing.call import Call
from engine.importing.model import Op, RefusedError
from engine.importing.values import BATCH, Value, group
from engine.layers.base import Shape


@dataclass(frozen=True, slots=True)
class Line:
    """A window along one axis of ONNX' value."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    auto: bool = False  # the pads follow from the sizes

    @property
    def span(self) -> int:
        return (self.kernel - 1) * self.dilation + 1

    @property
    def out(self) -> int:
        return (self.size + self.before + self.after - self.span) // self.stride + 1


@dataclass(frozen=True, slots=True)
class Picture:
    """A value as a picture (C, H, W): `node` has it so, and `rank` of ONNX' axes are windowed, 1 or 2.

    `turned`: of a sequence whose steps stand outside, which is a picture of one map, its steps down.
    """

    node: str
    shape: Shape
    rank: int
    turned: bool

    def sides(self, numbers: Sequence[int], usual: int) -> list[int]:
        """Down and across, of numbers for ONNX' axes."""
        if self.rank == 2:
            return list(numbers)
        return [numbers[0], usual] if self.turned else [usual, numbers[0]]

    def back(self, call: Call, node: str) -> Value:
        """What a layer made of the picture, with ONNX' axes."""
        first, second, third = (group(size) for size in call.draft.shapes[node])
        if self.turned:  # 1, T', F
            return call.draft.seen(node, [(BATCH,), third, second], [*second, *third])
        axes = [first, third] if self.rank == 1 else [first, second, third]
        return call.draft.seen(node, [(BATCH,), *axes], [*first, *second, *third])


def picture(call: Call, value: Value, turned_too: bool = False) -> Picture:
    """The value as a picture; `turned_too`: also where its maps stand inside, for what acts on each map alone."""
    example, op = value.example, call.op
    if len(example) not in (2, 3):
        raise RefusedError(f"expected N×C×L or N×C×H×W, got {value.told}; netviz has windows over one axis or two")
    rank = len(example) - 1
    if value.in_order:
        shape = example if rank == 2 else (example[0], 1, example[1])
        return Picture(call.draft.shaped(op, value, shape), shape, rank, False)
    maps, steps = value.axes[1:3]
    if rank == 1 and turned_too and value.factors == (*steps, *maps):
        shape = (1, example[1], example[0])
        return Picture(call.draft.plain(op, value.node, shape), shape, rank, True)
    raise RefusedError(f"takes the axes of {value.node!r} in another order, {value.told}; netviz has no layer for that")


def lines(op: Op, sizes: Sequence[int], kernel: Sequence[int], margin: Sequence[tuple[int, int]]) -> list[Line]:
    """The windows along each axis, as attributes say them; `margin` are zeros that the value has already."""
    count = len(sizes)
    if len(kernel) != count or any(side < 1 for side in kernel):
        raise RefusedError(f"expected a window of {count} sides, got {list(kernel)}")
    strides = _each(op, "strides", count, 1, 1)
    dilations = _each(op, "dilations", count, 1, 1)
    auto = op.text("auto_pad", "NOTSET")
    pads = op.wholes("pads") or (0,) * (2 * count)
    if len(pads) != 2 * count or any(pad < 0 for pad in pads):
        raise RefusedError(f"expected {2 * count} pads of at least 0, got {list(pads)}")
    made = []
    for axis, (size, side, stride, dilation) in enumerate(zip(sizes, kernel, strides, dilations, strict=True)):
        before, after = pads[axis], pads[axis + count]
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            span = (side - 1) * dilation + 1
            over = max(0, (-(-size // stride) - 1) * stride + span - size)
            less, more = over // 2, over - over // 2
            before, after = (less, more) if auto == "SAME_UPPER" else (more, less)
        elif auto == "VALID":
            before = after = 0
        elif auto != "NOTSET":
            raise RefusedError(f"auto_pad is {auto!r}")
        if margin:
            before, after = before + margin[axis][0], after + margin[axis][1]
        line = Line(size, side, stride, dilation, before, after, auto.startswith("SAME"))
        if line.out < 1:
            raise RefusedError(f"its window {list(kernel)} does not fit into {list(sizes)} once")
        made.append(line)
    return made


def _each(op: Op, name: str, count: int, usual: int, least: int) -> tuple[int, ...]:
    numbers = op.wholes(name) or (usual,) * count
    if len(numbers) != count or any(number < least for number in numbers):
        raise RefusedError(f"{name}: expected {count} numbers from {least}, got {list(numbers)}")
    return numbers
