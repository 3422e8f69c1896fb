"""Files of every kind dropped on the window, and what is asked before anything is lost."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from engine.weights import save_weights
from netviz.experiments import find_experiments
from netviz.widgets.command_palette import actions_of
from tests.netviz.by_hand import drop

LONG = 60_000


@pytest.fixture
def asked(monkeypatch):
    """What the window asks before work is lost; the answer is Cancel."""
    texts = []

    def answer(box: QMessageBox) -> QMessageBox.StandardButton:
        texts.append(box.informativeText())
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "exec", answer)
    return texts


@pytest.mark.parametrize("name", ["cut.netviz", "cut.onnx"])
def test_a_file_that_cannot_be_read_asks_nothing_about_unsaved_work(open_window, qtbot, tmp_path, asked, name):
    window = open_window()
    window.document.set_node_field(0, "h1", "units", 9)
    (tmp_path / name).write_bytes(b'{"format": "netviz-pro')
    drop(window, tmp_path / name)
    qtbot.waitUntil(lambda: window.banner.isVisible() and "Reading" not in window.banner.text, timeout=LONG)
    assert window.banner.text.startswith(name)
    assert asked == []


def test_a_project_that_can_be_read_asks_first(open_window, qtbot, tmp_path, asked):
    window = open_window()
    before = window.document.set_node_field(0, "h1", "units", 9) or window.document.project
    path = tmp_path / "other.netviz"
    path.write_bytes(find_experiments()["saturation"].path.read_bytes())
    drop(window, path)
    qtbot.waitUntil(lambda: bool(asked), timeout=LONG)
    assert asked == ["Its changes would be lost."]
    assert window.document.project is before


def test_weights_dropped_go_into_the_network_that_runs(open_window, qtbot, tmp_path):
    window = open_window()
    weights = {"h1.weight": np.full((4, 2), 0.5), "h1.bias": np.zeros(4)}
    save_weights(tmp_path / "some.safetensors", weights | {"out.weight": np.ones((1, 4)), "out.bias": np.zeros(1)})
    drop(window, tmp_path / "some.safetensors")
    window.session.advance(epochs=1)
    qtbot.waitUntil(lambda: window.session.epoch == 1 and not window.session.running, timeout=LONG)
    drop(window, tmp_path / "some.safetensors")
    qtbot.waitUntil(lambda: "goes on with the weights of some.safetensors" in window.banner.text, timeout=LONG)


@pytest.mark.parametrize("name", ["thesis.pdf", "run.jsonl", "net.pt"])
def test_what_is_of_no_known_kind_is_said_so_with_what_is(open_window, qtbot, tmp_path, name, asked):
    window = open_window()
    window.document.set_node_field(0, "h1", "units", 9)
    (tmp_path / name).write_bytes(b"{}")
    drop(window, tmp_path / name)
    qtbot.waitUntil(window.banner.isVisible)
    assert window.banner.text.startswith(f"{name} is none of projects (.netviz), models (.onnx), weights")
    assert ".csv" in window.banner.text
    assert asked == []


def test_several_files_at_once_are_refused(open_window, qtbot, tmp_path):
    window = open_window()
    before = window.document.project
    for name in ("a.netviz", "b.netviz"):
        (tmp_path / name).write_bytes(find_experiments()["saturation"].path.read_bytes())
    drop(window, tmp_path / "a.netviz", tmp_path / "b.netviz")
    qtbot.waitUntil(window.banner.isVisible)
    assert "one file or folder at a time" in window.banner.text
    assert window.document.project is before


@pytest.mark.parametrize(
    ("command", "ending"), [("File › Save As…", ".netviz"), ("File › Record Telemetry…", ".jsonl")]
)
def test_a_name_without_its_ending_replaces_nothing_unasked(open_window, qtbot, tmp_path, monkeypatch, command, ending):
    window = open_window()
    there = tmp_path / f"mine{ending}"
    there.write_text("dear")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "mine"), ""))
    questions = []

    def no(parent, title, words, buttons):
        questions.append(words)
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "question", no)
    dict(actions_of(window.menuBar()))[command].trigger()
    qtbot.waitUntil(lambda: bool(questions))
    qtbot.wait(50)
    assert questions == [f"mine{ending} is there already."]
    assert there.read_text() == "dear"


def test_dialogs_of_an_experiment_do_not_begin_in_the_program(open_window, monkeypatch, tmp_path):
    window = open_window()
    assert "resources" in str(window.document.project.folder)
    places = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: places.append(a[2]) or ("", ""))
    window.importing.ask()
    dict(actions_of(window.menuBar()))["File › Open…"].trigger()
    assert len(places) == 2
    assert not any("resources" in place for place in places)


def test_a_project_that_cannot_be_saved_where_it_is_is_saved_elsewhere(open_window, qtbot, tmp_path, monkeypatch):
    window = open_window()
    window.document.set_node_field(0, "h1", "units", 9)
    (tmp_path / "taken").write_text("a file where a folder should be")
    with qtbot.waitSignal(window.files.failed, timeout=LONG):
        window.files.save_to(tmp_path / "taken" / "mine.netviz")
    assert window.banner.text == f"mine.netviz could not be saved in {tmp_path / 'taken'}: Not a directory"
    assert window.document.dirty
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "there.netviz"), ""))
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    assert (tmp_path / "there.netviz").exists()
    assert not window.banner.isVisible()


def test_a_file_that_was_changed_elsewhere_is_not_replaced_unasked(open_window, qtbot, tmp_path, asked):
    path = tmp_path / "shared.netviz"
    path.write_bytes(find_experiments()["xor"].path.read_bytes())
    window = open_window(path)
    window.document.set_node_field(0, "h1", "units", 9)
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        window.files.save()
    assert asked == []
    theirs = path.read_bytes().replace(b"XOR needs", b"XOR always needs")
    path.write_bytes(theirs)
    window.document.set_node_field(0, "h1", "units", 8)
    window.files.save()
    qtbot.waitUntil(lambda: bool(asked))
    qtbot.wait(50)
    assert asked == ["Saving replaces what was saved there since it was opened here. Save As… keeps both."]
    assert path.read_bytes() == theirs
    path.unlink()
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        window.files.save()  # nothing is there to be lost
    assert len(asked) == 1
