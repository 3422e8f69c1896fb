"""Copy memory and the adding problem are what they say they are."""

from pathlib import Path

import numpy as np
import pytest

from engine.data.sequences import Adding, CopyMemory
from engine.errors import ProjectError
from engine.spec import convert

HERE = Path()
SOURCES = [
    CopyMemory(),
    CopyMemory(symbols=3, items=5, delay=0),
    CopyMemory(items=2, delay=7),
    CopyMemory(items=3, delay=4, every_step=True),
    CopyMemory(delay=0, every_step=True),
    Adding(),
    Adding(length=2),
]
each_source = pytest.mark.parametrize("source", SOURCES, ids=str)


@each_source
def test_the_summary_is_what_is_loaded(source):
    data, summary = source.load(HERE), source.summary(HERE)
    assert (data.x.shape, data.x_val.shape) == ((750, *summary.shape), (250, *summary.shape))
    assert data.classes == summary.classes
    if summary.classes is None:
        assert (data.y.shape, data.y.dtype) == ((750, summary.targets), np.float64)
    else:
        assert (data.y.shape, data.y.dtype, summary.targets) == ((750,), np.int64, 1)
        assert set(data.y) == set(range(summary.classes))


@each_source
def test_another_seed_gives_other_data(source):
    first, again, other = source.load(HERE), source.load(HERE), source.replace("seed", 1).load(HERE)
    for field in ("x", "y", "x_val", "y_val"):
        assert np.array_equal(getattr(first, field), getattr(again, field))
    assert not np.array_equal(first.y, other.y)


@pytest.mark.parametrize(("items", "delay"), [(1, 20), (1, 0), (4, 3)])
def test_copy_memory_read_step_by_step(items, delay):
    data = CopyMemory(symbols=5, items=items, delay=delay, samples=200).load(HERE)
    for x, y in zip(data.x, data.y, strict=True):
        assert len(x) == items + delay + 1
        symbols = []
        for step, row in enumerate(x):
            (ones,) = np.nonzero(row)
            assert set(row[ones]) <= {1}
            if step < items:
                (symbol,) = ones
                assert symbol < 5
                symbols.append(int(symbol))
            else:
                assert list(ones) == ([5] if step == items + delay else [])
        told = [int(y)] if items == 1 else [int(row.argmax()) for row in y.reshape(items, 5)]
        assert told == symbols
        assert items == 1 or y.sum() == items


def test_adding_read_step_by_step():
    data = Adding(length=9, samples=400).load(HERE)
    for x, y in zip(data.x, data.y[:, 0], strict=True):
        marked = [step for step, (_, mark) in enumerate(x) if mark == 1]
        assert len(marked) == 2
        assert marked[0] < 4 <= marked[1]
        assert set(x[:, 1]) == {0.0, 1.0}
        assert y == sum(x[step][0] for step in marked)
    assert data.x[..., 0].min() >= 0
    assert data.x[..., 0].max() <= 1
    assert 0.48 < data.x[..., 0].mean() < 0.52


def test_who_always_says_one_is_off_by_a_sixth():
    data = Adding(samples=20_000, validation=0.0).load(HERE)
    assert ((data.y - 1) ** 2).mean() == pytest.approx(1 / 6, rel=0.03)


def test_what_is_too_large_is_refused_before_it_is_drawn():
    for data, where in (
        ({"kind": "copy_memory", "delay": 100_000, "samples": 10_000_000}, "data.delay"),
        ({"kind": "adding", "length": 100_000, "samples": 10_000_000}, "data.length"),
    ):
        source = convert(data, {"copy_memory": CopyMemory, "adding": Adding}[data["kind"]], "data")
        with pytest.raises(ProjectError, match=f"{where}: .* at most 268435456 are allowed"):
            source.load(HERE)


@pytest.mark.parametrize(("items", "delay"), [(1, 6), (3, 0), (4, 3)])
def test_with_a_target_at_every_step_the_symbols_are_due_one_by_one_from_the_cue_on(items, delay):
    data = CopyMemory(symbols=5, items=items, delay=delay, samples=100, every_step=True).load(HERE)
    for x, y in zip(data.x, data.y.reshape(len(data.y), -1, 5), strict=True):
        assert len(x) == len(y) == 2 * items + delay
        given = [int(np.flatnonzero(row[:5])[0]) for row in x[:items]]
        assert not x[items:, :5].any()
        assert np.flatnonzero(x[:, 5]).tolist() == [items + delay]
        assert not y[: items + delay].any()
        for row, symbol in zip(y[items + delay :], given, strict=True):
            assert np.flatnonzero(row).tolist() == [symbol]
