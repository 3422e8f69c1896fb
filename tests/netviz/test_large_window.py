"""A window on a run of gigabytes, as far as it knows: saved and exported by files, copied nowhere, said in words."""

from pathlib import Path

import numpy as np
import pytest

from engine.run import keyframes
from engine.run.messages import RunState
from engine.trainer import Trainer
from engine.weights import load_weights
from netviz.main_window import MainWindow
from tests.netviz.conftest import LONG
from tests.netviz.exporting import choose, export

__all__ = ["choose"]  # a fixture


@pytest.fixture
def window(open_window, monkeypatch) -> MainWindow:
    monkeypatch.setattr(keyframes, "LARGE", 0)
    return open_window("xor")


def advance(window: MainWindow, qtbot, steps: int = 7) -> None:
    window.session.advance(steps=steps)
    qtbot.waitUntil(lambda: window.session.step == steps and window.session.state is RunState.PAUSED, timeout=LONG)


def weights(window: MainWindow, lane: int, steps: int = 7) -> dict[str, np.ndarray]:
    trainer = Trainer(window.session.project.lanes()[lane])
    for _ in range(steps):
        trainer.update()
    return trainer.network.state()


def same(path: Path, expected: dict[str, np.ndarray]) -> bool:
    found = load_weights(path)
    return found.keys() == expected.keys() and all(np.array_equal(found[name], expected[name]) for name in found)


def test_it_is_saved_with_the_weights_of_every_network(window, qtbot, tmp_path):
    advance(window, qtbot)
    path = tmp_path / "saved" / "big.netviz"
    path.parent.mkdir()
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        window.files.save_to(path)
    assert not window.files.unsaved
    names = [lane.weights for lane in window.document.lanes()]
    assert sorted(file.name for file in path.parent.iterdir()) == sorted(["big.netviz", *names])
    for lane, name in enumerate(names):
        assert same(path.parent / name, weights(window, lane))


def test_what_cannot_be_saved_is_said(window, qtbot, tmp_path):
    advance(window, qtbot)
    with qtbot.waitSignal(window.files.failed, timeout=LONG) as failed:
        window.files.save_to(tmp_path / "nowhere" / "big.netviz")
    assert "No such file or directory" in failed.args[0]
    assert window.files.unsaved


@pytest.mark.parametrize("lane", [0, 1])
def test_one_networks_weights_go_out(window, qtbot, tmp_path, choose, lane):
    advance(window, qtbot)
    window.canvas.select(lane, window.document.lanes()[lane].graph.nodes[-1].id)
    path = tmp_path / "out" / "w.safetensors"
    path.parent.mkdir()
    choose(path)
    assert export(window, qtbot, "Weights…", path) == "Exported to w.safetensors"
    assert same(path, weights(window, lane))
    assert list(path.parent.iterdir()) == [path]


def test_copies_of_what_is_unsaved_have_no_weights(window, qtbot, monkeypatch):
    advance(window, qtbot)
    written = []
    monkeypatch.setattr(window.autosave._copy, "write", lambda project, original, weights: written.append(weights))
    window.autosave.copy()
    qtbot.waitUntil(lambda: bool(written), timeout=LONG)
    assert written == [None]


def test_who_plays_is_told_that_no_copy_is_kept(window, qtbot):
    assert not window.banner.isVisible()
    window.session.play()
    qtbot.waitUntil(lambda: "too many to keep a copy" in window.banner.text, timeout=LONG)
    window.session.pause()


def test_who_plays_a_small_one_is_not(open_window, qtbot):
    window = open_window("xor")
    advance(window, qtbot)
    assert not window.banner.isVisible()
