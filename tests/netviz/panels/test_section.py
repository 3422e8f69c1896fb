"""The decision on a plane through more than two inputs, and regions without shades."""

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from engine.probes.boundary import Boundary, BoundaryAnswer
from engine.probes.example import Part
from engine.probes.section import PlaneSection, Through
from netviz import theme
from netviz.panels.boundary import BoundaryPanel
from netviz.runtime.cursor import Mark
from netviz.widgets.plane import PLAIN, Palette, decision_image, place
from netviz.widgets.section_bar import captions
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.output_answers import xor_answer
from tests.netviz.panels.test_every_panel import notes, open_panel, picture

PLANE = (-1.0, 1.0, -1.0, 1.0)
DOTS = np.array([[0.5, 0.5], [-0.5, 0.5]], np.float32)


def section(**changes: object) -> PlaneSection:
    made = {
        "features": (2, 0),
        "names": ("length", "width", "height", "depth"),
        "at": None,
        "share": 0.5,
        "x": DOTS,
        "y": np.array([0, 1], np.float32),
        "x_val": DOTS[:0],
        "y_val": np.zeros(0, np.float32),
        "classes": 2,
    }
    return PlaneSection(**(made | changes))


def panel_with(qtbot, *told: PlaneSection, size: tuple[int, int] = (460, 420)) -> BoundaryPanel:
    history = opened(*"ABC"[: len(told) or 1], plane=False)
    for lane in history.lanes:
        lane.info = replace(lane.info, inputs=(4,))
    for lane, one in zip(history.lanes, told, strict=False):
        take(lane, probes=(replace(xor_answer(), section=one),))
    return open_panel(qtbot, BoundaryPanel, history, *size)


def colour_at(panel: BoundaryPanel, x1: float, x2: float, lane: int = 0) -> str:
    _, square = panel.squares.squares(QRectF(panel.squares.rect()))[lane]
    (spot,) = place(PLANE, square, np.array([[x1, x2]]))
    return picture(panel).pixelColor(panel.squares.mapTo(panel, QPointF(*spot).toPoint())).name()


def near(found: str, wanted: str | QColor, within: int = 4) -> bool:
    pairs = zip(QColor(found).getRgb(), QColor(wanted).getRgb(), strict=True)
    return max(abs(a - b) for a, b in pairs) <= within


def test_the_plane_is_asked_for_and_drawn_with_its_examples_in_every_lane(qtbot) -> None:
    panel = panel_with(qtbot, section(), section(), size=(760, 420))
    assert panel.probes == (Boundary(through=Through()),)
    assert notes(panel) == []
    for lane in (0, 1):
        assert near(colour_at(panel, -0.8, 0.8, lane), theme.DARK.orange)
        assert near(colour_at(panel, 0.8, 0.8, lane), theme.DARK.blue)
        assert near(colour_at(panel, -0.5, 0.5, lane), theme.DARK.orange)
    other = section(y=np.array([1, 0], np.float32))
    panel = panel_with(qtbot, other)
    assert near(colour_at(panel, 0.5, 0.5), theme.DARK.orange)  # a dot on the other class' ground
    assert near(colour_at(panel, -0.5, 0.5), theme.DARK.blue)


def test_a_plane_of_other_features_draws_its_own_examples(qtbot) -> None:
    panel = panel_with(qtbot, section(y=np.array([1, 0], np.float32)))
    picture(panel)
    moved = section(features=(1, 3), x=DOTS * [1, -1], y=np.array([0, 1], np.float32))
    take(panel.history.lanes[0], probes=(replace(xor_answer(), section=moved),))
    panel.refresh()
    assert near(colour_at(panel, 0.5, -0.5), theme.DARK.blue)
    assert near(colour_at(panel, 0.5, 0.5), theme.DARK.blue)  # the ground: the dot has gone


def test_what_the_plane_shows_is_said(qtbot) -> None:
    words = captions(section())[0].replace("\N{NO-BREAK SPACE}", " ")
    assert words == "height (across) and length (up): 50 % of the inputs' variance; all else as at the mean"
    words = captions(section(features=None, at=6, share=0.28))
    assert words[0].replace("\N{NO-BREAK SPACE}", " ") == (
        "1st principal axis (across) and 2nd (up): 28 % of the inputs' variance; all else as at training example 7"
    )
    assert captions(section(names=()))[3].startswith("x₃ × x₁:")
    assert captions(section(counts=(9, 3)))[0].endswith("all else as at the mean; 2 of 12 examples")
    assert captions(section(counts=(9, 3)))[1].endswith("all else as at the mean")
    panel = panel_with(qtbot, section())
    assert panel.summary().endswith("50 % of the inputs' variance; all else as at the mean")
    _, square = panel.squares.squares(QRectF(panel.squares.rect()))[0]
    assert panel.squares.tip(square.center() + QPointF(20, -20)).startswith("height 0.")


def test_the_bar_chooses_the_plane(qtbot) -> None:
    panel = panel_with(qtbot, section())
    bar = panel.section
    assert bar.isVisible()
    assert not bar.across.isVisible()
    with qtbot.waitSignal(panel.wishes_changed):
        bar.kind.setCurrentIndex(1)
        bar.kind.activated.emit(1)
    assert panel.probes == (Boundary(through=Through((0, 1))),)
    assert [bar.across.itemText(i) for i in range(bar.across.count())] == ["length", "width", "height", "depth"]
    bar.up.setCurrentIndex(3)
    bar.up.activated.emit(3)
    assert panel.probes == (Boundary(through=Through((0, 3))),)
    bar.across.setCurrentIndex(3)
    bar.across.activated.emit(3)
    assert panel.probes == (Boundary(through=Through((3, 0))),)  # never one feature twice
    bar.base.setCurrentIndex(1)
    bar.base.activated.emit(1)
    bar.number.setValue(12)
    assert panel.probes == (Boundary(through=Through((3, 0), 11)),)
    assert panel.state() == {"sharp": False, "features": [3, 0], "example": 12}


def test_n_p_and_a_pin_choose_the_example(qtbot) -> None:
    panel = panel_with(qtbot, section())
    QTest.keyClick(panel, "n")
    panel.history.cursor.pin(Mark(example=(Part.TRAINING, 4)))
    assert panel.probes == (Boundary(through=Through()),)  # it goes through none
    panel.restore({"features": None, "example": 1})
    QTest.keyClick(panel, "n")
    assert panel.section.through == Through(None, 1)
    QTest.keyClick(panel, "p")
    QTest.keyClick(panel, "p")
    assert panel.section.through == Through(None, 0)
    panel.history.cursor.pin(Mark(example=(Part.VALIDATION, 9)))
    assert panel.section.through == Through(None, 0)
    panel.history.cursor.pin(Mark(example=(Part.TRAINING, 4)))
    assert (panel.section.through, panel.section.number.value()) == (Through(None, 4), 5)


def test_a_cross_marks_the_example_that_the_plane_goes_through(qtbot) -> None:
    assert near(colour_at(panel_with(qtbot, section(at=1)), -0.5, 0.5), theme.DARK.text)
    assert not near(colour_at(panel_with(qtbot, section()), -0.5, 0.5), theme.DARK.text)


def test_features_that_other_data_have_not_are_given_up(qtbot) -> None:
    panel = panel_with(qtbot, section())
    panel.restore({"features": [3, 1], "example": None})
    panel.history.lanes[0].info = replace(panel.history.lanes[0].info, inputs=(3,))
    panel.history.lanes[0].boundary = None
    panel.reopened()
    assert panel.probes == (Boundary(through=Through()),)
    assert panel.section.across.count() == 3


def test_two_inputs_have_no_bar(qtbot) -> None:
    history = opened()
    take(history.lanes[0], probes=(xor_answer(),))
    panel = open_panel(qtbot, BoundaryPanel, history)
    assert not panel.section.isVisible()
    assert panel.probes == (Boundary(),)


# Regions without shades


def test_s_makes_it_sharp(qtbot) -> None:
    history = opened("A", "B")
    faint = BoundaryAnswer(np.where(xor_answer().values > 0.5, 0.6, 0.45).astype(np.float32), None, True, PLANE)
    for lane in history.lanes:
        take(lane, probes=(faint,))
    panel = open_panel(qtbot, BoundaryPanel, history, 700, 400)
    shaded = colour_at(panel, -0.5, 0.8)
    QTest.keyClick(panel, Qt.Key.Key_S)
    t = theme.DARK
    orange, blue = (theme.mix(t.neutral, colour, PLAIN) for colour in (t.orange, t.blue))
    for lane in (0, 1):
        assert near(colour_at(panel, -0.5, 0.8, lane), orange)
        assert near(colour_at(panel, 0.5, 0.8, lane), blue)
    assert not near(shaded, orange, 20)
    assert panel.state()["sharp"] is True
    QTest.keyClick(panel, Qt.Key.Key_S)
    assert colour_at(panel, -0.5, 0.8) == shaded


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)
def test_sharp_regions_of_classes_and_of_numbers(qtbot, look) -> None:
    theme.look().use(look)
    winners = np.array([[0, 1], [2, 2]], np.uint8)
    values = np.array([[1.0, 0.4], [0.7, np.nan]], np.float32)
    image = decision_image(BoundaryAnswer(values, winners, True, PLANE), Palette.of_theme(3), 1.0, 3, True)
    for (x, y), label in (((0, 1), 0), ((1, 1), 1), ((0, 0), 2)):
        wanted = theme.mix(look.neutral, theme.class_colour(label), PLAIN)
        assert near(image.pixelColor(x, y).name(), wanted)
    numbers = np.array([[-5.0, 0.01]], np.float32)
    image = decision_image(BoundaryAnswer(numbers, None, False, PLANE), Palette.of_theme(2), 5.0, 2, True)
    assert near(image.pixelColor(0, 0).name(), theme.mix(look.neutral, look.blue, PLAIN))
    assert near(image.pixelColor(1, 0).name(), theme.mix(look.neutral, look.orange, PLAIN))


@pytest.mark.parametrize(("size", "beside"), [((600, 220), True), ((420, 380), False), ((240, 160), False)], ids=str)
def test_the_choices_stand_beside_the_square_where_it_leaves_room(qtbot, size, beside) -> None:
    panel = panel_with(qtbot, section(), size=size)
    bar, squares = panel.section.geometry(), panel.squares.geometry()
    assert (bar.right() < squares.left()) is beside
    assert (bar.bottom() < squares.top()) is not beside
    assert panel.rect().contains(bar)
    assert panel.size().toTuple() == size
