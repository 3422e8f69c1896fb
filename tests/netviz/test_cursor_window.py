"""One cursor for canvas and panels of a real window, by mouse and by keys."""

from PySide6.QtCore import QPoint, Qt

from engine.run.messages import Pace, PaceUnit
from netviz.runtime.cursor import NOTHING, Mark

LONG = 60_000


def spot(canvas, lane: int, node: str) -> QPoint:
    item = canvas.node_item(lane, node)
    return canvas.mapFromScene(item.mapToScene(item.rect().topLeft() + QPoint(30, 12)))


def trained(window, qtbot, steps: int = 40) -> None:
    window.session.set_pace(Pace(PaceUnit.EPOCHS_A_FRAME, 1))
    window.session.play()
    qtbot.waitUntil(lambda: window.session.step >= steps, timeout=LONG)
    window.session.pause()
    qtbot.waitUntil(lambda: window.session.state == "paused", timeout=LONG)
    qtbot.waitUntil(lambda: window.session.answered == ("paused", window.session.step), timeout=LONG)


def test_a_box_under_the_mouse_lights_its_layer_in_every_lane_and_panel(open_window, qtbot):
    window = open_window("vanishing-gradient")
    cursor = window.session.history.cursor
    qtbot.mouseMove(window.canvas.viewport(), spot(window.canvas, 0, "h2"))
    qtbot.waitUntil(lambda: cursor.layers == {"h2", "a2"})
    assert set(window.lit.rings) == {(0, "h2"), (1, "h2"), (2, "h2")}
    assert cursor.mark.lane == 0
    qtbot.mouseMove(window.canvas.viewport(), QPoint(2, 2))
    qtbot.waitUntil(lambda: not window.lit.rings)


def test_a_layer_pointed_at_in_a_panel_is_ringed_on_the_canvas(open_window, qtbot):
    window = open_window("xor")
    before = window.canvas.viewport().grab().toImage()
    window.session.history.cursor.hover(Mark("a1"))
    ring = window.lit.rings[0, "h1"]
    assert ring.pos() == window.canvas.node_item(0, "h1").pos()
    assert window.canvas.viewport().grab().toImage() != before
    window.session.history.cursor.hover(NOTHING)
    assert window.canvas.viewport().grab().toImage() == before


def test_choosing_a_box_pins_it_and_escape_lets_go(open_window, qtbot):
    window = open_window("xor")
    cursor = window.session.history.cursor
    window.canvas.select(0, "h1")
    assert cursor.pinned == Mark("h1", lane=0)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert cursor.pinned == NOTHING
    cursor.pin(Mark(step=3.0))
    window.run_bar.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert cursor.pinned == NOTHING, "from anywhere in the window"


def test_keys_go_from_step_to_step_and_from_layer_to_layer(open_window, qtbot):
    window = open_window("xor")
    trained(window, qtbot)
    cursor, steps = window.session.history.cursor, window.session.history.lanes[0].loss.steps

    def key(key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.ControlModifier) -> None:
        qtbot.keyClick(window, key, held)

    key(Qt.Key.Key_Period)
    assert cursor.pinned.step == steps[-1]
    key(Qt.Key.Key_Comma)
    key(Qt.Key.Key_Comma)
    assert cursor.pinned.step == steps[-3]
    key(Qt.Key.Key_Period)
    assert cursor.pinned.step == steps[-2]
    key(Qt.Key.Key_BracketRight)
    assert cursor.pinned == Mark(window.session.history.lanes[0].info.layers[0], step=steps[-2])
    key(Qt.Key.Key_BracketLeft)
    assert cursor.pinned.layer == "out", "round again"


def test_a_run_that_begins_anew_has_no_pinned_step(open_window, qtbot):
    window = open_window("xor")
    trained(window, qtbot)
    window.session.history.cursor.pin(Mark("h1", step=20.0))
    window.session.reset()
    qtbot.waitUntil(lambda: window.session.step == 0, timeout=LONG)
    assert window.session.history.cursor.pinned == Mark("h1")


def test_a_ring_goes_with_its_box_and_is_gone_with_it(open_window, qtbot):
    window = open_window("xor")
    window.canvas.select(0, "h1")
    window.canvas.setFocus()
    before = window.canvas.node_item(0, "h1").pos()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert window.canvas.node_item(0, "h1").pos() != before
    assert window.lit.rings[0, "h1"].pos() == window.canvas.node_item(0, "h1").pos()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Delete)
    assert (0, "h1") not in window.lit.rings
