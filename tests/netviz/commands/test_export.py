"""`netviz export` and `train --export`: files that other programs read, or one line and nothing written."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from engine.export.torch import torch_source
from engine.project import load_project
from engine.trainer import Trainer
from engine.weights import load_weights, save_weights
from tests.netviz.commands.command import Here, netviz, write

WILD = {"loss": "mse", "optimizer": {"kind": "sgd", "lr": 1e6}}  # its loss is no number soon
NARROW = {
    "nodes": [
        {"id": "x", "kind": "input", "shape": [2]},
        {"id": "out", "kind": "dense", "units": 1},
        {"id": "p", "kind": "sigmoid"},
    ],
    "edges": [["x", "out"], ["out", "p"]],
}
GONE = {"kind": "npz", "path": "gone.npz"}


def weights(folder: Path, file: Path, dtype: str = "float32") -> Path:
    """What the file's network has learnt in 20 steps."""
    trainer = Trainer(load_project(file), dtype=dtype)
    trainer.run(20)
    save_weights(folder / "w.safetensors", trainer.network.state())
    return folder / "w.safetensors"


def read(path: Path, x: Any) -> Any:
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return session.run(["y"], {"x": x.astype(np.float32)})[0]


def predicted(file: Path, path: Path, x: Any) -> Any:
    trainer = Trainer(load_project(file))
    trainer.network.load_parameters(load_weights(path))
    return trainer.network.predict(x)


X = np.random.default_rng(0).uniform(-2, 2, (9, 2))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx(cli: Here, tmp_path: Path, dtype: str) -> None:
    file, out = write(tmp_path), tmp_path / "net.onnx"
    done = cli("export", file, "--weights", weights(tmp_path, file, dtype), "--to", "onnx", out)
    assert (done.status, done.out, done.err) == (0, f"{out}\n", "")
    np.testing.assert_allclose(read(out, X), predicted(file, tmp_path / "w.safetensors", X), atol=1e-5)
    model = onnx.load(out)
    assert {tensor.data_type for tensor in model.graph.initializer} == {onnx.TensorProto.FLOAT}
    assert model.graph.name == "Case"


def test_torch(cli: Here, tmp_path: Path) -> None:
    file, out = write(tmp_path), tmp_path / "net.py"
    done = cli("export", file, "--weights", weights(tmp_path, file), "--to", "torch", out)
    assert (done.status, done.out, done.err) == (0, f"{out}\n", "")
    assert out.read_text() == torch_source(load_project(file))


def test_in_a_process_of_its_own_and_over_a_file_that_is_there(tmp_path: Path) -> None:
    file, out = write(tmp_path), tmp_path / "net.onnx"
    out.write_text("of another program")
    done = netviz("export", file, "--weights", weights(tmp_path, file), "--to", "onnx", out)
    assert (done.status, done.out, done.err) == (0, f"{out}\n", "")
    assert read(out, X).shape == (9, 1)


def test_a_variant_and_settings(cli: Here, tmp_path: Path) -> None:
    file = write(tmp_path, {"variants": [{"name": "narrow", "graph": NARROW}]})
    own, out = tmp_path / "own.safetensors", tmp_path / "net.onnx"
    state = {"out.weight": np.array([[1.0, -2.0]]), "out.bias": np.array([0.5])}
    save_weights(own, state)
    assert cli("export", file, "--weights", own, "--variant", "narrow", "--to", "onnx", out).status == 0
    np.testing.assert_allclose(read(out, X)[:, 0], 1 / (1 + np.exp(2 * X[:, 1] - X[:, 0] - 0.5)), atol=1e-6)
    assert onnx.load(out).graph.name == "CaseNarrow"
    assert cli("train", file, "--set", "graph.nodes.h1.units=3", "--steps", 0, "--save", own).status == 0
    assert cli("export", file, "--weights", own, "--to", "onnx", out).status == 2
    done = cli("export", file, "--weights", own, "--set", "graph.nodes.h1.units=3", "--to", "onnx", out)
    assert done.status == 0


@pytest.mark.parametrize("to", ["onnx", "torch"])
def test_no_data_are_needed_where_the_input_has_a_shape(cli: Here, tmp_path: Path, to: str) -> None:
    file, own = write(tmp_path, {"graph": NARROW, "data": GONE}), tmp_path / "own.safetensors"
    save_weights(own, {"out.weight": np.ones((1, 2)), "out.bias": np.ones(1)})
    assert cli("export", file, "--weights", own, "--to", to, tmp_path / "out").status == 0
    assert cli("train", file).status == 2


def test_weights_that_were_saved_with_the_project(cli: Here, tmp_path: Path) -> None:
    file, out = write(tmp_path, {"weights": "w.safetensors"}), tmp_path / "net.onnx"
    path = weights(tmp_path, file)
    assert cli("export", file, "--to", "onnx", out).status == 0
    np.testing.assert_allclose(read(out, X), predicted(file, path, X), atol=1e-5)


# train --export


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_train_exports_what_it_saves(cli: Here, tmp_path: Path, dtype: str) -> None:
    file, out, saved, again = (tmp_path / name for name in ("net.netviz", "a.onnx", "w.safetensors", "b.onnx"))
    write(tmp_path)
    assert cli("train", file, "--dtype", dtype, "--export", out, "--save", saved, "--quiet").status == 0
    np.testing.assert_allclose(read(out, X), predicted(file, saved, X), atol=1e-5)
    assert cli("export", file, "--weights", saved, "--to", "onnx", again).status == 0
    assert out.read_bytes() == again.read_bytes()


def test_train_exports_where_it_ended_when_the_loss_is_no_number(cli: Here, tmp_path: Path) -> None:
    file, out, saved = write(tmp_path, **WILD), tmp_path / "net.onnx", tmp_path / "w.safetensors"
    assert cli("train", file, "--export", out, "--save", saved).status == 3
    state = load_weights(saved)
    for tensor in onnx.load(out).graph.initializer:
        np.testing.assert_array_equal(onnx.numpy_helper.to_array(tensor), state[tensor.name])


# Bad input


def of_another_net(folder: Path) -> Path:
    save_weights(folder / "other.safetensors", {"h1.weight": np.zeros((9, 9), "float32")})
    return folder / "other.safetensors"


def one_too_many(folder: Path) -> Path:
    state = load_weights(folder / "w.safetensors")
    save_weights(folder / "more.safetensors", {**state, "h9.weight": np.zeros(3, "float32")})
    return folder / "more.safetensors"


W = ["--weights", "@/w.safetensors"]
BAD: dict[str, tuple[list[Any], str]] = {
    "no such weights": (["--weights", "@/none", "--to", "onnx", "@/o"], "weights: none: cannot be read: No such file"),
    "weights of another net": (
        ["--weights", of_another_net, "--to", "torch", "@/o"],
        r"--weights: .*other\.safetensors: h1\.bias: is missing",
    ),
    "one weight too many": (
        ["--weights", one_too_many, "--to", "onnx", "@/o"],
        r"--weights: .*more\.safetensors: h9\.weight: is unknown",
    ),
    "no weights": (["--to", "onnx", "@/o"], "--weights: is missing"),
    "out: no folder": ([*W, "--to", "onnx", "@/nowhere/o"], "OUT: .*nowhere/o: is in a folder that is not there"),
    "out: a folder": ([*W, "--to", "torch", "@"], "OUT: .*: is a folder"),
    "out: the project": ([*W, "--to", "torch", "@/net.netviz"], "OUT: expected a file of its own, got the project"),
    "out: the weights": ([*W, "--to", "onnx", "@/w.safetensors"], "OUT: expected a file of its own, got the weights"),
    "out: no regular file": ([*W, "--to", "onnx", "/dev/null"], "OUT: /dev/null: is not a regular file"),
    "no such variant": ([*W, "--to", "onnx", "@/o", "--variant", "B"], "variants: unknown variant 'B'"),
    "a bad setting": ([*W, "--to", "onnx", "@/o", "--set", "graph.nodes.h1.units=0"], "h1.units: "),
    "no data": ([*W, "--to", "onnx", "@/o", "--set", 'data={"kind": "npz", "path": "no"}'], "data.path: 'no' there is"),
    "a graph with a hole": (
        [*W, "--to", "onnx", "@/o", "--set", 'graph.edges=[["x", "h1"]]'],
        "a1: takes one input, got none",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_nothing_is_written(cli: Here, tmp_path: Path, name: str) -> None:
    options, message = BAD[name]
    file = write(tmp_path)
    weights(tmp_path, file)
    given = [o(tmp_path) if callable(o) else str(o).replace("@", str(tmp_path)) for o in options]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = cli("export", file, *given)
    assert (done.status, done.out) == (2, "")
    assert re.fullmatch(rf"{re.escape(str(file))}: .*{message}.*\n", done.err), done.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "the following arguments are required: --to, OUT"),
        (["--to", "onnx"], "the following arguments are required: OUT"),
        (["--to", "keras", "o"], "argument --to: invalid choice: 'keras' (choose from"),
        (["--to", "onnx", "o", "--frobnicate"], "unrecognized arguments: --frobnicate"),
    ],
)
def test_an_option_that_is_none_is_one_line(cli: Here, tmp_path: Path, options: list[str], message: str) -> None:
    done = cli("export", write(tmp_path), *options)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("to", ["onnx", "torch"])
def test_a_full_disk_is_one_line_and_the_old_file_stays(
    cli: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    file, out = write(tmp_path), tmp_path / "net"
    path = weights(tmp_path, file)
    out.write_text("the old one")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device", str(out))

    monkeypatch.setattr("engine.files.os.fsync", full)
    done = cli("export", file, "--weights", path, "--to", to, out)
    assert (done.status, done.out, done.err) == (2, "", f"{out}: No space left on device\n")
    assert out.read_text() == "the old one"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["net", "net.netviz", "w.safetensors"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--export", "@/nowhere/net.onnx"], "--export: .*: is in a folder that is not there"),
        (["--export", "@/net.netviz"], "--export: expected a file of its own, got the project"),
        (["--save", "@/o", "--export", "@/o"], "--export: expected a file of its own, got that of --save"),
        (["--export", "/dev/null"], "--export: /dev/null: is not a regular file"),
    ],
)
def test_train_refuses_before_it_trains(cli: Here, tmp_path: Path, options: list[str], message: str) -> None:
    file = write(tmp_path)
    done = cli("train", file, "--epochs", 10**7, *(o.replace("@", str(tmp_path)) for o in options))
    assert (done.status, done.out) == (2, "")
    assert re.fullmatch(rf"{re.escape(str(file))}: {message}.*\n", done.err), done.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.netviz"]


def test_train_refuses_a_net_too_large_for_onnx(cli: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.export.onnx.MOST_BYTES", 10)
    file = write(tmp_path)
    done = cli("train", file, "--epochs", 10**7, "--export", tmp_path / "net.onnx")
    assert done.status == 2
    assert f"{file}: graph: the weights take" in done.err


def test_batch_norm_is_folded_in_on_demand(tmp_path: Path, cli: Here) -> None:
    nodes = [
        {"id": "x", "kind": "input"},
        {"id": "h1", "kind": "dense", "units": 5},
        {"id": "n1", "kind": "batch_norm"},
    ]
    nodes += [{"id": "a1", "kind": "tanh"}, {"id": "out", "kind": "dense", "units": 1}]
    edges = [["x", "h1"], ["h1", "n1"], ["n1", "a1"], ["a1", "out"]]
    file = write(tmp_path, {"graph": {"nodes": nodes, "edges": edges}})
    trained = weights(tmp_path, file)
    x, found = np.random.default_rng(0).standard_normal((7, 2)).astype(np.float32), {}
    for more in ((), ("--fuse",)):
        out = tmp_path / f"model{len(more)}.onnx"
        assert cli("export", file, "--weights", trained, "--to", "onnx", *more, out).status == 0
        kinds = {node.op_type for node in onnx.load(out).graph.node}
        assert ("BatchNormalization" in kinds) is not bool(more)
        found[more] = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"]).run(["y"], {"x": x})[0]
    np.testing.assert_allclose(found[("--fuse",)], found[()], rtol=1e-4, atol=1e-5)
    module, other = tmp_path / "m.py", tmp_path / "fused.safetensors"
    refused = cli("export", file, "--weights", trained, "--to", "torch", "--fuse", module)
    assert refused.status == 2
    assert "--fuse: gives the module other weights: say by --save where they shall go" in refused.err
    assert not module.exists()
    assert cli("export", file, "--weights", trained, "--to", "torch", "--fuse", "--save", other, module).status == 0
    assert "BatchNorm" not in module.read_text()
    assert set(load_weights(other)) == {"h1.weight", "h1.bias", "out.weight", "out.bias"}
