"""From an empty window to a network that has learnt XOR: once with the mouse alone, once with keys alone."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from engine.project import save_project
from netviz import theme
from netviz.editor.palette import Palette
from netviz.main_window import MainWindow
from netviz.windows import empty_project

LONG = 60_000


@pytest.fixture
def window(qtbot, qapp):
    theme.start(qapp, "dark")
    made = MainWindow(empty_project(), None, "thread")
    made.resize(1440, 900)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is made)
    yield made
    made.files.forget()
    made.close()
    qapp.setStyleSheet("")


def click(window: MainWindow, widget: QWidget, at: QPoint | None = None) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or widget.rect().center())


def click_box(window: MainWindow, node: str) -> None:
    item = window.canvas.node_item(0, node)
    place = window.canvas.mapFromScene(item.mapToScene(QPointF(20, 12)))
    click(window, window.canvas.viewport(), place)


def double_click_palette(window: MainWindow, kind: str) -> None:
    palette = window.findChild(Palette)
    item = palette.item_of(kind)
    palette.tree.scrollToItem(item)
    place = palette.tree.visualItemRect(item).center()
    QTest.mouseClick(palette.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(palette.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)


def units_field(window: MainWindow) -> QLineEdit:
    fields = [w for w in window.inspector.findChildren(QLineEdit) if w.isVisible() and "Units" in w.accessibleName()]
    assert len(fields) == 1
    return fields[0]


def turn(widget: QWidget, notches: int) -> None:
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def nodes(window: MainWindow) -> list[str]:
    return [f"{node.id} {node.layer.kind()}" for node in window.document.project.graph.nodes]


def wires(window: MainWindow) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in window.document.project.graph.edges}


def has_learnt(window: MainWindow) -> bool:
    lanes = window.session.history.lanes
    return bool(lanes) and lanes[0].score is not None and lanes[0].score.val_accuracy == 1.0


def test_with_the_mouse_alone(window, qtbot):
    click_box(window, "x")
    for kind in ("dense", "tanh", "dense"):
        double_click_palette(window, kind)
    assert nodes(window) == ["x input", "h1 dense", "a1 tanh", "h2 dense"]
    assert wires(window) == {("x", "h1"), ("h1", "a1"), ("a1", "h2")}
    for node, notches in (("h2", -63), ("h1", -60)):
        click_box(window, node)
        field = units_field(window)
        click(window, field)
        turn(field, notches)
    assert [window.document.project.graph.layer(n).units for n in ("h1", "h2")] == [4, 1]
    qtbot.waitUntil(lambda: bool(window.session.history.lanes), timeout=LONG)
    click(window, window.run_bar.widgetForAction(window.run_bar.play))
    qtbot.waitUntil(lambda: has_learnt(window), timeout=LONG)


def test_the_first_layer_follows_the_input_though_nothing_is_selected(window):
    window.canvas.pointer = None
    double_click_palette(window, "dense")
    assert wires(window) == {("x", "h1")}
    window.document.stack.undo()
    assert window.canvas.selection is None
    QTest.keyClick(window.canvas, Qt.Key.Key_Tab)
    QTest.keyClicks(QApplication.focusWidget(), "dense")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert wires(window) == {("x", "h1")}


def test_a_layer_without_a_place_hides_no_other(window):
    window.canvas.pointer = None
    double_click_palette(window, "dense")
    for kind in ("input", "dense"):  # the second input leaves two ends: nothing says which one to go on from
        QTest.keyClick(window.canvas, Qt.Key.Key_Escape)
        double_click_palette(window, kind)
    boxes = [item.sceneBoundingRect() for item in window.canvas.sheet.nodes.values()]
    assert len(boxes) == 4
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_outputs_for_no_class_are_told_of_and_mended_by_one_click(window, qtbot):
    click_box(window, "x")
    double_click_palette(window, "dense")
    qtbot.waitUntil(lambda: bool(window.session.history.lanes), timeout=LONG)
    assert not window.banner.isVisible(), "a drawing just begun is not scolded"
    click(window, window.run_bar.widgetForAction(window.run_bar.play))
    qtbot.waitUntil(lambda: window.banner.key == "spare", timeout=LONG)
    assert window.banner.text.startswith("h1 gives 64 numbers, where 1 is enough for 2 classes")
    click(window, window.banner.answer)
    assert window.document.project.graph.layer("h1").units == 1
    window.document.stack.undo()
    assert window.document.project.graph.layer("h1").units == 64
    window.document.stack.redo()
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.link.restart()
    qtbot.waitUntil(lambda: window.session.state == "paused", timeout=LONG)
    window.session.play()
    qtbot.waitUntil(lambda: window.session.step > 10, timeout=LONG)
    assert window.banner.key != "spare"


def test_with_keys_alone(window, qtbot, tmp_path):
    def keys(text: str) -> None:
        QTest.keyClicks(QApplication.focusWidget(), text)

    def key(code: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(QApplication.focusWidget(), code, held)

    control = Qt.KeyboardModifier.ControlModifier
    assert QApplication.focusWidget() is window.canvas
    key(Qt.Key.Key_Home)
    for name in ("dense", "tanh", "dense"):
        key(Qt.Key.Key_Tab)
        keys(name)
        key(Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: QApplication.focusWidget() is window.canvas, timeout=LONG)
    assert wires(window) == {("x", "h1"), ("h1", "a1"), ("a1", "h2")}
    for node, units in (("h2", "1"), ("h1", "4")):
        key(Qt.Key.Key_1, control)
        key(Qt.Key.Key_End if node == "h2" else Qt.Key.Key_Left)
        assert window.canvas.selection[1] == node
        key(Qt.Key.Key_2, control)
        assert QApplication.focusWidget() is units_field(window)
        key(Qt.Key.Key_A, control)
        keys(units)
        key(Qt.Key.Key_Return)
    assert [window.document.project.graph.layer(n).units for n in ("h1", "h2")] == [4, 1]
    qtbot.waitUntil(lambda: bool(window.session.history.lanes), timeout=LONG)
    key(Qt.Key.Key_1, control)
    key(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: has_learnt(window), timeout=LONG)


def test_an_unfinished_drawing_is_saved_and_opened(window, qtbot, tmp_path):
    path = tmp_path / "begun.netviz"
    window.canvas.setFocus()
    with qtbot.waitSignal(window.files.saved, timeout=LONG):
        window.files.save_to(path)
    before = window.document.project.to_json()["graph"]
    save_project(empty_project(), tmp_path / "other.netviz")
    window.files.open(tmp_path / "other.netviz")
    qtbot.waitUntil(lambda: window.document.path == tmp_path / "other.netviz", timeout=LONG)
    window.files.open(path)
    qtbot.waitUntil(lambda: window.document.path == path, timeout=LONG)
    assert window.document.project.to_json()["graph"] == before
