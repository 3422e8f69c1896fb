"""Examples made by hand: ink, the pad, the plane, fields and pasted numbers, driven by real mouse and keys."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from engine.probes.boundary import plane as drawn_plane
from engine.probes.example import DataRange
from engine.trainer import Trainer
from netviz import theme
from netviz.widgets import point_plane
from netviz.widgets.example_input import make_input, picture_shape
from netviz.widgets.ink import Ink
from netviz.widgets.number_sheet import MOST_SHOWN, SheetInput, parse
from netviz.widgets.pad import PadInput
from netviz.widgets.plane import points_layer
from netviz.widgets.point_plane import PlaneInput, around
from netviz.widgets.value_fields import FieldsInput, number
from tests.engine.cases import project
from tests.netviz.panels.histories import opened

LEFT, RIGHT, NO, SHIFT = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def ranged(count: int, low: float = 0.0, high: float = 1.0) -> DataRange:
    return DataRange(np.full(count, low), np.full(count, high), 10, 5, 2)


def shown(qtbot, widget, width: int = 240, height: int = 280):
    """On the screen, with the keys; `edits` counts what it says."""
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.edits = []
    widget.edited.connect(lambda: widget.edits.append(widget.x.copy()))
    with qtbot.waitExposed(widget):
        widget.show()
    widget.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is widget)
    return widget


def picture(widget: QWidget) -> QImage:
    image = QImage(widget.size(), QImage.Format.Format_RGB32)
    widget.render(image)
    return image


# Ink


def test_ink_is_full_under_the_brush_soft_at_its_edge_and_nowhere_else() -> None:
    ink = Ink(9, 9)
    ink.stroke((4.5, 4.5), (4.5, 4.5), 1.25)
    assert ink.share[4, 4] == 1
    assert ink.share[4, 5] == ink.share[3, 4] == 0.75  # a cell's middle is 1 away
    assert ink.share[4, 6] == 0
    assert (ink.share == ink.share.T).all()


def test_a_stroke_is_the_same_however_often_it_is_looked_at() -> None:
    """Fast or slow, a straight line leaves the same ink."""
    fast, slow = Ink(12, 20), Ink(12, 20)
    fast.stroke((2.0, 3.0), (17.0, 8.0), 0.8)
    places = [(2 + 15 * s, 3 + 5 * s) for s in np.linspace(0, 1, 40)]
    for start, end in pairwise(places):
        slow.stroke(start, end, 0.8)
    np.testing.assert_allclose(slow.share, fast.share, atol=1e-9)
    assert fast.share[8, 17] > 0
    assert fast.share[11, 2] == 0


def test_erasing_takes_away_what_drawing_brought() -> None:
    ink = Ink(8, 8)
    ink.stroke((1, 4), (7, 4), 1.0)
    assert ink.share.max() == 1
    ink.stroke((1, 4), (7, 4), 1.0, erase=True)
    assert ink.share[3:5, 1:7].max() == 0
    ink.stroke((0, 0), (8, 8), 3.0)
    ink.clear()
    assert not ink.share.any()


# The pad


@pytest.fixture
def pad(qtbot) -> PadInput:
    return shown(qtbot, PadInput((64,), 8, 8, 0.0, 16.0))


def at(made: PadInput, across: float, down: float) -> QPoint:
    """Where a place of the pad, in cells, is on the screen."""
    area = made.pad.area()
    return QPoint(round(area.left() + across * area.width() / 8), round(area.top() + down * area.height() / 8))


def drag(made: PadInput, *places: tuple[float, float], button=LEFT, modifier=NO) -> None:
    QTest.mousePress(made.pad, button, modifier, at(made, *places[0]))
    for place in places[1:]:
        QTest.mouseMove(made.pad, at(made, *place))
    QTest.mouseRelease(made.pad, button, modifier, at(made, *places[-1]))


def test_the_left_button_draws_in_the_data_s_range(pad) -> None:
    drag(pad, (1.5, 2.5), (6.5, 2.5))
    values = pad.x.reshape(8, 8)
    np.testing.assert_allclose(values[2, 1:7], 16.0)
    assert values.min() == 0.0
    assert not values[4:].any()
    assert len(pad.edits) == 2  # live: while the button is down
    assert (pad.edits[0] != pad.edits[1]).any()


@pytest.mark.parametrize(("button", "modifier"), [(RIGHT, NO), (LEFT, SHIFT)])
def test_the_right_button_and_shift_erase(pad, button, modifier) -> None:
    drag(pad, (1.5, 2.5), (6.5, 2.5))
    QTest.mousePress(pad.pad, button, modifier, at(pad, 3.5, 2.5))
    QTest.mouseRelease(pad.pad, button, modifier, at(pad, 3.5, 2.5))
    values = pad.x.reshape(8, 8)
    assert values[2, 3] == 0
    assert values[2, 5] == 16


def test_clear_and_the_brush(pad) -> None:
    drag(pad, (4.5, 4.5))
    thin = (pad.x > 0).sum()
    QTest.mouseClick(pad.clear, LEFT)
    assert not pad.x.any()
    pad.brush.setValue(pad.brush.maximum())
    drag(pad, (4.5, 4.5))
    assert (pad.x > 0).sum() > thin


def test_the_pad_by_keys_alone(pad) -> None:
    pad.pad.setFocus(Qt.FocusReason.TabFocusReason)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Space):
        QTest.keyClick(pad.pad, key)
    values = pad.x.reshape(8, 8)
    assert values.argmax() == 3 * 8 + 3
    assert values[3, 3] == 16
    QTest.keyClick(pad.pad, Qt.Key.Key_Backspace)
    assert pad.x.max() < 16
    QTest.keyClick(pad.pad, Qt.Key.Key_Space)
    QTest.keyClick(pad.pad, Qt.Key.Key_Delete)
    assert not pad.x.any()
    for _ in range(20):
        QTest.keyClick(pad.pad, Qt.Key.Key_Right)
    QTest.keyClick(pad.pad, Qt.Key.Key_Space)
    assert pad.x.reshape(8, 8)[3, 7] == 16


def test_an_example_is_shown_cell_by_cell_and_kept_to_the_bit(pad) -> None:
    x = np.arange(64) / 63 * 16
    x[5] = 1 / 3
    pad.show_x(x)
    assert pad.x.tobytes() == x.tobytes()
    assert pad.edits == []
    image, area = picture(pad), pad.pad.area()
    cell = area.width() / 8
    for index in (0, 20, 63):
        row, column = divmod(index, 8)
        place = pad.pad.mapTo(
            pad, QPointF(area.left() + (column + 0.5) * cell, area.top() + (row + 0.5) * cell).toPoint()
        )
        wanted = theme.mix(theme.DARK.raised, theme.DARK.text, x[index] / 16)
        assert max(abs(a - b) for a, b in zip(image.pixelColor(place).getRgb(), wanted.getRgb(), strict=True)) <= 2


def test_a_stroke_over_an_example_changes_only_what_it_touches(pad) -> None:
    x = np.zeros(64)
    x[63] = 1 / 3
    pad.show_x(x)
    drag(pad, (1.5, 1.5))
    assert pad.x[9] == 16
    assert pad.x[63] == pytest.approx(1 / 3)


def test_the_pad_s_cells_are_whole_pixels_inside_it(qtbot) -> None:
    for size in ((90, 110), (240, 280), (500, 300)):
        made = shown(qtbot, PadInput((1, 28, 28), 28, 28, 0.0, 255.0), *size)
        area = made.pad.area()
        assert QRectF(made.pad.rect()).contains(area)
        assert area.width() == area.height() > 40
        if area.width() >= 4 * 28:
            assert area.width() % 28 == 0
        assert made.x.shape == (1, 28, 28)


def test_the_tip_names_the_cell(pad) -> None:
    drag(pad, (1.5, 2.5))
    assert pad.pad.tip(QPointF(at(pad, 1.5, 2.5))) == "row 3, column 2: 16"
    assert pad.pad.tip(QPointF(-5, -5)) == ""


# The plane


@pytest.fixture
def plane(qtbot) -> PlaneInput:
    return shown(qtbot, PlaneInput((2,), np.array([-1.0, -2.0]), np.array([1.0, 2.0]), None))


def spot(made: PlaneInput, x1: float, x2: float) -> QPoint:
    left, right, low, high = made.plane.bounds
    square = made.plane.square()
    across = square.left() + (x1 - left) / (right - left) * square.width()
    return QPoint(round(across), round(square.bottom() - (x2 - low) / (high - low) * square.height()))


def test_the_plane_is_the_same_as_in_the_picture_of_the_decision() -> None:
    made = Trainer(project([{"id": "out", "kind": "dense", "units": 1}], "mse", {"kind": "noise", "shape": [2]}))
    x = np.concatenate([made.data.x, made.data.x_val])
    assert around(x.min(axis=0), x.max(axis=0)) == drawn_plane(made)


def test_dots_are_drawn_once_as_long_as_they_are_the_same(qtbot, monkeypatch) -> None:
    points = opened().points
    made = shown(qtbot, PlaneInput((2,), np.array([-1.0, -1.0]), np.array([1.0, 1.0]), points)).plane
    drawn = []
    monkeypatch.setattr(point_plane, "points_layer", lambda *given: drawn.append(given) or points_layer(*given))
    made.show_points(points)
    made.grab()
    assert drawn == []
    made.show_points(opened().points)
    made.grab()
    assert len(drawn) == 1


def test_a_click_and_a_drag_move_the_point(plane) -> None:
    QTest.mousePress(plane.plane, LEFT, NO, spot(plane, 0.5, -1.5))
    np.testing.assert_allclose(plane.x, [0.5, -1.5], atol=0.03)
    assert len(plane.edits) == 1
    for x1 in (0.0, -0.5, -1.0):
        QTest.mouseMove(plane.plane, spot(plane, x1, 1.0))
        np.testing.assert_allclose(plane.x, [x1, 1.0], atol=0.03)
    QTest.mouseMove(plane.plane, QPoint(-500, -500))
    left, _, _, high = plane.plane.bounds
    assert plane.x.tolist() == [left, high]
    QTest.mouseRelease(plane.plane, LEFT, NO, QPoint(-500, -500))
    before = len(plane.edits)
    QTest.mouseMove(plane.plane, spot(plane, 0.0, 0.0))
    assert len(plane.edits) == before == 5
    assert [number(field.text()) for field in plane.fields] == pytest.approx(plane.x.tolist(), rel=1e-4)


def test_the_point_is_drawn_where_it_is(plane) -> None:
    for place in ((0.3, -1.0), (-0.8, 1.7)):
        plane.show_x(np.array(place))
        colour = picture(plane).pixelColor(plane.plane.mapTo(plane, spot(plane, *place)))
        assert colour == QColor(theme.DARK.text)
    assert plane.edits == []


def test_arrows_move_the_point_by_steps(plane) -> None:
    plane.plane.setFocus()
    left, right, _, _ = plane.plane.bounds
    step = (right - left) / 50
    QTest.keyClick(plane.plane, Qt.Key.Key_Right)
    QTest.keyClick(plane.plane, Qt.Key.Key_Up)
    QTest.keyClick(plane.plane, Qt.Key.Key_Up)
    np.testing.assert_allclose(plane.x, [step, 2 * step])
    QTest.keyClick(plane.plane, Qt.Key.Key_Left, SHIFT)
    np.testing.assert_allclose(plane.x, [step * 0.8, 2 * step])


def test_typing_moves_the_point_while_one_types(plane) -> None:
    field = plane.fields[1]
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "-1,5")
    assert plane.x.tolist() == [0.0, -1.5]
    assert plane.plane.at.tolist() == [0.0, -1.5]
    assert [edit[1] for edit in plane.edits] == [-1.0, -1.5]  # "-" and "-1," are on the way


# Fields


@pytest.fixture
def fields(qtbot) -> FieldsInput:
    return shown(qtbot, FieldsInput((3,), [0.0, -10.0, 5.0], [1.0, 10.0, 5.0]))


def test_what_is_no_number_is_red_and_gives_way(fields) -> None:
    fields.show_x(np.array([0.25, 1 / 3, 5.0]))
    field = fields.fields[0]
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "abc")
    assert theme.DARK.red in field.styleSheet()
    assert fields.edits == []
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert (field.text(), field.styleSheet()) == ("0.25", "")
    assert fields.x.tolist() == [0.25, 1 / 3, 5.0]


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1.2.3", "1,2,3", "x"])
def test_no_number(text) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("1,5", 1.5), ("−2", -2.0), (" 1e-3 ", 1e-3), ("1 000", 1000.0), ("1,000.5", None)]
)
def test_numbers_as_people_write_them(text, value) -> None:
    assert number(text) == value


def test_arrows_step_by_what_suits_the_range(fields) -> None:
    for field, step in zip(fields.fields, (0.01, 1.0, 0.1), strict=True):
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_Up)
        assert field.value == pytest.approx(step)
        QTest.keyClick(field, Qt.Key.Key_PageDown)
        assert field.value == pytest.approx(-9 * step)
    np.testing.assert_allclose(fields.x, [-0.09, -9.0, -0.9])


# Many numbers


def test_numbers_are_pasted_and_what_is_wrong_is_said(qtbot) -> None:
    sheet = shown(qtbot, SheetInput((2, 3)))
    sheet.text.setFocus()
    QApplication.clipboard().setText("1\t2\t3\n4;5, 6.5\n")
    sheet.text.paste()
    assert sheet.x.tolist() == [[1, 2, 3], [4, 5, 6.5]]
    assert len(sheet.edits) == 1
    QTest.keyClicks(sheet.text, "7")
    assert sheet.says.text() == "expected 6 numbers, got 7"
    QTest.keyClicks(sheet.text, "x")
    assert sheet.says.text() == "'7x' is no number"
    assert len(sheet.edits) == 1
    sheet.show_x(np.zeros((2, 3)))
    assert len(sheet.edits) == 1
    assert parse(sheet.text.toPlainText()) == ([0.0] * 6, "")


def test_what_is_too_long_to_be_read_can_still_be_pasted(qtbot) -> None:
    count = MOST_SHOWN + 1
    sheet = shown(qtbot, SheetInput((count,)))
    sheet.show_x(np.arange(count))
    assert sheet.text.toPlainText() == ""
    assert sheet.x[-1] == count - 1
    sheet.text.setPlainText(" ".join(["2"] * count))
    assert (sheet.x == 2).all()


@pytest.mark.parametrize(
    ("text", "values", "wrong"), [("", [], ""), (" , ", [], ""), ("1 2 nan", [1, 2], "nan"), ("1,2", [1, 2], "")]
)
def test_numbers_of_a_text(text, values, wrong) -> None:
    assert parse(text) == (values, wrong)


# Which input


@pytest.mark.parametrize(
    ("shape", "low", "kind"),
    [
        ((2,), -1.0, PlaneInput),
        ((1,), -1.0, FieldsInput),
        ((16,), 0.0, FieldsInput),
        ((17,), 0.0, SheetInput),
        ((64,), 0.0, PadInput),
        ((64,), -0.1, SheetInput),
        ((784,), 0.0, PadInput),
        ((1, 28, 28), -1.0, PadInput),
        ((1, 20, 30), 0.0, PadInput),
        ((3, 8, 8), 0.0, SheetInput),
        ((65,), 0.0, SheetInput),
        ((2, 1), 0.0, PlaneInput),
    ],
)
def test_the_input_suits_the_data(qtbot, shape, low, kind) -> None:
    made = make_input(shape, ranged(int(np.prod(shape)), low), None)
    qtbot.addWidget(made)
    assert type(made) is kind
    x = np.linspace(max(low, 0), 1, int(np.prod(shape))).reshape(shape)
    made.show_x(x)
    assert made.x.tobytes() == x.tobytes()
    assert made.x.shape == shape


def test_pictures_keep_their_sides() -> None:
    assert picture_shape((1, 20, 30), 0.0) == (20, 30)
    assert picture_shape((129 * 129,), 0.0) is None
