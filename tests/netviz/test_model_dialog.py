"""What an ONNX model leaves open is chosen in the window: its output, one example's lengths, where the project is."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from engine.importing.project import STANDS_IN, Ends, open_ends
from engine.inference import network_with
from engine.project import load_project
from engine.weights import load_weights
from netviz import theme
from netviz.model_dialog import UNSAVED, Answers, ModelDialog
from tests.netviz.by_hand import drop

LONG, LEFT = 60_000, Qt.MouseButton.LeftButton
RNG = np.random.default_rng(0)
KERNEL, WEIGHT = RNG.normal(size=(4, 1, 3, 3)).astype(np.float32), RNG.normal(size=(4, 3)).astype(np.float32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Maps of any height and width, and besides the classes the code before them."""
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], "conv"),
        helper.make_node("GlobalAveragePool", ["c"], ["g"], "mean"),
        helper.make_node("Flatten", ["g"], ["code"], "flat"),
        helper.make_node("MatMul", ["code", "w"], ["classes"], "out"),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", ["N", 1, "H", "W"]), ("code", ["N", 4]), ("classes", ["N", 3]))
    ]
    tensors = [numpy_helper.from_array(KERNEL, "k"), numpy_helper.from_array(WEIGHT, "w")]
    graph = helper.make_graph(nodes, "open", ends[:1], ends[1:], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def asked(window, qtbot, path: Path) -> ModelDialog:
    drop(window, path)
    qtbot.waitUntil(lambda: window.models.dialog is not None, timeout=LONG)
    dialog = window.models.dialog
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def say(dialog: ModelDialog, *lengths: int) -> None:
    """By keys, in the fields that are open."""
    for box, length in zip((box for box in dialog.lengths if box.isEnabled()), lengths, strict=True):
        box.setFocus()
        box.selectAll()
        QTest.keyClicks(box, str(length))


def test_a_model_says_what_it_leaves_open(model: Path) -> None:
    ends = open_ends(model)
    assert ends == Ends(("code", "classes"), "x", (1, None, None))
    assert ends.asks
    assert not Ends(("y",), "x", (3, 4)).asks


@pytest.mark.parametrize("output", ["code", "classes"])
def test_what_is_chosen_makes_the_network(open_window, qtbot, model, output):
    window = open_window()
    dialog = asked(window, qtbot, model)
    assert [box.value() for box in dialog.lengths] == [1, 0, 0]
    assert [box.isEnabled() for box in dialog.lengths] == [False, True, True]
    assert not dialog.accept_button.isEnabled()
    assert dialog.told.text() == "x may be of any size here, 2 to say"
    say(dialog, 9, 7)
    dialog.output.setFocus()
    QTest.keyClicks(dialog.output, output)
    assert dialog.answers == Answers(dialog.answers.ends, output, (1, 9, 7), None)
    qtbot.mouseClick(dialog.accept_button, LEFT)
    qtbot.waitUntil(lambda: window.document.project.name == "m", timeout=LONG)
    project = window.document.project
    assert (project.structure().example, window.document.path) == ((1, 9, 7), None)
    assert project.structure().shapes[project.structure().output] == ((4,) if output == "code" else (3,))
    assert window.document.dirty
    assert window.models.dialog is None


def test_cancelled_nothing_has_changed(open_window, qtbot, model):
    window = open_window()
    before = window.document.project
    dialog = asked(window, qtbot, model)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.document.project is before
    assert not window.document.dirty
    assert not window.banner.isVisible()
    assert window.models.dialog is None


@pytest.mark.parametrize("ending", ["", ".netviz"])
def test_the_project_is_saved_where_it_is_said(open_window, qtbot, model, tmp_path, monkeypatch, ending):
    window, suggested = open_window(), []
    (tmp_path / "there").mkdir()
    place = tmp_path / "there" / "mine.netviz"
    chosen = str(place.with_suffix(ending))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (suggested.append(a[2]) or chosen, ""))
    dialog = asked(window, qtbot, model)
    assert dialog.place.text() == UNSAVED
    say(dialog, 6, 5)
    dialog.output.setCurrentText("classes")
    qtbot.mouseClick(dialog.place_button, LEFT)
    assert suggested == [str(model.with_suffix(".netviz"))]
    assert dialog.place.text() == str(place)
    assert not place.exists(), "nothing is written before Import"
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.document.path == place, timeout=LONG)
    assert not window.document.dirty
    project = load_project(place)
    assert project.weights == "mine.safetensors"
    assert project.panels[STANDS_IN]
    assert "Choose data to train on" in window.banner.text
    x = RNG.normal(size=(2, 1, 6, 5))
    windows = np.lib.stride_tricks.sliding_window_view(x[:, 0], (3, 3), axis=(1, 2))
    expected = np.einsum("nhwij,fij->nfhw", windows, KERNEL[:, 0]).mean(axis=(2, 3)) @ WEIGHT
    found = network_with(project, load_weights(place.with_suffix(".safetensors"))).predict(x)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_what_does_not_fit_is_told_and_can_be_chosen_again(open_window, qtbot, model):
    window = open_window()
    before = window.document.project
    dialog = asked(window, qtbot, model)
    say(dialog, 2, 2)
    dialog.output.setCurrentText("classes")
    qtbot.mouseClick(dialog.accept_button, LEFT)
    qtbot.waitUntil(lambda: "was not imported" in window.banner.text, timeout=LONG)
    assert "conv: Conv: its window [3, 3] does not fit into [2, 2] once" in window.banner.text
    assert window.document.project is before
    qtbot.mouseClick(window.banner.answer, LEFT)
    again = window.models.dialog
    assert [box.value() for box in again.lengths] == [1, 2, 2]
    assert again.output.currentText() == "classes"
    say(again, 3, 3)
    qtbot.mouseClick(again.accept_button, LEFT)
    qtbot.waitUntil(lambda: window.document.project.name == "m", timeout=LONG)


def test_a_place_that_cannot_be_written_is_told(open_window, qtbot, model, tmp_path, monkeypatch):
    window = open_window()
    place = tmp_path / "missing" / "mine.netviz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(place), ""))
    dialog = asked(window, qtbot, model)
    say(dialog, 6, 5)
    qtbot.mouseClick(dialog.place_button, LEFT)
    qtbot.mouseClick(dialog.accept_button, LEFT)
    qtbot.waitUntil(lambda: "was not imported" in window.banner.text, timeout=LONG)
    assert "cannot be written" in window.banner.text
    assert window.document.path != place


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda look: look.name)
def test_every_field_has_a_name_and_is_reached_by_the_tab_key(open_window, qtbot, model, look):
    window = open_window()
    theme.look().use(look)
    dialog = asked(window, qtbot, model)
    say(dialog, 6, 5)
    seen = []
    for _ in range(8):
        seen.append(dialog.focusWidget())
        QTest.keyClick(seen[-1], Qt.Key.Key_Tab)
    fields = [dialog.output, *dialog.lengths[1:], dialog.place_button, dialog.accept_button]
    assert all(field in seen for field in fields)
    assert all(field.accessibleName() or field.text() for field in fields)
    dialog.reject()
