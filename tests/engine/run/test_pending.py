"""What was not told yet stays bounded, and says the truth about every step."""

import numpy as np
import pytest

from engine.run import pending
from engine.run.pending import FIRST, Losses, Scalars


def test_few_losses_are_told_one_by_one_and_once() -> None:
    losses = Losses()
    for step in range(5, 105):
        losses.add(step, step / 7)
    told = losses.take()
    assert told.steps.tolist() == list(range(5, 105))
    for part in (told.low, told.high, told.mean, told.last):
        assert part.tolist() == [step / 7 for step in range(5, 105)]
    assert len(losses.take().steps) == 0
    losses.add(105, 1.0)
    assert losses.take().steps.tolist() == [105]


@pytest.mark.parametrize(
    ("most", "count"),
    [(8, n) for n in (8, 9, 15, 16, 17, 63, 64, 255, 256, 257, 5_003, 20_000)] + [(512, 123_457), (512, 400_000)],
)
def test_buckets_cover_every_step_once(monkeypatch: pytest.MonkeyPatch, most: int, count: int) -> None:
    monkeypatch.setattr(pending, "MOST", most)
    values = np.random.default_rng(0).standard_normal(count)
    losses = Losses()
    for step, value in enumerate(values.tolist(), 1000):
        losses.add(step, value)
    told = losses.take()
    assert len(told.steps) < 5 * most  # however long nobody asks
    assert told.steps[0] == 1000
    starts = told.steps - 1000
    assert (np.diff(starts) > 0).all()
    assert starts[-1] < count
    np.testing.assert_array_equal(told.low, np.minimum.reduceat(values, starts))
    np.testing.assert_array_equal(told.high, np.maximum.reduceat(values, starts))
    widths = np.diff([*starts, count])
    np.testing.assert_allclose(told.mean, np.add.reduceat(values, starts) / widths, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(told.last, values[[*starts[1:] - 1, count - 1]])


@pytest.mark.parametrize("begun", [0, 17, 49, 50])
def test_the_first_steps_of_a_run_stand_one_by_one_however_many_follow(begun: int) -> None:
    together, alone = Losses(), Losses()
    values = np.random.default_rng(1).standard_normal(100_000)
    together.extend(begun, values[:9])
    together.extend(begun + 9, values[9:])
    for step, value in enumerate(values.tolist(), begun):
        alone.add(step, value)
    for told in (together.take(), alone.take()):
        early = FIRST - begun
        assert told.steps[: early + 1].tolist() == list(range(begun, FIRST + 1))
        for part in (told.low, told.high, told.mean, told.last):
            assert part[:early].tolist() == values[:early].tolist()
        assert told.high[early] == values[early : early + told.steps[early + 1] - FIRST].max()
        assert (np.diff(told.steps[early:]) > 1).any()


@pytest.mark.parametrize("count", [800, 1023, 3_000, 30_000])
def test_an_answer_says_as_much_as_a_picture_can_show(count: int) -> None:
    losses = Losses()
    losses.extend(1000, np.arange(count, dtype=float))
    told = losses.take()
    assert min(count, pending.MOST) <= len(told.steps) < 5 * pending.MOST
    assert (np.diff(told.steps) == 1).all() == (count < 2 * pending.MOST)


@pytest.mark.parametrize("seed", range(6))
def test_losses_that_come_together_are_told_as_one_by_one(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(pending, "MOST", int(2 ** rng.integers(2, 7)))
    one, many = Losses(), Losses()
    step = 7
    for _ in range(5):
        for size in rng.integers(0, 500, rng.integers(1, 40)).tolist():
            values = rng.standard_normal(size).astype("float32")
            many.extend(step, values)
            for value in values.tolist():
                one.add(step, value)
                step += 1
            if rng.random() < 0.5:
                one.add(step, 0.25)
                many.add(step, 0.25)
                step += 1
        mine, theirs = many.take(), one.take()
        for name in mine.__struct_fields__:
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))


@pytest.mark.parametrize("count", [100_000, 333_333])
def test_scalars_of_a_long_wait_keep_the_first_and_the_last(count: int) -> None:
    scalars = Scalars()
    assert scalars.take() is None
    for step in range(count):
        scalars.add(step, [[float(step)] * 6])
    told = scalars.take()
    assert told is not None
    assert len(told.steps) <= pending.MOST_ROWS
    assert told.steps[:50].tolist() == list(range(50))
    assert told.steps[-1] == count - 1
    assert (np.diff(told.steps) > 0).all()
    np.testing.assert_array_equal(told.values[:, 0, 0], told.steps)
    assert scalars.take() is None
