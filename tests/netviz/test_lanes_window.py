"""Networks side by side in a real window: what differs stands on the canvas and over the panels, in words."""

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QToolButton

from netviz import theme
from netviz.widgets.marks import draw_head, fonts

LONG = 60_000


def test_the_words_stand_on_the_canvas_and_reach_the_panels(open_window, qtbot):
    window = open_window("xor")
    headers = window.canvas.sheet.headers
    assert headers[0].note == "17 parameters · with h1, tanh"
    assert headers[1].note == "3 parameters · without h1, tanh"
    assert [lane.apart for lane in window.session.history.lanes] == ["with h1, tanh", "without h1, tanh"]


def test_one_thing_changed_in_a_copy_is_said_of_both(open_window, qtbot):
    window = open_window("xor")
    qtbot.keyClick(window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    lane, _ = window.canvas.selection

    def notes() -> list[str]:
        return [window.canvas.sheet.headers[i].note for i in range(lane + 1)]

    before = notes()
    window.document.set_node_field(lane, "h1", "units", 9)
    assert [note.split(" · ")[-1] for note in notes()] == ["units 4", "without h1, tanh", "units 9"]
    assert notes()[0] != before[0], "the network that was not edited is told from the other, too"
    window.document.stack.undo()
    assert notes() == before


def test_a_rate_changed_while_it_runs_is_told_over_the_panels(open_window, qtbot):
    window = open_window("dead-relu")
    window.document.set_training_field(2, "optimizer.lr", 0.25)
    qtbot.waitUntil(lambda: "learning rate 0.25" in window.session.history.lanes[2].apart, timeout=LONG)
    window.session.advance(epochs=1)
    qtbot.waitUntil(lambda: window.session.epoch == 1, timeout=LONG)
    window.session.reset()
    qtbot.waitUntil(lambda: window.session.step == 0, timeout=LONG)
    assert "learning rate 0.25" in window.session.history.lanes[2].apart


@pytest.mark.parametrize(("width", "shown"), [(260, True), (70, False)])
def test_a_heading_says_the_words_where_there_is_room(qapp: QApplication, width: int, shown: bool):
    made = fonts()

    def drawn(apart: str) -> QImage:
        image = QImage(width, 20, QImage.Format.Format_RGB32)
        image.fill(QColor(theme.theme().card))
        painter = QPainter(image)
        draw_head(painter, made, QRectF(0, 0, width, 20), "network", 0, "", apart)
        painter.end()
        return image

    assert (drawn("learning rate 0.1") != drawn("")) is shown


def test_one_click_trains_a_copy_beside_the_network_and_undo_takes_it_back(open_window, qtbot):
    window = open_window("dead-relu")
    lanes = len(window.document.lanes())
    (button,) = (b for b in window.run_bar.findChildren(QToolButton) if "Train Another Beside It" in b.toolTip())
    assert "(Ctrl+B): A copy of the network" in button.toolTip()
    assert button.accessibleName() or button.text()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert len(window.document.lanes()) == lanes + 1
    assert window.canvas.selection[0] == lanes, "the copy is what is changed next"
    window.document.stack.undo()
    assert len(window.document.lanes()) == lanes
