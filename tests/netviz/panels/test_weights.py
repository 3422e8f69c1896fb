"""The weights panel: four views of them, each where its numbers are; a large matrix says that it is averaged."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.probes.weights import LayerWeights, Weights, WeightsAnswer
from netviz import theme
from netviz.panels.weights import SAMPLED, WeightsPanel
from netviz.widgets.matrix import captions, cell_in_words
from tests.netviz.panels.histories import opened, scalars, take
from tests.netviz.panels.layer_answers import histogram, weights_answer
from tests.netviz.panels.test_every_panel import notes, open_panel, picture


def panel_with(qtbot, *answers: WeightsAnswer, size: tuple[int, int] = (420, 300)) -> WeightsPanel:
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, layers=scalars(20), probes=(answer,))
    return open_panel(qtbot, WeightsPanel, history, *size)


def in_panel(panel: WeightsPanel, widget, x: float, y: float) -> QPoint:
    return widget.mapTo(panel, QPointF(x, y).toPoint())


def test_the_worker_is_asked_only_for_what_is_shown(qtbot) -> None:
    panel = panel_with(qtbot, weights_answer())
    asked = [panel.probes]
    for key in (Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4):
        with qtbot.waitSignal(panel.wishes_changed):
            QTest.keyClick(panel, key)
        asked.append(panel.probes)
    assert asked == [(Weights(),), (), (), (Weights("h1"),)]
    QTest.mouseClick(panel.buttons["spread"], Qt.MouseButton.LeftButton)
    assert panel.state() == {"view": "spread", "layer": "h1", "axis": None}


def test_each_row_has_its_own_axis(qtbot) -> None:
    panel = panel_with(qtbot, weights_answer(), weights_answer())
    found = list(panel.ridges.rows(QRectF(panel.ridges.rect())))
    assert [(row.lane, row.histogram.node) for row in found] == [(0, "h1"), (0, "out"), (1, "h1"), (1, "out")]
    assert not any(row.ticks for row in found)
    assert all(row.end.left() >= row.area.right() for row in found)
    assert all(QRectF(panel.ridges.rect()).contains(row.end) for row in found)


def test_a_chosen_axis_is_that_of_all_rows(qtbot) -> None:
    panel = panel_with(qtbot, weights_answer())
    before = list(panel.ridges.rows(QRectF(panel.ridges.rect())))
    place = before[0].area.center()
    turn = QWheelEvent(
        *(place, panel.ridges.mapToGlobal(place), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton),
        *(Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False),
    )
    QApplication.sendEvent(panel.ridges, turn)
    found = list(panel.ridges.rows(QRectF(panel.ridges.rect())))
    assert [(row.span.low, row.span.high) for row in found] == [(pytest.approx(-0.8), pytest.approx(0.8))] * 2
    assert [row.ticks for row in found] == [False, True]
    assert all(row.end.width() == 0 for row in found)
    QTest.keyClick(panel, Qt.Key.Key_A)
    assert [row.end for row in panel.ridges.rows(QRectF(panel.ridges.rect()))] == [row.end for row in before]


def test_a_sample_of_the_weights_says_so(qtbot) -> None:
    layers = (LayerWeights(histogram("h1"), (2000, 2000), 65_000),)
    panel = panel_with(qtbot, WeightsAnswer(layers, None))
    assert panel.says.text() in SAMPLED
    assert (
        panel.says.toolTip().replace("\N{NARROW NO-BREAK SPACE}", " ")
        == "h1: 65 000 of 4 000 000 weights are looked at"
    )
    assert {row[2:4] for row in panel.table()[1]} == {(4_000_000, 65_000)}
    assert not panel_with(qtbot, weights_answer()).says.text()


@pytest.mark.parametrize(("key", "field", "value"), [("2", "weight_norm", 1.0), ("3", "update_ratio", 0.01)])
def test_norm_and_ratio_are_the_histories(qtbot, key, field, value) -> None:
    panel = panel_with(qtbot, weights_answer(), weights_answer())
    QTest.keyClick(panel, key)
    for axes in panel.stack.currentWidget().axes:
        assert axes.bundles[0].names == ("h1", "out")
        np.testing.assert_allclose(axes.bundles[0].middle, value)
    header, rows = panel.table()
    assert header[3] == f"{field}_low"
    assert {row[3:] for row in rows} == {(value,) * 3}
    assert len(rows) == 2 * 2 * 20


def test_the_guide_lies_at_a_thousandth(qtbot) -> None:
    panel = panel_with(qtbot, weights_answer(), size=(500, 300))
    QTest.keyClick(panel, "3")
    view, image = panel.ratio.axes[0].view(), picture(panel)
    assert view.bottom <= -3 <= view.top
    y = round(float(view.y(1e-3)))
    amber = [
        image.pixelColor(in_panel(panel, panel.ratio, x, y)).name() == theme.theme().amber
        for x in range(round(view.rect.left()) + 2, round(view.rect.right()) - 2)
    ]
    assert 0.3 < np.mean(amber) < 0.7  # dashed
    QTest.keyClick(panel, "2")
    assert panel.norm.guides == ()


def test_cells_have_the_colours_of_their_numbers(qtbot) -> None:
    panel = panel_with(qtbot, weights_answer(), size=(300, 300))
    panel.show_view("matrix")
    (one,), image = panel.matrix.placed(QRectF(panel.matrix.rect())), picture(panel)
    assert panel.matrix.reach() == 1

    def colour(row: int, column: int) -> str:
        # In the cell's corner, beside the figure.
        x = one.area.left() + (column + 0.12) * one.area.width() / 2
        y = one.area.top() + (row + 0.12) * one.area.height() / 3
        return image.pixelColor(in_panel(panel, panel.matrix, x, y)).name()

    t = theme.theme()
    assert (colour(0, 0), colour(0, 1)) == (t.orange, t.blue)
    half, neutral = QColor(colour(1, 0)), QColor(colour(1, 1))
    assert half.red() == pytest.approx((QColor(t.orange).red() + QColor(t.neutral).red()) / 2, abs=3)
    assert abs(neutral.red() - QColor(t.neutral).red()) < 4


def test_lanes_share_the_scale_and_a_lane_without_the_layer_says_so(qtbot) -> None:
    panel = panel_with(qtbot, weights_answer(1.0), weights_answer(4.0), weights_answer(node="other"))
    panel.show_view("matrix")
    assert panel.matrix.reach() == 4
    assert [one.lane for one in panel.matrix.placed(QRectF(panel.matrix.rect()))] == [0, 1]
    picture(panel)
    panel.show_layer("out")
    assert notes(panel) == ["Press play: the weights of a layer are drawn here."]


def test_n_and_p_go_from_layer_to_layer(qtbot) -> None:
    panel = panel_with(qtbot, weights_answer())
    QTest.keyClick(panel, "n")
    assert panel.matrix.node == "h1"  # only where a layer is shown
    panel.show_view("matrix")
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, "n")
    assert (panel.matrix.node, panel.layer.currentText(), panel.probes) == ("out", "out", (Weights("out"),))
    QTest.keyClick(panel, "n")
    assert panel.matrix.node == "h1"
    QTest.keyClick(panel, "p")
    assert panel.matrix.node == "out"


def test_a_large_matrix_says_that_cells_are_means(qtbot) -> None:
    answer = weights_answer(rows=300, columns=199, block=(100, 100))
    assert captions(answer.matrix)[0] == "h1: 300 units (down) × 199 inputs (across); a cell is the mean of 100 × 100"
    assert all("mean" in words for words in captions(answer.matrix))
    assert cell_in_words(answer.matrix, 2, 1) == "h1, units 201 to 300 from inputs 101 to 199: mean 0.75"
    assert cell_in_words(weights_answer().matrix, 0, 1) == "h1, unit 1 from input 2: −1"
    panel = panel_with(qtbot, answer)
    panel.show_view("matrix")
    assert panel.table()[1][-1] == ("A", "h1", 201, 300, 101, 199, 0.75)
    (one,) = panel.matrix.placed(QRectF(panel.matrix.rect()))
    assert panel.matrix.tip(one.area.bottomRight() - QPointF(2, 2)).endswith("mean 0.75")


def test_a_new_run_keeps_the_layer_where_it_still_is(qtbot) -> None:
    panel = panel_with(qtbot, weights_answer())
    panel.restore({"view": "matrix", "layer": "out"})
    panel.history.lanes = opened("B").lanes
    panel.reopened()
    assert panel.matrix.node == "out"
    panel.history.lanes = opened("B", layers=("deep", "a", "other")).lanes
    panel.reopened()
    assert (panel.matrix.node, panel.layer.currentText()) == ("deep", "deep")
