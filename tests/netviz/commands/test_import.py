"""`netviz import`: a project with its weights from an ONNX model, or lines that say of every operator why not."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine.project import load_project
from engine.weights import load_weights
from tests.netviz.commands.command import Here, netviz

RNG = np.random.default_rng(0)
W1, B1, W2 = (RNG.normal(size=shape).astype(np.float32) for shape in ((5, 4), (5,), (5, 3)))


def mlp(path: Path, *between: onnx.NodeProto) -> Path:
    """x(4) - dense 5 - tanh - what stands between - dense 3 - softmax."""
    last = between[-1].output[0] if between else "h"
    nodes = [
        helper.make_node("Gemm", ["x", "fc1.weight", "fc1.bias"], ["a"], "first", transB=1),
        helper.make_node("Tanh", ["a"], ["h"], "bend"),
        *between,
        helper.make_node("MatMul", [last, "fc2.weight"], ["z"], "second"),
        helper.make_node("Softmax", ["z"], ["y"], "shares", axis=1),
    ]
    tensors = [numpy_helper.from_array(a, n) for n, a in (("fc1.weight", W1), ("fc1.bias", B1), ("fc2.weight", W2))]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", size]) for n, size in (("x", 4), ("y", 3))]
    graph = helper.make_graph(nodes, "mlp", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_model_becomes_a_project_that_every_command_takes(tmp_path: Path) -> None:
    model, file = mlp(tmp_path / "m.onnx"), tmp_path / "P.netviz"
    done = netviz("import", model, file)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[:2] == [str(file), str(tmp_path / "P.safetensors")]
    assert "noise of the model's shape stands in" in done.out
    weights = load_weights(tmp_path / "P.safetensors")
    np.testing.assert_array_equal(weights["fc1.weight"], W1)
    np.testing.assert_array_equal(weights["fc2.weight"], W2.T)
    assert load_project(file).weights == "P.safetensors"

    x = RNG.normal(size=(6, 4)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=x)
    assert netviz("predict", file, "--input", tmp_path / "x.npz", "--output", tmp_path / "y.npz").status == 0
    session = onnxruntime.InferenceSession(model.read_bytes(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(np.load(tmp_path / "y.npz")["y"], session.run(None, {"x": x})[0], rtol=1e-5, atol=1e-6)
    assert netviz("check", file, "--gradients").status == 0
    begun = netviz("train", file, "--steps", 2, "--init", tmp_path / "P.safetensors", "--quiet")
    assert (begun.status, begun.err) == (0, "")
    assert netviz("export", file, "--to", "onnx", tmp_path / "again.onnx").status == 0


def test_every_operator_that_is_not_understood_is_listed(tmp_path: Path, cli: Here) -> None:
    odd = [
        helper.make_node("Einsum", ["h"], ["e"], "sum over", equation="ij->ij"),
        helper.make_node("Relu", ["e"], ["r"], "fine"),
        helper.make_node("Whirl", ["r"], ["w"], domain="com.somebody"),
    ]
    model = mlp(tmp_path / "m.onnx", *odd)
    done = cli("import", model, tmp_path / "P.netviz")
    lines = [
        f"{model}: sum over: Einsum: netviz has no layer for it",
        f"{model}: node 4 (w): com.somebody.Whirl: netviz has no layer for it",
    ]
    assert (done.status, done.out.splitlines(), done.err.splitlines()) == (2, lines, lines[:1])
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


def test_one_of_several_outputs_can_be_chosen(tmp_path: Path, cli: Here) -> None:
    path = mlp(tmp_path / "m.onnx")
    made = onnx.load(path)
    made.graph.output.append(helper.make_tensor_value_info("h", TensorProto.FLOAT, ["N", 5]))
    onnx.save(made, path)
    done = cli("import", path, tmp_path / "P.netviz")
    line = f"{path}: graph: has 2 outputs (y, h); a netviz network has one: choose by --output"
    assert (done.status, done.err.splitlines()) == (2, [line])
    assert cli("import", path, tmp_path / "P.netviz", "--output", "h").status == 0
    assert [node.id for node in load_project(tmp_path / "P.netviz").graph.nodes] == ["x", "fc1", "bend"]
    done = cli("import", path, tmp_path / "Q.netviz", "--output", "scores")
    assert done.err == f"{path}: --output: unknown value 'scores', allowed: y, h\n"
    assert not (tmp_path / "Q.netviz").exists()


def test_lengths_that_a_model_leaves_open_can_be_said(tmp_path: Path, cli: Here) -> None:
    nodes = [helper.make_node("Conv", ["x", "k"], ["c"]), helper.make_node("GlobalAveragePool", ["c"], ["y"])]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size, "H", "W"])
        for name, size in (("x", 2), ("y", 3))
    ]
    kernel = numpy_helper.from_array(RNG.normal(size=(3, 2, 3, 3)).astype(np.float32), "k")
    graph = helper.make_graph(nodes, "open", ends[:1], ends[1:], [kernel])
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    done = cli("import", path, tmp_path / "P.netviz")
    assert done.err.startswith(f"{path}: x: has the shape N×2×?×?; say one example's by --shape")
    for shape in ("3x8x8", "8x8", "2x8x8x8"):
        done = cli("import", path, tmp_path / "P.netviz", "--shape", shape)
        assert (done.status, done.err) == (2, f"{path}: --shape: {shape.replace('x', '×')} does not fit x, N×2×?×?\n")
    assert cli("import", path, tmp_path / "P.netviz", "--shape", "2xa").status == 2
    done = cli("import", path, tmp_path / "P.netviz", "--shape", "2x2x2")
    assert done.err == f"{path}: node 0 (c): Conv: its window [3, 3] does not fit into [2, 2] once\n"
    assert not (tmp_path / "P.netviz").exists()
    assert cli("import", path, tmp_path / "P.netviz", "--shape", "2x8x6").status == 0
    assert load_project(tmp_path / "P.netviz").summary().shape == (2, 8, 6)


def test_what_is_no_model_is_one_line_and_writes_nothing(tmp_path: Path, cli: Here) -> None:
    whole = mlp(tmp_path / "m.onnx").read_bytes()
    for name, content in {"empty": b"", "text": b"{}", "half": whole[: len(whole) // 2], "zeros": bytes(500)}.items():
        model = tmp_path / f"{name}.onnx"
        model.write_bytes(content)
        done = cli("import", model, tmp_path / "P.netviz")
        assert done.status == 2
        assert len(done.err.splitlines()) == 1
        assert done.err.startswith(f"{model}: is not an ONNX model: ")
    done = cli("import", tmp_path / "gone.onnx", tmp_path / "P.netviz")
    assert done.err == f"{tmp_path / 'gone.onnx'}: cannot be read: No such file or directory\n"
    assert not list(tmp_path.glob("P.*"))


def test_files_that_cannot_be_written_are_told(tmp_path: Path, cli: Here) -> None:
    model = mlp(tmp_path / "m.onnx")
    before = model.read_bytes()
    done = cli("import", model, model)
    assert done.status == 2
    assert "expected a file of its own" in done.err
    assert cli("import", model, tmp_path / "nowhere" / "P.netviz").status == 2
    (tmp_path / "P.safetensors").mkdir()
    assert "is a folder" in cli("import", model, tmp_path / "P.netviz").err
    assert model.read_bytes() == before
    assert not list(tmp_path.glob("*.netviz"))


def test_without_the_package_the_line_says_how_to_get_it(
    tmp_path: Path, cli: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = mlp(tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    done = cli("import", model, tmp_path / "P.netviz")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert "pip install onnx" in done.err
    assert not list(tmp_path.glob("P.*"))
