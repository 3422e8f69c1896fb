"""What to do and what to look for: shown over the network, edited, undone, saved."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QMenu

from engine.errors import ProjectError
from engine.project import LONGEST_NOTES, load_project, project_from, read_json
from netviz.document.storage import read_project
from netviz.experiments import find_experiments
from netviz.notes_actions import NotesDialog
from netviz.widgets.command_palette import actions_of

LONG = 60_000


def command(window, path):
    return dict(actions_of(window.menuBar()))[path]


def press(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("name", list(find_experiments()))
def test_every_experiment_says_what_to_look_for(name):
    made = find_experiments()[name]
    assert 60 < len(made.notes) < 300, "one to three sentences"
    assert made.notes == load_project(made.path).notes


def test_the_file_keeps_them_and_refuses_what_is_no_text_or_too_long(tmp_path):
    data = read_json(find_experiments()["xor"].path)
    assert project_from(data, tmp_path).to_json() == data
    without = {key: value for key, value in data.items() if key != "notes"}
    assert project_from(without, tmp_path).to_json() == without
    for wrong in (3, "a" * (LONGEST_NOTES + 1), None):
        with pytest.raises(ProjectError, match="notes: expected a text of at most 2000 characters"):
            project_from(data | {"notes": wrong}, tmp_path)


def test_they_stand_over_the_network_until_they_are_closed_or_another_project_opens(open_window, qtbot):
    window = open_window()
    found = find_experiments()
    assert window.notes.isVisible()
    assert window.notes.text == found["xor"].notes
    press(window.notes.close_)
    assert not window.notes.isVisible()
    shown = command(window, "View › Notes")
    assert not shown.isChecked()
    shown.trigger()
    assert window.notes.isVisible()
    press(window.notes.close_)
    window.files.open_experiment(found["saturation"].path)
    qtbot.waitUntil(lambda: window.notes.text == found["saturation"].notes, timeout=LONG)
    assert window.notes.isVisible()
    window.document.describe("Mine", "")
    assert not window.notes.isVisible()


def test_they_are_edited_in_one_step_of_undo_and_change_no_run(open_window, qtbot, tmp_path):
    window = open_window()
    before = window.document.project
    press(window.notes.edit)
    dialog = window.findChild(NotesDialog)
    dialog.name.setText("Mine")
    dialog.notes.setPlainText("Look here.\nThen there.")
    press(dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok))
    assert window.notes.text == "Look here.\nThen there."
    assert window.windowTitle().startswith("Mine")
    assert not window.banner.isVisible()  # nothing to restart
    window.files.save_to(tmp_path / "mine.netviz")
    qtbot.waitUntil(lambda: not window.document.dirty, timeout=LONG)
    assert read_project(tmp_path / "mine.netviz")[0].notes == "Look here.\nThen there."
    window.document.stack.undo()
    assert (window.document.project.name, window.document.project.notes) == (before.name, before.notes)
    assert window.notes.text == before.notes


def test_what_cannot_be_a_name_or_notes_is_said_in_the_dialog(open_window):
    window = open_window()
    before, steps = window.document.project, window.document.stack.count()
    command(window, "Network › Name and Notes…").trigger()
    dialog = window.findChild(NotesDialog)
    dialog.name.setText("Mine")
    dialog.notes.setPlainText("a" * (LONGEST_NOTES + 1))
    dialog.accept()
    assert dialog.isVisible()
    assert dialog.trouble.text() == "notes: expected a text of at most 2000 characters, got 2001"
    dialog.notes.setPlainText("fine")
    dialog.name.setText(" ")
    dialog.accept()
    assert dialog.trouble.text().startswith("name: expected a text of 1 to ")
    assert (window.document.project, window.document.stack.count()) == (before, steps)
    dialog.reject()


def test_the_menu_of_experiments_tells_them_under_the_pointer(open_window):
    window = open_window()
    menus = [menu for menu in window.findChildren(QMenu) if menu.title() == "First Steps"]
    assert all(menu.toolTipsVisible() for menu in menus)
    xor = command(window, "File › Open Experiment › First Steps › XOR needs a hidden layer")
    assert find_experiments()["xor"].notes in xor.toolTip()
