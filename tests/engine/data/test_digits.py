"""The shipped digits are the 1797 of UCI's test set."""

from pathlib import Path

import numpy as np

from engine.data.digits import Digits

# Of each digit, as UCI's optdigits.names lists the test set.
COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_are_all_there_and_in_range():
    data = Digits(validation=0.0).load(Path())
    assert data.x.shape == (1797, 64)
    assert data.x.dtype == np.float64
    assert data.x.min() == 0
    assert data.x.max() == 16
    assert data.y.dtype == np.int64
    assert np.bincount(data.y).tolist() == COUNTS
    assert data.x[0].reshape(8, 8)[3].tolist() == [0, 4, 12, 0, 0, 8, 8, 0]  # a zero has a hole
    assert data.y[:10].tolist() == list(range(10))


def test_the_summary_is_what_is_loaded():
    data, summary = Digits().load(Path()), Digits().summary(Path())
    assert summary.shape == data.x.shape[1:] == data.x_val.shape[1:]
    assert summary.classes == data.classes == 10
    assert len(data.x_val) == 449
    assert len(data.x) + len(data.x_val) == 1797


def test_the_seed_draws_the_validation_part():
    first, again, other = (Digits(seed=seed).load(Path()) for seed in (0, 0, 1))
    assert np.array_equal(first.x_val, again.x_val)
    assert not np.array_equal(first.x_val, other.x_val)


def test_a_linear_map_reads_most_of_them():
    """Pictures and labels belong together: least squares on one-hot digits, judged on what was kept away."""
    data = Digits().load(Path())
    weights, *_ = np.linalg.lstsq(data.x, np.eye(10)[data.y], rcond=None)
    assert ((data.x_val @ weights).argmax(axis=1) == data.y_val).mean() > 0.9


def test_to_reconstruct_them_the_targets_are_their_pixels_from_0_to_1():
    for pictures in (False, True):
        plain, made = (Digits(pictures=pictures, reconstruct=on).load(Path()) for on in (False, True))
        summary = Digits(pictures=pictures, reconstruct=True).summary(Path())
        assert (summary.classes, summary.targets, summary.shape) == (None, 64, plain.x.shape[1:])
        assert made.classes is None
        assert np.array_equal(made.x, plain.x)
        for x, y in ((made.x, made.y), (made.x_val, made.y_val)):
            assert y.shape == (len(x), 64)
            assert np.array_equal(y * 16, x.reshape(len(x), 64))
        assert made.labels.classes == 10
        assert np.array_equal(made.labels.y, plain.y)
        assert np.array_equal(made.labels.y_val, plain.y_val)
        few = made.first(7)
        assert [len(part) for part in (few.y, few.labels.y, few.labels.y_val)] == [7, 7, 7]
        assert np.array_equal(few.labels.y, plain.y[:7])
