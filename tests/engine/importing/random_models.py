"""Models of operators drawn at random, one upon the other, whatever the shape between them."""

from math import prod

import numpy as np
import onnx

from tests.engine.importing.models import Array, model, op

BATCH = 3
LARGEST = 2000  # numbers in one value


class Skipped(Exception):  # noqa: N818 - nothing is wrong
    """The operator that was drawn does not go with the shape."""


class Drawn:
    """Draws a model and an x for it, the same for the same seed; the first operator has weights."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._ops: list[onnx.NodeProto] = []
        self._constants: dict[str, Array] = {}
        shape = [int(size) for size in self._rng.choice([1, 2, 3, 4, 6], size=self._rng.integers(1, 4))]
        self._values: list[tuple[str, list[int]]] = [("x", [BATCH, *shape])]
        self._put("MatMul", "x", self._weights(shape[-1], shape[-1]), self._values[0][1])
        kinds = [name for name in dir(self) if name.startswith("draw_")]
        while len(self._ops) < self._rng.integers(3, 9):
            source, sizes = self._values[-1 if self._rng.random() < 0.75 else self._rng.integers(len(self._values))]
            if not sizes:
                continue
            try:
                getattr(self, self._rng.choice(kinds))(source, list(sizes))
            except Skipped:
                continue
        batch = "N" if self._rng.integers(2) else BATCH
        self.model = model(self._ops, self._constants, [batch, *shape])
        self.x = self._rng.normal(size=(BATCH, *shape)).astype(np.float32)

    @property
    def kinds(self) -> list[str]:
        return [each.op_type for each in self._ops]

    def _put(
        self, kind: str, source: str, more: str, sizes: list[int], outputs: str = "", **attributes: object
    ) -> None:
        if prod(sizes) > LARGEST:
            raise Skipped
        name = f"v{len(self._ops)}"
        inputs = " ".join(filter(None, [source, more]))
        self._ops.append(op(kind, inputs, outputs.replace("*", name) or name, **attributes))
        self._values.append((name, [int(size) for size in sizes]))

    def _constant(self, array: Array) -> str:
        name = f"k{len(self._constants)}"
        self._constants[name] = array
        return name

    def _weights(self, *shape: int) -> str:
        return self._constant(self._rng.normal(size=shape).astype(np.float32))

    def _whole(self, *numbers: int) -> str:
        return self._constant(np.array(numbers, np.int64))

    def _one_of(self, *choices: str) -> str:
        return str(self._rng.choice(choices))

    # What only moves numbers

    def draw_transpose(self, source: str, sizes: list[int]) -> None:
        order = [0, *(1 + self._rng.permutation(len(sizes) - 1))]
        if self._rng.random() < 0.3:
            order = list(self._rng.permutation(len(sizes)))
        self._put("Transpose", source, "", [sizes[axis] for axis in order], perm=[int(axis) for axis in order])

    def draw_reshape(self, source: str, sizes: list[int]) -> None:
        count, parts = prod(sizes), list[int]()
        left = count // BATCH if sizes[0] == BATCH else count
        while len(parts) < 3 and left > 1:
            parts.append(int(self._rng.choice([d for d in range(1, left + 1) if left % d == 0])))
            left //= parts[-1]
        made = [BATCH, *parts, left] if sizes[0] == BATCH else [*parts, left]
        target = list(made)
        target[int(self._rng.integers(len(target)))] = -1
        if sizes[0] == BATCH and target[0] == BATCH:
            target[0] = 0
        self._put("Reshape", source, self._whole(*target), made)

    def draw_flatten(self, source: str, sizes: list[int]) -> None:
        axis = int(self._rng.integers(len(sizes) + 1)) if self._rng.random() < 0.2 else 1
        self._put("Flatten", source, "", [prod(sizes[:axis]), prod(sizes[axis:])], axis=axis)

    def draw_unsqueeze(self, source: str, sizes: list[int]) -> None:
        if len(sizes) > 4:
            raise Skipped
        axis = int(self._rng.integers(len(sizes) + 1))
        self._put("Unsqueeze", source, self._whole(axis), [*sizes[:axis], 1, *sizes[axis:]])

    def draw_squeeze(self, source: str, sizes: list[int]) -> None:
        ones = [axis for axis, size in enumerate(sizes) if size == 1]
        if not ones:
            raise Skipped
        axis = int(self._rng.choice(ones))
        self._put("Squeeze", source, self._whole(axis), [*sizes[:axis], *sizes[axis + 1 :]])

    def draw_slice(self, source: str, sizes: list[int]) -> None:
        axis = int(self._rng.integers(len(sizes)))
        first = int(self._rng.integers(sizes[axis]))
        stop = int(self._rng.integers(first, sizes[axis])) + 1
        more = " ".join(self._whole(number) for number in (first, stop, axis))
        self._put("Slice", source, more, [*sizes[:axis], stop - first, *sizes[axis + 1 :]])

    # Sums and products

    def draw_product(self, source: str, sizes: list[int]) -> None:
        if len(sizes) < 2:
            raise Skipped
        units = int(self._rng.integers(1, 5))
        self._put("MatMul", source, self._weights(sizes[-1], units), [*sizes[:-1], units])

    def draw_constant(self, source: str, sizes: list[int]) -> None:
        shape = [1, *(1 if self._rng.random() < 0.5 else size for size in sizes[1:])]
        self._put(self._one_of("Add", "Sub", "Mul"), source, self._weights(*shape), sizes)

    def draw_join(self, source: str, sizes: list[int]) -> None:
        alike = [name for name, other in self._values if other == sizes]
        self._put(self._one_of("Add", "Sub", "Mul"), source, self._one_of(*alike), sizes)

    def draw_concat(self, source: str, sizes: list[int]) -> None:
        axis = int(self._rng.integers(len(sizes)))
        beside = [*sizes[:axis], *sizes[axis + 1 :]]
        fitting = [
            (name, other)
            for name, other in self._values
            if len(other) == len(sizes) and [*other[:axis], *other[axis + 1 :]] == beside
        ]
        name, other = fitting[int(self._rng.integers(len(fitting)))]
        made = [*sizes[:axis], sizes[axis] + other[axis], *sizes[axis + 1 :]]
        self._put("Concat", source, name, made, axis=axis)

    # Layers

    def draw_activation(self, source: str, sizes: list[int]) -> None:
        self._put(self._one_of("Relu", "Tanh", "Sigmoid", "HardSwish"), source, "", sizes)

    def draw_softmax(self, source: str, sizes: list[int]) -> None:
        self._put("Softmax", source, "", sizes, axis=int(self._rng.integers(len(sizes))))

    def draw_prelu(self, source: str, sizes: list[int]) -> None:
        shape = [1 if self._rng.random() < 0.5 else size for size in sizes[1:]]
        self._put("PRelu", source, self._weights(*(shape or [1])), sizes)

    def draw_window(self, source: str, sizes: list[int]) -> None:
        if len(sizes) not in (3, 4):
            raise Skipped
        kernel = [int(self._rng.integers(1, min(3, size) + 1)) for size in sizes[2:]]
        strides = [int(self._rng.integers(1, 3)) for _ in kernel]
        kind, pads, more, maps = self._one_of("Conv", "MaxPool", "AveragePool"), [0] * 2 * len(kernel), "", sizes[1]
        if kind == "Conv":
            maps, pads = int(self._rng.integers(1, 4)), [int(self._rng.integers(0, 2)) for _ in pads]
            more = self._weights(maps, sizes[1], *kernel)
        else:
            pads = [int(self._rng.integers(0, side)) for side in 2 * kernel]
        over = kind != "Conv" and bool(self._rng.integers(2))
        ends = zip(sizes[2:], pads, pads[len(kernel) :], kernel, strides, strict=False)
        # A window begins wherever the one before it has not reached the end, if that is not in the pads behind.
        out = [
            sum(
                start == 0 or start - step + side < before + size + after
                for start in range(0, (before + size if over else before + size + after - side + 1), step)
            )
            for size, before, after, side, step in ends
        ]
        attributes = {"ceil_mode": 1} if over else {}
        if kind == "AveragePool":
            attributes["count_include_pad"] = int(self._rng.integers(2))
        where = {"kernel_shape": kernel, "strides": strides, "pads": pads}
        self._put(kind, source, more, [sizes[0], maps, *out], **where, **attributes)

    def draw_mean(self, source: str, sizes: list[int]) -> None:
        axes = [axis for axis in range(len(sizes)) if self._rng.random() < 0.5]
        keep = int(self._rng.integers(2))
        if not axes:
            raise Skipped
        made = [1 if axis in axes else size for axis, size in enumerate(sizes) if keep or axis not in axes]
        self._put("ReduceMean", source, "", made, axes=axes, keepdims=keep)

    def draw_norm(self, source: str, sizes: list[int]) -> None:
        if len(sizes) < 2:
            raise Skipped
        kind = self._one_of("BatchNormalization", "InstanceNormalization", "LayerNormalization")
        if kind == "LayerNormalization":
            axis = int(self._rng.integers(1, len(sizes)))
            more = " ".join(self._weights(*sizes[axis:]) for _ in range(2))
            self._put(kind, source, more, sizes, axis=axis)
            return
        if kind == "InstanceNormalization" and len(sizes) < 3:
            raise Skipped
        more = f"{self._weights(sizes[1])} {self._weights(sizes[1])}"
        if kind == "BatchNormalization":
            spread = self._constant(self._rng.uniform(0.1, 2, sizes[1]).astype(np.float32))
            more += f" {self._weights(sizes[1])} {spread}"
        self._put(kind, source, more, sizes)

    def draw_recurrent(self, source: str, sizes: list[int]) -> None:
        if len(sizes) != 3:
            raise Skipped
        kind, gates = (("RNN", 1), ("GRU", 3), ("LSTM", 4))[int(self._rng.integers(3))]
        ways, units, every = (int(self._rng.integers(low, high)) for low, high in ((1, 3), (1, 4), (0, 2)))
        rows = gates * units
        more = " ".join(
            self._weights(*shape) for shape in ((ways, rows, sizes[2]), (ways, rows, units), (ways, 2 * rows))
        )
        attributes = {"linear_before_reset": int(self._rng.integers(2))} if kind == "GRU" else {}
        self._put(
            kind,
            source,
            more,
            [sizes[0], ways, sizes[1], units] if every else [ways, sizes[1], units],
            outputs="* *_last" if every else "*_every *",
            hidden_size=units,
            direction="bidirectional" if ways == 2 else "forward",
            **attributes,
        )
