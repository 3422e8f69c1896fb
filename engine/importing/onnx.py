"""The door to ONNX files: a model is parsed into plain records, and nothing of it is run.

Sizes are looked at before numbers are read, and data outside the file only where they lie in the model's own folder.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backend import Array
from engine.errors import Problem, ProjectError
from engine.importing.model import Entry, Model, Op
from engine.spec import show

if TYPE_CHECKING:
    import onnx

MOST_BYTES = 2_000_000_000  # a protobuf message ends at 2 GiB
MOST_NUMBERS = 1 << 29  # of one constant
MOST_OPERATORS = 20_000
INSTALL = "is read by the package onnx, which is not installed: pip install onnx"


def read_model(path: Path) -> Model:
    """The model in a file; a ProjectError says what is wrong with it."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ProjectError(
                Problem("", f"is {size / 1e9:.1f} GB large, an ONNX file holds {MOST_BYTES / 1e9:.0f} GB")
            )
        content = path.read_bytes()
    except OSError as error:
        raise ProjectError(Problem("", f"cannot be read: {error.strerror or error}")) from None
    return model_from(content, path.parent)


def model_from(content: bytes, folder: Path) -> Model:
    """The model in `content`; data that it keeps outside are looked for in `folder` and nowhere else."""
    try:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    except ImportError:
        raise ProjectError(Problem("", f"an ONNX model {INSTALL}")) from None
    try:
        proto = onnx.load_model_from_string(content)
    except (DecodeError, ValueError, RecursionError):
        raise ProjectError(Problem("", "is not an ONNX model: it cannot be decoded, or its end is missing")) from None
    if proto.ir_version < 1 or not proto.graph.node:
        raise ProjectError(Problem("", "is not an ONNX model: there is no graph of operators in it"))
    return _Reading(proto, folder).model


class _Reading:
    """All problems of a file are gathered, so that they are told at once."""

    def __init__(self, proto: "onnx.ModelProto", folder: Path) -> None:
        graph, self._folder, self._problems = proto.graph, folder, list[Problem]()
        if len(graph.node) > MOST_OPERATORS:
            self._tell("", f"has {len(graph.node)} operators, at most {MOST_OPERATORS} are read")
            raise ProjectError(*self._problems)
        if not proto.opset_import:
            self._tell("", "says no version of the operators, as it must: its end may be missing")
        for function in proto.functions:
            self._tell(_text(function.name), "is an operator that the model defines itself; export without functions")
        for sparse in graph.sparse_initializer:
            self._tell(_text(sparse.values.name), "is a sparse tensor; netviz reads dense ones")
        tensors = {_text(tensor.name): tensor for tensor in graph.initializer}
        constants = {name: self._array(tensor, name) for name, tensor in tensors.items()}
        ops = [self._op(number, node) for number, node in enumerate(graph.node)]
        inputs = tuple(_entry(value) for value in graph.input if _text(value.name) not in constants)
        if self._problems:
            raise ProjectError(*self._problems)
        self.model = Model(
            name=_text(graph.name),
            opset=max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=1),
            ops=tuple(ops),
            constants=constants,
            inputs=inputs,
            outputs=tuple(_text(value.name) for value in graph.output),
            producer=_text(proto.producer_name),
        )

    def _tell(self, where: str, message: str) -> None:
        self._problems.append(Problem(where, message))

    def _op(self, number: int, node: "onnx.NodeProto") -> Op:
        name, kind, domain = map(_text, (node.name, node.op_type, node.domain))
        inputs, outputs = tuple(map(_text, node.input)), tuple(map(_text, node.output))
        bare = Op(number, name, kind, inputs, outputs, {}, "" if domain == "ai.onnx" else domain)
        found = {_text(each.name): self._attribute(each, f"{bare.called}: {bare.kind}") for each in node.attribute}
        return replace(bare, attributes=found)

    def _attribute(self, attribute: "onnx.AttributeProto", where: str) -> Any:
        """A number, a text, a tuple of them, or an array; anything else as a text that no operator expects."""
        import onnx

        kinds = onnx.AttributeProto
        if attribute.type == kinds.INT:
            return int(attribute.i)
        if attribute.type == kinds.FLOAT:
            return float(attribute.f)
        if attribute.type == kinds.STRING:
            return attribute.s.decode("utf-8", "replace")
        if attribute.type == kinds.INTS:
            return tuple(map(int, attribute.ints))
        if attribute.type == kinds.FLOATS:
            return tuple(map(float, attribute.floats))
        if attribute.type == kinds.STRINGS:
            return tuple(each.decode("utf-8", "replace") for each in attribute.strings)
        if attribute.type == kinds.TENSOR:
            return self._array(attribute.t, f"{where}: attribute {_text(attribute.name)}")
        return f"something of kind {attribute.type}"

    def _array(self, tensor: "onnx.TensorProto", where: str) -> Array:
        from onnx import TensorProto, helper, numpy_helper

        none = np.zeros(0, np.float32)
        try:
            count = _count(tensor.dims)
            if tensor.data_location == TensorProto.EXTERNAL:
                kind = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
                raw = _outside(tensor, self._folder, count * kind.itemsize)
                outside = np.frombuffer(raw, kind.newbyteorder("<") if kind.isbuiltin == 1 else kind)
                return outside.reshape(tuple(tensor.dims)).astype(kind)
            array: Array = numpy_helper.to_array(tensor)
            return array
        except _TensorError as error:
            self._tell(where, str(error))
        except (ValueError, TypeError, KeyError, OverflowError, MemoryError, AttributeError) as error:
            self._tell(where, f"is no sound tensor ({show(str(error))})")
        return none


def _text(said: str | bytes) -> str:
    """A text of the file, which the library leaves as bytes where it is none."""
    return said if isinstance(said, str) else bytes(said).decode("utf-8", "replace")


class _TensorError(Exception):
    """What is wrong with a tensor's sizes or with where its numbers are."""


def _count(dims: Iterable[int]) -> int:
    sizes = list(map(int, dims))
    if any(size < 0 for size in sizes) or prod(sizes) > MOST_NUMBERS:
        told = "×".join(map(str, sizes))
        raise _TensorError(f"is said to be {told} numbers large, at most {MOST_NUMBERS} are read")
    return prod(sizes)


def _outside(tensor: "onnx.TensorProto", folder: Path, size: int) -> bytes:
    """The bytes of a tensor in a file of its own, which must lie in `folder` even when links are followed."""
    said = {_text(entry.key): _text(entry.value) for entry in tensor.external_data}
    name = said.get("location", "")
    home = folder.resolve()
    try:
        path = (home / name).resolve()
        offset, length = int(said.get("offset", 0)), int(said.get("length", size))
    except (ValueError, OSError, RuntimeError):
        raise _TensorError(f"keeps its numbers outside, in a place that is none: {show(said)}") from None
    if not name or not path.is_relative_to(home) or Path(name).is_absolute():
        raise _TensorError(f"keeps its numbers in {show(name)}, which is not in the model's folder")
    if offset < 0 or length != size:
        raise _TensorError(f"keeps {length} bytes in {show(name)}, its shape says {size}")
    try:
        if not path.is_file():
            raise _TensorError(f"keeps its numbers in {show(name)}, which is not there")
        with path.open("rb") as file:
            file.seek(offset)
            raw: bytes = file.read(size)
    except OSError as error:
        raise _TensorError(f"keeps its numbers in {show(name)}: {error.strerror or error}") from None
    if len(raw) != size:
        raise _TensorError(f"keeps its numbers in {show(name)}, which ends before them")
    return raw


def _entry(value: "onnx.ValueInfoProto") -> Entry:
    if not value.type.HasField("tensor_type"):
        return Entry(_text(value.name), None, numbers=False)
    tensor = value.type.tensor_type
    numbers = tensor.elem_type not in (0, 8)  # 8: texts
    if not tensor.HasField("shape"):
        return Entry(_text(value.name), None, numbers)
    sizes = (int(dim.dim_value) if dim.HasField("dim_value") else None for dim in tensor.shape.dim)
    return Entry(_text(value.name), tuple(sizes), numbers)
