"""Predictions, worst first: rows in the worker's order, wrong decisions in red, pictures drawn, the rest in words."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from engine.probes.example import Part
from engine.probes.worst import Worst
from netviz import theme
from netviz.panels.worst import WorstPanel, about
from netviz.widgets.example_list import in_words, outcomes, picture_of
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.output_answers import listed, worst_answer
from tests.netviz.panels.test_every_panel import open_panel, picture


def panel_with(qtbot, *answers, size=(420, 280)) -> WorstPanel:
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    return open_panel(qtbot, WorstPanel, history, *size)


def rows(panel: WorstPanel):
    return panel.list.placed(QRectF(panel.list.rect()))


def inked(panel: WorstPanel, row: QRectF, colour: str) -> int:
    """How many pixels of a row have nearly this colour."""
    image, wanted = picture(panel), QColor(colour)
    corner = panel.list.mapTo(panel, row.topLeft().toPoint())
    spots = (
        image.pixelColor(corner.x() + x, corner.y() + y)
        for x in range(int(row.width()))
        for y in range(int(row.height()))
    )
    return sum(
        abs(c.red() - wanted.red()) + abs(c.green() - wanted.green()) + abs(c.blue() - wanted.blue()) < 30
        for c in spots
    )


def test_rows_are_in_the_workers_order_and_wrong_is_red(qtbot) -> None:
    right = listed(3, 0.5, decided=1)
    panel = panel_with(qtbot, worst_answer(examples=(listed(7), right)), worst_answer(examples=(right,)))
    assert [(one.lane, one.example.index) for one in rows(panel)] == [(0, 7), (0, 3), (1, 3)]
    red = [inked(panel, one.row, theme.theme().red) for one in rows(panel)]
    assert red[0] > 3
    assert red[1:] == [0, 0]


def test_examples_that_are_pictures_are_drawn(qtbot) -> None:
    x = np.zeros((8, 8), np.float32)
    x[:4] = 16
    one = listed(0, shape=(64,), x=x.ravel())
    image = picture_of(one)
    assert (image.width(), image.height()) == (8, 8)
    assert (image.pixelColor(3, 0).red(), image.pixelColor(3, 7).red()) == (255, 0)
    assert picture_of(listed()) is None
    assert picture_of(listed(shape=(1, 8, 8), x=x.ravel())) is not None
    panel = panel_with(qtbot, worst_answer(examples=(one,)))
    row, drawn = rows(panel)[0].row, picture(panel)
    corner = panel.list.mapTo(panel, row.topLeft().toPoint())
    assert drawn.pixelColor(corner.x() + 13, corner.y() + 6).lightness() > 200
    assert drawn.pixelColor(corner.x() + 13, corner.y() + 22).lightness() < 20


def test_numbers_are_told_as_target_and_output() -> None:
    one = listed(truth=None, decided=None, target=np.array([1.5]), output=np.arange(5.0))
    assert outcomes(one, ()) == ("1.5", "0, 1, 2…")
    assert outcomes(listed(), ("cat", "dog")) == ("dog", "cat")
    assert outcomes(listed(decided=None), ()) == ("1", "−2.2")


def test_what_was_looked_at_is_said_exactly() -> None:
    assert about(worst_answer())[0] == "first 20 of 50 validation examples, 6 wrong, mean loss 0.400"
    assert about(worst_answer(wrong=None))[0] == "first 20 of 50 validation examples, mean loss 0.400"


def test_the_tip_has_the_numbers(qtbot) -> None:
    panel = panel_with(qtbot, worst_answer())
    text = panel.list.tip(rows(panel)[0].row.center()).replace("\N{NO-BREAK SPACE}", " ")
    assert text == (
        "example 8: truth 1, decided 0, loss 2.000\nsure of its decision 90.0 %, of the truth 10.0 %\nx: 0.5, −0.25"
    )
    assert text == in_words(rows(panel)[0]).replace("\N{NO-BREAK SPACE}", " ")
    assert panel.list.tip(QPointF(0, 0)) == ""


def test_keys_and_wheel_move_along_and_stop_at_the_ends(qtbot) -> None:
    many = worst_answer(examples=tuple(listed(i, 30.0 - i) for i in range(30)))
    panel = panel_with(qtbot, many)
    seen = len(rows(panel))
    assert 5 < seen < 30
    for key, first in (("Down", 1), ("PageDown", seen), ("Up", seen - 1), ("Home", 0), ("Up", 0)):
        QTest.keyClick(panel.list, getattr(Qt.Key, f"Key_{key}"))
        assert rows(panel)[0].example.index == first
    panel.list.move_to(1000)
    assert rows(panel)[-1].example.index == 29
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel.list, "t")
    assert panel.probes == (Worst(Part.TRAINING),)
    assert rows(panel)[0].example.index == 0


def test_the_table_has_every_example_listed(qtbot) -> None:
    _, table = panel_with(qtbot, worst_answer()).table()
    assert table == [
        ("A", "validation", 20, 8, "1", "0", 0.9, 0.1, 2.0),
        ("A", "validation", 20, 4, "1", "0", 0.9, 0.1, 1.0),
    ]


def test_rows_stay_inside_at_every_size(qtbot) -> None:
    many = worst_answer(examples=tuple(listed(i) for i in range(30)), names=("a very long name of a class",) * 2)
    for size in ((240, 160), (900, 600), (200, 700)):
        panel = panel_with(qtbot, many, many, many, size=size)
        assert all(QRectF(panel.list.rect()).contains(one.row) for one in rows(panel))
        picture(panel)
