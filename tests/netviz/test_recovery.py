"""A killed program's work is there again."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QMessageBox

from engine.run.messages import Pace, PaceUnit, RunState
from netviz.autosave import EVERY_MS
from netviz.recovery import Copy, left_behind, recovery_folder
from netviz.recovery_menu import fill_recovery
from netviz.runtime.background import Background

LONG = 60_000


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return recovery_folder()


def dead_process() -> int:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    return int(done.stdout)


def copies(base: Path) -> list[Path]:
    return list(base.glob("*/copy.netviz"))


def settle(window, qtbot) -> None:
    """Waits for what the background was given."""
    done = []
    window.autosave.findChild(Background).run(lambda: None, done.append, done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=LONG)


def test_unsaved_work_is_copied_and_the_copy_goes_when_it_is_saved(open_window, qtbot, own_folder, tmp_path):
    window = open_window()
    window.autosave.copy()
    settle(window, qtbot)
    assert not copies(own_folder)  # nothing is unsaved
    window.session.advance(steps=7)
    qtbot.waitUntil(lambda: window.session.step == 7, timeout=LONG)
    window.autosave.copy()
    qtbot.waitUntil(lambda: len(copies(own_folder)) == 1, timeout=LONG)
    assert (copies(own_folder)[0].parent / "copy.safetensors").exists()
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        window.files.save_to(tmp_path / "saved.netviz")
    qtbot.waitUntil(lambda: not copies(own_folder), timeout=LONG)


def test_a_window_closed_as_it_should_leaves_nothing(open_window, qtbot, own_folder):
    window = open_window()
    window.document.set_node_field(0, "h1", "units", 9)
    window.autosave.copy()
    qtbot.waitUntil(lambda: len(copies(own_folder)) == 1, timeout=LONG)
    window.files.forget()
    window.close()
    assert not copies(own_folder)


def test_what_a_killed_program_left_comes_back_with_its_weights(open_window, qtbot, own_folder, monkeypatch):
    window = open_window()
    window.document.set_training_field(0, "optimizer.lr", 0.02)
    window.session.advance(steps=30)
    qtbot.waitUntil(lambda: window.session.step == 30, timeout=LONG)
    kept = {}
    window.session.take_keyframe(lambda k: kept.update(before=k.parameters))
    gone = dead_process()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: gone)
        window.autosave.copy()
        qtbot.waitUntil(lambda: len(copies(own_folder)) == 1, timeout=LONG)
        settle(window, qtbot)
    (found,) = left_behind()
    again = open_window()
    again.files.offer_recovery([found])
    assert "unsaved work" in again.banner.text
    qtbot.mouseClick(again.banner.answer, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: again.document.project.training.optimizer.lr == 0.02, timeout=LONG)
    qtbot.waitUntil(lambda: again.session.project is again.document.project, timeout=LONG)
    qtbot.waitUntil(lambda: again.session.state is RunState.PAUSED and not left_behind(), timeout=LONG)
    assert copies(own_folder) == [found.folder / "copy.netviz"]  # at no moment is there none
    again.session.take_keyframe(lambda k: kept.update(after=k.parameters))
    qtbot.waitUntil(lambda: "after" in kept, timeout=LONG)
    for before, after in zip(kept["before"], kept["after"], strict=True):
        assert all(np.array_equal(before[name], after[name]) for name in before)
    assert again.files.unsaved


def test_a_living_program_keeps_its_copy(open_window, own_folder):
    window = open_window()
    Copy().write(window.document.project, None, None)
    assert left_behind() == []


def test_a_broken_copy_is_passed_over(open_window, own_folder, monkeypatch):
    window = open_window()
    with monkeypatch.context() as patch:
        gone = dead_process()
        patch.setattr(os, "getpid", lambda: gone)
        Copy().write(window.document.project, None, None)
    (path,) = copies(own_folder)
    path.write_bytes(path.read_bytes()[:100])
    assert left_behind() == []


def test_a_killed_worker_is_told_and_replaced(open_window, qtbot):
    window = open_window("xor", worker="process")
    window.session.play()
    qtbot.waitUntil(lambda: window.session.step > 50, timeout=LONG)
    os.kill(window.session.line.transport.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: "goes on from step" in window.banner.text, timeout=LONG)
    window.session.set_pace(Pace(PaceUnit.UNLIMITED))
    qtbot.waitUntil(lambda: window.session.state is RunState.FINISHED, timeout=LONG)
    assert window.session.epoch == 200


def left_copies(window, monkeypatch, *names: str) -> None:
    """Copies of the window's project by these names, as of a program that is gone; the last is the latest."""
    gone = dead_process()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: gone)
        for age, name in enumerate(reversed(names)):
            copy = Copy()
            copy.write(replace(window.document.project, name=name), None, None)
            os.utime(copy.folder, (0, 10**9 - age))


def test_each_of_several_copies_is_offered_and_can_be_forgotten(open_window, qtbot, own_folder, monkeypatch):
    window = open_window()
    left_copies(window, monkeypatch, "first", "second", "third")
    window.files.offer_recovery(left_behind())
    assert "unsaved work in third (never saved), as it was at " in window.banner.text
    assert window.banner.text.endswith("(and 2 more: File → Recover Unsaved Work)")
    qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    assert window.document.project.name == "third"
    assert "unsaved work in second" in window.banner.text
    # The third is this window's own now, at once and not when the next copy is due.
    qtbot.waitUntil(lambda: len(left_behind()) == 2, timeout=EVERY_MS // 2)
    menu = next(m for m in window.findChildren(QMenu) if m.title() == "Recover Unsaved Work")
    fill_recovery(menu, window)
    texts = [action.text() for action in menu.actions()]
    assert [text.split(" (")[0] for text in texts if text] == ["second", "first", "Forget All This…"]
    monkeypatch.setattr(QMessageBox, "exec", lambda box: QMessageBox.StandardButton.Cancel)
    menu.actions()[-1].trigger()
    assert len(left_behind()) == 2
    monkeypatch.setattr(QMessageBox, "exec", lambda box: QMessageBox.StandardButton.Discard)
    menu.actions()[-1].trigger()
    assert left_behind() == []
    fill_recovery(menu, window)
    assert not menu.isEnabled()
    assert len(copies(own_folder)) == 1  # this window's


def test_recovery_asks_about_what_was_done_since(open_window, qtbot, own_folder, monkeypatch):
    window = open_window()
    left_copies(window, monkeypatch, "lost")
    window.document.set_node_field(0, "h1", "units", 9)
    asked = []

    def answer(box: QMessageBox) -> QMessageBox.StandardButton:
        asked.append(box.informativeText())
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "exec", answer)
    window.files.offer_recovery(left_behind())
    qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    assert asked == ["Its changes would be lost."]
    assert window.document.project.graph.layer("h1").units == 9
    assert len(left_behind()) == 1
