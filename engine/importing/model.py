"""An ONNX model as plain records: what its file says, and nothing of the library that read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backend import Array
from engine.spec import show

LONGEST_NAME = 80  # letters of a name that a message repeats


class RefusedError(Exception):
    """Why one operator cannot become layers; who calls adds its name."""


@dataclass(frozen=True, slots=True)
class Op:
    """One operator. An input that is left out has the empty name."""

    number: int
    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    domain: str = ""

    @property
    def called(self) -> str:
        """Its name, or where it has none its place in the file and what it makes."""
        made = next(filter(None, self.outputs), "")
        name = self.name or f"node {self.number}" + (f" ({made})" if made else "")
        return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 3] + "..."

    @property
    def full_kind(self) -> str:
        return f"{self.domain}.{self.kind}" if self.domain else self.kind

    def input(self, number: int) -> str:
        return self.inputs[number] if number < len(self.inputs) else ""

    # Attributes, of the type that is expected

    def whole(self, name: str, default: int) -> int:
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise RefusedError(f"attribute {name}: expected a whole number, got {show(value)}")
        return value

    def real(self, name: str, default: float) -> float:
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float):
            raise RefusedError(f"attribute {name}: expected a number, got {show(value)}")
        return float(value)

    def text(self, name: str, default: str) -> str:
        value = self.attributes.get(name, default)
        if not isinstance(value, str):
            raise RefusedError(f"attribute {name}: expected a text, got {show(value)}")
        return value

    def wholes(self, name: str) -> tuple[int, ...] | None:
        """None where it is left out."""
        return self._several(name, int)

    def texts(self, name: str) -> tuple[str, ...] | None:
        return self._several(name, str)

    def _several(self, name: str, kind: type) -> tuple[Any, ...] | None:
        value = self.attributes.get(name)
        if value is None:
            return None
        if not isinstance(value, tuple) or not all(isinstance(each, kind) for each in value):
            raise RefusedError(f"attribute {name}: expected a list of {kind.__name__}, got {show(value)}")
        return value


@dataclass(frozen=True, slots=True)
class Entry:
    """An input of the model. A length that is not said is None; of no shape at all, `shape` is None."""

    name: str
    shape: tuple[int | None, ...] | None
    numbers: bool = True  # not texts, lists or maps


@dataclass(frozen=True, slots=True)
class Model:
    """A graph of operators, with its constants by name."""

    name: str
    opset: int
    ops: tuple[Op, ...]
    constants: Mapping[str, Array]
    inputs: tuple[Entry, ...]
    outputs: tuple[str, ...]
    producer: str = ""

    def makers(self) -> dict[str, Op]:
        """The operator that makes each value."""
        return {name: op for op in self.ops for name in op.outputs if name}

    def uses(self) -> dict[str, int]:
        """How often each value is taken; being an output counts."""
        found: dict[str, int] = {}
        for name in (*self.outputs, *(name for op in self.ops for name in op.inputs)):
            found[name] = found.get(name, 0) + 1
        return found


def floats(array: Array) -> Array:
    """Weights as files of them are: float64 stays, every other number becomes float32."""
    if array.dtype == np.float64:
        return np.ascontiguousarray(array)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, np.float32)
