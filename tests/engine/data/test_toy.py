"""The toy data obey their formulas, and the same seed gives the same data everywhere."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.data.source import DataSource
from engine.data.toy import GAP, MOST_NUMBERS, Blobs, Checkerboard, Circles, Moons, Noise, Plane, Spiral, Xor
from engine.errors import ProjectError
from engine.spec import convert

HERE = Path()
PLANES = [Xor(), Circles(), Circles(classes=4), Moons(), Moons(classes=3), Moons(classes=8)]
PLANES += [Spiral(), Spiral(classes=5), Blobs(), Blobs(classes=8), Checkerboard(), Checkerboard(classes=8, squares=5)]
SOURCES = [*PLANES, Noise(), Noise(shape=(3, 4, 5), targets=3), Noise(classes=4)]


def name(source):
    return f"{source.kind()}{getattr(source, 'classes', None) or ''}"


def everything(source):
    """All examples without noise, none kept for validation."""
    data = source.replace("noise", 0.0).replace("validation", 0.0).load(HERE)
    assert len(data.x_val) == 0
    return data.x, data.y


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_what_the_summary_promises_is_what_is_loaded(source: DataSource):
    data, summary = source.load(HERE), source.summary(HERE)
    assert data.x.shape == (300, *summary.shape)
    assert data.x_val.shape == (100, *summary.shape)
    assert data.x.dtype == np.float64
    assert np.isfinite(data.x).all()
    assert data.classes == summary.classes
    if summary.classes is None:
        assert data.y.dtype == np.float64
        assert data.y.shape == (300, summary.targets)
    else:
        assert data.y.dtype == np.int64
        assert data.y.shape == (300,)
        assert summary.targets == 1
        assert set(np.concatenate([data.y, data.y_val])) == set(range(summary.classes))


def test_a_summary_draws_nothing(monkeypatch):
    monkeypatch.setattr("engine.data.toy.generator", lambda *key: pytest.fail("data were drawn"))
    for source in SOURCES:
        source.summary(HERE)


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_another_seed_gives_other_data(source: DataSource):
    first, again, other = source.load(HERE), source.load(HERE), source.replace("seed", 1).load(HERE)
    for field in ("x", "y", "x_val", "y_val"):
        assert np.array_equal(getattr(first, field), getattr(again, field))
    assert not np.array_equal(first.x, other.x)


@pytest.mark.parametrize("source", PLANES, ids=name)
def test_noise_is_added_to_the_same_places(source: Plane):
    still, y = everything(source)
    moved = {amount: source.replace("noise", amount).replace("validation", 0.0).load(HERE) for amount in (0.1, 0.2)}
    assert all(np.array_equal(data.y, y) for data in moved.values())
    np.testing.assert_allclose(moved[0.2].x - still, 2 * (moved[0.1].x - still), rtol=0, atol=1e-12)
    assert abs((moved[0.1].x - still).std() - 0.1) < 0.1 * 5 / np.sqrt(2 * 800)


@pytest.mark.parametrize("source", PLANES, ids=name)
def test_places_are_about_as_large_as_one(source: Plane):
    x, _ = everything(source)
    assert 0.7 < np.abs(x).max() <= 1.5
    assert np.abs(x.mean(axis=0)).max() < 0.25


@pytest.mark.parametrize("source", [s for s in PLANES if not isinstance(s, Xor)], ids=name)
@pytest.mark.parametrize("samples", [2, 3, 401])
def test_classes_are_balanced_and_mixed(source: Plane, samples: int):
    _, y = everything(source.replace("samples", samples))
    counts = np.bincount(y, minlength=source.class_count)
    assert counts.sum() == samples
    assert counts.max() - counts.min() <= 1
    if samples > 100:
        assert len(set(y[:50])) == source.class_count  # batches in the data's order see all classes


@pytest.mark.parametrize("source", PLANES, ids=name)
@pytest.mark.parametrize("imbalance", [1.5, 20.0, 1000.0])
def test_imbalance_is_a_ratio_of_first_and_last_and_even_between(source: Plane, imbalance: float):
    samples = 100_000
    _, y = everything(source.replace("samples", samples).replace("imbalance", imbalance))
    counts = np.bincount(y, minlength=source.class_count)
    k = np.arange(source.class_count)
    shares = imbalance ** (-k / (source.class_count - 1))
    assert counts.sum() == samples
    assert np.abs(counts - samples * shares / shares.sum()).max() <= 1
    assert len(set(y[:1000])) > 1  # mixed


@pytest.mark.parametrize("source", PLANES, ids=name)
def test_every_class_keeps_an_example_while_there_are_enough(source: Plane):
    count = source.class_count
    _, y = everything(source.replace("samples", max(count, 2)).replace("imbalance", 1000.0))
    assert sorted(y) == list(range(count))


@pytest.mark.parametrize("source", PLANES, ids=name)
def test_an_imbalance_moves_no_class_elsewhere(source: Plane):
    """Each class covers the same ground: its corners are those of the balanced one."""
    even, uneven = source.replace("samples", 40_000), source.replace("samples", 40_000).replace("imbalance", 5.0)
    (x, y), (x5, y5) = everything(even), everything(uneven)
    for label in range(source.class_count):
        for corner in (np.min, np.max):
            mine, other = corner(x[y == label], axis=0), corner(x5[y5 == label], axis=0)
            np.testing.assert_allclose(mine, other, atol=0.06)


@pytest.mark.parametrize(("classes", "squares"), [(2, 4), (3, 2), (5, 7), (8, 16)])
def test_a_checkerboard_has_its_colours(classes, squares):
    x, y = everything(Checkerboard(classes=classes, squares=squares, samples=20_000))
    square = np.floor((x + 1) / 2 * squares)
    assert np.array_equal(square.sum(axis=1) % classes, y)
    assert square.min() == 0
    assert square.max() == squares - 1
    inside = (x + 1) / 2 * squares % 1
    assert abs(inside.mean() - 0.5) < 5 * np.sqrt(1 / 12 / 40_000)
    for label in range(classes):  # no square of a class is left out
        mine = {tuple(place) for place in square[y == label]}
        assert len(mine) == sum((i + j) % classes == label for i in range(squares) for j in range(squares))


def test_more_classes_than_diagonals_are_refused():
    source = Checkerboard(classes=4, squares=2)
    with pytest.raises(ProjectError, match=r"^data\.classes: expected at most 3, as many as 2 × 2 .*, got 4$"):
        source.summary(HERE)


def test_xor_is_the_differing_of_signs_with_a_gap():
    x, y = everything(Xor(samples=10_000))
    assert np.array_equal(y == 1, x[:, 0] * x[:, 1] < 0)
    assert np.abs(x).min() >= GAP
    assert np.abs(x).max() <= 1 + GAP
    assert abs(y.mean() - 0.5) < 5 * 0.5 / np.sqrt(10_000)
    # Uniform on [0.1, 1.1]: mean 0.6, variance 1/12.
    assert abs(np.abs(x).mean() - 0.6) < 5 * np.sqrt(1 / 12 / 20_000)


def test_circles_have_their_radii():
    x, y = everything(Circles(factor=0.3))
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1.0, 0.3), atol=1e-12)
    for label in (0, 1):  # even: neighbours on the circle are all as far apart
        angles = np.sort(np.arctan2(x[y == label, 1], x[y == label, 0]))
        np.testing.assert_allclose(np.diff(angles), 2 * np.pi / 200, atol=1e-9)


def test_rings_are_as_far_apart():
    x, y = everything(Circles(factor=0.25, classes=4))
    np.testing.assert_allclose(np.hypot(*x.T), np.array([1.0, 0.75, 0.5, 0.25])[y], atol=1e-12)


def test_many_moons_are_a_row_of_half_circles():
    x, y = everything(Moons(classes=5))
    x = x / (3 / 6) + [2, 0.25]
    for label in range(5):
        mine, up = x[y == label], label % 2 == 0
        np.testing.assert_allclose(np.hypot(*(mine - [label, 0 if up else 0.5]).T), 1, atol=1e-12)
        assert (mine[:, 1].min() > -1e-12) if up else (mine[:, 1].max() < 0.5 + 1e-12)


def test_moons_are_two_half_circles():
    x, y = everything(Moons())
    upper, lower = x[y == 0] + [0.5, 0.25], x[y == 1] + [0.5, 0.25]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, atol=1e-12)
    np.testing.assert_allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1, atol=1e-12)
    assert upper[:, 1].min() > -1e-12
    assert lower[:, 1].max() < 0.5 + 1e-12
    np.testing.assert_allclose([upper[:, 0].min(), upper[:, 0].max()], [-1, 1])
    np.testing.assert_allclose([lower[:, 0].min(), lower[:, 0].max()], [0, 2], atol=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_an_angle_unwound_by_its_radius_is_the_spiral_arm(classes: int):
    x, y = everything(Spiral(classes=classes, turns=1.25))
    r = np.hypot(*x.T)
    arm = (np.arctan2(x[:, 0], x[:, 1]) / (2 * np.pi) - 1.25 * r) * classes
    assert np.array_equal(np.round(arm) % classes, y)
    np.testing.assert_allclose(arm, np.round(arm), atol=1e-9)
    assert r.min() > 0
    assert abs(r.max() - 1) < 1e-12


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_blobs_lie_around_centres_on_the_circle(classes: int):
    x, y = everything(Blobs(classes=classes))
    turn = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - 1 / 8
    np.testing.assert_allclose((turn * classes - y + 0.5) % classes, 0.5, atol=1e-9)
    np.testing.assert_allclose(np.hypot(*x.T), 1)


def test_noise_is_normal_and_says_nothing_about_y():
    data = Noise(samples=20_000, shape=(2, 3), targets=2, validation=0.0).load(HERE)
    for numbers in (data.x, data.y):
        assert abs(numbers.mean()) < 5 / np.sqrt(numbers.size)
        assert abs(numbers.var() - 1) < 5 * np.sqrt(2 / numbers.size)
    correlation = data.x.reshape(20_000, 6).T @ data.y / 20_000
    assert np.abs(correlation).max() < 5 / np.sqrt(20_000)


def test_random_labels_are_uniform():
    data = Noise(samples=20_000, classes=4, validation=0.0).load(HERE)
    counts = np.bincount(data.y, minlength=4)
    assert len(counts) == 4
    assert np.abs(counts - 5000).max() < 5 * np.sqrt(20_000 * 3 / 16)


def test_more_noise_than_memory_is_refused_before_it_is_drawn(monkeypatch):
    monkeypatch.setattr("engine.data.toy.generator", lambda *key: pytest.fail("data were drawn"))
    with pytest.raises(ProjectError, match=rf"^data\.shape: .* at most {MOST_NUMBERS}"):
        Noise(samples=10_000_000, shape=(1000, 1000)).load(HERE)


@pytest.mark.parametrize(
    ("cls", "wrong", "where"),
    [
        (Xor, {"kind": "xor", "noise": -0.1}, "noise"),
        (Spiral, {"kind": "spiral", "classes": 9}, "classes"),
        (Circles, {"kind": "circles", "factor": 1.0}, "factor"),
        (Xor, {"kind": "xor", "imbalance": 0.5}, "imbalance"),
        (Checkerboard, {"kind": "checkerboard", "squares": 1}, "squares"),
        (Noise, {"kind": "noise", "shape": []}, "shape"),
        (Noise, {"kind": "noise", "shape": [3, 0]}, "shape.1"),
        (Noise, {"kind": "noise", "classes": 1}, "classes"),
    ],
)
def test_a_field_out_of_range_is_named(cls, wrong, where):
    with pytest.raises(ProjectError, match=rf"^data\.{where}: "):
        convert(wrong, cls, "data")


SCRIPT = """
import hashlib
from pathlib import Path
from engine.data.toy import *
for source in (Xor(), Circles(), Moons(), Spiral(classes=3), Blobs(), Noise(), Noise(classes=3)):
    data = source.load(Path())
    print(hashlib.sha256(b"".join(a.tobytes() for a in (data.x, data.y, data.x_val, data.y_val))).hexdigest())
"""


def test_another_process_with_other_string_hashes_draws_the_same():
    here = []
    for source in (Xor(), Circles(), Moons(), Spiral(classes=3), Blobs(), Noise(), Noise(classes=3)):
        data = source.load(HERE)
        parts = (data.x, data.y, data.x_val, data.y_val)
        here.append(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
    root = Path(__file__).parents[3]
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert ran.stdout.split() == here, ran.stderr
