"""`netviz train`: every option, every exit status, and nothing written for bad input."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.project import load_project
from engine.trainer import Trainer
from engine.weights import load_weights
from netviz.commands import train as module
from tests.netviz.commands.command import ROOT, Here, environment, lines, netviz, steps, write

WILD = {"loss": "mse", "optimizer": {"kind": "sgd", "lr": 1e6}}  # its loss is no number soon


def weights_after(file: Path, count: int, dtype: str = "float32", **settings: Any) -> dict[str, bytes]:
    trainer = Trainer(load_project(file, settings), dtype=dtype)
    if count:
        trainer.run(count)
    return {name: array.tobytes() for name, array in trainer.network.state().items()}


def saved(path: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in load_weights(path).items()}


# What is written where


def test_in_a_process_of_its_own_stdout_is_one_line_and_stderr_a_bar(tmp_path: Path) -> None:
    file = write(tmp_path)
    done = netviz("train", file)
    assert done.status == 0
    assert re.fullmatch(
        r"case: 20 steps, 5 epochs, loss \d\.\d+, accuracy [01]\.\d+, "
        r"validation loss \d\.\d+, validation accuracy [01]\.\d+\n",
        done.out,
    )
    assert "\r" in done.err
    assert re.search(r"case [█·]{28} step \d+/20 ", done.err)
    trainer = Trainer(load_project(file))
    trainer.run(20)
    assert f"loss {trainer.evaluate()[0].loss:.6g}," in done.out
    quiet = netviz("train", file, "--quiet")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", "")
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name]


def test_a_name_of_many_lines_is_one_in_the_summary_and_the_bar(cli: Here, tmp_path: Path) -> None:
    done = cli("train", write(tmp_path, {"name": "two\nlines\x1b[31m"}), "--steps", "1")
    assert (done.status, done.out.count("\n"), done.err.count("\n")) == (0, 1, 1)
    assert done.out.startswith("two\\nlines\\x1b[31m: ")
    assert "two\\nlines\\x1b[31m" in done.err


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 20),
        (("--steps", 7), 7),
        (("--steps", 0), 0),
        (("--epochs", 2), 8),
        (("--epochs", 9), 36),
        (("--epochs", 0), 0),
        (("--set", "training.epochs=3"), 12),
        (("--set", "training.epochs=3", "--steps", 5), 5),
    ],
)
def test_how_long(cli: Here, tmp_path: Path, options: tuple[Any, ...], count: int) -> None:
    file, out = write(tmp_path), tmp_path / "w.safetensors"
    done = cli("train", file, *options, "--save", out)
    assert done.status == 0
    assert f"case: {count} steps, {count // 4} epochs" in done.out
    assert saved(out) == weights_after(file, count)


def test_seed_overrides_the_projects(cli: Here, tmp_path: Path) -> None:
    file, out, told = write(tmp_path), tmp_path / "w.safetensors", tmp_path / "T.jsonl"
    assert cli("train", file, "--seed", 7, "--save", out, "--telemetry", told).status == 0
    assert saved(out) == weights_after(file, 20, **{"training.seed": 7})
    assert saved(out) != weights_after(file, 20)
    assert lines(told)[0]["seed"] == 7


def test_float64_is_said_and_saved(cli: Here, tmp_path: Path) -> None:
    file, out, told = write(tmp_path), tmp_path / "w.safetensors", tmp_path / "T.jsonl"
    assert cli("train", file, "--dtype", "float64", "--save", out, "--telemetry", told).status == 0
    assert {str(array.dtype) for array in load_weights(out).values()} == {"float64"}
    assert saved(out) == weights_after(file, 20, "float64")
    assert lines(told)[0]["dtype"] == "float64"


def test_saved_weights_predict_the_same_and_can_be_begun_with(cli: Here, tmp_path: Path) -> None:
    file, first, second = write(tmp_path), tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    assert cli("train", file, "--save", first).status == 0
    assert cli("train", file, "--init", first, "--steps", 0, "--save", second).status == 0
    assert first.read_bytes() == second.read_bytes()
    trained, other = Trainer(load_project(file)), Trainer(load_project(file), seed=5)
    trained.run(20)
    other.network.load_parameters(load_weights(first))
    x = np.random.default_rng(0).standard_normal((9, 2))
    np.testing.assert_array_equal(trained.network.predict(x), other.network.predict(x))
    # On from there, with a fresh optimizer and onto the same file.
    assert cli("train", file, "--init", first, "--steps", 3, "--save", first).status == 0
    begun = Trainer(load_project(file))
    begun.network.load_parameters(load_weights(second))
    begun.run(3)
    assert saved(first) == {name: array.tobytes() for name, array in begun.network.state().items()}


def test_weights_that_fit_are_taken_and_the_others_named(cli: Here, tmp_path: Path) -> None:
    file, first, out = write(tmp_path), tmp_path / "first.safetensors", tmp_path / "out.safetensors"
    assert cli("train", file, "--save", first).status == 0
    other = ("--set", "data.kind=blobs", "--set", "data.classes=3", "--set", "graph.nodes.out.units=3")
    other += ("--set", 'training.loss={"kind": "cross_entropy"}', "--set", "graph.nodes.h1.trainable=false")
    fitting, told = ("--init", first, "--fitting"), tmp_path / "T.jsonl"
    done = cli("train", file, *other, *fitting, "--telemetry", told, "--save", out)
    assert done.status == 0
    noted, _, _ = done.err.partition("\n")
    assert noted == f"{first}: does not fit, so left new: out.weight, out.bias"
    before, after = saved(first), saved(out)
    assert {name: after[name] == before[name] for name in before} == {
        "h1.weight": True,
        "h1.bias": True,
        "out.weight": False,
        "out.bias": False,
    }
    layers = [line["layers"] for line in lines(told) if "layers" in line][1:]
    assert {record["h1"]["update_ratio"] for record in layers} == {0}
    assert all(record["out"]["update_ratio"] > 0 for record in layers)
    quiet = cli("train", file, *other, *fitting, "--quiet")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", "")
    # All fit: nothing to tell, and the same as without the option.
    whole = cli("train", file, *fitting, "--save", out, "--steps", 3)
    assert "left new" not in whole.err
    mine = saved(out)
    assert cli("train", file, "--init", first, "--save", out, "--steps", 3).status == 0
    assert saved(out) == mine


@pytest.mark.parametrize("every", [1, 3, 7])
def test_telemetry_at_every_k_th_step(cli: Here, tmp_path: Path, every: int) -> None:
    file, told = write(tmp_path), tmp_path / "T.jsonl"
    assert cli("train", file, "--telemetry", told, "--every", every).status == 0
    assert steps(told) == list(range(0, 20, every))
    assert [line["epoch_end"] for line in lines(told) if "epoch_end" in line] == [0, 1, 2, 3, 4]


def test_telemetry_replaces_the_file_before(cli: Here, tmp_path: Path) -> None:
    file, told = write(tmp_path), tmp_path / "T.jsonl"
    told.write_text("of another run\n" * 1000)
    assert cli("train", file, "--telemetry", told, "--steps", 2).status == 0
    assert steps(told) == [0, 1]


@pytest.mark.parametrize(
    ("setting", "where", "value"),
    [
        ("training.optimizer.lr=0.125", ("training", "optimizer", "lr"), 0.125),
        ("graph.nodes.h1.units=3", ("graph", "nodes", 1, "units"), 3),
        ("graph.nodes.h1.init=zeros", ("graph", "nodes", 1, "init"), "zeros"),
        ('graph.nodes.h1.init="zeros"', ("graph", "nodes", 1, "init"), "zeros"),
        ("graph.nodes.a1.kind=relu", ("graph", "nodes", 2, "kind"), "relu"),
        ("training.batch_size=all", ("training", "batch_size"), "all"),
        ("training.shuffle=false", ("training", "shuffle"), False),
        ("training.clip_norm=null", ("training", "clip_norm"), None),
        ("training.regularization.l2=0.5", ("training", "regularization", "l2"), 0.5),
        ('training.optimizer={"kind": "sgd", "lr": 0.25}', ("training", "optimizer"), {"kind": "sgd", "lr": 0.25}),
        ("data.samples=60", ("data", "samples"), 60),
        ("name=a=b", ("name",), "a=b"),
    ],
)
def test_set_is_the_same_as_writing_it_in_the_file(
    cli: Here, tmp_path: Path, setting: str, where: tuple[Any, ...], value: Any
) -> None:
    file, out = write(tmp_path), tmp_path / "w.safetensors"
    done = cli("train", file, "--set", setting, "--save", out)
    data = msgspec.json.decode(file.read_bytes())
    at = data
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    edited = tmp_path / "edited.netviz"
    edited.write_bytes(msgspec.json.encode(data))
    assert done.status == 0
    count = load_project(edited).training.epochs * Trainer(load_project(edited)).steps_per_epoch
    assert saved(out) == weights_after(edited, count)
    assert done.out.startswith(f"{data['name']}: {count} steps")


def test_set_can_be_said_again_and_the_last_one_holds(cli: Here, tmp_path: Path) -> None:
    file, told = write(tmp_path), tmp_path / "T.jsonl"
    settings = ("--set", "training.optimizer.lr=0.5", "--set", "graph.nodes.h1.units=2")
    assert cli("train", file, *settings, "--set", "training.optimizer.lr=0.25", "--telemetry", told).status == 0
    assert {line["lr"] for line in lines(told) if "lr" in line} == {0.25}


def two_variants(folder: Path) -> Path:
    own = {"loss": {"kind": "mse"}, "optimizer": {"kind": "sgd", "lr": 0.01}, "epochs": 3, "seed": 4}
    variants = [{"name": "other loss", "training": own}, {"name": "same"}]
    return write(folder, {"variant": "first", "variants": variants})


def test_a_variant_is_trained_by_name(cli: Here, tmp_path: Path) -> None:
    file, told = two_variants(tmp_path), tmp_path / "T.jsonl"
    assert cli("train", file, "--variant", "other loss", "--telemetry", told).status == 0
    assert (lines(told)[0]["seed"], len(steps(told)), lines(told)[1]["lr"]) == (4, 3, 0.01)
    assert cli("train", file, "--variant", "other loss", "--telemetry", told, "--seed", 9).status == 0
    assert lines(told)[0]["seed"] == 9
    assert cli("train", file, "--variant", "first", "--telemetry", told).status == 0
    assert len(steps(told)) == 20


# Exit statuses 3 and 130


@pytest.mark.parametrize("every", [1, 1000])
def test_a_loss_that_is_no_number_ends_with_3_and_all_that_was(cli: Here, tmp_path: Path, every: int) -> None:
    file, told, out = write(tmp_path, **WILD), tmp_path / "T.jsonl", tmp_path / "w.safetensors"
    done = cli("train", file, "--telemetry", told, "--save", out, "--every", every)
    assert done.status == 3
    last = lines(told)[-1]
    assert last["loss"] is None
    assert steps(told) == [*range(0, last["step"], every), last["step"]]
    error = done.err.splitlines()[-1]
    assert re.fullmatch(rf"{re.escape(str(file))}: the loss became .* at step {last['step']}: .*", error)
    assert done.out.count("\n") == 1
    assert load_weights(out).keys() == {"h1.weight", "h1.bias", "out.weight", "out.bias"}
    trainer = Trainer(load_project(file))
    with np.errstate(all="ignore"):
        for _ in range(last["step"]):
            trainer.update()
    assert saved(out) == {name: array.tobytes() for name, array in trainer.network.state().items()}
    quiet = cli("train", file, "--quiet")
    assert (quiet.status, quiet.out, quiet.err) == (3, "", error + "\n")


def interrupted(*arguments: object) -> tuple[int, str, str]:
    """Ctrl+C as soon as the bar moves."""
    with subprocess.Popen(
        [sys.executable, "-m", "netviz", *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        stdout=-1,
        stderr=-1,
    ) as process:
        assert process.stderr is not None
        seen = b""
        while b"epoch 0  loss" not in seen:
            seen += process.stderr.read1()  # type: ignore[attr-defined]
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=200)
    return process.returncode, out.decode(), (seen + err).decode()


def test_ctrl_c_ends_with_130_and_all_that_was(tmp_path: Path) -> None:
    file, told, out = write(tmp_path), tmp_path / "T.jsonl", tmp_path / "w.safetensors"
    status, printed, err = interrupted("train", file, "--epochs", 10**7, "--telemetry", told, "--save", out)
    assert status == 130
    assert "Traceback" not in err
    count = int(printed.split()[1])
    assert steps(told) == list(range(count))
    assert saved(out) == weights_after(file, count)


IMPORTING = """
import _thread, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background would have ignored
class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == place:
            _thread.interrupt_main()
sys.meta_path.insert(0, Pressed())
place, sys.argv = sys.argv[1], ["netviz", "info"]
import runpy
runpy.run_module("netviz", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("place", ["netviz.cli", "engine.trainer"])
def test_ctrl_c_before_anything_is_read_is_no_traceback(place: str) -> None:
    command = [sys.executable, "-c", IMPORTING, place]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, timeout=200)
    assert (done.returncode, done.stderr.decode()) == (130, "")


def test_letters_that_a_terminal_does_not_know_are_no_traceback(tmp_path: Path) -> None:
    layers = [("x", {"kind": "input"}), ("f", {"kind": "flatten"}), ("out", {"kind": "dense", "units": 1})]
    graph = {"nodes": [{"id": node, **fields} for node, fields in layers], "edges": [["x", "f"], ["f", "out"]]}
    file = write(tmp_path, {"graph": graph, "data": {"kind": "noise", "shape": [2, 3]}}, loss="mse")
    done = netviz("check", file, PYTHONIOENCODING="ascii")
    assert done.err == ""
    assert re.search(r"^x +input +2\?3 ", done.out, re.MULTILINE)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes what it hands on")
def test_a_closed_standard_error_is_no_failure(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m netviz train '{write(tmp_path)}' --steps 2 2>&-"
    done = subprocess.run(command, shell=True, cwd=ROOT, env=environment(), capture_output=True, timeout=200)
    assert (done.returncode, done.stdout[:5]) == (0, b"case:")


def test_ctrl_c_outside_of_training_is_no_traceback(cli: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "project_asked", press)
    done = cli("train", write(tmp_path))
    assert (done.status, done.out, done.err) == (130, "", "")


def test_a_disk_that_fails_is_one_line(cli: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, parameters: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(module, "save_weights", full)
    done = cli("train", write(tmp_path), "--save", tmp_path / "w.safetensors", "--quiet")
    assert (done.status, done.out) == (2, "")
    assert done.err == f"{tmp_path / 'w.safetensors'}: No space left on device\n"


# Other forms of telemetry


def test_a_table_and_events_beside_one_another(cli: Here, tmp_path: Path) -> None:
    file, table, events = write(tmp_path), tmp_path / "T.CSV", tmp_path / "runs" / "1"
    assert cli("train", file, "--telemetry", table, "--tensorboard", events, "--every", 3, "--quiet").status == 0
    assert table.read_text().startswith("step,epoch,loss,")
    assert [entry.name.startswith("events.out.tfevents") for entry in events.iterdir()] == [True]
    again = cli("train", file, "--telemetry", tmp_path / "U.jsonl", "--tensorboard", events)
    assert again.status == 2
    assert "expected a folder without events" in again.err
    assert not (tmp_path / "U.jsonl").exists()
    wrong = cli("train", file, "--tensorboard", file)
    assert (wrong.status, wrong.err) == (2, f"{file}: --tensorboard: {file}: expected a folder\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    done = netviz("train", write(tmp_path), "--telemetry", "/dev/full", "--quiet")
    assert (done.status, done.err) == (2, "/dev/full: No space left on device\n")
