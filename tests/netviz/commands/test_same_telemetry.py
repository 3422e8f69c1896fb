"""The same project gives the same telemetry, to the last bit: in the window and without it, and whoever looks."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.probes.boundary import Boundary
from engine.probes.histograms import Histograms
from engine.project import load_project
from engine.run import messages as m
from netviz.runtime.session import Session
from tests.netviz.commands.command import lines, netviz, steps, write
from tests.netviz.runtime.sessions import FakeView

EPOCHS, PER_EPOCH = 20, 4
PACES = {"unlimited": m.Pace(m.PaceUnit.UNLIMITED), "3 steps a frame": m.Pace(m.PaceUnit.STEPS_A_FRAME, 3)}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks: the second deeper, with ReLU, and with a training section of its own."""
    graph: dict[str, Any] = {
        "nodes": [
            {"id": "x", "kind": "input"},
            {"id": "h1", "kind": "dense", "units": 7, "init": "he_normal"},
            {"id": "a1", "kind": "relu"},
            {"id": "h2", "kind": "dense", "units": 3},
            {"id": "a2", "kind": "sigmoid"},
            {"id": "out", "kind": "dense", "units": 1},
            {"id": "p", "kind": "sigmoid"},
        ],
        "edges": [["x", "h1"], ["h1", "a1"], ["a1", "h2"], ["h2", "a2"], ["a2", "out"], ["out", "p"]],
    }
    training = {
        "loss": {"kind": "binary_cross_entropy"},
        "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9},
        "regularization": {"l1": 0.0, "l2": 0.01},
        "clip_norm": 0.5,
        "batch_size": 8,
        "epochs": EPOCHS,
        "seed": 11,
    }
    variants = [{"name": "deep", "graph": graph, "training": training}]
    return write(tmp_path_factory.mktemp("same"), {"variant": "wide", "variants": variants}, epochs=EPOCHS)


@pytest.fixture(scope="module")
def expected(file: Path) -> tuple[bytes, bytes]:
    """Both networks' telemetry from the command line."""
    told = file.with_name("T.jsonl")
    found = []
    for variant in ("wide", "deep"):
        assert netviz("train", file, "--variant", variant, "--telemetry", told, PYTHONHASHSEED="0").status == 0
        assert steps(told) == list(range(EPOCHS * PER_EPOCH))
        found.append(told.read_bytes())
    return found[0], found[1]


def test_a_run_can_be_told_from_another(file: Path, expected: tuple[bytes, bytes], tmp_path: Path) -> None:
    """The control: another seed, or a rate that differs in the seventh place, gives other bytes."""
    told = tmp_path / "T.jsonl"
    for change in (["--seed", "1"], ["--set", "training.optimizer.lr=0.02000001"]):
        assert netviz("train", file, *change, "--telemetry", told).status == 0
        assert told.read_bytes() != expected[0]
    assert len({line["loss"] for line in lines(told) if "loss" in line}) > 70


@pytest.mark.parametrize("hash_seed", ["1", "4242", "random"])
@pytest.mark.parametrize("lane", [0, 1])
def test_in_fresh_processes(
    file: Path, expected: tuple[bytes, bytes], tmp_path: Path, lane: int, hash_seed: str
) -> None:
    told, name = tmp_path / "T.jsonl", ("wide", "deep")[lane]
    done = netviz("train", file, "--variant", name, "--telemetry", told, PYTHONHASHSEED=hash_seed)
    assert done.status == 0
    assert told.read_bytes() == expected[lane]


@pytest.mark.parametrize(("transport", "watched", "pace"), list(product(("thread", "process"), (False, True), PACES)))
def test_in_the_window(
    qtbot: QtBot,
    file: Path,
    expected: tuple[bytes, bytes],
    tmp_path: Path,
    transport: str,
    watched: bool,
    pace: str,
) -> None:
    session, told = Session(transport), tmp_path / "T.jsonl"
    try:
        session.set_pace(PACES[pace])
        if watched:
            session.add_view(FakeView("layers", probes=(Histograms(), Boundary(60)), needs_layers=True))
        with qtbot.waitSignal(session.opened):
            session.open(load_project(file))
        session.record_telemetry(told)
        session.play()
        qtbot.waitUntil(lambda: session.state is m.RunState.FINISHED)
        session.record_telemetry(None)
        done: list[m.Keyframe] = []
        session.take_keyframe(done.append)
        qtbot.waitUntil(lambda: bool(done))
        if watched:
            qtbot.waitUntil(lambda: session.history.lanes[1].boundary is not None)
            assert session.history.lanes[1].histograms is not None
            assert len(session.history.lanes[1].layers) > 0
    finally:
        session.close()
    assert told.read_bytes() == expected[0]
    assert (tmp_path / "T.1.jsonl").read_bytes() == expected[1]


def test_interrupted_by_a_person_all_the_way(
    qtbot: QtBot, file: Path, expected: tuple[bytes, bytes], tmp_path: Path
) -> None:
    """Pauses, single steps and another pace change when steps happen, never what they compute."""
    session, told = Session("thread"), tmp_path / "T.jsonl"
    try:
        with qtbot.waitSignal(session.opened):
            session.open(load_project(file))
        session.record_telemetry(told)
        for count in (1, 2, 4):
            session.advance(steps=count)
        session.advance(epochs=1)
        session.set_pace(PACES["3 steps a frame"])
        session.play()
        qtbot.waitUntil(lambda: session.step > 30)
        session.pause()
        view = FakeView("layers", probes=(Boundary(40),), needs_layers=True)
        session.add_view(view)
        session.set_pace(PACES["unlimited"])
        session.play()
        qtbot.waitUntil(lambda: session.state is m.RunState.FINISHED)
    finally:
        session.close()
    assert told.read_bytes() == expected[0]
    assert (tmp_path / "T.1.jsonl").read_bytes() == expected[1]
