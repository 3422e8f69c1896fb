"""Arrays and texts in the import dialog, which are no tables."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.netviz.editor.forms import choose
from tests.netviz.editor.import_hand import LEFT, roles, settled


def test_arrays_say_themselves_what_they_are(show, document, qtbot, tmp_path) -> None:
    np.savez(tmp_path / "made.npz", x=np.arange(24.0).reshape(8, 3), y=np.arange(8) % 4)
    dialog = show((tmp_path / "made.npz").read_bytes(), "d.npz")
    assert dialog.balance.balance == tuple((str(i), 2) for i in range(4))
    assert roles(dialog) == ("target", "number", "number", "number")
    QTest.keyClick(dialog.table, Qt.Key.Key_L)
    assert roles(dialog)[0] == "target"
    assert dialog.replace.isChecked()
    QTest.mouseClick(dialog.accept_button, LEFT)
    assert document.project.data.kind() == "npz"
    assert document.project.training.loss.kind() == "cross_entropy"


def test_a_text_is_shown_by_its_windows_and_imported(show, document, qtbot) -> None:
    dialog = show("the cat sat on the mat. " * 60, "t.md")
    assert "11 different" in dialog.size_words.text()
    assert dialog.window.length.value() == 30
    model = dialog.table.sheet_model
    assert model.index(2, 0).data() == "the cat sat on the mat. the ca"
    assert model.index(2, 1).data() == "t"
    assert dialog.preprocess.isHidden()
    assert dialog.replace.isChecked(), "the network that there is takes two numbers"
    assert dialog.network.text().startswith("30 characters → LSTM 64 → 11")
    dialog.window.length.setValue(4)
    choose(dialog.window.encoding, "Codes")
    settled(dialog, qtbot)
    assert model.index(2, 0).data() == "the "
    assert dialog.network.text().startswith("4 characters → embedding 5 → LSTM")
    QTest.mouseClick(dialog.accept_button, LEFT)
    data = document.project.data.to_json()
    assert data.pop("path").endswith("t.md")
    assert data == {"kind": "text", "length": 4, "encoding": "codes"}
    assert [node.layer.kind() for node in document.project.graph.nodes] == ["input", "embedding", "lstm", "dense"]
    assert document.lane_problems(0) == []
    assert document.stack.count() == 1


def test_of_a_text_in_another_encoding_the_place_is_said(show, document) -> None:
    before = document.project.to_bytes()
    dialog = show("schön\nwäre es\n".encode("latin-1"), "t.txt")
    assert dialog.trouble.text() == "t.txt is no text in UTF-8: see byte 3 (0xf6), in line 1"
    assert not dialog.accept_button.isEnabled()
    assert document.project.to_bytes() == before
    dialog.reject()


def test_a_window_longer_than_the_text_is_said_and_mended(show, qtbot) -> None:
    dialog = show("abc abd abe " * 5, "t.md")
    dialog.window.length.setValue(500)
    settled(dialog, qtbot)
    assert "the text has 60 characters, an example takes 501" in dialog.trouble.text()
    dialog.window.length.setValue(3)
    settled(dialog, qtbot)
    assert dialog.accept_button.isEnabled()
