"""One example followed in its window: from the menu and the panel to try, on the network and in its panel, by step."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.probes.example import Part, raw
from engine.project import load_project
from engine.trainer import Trainer
from netviz.editor.flow import Flow
from netviz.experiments import find_experiments
from netviz.panels.follow import FollowPanel
from netviz.panels.try_it import TryPanel

LONG = 60_000


def panel_of(window, kind):
    return next(panel for panel in window.panels if isinstance(panel, kind))


def answered(window, qtbot) -> None:
    """Every network has told of what is asked now."""
    followed = window.session.history.followed
    qtbot.waitUntil(lambda: all(followed.answers(lane.follow) for lane in window.session.history.lanes), timeout=LONG)


def test_the_menu_follows_an_example_on_the_network_and_in_the_panel(open_window, qtbot):
    window = open_window()
    assert window.docks["follow"].isHidden()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_E, keys)
    assert window.docks["follow"].isVisible()
    answered(window, qtbot)
    window.session.history.followed.look_at("a1", 1)
    answered(window, qtbot)
    panel = panel_of(window, FollowPanel)
    qtbot.waitUntil(lambda: panel.bar.unit.text() == "h1 → a1, unit 2 of 4", timeout=LONG)
    trainer = Trainer(load_project(find_experiments()["xor"].path).lanes()[0])
    weights, x = trainer.network.parameters(), trainer.data.x[0]
    z = weights["h1.weight"].astype(float) @ x + weights["h1.bias"]
    lane = window.session.history.lanes[0]
    assert lane.follow.sections[0].value == pytest.approx(z[1], rel=1e-6)
    box = window.canvas.sheet.nodes[0, "h1"]
    qtbot.waitUntil(lambda: box.followed.chosen == 1, timeout=LONG)
    cells = box.followed
    np.testing.assert_allclose(cells.values, np.tanh(z), rtol=1e-6)
    # The network beside it has no such layer, and is shown all the same.
    assert window.canvas.sheet.nodes[1, "out"].followed is not None
    assert any("There is no a1" in one.text for one in panel.ledger.placed if one.lane == 1)


def test_a_click_on_a_cell_looks_at_its_unit(open_window, qtbot):
    window = open_window()
    followed, canvas = window.session.history.followed, window.canvas
    followed.turn(True)
    box = canvas.sheet.nodes[0, "h1"]
    qtbot.waitUntil(lambda: box.followed is not None, timeout=LONG)
    qtbot.wait(50)  # the view has fitted the boxes, which may have grown
    place = canvas.mapFromScene(box.pos() + box.followed.tiles(box.live_rect)[2].center())
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    qtbot.waitUntil(lambda: (followed.question.node, followed.question.unit) == ("a1", 2), timeout=LONG)
    answered(window, qtbot)
    qtbot.waitUntil(lambda: box.followed.chosen == 2, timeout=LONG)
    assert canvas.selection == (0, "h1")


def test_single_weights_run_from_cell_to_cell(open_window, qtbot):
    window = open_window()
    window.live.choose_flow(Flow.WEIGHTS)
    window.session.history.followed.turn(True)
    item = window.canvas.wire_item(0, "x", "h1")
    start, end = window.canvas.sheet.nodes[0, "x"], window.canvas.sheet.nodes[0, "h1"]
    qtbot.waitUntil(lambda: None not in (item.strands, start.followed, end.followed), timeout=LONG)
    middles = [[box.y() + tile.center().y() for tile in box.followed.tiles(box.live_rect)] for box in (start, end)]
    assert len(item.strands.lines) == len(middles[0]) * len(middles[1])
    for line in item.strands.lines:
        assert (line.start.y(), line.end.y()) == (middles[0][line.input], middles[1][line.unit])


def test_the_panel_to_try_and_the_panel_of_one_example_look_at_the_same(open_window, qtbot):
    window = open_window()
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    tried = panel_of(window, TryPanel)
    qtbot.waitUntil(lambda: tried.input is not None, timeout=LONG)
    tried.setFocus()
    QTest.keyClick(tried, Qt.Key.Key_E)
    followed = window.session.history.followed
    assert followed.on
    assert window.docks["follow"].isVisible()
    tried.take(5)
    answered(window, qtbot)
    lane = window.session.history.lanes[0]
    assert (lane.follow.part, lane.follow.index) == (Part.TRAINING, 5)
    panel_of(window, FollowPanel).bar.next.click()
    qtbot.waitUntil(lambda: tried._origin is not None and tried._origin.index == 6, timeout=LONG)
    tried.input.show_x(np.array([0.25, -0.5]))
    tried.input.edited.emit()
    answered(window, qtbot)
    assert followed.question.x == raw(np.array([0.25, -0.5]))
    assert lane.follow.part is None
    assert lane.follow.x.tolist() == [0.25, -0.5]
    assert lane.follow.loss is None  # nobody has said what should come out
    followed.aim((1.0,))
    answered(window, qtbot)
    assert lane.follow.loss is not None


def test_answers_follow_while_it_trains_and_a_reset_keeps_the_example(open_window, qtbot):
    window = open_window()
    followed = window.session.history.followed
    followed.turn(True)
    followed.take(Part.VALIDATION, 3)
    answered(window, qtbot)
    lane = window.session.history.lanes[0]
    first = lane.follow.loss
    window.session.advance(epochs=20)
    qtbot.waitUntil(lambda: window.session.epoch >= 20, timeout=LONG)
    qtbot.waitUntil(lambda: lane.follow.loss != first, timeout=LONG)
    with qtbot.waitSignal(window.session.rewound, timeout=LONG):
        window.session.reset()
    qtbot.waitUntil(lambda: window.session.history.lanes[0].follow is not None, timeout=LONG)
    again = window.session.history.lanes[0].follow
    assert (again.part, again.index, again.loss) == (Part.VALIDATION, 3, pytest.approx(first))


def test_the_chain_rule_opens_step_by_step(open_window, qtbot):
    window = open_window("chain-rule")
    followed, panel = window.session.history.followed, panel_of(window, FollowPanel)
    assert followed.on
    assert panel.isVisible()
    answered(window, qtbot)
    sheet = window.canvas.sheet
    wires = {(wire.source, wire.target): item for (_, wire), item in sheet.wires.items()}
    told = window.session.history.lanes[0].follow
    values = {node.node: float(node.values[0]) for node in told.nodes}
    for step, (source, target) in enumerate(told.wires):
        panel.go(1)
        answered(window, qtbot)
        lit = [ends for ends, item in wires.items() if item.carried.lit]
        assert lit == [(source, target)]
        assert wires[source, target].carried.values[0] == values[source]
        assert panel.bar.step.text().startswith(f"{step + 1} of 21")
    panel.go(1)
    assert "the loss" in panel.bar.step.text()
    for _ in range(10):
        panel.go(1)
        answered(window, qtbot)
    assert all(item.carried.returned is not None for item in wires.values())
