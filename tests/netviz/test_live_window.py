"""The drawn network of a real window while a real run trains."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from engine.probes.units import Units
from engine.run.messages import Pace, PaceUnit
from netviz.editor.flow import Flow
from tests.netviz.by_hand import all_shown, press

LONG = 60_000


def picture(window, lane: int, node: str) -> QImage:
    """What the box shows on the screen."""
    canvas, item = window.canvas, window.canvas.node_item(lane, node)
    area = canvas.mapFromScene(item.mapRectToScene(item.live_rect)).boundingRect()
    return canvas.viewport().grab(area).toImage()


def colours(image: QImage) -> int:
    return len({image.pixel(x, y) for x in range(image.width()) for y in range(image.height())})


def asked(window) -> list[Units]:
    return [probe for probe in window.session._watch.probes if isinstance(probe, Units)]


def test_pictures_are_there_before_play_and_change_with_the_run(open_window, qtbot):
    window = open_window("xor")
    items = {(0, "x"), (0, "h1"), (0, "out"), (1, "x"), (1, "out")}
    qtbot.waitUntil(lambda: all(window.canvas.node_item(*key).live is not None for key in items), timeout=LONG)
    first = {key: picture(window, *key) for key in items}
    assert all(colours(image) > 20 for image in first.values()), "each shows something"
    assert {wire.flow for wire in window.canvas.sheet.wires.values()} == {None}, "no step, no gradient"
    window.session.set_pace(Pace(PaceUnit.EPOCHS_A_FRAME, 1))
    press(window, window.run_bar.play)
    qtbot.waitUntil(lambda: window.session.epoch >= 30, timeout=LONG)
    qtbot.waitUntil(lambda: all(w.flow is not None for w in window.canvas.sheet.wires.values()), timeout=LONG)
    window.session.pause()
    qtbot.waitUntil(lambda: window.session.state == "paused", timeout=LONG)
    qtbot.waitUntil(lambda: all_shown(window.session))
    then = {key: picture(window, *key) for key in items}
    assert {key for key in items if then[key] != first[key]} == {(0, "h1"), (0, "out"), (1, "out")}


def test_an_edit_while_it_runs_blanks_what_is_not_running(open_window, qtbot):
    window = open_window("xor")
    press(window, window.run_bar.play)
    qtbot.waitUntil(lambda: window.canvas.node_item(0, "h1").live is not None, timeout=LONG)
    qtbot.waitUntil(lambda: window.session.step > 50, timeout=LONG)
    window.document.set_node_field(0, "h1", "units", 9)
    assert window.canvas.node_item(0, "h1").live is None
    assert window.canvas.node_item(0, "out").live is not None
    qtbot.waitUntil(lambda: window.banner.isVisible(), timeout=LONG)
    qtbot.mouseClick(window.banner.answer, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.canvas.node_item(0, "h1").live is not None, timeout=LONG)
    assert "9 units" in window.canvas.node_item(0, "h1").live.words


def test_the_worker_is_asked_only_for_what_can_be_seen(open_window, qtbot):
    window = open_window("xor")
    qtbot.waitUntil(lambda: len(asked(window)) == 1, timeout=LONG)
    assert window.session._watch.layers
    for dock in window.docks.values():
        dock.hide()
    qtbot.waitUntil(lambda: not window.docks["gradients"].isVisible(), timeout=LONG)
    window.live.pictures.setChecked(False)
    assert asked(window) == []
    qtbot.waitUntil(lambda: window.session._watch.layers, timeout=LONG)
    window.live.choose_flow(Flow.OFF)
    assert window.session._watch.health
    window.live.health.setChecked(False)
    assert not window.session._watch.health
    qtbot.waitUntil(lambda: not window.session._watch.layers, timeout=LONG)
    window.live.pictures.setChecked(True)
    window.live.choose_flow(Flow.BACK)
    assert len(asked(window)) == 1
    window.canvas.hide()
    qtbot.waitUntil(lambda: asked(window) == [] and not window.session._watch.layers, timeout=LONG)
    window.canvas.show()
    qtbot.waitUntil(lambda: len(asked(window)) == 1, timeout=LONG)


def test_the_view_menu_has_all_choices(open_window):
    window = open_window("xor")
    menu = next(a.menu() for a in window.menuBar().actions() if a.text() == "&View")
    texts = [action.text() for action in menu.actions()]
    assert {"Live Pictures on the Boxes", "Health on the Boxes"} <= set(texts)
    wires = menu.actions()[texts.index("Wires Show")].menu()
    assert [(a.text(), a.isChecked()) for a in wires.actions()] == [
        ("Gradient back", True),
        ("Signal forward", False),
        ("Single weights", False),
        ("Plain", False),
    ]


def test_health_is_shown_from_the_first_look_on(open_window, qtbot):
    window = open_window("xor")
    box = window.canvas.node_item(0, "h1")
    qtbot.waitUntil(lambda: box.live is not None, timeout=LONG)
    assert box.mark is None, "nobody has looked at a step"
    press(window, window.run_bar.play)
    qtbot.waitUntil(lambda: box.mark is not None, timeout=LONG)
    assert window.canvas.node_item(0, "x").mark is None
    press(window, window.run_bar.reset)
    qtbot.waitUntil(lambda: box.mark is None, timeout=LONG)


def test_single_weights_are_those_that_train(open_window, qtbot):
    window = open_window("xor")
    window.session.pause()
    window.live.choose_flow(Flow.WEIGHTS)
    wire = window.canvas.wire_item(0, "x", "h1")
    qtbot.waitUntil(lambda: wire.strands is not None, timeout=LONG)
    told = []
    window.session.take_keyframe(lambda keyframe: told.append(keyframe.parameters[0]))
    qtbot.waitUntil(lambda: bool(told), timeout=LONG)
    np.testing.assert_array_equal(wire.strands.values, told[0]["h1.weight"])
