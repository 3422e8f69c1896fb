"""`netviz predict`: `x` in, `y` out, the numbers that the trained network gives, or one line and nothing written."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.augmentation import Augmentation
from engine.ensemble import Ensemble
from engine.inference import network_with
from engine.project import load_project
from engine.trainer import Trainer
from engine.views import Views
from engine.weights import load_weights, save_weights
from tests.netviz.commands.command import Here, netviz, write

X = np.random.default_rng(0).uniform(-2, 2, (9, 2))


def trained(folder: Path, file: Path, dtype: str = "float32") -> Trainer:
    """A network of 20 steps, its weights in w.safetensors and examples in x.npz."""
    trainer = Trainer(load_project(file), dtype=dtype)
    trainer.run(20)
    save_weights(folder / "w.safetensors", trainer.network.state())
    np.savez(folder / "x.npz", x=X, y=np.zeros(3))
    return trainer


def told(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as archive:
        assert archive.files == ["y"]
        return archive["y"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_what_the_network_predicts(cli: Here, tmp_path: Path, dtype: str) -> None:
    file, out = write(tmp_path), tmp_path / "y.npz"
    trainer = trained(tmp_path, file, dtype)
    files = ("--weights", tmp_path / "w.safetensors", "--input", tmp_path / "x.npz", "--output", out)
    done = cli("predict", file, *files)
    assert (done.status, done.out, done.err) == (0, "", "")
    y = told(out)
    assert (y.dtype, y.shape) == (np.dtype(dtype), (9, 1))
    np.testing.assert_array_equal(y, trainer.network.predict(X))
    own = netviz("predict", file, *files)
    assert (own.status, own.out, own.err) == (0, "", "")
    np.testing.assert_array_equal(told(out), y)


@pytest.mark.parametrize(
    "x",
    [X.astype(np.float32), np.asfortranarray(X), np.array([[1, -2]]), np.ones((3, 2), bool), np.zeros((0, 2))],
    ids=["float32", "columns", "whole numbers", "booleans", "none"],
)
def test_any_numbers_and_any_count(cli: Here, tmp_path: Path, x: Any) -> None:
    file, out = write(tmp_path), tmp_path / "y.npz"
    trainer = trained(tmp_path, file)
    np.savez_compressed(tmp_path / "in.npz", x=x)
    weights = tmp_path / "w.safetensors"
    assert cli("predict", file, "--weights", weights, "--input", tmp_path / "in.npz", "--output", out).status == 0
    np.testing.assert_array_equal(told(out), trainer.network.predict(x))
    assert told(out).shape == (len(x), 1)


def test_no_data_are_needed_where_the_input_has_a_shape(cli: Here, tmp_path: Path) -> None:
    graph = {
        "nodes": [{"id": "x", "kind": "input", "shape": [2]}, {"id": "out", "kind": "dense", "units": 2}],
        "edges": [["x", "out"]],
    }
    file = write(tmp_path, {"graph": graph, "data": {"kind": "npz", "path": "gone.npz"}, "weights": "own.safetensors"})
    save_weights(tmp_path / "own.safetensors", {"out.weight": np.array([[1.0, 2], [0, 3]]), "out.bias": np.ones(2)})
    np.savez(tmp_path / "x.npz", x=np.array([[10, 1]]))
    done = cli("predict", file, "--input", tmp_path / "x.npz", "--output", tmp_path / "y.npz")
    assert (done.status, done.err) == (0, "")
    np.testing.assert_array_equal(told(tmp_path / "y.npz"), [[13, 4]])


def test_a_variant(cli: Here, tmp_path: Path) -> None:
    file = write(tmp_path, {"variants": [{"name": "again"}]})
    trainer = trained(tmp_path, file)
    rest = ("--input", tmp_path / "x.npz", "--output", tmp_path / "y.npz", "--variant", "again")
    assert cli("predict", file, "--weights", tmp_path / "w.safetensors", *rest).status == 0
    np.testing.assert_array_equal(told(tmp_path / "y.npz"), trainer.network.predict(X))


@pytest.mark.parametrize("kind", ["standardize", "whiten"])
def test_the_input_is_raw_and_the_weights_say_how_it_is_prepared(cli: Here, tmp_path: Path, kind: str) -> None:
    graph = {
        "nodes": [{"id": "x", "kind": "input", "shape": [2]}, {"id": "out", "kind": "dense", "units": 1}],
        "edges": [["x", "out"]],
    }
    np.savez(tmp_path / "data.npz", x=X * [100, 0.01] + 7, y=np.arange(9) % 2)
    file = write(tmp_path, {"graph": graph, "data": {"kind": "npz", "path": "data.npz", "preprocess": kind}})
    trainer = trained(tmp_path, file)
    (tmp_path / "data.npz").unlink()
    files = ("--input", tmp_path / "x.npz", "--output", tmp_path / "y.npz", "--weights")
    assert cli("predict", file, *files, tmp_path / "w.safetensors").status == 0
    np.testing.assert_array_equal(told(tmp_path / "y.npz"), trainer.network.predict(X))
    (tmp_path / "y.npz").unlink()
    save_weights(tmp_path / "bare.safetensors", trainer.network.parameters())
    done = cli("predict", file, *files, tmp_path / "bare.safetensors")
    assert (done.status, done.out) == (2, "")
    assert re.search(r"--weights: .*bare\.safetensors: preprocess\.mean: is missing, expected shape \(2,\)", done.err)
    assert not (tmp_path / "y.npz").exists()


def others(folder: Path, file: Path, *seeds: int) -> list[Path]:
    """Weights files of networks with other seeds."""
    paths = []
    for seed in seeds:
        trainer = Trainer(load_project(file), seed=seed)
        trainer.run(20)
        paths.append(folder / f"w{seed}.safetensors")
        save_weights(paths[-1], trainer.network.state())
    return paths


def test_several_weights_are_an_ensemble(cli: Here, tmp_path: Path) -> None:
    file, out = write(tmp_path), tmp_path / "y.npz"
    trained(tmp_path, file)
    paths = [tmp_path / "w.safetensors", *others(tmp_path, file, 1, 2)]
    rest = ("--input", tmp_path / "x.npz", "--output", out)
    assert cli("predict", file, "--weights", *paths, *rest).status == 0
    members = [network_with(load_project(file), load_weights(path)) for path in paths]
    np.testing.assert_array_equal(told(out), Ensemble(members).predict(X))
    shares = np.mean([1 / (1 + np.exp(-member.predict(X))) for member in members], axis=0)
    np.testing.assert_allclose(1 / (1 + np.exp(-told(out))), shares, rtol=1e-5)
    assert told(out).dtype == np.float32
    again = [word for path in paths for word in ("--weights", path)]
    mean = told(out)
    assert cli("predict", file, *rest, *again).status == 0
    np.testing.assert_array_equal(told(out), mean)


def test_one_of_several_weights_that_does_not_fit_is_named(cli: Here, tmp_path: Path) -> None:
    file = write(tmp_path)
    trained(tmp_path, file)
    (other,) = others(tmp_path, file, 1)
    wide = tmp_path / "wide.safetensors"
    save_weights(wide, {**load_weights(other), "h1.bias": np.zeros(9)})
    for last, message in (
        (wide, r"--weights: .*wide\.safetensors: h1\.bias: expected shape"),
        (tmp_path / "none", "none"),
    ):
        rest = ("--input", tmp_path / "x.npz", "--output", tmp_path / "y.npz")
        done = cli("predict", file, "--weights", tmp_path / "w.safetensors", other, last, *rest)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
        assert re.search(message, done.err), done.err
        assert not (tmp_path / "y.npz").exists()
    onto = cli("predict", file, "--weights", tmp_path / "w.safetensors", other, *rest[:2], "--output", other)
    assert onto.status == 2
    assert "--output: expected a file of its own, got the weights" in onto.err


# Bad input


def holding(**arrays: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        np.savez(folder / "bad.npz", **arrays)
        return folder / "bad.npz"

    return make


def cut_short(folder: Path) -> Path:
    file = io.BytesIO()
    np.savez(file, x=X)
    (folder / "bad.npz").write_bytes(file.getvalue()[:200])
    return folder / "bad.npz"


def text(folder: Path) -> Path:
    (folder / "bad.npz").write_text("not numbers")
    return folder / "bad.npz"


def lying(folder: Path) -> Path:
    """A header that claims more than the file holds."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 2)})
    with zipfile.ZipFile(folder / "bad.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    return folder / "bad.npz"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no input": ({"--input": "@/none.npz"}, r"--input: .*none\.npz: there is no such file"),
    "input: a folder": ({"--input": "@"}, "--input: .*: is not a file"),
    "input: text": ({"--input": text}, r"--input: .*bad\.npz: is not an npz file"),
    "input: cut short": ({"--input": cut_short}, r"--input: .*bad\.npz: is not an npz file"),
    "input: lying": ({"--input": lying}, "--input: .*: array 'x' is damaged or cut short"),
    "input: no x": ({"--input": holding(z=X)}, "--input: .*: has no array 'x', it has 'z'"),
    "input: objects": ({"--input": holding(x=np.array([None]))}, "--input: .* holds Python objects"),
    "input: complex": ({"--input": holding(x=1j * X)}, "--input: .* holds complex128, expected real numbers"),
    "input: too wide": ({"--input": holding(x=np.zeros((4, 3)))}, "--input: .*: x: expected N×2, got 4×3"),
    "input: one example": ({"--input": holding(x=np.zeros(2))}, "--input: .*: x: expected N×2, got 2"),
    "output: no folder": ({"--output": "@/nowhere/y.npz"}, "--output: .*: is in a folder that is not there"),
    "output: a folder": ({"--output": "@"}, "--output: .*: is a folder"),
    "output: the project": ({"--output": "@/net.netviz"}, "--output: expected a file of its own, got the project"),
    "output: the input": ({"--output": "@/x.npz"}, "--output: expected a file of its own, got that of --input"),
    "output: the weights": ({"--output": "@/w.safetensors"}, "--output: expected a file of its own, got the weights"),
    "weights: missing": ({"--weights": "@/none"}, "weights: none: cannot be read"),
    "weights: no safetensors": ({"--weights": "@/x.npz"}, r"weights: x\.npz: is not a safetensors file"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_and_nothing_is_written(cli: Here, tmp_path: Path, name: str) -> None:
    changes, message = BAD[name]
    file = write(tmp_path)
    trained(tmp_path, file)
    options = {"--weights": "@/w.safetensors", "--input": "@/x.npz", "--output": "@/y.npz", **changes}
    given = [
        word
        for option, value in options.items()
        for word in (option, value(tmp_path) if callable(value) else value.replace("@", str(tmp_path)))
    ]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = cli("predict", file, *given)
    assert (done.status, done.out) == (2, "")
    assert re.fullmatch(rf"{re.escape(str(file))}: {message}.*\n", done.err), done.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_input_and_output_must_be_named(cli: Here, tmp_path: Path) -> None:
    done = cli("predict", write(tmp_path))
    assert (done.status, done.out) == (2, "")
    assert "the following arguments are required: --input, --output" in done.err
    assert done.err.count("\n") == 1


def test_a_full_disk_is_one_line_and_the_old_file_stays(
    cli: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, out = write(tmp_path), tmp_path / "y.npz"
    trained(tmp_path, file)
    out.write_text("the old one")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device", str(out))

    monkeypatch.setattr("engine.files.os.fsync", full)
    weights = tmp_path / "w.safetensors"
    done = cli("predict", file, "--weights", weights, "--input", tmp_path / "x.npz", "--output", out)
    assert (done.status, done.err) == (2, f"{out}: No space left on device\n")
    assert out.read_text() == "the old one"


def pictures(tmp_path: Path, augmentation: object) -> Path:
    """A small network of pictures, trained, with its weights in w.safetensors and examples in p.npz."""
    nodes = [
        {"id": "x", "kind": "input", "shape": [1, 4, 4]},
        {"id": "c", "kind": "conv2d", "filters": 2},
        {"id": "f", "kind": "flatten"},
        {"id": "out", "kind": "dense", "units": 3},
    ]
    graph = {"nodes": nodes, "edges": [["x", "c"], ["c", "f"], ["f", "out"]]}
    training = {"loss": {"kind": "cross_entropy"}, "optimizer": {"kind": "sgd", "lr": 0.1}}
    data = {"kind": "noise", "shape": [1, 4, 4], "classes": 3, "samples": 12}
    training["augmentation"] = augmentation
    file = write(tmp_path, {"graph": graph, "data": data, "training": training})
    save_weights(tmp_path / "w.safetensors", Trainer(load_project(file)).network.state())
    np.savez(tmp_path / "p.npz", x=np.random.default_rng(0).standard_normal((5, 1, 4, 4)))
    return file


def views(cli: Here, tmp_path: Path, file: Path, *more: object) -> Any:
    files = ("--weights", tmp_path / "w.safetensors", "--input", tmp_path / "p.npz", "--output", tmp_path / "y.npz")
    return cli("predict", file, *files, *more)


def test_the_mean_over_views(cli: Here, tmp_path: Path) -> None:
    file = pictures(tmp_path, {"shift": 1})
    assert views(cli, tmp_path, file, "--views", 5).status == 0
    trainer = Trainer(load_project(file))
    x = np.load(tmp_path / "p.npz")["x"]
    told_ = Views(Augmentation(), 5).predictions(trainer.network, x)
    each = [np.exp(z) / np.exp(z).sum(1, keepdims=True) for z in told_]
    found = np.exp(told(tmp_path / "y.npz"))
    np.testing.assert_allclose(found / found.sum(1, keepdims=True), np.mean(each, axis=0), rtol=1e-5)
    plain = pictures(tmp_path, None)
    assert views(cli, tmp_path, plain, "--views", 5, "--set", 'training.augmentation={"shift": 1}').status == 0
    again = np.exp(told(tmp_path / "y.npz"))
    np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize(
    ("augmentation", "count", "said"),
    [
        (None, 5, "--views: wants to know how: the project has no augmentation"),
        ({"shift": 1}, 0, "--views: expected 1 to 1024, got 0"),
        ({"shift": 1}, 5000, "--views: expected 1 to 1024, got 5000"),
    ],
)
def test_views_that_cannot_be(cli: Here, tmp_path: Path, augmentation: object, count: int, said: str) -> None:
    done = views(cli, tmp_path, pictures(tmp_path, augmentation), "--views", count)
    assert done.status == 2
    assert said in done.err
    assert not (tmp_path / "y.npz").exists()
