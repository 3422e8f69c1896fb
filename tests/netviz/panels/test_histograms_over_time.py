"""Histograms over the steps: each step in its own column, and what the shared cursor holds."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from engine.probes.histograms import BINS, HistogramAnswer, Histograms
from netviz import theme
from netviz.panels.histograms import HistogramsPanel
from netviz.runtime.cursor import Mark
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import histogram
from tests.netviz.panels.test_every_panel import open_panel, picture
from tests.netviz.panels.test_histograms import roll, units_answer, with_units

# Over time


def over_time(qtbot, *told, size=(420, 280), names=("A",)):
    """A panel that was told these histograms, ten steps apart."""
    history = opened(*names)
    for lane in history.lanes:
        for i, one in enumerate(told):
            take(lane, probes=(HistogramAnswer((one,), 64),), start=10 * i)
    panel = open_panel(qtbot, HistogramsPanel, history, *size)
    QTest.keyClick(panel, Qt.Key.Key_2)
    return panel


def at_map(panel, row, share: float, value: float) -> QPoint:
    x = row.area.left() + share * row.area.width()
    y = row.area.bottom() - float(row.span.share(value)) * row.area.height()
    return panel.map.mapTo(panel, QPointF(x, y).toPoint())


def one_bin(place: int, node: str = "a1", **changes):
    return histogram(node, counts=np.where(np.arange(BINS) == place, 64, 0), **changes)


def test_each_step_is_drawn_in_its_own_bins_and_its_own_column(qtbot) -> None:
    panel = over_time(qtbot, one_bin(8), one_bin(8), one_bin(56), one_bin(56))
    (row,) = panel.map.rows(QRectF(panel.map.rect()))
    image, low, high = picture(panel), -0.73, 0.77
    full, none = theme.DARK.text, theme.DARK.card
    found = [
        [image.pixelColor(at_map(panel, row, share, value)).name() for value in (low, high)] for share in (0.3, 0.9)
    ]
    assert found == [[full, none], [none, full]]


def test_colour_is_the_cube_root_of_the_share(qtbot) -> None:
    counts = np.zeros(BINS, int)
    counts[32], counts[10] = 875, 125  # an eighth: half of the ramp
    panel = over_time(qtbot, histogram(counts=counts), histogram(counts=counts))
    (row,) = panel.map.rows(QRectF(panel.map.rect()))
    colour = picture(panel).pixelColor(at_map(panel, row, 0.5, -0.67))
    assert QColor(theme.DARK.accent).red() == pytest.approx(colour.red(), abs=4)
    assert QColor(theme.DARK.accent).blue() == pytest.approx(colour.blue(), abs=4)


def test_what_no_bin_holds_has_lines_of_its_own(qtbot) -> None:
    told = (histogram(), histogram(nan=640), histogram(zeros=640), histogram(over=6, under=4))
    panel = over_time(qtbot, *told)
    (row,) = panel.map.rows(QRectF(panel.map.rect()))
    assert [n for n, _ in row.strips] == [0, 1, 2]
    image = picture(panel)

    def hue(strip: int, share: float) -> bool:
        place = row.strips[strip][1]
        spot = panel.map.mapTo(panel, QPointF(place.left() + share * place.width(), place.center().y()).toPoint())
        rgb = image.pixelColor(spot).getRgb()[:3]
        return max(rgb) - min(rgb) > 25

    shown = [[hue(strip, share) for share in (0.1, 0.4, 0.6, 0.9)] for strip in range(3)]
    assert shown == [[False, False, True, False], [False, True, False, False], [False, False, False, True]]
    assert not over_time(qtbot, histogram(), histogram()).map.rows(QRectF(0, 0, 400, 200))[0].strips


def test_the_steps_are_zoomed_and_all_shown_again(qtbot) -> None:
    panel = over_time(qtbot, *[one_bin(i) for i in range(11)])
    row = panel.map.rows(QRectF(panel.map.rect()))[0]
    assert panel.map.seen_steps() == (0, 110)
    roll(panel.map, row.area.center(), 120)
    left, right = panel.map.seen_steps()
    assert (left, right) == (pytest.approx(11, abs=0.5), pytest.approx(99, abs=0.5))
    assert "at step 50" in panel.map.tip(row.area.center())
    roll(panel.map, row.area.center(), 120, Qt.KeyboardModifier.ControlModifier)
    assert panel.axis.span.high == pytest.approx(0.8, abs=0.05)
    QTest.keyClick(panel.map, Qt.Key.Key_Home)
    assert panel.map.seen_steps() == (0, 110)
    assert panel.axis.span is None


def test_the_table_over_time_has_every_step_and_every_count(qtbot) -> None:
    panel = over_time(qtbot, one_bin(3, zeros=2), one_bin(5, nan=7))
    header, found = panel.table()
    assert header == ("network", "layer", "step", "holds", "from", "to", "count")
    assert len(found) == 2 * (BINS + 5)
    told = {(row[2], row[3], row[6]) for row in found if row[6]}
    assert told == {(0, "bin", 64), (0, "zeros", 2), (10, "bin", 64), (10, "nan", 7)}
    assert "2 steps from 0 to 10" in panel.summary()


def test_the_shared_cursor_holds_layer_step_and_unit(qtbot) -> None:
    panel = over_time(qtbot, one_bin(8), one_bin(8), names=("A", "B"))
    cursor, row = panel.history.cursor, panel.map.rows(QRectF(panel.map.rect()))[1]
    place = QPointF(row.area.left() + 0.75 * row.area.width(), row.area.center().y())
    assert panel.map.mark_at(place) == Mark("a1", lane=1, step=10)
    before = picture(panel)
    cursor.hover(Mark("a1", step=10))
    lit = picture(panel)
    line = panel.map.mapTo(panel, QPointF(row.area.center().x(), row.area.center().y() - 20).toPoint())
    assert lit.pixelColor(line).name() == theme.DARK.faint
    assert lit != before
    panel = with_units(qtbot, units_answer(), units_answer())
    units = panel.units.placed(QRectF(panel.units.rect()))[0]
    assert panel.units.mark_at(units.row(2).center()) == Mark("a1", 2, 0)
    before = picture(panel)
    panel.history.cursor.hover(Mark("a1", 2))
    assert picture(panel) != before
    panel.history.cursor.hover(Mark("h1", 2))
    assert picture(panel) == before


def test_before_asks_for_other_numbers_and_keeps_another_past(qtbot) -> None:
    panel = over_time(qtbot, one_bin(3), one_bin(5))
    QTest.keyClick(panel, Qt.Key.Key_B)
    assert panel.probes == (Histograms(weighted=False, training=False, before=True),)
    assert panel.map.note.startswith("Press play")
    QTest.keyClick(panel, Qt.Key.Key_B)
    assert not panel.map.note


def test_a_layer_is_chosen_by_name_and_by_key(qtbot) -> None:
    history = opened()
    for step in (0, 10):
        told = (histogram("a1"), histogram("out", symlog=True))
        take(history.lanes[0], probes=(HistogramAnswer(told, 9),), start=step)
    panel = open_panel(qtbot, HistogramsPanel, history)
    QTest.keyClick(panel, Qt.Key.Key_2)
    assert [row.node for row in panel.map.rows(QRectF(0, 0, 400, 200))] == ["a1", "out"]
    seen = []
    for _ in range(3):
        QTest.keyClick(panel, Qt.Key.Key_N)
        seen.append([row.node for row in panel.map.rows(QRectF(0, 0, 400, 200))])
    assert seen == [["a1"], ["out"], ["a1", "out"]]
