"""Curves that grow are joined into pixel columns bit by bit: as if they were joined at once."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from netviz.runtime.series import CAP, Series
from netviz.widgets.curves import Bundle, Columns, View, columns, evenly
from netviz.widgets.joined import Joined
from netviz.widgets.layer_curves import layer_bundle
from netviz.widgets.strokes import Tracer
from tests.netviz.panels.histories import opened, scalars, take

RIGHT = 3.0 * CAP


def grow(series: Series, rng: np.random.Generator, count: int) -> None:
    start = series.steps[-1] + 1 if len(series) else 0.0
    low = rng.normal(size=(count, series.width))
    low[rng.random(low.shape) < 0.01] = np.nan
    series.extend(start + np.arange(count), low, low + 1.0)


def check(joined: Joined, series: Series, left: float = 0.0) -> None:
    found = columns(series.steps, left, RIGHT, 300)
    for how, part in ((np.fmin, series.low), (np.fmax, series.high), (np.add, series.mean)):
        at_once = found.join(how, part.T, axis=1)
        np.testing.assert_array_equal(joined.join(1, how, part.T, found), at_once)


def test_joined_bit_by_bit_as_at_once() -> None:
    rng, series, joined = np.random.default_rng(0), Series(3), Joined()
    while not len(series) or series.steps[-1] < RIGHT:  # on the way it is thinned
        grow(series, rng, int(rng.integers(1, 400)))
        check(joined, series)
    assert series._cell > 1
    check(joined, series, left=2000.0)


def test_what_comes_after_a_cut_is_another_past() -> None:
    rng, series, joined = np.random.default_rng(1), Series(2), Joined()
    grow(series, rng, 2000)
    check(joined, series)
    series.cut(100.0)
    grow(series, rng, 1900)
    check(joined, series)


def test_another_series_in_the_same_place_is_joined_anew() -> None:
    rng, joined = np.random.default_rng(2), Joined()
    for width in (2, 2, 1):
        series = Series(width)
        grow(series, rng, 1000)
        check(joined, series)


@pytest.fixture
def whole(monkeypatch):
    """How often a curve is joined as a whole."""
    calls, join = [], Columns.join
    monkeypatch.setattr(
        Columns, "join", lambda found, *rest, **named: (calls.append(rest), join(found, *rest, **named))[1]
    )
    return calls


def test_of_a_curve_that_has_grown_only_the_end_is_joined(whole) -> None:
    rng, series, tracer = np.random.default_rng(3), Series(), Tracer()
    for turn in range(5):
        grow(series, rng, 600)
        tracer.start(1.0)
        bundle = Bundle(series.steps, series.low, series.high, ("a",), (QColor("red"),))
        tracer.trace(View(QRectF(0, 0, 300, 100), 0.0, RIGHT, -3.0, 3.0), [bundle])
        assert len(whole) == 2, turn  # its lowest and its highest values, in the first picture


def test_layers_as_far_apart_as_one_another_are_not_copied() -> None:
    assert evenly([3, 9, 15]) == slice(3, 16, 6)
    assert evenly([4]) == slice(4, 5, 1)
    assert list(range(20)[evenly([])]) == []
    for numbers in ([3, 9, 14], [9, 3]):
        assert evenly(numbers) == numbers
    lane = opened("net").lanes[0]
    take(lane, np.ones(50), layers=scalars(50, 2.0))
    bundle = layer_bundle(lane, "grad_norm")
    assert bundle.names == ("h1", "out")
    np.testing.assert_array_equal(bundle.middle, np.tile([2.0, 20.0], (50, 1)))
    assert np.shares_memory(bundle.middle, lane.layers.mean)
