"""The panel that lets people use the network: what it asks, what it takes from answers, and real runs by real hands."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engine.probes.example import NUMBER, DataRange, Example, Origin, Part
from engine.run import messages as m
from netviz.panels.try_it import TryPanel
from netviz.widgets.number_sheet import SheetInput
from netviz.widgets.outputs import captions
from netviz.widgets.point_plane import PlaneInput
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.output_answers import classes_answer, corner, example_answer
from tests.netviz.panels.test_every_panel import open_panel

LEFT, NO = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
DIGITS: dict[str, object] = {"kind": "digits"}


def filled(qtbot, *names: str, width: int = 420, height: int = 280, **answer: object) -> TryPanel:
    history = opened(*names)
    for lane in history.lanes:
        take(lane, probes=(example_answer(**answer),))
    return open_panel(qtbot, TryPanel, history, width, height)


# What it asks


def test_it_begins_with_the_first_example_of_the_data(qtbot) -> None:
    panel = open_panel(qtbot, TryPanel, opened())
    assert panel.probes == (Example(None, Part.TRAINING, 0, 0),)
    assert panel.input is None


def test_an_example_of_the_data_fills_the_input_and_says_what_it_is(qtbot) -> None:
    panel = filled(qtbot)
    assert isinstance(panel.input, PlaneInput)
    assert panel.input.x.tolist() == [-1.0, 1.0]
    assert panel.says.accessibleName() == "2 of 4, class 1"
    assert "right" in panel.summary()
    assert panel.probes[0].x is None  # asked for again: it is told in every frame


def test_next_previous_and_any_by_buttons_and_keys(qtbot) -> None:
    panel = filled(qtbot)
    indices = []
    for act in (
        lambda: QTest.mouseClick(panel.next, LEFT),
        lambda: QTest.mouseClick(panel.previous, LEFT),
        lambda: QTest.keyClick(panel, Qt.Key.Key_N),
        lambda: QTest.keyClick(panel, Qt.Key.Key_P),
    ):
        with qtbot.waitSignal(panel.wishes_changed):
            act()
        indices.append(panel.probes[0].index)
    assert indices == [2, 1, 2, 1]
    seen = set()
    for _ in range(40):
        QTest.keyClick(panel, Qt.Key.Key_R)
        seen.add(panel.probes[0].index)
    assert seen == {0, 1, 2, 3}
    assert panel.probes[0].number == 44


def test_of_pictures_the_mean_over_views_is_asked(qtbot) -> None:
    """And stays so for the next example; of other data there is no such switch."""
    history = opened("A")
    info = history.lanes[0].info
    history.lanes[0].info = m.LaneInfo(**{f: getattr(info, f) for f in info.__struct_fields__} | {"inputs": (1, 8, 8)})
    range_ = DataRange(np.array([0.0]), np.array([16.0]), 4, 2, 2)
    origin = Origin(Part.TRAINING, 1, np.zeros((1, 8, 8)), 1, None)
    take(history.lanes[0], probes=(example_answer(data=range_, origin=origin, views=16),))
    panel = open_panel(qtbot, TryPanel, history)
    assert panel.views.isVisible()
    assert panel.views.geometry().right() < panel.follow_it.geometry().left()
    before = panel.probes[0]
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, Qt.Key.Key_A)
    assert (panel.probes[0].views, panel.probes[0].index) == (16, before.index)
    assert panel.probes[0].number == before.number + 1
    QTest.keyClick(panel, Qt.Key.Key_N)
    assert panel.probes[0].views == 16
    assert panel.state()["views"] is True
    assert captions(history.lanes[0].example, origin)[0].startswith("mean of 16 views: ")
    plain = filled(qtbot)
    QTest.keyClick(plain, Qt.Key.Key_A)
    assert (plain.views.isVisible(), plain.probes[0].views) == (False, 1)


def test_the_validation_part_is_chosen_by_the_list(qtbot) -> None:
    panel = filled(qtbot)
    panel.part.setFocus()
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel.part, Qt.Key.Key_Down)
    assert (panel.probes[0].part, panel.probes[0].index) == (Part.VALIDATION, 0)
    assert panel.state() == {"validation": True, "views": False}
    QTest.keyClick(panel, Qt.Key.Key_R)
    assert panel.probes[0].index < 2


def test_without_a_validation_part_there_is_no_choice(qtbot) -> None:
    data = DataRange(np.array([-1.0, -1.0]), np.array([1.0, 1.0]), 4, 0, 2)
    assert not filled(qtbot, data=data).part.isEnabled()
    assert filled(qtbot).part.isEnabled()


def test_a_hand_asks_with_its_numbers_and_no_class_is_claimed(qtbot) -> None:
    panel = filled(qtbot)
    field = panel.input.fields[0]
    field.setFocus()
    field.selectAll()
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClicks(field, "0.5")
    question = panel.probes[0]
    assert np.frombuffer(question.x, NUMBER).tolist() == [0.5, 1.0]
    assert panel.says.accessibleName() == "by hand"
    take(panel.history.lanes[0], probes=(example_answer(number=question.number, origin=None),))
    panel.refresh()
    assert "right" not in panel.summary()
    QTest.mouseClick(panel.next, LEFT)  # goes on where the hand took over
    assert (panel.probes[0].x, panel.probes[0].index) == (None, 2)


def test_an_answer_to_an_older_question_does_not_move_the_hand(qtbot) -> None:
    panel = filled(qtbot)
    panel.input.plane.go_to(np.array([0.25, 0.5]))
    panel.input.plane.moved.emit()
    take(panel.history.lanes[0], probes=(example_answer(),))  # of the question before
    panel.refresh()
    assert panel.input.x.tolist() == [0.25, 0.5]
    assert panel.says.accessibleName() == "by hand"


def test_many_moves_are_one_question(qtbot) -> None:
    panel = filled(qtbot)
    wishes = []
    panel.wishes_changed.connect(lambda: wishes.append(panel.probes[0]))
    for i in range(50):
        panel.input.plane.go_to(np.array([i / 50, 0.0]))
        panel.input.plane.moved.emit()
    qtbot.waitUntil(lambda: bool(wishes))
    assert len(wishes) == 1
    assert np.frombuffer(wishes[0].x, NUMBER)[0] == 49 / 50


def test_wrong_examples_are_marked(qtbot) -> None:
    panel = filled(qtbot, origin=corner(0))
    assert "should be 0" in panel.summary()


def test_a_reset_keeps_what_is_in_the_hand(qtbot) -> None:
    panel = filled(qtbot)
    panel.input.plane.go_to(np.array([0.25, 0.5]))
    panel.input.plane.moved.emit()
    panel.history.clear()
    panel.reopened()
    assert np.frombuffer(panel.probes[0].x, NUMBER).tolist() == [0.25, 0.5]
    assert panel.input.x.tolist() == [0.25, 0.5]


def test_another_number_of_inputs_begins_anew(qtbot) -> None:
    panel = filled(qtbot)
    panel.input.plane.moved.emit()
    assert panel.probes[0].x is not None
    wide = opened()
    info = wide.lanes[0].info
    panel.history.lanes, panel.history.points = wide.lanes, None
    panel.history.lanes[0].info = m.LaneInfo(info.name, info.layers, info.kinds, info.weighted, (30,), 1, 1)
    panel.reopened()
    assert (panel.probes[0].x, panel.probes[0].index) == (None, 0)
    x = np.arange(30.0) - 15
    data = DataRange(np.full(30, -15.0), np.full(30, 15.0), 4, 2, 2)
    answer = example_answer(number=panel.probes[0].number, origin=Origin(Part.TRAINING, 0, x, 1, None), data=data)
    take(panel.history.lanes[0], probes=(answer,))
    panel.refresh()
    assert isinstance(panel.input, SheetInput)
    assert panel.input.x.tolist() == x.tolist()


def test_another_range_of_the_data_keeps_the_numbers_in_the_hand(qtbot) -> None:
    panel = filled(qtbot)
    panel.input.plane.go_to(np.array([0.25, 0.5]))
    panel.input.plane.moved.emit()
    before, number = panel.input, panel.probes[0].number
    data = DataRange(np.array([-9.0, -9.0]), np.array([9.0, 9.0]), 4, 2, 2)
    take(panel.history.lanes[0], probes=(example_answer(number=number, origin=None, data=data),))
    panel.refresh()
    assert panel.input is not before
    assert panel.input.x.tolist() == [0.25, 0.5]
    assert panel.input.plane.bounds[1] == pytest.approx(9.9)


@pytest.mark.parametrize("size", [(240, 160), (300, 600), (420, 280), (900, 600)], ids=str)
def test_input_and_answers_lie_apart_and_inside(qtbot, size) -> None:
    panel = filled(qtbot, "A", "B", width=size[0], height=size[1])
    areas = [w.geometry() for w in (panel.input, panel.outcome, panel.part, panel.previous, panel.next, panel.any)]
    assert all(panel.rect().contains(area) for area in areas)
    assert not any(a.intersects(b) for i, a in enumerate(areas) for b in areas[:i])
    assert panel.outcome.width() >= 100


def test_the_table_holds_every_number_that_is_shown(qtbot) -> None:
    header, rows = filled(qtbot, "A", "B").table()
    assert header == ("network", "what", "layer", "unit", "value")
    mine = [row[1:] for row in rows if row[0] == "A"]
    assert mine[:4] == [
        ("input", None, 0, -1.0),
        ("input", None, 1, 1.0),
        ("true class", None, None, 1),
        ("class", None, None, 1),
    ]
    assert ("output", None, 0, 1.5) in mine
    assert ("probability", None, 0, pytest.approx(0.817574)) in mine
    assert [row[3] for row in mine if row[1] == "a1"] == [1.0, -0.75, 0.5, -1.0]
    assert len(rows) == 2 * len(mine)


def test_the_table_counts_what_is_left_out(qtbot) -> None:
    answer = example_answer()
    wide = [type(node)(node.node, (70,), node.values, 70 - len(node.values), -1.0, 1.0) for node in answer.nodes]
    history = opened()
    take(history.lanes[0], probes=(classes_answer([0.1, 0.9], outputs=1500, nodes=tuple(wide)),))
    _, rows = open_panel(qtbot, TryPanel, history).table()
    assert ("A", "units left out", "h1", None, 66) in rows
    assert ("A", "outputs left out", None, None, 1498) in rows
