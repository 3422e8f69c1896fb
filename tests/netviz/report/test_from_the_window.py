"""The report of a run in a window: every panel, open or closed, and what a hand has changed."""

import io
import re
from base64 import b64decode
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog

from engine.run.messages import RunState
from tests.netviz.exporting import LONG, action, banner_says, choose, train
from tests.netviz.report.reading import Checked, checked

__all__ = ["choose"]  # a fixture


def report(window, qtbot, path: Path) -> tuple[bytes, Checked]:
    action(window, "Report…").trigger()
    assert banner_says(window, qtbot, f"Exported to {path.name}") == f"Exported to {path.name}"
    return path.read_bytes(), checked(path.read_bytes())


@pytest.mark.parametrize("worker", ["thread", "process"])
def test_every_panel_is_in_it_whether_it_is_open_or_not(open_window, qtbot, tmp_path, choose, worker):
    window, path = open_window(worker=worker), tmp_path / "r.html"
    for ident in ("histograms", "gradients"):
        window.docks[ident].close()
    train(window, qtbot, 30)
    shown = [panel.ident for panel in window.panels if panel.isVisible()]
    choose(path)
    page, read = report(window, qtbot, path)
    titles = [panel.title for panel in window.panels]
    assert read.all_of("figcaption")[-len(titles) :] == titles
    drawn = [given for name, given in read.seen if name == "img"]
    assert len(drawn) == len(titles)
    assert all(given["alt"] for given in drawn)
    pictures = [np.asarray(Image.open(io.BytesIO(b64decode(given["src"].partition(",")[2])))) for given in drawn]
    assert {picture.shape for picture in pictures} == {(680, 1040, 3)}
    colours = [picture @ np.array([1 << 16, 1 << 8, 1]) for picture in pictures]
    assert all(len(np.unique(colour)) > 30 for colour in colours)
    assert len(window.session.history.lanes[0].histograms.layers) == 2  # asked for, though the panel is closed
    assert [panel.ident for panel in window.panels if panel.isVisible()] == shown
    assert window.session.step == 30
    told = re.search(r'<tr><th scope="row">4 hidden units</th>(.*?)</tr>', page.decode())
    score = window.session.history.lanes[0].score
    assert f"{score.loss:.3f}" in told[1]


def test_while_it_plays_nothing_stops(open_window, qtbot, tmp_path, choose):
    window, path = open_window(), tmp_path / "r.html"
    window.session.play()
    qtbot.waitUntil(lambda: window.session.step > 100, timeout=LONG)
    choose(path)
    report(window, qtbot, path)
    assert window.session.state in (RunState.RUNNING, RunState.FINISHED)
    assert not window.session.by_hand


def test_what_was_changed_by_hand_is_told(open_window, qtbot, tmp_path, choose):
    window, path = open_window(), tmp_path / "r.html"
    train(window, qtbot)
    window.document.set_training_field(0, "optimizer.lr", 0.001)
    qtbot.waitUntil(lambda: window.session.by_hand != [], timeout=LONG)
    choose(path)
    _, read = report(window, qtbot, path)
    first, *_ = read.all_of("li")
    assert first == "from step 25 on: learning rate of 4 hidden units 0.03 → 0.001"
    window.session.reset()
    qtbot.waitUntil(lambda: window.session.step == 0, timeout=LONG)
    choose(tmp_path / "again.html")
    page, read = report(window, qtbot, tmp_path / "again.html")
    assert read.all_of("li") == []
    assert "netviz train run.netviz --variant &#x27;4 hidden units&#x27; --steps 0" in page.decode()
    assert '"lr": 0.001' in unescape(page.decode())


def test_without_a_run_there_is_a_word_and_no_dialog(open_window, qtbot, monkeypatch):
    window = open_window()
    window.session.stop()
    qtbot.waitUntil(lambda: window.session.state is RunState.IDLE, timeout=LONG)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: pytest.fail("asked"))
    action(window, "Report…").trigger()
    assert "press play" in window.banner.text


def test_a_folder_that_is_not_there_is_one_line(open_window, qtbot, tmp_path, choose):
    window = open_window()
    choose(tmp_path / "nowhere" / "r.html")
    action(window, "Report…").trigger()
    assert "is in a folder that is not there" in banner_says(window, qtbot, str(tmp_path / "nowhere"))
