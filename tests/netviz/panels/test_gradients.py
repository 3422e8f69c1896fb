"""The gradient panel: the history's norms, one decade grid for all lanes, zeros at the bottom."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from netviz import theme
from netviz.panels.gradients import GradientsPanel
from tests.netviz.panels.histories import opened, scalars, take
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
