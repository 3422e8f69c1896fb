"""What is long to read is read beside the window, and shown as far as it is there."""

import threading

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.data.images import Images
from netviz.document.table_import import look_at_table
from netviz.editor import import_dialog
from tests.netviz.editor.import_hand import TABLE, roles, settled


def test_a_large_file_is_read_beside_the_window_and_given_up(show, inspector, document, qtbot, monkeypatch, tmp_path):
    """The reading waits for the test: the window does not, and hears how far it is."""
    goes_on, ended = threading.Event(), threading.Event()

    def slow(folder, path, told, **layout):
        told(0.25)
        try:
            for _ in range(1000):
                if goes_on.wait(0.01):
                    break
                told(0.4)
        except Exception:
            ended.set()
            raise
        return look_at_table(folder, path, told=told, **layout)

    monkeypatch.setitem(import_dialog.LOOKS, "csv", slow)
    (tmp_path / "t.csv").write_text(TABLE)
    inspector.importing.open(tmp_path / "t.csv")
    dialog = inspector.importing.dialog
    qtbot.waitUntil(lambda: dialog.bar.isVisible() and dialog.bar.value() == 400)
    assert not dialog.accept_button.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    qtbot.waitUntil(ended.is_set)
    inspector.importing.open(tmp_path / "t.csv")
    again = inspector.importing.dialog
    goes_on.set()
    settled(again, qtbot)
    assert again.trouble.text() == ""
    assert again.bar.isHidden()


def test_the_first_rows_are_shown_while_the_others_are_read(show, inspector, document, qtbot, monkeypatch, tmp_path):
    """What is chosen by then stays chosen; nothing can be used before the whole has been read."""
    goes_on = threading.Event()

    def slow(folder, path, most_rows=None, **told):
        if most_rows is None:
            goes_on.wait(20)
        return look_at_table(folder, path, most_rows=most_rows, **told)

    monkeypatch.setitem(import_dialog.LOOKS, "csv", slow)
    monkeypatch.setattr(import_dialog, "HEAD", 10)
    (tmp_path / "t.csv").write_text(TABLE)
    inspector.importing.open(tmp_path / "t.csv")
    dialog = inspector.importing.dialog
    qtbot.waitUntil(lambda: dialog.size_words.text() == "the first 10 rows, 5 columns")
    dialog.table.setFocus()
    dialog.table.setCurrentIndex(dialog.table.sheet_model.index(0, 1))
    QTest.keyClick(dialog.table, Qt.Key.Key_L)
    qtbot.wait(2 * import_dialog.SETTLE_MS)
    assert not dialog.settled
    assert not dialog.accept_button.isEnabled()
    goes_on.set()
    settled(dialog, qtbot)
    assert dialog.size_words.text() == "40 rows, 5 columns"
    assert roles(dialog)[1] == "unused"
    assert dialog.table.currentIndex().column() == 1


def test_a_large_text_is_read_in_the_background(show, monkeypatch) -> None:
    threads = []
    look = import_dialog.LOOKS["text"]
    monkeypatch.setitem(
        import_dialog.LOOKS,
        "text",
        lambda *args, **more: threads.append(threading.current_thread()) or look(*args, **more),
    )
    show("abc abd abe " * 500, "t.md")
    assert threads
    assert all(thread is not threading.main_thread() for thread in threads)


def test_pictures_are_shown_by_class_and_read_beside_the_window(
    inspector, document, qtbot, monkeypatch, tmp_path
) -> None:
    threads = set()
    plain = Images.picture

    def watched(self, path, size):
        threads.add(threading.current_thread())
        return plain(self, path, size)

    monkeypatch.setattr(Images, "picture", watched)
    for name, grey in (("dark/1", 20), ("dark/2", 30), ("light/1", 200)):
        path = tmp_path / "pictures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((12, 12), grey, np.uint8)).save(path)
    inspector.importing.open(tmp_path / "pictures")
    dialog = inspector.importing.dialog
    with qtbot.waitExposed(dialog):
        dialog.show()
    settled(dialog, qtbot)
    assert dialog.pictures.isVisible()
    told = [(each.name, [int(values.mean()) for values in each.values]) for each in dialog.pictures.pictures]
    assert told == [("dark", [20, 30]), ("light", [200])]
    assert threads
    assert threading.main_thread() not in threads
    dialog.reject()
    inspector.importing.close()
