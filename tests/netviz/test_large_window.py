"""A window on a run of gigabytes, as far as it knows: saved and exported by files, copied nowhere, said in words."""

from pathlib import Path

import numpy as np
import pytest

from engine.project import load_project
from engine.run import keyframes
from engine.run.messages import RunState
from engine.trainer import Trainer
from engine.weights import load_weights
from netviz import autosave
from netviz.main_window import MainWindow
from netviz.recovery import recovery_folder
from netviz.runtime.background import Background
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


@pytest.fixture
def own_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return recovery_folder()


def settle(window, qtbot) -> None:
    """Waits for what the background was given."""
    done = []
    window.autosave.findChild(Background).run(lambda: None, done.append, done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=LONG)


def test_the_copy_of_what_is_unsaved_has_its_weights_by_and_by(own_folder, window, qtbot):
    advance(window, qtbot)
    window.autosave.copy()
    settle(window, qtbot)
    (folder,) = own_folder.iterdir()
    assert sorted(file.name for file in folder.iterdir()) == ["copy.netviz", "note.json"]
    window.autosave.copy()
    qtbot.waitUntil(lambda: window.session.copied is not None, timeout=LONG)
    project, step = window.session.copied
    assert step == 7
    for lane, made in enumerate(project.lanes()):
        assert same(folder / made.weights, weights(window, lane))
    assert [*folder.glob(".*")] == []
    left = load_project(folder / "copy.netviz")
    assert [lane.weights for lane in left.lanes()] == [lane.weights for lane in project.lanes()]


def test_copies_of_its_weights_take_a_hundredth_of_the_time(own_folder, window, qtbot, monkeypatch):
    now = [50.0]
    monkeypatch.setattr(autosave, "monotonic", lambda: now[0])
    asked = []
    take = window.session.take_keyframe

    def slow(done, folder=None, lane=None) -> None:
        asked.append(folder)

        def later(keyframe) -> None:
            now[0] += 3.0
            done(keyframe)

        take(later, folder, lane)

    monkeypatch.setattr(window.session, "take_keyframe", slow)
    advance(window, qtbot)
    for _ in range(2):
        window.autosave.copy()
        settle(window, qtbot)
    qtbot.waitUntil(lambda: window.session.copied is not None, timeout=LONG)
    window.session.advance(steps=2)
    qtbot.waitUntil(lambda: window.session.step == 9 and window.session.state is RunState.PAUSED, timeout=LONG)
    for wait, copies in ((0, 1), (299, 1), (2, 2)):
        now[0] += wait
        window.autosave.copy()
        assert len(asked) == copies
    qtbot.waitUntil(lambda: window.session.copied[1] == 9, timeout=LONG)
    window.document.set_training_field(0, "optimizer.lr", 0.125)  # what is drawn does not wait
    window.autosave.copy()
    settle(window, qtbot)
    left = load_project(next(own_folder.glob("*/copy.netviz")))
    assert (left.training.optimizer.lr, len(asked)) == (0.125, 2)
    for lane, made in enumerate(left.lanes()):
        assert same(left.folder / made.weights, weights(window, lane, 9))


def test_a_worker_that_is_lost_leaves_the_copy(own_folder, window, qtbot, tmp_path):
    advance(window, qtbot)
    for _ in range(2):
        window.autosave.copy()
        settle(window, qtbot)
    qtbot.waitUntil(lambda: window.session.copied is not None, timeout=LONG)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.session._take_lost("boom")
    assert "the run begins anew, with the weights of step 7" in window.banner.text
    kept = []
    window.session.take_keyframe(kept.append, tmp_path)
    qtbot.waitUntil(lambda: bool(kept), timeout=LONG)
    assert kept[0].step == 0
    assert len(kept[0].files) == len(window.document.lanes()) == 2
    for lane, file in enumerate(kept[0].files):
        assert same(Path(file), weights(window, lane))


def test_closing_leaves_nothing_of_it(own_folder, window, qtbot):
    advance(window, qtbot)
    for _ in range(2):
        window.autosave.copy()
        settle(window, qtbot)
    (folder,) = own_folder.iterdir()
    (folder / ".netviz-half").mkdir()  # as of a worker that was killed
    window.files.forget()
    window.close()
    assert [*own_folder.iterdir()] == []
