"""An ONNX model comes into a window by menu and by hand, with its weights, and the window says that data are wanted."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from engine.export.onnx import save_onnx
from engine.importing.project import STANDS_IN
from engine.project import load_project
from engine.weights import load_weights
from netviz.main_window import MainWindow
from netviz.widgets.command_palette import actions_of
from tests.engine.export.nets import CLASSES, act, chain, dense, trained
from tests.netviz.by_hand import drop

LONG = 60_000
LAYERS = [dense("h1", 5), act("a1", "tanh"), dense("out", 3), act("p", "softmax")]
NET = trained(chain(LAYERS, "cross_entropy", CLASSES))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_onnx(tmp_path / "digits.onnx", NET, "Net")
    return tmp_path / "digits.onnx"


def refused(path: Path, count: int) -> Path:
    """The model with so many operators in front of it that nobody understands."""
    made = onnx.load(path)
    first = made.graph.node[0]
    odd = [helper.make_node("Einsum", [f"v{n}"], [f"v{n + 1}"], f"odd{n}", equation="ij->ij") for n in range(count)]
    odd[0].input[0], first.input[0] = "x", f"v{count}"
    nodes = [*odd, *made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    onnx.save(made, path)
    return path


def weights_of(window: MainWindow, qtbot) -> dict[str, np.ndarray]:
    found = []
    window.session.take_keyframe(found.append)
    qtbot.waitUntil(lambda: bool(found), timeout=LONG)
    return found[0].parameters[0]


def imported(window: MainWindow, qtbot) -> None:
    qtbot.waitUntil(lambda: window.document.project.name == "digits", timeout=LONG)
    qtbot.waitUntil(lambda: window.session.state == "paused" and bool(window.session.history.lanes), timeout=LONG)


def test_a_model_dropped_on_the_window_runs_with_its_weights(open_window, qtbot, model):
    window = open_window()
    drop(window, model)
    imported(window, qtbot)
    found = weights_of(window, qtbot)
    for name, array in NET.state().items():
        np.testing.assert_array_equal(found[name], array)
    assert [node.id for node in window.document.project.graph.nodes] == ["x", "h1", "a1", "out", "p"]
    assert window.document.problems() == []
    assert window.document.path is None
    assert window.document.dirty
    assert window.banner.isVisible()
    assert "Choose data to train on" in window.banner.text
    asked = []
    window.importing.ask_file = lambda: asked.append(True) or ""
    qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    assert asked == [True]


def test_the_menu_asks_for_a_model_and_for_unsaved_work(open_window, qtbot, model, monkeypatch):
    window = open_window()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(model), ""))
    action = next(action for path, action in actions_of(window.menuBar()) if "Import ONNX Model" in path)
    window.document.set_node_field(0, "h1", "units", 9)
    texts, answers = [], [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Discard]

    def answer(box: QMessageBox) -> QMessageBox.StandardButton:
        texts.append(box.informativeText())
        return answers.pop(0)

    monkeypatch.setattr(QMessageBox, "exec", answer)
    action.trigger()
    qtbot.waitUntil(lambda: len(texts) == 1, timeout=LONG)
    assert window.document.project.name != "digits"
    assert not window.banner.isVisible()
    action.trigger()
    imported(window, qtbot)
    assert texts == ["Its changes would be lost."] * 2


@pytest.mark.parametrize("count", [1, 5])
def test_what_is_refused_is_told_in_the_banner_and_changes_nothing(open_window, qtbot, model, count):
    window = open_window()
    before = window.document.project
    drop(window, refused(model, count))
    qtbot.waitUntil(lambda: "was not imported" in window.banner.text, timeout=LONG)
    assert window.banner.text.startswith("digits.onnx was not imported: odd0: Einsum: netviz has no layer for it")
    assert window.document.project is before
    assert not window.document.dirty
    assert window.banner.answer.isVisible() == (count > 3)
    if count > 3:
        assert window.banner.text.endswith("(and 2 more)")
        qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
        box = next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible())
        assert box.detailedText().splitlines() == [f"odd{n}: Einsum: netviz has no layer for it" for n in range(count)]
        box.close()


def test_a_file_that_is_no_model_is_told(open_window, qtbot, tmp_path):
    window = open_window()
    (tmp_path / "no.onnx").write_bytes(b"no")
    drop(window, tmp_path / "no.onnx")
    qtbot.waitUntil(lambda: "was not imported" in window.banner.text, timeout=LONG)
    assert "is not an ONNX model" in window.banner.text


def saved(window: MainWindow, qtbot, path: Path) -> None:
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        window.files.save_to(path)


@pytest.mark.parametrize("stops", [False, True])
def test_it_is_saved_with_its_weights_beside_it(open_window, qtbot, model, tmp_path, stops):
    window = open_window()
    drop(window, model)
    imported(window, qtbot)
    if stops:  # nothing runs that could say what the weights are
        window.session.stop()
        qtbot.waitUntil(lambda: window.session.state == "idle", timeout=LONG)
    path = tmp_path / "mine.netviz"
    saved(window, qtbot, path)
    assert not window.document.dirty
    project = load_project(path)
    assert project.weights == "mine.safetensors"
    found = load_weights(tmp_path / "mine.safetensors")
    for name, array in NET.state().items():
        np.testing.assert_array_equal(found[name], array)

    # Opened again it still says that data are wanted, until some are chosen.
    assert project.panels[STANDS_IN]
    again = open_window(path)
    assert "Choose data to train on" in again.banner.text
    again.document.set_data({"kind": "iris"})
    assert "Choose data" not in again.banner.text or not again.banner.isVisible()
    saved(again, qtbot, path)
    assert STANDS_IN not in load_project(path).panels


def test_closing_the_window_leaves_nothing_behind(open_window, qtbot, model):
    window = open_window()
    drop(window, model)
    imported(window, qtbot)
    place = Path(window.document.project.weights)
    assert place.is_file()
    window.files.forget()
    window.close()
    assert not place.parent.exists()


def has_read(window) -> None:
    """Waits until the thread has read all that it was asked for, of which the window has not heard."""
    window.models._reader._background._pool.submit(int).result(LONG / 1000)


@pytest.mark.parametrize("late", [False, True])
def test_closing_the_window_while_a_model_is_read_leaves_nothing(open_window, model, tmp_path, monkeypatch, late):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    window = open_window()
    before = window.document.project
    window.models.open(model)
    if late:
        has_read(window)
    window.files.forget()
    window.close()
    assert window.document.project is before
    assert list((tmp_path / "scratch").glob("netviz-import-*")) == []


@pytest.mark.parametrize("late", [False, True])
def test_a_second_model_takes_the_place_of_the_first(open_window, qtbot, model, tmp_path, monkeypatch, late):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    other = tmp_path / "other.onnx"
    other.write_bytes(model.read_bytes())
    window = open_window()
    window.models.open(other)
    if late:
        has_read(window)
    window.models.open(model)
    imported(window, qtbot)
    assert len(list((tmp_path / "scratch").glob("netviz-import-*"))) == 1
