"""The panel to try a network, in its window: opened by key, in a place of its own, with keys that stay its own."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.project import save_project
from netviz.main_window import MainWindow
from netviz.panels.try_it import TryPanel
from netviz.widgets.pad import PadInput
from tests.engine.cases import project
from tests.netviz.by_hand import all_shown

LONG = 60_000


def panel_of(window: MainWindow) -> TryPanel:
    return next(panel for panel in window.panels if isinstance(panel, TryPanel))


def opened(window: MainWindow, qtbot) -> TryPanel:
    """By its key; with its first answer."""
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    panel = panel_of(window)
    qtbot.waitUntil(lambda: panel.input is not None, timeout=LONG)
    return panel


def test_a_panel_in_no_row_opens_inside_the_window(open_window, qtbot):
    window = open_window()
    dock = window.docks["try"]
    assert dock.isHidden()
    panel = opened(window, qtbot)
    assert not dock.isFloating()
    assert window.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea
    assert panel.isVisible()
    assert panel.width() > 200
    assert panel.isAncestorOf(window.focusWidget())


def test_a_panel_in_a_row_stands_in_front_of_those_put_away(open_window, qtbot):
    window = open_window()
    qtbot.wait(50)
    for row in window.layout_.save()["rows"]:
        for name in row:
            assert not window.docks[name].visibleRegion().isEmpty(), name


def test_space_draws_on_the_pad_and_plays_elsewhere(open_window, qtbot, tmp_path):
    path = tmp_path / "digits.netviz"
    save_project(project([{"id": "out", "kind": "dense", "units": 10}], "cross_entropy", {"kind": "digits"}), path)
    window = open_window(path)
    panel = opened(window, qtbot)
    assert isinstance(panel.input, PadInput)
    panel.input.clear.click()
    panel.input.pad.setFocus()
    QTest.keyClick(panel.input.pad, Qt.Key.Key_Space)
    assert panel.input.x.max() == 16
    qtbot.wait(100)
    assert not window.session.running
    window.canvas.setFocus()
    QTest.keyClick(window.canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.session.running, timeout=LONG)


def test_what_is_chosen_is_kept_in_the_project(open_window, qtbot):
    window = open_window()
    panel = opened(window, qtbot)
    panel.part.setFocus()
    QTest.keyClick(panel.part, Qt.Key.Key_Down)
    assert window.layout_.save()["states"]["try"] == {"validation": True, "views": False}


def test_both_networks_of_an_experiment_answer_side_by_side(open_window, qtbot):
    window = open_window()
    panel = opened(window, qtbot)
    for lane in window.session.history.lanes:
        qtbot.waitUntil(lambda lane=lane: lane.example is not None, timeout=LONG)
        assert [node.node for node in lane.example.nodes] == list(lane.info.layers)
        assert np.asarray(lane.example.origin.x).tolist() == panel.input.x.tolist()


def test_a_point_that_moves_while_nothing_trains_redraws_only_its_own_panel(open_window, qtbot):
    window = open_window()
    panel = opened(window, qtbot)
    drawn = []
    for other in window.panels:
        other.refresh = lambda ident=other.ident, call=other.refresh: (drawn.append(ident), call())

    lane = window.session.history.lanes[0]
    qtbot.waitUntil(lambda: None not in (lane.boundary, lane.histograms, lane.example), timeout=LONG)
    qtbot.waitUntil(lambda: all_shown(window.session), timeout=LONG)
    drawn.clear()
    for _ in range(3):
        number = panel.question.number
        QTest.keyClick(panel.input.plane, Qt.Key.Key_Right)
        qtbot.waitUntil(lambda n=number: window.session.history.lanes[0].example.number > n, timeout=LONG)
    qtbot.waitUntil(lambda: not window.session.turns.waiting, timeout=LONG)
    assert set(drawn) == {"try"}
