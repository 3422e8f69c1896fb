"""Models by hand, and what is made of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from engine.errors import ProjectError
from engine.importing.onnx import model_from
from engine.importing.project import Imported, finished
from engine.importing.translate import translated
from engine.inference import network_with

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)


def op(kind: str, inputs: str, output: str, name: str = "", domain: str = "", **attributes: Any) -> onnx.NodeProto:
    """`inputs` and outputs are names with spaces between them."""
    return helper.make_node(kind, inputs.split(" "), output.split(" "), name, domain=domain or None, **attributes)


def model(
    ops: Sequence[onnx.NodeProto],
    constants: Mapping[str, Array] | None = None,
    x: Sequence[int | str] = ("N", 4),
    opset: int = 17,
    **more: Any,
) -> onnx.ModelProto:
    """x in, the last operator's first output out."""
    ends = [
        helper.make_tensor_value_info("x", more.pop("dtype", TensorProto.FLOAT), list(x)),
        helper.make_tensor_value_info(ops[-1].output[0], TensorProto.FLOAT, None),
    ]
    tensors = [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(list(ops), "by hand", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, **more)


def normal(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def read(made: onnx.ModelProto | bytes, folder: Path = Path()) -> Imported:
    content = made if isinstance(made, bytes) else made.SerializeToString()
    return finished(*translated(model_from(content, folder)), "by hand")


def told(made: onnx.ModelProto | bytes, folder: Path = Path()) -> list[str]:
    """The lines by which a model is refused."""
    try:
        read(made, folder)
    except ProjectError as error:
        return [str(problem) for problem in error.problems]
    raise AssertionError("the model was imported")


def must_agree(made: onnx.ModelProto, x: Array, of_net: Array | None = None) -> Imported:
    """Holds the network to onnxruntime; `of_net` is x as the network takes it, where that is another order."""
    found = read(made)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": x})[0]
    net = network_with(found.project, found.weights)
    y = net.predict(np.asarray(x if of_net is None else of_net))
    np.testing.assert_allclose(y, expected.reshape(len(y), -1), rtol=1e-5, atol=1e-6)
    assert np.ptp(y) > 1e-4
    return found


def kinds(found: Imported) -> list[str]:
    return [node.layer.kind() for node in found.project.graph.nodes]
