"""What a name of the model stands for: numbers known beforehand, or the output of a layer seen in some shape.

netviz' layers have the examples outside and one order of axes; an ONNX model turns, groups and parts axes as it likes.
So a value is followed by its factors: the lengths whose product, in C order, is one example of the layer's output. A
transpose or reshape moves, groups or splits factors and makes no layer. A layer is made when an operator wants a shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from engine.backend import Array
from engine.importing.model import RefusedError
from engine.layers.base import Shape, text_of

BATCH_SIZE = -(1 << 62)  # stands for the number of examples in a constant of sizes


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A length above 1, the same only as itself."""

    size: int


BATCH = Factor(0)  # the examples
Group = tuple[Factor, ...]


def group(size: int) -> Group:
    """An axis of one factor; of none where it is 1 long."""
    return (Factor(size),) if size > 1 else ()


@dataclass(frozen=True, slots=True)
class Value:
    """The output of the layer `node`: `factors` of one example in C order, and which of them each axis runs over."""

    node: str
    factors: Group
    axes: tuple[Group, ...]
    alone: bool = True  # nothing else takes it, nor anything between it and the layer
    margin: tuple[tuple[int, int], ...] = ()  # zeros around it, by axis, that no layer has yet

    @property
    def order(self) -> Group:
        """The factors as they are met, the examples left out."""
        return tuple(factor for axis in self.axes for factor in axis if factor is not BATCH)

    @property
    def in_order(self) -> bool:
        """Whether an example's numbers lie as the layer has them."""
        return self.order == self.factors

    @property
    def examples_first(self) -> bool:
        return bool(self.axes) and self.axes[0] == (BATCH,) and all(BATCH not in axis for axis in self.axes[1:])

    @property
    def sizes(self) -> tuple[int, ...]:
        """The length of each axis, BATCH_SIZE for the examples' own."""
        return tuple(size_of(axis) for axis in self.axes)

    @property
    def example(self) -> Shape:
        """One example's shape as the operator sees it."""
        if not self.examples_first:
            raise RefusedError(f"expected the examples along the first axis, got axes {self.told}")
        return self.sizes[1:]

    @property
    def told(self) -> str:
        return in_words(self.sizes)

    def transposed(self, order: Sequence[int]) -> "Value":
        if sorted(order) != list(range(len(self.axes))):
            raise RefusedError(f"expected an order of {len(self.axes)} axes, got {list(order)}")
        return replace(self, axes=tuple(self.axes[number] for number in order))

    def without(self, axis: int) -> "Value":
        """Without an axis of length 1."""
        if self.axes[axis]:
            raise RefusedError(f"axis {axis} of {self.told} is not 1 long")
        return replace(self, axes=(*self.axes[:axis], *self.axes[axis + 1 :]))

    def beside(self, axis: int) -> "Value":
        """With another axis of length 1."""
        return replace(self, axes=(*self.axes[:axis], (), *self.axes[axis:]))

    def axis(self, number: int) -> int:
        """An axis counted from either end, from the first."""
        if not -len(self.axes) <= number < len(self.axes):
            raise RefusedError(f"there is no axis {number} in {self.told}")
        return number % len(self.axes)

    def reshaped(self, target: Sequence[int], batch: int | None) -> "Value":
        """In the shape `target`, in which BATCH_SIZE stands for the examples and -1 for what is left.

        `batch` is how many examples there are, where the model says it.
        """
        walk = _Parting(self, target, batch)
        return replace(self, factors=walk.factors, axes=walk.axes)

    def along(self, array: Array) -> Array:
        """A constant laid over the value, with an axis for each of `factors`; 1 long where it is the same along one.

        RefusedError where the value would grow, or examples would differ.
        """
        if array.ndim > len(self.axes):
            extra, array = (
                array.shape[: array.ndim - len(self.axes)],
                array.reshape(array.shape[-len(self.axes) :] or ()),
            )
            if prod(extra) != 1:
                raise RefusedError(f"a constant of {array.ndim + len(extra)} axes is laid over {self.told}")
        array = array.reshape((1,) * (len(self.axes) - array.ndim) + array.shape)
        lengths: list[int] = []
        for axis, length in zip(self.axes, array.shape, strict=True):
            there = [factor for factor in axis if factor is not BATCH]
            if length == 1:
                lengths += [1] * len(there)
            elif BATCH in axis:
                raise RefusedError(f"a constant of shape {text_of(array.shape)} differs from example to example")
            elif length == prod(factor.size for factor in there):
                lengths += [factor.size for factor in there]
            else:
                raise RefusedError(f"a constant of shape {text_of(array.shape)} does not fit {self.told}")
        met = {factor: place for place, factor in enumerate(self.order)}
        return array.reshape(lengths).transpose([met[factor] for factor in self.factors])


@dataclass(frozen=True, slots=True)
class Filled:
    """The same number everywhere, in a shape with the examples in it."""

    number: float


class Unknown:
    """What an operator gives that was refused: what follows is not blamed for it."""


UNKNOWN = Unknown()
Known = Value | Array | Filled | Unknown


def in_words(sizes: Sequence[int]) -> str:
    return "×".join("N" if size == BATCH_SIZE else str(size) for size in sizes) or "1"


def size_of(axis: Group) -> int:
    return BATCH_SIZE if BATCH in axis else prod(factor.size for factor in axis)


def whole(node: str, shape: Shape) -> Value:
    """A layer's output as it stands: the examples, then an axis for each of its own."""
    axes = tuple(group(size) for size in shape)
    return Value(node, tuple(factor for axis in axes for factor in axis), ((BATCH,), *axes))


def sizes_of(value: Value) -> Array:
    """As the operator Shape has it."""
    return np.array(value.sizes, np.int64)


class _Parting:
    """Goes through the factors and hands them to the axes of a new shape, splitting where it must."""

    def __init__(self, value: Value, target: Sequence[int], batch: int | None) -> None:
        self.factors, self._told = value.factors, value.told
        self._left = [factor for axis in value.axes for factor in axis]
        self._batch = batch
        self.axes: tuple[Group, ...]
        if tuple(batch if size == BATCH_SIZE else size for size in value.sizes) == tuple(target):
            self.axes = value.axes
            return
        self._why = f"{self._told} cannot be brought into the shape {in_words(target)}"
        self.axes = tuple(self._taken(*wanted) for wanted in self._wanted([int(size) for size in target]))
        if self._left:
            raise RefusedError(self._why)

    def _wanted(self, target: list[int]) -> list[tuple[int, bool | None]]:
        """For each axis its length without the examples, and whether they are in it; None: the length tells."""
        if target.count(-1) > 1 or any(size < 1 and size not in (-1, BATCH_SIZE) for size in target):
            raise RefusedError(self._why)
        own, rest = prod(factor.size for factor in self.factors), prod(size for size in target if size > 0)
        fixed = BATCH_SIZE not in target and self._batch is not None
        if fixed:
            own *= self._batch or 1
        if (own % rest) if -1 in target else (own != rest):
            raise RefusedError(self._why)
        sizes = [own // rest if size == -1 else max(size, 1) for size in target]
        if fixed:
            return [(size, None) for size in sizes]
        holder = BATCH_SIZE if BATCH_SIZE in target else -1
        if target.count(holder) != 1:
            raise RefusedError(f"{self._why} for any number of examples")
        return [(size, raw == holder) for size, raw in zip(sizes, target, strict=True)]

    def _taken(self, need: int, with_batch: bool | None) -> Group:
        taken: list[Factor] = []
        while need > 1 or (with_batch and BATCH not in taken) or (with_batch is None and self._is_one_example(taken)):
            if not self._left:
                raise RefusedError(self._why)
            factor = self._left.pop(0)
            if factor is BATCH:
                count = 1 if with_batch else self._batch or 0
                if with_batch is False or not count or need % count:
                    raise RefusedError(f"{self._why}: the examples would be parted")
                need //= count
            elif need % factor.size == 0:
                need //= factor.size
            elif factor.size % need == 0 and need > 1:
                first, second = Factor(need), Factor(factor.size // need)
                place = self.factors.index(factor)
                self.factors = (*self.factors[:place], first, second, *self.factors[place + 1 :])
                self._left.insert(0, second)
                factor, need = first, 1
            else:
                raise RefusedError(self._why)
            taken.append(factor)
        return tuple(taken)

    def _is_one_example(self, taken: list[Factor]) -> bool:
        """Whether a new axis of length 1 stands where the axis of a single example comes."""
        return self._batch == 1 and not taken and self._left[:1] == [BATCH]
