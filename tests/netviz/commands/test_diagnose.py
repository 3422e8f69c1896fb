"""`netviz train --diagnose`: what was wrong, on standard error, and nothing else changes."""

from pathlib import Path

import pytest

from engine.project import load_project
from engine.run.lane import Lane
from engine.trainer import Trainer
from tests.netviz.commands.command import here, write

DEEP = {
    "nodes": [
        {"id": "x", "kind": "input"},
        *(node for i in range(8) for node in ({"id": f"h{i}", "kind": "dense"}, {"id": f"a{i}", "kind": "sigmoid"})),
        {"id": "out", "kind": "dense", "units": 1},
    ],
    "edges": [
        ["x", "h0"],
        *([f"h{i}", f"a{i}"] for i in range(8)),
        *([f"a{i}", f"h{i + 1}"] for i in range(7)),
        ["a7", "out"],
    ],
}


def test_a_fault_is_said_on_stderr_and_stdout_stays_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, {"graph": DEEP})
    done = here(capfd, "train", file, "--steps", 60, "--diagnose")
    assert done.status == 0
    assert len(done.out.splitlines()) == 1
    assert "Vanishing gradient in h0" in done.err
    assert ", the cause: The gradient vanishes on its way back: in h0 it is" in done.err
    assert "  try: ReLU and He's first weights" in done.err
    silent = here(capfd, "train", file, "--steps", 60)
    assert silent.out == done.out
    assert "Vanishing" not in silent.err


def test_no_number_is_diagnosed_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, loss="mse", optimizer={"kind": "sgd", "lr": 1e6})
    done = here(capfd, "train", file, "--diagnose", "--quiet")
    assert done.status == 3
    assert done.out == ""
    assert "Rate too high" in done.err
    assert "The loss is no number in" in done.err


def test_a_sound_run_has_nothing_wrong(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = here(capfd, "train", write(tmp_path), "--diagnose", "--quiet")
    assert done.status == 0
    assert done.err.splitlines()[-1] == "nothing wrong in 20 looks"


def test_looking_does_not_change_the_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file, plain, looked = write(tmp_path), tmp_path / "plain.jsonl", tmp_path / "looked.jsonl"
    here(capfd, "train", file, "--telemetry", plain, "--every", 7)
    here(capfd, "train", file, "--telemetry", looked, "--every", 7, "--diagnose")
    assert plain.read_bytes() == looked.read_bytes()


def test_without_a_diagnosis_a_lane_looks_at_no_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(load_project(write(tmp_path)))
    monkeypatch.setattr(trainer, "step", None)
    assert Lane(trainer, scores_epochs=False).advance() > 0
