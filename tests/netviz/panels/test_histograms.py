"""Ridges are the counts, the bar at zero is the share of zeros, and what no bin holds is said."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest

from engine.probes.histograms import BINS, HistogramAnswer, Histograms, edges
from netviz import theme
from netviz.panels.histograms import HistogramsPanel
from netviz.widgets.ridge_rows import apart
from netviz.widgets.ridges import Span, bin_at, ridge
from tests.netviz.panels.histories import histogram, opened, take
from tests.netviz.panels.test_every_panel import open_panel, picture


def panel_with(qtbot, *histograms, names=("A",), size=(420, 280)):
    history = opened(*names)
    for lane in history.lanes:
        take(lane, probes=(HistogramAnswer(tuple(histograms), 64),))
    return open_panel(qtbot, HistogramsPanel, history, *size)


def rows(panel):
    return list(panel.ridges.rows(QRectF(panel.ridges.rect())))


def test_heights_are_counts_over_the_fullest_bin() -> None:
    counts = np.arange(BINS)
    places, heights = ridge(histogram(counts=counts), Span(-1.0, 1.0, False))
    np.testing.assert_allclose(heights[1:-1], counts / (BINS - 1))
    assert heights[0] == heights[-1] == 0
    middles = (edges(-1, 1, False)[:-1] + edges(-1, 1, False)[1:]) / 2
    np.testing.assert_allclose(places[1:-1], (middles + 1) / 2)


@pytest.mark.parametrize("value", [-900.0, -3.0, -0.01, 0.01, 0.3, 40.0])
def test_the_bin_under_the_mouse_holds_the_value_there(value) -> None:
    span = Span(-1000.0, 1000.0, True)
    found = bin_at(histogram(symlog=True), span, float(span.share(value)))
    low, high = edges(-1000, 1000, True)[found : found + 2]
    assert low <= value <= high


def test_the_ridge_is_filled_up_to_its_height(qtbot) -> None:
    counts = np.where(np.arange(BINS) < BINS // 2, 100, 50)
    panel = panel_with(qtbot, histogram(counts=counts), size=(420, 200))
    (row,), image = rows(panel), picture(panel)
    tall = min(row.area.height() * 1.25, row.area.height() + 10)

    def filled(share: float, height: float) -> bool:
        place = QPointF(row.area.left() + share * row.area.width(), row.area.bottom() - height * tall)
        spot = panel.ridges.mapTo(panel, place.toPoint())
        return image.pixelColor(spot).name() != theme.DARK.card

    assert [filled(0.25, h) for h in (0.3, 0.6, 0.9)] == [True, True, True]
    assert [filled(0.75, h) for h in (0.3, 0.4, 0.6)] == [True, True, False]


def test_the_bar_at_zero_is_as_high_as_the_share_of_zeros(qtbot) -> None:
    panel = panel_with(qtbot, histogram(counts=np.full(BINS, 10), zeros=BINS * 30))
    row = rows(panel)[0]
    bar = panel.ridges.zero_bar(row)
    assert bar.height() == pytest.approx(0.75 * row.area.height())
    assert bar.center().x() == pytest.approx(row.area.center().x())
    spot = panel.ridges.mapTo(panel, bar.center().toPoint())
    assert picture(panel).pixelColor(spot).name() == theme.DARK.text


def test_what_no_bin_holds_is_counted_in_words_and_warning_colours() -> None:
    made = histogram(symlog=True, nan=3, infinite=1234, over=2, under=1)
    assert apart(made) == [
        ("NaN 3", "red"),
        ("∞ 1\N{NARROW NO-BREAK SPACE}234", "red"),
        ("> 1000: 2", "amber"),
        ("< −1000: 1", "amber"),
    ]
    assert apart(histogram()) == []


def test_all_adds_the_layers_with_weights_and_w_presses_it(qtbot) -> None:
    layers = [histogram("h1", symlog=True), histogram("a1"), histogram("out", symlog=True)]
    panel = panel_with(qtbot, *layers, names=("A", "B"))
    assert [(r.lane, r.histogram.node) for r in rows(panel)] == [(0, "a1"), (0, "out"), (1, "a1"), (1, "out")]
    QTest.keyClick(panel, Qt.Key.Key_W)
    assert [r.histogram.node for r in rows(panel)] == ["h1", "a1", "out"] * 2
    assert panel.state() == {"all": True, "training": False}


def test_the_switch_between_training_and_inference_is_there_where_they_differ(qtbot) -> None:
    plain = open_panel(qtbot, HistogramsPanel, opened("A"))
    assert plain.mode.isHidden()
    QTest.keyClick(plain, Qt.Key.Key_M)
    assert plain.probes == (Histograms(weighted=False, training=False),)
    panel = open_panel(qtbot, HistogramsPanel, opened("A", kinds=("dense", "dropout", "dense")))
    assert panel.mode.isVisible()
    assert not panel.mode.geometry().intersects(panel.all.geometry())
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.mouseClick(panel.mode, Qt.MouseButton.LeftButton)
    assert panel.probes == (Histograms(weighted=False, training=True),)
    QTest.keyClick(panel, Qt.Key.Key_M)
    assert panel.probes == (Histograms(weighted=False, training=False),)
    panel.restore({"training": True})
    assert panel.state() == {"all": False, "training": True}


def test_the_symlog_axis_grows_by_decades_and_is_slow_to_shrink(qtbot) -> None:
    panel = panel_with(qtbot, histogram("out", symlog=True, least=0.0, most=7.0))
    ends = []
    for most in (7.0, 70.0, 7.0, 0.5):
        take(panel.history.lanes[0], probes=(HistogramAnswer((histogram("out", symlog=True, least=0, most=most),), 9),))
        panel.refresh()
        ends.append(rows(panel)[0].span.high)
    assert ends == [10, 100, 100, 1]
    assert rows(panel)[0].span.low == 0


def test_rows_of_a_kind_share_one_line_of_ticks(qtbot) -> None:
    nodes = ("a1", "a2", "out")
    history = opened(layers=nodes, kinds=("tanh", "tanh", "dense"))
    made = (histogram("a1"), histogram("a2"), histogram("out", symlog=True))
    take(history.lanes[0], probes=(HistogramAnswer(made, 9),))
    panel = open_panel(qtbot, HistogramsPanel, history)
    assert [row.ticks for row in rows(panel)] == [False, True, True]


def test_rows_stay_inside_whatever_their_number(qtbot) -> None:
    nodes = tuple(f"a{i}" for i in range(60))
    history = opened("A", "B", layers=nodes, kinds=("tanh",) * 60)
    made = tuple(histogram(node, counts=np.full(BINS, 2000 * 512)) for node in nodes)
    for lane in history.lanes:
        take(lane, probes=(HistogramAnswer(made, 512),))
    panel = open_panel(qtbot, HistogramsPanel, history, 240, 160)
    assert all(row.area.bottom() <= panel.ridges.height() for row in rows(panel))
    picture(panel)


def test_the_tip_names_bin_and_share(qtbot) -> None:
    panel = panel_with(qtbot, histogram(counts=np.full(BINS, 10), zeros=BINS * 10))
    area = rows(panel)[0].area
    text = panel.ridges.tip(QPointF(area.left() + area.width() * (8.5 / BINS), area.center().y()))
    assert "−0.75 … −0.719: 10 of 1\N{NARROW NO-BREAK SPACE}280 (0.8\N{NO-BREAK SPACE}%)" in text
    assert "exact zeros: 640 (50.0\N{NO-BREAK SPACE}%)" in text
    assert panel.ridges.tip(QPointF(QPoint(0, 0))) == ""
