"""Points drawn with the mouse and with keys on the decision boundary, and the run that follows them."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from engine.data.points import PointsByHand
from engine.project import save_project
from netviz.main_window import MainWindow
from netviz.panels.boundary import BoundaryPanel
from tests.engine.cases import project

LONG = 60_000
LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def panel_of(window: MainWindow) -> BoundaryPanel:
    return next(panel for panel in window.panels if isinstance(panel, BoundaryPanel))


def points(window: MainWindow):
    return window.document.project.data.points


def begin(window: MainWindow, key: Qt.Key) -> BoundaryPanel:
    """By the button and its menu."""
    panel = panel_of(window)
    QTest.mouseClick(panel.toggle, LEFT)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    QTest.keyClick(menu, key)
    assert panel.pencil.on
    return panel


def pixel(panel: BoundaryPanel, across: float, up: float, lane: int = 0) -> QPoint:
    square = [square for _, square in panel.squares.squares(QRectF(panel.squares.rect()))][lane]
    return QPoint(round(square.left() + across * square.width()), round(square.bottom() - up * square.height()))


def stroke(panel: BoundaryPanel, way, button=LEFT, modifiers=NONE, lane: int = 0) -> None:
    QTest.mousePress(panel.squares, button, modifiers, pixel(panel, *way[0], lane))
    for at in way[1:]:
        QTest.mouseMove(panel.squares, pixel(panel, *at, lane))
    QTest.mouseRelease(panel.squares, button, modifiers, pixel(panel, *way[-1], lane))


RING = [(0.5 + 0.3 * math.cos(t / 6), 0.5 + 0.3 * math.sin(t / 6)) for t in range(38)]


def test_a_stroke_is_one_step_and_the_run_follows_it(open_window, qtbot):
    window = open_window()
    panel = begin(window, Qt.Key.Key_E)
    data = window.document.project.data
    assert isinstance(data, PointsByHand)
    assert (len(data.points), data.validation) == (400, 0.25)
    window.run_bar.play.trigger()
    qtbot.waitUntil(lambda: window.session.step > 100, timeout=LONG)
    QTest.keyClick(panel.squares, Qt.Key.Key_2)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        stroke(panel, RING)
    drawn = len(points(window))
    assert drawn > 430
    assert {y for *_, y in points(window)[400:]} == {1.0}
    assert window.document.stack.count() == 2
    assert window.session.carried, "weights are kept"
    qtbot.waitUntil(lambda: window.session.running and window.session.step > 0, timeout=LONG)
    frame = panel.pencil.frame
    lane = window.session.history.lanes
    qtbot.waitUntil(
        lambda: all(one.boundary is not None and one.boundary.bounds == frame for one in lane), timeout=LONG
    )
    assert not window.banner.isVisible(), "nothing is asked"
    assert len(window.session.history.points.x) + len(window.session.history.points.x_val) == drawn
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(points(window)) == len(panel.pencil.points) == 400
    assert panel.pencil.on


@pytest.mark.parametrize(("button", "modifiers"), [(RIGHT, NONE), (LEFT, SHIFT)])
def test_right_or_shift_erases(open_window, qtbot, button, modifiers):
    window = open_window()
    panel = begin(window, Qt.Key.Key_E)
    before = points(window)
    stroke(panel, [(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)], button, modifiers, lane=1)
    assert 200 < len(points(window)) < 390
    assert set(points(window)) < set(before)
    assert all(abs(x1 - x2) > 0.05 for x1, x2, _ in points(window))  # nothing is left on the diagonal
    assert window.document.stack.undoText() == "Erase points"


def test_an_empty_plane_is_filled_by_keys(open_window, qtbot):
    window = open_window()
    panel = begin(window, Qt.Key.Key_P)
    assert points(window) == ()
    qtbot.waitUntil(lambda: not window.link._settled.isActive())
    assert not window.banner.isVisible(), "that there are no points yet is no trouble"
    squares = panel.squares
    assert window.focusWidget() is squares
    panel.density = 3
    QTest.keyClick(squares, Qt.Key.Key_Space)
    for _ in range(3):
        QTest.keyClick(squares, Qt.Key.Key_Right)
    QTest.keyClick(squares, Qt.Key.Key_2)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        QTest.keyClick(squares, Qt.Key.Key_Space)
    left, right, *_ = panel.pencil.frame
    assert len(points(window)) == 6
    for i, (x1, x2, y) in enumerate(points(window)):
        assert y == (i >= 3)
        assert math.hypot(x1 - (3 * (right - left) / 40 if y else 0), x2) <= panel.pencil.radius + 1e-6
    assert not window.session.running, "Space draws here and does not play"
    assert window.document.stack.count() == 2, "dabs that follow one another soon are one step"
    QTest.keyClick(squares, Qt.Key.Key_Backspace)
    assert len(points(window)) <= 3
    size = panel.pencil.size
    QTest.keyClick(squares, Qt.Key.Key_BracketRight)
    assert panel.pencil.size > size
    assert panel.bar.size_slider.value() == round(panel.pencil.size * 1000)
    QTest.keyClick(squares, Qt.Key.Key_Escape)
    assert not panel.pencil.on
    assert panel.bar.isHidden()


def test_the_bar_chooses_class_and_brush_and_clears(open_window, qtbot):
    window = open_window()
    panel = begin(window, Qt.Key.Key_E)
    bar = panel.bar
    assert [button.accessibleName() for button in bar.buttons] == ["Class 0", "Class 1"]
    QTest.mouseClick(bar.buttons[1], LEFT)
    assert [button.isChecked() for button in bar.buttons] == [False, True]
    assert window.focusWidget() is panel.squares
    bar.density_slider.setFocus()
    QTest.keyClick(bar.density_slider, Qt.Key.Key_Home)
    QTest.mouseClick(panel.squares, LEFT, NONE, pixel(panel, 0.5, 0.5))
    (x1, x2, y) = points(window)[-1]
    assert (len(points(window)), y) == (401, 1.0)
    assert abs(x1) + abs(x2) < 0.05, "one point alone lies where it was put"
    QTest.mouseClick(bar.clear, LEFT)
    assert points(window) == ()
    window.document.set_data_field("classes", 3)
    assert len(bar.buttons) == 3


def test_the_pencil_is_put_away_with_its_data_and_taken_by_key(open_window, qtbot):
    window = open_window()
    panel = begin(window, Qt.Key.Key_E)
    window.document.stack.undo()
    assert not panel.pencil.on
    assert not panel.toggle.isChecked()
    assert window.link.by_hand is False
    window.document.stack.redo()
    assert not panel.pencil.on
    panel.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_D)
    assert panel.pencil.on
    assert window.link.by_hand
    QTest.mouseClick(panel.toggle, LEFT)
    assert not panel.pencil.on
    frame = panel.probes[0].bounds
    assert frame is None


def test_without_the_pencil_a_restart_is_asked_for_as_ever(open_window, qtbot):
    window = open_window()
    panel = begin(window, Qt.Key.Key_E)
    qtbot.waitUntil(lambda: not window.session.opening and not window.link._settled.isActive(), timeout=LONG)
    panel.draw(False)
    window.session.advance(steps=5)
    qtbot.waitUntil(lambda: window.session.step == 5 and not window.session.running, timeout=LONG)
    window.document.set_data_field("points", points(window)[:50])
    qtbot.waitUntil(window.banner.isVisible, timeout=LONG)
    assert "points of the data: 400 → 50" in window.banner.text


def test_other_than_two_inputs_have_no_pencil_and_the_form_counts_points(open_window, qtbot, tmp_path):
    path = tmp_path / "wide.netviz"
    save_project(project([{"id": "out", "kind": "dense", "units": 1}]), path)
    window = open_window(path)
    panel = panel_of(window)
    assert panel.toggle.isHidden()
    window.document.set_data({"kind": "points", "points": [[0, 0, 0], [1, 1, 1], [0, 1, 1]]})
    assert not panel.toggle.isHidden()
    field = window.inspector.data.form.rows["points"].editor.widgets()[0]
    assert field.text() == "3 points"
    assert field.isReadOnly()


def test_points_of_too_many_classes_are_not_thrown_away(open_window, qtbot, tmp_path):
    x, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 10
    np.savez(tmp_path / "ten.npz", x=x, y=y)
    path = tmp_path / "ten.netviz"
    data = {"kind": "npz", "path": str(tmp_path / "ten.npz")}
    save_project(project([{"id": "out", "kind": "dense", "units": 10}], "cross_entropy", data), path)
    window = open_window(path)
    panel = panel_of(window)
    QTest.mouseClick(panel.toggle, LEFT)
    QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_E)
    assert not panel.pencil.on
    assert window.document.project.data.kind() == "npz"
    assert "up to 8 classes, these have 10" in window.banner.text
