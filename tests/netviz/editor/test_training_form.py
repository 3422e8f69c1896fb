"""The forms of training and data: sections switched on and off, kinds with fields of their own, rows of numbers."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.catalogue import LOSSES, OPTIMIZERS
from tests.netviz.editor.forms import NONE, accept, box, choose, enter, take, visible


def test_a_schedule_is_chosen_filled_in_and_taken_away(document, inspector):
    form = inspector.training.form
    assert box(form, "schedule.kind").currentText() == "None"
    choose(box(form, "schedule.kind"), "Cos")
    assert document.project.training.schedule.to_json() == {"kind": "cosine"}
    assert {"schedule.warmup", "schedule.period", "schedule.lowest"} <= set(visible(form))
    enter(box(form, "schedule.period"), "7")
    assert document.project.training.schedule.period == 7
    assert document.stack.undoText() == "Change period"
    QTest.keyClick(box(form, "schedule.kind"), Qt.Key.Key_Up)
    assert document.project.training.schedule.to_json() == {"kind": "step", "period": 7}  # what both have is kept
    QTest.keyClick(box(form, "schedule.kind"), Qt.Key.Key_Home)
    assert document.project.training.schedule is None
    assert "schedule.period" not in visible(form)
    document.stack.undo()
    assert document.project.training.schedule.period == 7


def test_a_curriculum_is_switched_on_and_off_and_zeros_are_kept(document, inspector):
    form = inspector.training.form
    switch = form.rows["curriculum.epochs"].editor.widgets()[0]
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, NONE, QPoint(8, switch.height() // 2))
    assert document.project.training.curriculum.epochs == 20
    enter(box(form, "curriculum.start"), "0.5")
    choose(box(form, "curriculum.by"), "or")
    assert (document.project.training.curriculum.start, document.project.training.curriculum.by) == (0.5, "order")
    switch = form.rows["curriculum.epochs"].editor.widgets()[0]
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, NONE, QPoint(8, switch.height() // 2))
    assert document.project.training.curriculum is None
    assert "curriculum.start" not in visible(form)
    document.set_training_field(0, "keep_zeros", True)
    assert "keep_zeros" in visible(form)
    assert document.project.training.keep_zeros is True


def test_early_stopping_is_switched_on_and_off(document, inspector):
    form = inspector.training.form
    switch = form.rows["early_stopping.patience"].editor.widgets()[0]
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, NONE, QPoint(8, switch.height() // 2))
    assert document.project.training.early_stopping.patience == 10
    enter(box(form, "early_stopping.min_delta"), "0.01")
    assert document.project.training.early_stopping.min_delta == 0.01
    switch = form.rows["early_stopping.patience"].editor.widgets()[0]
    QTest.mouseClick(switch, Qt.MouseButton.LeftButton, NONE, QPoint(8, switch.height() // 2))
    assert document.project.training.early_stopping is None
    assert "early_stopping.min_delta" not in visible(form)


def test_a_table_by_its_ending_and_what_was_set_stays(inspector, document, tmp_path, qtbot):
    """The file says more than the kind beside it; of what was set, all stays that both kinds have."""
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,yes\n3,4,no\n5,6,yes\n")
    choose(box(inspector.data.form, "preprocess"), "St")
    assert document.project.data.preprocess == "standardize"
    choose(box(inspector.data.form, "kind"), "Iris")
    assert document.project.data.to_json() == {"kind": "iris", "preprocess": "standardize"}
    inspector.importing.ask_file = lambda: str(tmp_path / "t.csv")
    take(box(inspector.data.form, "kind"), "CSV table")
    accept(inspector, qtbot)
    path = (tmp_path / "t.csv").as_posix()
    assert document.project.data.to_json() == {"kind": "csv", "path": path, "preprocess": "standardize"}
    assert inspector.data.note.text() == "examples of 2 numbers"
    enter(box(inspector.data.form, "target"), "b")
    assert document.data_shape() == (3,)
    (tmp_path / "u.tsv").write_text("b\tc\n1\t2\n3\t4\n")
    inspector.importing.ask_file = lambda: str(tmp_path / "u.tsv")
    button = inspector.data.form.rows["path"].editor.widgets()[1]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    accept(inspector, qtbot)
    assert document.project.data.path.endswith("u.tsv")
    assert document.project.data.target == "b"
    enter(box(inspector.data.form, "target"), "d")
    assert "has no column 'd', it has 1 to 2: b, c" in inspector.data.form.rows["path"].error.text()


def test_a_text_is_read_as_the_kind_that_was_asked_for(inspector, document, tmp_path, qtbot):
    """Tables end in .txt, too."""
    (tmp_path / "t.txt").write_text("to be or not to be\n" * 5)
    inspector.importing.ask_file = lambda: str(tmp_path / "t.txt")
    choose(box(inspector.data.form, "kind"), "Characters")
    dialog = inspector.importing.dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.accept_button.isEnabled)
    dialog.accept()
    assert document.project.data.kind() == "text"
    assert inspector.data.note.text() == "examples of 4×8 numbers"  # so short a text has few long windows
    inspector.importing.open(tmp_path / "t.txt")
    assert inspector.importing.dialog not in (None, dialog)  # a table, where nothing was asked for


@pytest.mark.parametrize(
    ("text", "weights", "shown"),
    [("1, 2.5", (1.0, 2.5), "1, 2.5"), ("0.5;4", (0.5, 4.0), "0.5, 4"), ("3 1e-3", (3.0, 0.001), "3, 0.001")],
)
def test_class_weights_are_numbers_in_a_row(inspector, document, text, weights, shown):
    document.set_training_field(0, "loss.kind", "cross_entropy")
    line = box(inspector.training.form, "loss.class_weights")
    assert line.text() == ""
    enter(line, text)
    assert document.project.training.loss.class_weights == weights
    assert line.text() == shown
    line.setFocus()
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert document.project.training.loss.class_weights == ()


@pytest.mark.parametrize(
    ("text", "words"), [("1, heavy", "expected numbers such as 1, 2.5"), ("1, -2", "expected float > 0")]
)
def test_class_weights_that_are_none_are_refused(inspector, document, text, words):
    document.set_training_field(0, "loss.kind", "cross_entropy")
    enter(box(inspector.training.form, "loss.class_weights"), text)
    assert words in inspector.training.form.rows["loss.class_weights"].error.text()
    assert document.project.training.loss.class_weights == ()


@pytest.mark.parametrize(("part", "kinds"), [("optimizer", OPTIMIZERS), ("loss", LOSSES)])
def test_the_form_has_every_field_of_every_kind(inspector, document, part, kinds):
    for kind, declared in kinds.items():
        document.set_training_field(0, f"{part}.kind", kind)
        rows = inspector.training.form.rows
        wanted = {f"{part}.{name}" for name in declared.__struct_fields__}
        assert {name for name in rows if name.startswith(f"{part}.")} == {f"{part}.kind", *wanted}
        for name in wanted:
            assert rows[name].property.help
        assert box(inspector.training.form, f"{part}.kind").currentText() == declared.title


def test_what_a_search_has_no_use_for_is_said_beside_it(inspector, document):
    document.set_training_field(0, "clip_norm", 1.0)
    document.set_training_field(0, "optimizer.kind", "lbfgs")
    assert "must be off" in inspector.training.form.rows["clip_norm"].error.text()
    document.set_training_field(0, "clip_norm", None)
    assert not inspector.training.form.rows["clip_norm"].error.text()
