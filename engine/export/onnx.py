"""A trained network as an ONNX model: float32, input `x` (N, *shape), output `y` (N, units), for any N."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backend import Array
from engine.errors import Problem, ProjectError
from engine.files import write_atomically
from engine.graph import Structure
from engine.layers.base import Layer, Shape
from engine.layers.input import Input
from engine.network import Network

if TYPE_CHECKING:
    import onnx

OPSET, IR_VERSION = 21, 10  # the newest that onnxruntime reads everywhere
MOST_BYTES = 2_000_000_000  # of weights: a protobuf message ends at 2 GiB


def save_onnx(path: Path, network: Network, name: str) -> None:
    """Writes the network, called `name`, whole or not at all; a ProjectError where it is too large."""
    write_atomically(path, onnx_bytes(network, name))


def onnx_bytes(network: Network, name: str) -> bytes:
    """The checked model, the same bytes for the same network and name (see `class_name`)."""
    import onnx

    must_fit(network.structure)
    model = _model(network.structure, network.state(), name)
    onnx.checker.check_model(model, full_check=True)
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def must_fit(structure: Structure) -> None:
    """Raises ProjectError where the network is too large for an ONNX file."""
    size = 4 * sum(structure.parameter_count(node) for node in structure.order)
    if size > MOST_BYTES:
        message = f"the weights take {size / 1e9:.1f} GB as float32, an ONNX file holds {MOST_BYTES / 1e9:.0f} GB"
        raise ProjectError(Problem("graph", message))


def _model(structure: Structure, state: Mapping[str, Array], name: str) -> "onnx.ModelProto":
    from onnx import TensorProto, helper, numpy_helper

    def described(value: str, shape: Shape) -> "onnx.ValueInfoProto":
        return helper.make_tensor_value_info(value, TensorProto.FLOAT, ["N", *shape])

    # A dot keeps a node called x or y apart from the model's own input and output.
    values = {node: f"{node}.output" for node in structure.order}
    values |= {node: "x" for node, layer in structure.layers.items() if _is_x(layer)}
    values[structure.output] = "y"
    inside = [node for node in structure.order if values[node] not in ("x", "y")]
    graph = helper.make_graph(
        nodes=_nodes(structure, values),
        name=name,
        inputs=[described("x", structure.example)],
        outputs=[described("y", structure.shapes[structure.output])],
        initializer=[numpy_helper.from_array(_single(array), parameter) for parameter, array in state.items()],
        value_info=[described(values[node], structure.shapes[node]) for node in inside],
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="netviz",
    )


def _nodes(structure: Structure, values: Mapping[str, str]) -> list["onnx.NodeProto"]:
    from onnx import helper

    made = []
    for node in structure.order:
        if _is_x(structure.layers[node]):
            continue
        inputs = tuple(values[source] for source in structure.inputs[node])
        operators = structure.layers[node].onnx(inputs, structure.input_shapes(node))
        for operator in operators:
            attributes: dict[str, Any] = dict(operator.attributes)
            made.append(
                helper.make_node(
                    operator.kind,
                    [f"{node}{name}" if name.startswith(".") else name for name in operator.inputs],
                    [f"{node}{operator.output}" if operator.output else values[node]],
                    name=f"{node}{operator.output}",
                    **attributes,
                )
            )
    return made


def _single(array: Array) -> Array:
    with np.errstate(over="ignore"):  # beyond float32 is infinite there
        return np.ascontiguousarray(array, np.float32)


def _is_x(layer: Layer) -> bool:
    """Whether a node is the model's own input as it stands."""
    return isinstance(layer, Input) and layer.columns is None
