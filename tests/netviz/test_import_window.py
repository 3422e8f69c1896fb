"""Files of data come into a window by menu and by hand, and the run follows."""

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from netviz.widgets.command_palette import actions_of
from tests.netviz.by_hand import drop

LONG = 60_000
TABLE = "a,b,c,y\n" + "".join(f"{i % 5},{i % 7},{i % 3},{'uvw'[i % 3]}\n" for i in range(60))


def test_a_table_dropped_on_the_window_is_trained_on(open_window, qtbot, tmp_path):
    window = open_window()
    (tmp_path / "t.csv").write_text(TABLE)
    drop(window, tmp_path / "t.csv")
    qtbot.waitUntil(lambda: window.importing.dialog is not None)
    dialog = window.importing.dialog
    qtbot.waitUntil(dialog.accept_button.isEnabled, timeout=LONG)
    assert dialog.replace.isChecked()
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    assert window.document.project.data.kind() == "csv"
    assert window.document.lane_problems(0) == []
    assert window.importing.dialog is None


def test_import_data_by_its_key(open_window, qtbot, tmp_path):
    window = open_window()
    (tmp_path / "t.csv").write_text(TABLE)
    window.importing.ask_file = lambda: str(tmp_path / "t.csv")
    QTest.keyClick(window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.importing.dialog is not None)
    window.importing.dialog.reject()
    assert window.document.project.data.kind() == "xor"


def test_what_is_no_data_is_said(open_window, qtbot, tmp_path):
    window = open_window()
    window.importing.open(tmp_path / "t.pdf")
    assert window.importing.dialog is None
    qtbot.waitUntil(window.banner.isVisible)
    assert window.document.project.data.kind() == "xor"


def test_closing_the_window_while_a_file_is_read_waits_for_nobody(open_window, qtbot, tmp_path):
    window = open_window()
    (tmp_path / "t.csv").write_text(TABLE)
    window.importing.open(tmp_path / "t.csv")
    assert window.importing.reader.busy
    window.files.forget()
    window.close()
    assert not window.importing.reader.busy


def test_a_folder_of_pictures_dropped_on_the_window_is_trained_on(open_window, qtbot, tmp_path):
    window = open_window()
    for i in range(12):
        place = tmp_path / "pets" / ("cat", "dog", "fox")[i % 3]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4, 3), 20 * i, np.uint8)).save(place / f"{i}.png")
    drop(window, tmp_path / "pets")
    qtbot.waitUntil(lambda: window.importing.dialog is not None)
    dialog = window.importing.dialog
    qtbot.waitUntil(dialog.accept_button.isEnabled, timeout=LONG)
    assert dialog.size_words.text() == "12 examples of 3×4×4"
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    assert window.document.project.data.kind() == "images"
    assert window.document.project.data.preprocess == "standardize"
    assert window.document.lane_problems(0) == []


def test_a_folder_is_asked_for_where_pictures_are_chosen(open_window, tmp_path):
    window = open_window()
    asked = []
    window.importing.ask_folder = lambda: asked.append("folder") or ""
    window.importing.ask_file = lambda: asked.append("file") or ""
    window.importing.ask("images")
    window.importing.ask("idx")
    dict(actions_of(window.menuBar()))["File › Import Folder of Pictures…"].trigger()
    assert asked == ["folder", "file", "folder"]


def test_a_text_dropped_on_the_window_is_trained_on(open_window, qtbot, tmp_path):
    window = open_window()
    (tmp_path / "t.txt").write_text("the cat sat on the mat.\n" * 40)
    drop(window, tmp_path / "t.txt")
    qtbot.waitUntil(lambda: window.importing.dialog is not None)
    dialog = window.importing.dialog
    qtbot.waitUntil(dialog.accept_button.isEnabled, timeout=LONG)
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    assert window.document.project.data.kind() == "text"
    assert window.document.lane_problems(0) == []
    window.session.advance(steps=1)
    qtbot.waitUntil(lambda: window.session.step == 1, timeout=LONG)
