"""Strips are the shares over time; the figures are the latest."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF

from netviz import theme
from netviz.panels.saturation import SaturationPanel, latest
from netviz.widgets.strips import strip_pixels
from tests.netviz.panels.histories import NAN, opened, scalars, take
from tests.netviz.panels.test_every_panel import open_panel, picture


def strips(panel):
    return panel.strips.strips(QRectF(panel.strips.rect()))


@given(st.integers(1, 400), st.integers(1, 90))
def test_pixels_are_means_of_the_buckets_that_lie_in_them(count, pixels) -> None:
    rng = np.random.default_rng(count * 97 + pixels)
    steps = np.cumsum(rng.integers(1, 5, count)).astype(float)
    shares = rng.random((count, 3))
    found = strip_pixels(steps, shares, pixels)
    for pixel in range(pixels):
        left, right = (steps[0] + (steps[-1] - steps[0]) * (pixel + side) / pixels for side in (0, 1))
        inside = (steps >= left - 1e-9) & ((steps < right - 1e-9) | (pixel == pixels - 1))
        if inside.any():
            np.testing.assert_allclose(found[:, pixel], shares[inside].mean(axis=0), atol=1e-9)
        else:
            np.testing.assert_array_equal(found[:, pixel], shares[steps <= left + 1e-9][-1])


def test_colour_goes_from_raised_to_amber_with_the_share(qtbot) -> None:
    history = opened()
    values = scalars(100)
    values[:, 1, 3] = np.where(np.arange(100) < 50, 0.0, 1.0)
    take(history.lanes[0], layers=values)
    panel = open_panel(qtbot, SaturationPanel, history)
    (strip,), image = strips(panel), picture(panel)

    def colour(share: float, height: float = 0.3) -> str:
        place = QPointF(strip.area.left() + share * strip.area.width(), strip.area.top() + height * strip.area.height())
        return image.pixelColor(panel.strips.mapTo(panel, place.toPoint())).name()

    assert colour(0.25) == theme.DARK.raised
    assert colour(0.75) == theme.DARK.amber
    assert colour(0.75, 0.9) == theme.DARK.amber


def test_dead_units_are_red_in_the_lower_part(qtbot) -> None:
    history = opened()
    take(history.lanes[0], layers=scalars(50, 1.0, saturated=1.0, dead=1.0))
    panel = open_panel(qtbot, SaturationPanel, history)
    (strip,), image = strips(panel), picture(panel)
    spots = [
        panel.strips.mapTo(panel, QPoint(int(strip.area.center().x()), int(strip.area.top() + h * strip.area.height())))
        for h in (0.3, 0.9)
    ]
    assert [image.pixelColor(spot).name() for spot in spots] == [theme.DARK.amber, theme.DARK.red]
    assert latest(history.lanes[0], 1, "dead_fraction") == 1.0


def test_a_lane_without_activations_says_so(qtbot) -> None:
    panel = open_panel(qtbot, SaturationPanel, opened(layers=("out",), kinds=("dense",)))
    assert panel.strips.note == "No hidden activation in this network."
    mixed = opened("A", "B")
    mixed.lanes[0] = opened(layers=("out",), kinds=("dense",)).lanes[0]
    take(mixed.lanes[1], layers=scalars(10, saturated=0.5))
    panel = open_panel(qtbot, SaturationPanel, mixed)
    assert panel.strips.note == ""
    assert [strip.lane for strip in strips(panel)] == [1]


def test_what_is_not_known_is_no_colour(qtbot) -> None:
    history = opened()
    take(history.lanes[0], layers=scalars(20, saturated=NAN, dead=NAN))
    panel = open_panel(qtbot, SaturationPanel, history)
    (strip,) = strips(panel)
    spot = panel.strips.mapTo(panel, strip.area.center().toPoint())
    assert picture(panel).pixelColor(spot).name() == theme.DARK.raised


@pytest.mark.parametrize("count", [1, 8, 60])
def test_strips_stay_inside_and_apart(qtbot, count) -> None:
    nodes = tuple(f"a{i}" for i in range(count))
    history = opened("A", "B", layers=nodes, kinds=("relu",) * count)
    for lane in history.lanes:
        take(lane, layers=np.full((30, count, 6), 0.5))
    panel = open_panel(qtbot, SaturationPanel, history, 240, 160)
    found = [strip for strip in strips(panel) if strip.lane == 0]
    assert len(found) == count
    assert all(a.area.bottom() <= b.area.top() for a, b in pairwise(found))
    assert found[-1].row.bottom() <= panel.strips.height()


def test_the_tip_reads_the_step_under_the_mouse(qtbot) -> None:
    history = opened()
    values = scalars(101)
    values[:, 1, 3] = np.arange(101) / 100
    take(history.lanes[0], layers=values)
    panel = open_panel(qtbot, SaturationPanel, history)
    area = strips(panel)[0].area
    text = panel.strips.tip(QPointF(area.left() + 0.5 * area.width(), area.center().y()))
    assert text == "a1 at step 50: 50.0\N{NO-BREAK SPACE}% saturated, 0\N{NO-BREAK SPACE}% dead"
