"""`netviz experiments`, `netviz info`, and what holds for every command."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.project import load_project
from netviz.cli import COMMANDS
from netviz.experiments import find_experiments
from tests.netviz.commands.command import ROOT, environment, here, netviz, write

FORBIDDEN = {"PySide6", "shiboken6", "pyqtgraph"}


def test_experiments_are_listed_with_their_titles(capfd: pytest.CaptureFixture[str]) -> None:
    done = here(capfd, "experiments")
    assert (done.status, done.err) == (0, "")
    told = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert told == {name: experiment.title for name, experiment in find_experiments().items()}
    assert next(iter(told)) == "xor"
    assert "vanishing-gradient" in told


@pytest.mark.parametrize("name", list(find_experiments()))
def test_an_experiment_can_be_copied_and_checked(tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    done = here(capfd, "experiments", "--copy", name, tmp_path)
    target = tmp_path / f"{name}.netviz"
    made = load_project(find_experiments()[name].path)
    learnt_from = getattr(made.data, "path", None)
    files = [target] if learnt_from is None else [target, tmp_path / Path(learnt_from).name]
    begun_with = dict.fromkeys(lane.training.first_weights for lane in made.lanes())
    files += [tmp_path / file for file in begun_with if file]
    assert (done.status, done.out, done.err) == (0, "".join(f"{file}\n" for file in files), "")
    assert load_project(target).problems() == []
    assert getattr(load_project(target).data, "path", None) == (None if learnt_from is None else files[1].name)
    assert here(capfd, "check", target).status == 0
    changed = target.write_text("mine")
    again = here(capfd, "experiments", "--copy", name, tmp_path)
    assert (again.status, again.out, again.err) == (2, "", f"--copy: {target} is there already\n")
    assert changed == len(target.read_text())
    assert sorted(tmp_path.iterdir()) == sorted(files)


@pytest.mark.parametrize(
    ("name", "folder", "message"),
    [("xro", ".", "did you mean"), ("xor", "nowhere", "nowhere is not a folder"), ("xor", "file", "is not a folder")],
)
def test_what_cannot_be_copied(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, folder: str, message: str
) -> None:
    (tmp_path / "file").write_text("")
    done = here(capfd, "experiments", "--copy", name, tmp_path / folder)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("--copy: ")
    assert message in done.err or name != "xor"
    assert done.err.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_copying_needs_a_name_and_a_folder(capfd: pytest.CaptureFixture[str]) -> None:
    done = here(capfd, "experiments", "--copy", "xor")
    assert (done.status, done.out) == (2, "")
    assert "expected 2 arguments" in done.err


def test_info_says_what_is_here() -> None:
    done = netviz("info")
    assert (done.status, done.err) == (0, "")
    assert f"numpy {np.__version__}" in done.out.splitlines()
    assert any(line.startswith("device cpu: ") for line in done.out.splitlines())
    assert any(line.startswith("device cuda") for line in done.out.splitlines())


def test_a_reader_that_has_gone_is_no_traceback() -> None:
    command = f"{sys.executable} -m netviz info | true"
    done = subprocess.run(command, shell=True, cwd=ROOT, env=environment(), capture_output=True, timeout=200)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_there(capfd: pytest.CaptureFixture[str], command: str) -> None:
    done = here(capfd, command, "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"usage: netviz {command}")
    assert COMMANDS[command].title in " ".join(done.out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_does(command: str) -> None:
    parser = argparse.ArgumentParser()
    COMMANDS[command].declare(parser)
    assert [action.dest for action in parser._actions if not action.help] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "no\nfile"],
        ["check", "no\nfile"],
        ["prune", "no\nfile", "--share", "0.5", "--save", "out"],
        ["import", "no\nfile", "out.netviz"],
        ["train", "file", "--no\nsuch"],
        ["--no\nsuch"],
    ],
    ids=" ".join,
)
def test_what_is_wrong_is_one_line_whatever_files_are_called(
    capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    done = here(capfd, *arguments)
    assert done.status == 2
    assert "no\\n" in done.err
    assert done.err.count("\n") == 1
    assert done.out in ("", done.err)  # check and import tell all that is wrong there


RUN = """
import atexit, runpy, sys
def tell():
    print("MODULES", *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
atexit.register(tell)
sys.argv = ["netviz", *sys.argv[1:]]
runpy.run_module("netviz", run_name="__main__", alter_sys=True)
"""

WITHOUT_WINDOW = {
    "train": ["train", "@", "--steps", "3"],
    "train, bad": ["train", "@", "--set", "x=1"],
    "check": ["check", "@", "--gradients", "--overfit", "5", "--rates", "@.csv"],
    "check, bad": ["check", "nowhere.netviz"],
    "pretrain": ["pretrain", "@", "--how", "supervised", "--epochs", "1", "--save", "@.safetensors"],
    "prune, bad": ["prune", "@", "--share", "0.5", "--save", "@.safetensors"],
    "predict, bad": ["predict", "@", "--input", "nowhere.npz", "--output", "@.npz"],
    "export, bad": ["export", "@", "--to", "onnx", "@.onnx"],
    "import, bad": ["import", "@", "@.netviz"],
    "experiments": ["experiments"],
    "experiments --copy": ["experiments", "--copy", "xor", "@"],
    "report": ["report", "@", "@.html", "--epochs", "1"],
    "train with a report": ["train", "@", "--report", "@.html", "--epochs", "1"],
    "info": ["info"],
    "devices": ["devices"],
    "worker": ["worker"],
    "answer, asked nothing": ["answer"],
}


def test_the_table_holds_every_command() -> None:
    drawn = {"film"}  # which needs Qt, but no display
    assert {arguments[0] for arguments in WITHOUT_WINDOW.values()} >= set(COMMANDS) - drawn


@pytest.mark.parametrize("name", WITHOUT_WINDOW)
def test_no_command_imports_qt(tmp_path: Path, name: str) -> None:
    arguments = [a.replace("@", str(write(tmp_path))) for a in WITHOUT_WINDOW[name]]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=ROOT, env=environment(), capture_output=True, input=b"", timeout=60
    )
    told, _, modules = done.stderr.decode().rpartition("MODULES")
    assert done.returncode == (2 if "bad" in name or "copy" in name else 1 if "nothing" in name else 0), told
    assert not set(modules.split()) & FORBIDDEN
    assert "engine" in modules.split()
