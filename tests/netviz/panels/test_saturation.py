"""Strips are the shares over time; the figures are the latest."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from engine.probes.unit_shares import UnitShares
from netviz import theme
from netviz.panels.saturation import SaturationPanel
from netviz.runtime.cursor import Mark
from netviz.runtime.past import ALL, unit_bytes
from netviz.widgets.share_strips import latest
from netviz.widgets.strips import strip_pixels
from netviz.widgets.unit_strips import SEEN, mixed
from tests.netviz.panels.histories import NAN, opened, scalars, take
from tests.netviz.panels.layer_answers import unit_shares_answer
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


@pytest.mark.parametrize("names", [("A",), ("A", "B"), ("A", "B", "C")], ids=len)
@pytest.mark.parametrize("size", [(420, 200), (900, 400)])
def test_what_the_colours_mean_is_said_however_many_lanes_there_are(qtbot, names, size) -> None:
    history = opened(*names)
    for lane in history.lanes:
        take(lane, layers=scalars(50, 1.0))
    panel = open_panel(qtbot, SaturationPanel, history, *size)
    image = panel.strips.grab().toImage()
    lowest = round(max(strip.area.bottom() for strip in strips(panel)))
    spots = [(x, y) for x in range(image.width()) for y in range(lowest + 1, image.height())]
    found = [image.pixelColor(*spot).name() for spot in spots]
    assert found.count(theme.DARK.amber) == found.count(theme.DARK.red) == 9 * 7


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


# Which units


def with_units(qtbot, *codes: list[list[float]], size=(420, 280)):
    """Lanes whose units' shares are given answer by answer, ten steps apart; 2 is dead."""
    history = opened(*"ABC"[: len(codes)])
    for lane, told in zip(history.lanes, codes, strict=True):
        for i, shares in enumerate(told):
            share = np.array(shares, np.float32)
            answer = unit_shares_answer(units=len(share), saturated=np.minimum(share, 1), dead=share == 2)
            take(lane, probes=(answer,), start=10 * i)
    panel = open_panel(qtbot, SaturationPanel, history, *size)
    QTest.keyClick(panel, Qt.Key.Key_2)
    return panel


def test_each_unit_is_a_line_over_the_steps(qtbot) -> None:
    panel = with_units(qtbot, [[0, 1, 0], [0, 1, 2]])
    assert panel.probes == (UnitShares(),)
    (block,), image = panel.units.blocks(QRectF(panel.units.rect())), picture(panel)
    t, found = theme.DARK, []
    for unit in range(3):
        for share in (0.25, 0.75):
            y = block.area.top() + (unit + 0.5) / 3 * block.area.height()
            spot = panel.units.mapTo(panel, QPointF(block.area.left() + share * block.area.width(), y).toPoint())
            found.append(image.pixelColor(spot).name())
    assert found == [t.raised, t.raised, t.amber, t.amber, t.raised, t.red]
    assert "a1 1 of 3 units dead" in panel.summary()
    place = QPointF(block.area.left() + 0.75 * block.area.width(), block.area.bottom() - 2)
    assert panel.units.mark_at(place) == Mark("a1", 2, step=10)
    assert "since step 10" in panel.units.tip(place)
    before = picture(panel)
    panel.history.cursor.hover(Mark("a1", 1))
    assert picture(panel) != before


def test_of_more_units_than_pixels_one_that_is_dead_is_seen(qtbot) -> None:
    shares = np.zeros(3000)
    shares[1234] = 2
    panel = with_units(qtbot, [shares.tolist()] * 2)
    (block,), image = panel.units.blocks(QRectF(panel.units.rect())), picture(panel)
    assert block.lines < 300
    x = round(block.area.center().x())
    column = [
        image.pixelColor(panel.units.mapTo(panel, QPoint(x, y)))
        for y in range(round(block.area.top()), round(block.area.bottom()))
    ]
    seen = [alike(colour, theme.mix(theme.DARK.raised, theme.DARK.red, SEEN), 15) for colour in column]
    assert (sum(seen), [c.name() for c in column].count(theme.DARK.raised)) == (1, len(column) - 1)
    line = block.area.top() + (seen.index(True) + 0.5)
    assert panel.units.mark_at(QPointF(x, line)).unit == 1234


def test_units_of_a_line_are_mixed() -> None:
    codes = np.array([[0, 0, ALL, ALL, 255, 255, 255, 0]], np.uint8)
    t = theme.DARK
    expected = [t.raised, t.amber, t.red, theme.mix(theme.mix(t.raised, t.amber, 0.5), t.red, 0.5)]
    for pixel, colour in zip(mixed(codes, np.array([0, 2, 4, 6]))[0], expected, strict=True):
        assert alike(QColor.fromRgb(int(pixel)), QColor(colour))
    assert alike(QColor.fromRgb(int(mixed(codes[:, 1:3], np.array([0]))[0, 0])), theme.mix(t.raised, t.amber, 0.5))


def alike(a: QColor, b: QColor, off: int = 1) -> bool:
    """But for the rounding of a byte."""
    return max(abs(x - y) for x, y in zip(a.getRgb(), b.getRgb(), strict=True)) <= off


def test_the_table_says_since_when_a_unit_is_dead(qtbot) -> None:
    told = [[2, 0, 0, 0.5], [2, 2, 0, 0.5], [0, 2, 0, 0.5], [2, 2, 0, 0.5]]
    panel = with_units(qtbot, told, [[2, 2], [2, 2]])
    header, rows = panel.table()
    assert header[-1] == "dead_since_step"
    assert [row[2:6] for row in rows[:4]] == [(1, 30, 1.0, 1), (2, 30, 1.0, 1), (3, 30, 0.0, 0), (4, 30, 0.5, 0)]
    np.testing.assert_array_equal([row[6] for row in rows], [30, 10, NAN, NAN, 0, 0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_a_byte_tells_none_and_all_exactly(shares) -> None:
    share = np.array(shares, np.float32)
    codes = unit_bytes(unit_shares_answer(units=len(share), saturated=share, dead=np.zeros(len(share), bool)).layers[0])
    np.testing.assert_array_equal(codes == 0, share == 0)
    np.testing.assert_array_equal(codes == ALL, share == 1)
    assert (codes < 255).all()
    assert np.abs(codes / ALL - share).max() <= 1 / ALL
