"""Files whose examples are their own targets: y are the numbers of x, and the classes are told beside."""

from pathlib import Path

import numpy as np
import pytest

from engine.data.files import Npz
from engine.data.idx import Idx
from tests.engine.data.test_idx import idx, write

RNG = np.random.default_rng(3)
PICTURES = RNG.integers(0, 256, (12, 5, 4)).astype(np.uint8)
LABELS = (np.arange(12) % 3).astype(np.uint8)


def check(source, folder: Path, x, y, shape: tuple[int, ...]) -> None:
    summary, made = source.summary(folder), source.load(folder)
    assert (summary.shape, summary.classes, summary.targets) == (shape, None, 20)
    assert made.classes is None
    assert made.labels.classes == 3
    got = np.concatenate([made.labels.y, made.labels.y_val])
    assert sorted(got.tolist()) == sorted(y.tolist())
    for found, targets in ((made.x, made.y), (made.x_val, made.y_val)):
        assert np.array_equal(targets, np.asarray(found, np.float64).reshape(len(found), -1) / 255)
    assert len(made.y) + len(made.y_val) == len(x)


def test_bytes_become_numbers_from_0_to_1(tmp_path: Path) -> None:
    write(tmp_path, **{"a-images-idx3-ubyte": idx(PICTURES), "a-labels-idx1-ubyte": idx(LABELS)})
    check(Idx(path="a-images-idx3-ubyte", reconstruct=True), tmp_path, PICTURES, LABELS, (1, 5, 4))
    np.savez(tmp_path / "a.npz", x=PICTURES[:, None], y=LABELS)
    check(Npz(path="a.npz", reconstruct=True), tmp_path, PICTURES, LABELS, (1, 5, 4))


@pytest.mark.parametrize("y", [np.arange(8.0), np.ones((8, 3))], ids=["a column", "three columns"])
def test_other_numbers_stay_as_they_are_and_targets_of_numbers_are_not_told(tmp_path: Path, y) -> None:
    x = RNG.standard_normal((8, 6))
    np.savez(tmp_path / "a.npz", x=x, y=y)
    made = Npz(path="a.npz", reconstruct=True, validation=0.25).load(tmp_path)
    assert made.labels is None
    assert np.array_equal(made.y, made.x)
    assert np.array_equal(made.y_val, made.x_val)
    assert Npz(path="a.npz", reconstruct=True).summary(tmp_path).targets == 6


def test_the_same_file_without_it_keeps_its_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=PICTURES[:, None], y=LABELS)
    assert Npz(path="a.npz", reconstruct=True).summary(tmp_path).classes is None
    assert Npz(path="a.npz").summary(tmp_path).classes == 3
    assert Npz(path="a.npz").load(tmp_path).labels is None
