"""Ridges are the counts, the bar at zero is the share of zeros, and what no bin holds is said."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.probes.histograms import BINS, HistogramAnswer, Histograms, edges
from engine.probes.unit_spread import UNIT_BINS, UnitSpread, UnitSpreadAnswer
from netviz import theme
from netviz.panels.histograms import HistogramsPanel
from netviz.widgets.ridge_rows import apart, fitting_apart
from netviz.widgets.ridges import Span, bin_at, ridge
from netviz.widgets.unit_rows import captions
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import histogram
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


@pytest.mark.parametrize(
    ("letters", "texts"),
    [
        (40, ["NaN 3", "∞ 1\N{NARROW NO-BREAK SPACE}234", "> 1000: 2", "< −1000: 1"]),
        (24, ["NaN 3", "∞ 1\N{NARROW NO-BREAK SPACE}234", "beyond 3"]),
        (14, ["NaN 3", "∞ 1\N{NARROW NO-BREAK SPACE}234"]),
        (6, ["NaN 3"]),
        (2, []),
    ],
)
def test_in_a_narrow_row_the_counts_are_said_shorter_and_never_reach_beyond_it(letters: int, texts: list[str]) -> None:
    made = histogram(symlog=True, nan=3, infinite=1234, over=2, under=1)
    told = fitting_apart(made, lambda text: 8.0 * len(text), 8.0 * letters)
    assert [text for text, _ in told] == texts
    assert sum(8.0 * (len(text) + 1) for text, _ in told) - 8 <= max(0.0, 8.0 * letters)


def test_all_adds_the_layers_with_weights_and_w_presses_it(qtbot) -> None:
    layers = [histogram("h1", symlog=True), histogram("a1"), histogram("out", symlog=True)]
    panel = panel_with(qtbot, *layers, names=("A", "B"))
    assert [(r.lane, r.histogram.node) for r in rows(panel)] == [(0, "a1"), (0, "out"), (1, "a1"), (1, "out")]
    QTest.keyClick(panel, Qt.Key.Key_W)
    assert [r.histogram.node for r in rows(panel)] == ["h1", "a1", "out"] * 2
    assert (panel.state()["all"], panel.state()["training"]) == (True, False)


def test_the_switch_between_training_and_inference_is_there_where_they_differ(qtbot) -> None:
    plain = open_panel(qtbot, HistogramsPanel, opened("A"))
    assert plain.mode.isHidden()
    QTest.keyClick(plain, Qt.Key.Key_M)
    assert plain.probes == (Histograms(weighted=False, training=False),)
    panel = open_panel(qtbot, HistogramsPanel, opened("A", kinds=("dense", "dropout", "dense")))
    assert panel.mode.isVisible()
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.mouseClick(panel.mode, Qt.MouseButton.LeftButton)
    assert panel.probes == (Histograms(weighted=False, training=True),)
    QTest.keyClick(panel, Qt.Key.Key_M)
    assert panel.probes == (Histograms(weighted=False, training=False),)
    panel.restore({"training": True})
    assert (panel.state()["all"], panel.state()["training"]) == (False, True)


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


# The axis in the reader's hand


def test_on_another_axis_heights_are_counts_by_width() -> None:
    counts = np.zeros(BINS, int)
    counts[40], counts[50] = 100, 100
    h, span = histogram(symlog=True, counts=counts), Span(-100.0, 100.0, False)
    places, heights = ridge(h, span)
    borders = edges(-1000, 1000, True)
    wide = np.diff(borders)

    def at(place: int) -> float:
        middle = float(span.share(borders[place : place + 2].mean()))
        return float(np.interp(middle, places[1:-1] + 1e-9 * np.arange(len(places) - 2), heights[1:-1]))

    assert at(40) == pytest.approx(1.0)
    assert at(50) == pytest.approx(wide[40] / wide[50])
    assert at(45) == 0


@pytest.mark.parametrize("span", [Span(-3.0, 7.0, False), Span(-10.0, 100.0, True), Span(1e-8, 1e2, False, True)])
def test_an_axis_takes_back_what_it_gave(span) -> None:
    shares = np.linspace(0, 1, 9)
    np.testing.assert_allclose(span.share(span.at(shares)), shares, atol=1e-12)
    assert all(-1e-9 <= float(span.share(value)) <= 1 + 1e-9 for value in span.ticks())
    assert len(span.ticks()) > 1


def test_wheel_drag_and_fields_move_the_axis_of_all_rows(qtbot) -> None:
    panel = panel_with(qtbot, histogram("a1"), histogram("out", symlog=True), names=("A", "B"))
    row = rows(panel)[0]
    place = QPointF(row.area.left() + 0.75 * row.area.width(), row.area.center().y())
    roll(panel.ridges, place, 120)
    found = rows(panel)
    assert {r.span for r in found} == {panel.axis.span}
    assert panel.axis.span.low == pytest.approx(-0.7)  # 0.5 stays where it was, a fifth less is shown
    assert panel.axis.span.high == pytest.approx(0.9)
    QTest.mousePress(panel.ridges, Qt.MouseButton.LeftButton, pos=place.toPoint())
    moved = place.toPoint() - QPoint(round(row.area.width() / 4), 0)
    drag(panel.ridges, moved)
    QTest.mouseRelease(panel.ridges, Qt.MouseButton.LeftButton, pos=moved)
    assert panel.axis.span.low == pytest.approx(-0.3, abs=0.02)
    QTest.keyClick(panel, Qt.Key.Key_X)
    assert panel.axis_bar.isVisible()
    panel.axis_bar.low.setText("-2")
    panel.axis_bar.low.editingFinished.emit()
    assert (panel.axis.span.low, panel.axis.span.symlog) == (-2, True)
    panel.axis_bar.high.setText("nonsense")
    panel.axis_bar.high.editingFinished.emit()
    assert panel.axis_bar.high.text() == f"{panel.axis.span.high:.5g}"
    QTest.keyClick(panel, Qt.Key.Key_L)
    assert not panel.axis.span.symlog
    QTest.keyClick(panel, Qt.Key.Key_A)
    assert panel.axis.span is None
    assert rows(panel)[0].span == row.span


def roll(widget, place: QPointF, angle: int, keys=Qt.KeyboardModifier.NoModifier) -> None:
    turn = QWheelEvent(
        *(place, widget.mapToGlobal(place), QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton, keys),
        *(Qt.ScrollPhase.NoScrollPhase, False),
    )
    QApplication.sendEvent(widget, turn)


def drag(widget, place: QPoint) -> None:
    move = QMouseEvent(
        *(QEvent.Type.MouseMove, QPointF(place), QPointF(widget.mapToGlobal(place)), Qt.MouseButton.NoButton),
        *(Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier),
    )
    QApplication.sendEvent(widget, move)


# Units


def units_answer(units: int = 4, first: int = 0, shown: int | None = None, **changes):
    shown = units - first if shown is None else shown
    counts = np.zeros((shown, UNIT_BINS), np.uint16)
    counts[np.arange(shown), np.arange(shown) % UNIT_BINS] = 64
    zero = np.zeros(units)
    made = {
        **{"node": "a1", "units": units, "first": first, "counts": counts, "low": -1.0, "high": 1.0, "symlog": False},
        **{"mean": zero, "std": zero + 0.5, "zeros": zero, "apart": zero, "saturated": zero, "dead": zero > 0},
        **{"examples": 64, "training": False, "before": False},
    }
    return UnitSpreadAnswer(**(made | changes))


def with_units(qtbot, *answers, size=(420, 280)):
    history = opened(*"ABC"[: len(answers)])
    for lane, answer in zip(history.lanes, answers, strict=True):
        take(lane, probes=(answer,))
    panel = open_panel(qtbot, HistogramsPanel, history, *size)
    QTest.keyClick(panel, Qt.Key.Key_3)
    return panel


def test_each_unit_is_a_row_with_its_mean_and_its_state(qtbot) -> None:
    saturated, dead = np.array([0.0, 1.0, 0.0, 0.0]), np.array([False, False, True, False])
    panel = with_units(qtbot, units_answer(saturated=saturated, dead=dead, mean=np.array([0.5, 0, 0, 0])))
    assert panel.probes == (UnitSpread("a1"),)
    (units,) = panel.units.placed(QRectF(panel.units.rect()))
    image, t = picture(panel), theme.DARK

    def colour(place: QPointF) -> str:
        return image.pixelColor(panel.units.mapTo(panel, place.toPoint())).name()

    marks = [colour(QPointF(units.marks.center().x(), units.row(i).center().y())) for i in range(4)]
    assert marks == [t.card, t.amber, t.red, t.card]
    for unit in range(4):
        place = QPointF(units.area.left() + (unit + 0.5) / UNIT_BINS * units.area.width(), units.row(unit).top() + 4)
        assert colour(place) == t.text
    line = units.row(0)
    inside, outside = (line.left() + (value + 1) / 2 * line.width() for value in (0.9, -0.5))
    middle = round(line.center().y())
    assert colour(QPointF(inside, middle)) == t.orange
    assert colour(QPointF(outside, middle)) == t.card
    assert "1 dead, 1 saturated" in panel.summary()
    assert panel.table()[1][2] == ("A", "a1", 3, 0.0, 0.5, 0.0, 0.0, 1)


def test_the_wheel_goes_through_a_wide_layer_and_asks_for_its_units(qtbot) -> None:
    panel = with_units(qtbot, units_answer(2000, shown=256))
    (units,) = panel.units.placed(QRectF(panel.units.rect()))
    assert units.shown < 256
    with qtbot.waitSignal(panel.wishes_changed):
        roll(panel.units, units.area.center(), -120)
    assert panel.probes == (UnitSpread("a1", units.shown // 4),)
    QTest.keyClick(panel.units, Qt.Key.Key_PageDown)
    assert panel.probes == (UnitSpread("a1", units.shown // 4 + units.shown),)
    for _ in range(40):
        QTest.keyClick(panel.units, Qt.Key.Key_PageDown)
    assert panel.units.first == 2000 - units.shown
    assert any(f"of 2{chr(0x202F)}000" in words for words in captions(units))


def test_of_many_units_a_pixel_shows_the_worst(qtbot) -> None:
    dead = np.zeros(2000, bool)
    dead[1500] = True
    panel = with_units(qtbot, units_answer(2000, shown=256, dead=dead))
    (units,) = panel.units.placed(QRectF(panel.units.rect()))
    image, found = picture(panel), 0
    for y in range(round(units.overview.top()), round(units.overview.bottom())):
        spot = panel.units.mapTo(panel, QPoint(round(units.overview.center().x()), y))
        found += image.pixelColor(spot).name() == theme.DARK.red
    assert found == 1


def test_an_answer_about_another_layer_is_not_drawn(qtbot) -> None:
    panel = with_units(qtbot, units_answer(node="h1"), units_answer())
    assert [units.lane for units in panel.units.placed(QRectF(panel.units.rect()))] == [1]
    QTest.keyClick(panel, Qt.Key.Key_B)
    assert panel.units.note
