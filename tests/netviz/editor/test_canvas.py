"""The drawn networks under real clicks and keys."""

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from netviz import theme
from tests.netviz.editor.hand import ALT, LEFT, MIDDLE, click, drag, empty, middle, press_keys, wheel


def test_everything_is_in_view_and_not_blown_up(canvas):
    shown = canvas.mapToScene(canvas.viewport().rect()).boundingRect()
    for lane, nodes in enumerate((("x", "h1", "out"), ("x", "out"), ("x", "h1", "h2", "h3"))):
        for node in nodes:
            item = canvas.node_item(lane, node)
            assert shown.contains(item.mapRectToScene(item.rect())), (lane, node)
    assert canvas.transform().m11() <= 1


def test_a_narrow_view_draws_narrower_boxes_before_it_zooms_out(canvas):
    wide = canvas.node_item(2, "h3").rect().width()
    canvas.resize(520, 330)
    assert canvas.node_item(2, "h3").rect().width() < wide
    assert canvas.transform().m11() == 1


def test_a_click_selects_a_node_and_its_second_line_the_activation(canvas, qtbot):
    with qtbot.waitSignal(canvas.selected) as said:
        click(canvas, middle(canvas, 0, "h1"))
    assert said.args == [0, "h1"]
    with qtbot.waitSignal(canvas.selected) as said:
        click(canvas, middle(canvas, 0, "a1"))
    assert said.args == [0, "a1"]
    assert canvas.node_item(0, "h1").chosen == {"a1"}
    with qtbot.waitSignal(canvas.selected) as said:
        click(canvas, middle(canvas, 1, "out"))
    assert said.args == [1, "out"]
    assert not canvas.node_item(0, "h1").chosen
    assert "Dense 1" in canvas.accessibleDescription()


def test_the_same_node_is_selected_once_and_a_missing_one_never(canvas, qtbot):
    canvas.select(0, "h1")
    with qtbot.assertNotEmitted(canvas.selected):
        canvas.select(0, "h1")
        canvas.select(0, "h9")
        canvas.select(7, "h1")
    assert canvas.selection == (0, "h1")


def test_arrows_walk_along_the_chain_and_over_the_lanes(canvas):
    canvas.setFocus()
    walked = []
    canvas.selected.connect(lambda lane, node: walked.append((lane, node)))
    keys = "Right Right Down Right Left Up Down Down Down Right End Home Up Up"
    for key in keys.split():
        QTest.keyClick(canvas, getattr(Qt.Key, f"Key_{key}"))
    assert walked == [
        (0, "x"), (0, "h1"), (0, "a1"), (0, "out"), (0, "h1"), (0, "a1"), (1, "out"), (2, "h1"), (2, "h2"),
        (2, "h3"), (2, "x"), (1, "x"), (0, "x"),
    ]  # fmt: skip


def test_shift_tab_leaves_the_canvas(canvas, qtbot):
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.selection is None
    assert not canvas.commands.searches


def test_a_dragged_box_is_one_step_of_undo(canvas, document):
    document.move_node(0, "out", (320, 0))
    before, steps = document.project.to_bytes(), document.stack.count()
    place = canvas.node_item(0, "h1").pos()
    at = middle(canvas, 0, "h1")
    drag(canvas, at, at + QPoint(40, 24), ALT)
    assert document.stack.count() == steps + 1
    assert document.stack.undoText() == "Move h1"
    x, y = document.project.layout["h1"]
    assert x > 160
    assert y > 0
    assert (canvas.node_item(0, "h1").pos() - place - QPointF(40, 24)).manhattanLength() < 2
    document.stack.undo()
    assert document.project.to_bytes() == before
    assert (canvas.node_item(0, "h1").pos() - place).manhattanLength() < 1


def test_escape_takes_a_drag_back(canvas, document):
    at, place = middle(canvas, 0, "h1"), canvas.node_item(0, "h1").pos()
    QTest.mousePress(canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at)
    QTest.mouseMove(canvas.viewport(), at + QPoint(50, 0))
    assert canvas.node_item(0, "h1").pos() != place
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at + QPoint(50, 0))
    assert canvas.node_item(0, "h1").pos() == place
    assert document.stack.count() == 0


def test_a_click_that_trembles_moves_nothing(canvas, document):
    at = middle(canvas, 0, "h1")
    drag(canvas, at, at + QPoint(2, 0))
    assert document.stack.count() == 0


def test_the_middle_button_pans_and_f_comes_back(canvas, document):
    at, corner = middle(canvas, 0, "h1"), empty(canvas)
    drag(canvas, corner, corner - QPoint(60, 40), button=MIDDLE)
    assert (middle(canvas, 0, "h1") - at + QPoint(60, 40)).manhattanLength() <= 2
    press_keys(canvas, "F")
    assert (middle(canvas, 0, "h1") - at).manhattanLength() <= 2
    assert document.stack.count() == 0


def test_the_wheel_zooms_to_the_pointer_within_limits(canvas):
    at = middle(canvas, 0, "out")
    before = canvas.mapToScene(at)
    wheel(canvas, at, 3)
    assert canvas.transform().m11() > 1.3
    assert (canvas.mapToScene(at) - before).manhattanLength() < 2
    for _ in range(30):
        wheel(canvas, at, 3)
    assert canvas.transform().m11() <= 4.001
    for _ in range(60):
        wheel(canvas, at, -3)
    assert 0.079 <= canvas.transform().m11() < 0.081


def test_a_change_is_drawn_and_what_did_not_change_keeps_its_item(canvas, document):
    items = {(lane, node): canvas.node_item(lane, node) for lane in (0, 2) for node in ("x", "h1")}
    document.set_node_field(0, "h1", "units", 9)
    document.replace_kind(0, "a1", "relu")
    assert canvas.node_item(0, "h1").picture.title == "Dense 9"
    assert canvas.node_item(0, "h1").picture.second == "ReLU"
    assert canvas.wire_item(0, "a1", "out").label == "9"
    assert items == {key: canvas.node_item(*key) for key in items}
    document.stack.undo()
    assert canvas.node_item(0, "h1").picture.second == "tanh"


def test_another_project_is_drawn_anew_and_nothing_is_selected(canvas, document):
    canvas.select(2, "h3")
    document.load(document.lanes()[1], None)
    assert canvas.selection is None
    assert canvas.node_item(2, "h3") is None
    assert len(canvas.scene().nodes) == 2
    assert canvas.grab().size().isValid()


def test_a_problem_is_outlined_in_red_and_said(canvas, document):
    item = canvas.node_item(1, "x")
    assert not has_colour(canvas, item, theme.theme().red)
    document.set_node_field(1, "x", "shape", [3])
    assert has_colour(canvas, item, theme.theme().red)
    assert "shape is 3" in item.toolTip()
    assert "shape is 3" in canvas.scene().headers[1].problem


def test_another_theme_repaints(canvas):
    dark = picture(canvas)
    theme.look().use(theme.LIGHT)
    try:
        light = picture(canvas)
        assert light.pixelColor(4, 4).lightness() > 200
        assert dark.pixelColor(4, 4).lightness() < 60
        centre = middle(canvas, 0, "x") + QPoint(20, 12)
        assert light.pixelColor(centre).name() == theme.LIGHT.card
        assert dark.pixelColor(centre).name() == theme.DARK.card
    finally:
        theme.look().use(theme.DARK)


def picture(canvas) -> QImage:
    """In true colours, whatever the screen has."""
    image = QImage(canvas.size(), QImage.Format.Format_RGB32)
    QWidget.render(canvas, image, QPoint())
    return image


def has_colour(canvas, item, name):
    """Whether the outline of a box has nearly this colour, at the middle of its top."""
    at = canvas.mapFromScene(item.mapToScene(item.rect().center().x(), 0))
    image, wanted = picture(canvas), theme.mix(name, name, 0)
    near = [image.pixelColor(at.x(), at.y() + dy) for dy in (-1, 0, 1)]
    return any(abs(c.red() - wanted.red()) + abs(c.green() - wanted.green()) < 60 for c in near)
