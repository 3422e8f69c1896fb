"""A trained network as an ONNX model: float32, input `x` (N, *shape), output `y` (N, units), for any N."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backend import Array
from engine.data.preprocess import PREFIX
from engine.errors import Problem, ProjectError
from engine.files import write_atomically
from engine.graph import Structure
from engine.layers.base import Layer, Shape
from engine.layers.input import Input
from engine.network import Network

if TYPE_CHECKING:
    import onnx

OPSET, IR_VERSION = 21, 10  # the newest that onnxruntime reads everywhere
BACK = f"{PREFIX}shape"
MOST_BYTES = 2_000_000_000  # of weights: a protobuf message ends at 2 GiB


def save_onnx(path: Path, network: Network, name: str) -> None:
    """Writes the network, called `name`, whole or not at all; a ProjectError where it is too large."""
    write_atomically(path, onnx_bytes(network, name))


def onnx_bytes(network: Network, name: str) -> bytes:
    """The checked model, the same bytes for the same network and name (see `class_name`)."""
    import onnx

    must_fit(network.structure)
    model = _model(network.structure, network.state(), network.preprocess.shapes, name)
    onnx.checker.check_model(model, full_check=True)
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def must_fit(structure: Structure) -> None:
    """Raises ProjectError where the network is too large for an ONNX file, or a layer has no operator there."""
    refused = [Problem(node, why) for node in structure.order if (why := structure.layers[node].no_onnx)]
    if refused:
        raise ProjectError(*refused)
    size = 4 * sum(structure.parameter_count(node) for node in structure.order)
    if size > MOST_BYTES:
        message = f"the weights take {size / 1e9:.1f} GB as float32, an ONNX file holds {MOST_BYTES / 1e9:.0f} GB"
        raise ProjectError(Problem("graph", message))


def _model(structure: Structure, state: Mapping[str, Array], prepared: Collection[str], name: str) -> "onnx.ModelProto":
    """`prepared` names those of `state` that the raw input goes through first."""
    from onnx import TensorProto, helper, numpy_helper

    def described(value: str, shape: Shape) -> "onnx.ValueInfoProto":
        return helper.make_tensor_value_info(value, TensorProto.FLOAT, ["N", *shape])

    # A dot keeps a node called x or y apart from the model's own input and output.
    entry = f"{PREFIX}output" if prepared else "x"
    values = {node: f"{node}.output" for node in structure.order}
    values |= {node: entry for node, layer in structure.layers.items() if _is_x(layer)}
    values[structure.output] = "y"
    inside = [node for node in structure.order if values[node] not in (entry, "y")]
    first, more = preprocess_nodes(prepared, structure.example, entry)
    nodes = first + _nodes(structure, values, entry)
    used = {source for node in nodes for source in node.input}  # a runtime warns of what nobody reads, such as a count
    initial = [numpy_helper.from_array(_single(array), name) for name, array in state.items() if name in used]
    graph = helper.make_graph(
        nodes=nodes,
        name=name,
        inputs=[described("x", structure.example)],
        outputs=[described("y", structure.shapes[structure.output])],
        initializer=initial + more,
        value_info=[
            *([described(entry, structure.example)] if prepared else []),
            *(described(values[node], structure.shapes[node]) for node in inside),
        ],
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="netviz",
    )


def preprocess_nodes(
    kinds: Collection[str], shape: Shape, output: str
) -> tuple[list["onnx.NodeProto"], list["onnx.TensorProto"]]:
    """The operators from the raw `x` to `output`, the input node's value; and a tensor that they need besides."""
    from onnx import helper, numpy_helper

    steps: list[tuple[str, list[str], dict[str, Any]]] = []
    if f"{PREFIX}mean" in kinds:
        steps.append(("Sub", [f"{PREFIX}mean"], {}))
    if f"{PREFIX}scale" in kinds:
        steps.append(("Div", [f"{PREFIX}scale"], {}))
    if f"{PREFIX}matrix" in kinds:
        if len(shape) > 1:
            steps.append(("Flatten", [], {"axis": 1}))
        steps.append(("Gemm", [f"{PREFIX}matrix"], {"transB": 1}))
        if len(shape) > 1:
            steps.append(("Reshape", [BACK], {}))
    made, value = [], "x"
    for place, (kind, more, attributes) in enumerate(steps, 1):
        name = f"{PREFIX}{kind.lower()}"
        result = name if place < len(steps) else output
        made.append(helper.make_node(kind, [value, *more], [result], name, **attributes))
        value = name
    needs_shape = any(BACK in node.input for node in made)
    back = np.array([0, *shape], np.int64)  # 0 leaves the number of examples as it is
    return made, [numpy_helper.from_array(back, BACK)] if needs_shape else []


def _nodes(structure: Structure, values: Mapping[str, str], entry: str) -> list["onnx.NodeProto"]:
    """The layers' operators; `entry` is what inputs take their columns of."""
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
                    [_value(node, name, entry) for name in operator.inputs],
                    [*[""] * operator.behind, f"{node}{operator.output}" if operator.output else values[node]],
                    name=f"{node}{operator.output}",
                    **attributes,
                )
            )
    return made


def _value(node: str, name: str, entry: str) -> str:
    if name.startswith("."):
        return f"{node}{name}"
    return entry if name == "x" else name


def _single(array: Array) -> Array:
    with np.errstate(over="ignore"):  # beyond float32 is infinite there
        return np.ascontiguousarray(array, np.float32)


def _is_x(layer: Layer) -> bool:
    """Whether a node is the model's own input as it stands."""
    return isinstance(layer, Input) and layer.columns is None
