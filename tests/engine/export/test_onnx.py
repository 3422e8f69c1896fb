"""ONNX models: what their readers compute is what the network predicts, for any batch size."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from engine.catalogue import LAYERS
from engine.data.preprocess import Kind, Preprocessor
from engine.errors import ProjectError
from engine.export import onnx as module
from engine.export.onnx import BACK, must_fit, onnx_bytes, preprocess_nodes, save_onnx
from engine.network import Network
from tests.engine.cases import LAYER_CASES, Array, behind_identity
from tests.engine.export.nets import NETS, PREPARED, chain, dense, examples, trained

each_net = pytest.mark.parametrize("name", NETS)
CASES = {f"layer {case.name}": behind_identity(case) for case in LAYER_CASES}
ALL = {**NETS, **PREPARED, **CASES}
READERS = {
    "onnxruntime": lambda model: onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]),
    "reference": lambda model: ReferenceEvaluator(onnx.load_from_string(model)),
}


UNREAD = {("layer rnn_relu", "reference")}  # ONNX's own evaluator knows no ReLU in an RNN


def exported(net: Network) -> onnx.ModelProto:
    return onnx.load_from_string(onnx_bytes(net, "Net"))


def test_every_layer_is_exported_by_a_net_or_a_case() -> None:
    kinds = {node.layer.kind() for made in ALL.values() for node in made.graph.nodes}
    assert kinds == set(LAYERS)


@pytest.mark.parametrize(
    ("name", "reader"), [(name, reader) for name in ALL for reader in READERS if (name, reader) not in UNREAD]
)
def test_readers_compute_what_the_network_predicts(name: str, reader: str) -> None:
    net = trained(ALL[name])
    session = READERS[reader](onnx_bytes(net, "Net"))
    for count in (1, 7, 130):
        x = examples(ALL[name], count)
        (y,) = session.run(["y"], {"x": x})
        expected = net.predict(x)
        assert (y.dtype, y.shape) == (np.float32, expected.shape)
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert np.ptp(expected) > 1e-3  # a net that says the same to all would agree with anything


def test_readers_agree_on_numbers_far_out() -> None:
    for name in ("a drawn sigmoid", "a drawn softmax"):
        net, x = trained(NETS[name]), 300 * examples(NETS[name], 20)
        for reader in READERS.values():
            with np.errstate(all="ignore"):  # the reference evaluator's own sigmoid
                (y,) = reader(onnx_bytes(net, "Net")).run(["y"], {"x": x})
            np.testing.assert_allclose(y, net.predict(x), rtol=1e-5, atol=1e-5)


@each_net
def test_a_network_of_float64_is_exported_as_float32(name: str) -> None:
    net = trained(NETS[name], "float64")
    model = exported(net)
    assert {tensor.data_type for tensor in model.graph.initializer} == {onnx.TensorProto.FLOAT}
    x = examples(NETS[name])
    (y,) = READERS["onnxruntime"](model.SerializeToString()).run(None, {"x": x})
    np.testing.assert_allclose(y, net.predict(x), rtol=2e-5, atol=1e-5)


@each_net
def test_the_model_says_what_it_is(name: str) -> None:
    net = trained(NETS[name])
    model = exported(net)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 10
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 21)]
    assert model.graph.name == "Net"
    assert _shapes(model.graph.input) == {"x": ["N", *net.input_shape]}
    assert _shapes(model.graph.output) == {"y": ["N", *net.structure.shapes[net.structure.output]]}
    # Every value inside has its node's shape, which is also what ONNX infers.
    told = _shapes(model.graph.value_info)
    inside = [node for node in net.structure.order[:-1] if node not in _whole_inputs(net)]
    assert told == {f"{node}.output": ["N", *net.structure.shapes[node]] for node in inside}
    # ONNX says no shape of a group norm, which it has as a function of other operators.
    unsaid = {node.output[0] for node in model.graph.node if node.op_type == "GroupNormalization"}
    said = [value for value in model.graph.value_info if value.name in unsaid]
    del model.graph.value_info[:]
    model.graph.value_info.extend(said)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    found = _shapes(inferred.graph.value_info)
    assert {name: shape for name, shape in found.items() if name.endswith(".output")} == told
    assert {name.partition(".")[0] for name in found} <= set(net.structure.order)  # steps within a node


def _shapes(values: object) -> dict[str, list[object]]:
    return {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in values  # type: ignore[attr-defined]
    }


def _read(state: dict[str, Array]) -> set[str]:
    """The tensors that a model computes with: not how many batches a norm has seen."""
    return {name for name in state if not name.endswith(".num_batches_tracked")}


@pytest.mark.parametrize("name", ALL)
def test_a_model_holds_nothing_that_nobody_reads(name: str) -> None:
    """A runtime would warn the person who loads it."""
    graph = exported(trained(ALL[name])).graph
    read = {value for node in graph.node for value in node.input} | {"y"}
    assert {tensor.name for tensor in graph.initializer} <= read
    assert {value for node in graph.node if node.op_type == "Constant" for value in node.output} <= read


@each_net
def test_names_are_ids(name: str) -> None:
    net = trained(NETS[name])
    model = exported(net)
    state = net.state()
    # An operator inside a layer has the layer's id before its own name.
    assert {node.name.partition(".")[0] for node in model.graph.node} == {*net.structure.order} - _whole_inputs(net)
    assert {tensor.name for tensor in model.graph.initializer} == _read(state)
    for tensor in model.graph.initializer:
        np.testing.assert_array_equal(onnx.numpy_helper.to_array(tensor), state[tensor.name])


@pytest.mark.parametrize("name", PREPARED)
def test_the_numbers_of_the_preprocessing_are_in_the_model(name: str) -> None:
    net = trained(PREPARED[name])
    model, state = exported(net), net.state()
    assert {tensor.name for tensor in model.graph.initializer} - {BACK} == _read(state) > set(net.parameters())
    for tensor in model.graph.initializer:
        expected = [0, *net.input_shape] if tensor.name == BACK else state[tensor.name]
        np.testing.assert_array_equal(onnx.numpy_helper.to_array(tensor), expected)
    own = [node.name for node in model.graph.node if node.name.startswith("preprocess.")]
    pictures = len(net.input_shape) > 1
    assert own == [
        "preprocess.sub",
        *(["preprocess.div"] if "preprocess.scale" in state else []),
        *(["preprocess.flatten"] if "preprocess.matrix" in state and pictures else []),
        *(["preprocess.gemm"] if "preprocess.matrix" in state else []),
        *(["preprocess.reshape"] if "preprocess.matrix" in state and pictures else []),
    ]


@pytest.mark.parametrize("kind", ["center", "standardize", "pca", "whiten"])
@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4)])
def test_examples_of_any_shape_are_prepared(kind: Kind, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(40, *shape)) * 3 + np.arange(np.prod(shape)).reshape(shape)
    prepared = Preprocessor(kind, shape, "float32")
    prepared.fit(x)
    nodes, tensors = preprocess_nodes(prepared.shapes, shape, "y")
    tensors += [onnx.numpy_helper.from_array(array, name) for name, array in prepared.state().items()]
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", *shape]) for name in "xy"]
    graph = onnx.helper.make_graph(nodes, "prepared", ends[:1], ends[1:], tensors)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    for reader in READERS.values():
        (y,) = reader(model.SerializeToString()).run(["y"], {"x": x.astype(np.float32)})
        np.testing.assert_allclose(y, prepared(x), rtol=1e-4, atol=1e-5)


def test_the_same_network_gives_the_same_bytes() -> None:
    net = trained(NETS["residual"])
    assert onnx_bytes(net, "Net") == onnx_bytes(net, "Net") == onnx_bytes(trained(NETS["residual"]), "Net")
    other = trained(NETS["residual"])
    other.load_parameters({**net.state(), "out.bias": np.ones(2)})
    assert onnx_bytes(other, "Net") != onnx_bytes(net, "Net")


def test_weights_that_are_no_numbers_are_kept() -> None:
    net = trained(NETS["one layer"])
    bias = np.array([np.nan, np.inf], np.float32)
    net.load_parameters({**net.state(), "out.bias": bias})
    kept = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in exported(net).graph.initializer}
    np.testing.assert_array_equal(kept["out.bias"], bias)


def test_a_net_too_large_for_a_file_is_told_before_it_is_made() -> None:
    big = replace(chain([dense("out", 2)]).structure(), shapes={"x": (400_000_000,), "out": (2,)})
    with pytest.raises(ProjectError, match=r"graph: the weights take 3\.2 GB as float32, an ONNX file holds 2 GB"):
        must_fit(big)
    must_fit(chain([dense("h1", 20_000), dense("out", 2)]).structure())


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.onnx"
    save_onnx(path, trained(NETS["concat"]), "Net")
    before = path.read_bytes()
    assert before == onnx_bytes(trained(NETS["concat"]), "Net")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_onnx(path, trained(NETS["residual"]), "Net")
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.onnx"]


def test_onnx_is_imported_when_a_file_is_written_and_not_before() -> None:
    names = [module.__name__, "engine.export.torch", "netviz.cli", "netviz.commands.train", "netviz.commands.export"]
    program = f"import sys, {', '.join(names)}; print({{'onnx', 'onnxruntime', 'torch'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"


def test_the_checker_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Array] = []
    monkeypatch.setattr(onnx.checker, "check_model", lambda model, full_check: asked.append(full_check))
    onnx_bytes(trained(NETS["one layer"]), "Net")
    assert asked == [True]


def _whole_inputs(net: Network) -> set[str]:
    """The input nodes that take all of x, which is the model's own input."""
    structure = net.structure
    return {node for node in structure.inputs_of_x if not structure.layers[node].to_json().get("columns")}
