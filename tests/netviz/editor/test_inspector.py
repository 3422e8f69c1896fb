"""The forms under real keys and clicks: what is wanted becomes a step of undo, what is refused is said."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit

from tests.netviz.editor.forms import NONE, accept, box, choose, enter, slider, take, visible, wheel


def test_a_clicked_node_shows_its_form(canvas, inspector, qtbot):
    canvas.selected.connect(inspector.inspect)
    item = canvas.node_item(0, "h1")
    at = canvas.mapFromScene(item.mapToScene(item.rect().center().x(), 8))
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, NONE, at)
    assert inspector.node.title.text() == "Dense 4 · tanh"
    assert visible(inspector.node.form) == [
        *("units", "activation", "bias", "init", "init_gain", "bias_init", "trainable")
    ]
    assert box(inspector.node.form, "units").text() == "4"
    assert {name: label.text() for name, (_, label) in inspector.node.form.facts.items()} == {
        "Parameters": "12",
        "Shape": "2 → 4",
    }


def test_units_are_typed_and_undone(inspector, document):
    inspector.inspect(0, "h1")
    enter(box(inspector.node.form, "units"), "16")
    assert document.project.graph.layer("h1").units == 16
    assert inspector.node.title.text() == "Dense 16 · tanh"
    assert document.stack.count() == 1
    document.stack.undo()
    assert document.project.graph.layer("h1").units == 4
    assert box(inspector.node.form, "units").text() == "4"
    assert inspector.node.title.text() == "Dense 4 · tanh"


def test_leaving_the_field_commits_too_and_escape_takes_back(inspector, document):
    inspector.inspect(0, "h1")
    units = box(inspector.node.form, "units")
    units.setFocus()
    units.selectAll()
    QTest.keyClicks(units, "7")
    QTest.keyClick(units, Qt.Key.Key_Escape)
    assert units.text() == "4"
    units.selectAll()
    QTest.keyClicks(units, "8")
    QTest.keyClick(units, Qt.Key.Key_Tab)
    assert document.project.graph.layer("h1").units == 8
    assert document.stack.count() == 1


@pytest.mark.parametrize("node", ["h1", "a1"])
def test_relu_is_chosen_for_the_layer_or_its_activation(inspector, document, node):
    inspector.inspect(0, node)
    choose(box(inspector.node.form, "activation"), "R")
    assert document.project.graph.layer("a1").kind() == "relu"
    assert document.stack.undoText() == "Replace a1 by ReLU"
    document.stack.undo()
    assert box(inspector.node.form, "activation").currentText() == "Tanh"


def test_the_fields_of_a_docked_activation_stand_below_its_name(inspector, document):
    inspector.inspect(0, "h1")
    document.replace_kind(0, "a1", "leaky_relu")
    shown = visible(inspector.node.form)
    assert shown[1:4] == ["activation", "activation.negative_slope", "bias"]
    enter(box(inspector.node.form, "activation.negative_slope"), "0.2")
    assert document.project.graph.layer("a1").negative_slope == 0.2
    assert document.stack.undoText() == "Change negative slope of a1"
    enter(box(inspector.node.form, "activation.negative_slope"), "2")
    assert "<= 1" in inspector.node.form.rows["activation.negative_slope"].error.text()
    document.replace_kind(0, "a1", "elu")
    assert visible(inspector.node.form)[2] == "activation.alpha"
    inspector.inspect(0, "a1")
    assert visible(inspector.node.form) == ["activation", "alpha"]
    document.replace_kind(0, "a1", "tanh")
    assert visible(inspector.node.form) == ["activation"]


def test_a_layer_without_an_activation_offers_none(inspector):
    inspector.inspect(0, "out")
    assert "activation" not in inspector.node.form.rows


def test_a_dragged_slider_is_one_step_of_undo(inspector, document):
    before = document.project.to_bytes()
    rate = slider(inspector.training.form, "optimizer.lr")
    handle = QPoint(round(rate.value() / rate.maximum() * (rate.width() - 12)) + 6, rate.height() // 2)
    QTest.mousePress(rate, Qt.MouseButton.LeftButton, NONE, handle)
    seen = set()
    for step in range(1, 6):
        QTest.mouseMove(rate, handle - QPoint(6 * step, 0))
        QApplication.processEvents()
        seen.add(document.project.training.optimizer.lr)
    QTest.mouseRelease(rate, Qt.MouseButton.LeftButton, NONE, handle - QPoint(30, 0))
    assert len(seen) > 3
    assert document.project.training.optimizer.lr < 0.03
    assert box(inspector.training.form, "optimizer.lr").text() == str(document.project.training.optimizer.lr)
    assert document.stack.count() == 1
    assert document.stack.undoText() == "Change learning rate"
    document.stack.undo()
    assert document.project.to_bytes() == before


def test_two_drags_are_two_steps(inspector, document):
    rate = slider(inspector.training.form, "optimizer.lr")
    rate.setFocus()
    for _ in range(2):
        rate.setSliderDown(True)
        rate.setValue(rate.value() - 3)
        rate.setValue(rate.value() - 3)
        rate.setSliderDown(False)
    assert document.stack.count() == 2


def test_the_rate_is_stepped_by_keys_in_one_two_five(inspector, document):
    rate = box(inspector.training.form, "optimizer.lr")
    rate.setFocus()
    values = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(rate, key)
        values.append(document.project.training.optimizer.lr)
    assert values == [0.05, 0.1, 0.05]
    assert document.stack.count() == 1


def test_the_wheel_turns_only_what_has_the_focus(inspector, document):
    form = inspector.training.form
    fields = [box(form, "optimizer.lr"), slider(form, "optimizer.lr"), box(form, "loss.kind")]
    inspector.node.setFocus()
    for widget in fields:
        widget.clearFocus()
        wheel(widget, 1)
    assert document.stack.count() == 0
    fields[0].setFocus()
    wheel(fields[0], 1)
    assert document.project.training.optimizer.lr == 0.05


@pytest.mark.parametrize(
    ("text", "words"),
    [("0", "expected int >= 1, got 0"), ("many", "expected a whole number, got 'many'"), ("99999999", "<= 65536")],
)
def test_what_is_refused_is_said_beside_the_field(inspector, document, text, words):
    inspector.inspect(0, "h1")
    row = inspector.node.form.rows["units"]
    enter(row.editor.widgets()[0], text)
    assert row.error.isVisible()
    assert words in row.error.text()
    assert row.error.objectName() == "trouble"
    assert document.stack.count() == 0
    assert row.editor.widgets()[0].text() == text
    enter(row.editor.widgets()[0], "6")
    assert not row.error.isVisible()
    assert document.project.graph.layer("h1").units == 6


def test_a_field_shows_where_its_initializer_has_it(inspector, document):
    inspector.inspect(0, "h1")
    shown = {}
    for init in ("he_normal", "sparse", "orthogonal", "constant"):
        document.set_node_field(0, "h1", "init", init)
        shown[init] = {name for name in visible(inspector.node.form) if name.startswith("init_")}
    assert shown == {
        "he_normal": set(),
        "sparse": {"init_gain", "init_nonzero"},
        "orthogonal": {"init_gain"},
        "constant": {"init_value"},
    }


def test_a_gain_is_typed_as_a_number_or_as_an_activation(inspector, document):
    inspector.inspect(0, "h1")
    gain = box(inspector.node.form, "init_gain")
    enter(gain, "relu")
    assert document.project.graph.layer("h1").init_gain == 2**0.5
    assert gain.text().startswith("1.414")
    enter(gain, "0.5")
    assert document.project.graph.layer("h1").init_gain == 0.5
    enter(gain, "gelu")
    assert "expected a number or linear, sigmoid, tanh, relu" in inspector.node.form.rows["init_gain"].error.text()


def test_what_was_half_typed_does_not_follow_to_another_node(inspector):
    inspector.inspect(2, "h1")
    enter(box(inspector.node.form, "units"), "0")
    inspector.inspect(2, "h2")
    assert box(inspector.node.form, "units").text() == "3"
    assert not inspector.node.form.rows["units"].error.isVisible()


def test_a_field_appears_where_it_has_a_meaning(inspector, document):
    inspector.inspect(0, "h1")
    assert "init_std" not in visible(inspector.node.form)
    document.set_node_field(0, "h1", "init", "normal")
    assert "init_std" in visible(inspector.node.form)
    assert "init_limit" not in visible(inspector.node.form)


def test_another_optimizer_brings_its_fields_and_keeps_the_focus(inspector, document):
    form = inspector.training.form
    kind = box(form, "optimizer.kind")
    choose(kind, "S")
    assert document.project.training.optimizer.kind() == "sgd"
    assert document.project.training.optimizer.lr == 0.03
    assert "optimizer.momentum" in form.rows
    assert "optimizer.beta1" not in form.rows
    assert kind.hasFocus()
    assert form.rows["optimizer.momentum"].label.text() == "Momentum"


def test_batch_size_all_and_back(inspector, document):
    number, button = inspector.training.form.rows["batch_size"].editor.widgets()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert document.project.training.batch_size == "all"
    assert number.text() == "all"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert document.project.training.batch_size == 32
    enter(number, "all")
    assert document.project.training.batch_size == "all"
    assert button.isChecked()


def test_an_optional_field_is_switched_on_and_off(inspector, document):
    switch, number, *_ = inspector.training.form.rows["clip_norm"].editor.widgets()
    assert switch.text() == "off"
    assert not number.isVisible()
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, NONE, QPoint(8, switch.height() // 2))
    assert document.project.training.clip_norm == 1.0
    assert number.isVisible()
    enter(number, "5")
    assert document.project.training.clip_norm == 5.0
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, NONE, QPoint(8, switch.height() // 2))
    assert document.project.training.clip_norm is None


def test_the_inputs_shape_begins_as_that_of_the_data(inspector, document):
    inspector.inspect(1, "x")
    switch, line = inspector.node.form.rows["shape"].editor.widgets()
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, NONE, QPoint(8, switch.height() // 2))
    assert document.lanes()[1].graph.layer("x").shape == (2,)
    enter(line, "3x")
    assert "expected whole numbers such as 8×8" in inspector.node.form.rows["shape"].error.text()
    enter(line, "3, 2")
    assert document.lanes()[1].graph.layer("x").shape == (3, 2)
    assert line.text() == "3×2"
    assert "shape is 3×2" in inspector.node.trouble.text()


def test_other_data_and_a_loss_that_does_not_fit_them(inspector, document):
    choose(box(inspector.data.form, "kind"), "Bl")
    assert document.project.data.kind() == "blobs"
    enter(box(inspector.data.form, "classes"), "3")
    assert document.project.data.classes == 3
    error = inspector.training.form.rows["loss.kind"].error
    assert "wants 2 classes" in error.text()
    assert error.isVisible()


def test_data_from_a_file_ask_for_the_file_first(inspector, document, tmp_path, qtbot):
    inspector.importing.ask_file = inspector.importing.ask_folder = lambda: ""
    kind = box(inspector.data.form, "kind")
    take(kind, "NumPy file")
    assert document.project.data.kind() == "xor"
    assert kind.currentText() == "XOR"
    np.savez(tmp_path / "mine.npz", x=np.zeros((4, 3)), y=np.array([0, 1, 0, 1]))
    inspector.importing.ask_file = lambda: str(tmp_path / "mine.npz")
    take(kind, "NumPy file")
    accept(inspector, qtbot)
    assert document.project.data.path == (tmp_path / "mine.npz").as_posix()
    assert inspector.data.note.text() == "examples of 3 numbers"


def test_undo_reaches_the_document_while_a_field_has_the_focus(inspector, document, qtbot):
    undo = document.stack.createUndoAction(inspector)
    undo.setShortcut("Ctrl+Z")
    inspector.addAction(undo)
    inspector.inspect(0, "h1")
    units = box(inspector.node.form, "units")
    enter(units, "9")
    QTest.keyClick(units, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert document.project.graph.layer("h1").units == 4
    units.selectAll()
    QTest.keyClicks(units, "12")
    QTest.keyClick(units, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert document.stack.canRedo(), "half typed words are the field's own to undo"


def test_every_field_has_a_name_and_a_place_in_the_order_of_tabs(inspector):
    inspector.inspect(0, "h1")
    for section in (inspector.node, inspector.training, inspector.data):
        for name, row in section.form.rows.items():
            for widget in row.editor.widgets():
                assert widget.accessibleName(), name
                assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, name
            assert row.label.buddy() is row.editor.widgets()[0]
    wanted = [w for s in (inspector.node, inspector.training, inspector.data) for w in s.form.focus_chain()]
    wanted = [w for w in wanted if w.isVisible()]
    found, widget = [], wanted[0]
    while widget not in found:
        found.append(widget)
        widget = next_field(widget, wanted)
    assert found == wanted


def next_field(widget, fields):
    after = widget.nextInFocusChain()
    while after not in fields:
        after = after.nextInFocusChain()
    return after


def test_at_240_pixels_nothing_is_cut(inspector, document, qtbot):
    document.set_node_field(0, "h1", "init", "normal")
    document.set_training_field(0, "clip_norm", 1.0)
    inspector.inspect(0, "h1")
    inspector.resize(240, 900)
    QTest.qWait(20)
    enter(box(inspector.node.form, "units"), "0")
    QTest.qWait(20)
    for section in (inspector.node, inspector.training, inspector.data):
        assert section.mapTo(inspector, QPoint(section.width(), 0)).x() <= 240
        for name, row in section.form.rows.items():
            if row.editor.isHidden():
                continue
            label: QLabel = row.label
            assert row.editor.height() >= row.editor.minimumSizeHint().height(), name
            assert label.heightForWidth(label.width()) <= label.height(), name
            longest = max(label.fontMetrics().horizontalAdvance(word) for word in label.text().split())
            assert longest <= label.width(), name
            for widget in row.editor.widgets():
                if isinstance(widget, QLineEdit | QComboBox):
                    assert widget.width() >= 38, name
    error = inspector.node.form.rows["units"].error
    assert error.heightForWidth(error.width()) <= error.height()


def test_it_goes_with_its_document(inspector, document):
    inspector.inspect(0, "h1")
    document.load(document.lanes()[1], None)
    assert inspector.node.title.text() == "Nothing selected"
    assert not inspector.node.form.isVisible()
    assert inspector.training.note.isHidden()
