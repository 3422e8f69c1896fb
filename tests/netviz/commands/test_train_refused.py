"""What `netviz train` refuses: options, files and projects, each in one line, and nothing written."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.project import load_project
from engine.trainer import Trainer
from engine.weights import save_weights
from tests.netviz.commands.command import netviz, write
from tests.netviz.commands.test_train import Here

# Bad input


def other_weights(folder: Path) -> Path:
    save_weights(folder / "other.safetensors", {"h1.weight": np.zeros((9, 9), "float32")})
    return folder / "other.safetensors"


def text_file(folder: Path) -> Path:
    (folder / "text.safetensors").write_text("not weights")
    return folder / "text.safetensors"


def misshapen(folder: Path) -> Path:
    state = {
        name: np.zeros(a.shape, "float32") for name, a in Trainer(load_project(write(folder))).network.state().items()
    }
    save_weights(folder / "misshapen.safetensors", {**state, "h1.weight": np.zeros((5, 3), "float32")})
    return folder / "misshapen.safetensors"


def existing(folder: Path) -> Path:
    (folder / "there.safetensors").mkdir()
    return folder / "there.safetensors"


# What is asked for beside the file, with the folder's path where "@" stands, and what must be said.
BAD_OPTIONS: dict[str, tuple[list[Any], str]] = {
    "save: no folder": (["--save", "@/nowhere/w.safetensors"], "--save: .*nowhere/w.safetensors: is in a folder"),
    "save: is a folder": (["--save", existing], "--save: .*: is a folder"),
    "save: is the project": (["--save", "@/net.netviz"], "--save: expected a file of its own"),
    "save: no regular file": (["--save", "/dev/null"], "--save: /dev/null: is not a regular file"),
    "save: cannot be": (["--save", "/proc/w.safetensors"], "--save: /proc/w.safetensors: "),
    "save: too long": (["--save", "@/" + 300 * "w"], "--save: .*: File name too long"),
    "telemetry: no folder": (["--telemetry", "@/nowhere/T.jsonl"], "--telemetry: .*T.jsonl: is in a folder"),
    "telemetry: is a folder": (["--telemetry", "@"], "--telemetry: .*: is a folder"),
    "telemetry: is the project": (["--telemetry", "@/net.netviz"], "--telemetry: expected a file of its own"),
    "telemetry: in a file": (["--telemetry", "@/net.netviz/T.jsonl"], "--telemetry: .*: is in a folder"),
    "both are one": (["--telemetry", "@/X", "--save", "@/X"], "expected a file of its own"),
    "init: missing": (["--init", "@/missing"], "weights: missing: cannot be read: No such file"),
    "init: a folder": (["--init", "@"], "weights: .*: cannot be read: Is a directory"),
    "init: no safetensors": (["--init", text_file], "weights: text.safetensors: is not a safetensors file"),
    "init: of another net": (["--init", other_weights], "--init: .*other.safetensors: h1.bias: is missing"),
    "init: wrong shape": (["--init", misshapen], r"--init: .*: h1.weight: expected shape \(5, 2\), got \(5, 3\)"),
    "fitting: nothing fits": (["--init", other_weights, "--fitting"], "--init: .*other.*: none of its weights fits: "),
    "fitting: without init": (["--fitting"], "--fitting: expected weights to take from, by --init"),
    "fitting: no safetensors": (["--init", text_file, "--fitting"], "weights: text.safetensors: is not a safetensors"),
    "seed: too small": (["--seed", "-1"], "training.seed: "),
    "seed: too big": (["--seed", str(2**80)], "training.seed: "),
    "no such variant": (["--variant", "B"], "variants: .*B"),
    "no such device": (["--device", "tpu"], "--device: device 'tpu' is not known, allowed: cpu, cuda, cuda:N"),
    "no such cuda device": (["--device", "cuda:99"], "--device: device 'cuda:99': "),
    "set: no value": (["--set", "training.epochs"], "--set: expected PATH=VALUE"),
    "set: no such node": (["--set", "graph.nodes.zz.units=3"], "graph.nodes.zz: there is nothing"),
    "set: no such field": (["--set", "training.optimizer.speed=3"], "training.optimizer.speed: "),
    "set: out of range": (["--set", "graph.nodes.h1.units=0"], "h1.units: "),
    "set: NaN": (["--set", "training.optimizer.lr=NaN"], "training.optimizer.lr: "),
    "set: infinite": (["--set", "training.optimizer.lr=1e999"], "training.optimizer.lr: "),
    "set: a line break": (["--set", "training.a\nb=1"], r"training.a\\nb: "),
    "set: another type": (["--set", "training.shuffle=maybe"], "training.shuffle: "),
}


@pytest.mark.parametrize("name", BAD_OPTIONS)
def test_a_bad_option_is_one_line_and_nothing_is_written(cli: Here, tmp_path: Path, name: str) -> None:
    options, message = BAD_OPTIONS[name]
    file = write(tmp_path)
    given = [o(tmp_path) if callable(o) else str(o).replace("@", str(tmp_path)) for o in options]
    if "--save" not in given:
        given += ["--save", str(tmp_path / "out.safetensors")]
    if "--telemetry" not in given:
        given += ["--telemetry", str(tmp_path / "out.jsonl")]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = cli("train", file, *given)
    assert (done.status, done.out) == (2, "")
    assert re.fullmatch(rf"{re.escape(str(file))}: .*{message}.*\n", done.err), done.err
    assert "Traceback" not in done.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", "x"], "--steps: expected a whole number from 0, got 'x'"),
        (["--steps", "-1"], "--steps: expected a whole number from 0, got '-1'"),
        (["--steps", "1.5"], "--steps: expected a whole number from 0, got '1.5'"),
        (["--every", "0"], "--every: expected a whole number from 1, got '0'"),
        (["--steps", "9" * 5000], "--steps: expected a whole number from 0"),
        (["--seed", "x"], "--seed: invalid int value: 'x'"),
        (["--steps", "1", "--epochs", "1"], "not allowed with"),
        (["--dtype", "float16"], "'float32', 'float64'"),
        (["--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["--save"], "expected one argument"),
    ],
)
def test_an_option_that_is_none_is_one_line(cli: Here, tmp_path: Path, options: list[str], message: str) -> None:
    done = cli("train", write(tmp_path), *options)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.netviz"]


def test_no_file_and_no_command(cli: Here) -> None:
    done = cli("train")
    assert (done.status, done.out) == (2, "")
    assert "required: FILE" in done.err


# What stands in the file, and what must be said.
BAD_FILES: dict[str, tuple[bytes | dict[str, Any], str]] = {
    "empty": (b"", "is not a netviz project: .*expected JSON"),
    "not JSON": (b"{", "is not a netviz project"),
    "not UTF-8": (b'{"format": "\xff"}', "is not a netviz project"),
    "a list": (b"[1, 2]", "expected a JSON object"),
    "nested too deep": (b"[" * 100_000, "is not a netviz project"),
    "NaN": (b'{"format": NaN}', "is not a netviz project"),
    "another format": ({"format": "other"}, "format: expected 'netviz-project', got 'other'"),
    "a newer version": ({"version": 99}, "version: .* newer netviz"),
    "an unknown field": ({"colour": 1}, "colour: "),
    "an unknown kind": ({"data": {"kind": "nothing"}}, "data.kind: "),
    "a huge number": ({"data": {"kind": "xor", "samples": 10**30}}, "data.samples: "),
    "no such file": ({"data": {"kind": "npz", "path": "missing.npz"}}, "missing.npz"),
    "an unknown loss": (
        {"training": {"loss": {"kind": "x"}, "optimizer": {"kind": "sgd", "lr": 0.1}}},
        "training.loss.kind: ",
    ),
    "a negative rate": (
        {"training": {"loss": {"kind": "mse"}, "optimizer": {"kind": "sgd", "lr": -1}}},
        "training.optimizer.lr: ",
    ),
    "a cycle": (
        {
            "graph": {
                "nodes": [{"id": "x", "kind": "input"}, {"id": "h", "kind": "tanh"}, {"id": "g", "kind": "tanh"}],
                "edges": [["x", "h"], ["g", "h"], ["h", "g"]],
            }
        },
        "h|g",
    ),
    "two of a name": ({"variants": [{"name": "A"}]}, "variants: two of them have the same name"),
}


@pytest.mark.parametrize("command", ["train", "check"])
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_line_and_nothing_is_written(cli: Here, tmp_path: Path, command: str, name: str) -> None:
    content, message = BAD_FILES[name]
    file = write(tmp_path, content if isinstance(content, dict) else None)
    if isinstance(content, bytes):
        file.write_bytes(content)
    outputs = ["--save", tmp_path / "w", "--telemetry", tmp_path / "T"] if command == "train" else []
    done = cli(command, file, *outputs)
    assert done.status == 2
    assert re.fullmatch(rf"{re.escape(str(file))}: .*({message}).*\n", done.err), done.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.netviz"]
    assert (done.out == "") == (command == "train")


def test_a_file_that_is_not_there(cli: Here, tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.netviz", "No such file"), (tmp_path, "Is a directory")):
        done = cli("train", path)
        assert (done.status, done.out) == (2, "")
        assert re.fullmatch(rf"{re.escape(str(path))}: cannot be read: {why}.*\n", done.err)


def test_bad_input_in_a_process_of_its_own(tmp_path: Path) -> None:
    file = write(tmp_path, {"data": {"kind": "nothing"}})
    done = netviz("train", file, "--save", tmp_path / "w")
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith(f"{file}: data.kind: ")
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.netviz"]
