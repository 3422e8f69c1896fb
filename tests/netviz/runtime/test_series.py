"""Series against keeping everything: extremes, ends and order survive the thinning, and the cap holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netviz.runtime.series import CAP, FIRST, MIDDLE, RECENT, Series

NAN = float("nan")


def samples(count: int, width: int, seed: int, gaps: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, width)) * 10.0 ** rng.integers(-3, 4, (count, 1))
    values[rng.random((count, width)) < gaps] = NAN
    return values


def filled(values: np.ndarray, pieces: list[int]) -> Series:
    """`values` taken in pieces of these sizes, over and over."""
    series, start, k = Series(values.shape[1]), 0, 0
    while start < len(values):
        size = pieces[k % len(pieces)]
        series.extend(np.arange(start, min(start + size, len(values))), values[start : start + size])
        start, k = start + size, k + 1
    return series


@settings(max_examples=30)
@given(
    st.integers(1, 30_000),
    st.integers(1, 3),
    st.lists(st.integers(1, 5000), min_size=1, max_size=4),
    st.integers(0, 9),
    st.sampled_from([0.0, 0.02, 0.6]),
)
def test_thinning_loses_no_extreme(count, width, pieces, seed, gaps) -> None:
    pieces = [max(piece, count // 200) for piece in pieces]
    values = samples(count, width, seed, gaps)
    series = filled(values, pieces)
    assert len(series) <= CAP
    steps = series.steps.astype(int)
    assert steps[0] == 0
    assert (np.diff(steps) > 0).all()
    borders = np.append(steps, count)
    np.testing.assert_array_equal(series.low, np.fmin.reduceat(values, steps, axis=0))
    np.testing.assert_array_equal(series.high, np.fmax.reduceat(values, steps, axis=0))
    for place in {0, len(steps) // 2, len(steps) - 1}:
        bucket = values[borders[place] : borders[place + 1]]
        for column in range(width):
            known = bucket[:, column][~np.isnan(bucket[:, column])]
            assert np.isnan(series.last[place, column]) if not len(known) else series.last[place, column] == known[-1]


@settings(max_examples=20)
@given(st.integers(1, 30_000), st.lists(st.integers(1, 3000), min_size=1, max_size=3), st.integers(0, 9))
def test_both_ends_are_exact(count, pieces, seed) -> None:
    pieces = [max(piece, count // 200) for piece in pieces]
    values = samples(count, 2, seed)
    series = filled(values, pieces)
    for part in (series.low, series.high, series.mean, series.last):
        np.testing.assert_array_equal(part[:FIRST], values[:FIRST])
        np.testing.assert_array_equal(part[-RECENT:], values[-min(RECENT, len(part)) :])


def test_the_mean_counts_every_sample_alike() -> None:
    values = samples(20_000, 1, 3)
    series = filled(values, [700])
    steps = series.steps.astype(int)
    counts = np.diff(np.append(steps, 20_000))
    np.testing.assert_allclose(series.mean[:, 0], np.add.reduceat(values[:, 0], steps) / counts, atol=1e-9)
    np.testing.assert_array_equal(series.last[:, 0], values[np.append(steps[1:], 20_000) - 1, 0])


def test_buckets_keep_their_own_extremes() -> None:
    series = Series()
    series.extend(
        np.array([0, 10]), np.array([1.0, 2.0]), np.array([5.0, 6.0]), np.array([3.0, 4.0]), np.array([2.0, 5.0])
    )
    assert series.low.ravel().tolist() == [1, 2]
    assert series.high.ravel().tolist() == [5, 6]
    assert series.mean.ravel().tolist() == [3, 4]
    assert series.last.ravel().tolist() == [2, 5]


def test_a_spike_of_one_step_in_a_million_is_still_there() -> None:
    series = Series()
    for start in range(0, 1_000_000, 10_000):
        part = np.zeros(10_000)
        part[4321] = 1e9 if start == 400_000 else 0.0
        series.extend(np.arange(start, start + 10_000), part)
    place = int(series.high.argmax())
    assert series.high[place, 0] == 1e9
    assert series.steps[place] <= 404_321 < series.steps[place + 1]


@pytest.mark.parametrize("count", [9_000, 100_000, 1_000_000])
def test_the_past_stays_evenly_fine(count) -> None:
    series = Series()
    for start in range(0, count, 500):
        series.extend(np.arange(start, start + 500), np.zeros(500))
    wide = np.diff(series.steps)
    assert (wide[:FIRST] == 1).all()
    assert (wide[-RECENT:] == 1).all()
    assert wide.max() <= 2 * count / (MIDDLE // 2)


def test_nothing_but_gaps_stays_a_gap() -> None:
    series = Series(2)
    series.extend(np.arange(9000), np.column_stack([np.full(9000, NAN), np.ones(9000)]))
    assert np.isnan(series.low[:, 0]).all()
    assert np.isnan(series.mean[:, 0]).all()
    np.testing.assert_allclose(series.mean[:, 1], 1)


def test_every_change_counts_as_a_version_and_clear_forgets() -> None:
    series = Series()
    before = series.version
    series.extend(np.arange(3), np.arange(3.0))
    assert series.version != before
    series.clear()
    assert len(series) == 0
    assert series.low.shape == (0, 1)


@pytest.mark.parametrize("step", [0, 60, 5000, 19_999, 30_000])
def test_cut_forgets_what_begins_at_a_step_or_later(step) -> None:
    series = filled(samples(20_000, 1, 1), [500])
    kept = series.steps[series.steps < step].copy()
    series.cut(step)
    np.testing.assert_array_equal(series.steps, kept)
    series.extend(np.array([step]), np.array([7.0]))
    assert series.steps[-1] == step
