"""One operator with what its inputs are known to be: what every translation is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.backend import Array
from engine.importing.draft import Draft
from engine.importing.model import Op, RefusedError
from engine.importing.values import Filled, Known, Value

Result = Known | Sequence[Known]


@dataclass(frozen=True, slots=True)
class Call:
    """`known` is None for an input that is left out. `uses` counts how often each value of the model is taken."""

    op: Op
    known: tuple[Known | None, ...]
    draft: Draft
    uses: Mapping[str, int]
    origins: Mapping[str, str]  # of each constant the tensor of the file that it was made of

    @property
    def opset(self) -> int:
        return self.draft.model.opset

    def there(self, number: int) -> Known | None:
        return self.known[number] if number < len(self.known) else None

    def value(self, number: int = 0, margin: bool = False) -> Value:
        """An input that differs from example to example."""
        known = self.there(number)
        if not isinstance(known, Value):
            raise RefusedError(f"input {number}: expected what a layer gives, got a constant or nothing")
        if known.margin and not margin:
            raise RefusedError(
                "its input has a margin of zeros (Pad), which only a convolution or a mean pooling takes"
            )
        return known

    def constant(self, number: int) -> Array | None:
        """An input that is known beforehand; None where it is left out."""
        known = self.there(number)
        if known is None:
            return None
        if isinstance(known, Filled):
            return np.array(known.number)
        if not isinstance(known, np.ndarray):
            raise RefusedError(f"input {number} differs from example to example; netviz takes only a constant there")
        if known.dtype.kind not in "fiub" and known.dtype.name not in ("bfloat16",):
            raise RefusedError(f"input {number} is of {known.dtype}; netviz takes numbers of float32 and their like")
        return known

    def tensor(self, number: int) -> Array:
        """A constant that must be there."""
        array = self.constant(number)
        if array is None:
            raise RefusedError(f"input {number} is missing")
        return array

    def whole_numbers(self, number: int, attribute: str = "") -> tuple[int, ...] | None:
        """A list that newer models give as an input and older ones as an attribute; None where it is left out."""
        if attribute and (said := self.op.wholes(attribute)) is not None:
            return said
        array = self.constant(number)
        if array is None:
            return None
        if array.dtype.kind not in "iu" or array.ndim > 1:
            raise RefusedError(f"input {number}: expected a list of whole numbers")
        return tuple(int(each) for each in array.reshape(-1))

    def number(self, number: int, attribute: str, default: float) -> float:
        """One number, an input in newer models and an attribute in older ones."""
        array = self.constant(number)
        if array is None:
            return self.op.real(attribute, default)
        if array.size != 1:
            raise RefusedError(f"input {number}: expected one number, got {array.size}")
        return float(array.reshape(-1)[0])

    def origin(self, number: int) -> str:
        """The tensor of the file that an input was made of, for the layer's name."""
        return self.origins.get(self.op.input(number), "")

    def used(self, output: int) -> bool:
        return output < len(self.op.outputs) and self.uses.get(self.op.outputs[output], 0) > 0

    def only_first_output(self) -> None:
        for number, name in enumerate(self.op.outputs[1:], 1):
            if self.used(number):
                raise RefusedError(f"its output {number} ({name}) is used; netviz has only the first")


Translate = Callable[[Call], Result]
