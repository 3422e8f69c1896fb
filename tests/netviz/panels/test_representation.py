"""The hidden representation: examples and grid where the layer puts them, steady, several layers and networks."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from engine.probes.example import Part
from engine.probes.representation import INPUT, LayerView, Representation
from netviz import theme
from netviz.panels.representation import RepresentationPanel
from netviz.runtime.cursor import Mark
from netviz.widgets.frame import Frame
from netviz.widgets.plane import GRASP, place
from netviz.widgets.representation import Cell, tiles
from netviz.widgets.representation_words import feet, units_in_words
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import layer_view, representation_answer
from tests.netviz.panels.test_every_panel import notes, open_panel, picture

CORNERS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])


def panel_with(qtbot, *answers, size: tuple[int, int] = (420, 380), **state: object) -> RepresentationPanel:
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    panel = open_panel(qtbot, RepresentationPanel, history, *size)
    panel.restore({"layer": "a1", **state})
    return panel


def cells(panel: RepresentationPanel) -> list[Cell]:
    return panel.map.cells(QRectF(panel.map.rect()))


def pixels_of(panel: RepresentationPanel, cell: Cell, places: np.ndarray) -> np.ndarray:
    """Where places of a layer's plane lie in the panel's picture."""
    _, _, _, turn = panel.map.shown(cell, len(cells(panel)))
    at = place(panel.map.bounds(cell, turn), cell.area, np.asarray(places, float) @ turn)
    corner = panel.map.mapTo(panel, QPoint(0, 0))
    return at + np.array([corner.x(), corner.y()])


def colours_at(panel: RepresentationPanel, cell: Cell, places: np.ndarray) -> list[str]:
    image = picture(panel)
    return [image.pixelColor(QPointF(*at).toPoint()).name() for at in pixels_of(panel, cell, places)]


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
def test_examples_lie_where_the_layer_puts_them_in_their_classes_colours(qtbot, look) -> None:
    theme.look().use(look)
    panel = panel_with(qtbot, representation_answer(), representation_answer(), grid=False, size=(700, 380))
    found = cells(panel)
    assert [cell.lane for cell in found] == [0, 1]
    for cell in found:
        assert colours_at(panel, cell, CORNERS) == [look.blue, look.orange, look.orange, look.blue]
        (held,) = colours_at(panel, cell, CORNERS[:1] / 2)
        assert held not in (look.blue, look.orange)  # a ring is hollow


def test_both_axes_have_one_scale(qtbot) -> None:
    panel = panel_with(qtbot, representation_answer(), size=(700, 260))
    (cell,) = cells(panel)
    at = pixels_of(panel, cell, CORNERS)
    assert cell.area.width() > 1.5 * cell.area.height()
    assert at[2, 0] - at[0, 0] == pytest.approx(at[0, 1] - at[1, 1])
    inside = cell.area.translated(panel.map.mapTo(panel, QPoint(0, 0)))
    assert all(inside.contains(QPointF(*spot)) for spot in at)


def test_the_grid_is_drawn_and_goes_with_g(qtbot) -> None:
    panel = panel_with(qtbot, representation_answer())
    (cell,) = cells(panel)
    between = np.array([[0.5, 0.25], [-0.5, 0.7]])  # on lines of the grid, away from dots
    ground = theme.DARK.raised
    assert ground not in colours_at(panel, cell, between)
    QTest.keyClick(panel, "g")
    assert colours_at(panel, cell, between) == [ground, ground]
    assert panel.state()["grid"] is False


def test_a_bent_grid_bends_on_screen(qtbot) -> None:
    bent = np.asarray(layer_view().lines).copy()
    bent[..., 1] += 0.6 * bent[..., 0] ** 2
    panel = panel_with(qtbot, representation_answer(layer_view(lines=bent)))
    (cell,) = cells(panel)
    straight, curved = [0.75, -0.5], [0.75, -0.125]  # the line x₂ = −½ before, and half way between two places now
    assert colours_at(panel, cell, np.array([straight])) == [theme.DARK.raised]
    beside = [[curved[0], curved[1] + off] for off in (-0.02, -0.01, 0.0, 0.01, 0.02)]  # it is a pixel wide
    assert set(colours_at(panel, cell, np.array(beside))) != {theme.DARK.raised}
    plain = panel_with(qtbot, representation_answer())
    (cell,) = cells(plain)
    assert theme.DARK.raised not in colours_at(plain, cell, np.array([straight]))


def test_the_picture_does_not_jump_when_axes_change_sign_and_place(qtbot) -> None:
    panel = panel_with(qtbot, representation_answer(), grid=False)
    before = picture(panel)
    swap = np.array([[0.0, -1.0], [1.0, 0.0]])
    first = layer_view()
    turned = {name: np.asarray(getattr(first, name)) @ swap for name in ("points", "points_val", "lines")}
    take(panel.history.lanes[0], probes=(representation_answer(layer_view(**turned)),))
    panel.refresh()
    (cell,) = cells(panel)
    points, held, lines, turn = panel.map.shown(cell, 1)
    np.testing.assert_allclose(turn, swap.T, atol=1e-6)
    np.testing.assert_allclose(points, first.points, atol=1e-6)
    np.testing.assert_allclose(held, first.points_val, atol=1e-6)
    assert lines is None
    after = picture(panel)
    places = [QPointF(*at).toPoint() for at in pixels_of(panel, cell, np.asarray(turned["points"]))]
    assert [after.pixel(at) for at in places] == [before.pixel(at) for at in places]


def test_a_layer_of_two_units_is_never_turned(qtbot) -> None:
    view = layer_view(units=2, exact=True)
    panel = panel_with(qtbot, representation_answer(view))
    flipped = layer_view(units=2, exact=True, points=-np.asarray(view.points))
    take(panel.history.lanes[0], probes=(representation_answer(flipped),))
    panel.refresh()
    points, _, _, turn = panel.map.shown(cells(panel)[0], 1)
    assert (turn == np.eye(2)).all()
    np.testing.assert_allclose(points, flipped.points)


def test_a_single_unit_has_a_row_for_each_class(qtbot) -> None:
    points = np.array([[-1, 0], [0.5, 0], [1, 0], [-0.5, 0]], np.float32)
    view = layer_view("a1", units=1, exact=True, points=points, points_val=points[:0], lines=None)
    panel = panel_with(qtbot, representation_answer(view, y_val=np.zeros(0, np.float32)))
    (cell,) = cells(panel)
    bounds, corner = panel.map.bounds(cell, np.eye(2)), panel.map.mapTo(panel, QPoint(0, 0))
    image, t = picture(panel), theme.DARK
    for row, numbers, colour in ((1, (0, 3), t.blue), (2, (1, 2), t.orange)):
        y = cell.area.top() + row * cell.area.height() / 3
        for number in numbers:
            ((x, _),) = place(bounds, cell.area, points[number : number + 1])
            assert image.pixelColor(QPointF(x + corner.x(), y + corner.y()).toPoint()).name() == colour


def test_n_p_w_and_a_click_choose(qtbot) -> None:
    panel = panel_with(qtbot, representation_answer())
    assert panel.probes == (Representation(("a1",)),)
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, "n")
    assert (panel.probes, panel.layer.currentText()) == ((Representation(("out",)),), "out")
    QTest.keyClick(panel, "n")
    assert (panel.probes, panel.layer.currentText()) == ((Representation((INPUT,)),), "input")
    QTest.keyClick(panel, "p")
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, "w")
    assert panel.probes == (Representation(),)
    found = cells(panel)
    assert [cell.view.node for cell in found] == ["h1", "a1", "out"]
    QTest.mouseClick(panel.map, Qt.MouseButton.LeftButton, pos=found[1].area.center().toPoint())
    assert (panel.probes, panel.layer.currentText(), panel.every.isChecked()) == (
        (Representation(("a1",)),),
        "a1",
        False,
    )


def test_opens_on_the_layer_before_the_last_weights_and_keeps_a_choice(qtbot) -> None:
    history = opened("A", layers=("h1", "a1", "h2", "a2", "out"), kinds=("dense", "tanh", "dense", "tanh", "dense"))
    panel = open_panel(qtbot, RepresentationPanel, history)
    assert panel.layer.currentText() == "a2"
    panel.show_layer(INPUT)
    panel.reopened()
    assert panel.layer.currentText() == "input"
    panel.show_layer("h2")
    panel.history.lanes = opened("B").lanes
    panel.reopened()
    assert panel.layer.currentText() == "a1"
    panel.history.lanes = opened("C", layers=("h2", "out"), kinds=("dense", "dense")).lanes
    panel.reopened()
    assert panel.layer.currentText() == "h2"


def test_a_network_without_the_layer_says_so(qtbot) -> None:
    history = opened("A", "B")
    history.lanes[1] = opened("B", layers=("other",), kinds=("dense",)).lanes[0]
    for lane, view in zip(history.lanes, (layer_view(), layer_view("other")), strict=True):
        take(lane, probes=(representation_answer(view),))
    panel = open_panel(qtbot, RepresentationPanel, history, 500, 300)
    panel.restore({"layer": "a1"})
    assert notes(panel) == []
    assert [cell.lane for cell in cells(panel)] == [0]
    picture(panel)


def test_the_sample_is_stated(qtbot) -> None:
    panel = panel_with(qtbot, representation_answer(counts=(9, 2)), size=(700, 300))
    assert panel.says.text() == "first 4 of 9 training, all 2 validation"
    many = np.zeros((400, 2), np.float32)
    views = tuple(layer_view(f"n{i}", points=many, points_val=many[:0]) for i in range(20))
    answer = representation_answer(*views, y=many[:, 0], y_val=many[:0, 0], counts=(400, 0), left_out=3)
    panel = panel_with(qtbot, answer, size=(900, 500), all=True)
    panel.refresh()
    assert panel.says.toolTip() == "all 400 training; 60 of each drawn; 3 layers left out"
    assert all(len(panel.map.shown(cell, 20)[0]) == 60 for cell in cells(panel))


def test_the_words_have_the_shares(qtbot) -> None:
    words = feet(layer_view())[0].replace("\N{NO-BREAK SPACE}", " ")
    assert words == "principal axes with 50 % and 25 % of the variance; 1.5 of 4 directions filled"
    assert units_in_words(layer_view(units=900, looked_at=300)) == "300 of 900 units"
    assert feet(layer_view(units=2, exact=True))[0].startswith("the plane of its two units itself")
    assert feet(layer_view(lost=3))[0] == "3 examples have outputs that are no numbers"
    nothing = layer_view(points=np.zeros((4, 2), np.float32), shares=(np.nan, np.nan), dimensions=np.nan)
    assert feet(nothing)[0] == "all examples lie on one spot"


def test_the_tip_names_the_example(qtbot) -> None:
    panel = panel_with(qtbot, representation_answer(names=("no", "yes")))
    (cell,) = cells(panel)
    corner = panel.map.mapTo(panel, QPoint(0, 0))
    at = pixels_of(panel, cell, CORNERS[1:2])[0] - [corner.x(), corner.y()]
    assert panel.map.tip(QPointF(*at) + QPointF(2, 1)) == "a1: training example 2, class yes, at (−1, 1)"
    assert panel.map.tip(QPointF(*at) + QPointF(9, 9)) == ""


def test_the_table_has_the_probes_numbers(qtbot) -> None:
    panel = panel_with(qtbot, representation_answer())
    header, rows = panel.table()
    assert header[1:] == ("layer", "part", "example", "axis_1", "axis_2", "class_or_target")
    assert rows[1] == ("A", "a1", "training", 2, -1.0, 1.0, 1.0)
    assert rows[-1] == ("A", "a1", "validation", 2, -0.5, 0.5, 1.0)
    assert len(rows) == 6


@pytest.mark.parametrize("count", [1, 5, 17, 25])
def test_tiles_do_not_overlap_and_stay_inside(count: int) -> None:
    body = QRectF(10, 20, 500, 300)
    boxes = tiles(body, count, 14)
    assert len(boxes) == count
    assert all(body.contains(box) for box in boxes)
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_a_frame_holds_everything_and_moves_seldom() -> None:
    frame = Frame()
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (50, 2))
    first = frame.around(points, 1.5)
    left, right, low, high = first
    assert (points > [left, low]).all()
    assert (points < [right, high]).all()
    assert (right - left) / (high - low) == pytest.approx(1.5)
    assert frame.around(points * 0.9, 1.5) == first
    assert frame.around(points * 0.1, 1.5) != first
    assert frame.around(np.full((3, 2), np.nan), 1.0)[1] > 0


def test_an_empty_answer_and_numbers_draw(qtbot) -> None:
    targets = np.array([-2.0, 0.0, 2.0, 1.0], np.float32)
    panel = panel_with(qtbot, representation_answer(y=targets, classes=None), grid=False)
    (cell,) = cells(panel)
    found = colours_at(panel, cell, CORNERS)
    assert (found[0], found[2]) == (theme.DARK.blue, theme.DARK.orange)
    assert QColor(found[1]).lightness() < 60  # the middle of the scale
    panel = panel_with(
        qtbot, representation_answer(LayerView("b", 1, 1, True, *[np.zeros((0, 2))] * 2, None, (0, 0), 0, 0))
    )
    assert notes(panel) == ["Press play: the examples as a layer sees them are drawn here."]


def test_an_example_that_is_pointed_at_is_ringed_in_every_picture(qtbot) -> None:
    panel = panel_with(qtbot, representation_answer(), all=True, size=(700, 400))
    found = cells(panel)
    at = pixels_of(panel, found[0], CORNERS[1:2])[0]
    corner = panel.map.mapTo(panel, QPoint(0, 0))
    mark = panel.map.mark_at(QPointF(at[0] - corner.x(), at[1] - corner.y()))
    assert mark == Mark("h1", example=(Part.TRAINING, 1))
    before = picture(panel)
    panel.history.cursor.hover(mark)
    after = picture(panel)
    for cell in found[:2]:
        spot = pixels_of(panel, cell, CORNERS[1:2])[0] + [GRASP - 1, 0]
        assert not lit_at(before, *spot)
        assert lit_at(after, *spot)
    lit = [cell.view.node for cell in found if frame_is_lit(panel, after, cell)]
    assert lit == ["h1"]
    panel.history.cursor.hover(Mark(example=(Part.VALIDATION, 7)))  # not among those that are drawn
    picture(panel)


def frame_is_lit(panel: RepresentationPanel, image: QImage, cell: Cell) -> bool:
    corner = panel.map.mapTo(panel, QPoint(0, 0))
    return lit_at(image, cell.area.left() + corner.x() + 1, cell.area.center().y() + corner.y())


def lit_at(image: QImage, x: float, y: float) -> bool:
    """Whether the colour of a light is within two pixels, left or right."""
    return any(near(image.pixelColor(round(x) + by, round(y)).name(), theme.DARK.accent, 60) for by in range(-2, 3))


def near(found: str, wanted: str, within: int) -> bool:
    pairs = zip(QColor(found).getRgb(), QColor(wanted).getRgb(), strict=True)
    return max(abs(a - b) for a, b in pairs) <= within
