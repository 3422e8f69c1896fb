"""The gradient panel: the history's norms, one decade grid for all lanes, zeros at the bottom."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from engine.probes.gradients import Gradients, GradientsAnswer
from netviz import theme
from netviz.panels.gradients import GradientsPanel
from netviz.runtime.cursor import Mark
from netviz.widgets.depth_profile import profile, trend
from tests.netviz.panels.histories import opened, scalars, take
from tests.netviz.panels.layer_answers import gradients_answer
from tests.netviz.panels.test_every_panel import open_panel, picture


def test_each_lane_has_its_layers_with_weights_coloured_by_depth(qtbot) -> None:
    history = opened("A", "B")
    take(history.lanes[0], layers=scalars(20, 1e-3))
    take(history.lanes[1], layers=scalars(20, 1.0))
    panel = open_panel(qtbot, GradientsPanel, history)
    first, second = (axes.bundles[0] for axes in panel.plot.axes)
    assert first.names == ("h1", "out")
    np.testing.assert_allclose(first.middle, np.tile([1e-3, 1e-2], (20, 1)))
    np.testing.assert_allclose(second.middle, np.tile([1.0, 10.0], (20, 1)))
    assert first.colours == (theme.depth_colour(0, 3), theme.depth_colour(2, 3))


def test_lanes_share_their_ranges_in_whole_decades(qtbot) -> None:
    history = opened("A", "B")
    take(history.lanes[0], layers=scalars(20, 3e-4))
    take(history.lanes[1], layers=scalars(20, 2.0))
    panel = open_panel(qtbot, GradientsPanel, history)
    ranges = [axes.box.viewRange() for axes in panel.plot.axes]
    assert ranges[0] == ranges[1]
    assert ranges[0][1] == [-4, 2]
    take(history.lanes[0], layers=scalars(20, 3e-4), start=20)
    panel.refresh()
    assert panel.plot.axes[0].box.viewRange()[1] == [-4, 2]


@pytest.mark.parametrize("lane", [0, 1])
def test_the_curve_is_where_its_value_is(qtbot, lane) -> None:
    history = opened("A", "B")
    for each, norm in zip(history.lanes, (1e-3, 1e-1), strict=True):
        take(each, layers=scalars(50, norm))
    panel = open_panel(qtbot, GradientsPanel, history)
    view, image = panel.plot.axes[lane].view(), picture(panel)
    for norm, colour in ((10.0 ** (-3 + 2 * lane) * 10, theme.depth_colour(2, 3)),):
        spot = panel.plot.mapTo(panel, QPoint(round(float(view.x(25))), round(float(view.y(norm)))))
        found = [image.pixelColor(spot.x(), spot.y() + d) for d in (-1, 0, 1)]
        assert min(abs(c.red() - colour.red()) + abs(c.green() - colour.green()) for c in found) < 60


def test_a_zero_gradient_is_a_line_along_the_bottom(qtbot) -> None:
    history = opened()
    values = scalars(60, 0.1)
    values[20:40, 0, 1] = 0.0
    take(history.lanes[0], layers=values)
    panel = open_panel(qtbot, GradientsPanel, history)
    view, image, colour = panel.plot.axes[0].view(), picture(panel), theme.depth_colour(0, 3)

    def marked(step: float) -> bool:
        spot = panel.plot.mapTo(panel, QPoint(round(float(view.x(step))), int(view.rect.bottom()) - 2))
        found = [image.pixelColor(spot.x(), spot.y() + d) for d in (-1, 0, 1)]
        return any(abs(c.red() - colour.red()) + abs(c.green() - colour.green()) < 90 for c in found)

    assert [marked(step) for step in (10, 30, 50)] == [False, True, False]
    assert panel.plot.axes[0].box.viewRange()[1][0] >= -3


def test_nothing_but_zeros_still_has_an_axis(qtbot) -> None:
    history = opened()
    take(history.lanes[0], layers=scalars(10, 0.0))
    panel = open_panel(qtbot, GradientsPanel, history)
    assert panel.plot.axes[0].box.viewRange()[1] == [-3, 0]


def test_without_weights_it_says_so(qtbot) -> None:
    panel = open_panel(qtbot, GradientsPanel, opened(layers=("a1",), kinds=("tanh",)))
    assert panel.plot.note == "No layer with weights."


def test_zooming_one_lane_moves_the_others(qtbot) -> None:
    history = opened("A", "B")
    for lane in history.lanes:
        take(lane, layers=scalars(20))
    panel = open_panel(qtbot, GradientsPanel, history)
    panel.plot.axes[1].box.setRange(xRange=(3, 9), yRange=(-1, 1), padding=0)
    panel.plot.axes[1].box.sigRangeChangedManually.emit([True, True])
    assert panel.plot.axes[0].box.viewRange() == [[3, 9], [-1, 1]]


def test_a_run_that_begins_anew_is_drawn_in_the_boxes_of_the_one_before(qtbot) -> None:
    history = opened("A", "B")
    for lane in history.lanes:
        take(lane, layers=scalars(20))
    panel = open_panel(qtbot, GradientsPanel, history)
    plot = panel.plot
    boxes = [axes.box for axes in plot.axes]
    boxes[1].setRange(xRange=(3, 9), yRange=(-1, 1), padding=0)
    boxes[1].sigRangeChangedManually.emit([True, True])
    history.clear()
    panel.reopened()
    assert [axes.box for axes in plot.axes] == boxes, "to make one takes longer than a picture"
    for lane in history.lanes:
        take(lane, layers=scalars(5))
    panel.refresh()
    assert not plot.zoomed
    assert boxes[0].viewRange() == boxes[1].viewRange() != [[3, 9], [-1, 1]]
    boxes[0].setRange(xRange=(1, 2), yRange=(-1, 1), padding=0)
    boxes[0].sigRangeChangedManually.emit([True, True])
    assert boxes[1].viewRange() == [[1, 2], [-1, 1]], "axes that are new move together, too"
    del history.lanes[1]
    panel.reopened()
    assert [axes.box for axes in plot.axes] == boxes[:1]
    assert boxes[1].scene() is None


@pytest.mark.parametrize("count", [2, 3, 4])
def test_curves_of_networks_side_by_side_are_named_where_short_names_fit(qtbot, count) -> None:
    history = opened(*"ABCD"[:count])
    for lane in history.lanes:
        take(lane, layers=scalars(20, 1e-3))
    plot = open_panel(qtbot, GradientsPanel, history, 460, 240).plot
    areas = [axes.view().rect for axes in plot.axes]
    assert plot.label_width > plot.fonts.width(["out"])
    assert all(area.width() >= 48 for area in areas)
    image, card = plot.grab().toImage(), QColor(theme.DARK.card).rgb()
    for area in areas:
        beside = QRectF(area.right() + 4, area.top(), plot.label_width - 5, area.height()).toRect()
        spots = [(x, y) for x in range(beside.left(), beside.right()) for y in range(beside.top(), beside.bottom())]
        assert sum(image.pixel(*spot) != card for spot in spots) > 30, "no names"
    if count == 4:
        assert not open_panel(qtbot, GradientsPanel, history, 260, 240).plot.label_width


def test_fifty_layers_and_long_names_fit(qtbot) -> None:
    names = tuple(f"layer_with_a_long_name_{i}" for i in range(50))
    history = opened("a lane with a very long name", "B", layers=names, kinds=("dense",) * 50)
    values = np.full((30, 50, 6), np.nan)
    values[:, :, :5] = 10.0 ** -np.arange(50)[None, :, None]
    for lane in history.lanes:
        take(lane, layers=values)
    panel = open_panel(qtbot, GradientsPanel, history, 700, 240)
    assert panel.plot.label_width <= 76
    bottom, top = panel.plot.axes[0].box.viewRange()[1]
    assert top - bottom == 16
    picture(panel)


# Sizes and depth


def geometric(steps: int, factor: float, layers: int = 6) -> tuple:
    """A history whose gradient grows by `factor` a layer, a hundredth of it at each step before the last."""
    names = tuple(f"h{i}" for i in range(layers))
    history = opened(layers=names, kinds=("dense",) * layers)
    values = np.full((steps, layers, 6), np.nan)
    values[:, :, :5] = 1e-3 * factor ** np.arange(layers)[None, :, None]
    values[:-1, :, :5] *= 0.01
    take(history.lanes[0], layers=values)
    return history, values


@pytest.mark.parametrize("seed", range(5))
def test_the_trend_is_the_line_of_least_squares(seed) -> None:
    rng = np.random.default_rng(seed)
    values = 10.0 ** (rng.normal(size=9) + 0.4 * np.arange(9))
    values[rng.integers(9)] = [0.0, np.nan, np.inf, -1.0, 2.0][seed]
    known = np.isfinite(values) & (values > 0)
    x, y = np.arange(9)[known], np.log10(values[known])
    slope, at = np.polyfit(x, y, 1)
    found = trend(values)
    assert (found.slope, found.at) == (pytest.approx(slope), pytest.approx(at))
    assert found.factor == pytest.approx(10**-slope)
    assert found.fit == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)


def test_a_constant_loss_a_layer_is_stated_as_its_factor(qtbot) -> None:
    history, _ = geometric(20, 4.0)
    panel = open_panel(qtbot, GradientsPanel, history)
    QTest.keyClick(panel, Qt.Key.Key_5)
    found = trend(profile(history.lanes[0], "grad_norm").values[-1])
    assert (found.factor, found.fit) == (pytest.approx(0.25), pytest.approx(1))
    assert "× 0.25 a layer towards the input" in panel.summary()
    assert trend(np.array([np.nan, 3.0])) is None


def test_the_present_is_bold_where_its_values_are_and_the_past_is_fainter(qtbot) -> None:
    history, values = geometric(20, 10.0)
    panel = open_panel(qtbot, GradientsPanel, history, 420, 300)
    QTest.keyClick(panel, Qt.Key.Key_5)
    (column,) = panel.depth.columns(QRectF(panel.depth.rect()))
    area, image = panel.depth.area(column), picture(panel)
    assert panel.depth.decades() == (-5, 2)
    x, y = panel.depth.spots(area, values[-1, :, 1])
    for i, layer in enumerate(x):
        spot = panel.depth.mapTo(panel, QPointF(layer, y[i]).toPoint())
        assert image.pixelColor(spot).name() == theme.depth_colour(i, 6).name()
    between = QPointF((x[2] + x[3]) / 2, (y[2] + y[3]) / 2)
    past = between + QPointF(0, 2 / 7 * area.height())  # two decades below

    def brightest(place: QPointF) -> int:
        spot = panel.depth.mapTo(panel, place.toPoint())
        return max(image.pixelColor(spot.x() + a, spot.y() + b).lightness() for a in (-1, 0, 1) for b in (-1, 0, 1))

    assert brightest(between) > brightest(past) > theme.QColor(theme.DARK.card).lightness() + 20


def test_past_profiles_begin_with_the_first_step(qtbot) -> None:
    history, values = geometric(100, 2.0)
    seen = profile(history.lanes[0], "grad_norm")
    assert (seen.steps[0], seen.steps[-1], len(seen.steps)) == (0, 99, 9)
    np.testing.assert_allclose(seen.values[0], values[0, :, 1])
    mixed = opened()
    take(mixed.lanes[0], layers=scalars(5))
    assert profile(mixed.lanes[0], "delta_rms").layers == (1,)
    assert profile(mixed.lanes[0], "grad_mean_abs").layers == (0, 2)
    panel = open_panel(qtbot, GradientsPanel, mixed)
    QTest.keyClick(panel, Qt.Key.Key_5)
    for _ in range(3):
        QTest.keyClick(panel, Qt.Key.Key_Q)
    assert panel.state()["quantity"] == "std"
    assert panel.table()[0] == ("network", "layer", "step", "std")


def test_a_layer_and_a_step_are_lit_in_the_profile(qtbot) -> None:
    history, _ = geometric(20, 10.0)
    panel = open_panel(qtbot, GradientsPanel, history, 420, 300)
    panel.show_view("depth")
    (column,) = panel.depth.columns(QRectF(panel.depth.rect()))
    area, before = panel.depth.area(column), picture(panel)
    x, y = panel.depth.spots(area, profile(history.lanes[0], "grad_norm").values[0])
    assert panel.depth.mark_at(QPointF(x[2], area.center().y())) == Mark("h2")
    history.cursor.hover(Mark("h2", step=0.0))
    lit = picture(panel)
    spot = panel.depth.mapTo(panel, QPointF((x[3] + x[4]) / 2, (y[3] + y[4]) / 2).toPoint())
    colours = [lit.pixelColor(spot.x(), spot.y() + d) for d in (-1, 0, 1)]
    assert max(c.blue() - c.red() for c in colours) > 60
    history.cursor.hover(Mark())
    assert picture(panel) == before


def test_sizes_lie_on_an_axis_of_decades_that_holds_them(qtbot) -> None:
    history = opened("A", "B")
    counts = np.where((np.arange(64) >= 20) & (np.arange(64) < 28), 10, 0)  # 1e-7 to 1e-5
    for lane in history.lanes:
        take(lane, probes=(gradients_answer(counts=counts),))
    panel = open_panel(qtbot, GradientsPanel, history)
    with qtbot.waitSignal(panel.wishes_changed):
        QTest.keyClick(panel, Qt.Key.Key_3)
    assert panel.probes == (Gradients(),)
    found = list(panel.ridges.rows(QRectF(panel.ridges.rect())))
    assert [(row.lane, row.histogram.node) for row in found] == [(0, "h1"), (0, "out"), (1, "h1"), (1, "out")]
    np.testing.assert_allclose([(row.span.low, row.span.high) for row in found], [(1e-12, 1e4)] * 4)
    assert panel.ridges.zero_bar(found[1]).center().x() == pytest.approx(found[1].area.left())
    alone = opened()
    take(alone.lanes[0], probes=(GradientsAnswer(gradients_answer(counts=counts).layers[:1], 30),))
    panel = open_panel(qtbot, GradientsPanel, alone)
    panel.show_view("spread")
    (row,) = panel.ridges.rows(QRectF(panel.ridges.rect()))
    assert (row.span.low, row.span.high) == (pytest.approx(1e-7), pytest.approx(1e-5))
    assert [row.span.text(value) for value in row.span.ticks()] == ["10⁻⁷", "10⁻⁶", "10⁻⁵"]


def test_sizes_over_time_are_kept_and_exported(qtbot) -> None:
    history = opened()
    for step in (0, 10, 20):
        take(history.lanes[0], probes=(gradients_answer(under=step),), start=step)
    panel = open_panel(qtbot, GradientsPanel, history)
    panel.show_view("time")
    assert [row.node for row in panel.map.rows(QRectF(panel.map.rect()))] == ["h1", "out"]
    header, rows = panel.table()
    assert header == ("network", "layer", "step", "holds", "from", "to", "count")
    assert [row[-1] for row in rows if row[1] == "h1" and row[3] == "below"] == [0, 10, 20]
    QTest.keyClick(panel, Qt.Key.Key_N)
    assert [row.node for row in panel.map.rows(QRectF(panel.map.rect()))] == ["h1"]
