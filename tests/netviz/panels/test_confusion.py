"""The confusion panel: counts in cells coloured by the row's shares; a cell lists its examples."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from engine.probes.confusion import Confusion
from engine.probes.example import Part
from netviz import theme
from netviz.panels.confusion import ConfusionPanel
from netviz.widgets.confusion import FAINTEST, cell_in_words, class_accuracies, extents, said_below
from netviz.widgets.marks import fonts
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.output_answers import confusion_answer, listed
from tests.netviz.panels.test_every_panel import notes, open_panel, picture


def panel_with(qtbot, *answers, size=(420, 300)) -> ConfusionPanel:
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    return open_panel(qtbot, ConfusionPanel, history, *size)


def tables(panel: ConfusionPanel):
    return panel.squares.placed(QRectF(panel.squares.rect()))


def test_cells_have_the_colours_of_their_shares(qtbot) -> None:
    panel = panel_with(qtbot, confusion_answer())
    (one,), image, t = tables(panel), picture(panel), theme.theme()

    def red(row: int, column: int) -> int:
        cell = one.cell(row, column)
        corner = QPointF(cell.left() + 0.1 * cell.width(), cell.top() + 0.15 * cell.height())
        return image.pixelColor(panel.squares.mapTo(panel, corner.toPoint())).red()

    def expected(colour: str, share: float) -> float:
        full, card = QColor(colour).red(), QColor(t.card).red()
        return card + (full - card) * (FAINTEST + (1 - FAINTEST) * share)

    shares = {(0, 0): 0.8, (0, 1): 0.2, (1, 0): 0.4, (1, 1): 0.6}
    for (row, column), share in shares.items():
        colour = t.blue if row == column else t.orange
        assert red(row, column) == pytest.approx(expected(colour, share), abs=2)


def test_a_cell_without_an_example_is_empty(qtbot) -> None:
    panel = panel_with(qtbot, confusion_answer((5, 0), (0, 0)))
    (one,), image = tables(panel), picture(panel)
    spot = panel.squares.mapTo(panel, one.cell(0, 1).center().toPoint())
    assert image.pixelColor(spot).name() == theme.theme().card
    np.testing.assert_array_equal(class_accuracies(one.counts), [1.0, np.nan])


def test_a_click_chooses_a_cell_and_asks_for_its_examples(qtbot) -> None:
    panel = panel_with(qtbot, confusion_answer(), confusion_answer((1, 0), (3, 9)))
    assert panel.probes == (Confusion(Part.VALIDATION, None),)
    assert panel.list.isHidden()
    spot = tables(panel)[1].cell(1, 0).center().toPoint()
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.mouseClick(panel.squares, Qt.MouseButton.LeftButton, pos=spot)
    assert panel.probes == (Confusion(Part.VALIDATION, (1, 0)),)
    assert panel.list.isVisible()
    examples = (listed(4, 3.0), listed(9, 1.0))
    take(panel.history.lanes[0], probes=(confusion_answer(cell=(1, 0), examples=examples),))
    panel.refresh()
    assert [(one.lane, one.example.index) for one in panel.list.placed(QRectF(panel.list.rect()))] == [(0, 4), (0, 9)]
    assert panel.list.geometry().intersected(panel.squares.geometry()).isEmpty()
    picture(panel)
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.list.isHidden()
    assert panel.probes == (Confusion(Part.VALIDATION, None),)


def test_arrows_walk_over_the_cells_and_t_changes_the_part(qtbot) -> None:
    panel = panel_with(qtbot, confusion_answer())
    chosen = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Left):
        QTest.keyClick(panel, key)
        chosen.append(panel.squares.chosen)
    assert chosen == [(0, 0), (0, 1), (1, 1), (1, 1), (1, 0)]
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, "t")
    assert panel.probes == (Confusion(Part.TRAINING, (1, 0)),)
    assert panel.state() == {"training": True}


def test_what_was_looked_at_is_said_exactly(qtbot) -> None:
    said = extents(confusion_answer())[0].replace("\N{NO-BREAK SPACE}", " ")
    assert said == "first 20 of 50 validation examples, 70.0 % right"
    words = cell_in_words(confusion_answer(names=("cat", "dog")), 1, 0).replace("\N{NO-BREAK SPACE}", " ")
    assert words == "4 of 10 examples of dog are taken for cat (40.0 %)"
    panel = panel_with(qtbot, confusion_answer(names=("cat", "dog")))
    (one,) = tables(panel)
    assert "taken for dog" in panel.squares.tip(one.cell(0, 1).center())
    assert panel.table()[1][2] == ("A", "validation", 20, "dog", "cat", 4, None, None, None)


def test_without_classes_the_reason_stands_there(qtbot) -> None:
    panel = panel_with(qtbot, confusion_answer(counts=None, reason="numbers"), confusion_answer())
    assert [one.lane for one in tables(panel)] == [1]
    assert "numbers" in panel.summary()
    assert notes(panel) == []
    picture(panel)


def test_many_classes_and_a_wide_window_stay_inside(qtbot) -> None:
    many = confusion_answer(counts=np.eye(60, dtype=int), names=tuple(f"class number {i}" for i in range(60)))
    for size in ((240, 160), (900, 200), (200, 700)):
        panel = panel_with(qtbot, many, many, size=size)
        for one in tables(panel):
            assert QRectF(panel.squares.rect()).contains(one.area)
        picture(panel)


@pytest.mark.parametrize(
    ("width", "height", "lines"),
    [
        (700, 300, ["rows: truth, columns: decision; first 20 of 50 validation examples, 70.0 % right"]),
        (320, 300, ["first 20 of 50 validation examples, 70.0 % right", "rows: truth, columns: decision"]),
        (130, 300, ["first 20 of 50", "truth ↓ decision →"]),
        (90, 300, ["", "rows: truth"]),
        (320, 90, ["first 20 of 50 validation examples, 70.0 % right"]),
    ],
)
def test_below_a_table_stands_which_side_is_the_truth(qtbot, width: int, height: int, lines: list[str]) -> None:
    made = fonts()
    said = said_below(confusion_answer(), made, QRectF(0, 0, width, height))
    assert len(said) == len(lines)
    for text, wanted in zip(said, lines, strict=True):
        assert made.width([text]) <= width
        assert text.replace("\N{NO-BREAK SPACE}", " ").startswith(wanted)
    assert any("truth" in text for text in said) is (height > 100)


def test_side_by_side_both_tables_keep_room_for_their_words(qtbot) -> None:
    panel = panel_with(qtbot, confusion_answer(), confusion_answer((1, 0), (3, 9)), size=(420, 300))
    for one in tables(panel):
        below = panel.squares.height() - one.area.bottom()
        assert below >= 2 * panel.squares.fonts.line
        assert one.area.width() > 60
