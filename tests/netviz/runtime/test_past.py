"""Pasts against keeping everything: rows are never changed, the first and the last stay, memory is capped."""

import numpy as np
import pytest

from engine.probes.histograms import BINS, HistogramAnswer, edges
from netviz.runtime.past import APART, FIRST, LEAST, MOST, NUMBERS, RECENT, HistogramPast, Past, most_rows
from tests.netviz.panels.histories import opened, take
from tests.netviz.panels.layer_answers import histogram


@pytest.mark.parametrize("count", [10, MOST, MOST + 1, 5000, 200_000])
def test_first_and_last_rows_stay_and_the_rest_is_evenly_thinned(count) -> None:
    past = Past(2)
    for step in range(count):
        past.add(3 * step, np.array([step, step % 7]))
    assert len(past) <= MOST
    came = past.rows[:, 0].astype(int)
    np.testing.assert_array_equal(past.steps, 3 * came)  # each row is still that of its step
    np.testing.assert_array_equal(past.rows[:, 1], came % 7)
    np.testing.assert_array_equal(came[:FIRST], np.arange(min(FIRST, count)))
    np.testing.assert_array_equal(came[-RECENT:], np.arange(max(0, count - RECENT), count)[-len(came) :])
    if count > MOST:
        assert np.diff(came).max() <= 2 * count / ((MOST - FIRST - RECENT) // 2)
        assert len(past) >= MOST // 2


def test_a_step_told_again_takes_the_place_of_the_first_and_of_what_came_later() -> None:
    past = Past(1)
    for step in (0, 5, 9, 5):
        past.add(step, np.array([step + len(past)]))
    assert past.steps.tolist() == [0, 5]
    assert past.rows.ravel().tolist() == [0, 8]
    past.cut(5)
    assert past.steps.tolist() == [0]


@pytest.mark.parametrize("layers", [1, 100, 1000, 3000])
def test_the_memory_of_all_layers_is_capped(layers) -> None:
    width = BINS + len(APART)
    rows = most_rows(layers, width)
    assert LEAST <= rows <= MOST
    assert rows == LEAST or rows * layers * width <= NUMBERS
    past = Past(width, rows)
    for step in range(3 * rows):
        past.add(step, np.zeros(width))
    assert past._rows.nbytes == rows * width * 4


def test_histograms_come_back_as_they_were_told() -> None:
    pasts, rng = HistogramPast(3), np.random.default_rng(0)
    told = [
        histogram("a1", symlog=True, counts=rng.integers(0, 2**31, BINS), zeros=i, nan=2, infinite=3, under=4, over=5)
        for i in range(4)
    ]
    for step, one in enumerate(told):
        pasts.add(step, [one])
    assert pasts["a1"].steps.tolist() == [0, 1, 2, 3]
    for place, one in enumerate(told):
        found = pasts.at("a1", place)
        np.testing.assert_array_equal(found.counts, one.counts)
        assert (found.zeros, found.nan, found.infinite, found.under, found.over) == (place, 2, 3, 4, 5)
        np.testing.assert_array_equal(edges(found.low, found.high, found.symlog), edges(one.low, one.high, one.symlog))
    pasts.add(4, [histogram("a1")])
    assert pasts["a1"].steps.tolist() == [4]  # other bins: what was before cannot stand beside it
    assert len(pasts["none"]) == 0


def test_a_lane_keeps_each_kind_apart_at_the_steps_of_its_answers() -> None:
    history = opened()
    (lane,) = history.lanes
    for step in (0, 10, 20):
        plain, before = (HistogramAnswer((histogram(zeros=step + kind),), 9, False, bool(kind)) for kind in (0, 1))
        take(lane, probes=(plain, before) if step else (plain,), start=step)
    assert lane.step == 20
    assert [lane.past((False, kind))["a1"].steps.tolist() for kind in (False, True)] == [[0, 10, 20], [10, 20]]
    assert lane.past((False, True))["a1"].rows[:, BINS].tolist() == [11, 21]
    assert (lane.histograms.before, lane.spreads.before) == (True, False)
    history.cut(20)
    assert lane.past((False, False))["a1"].steps.tolist() == [0, 10]
