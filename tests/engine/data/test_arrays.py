"""What a file of arrays holds is told before it is used, and how far the telling is."""

import numpy as np
import pytest

from engine.data import arrays
from engine.data.archive import DataFileError
from engine.data.arrays import inspect_arrays

RNG = np.random.default_rng(3)


class EnoughError(Exception):
    """Somebody does not want to wait."""


def enough() -> None:
    raise EnoughError


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_classes_ranges_and_first_rows(tmp_path, save):
    x, y = RNG.normal(5, 3, (50, 4)), np.arange(50) % 3
    save(tmp_path / "d.npz", x=x, y=y)
    found = inspect_arrays(tmp_path / "d.npz")
    assert (found.rows, found.counts, found.summary.classes) == (50, (17, 17, 16), 3)
    assert [name for name, _ in found.headers] == ["x", "y"]
    assert np.array_equal(found.first, x[:20])
    assert np.array_equal(found.first_y, y[:20])
    assert np.array_equal(found.low, x.min(axis=0))
    assert np.array_equal(found.high, x.max(axis=0))
    assert found.mean == pytest.approx(x.mean(axis=0), rel=1e-12)


def test_numbers_have_no_counts(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.zeros((6, 2, 3)), y=RNG.normal(size=6), x_val=np.ones((2, 2, 3)), y_val=[1.0, 2])
    found = inspect_arrays(tmp_path / "d.npz")
    assert (found.counts, found.summary.shape, found.low.shape) == ((), (2, 3), (2, 3))
    assert [name for name, _ in found.headers] == ["x", "y", "x_val", "y_val"]


def test_large_packed_numbers_are_not_unpacked_to_be_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "MOST_LOOKED", 20)
    x, y = RNG.normal(size=(30, 2)), np.arange(30) % 2
    np.savez_compressed(tmp_path / "packed.npz", x=x, y=y)
    packed = inspect_arrays(tmp_path / "packed.npz")
    assert packed.first is packed.low is None
    assert packed.counts == (15, 15)
    np.savez(tmp_path / "plain.npz", x=x, y=y)
    plain = inspect_arrays(tmp_path / "plain.npz")
    assert plain.low is None
    assert np.array_equal(plain.first, x[:20])  # where they lie in the file


def test_it_says_how_far_and_can_be_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "PIECE", 10)
    np.savez(tmp_path / "d.npz", x=np.zeros((50, 2)), y=np.zeros(50, int))
    shares: list[float] = []
    inspect_arrays(tmp_path / "d.npz", shares.append)
    assert shares == pytest.approx(np.arange(1, 11) / 10)
    with pytest.raises(EnoughError):
        inspect_arrays(tmp_path / "d.npz", lambda share: enough())


def test_a_damaged_file_is_one_line(tmp_path):
    (tmp_path / "d.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(DataFileError, match="is not an npz file"):
        inspect_arrays(tmp_path / "d.npz")
