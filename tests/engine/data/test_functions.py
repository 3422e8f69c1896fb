"""Functions are what they say they are, and parity is every pattern once."""

import math
from pathlib import Path

import numpy as np
import pytest

from engine.data.functions import CURVES, SURFACES, Curve, Parity, Regression, Sine, Surface
from engine.errors import ProjectError
from engine.spec import convert

HERE = Path()
SOURCES: list[Regression] = [Sine(), *(Curve(curve=c) for c in CURVES), *(Surface(surface=s) for s in SURFACES)]
HEIGHTS = ((-0.6, -0.4, -1), (-0.6, 0.4, 1), (0, -0.4, 1), (0, 0.4, -1), (0.6, -0.4, -1), (0.6, 0.4, 1))
# Each once more, number by number in plain Python.
PLAIN = {
    "absolute": lambda x: 2 * abs(x) - 1,
    "step": lambda x: 1 if x >= 0 else -1,
    "cubic": lambda x: math.cos(3 * math.acos(x)),  # Chebyshev's T₃
    "bump": lambda x: math.exp(-x * x / 0.09),
    "sinc": lambda x: math.sin(3 * math.pi * x) / (3 * math.pi * x),
    "chirp": lambda x: math.sin(2 * math.pi * (x + 1) ** 2),
    "sawtooth": lambda x: 4 * x - 2 * math.floor(2 * x) - 1,
    "plane": lambda a, b: (a + b) / 2,
    "saddle": lambda a, b: a * b,
    "bowl": lambda a, b: a * a + b * b - 1,
    "ripple": lambda a, b: math.cos(3 * math.pi * math.sqrt(a * a + b * b)),
    "peaks": lambda a, b: sum(h * math.exp(-12.5 * ((a - p) ** 2 + (b - q) ** 2)) for p, q, h in HEIGHTS),
}


def name(source):
    return getattr(source, "curve", None) or getattr(source, "surface", None) or source.kind()


def everything(source):
    return source.replace("noise", 0.0).replace("validation", 0.0).load(HERE)


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_values_are_those_of_the_formula(source):
    data = everything(source)
    plain = PLAIN.get(name(source), lambda x: math.sin(2 * math.pi * x))
    np.testing.assert_allclose(data.y[:, 0], [plain(*map(float, row)) for row in data.x], atol=1e-12)
    assert np.abs(data.x).max() <= 1
    assert 0.5 < np.abs(data.y).max() <= 1 + 1e-12


def test_every_function_is_plainly_known():
    assert set(PLAIN) == set(CURVES) | set(SURFACES)


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_the_summary_is_what_is_loaded(source):
    data, summary = source.load(HERE), source.summary(HERE)
    assert (summary.shape, summary.classes, summary.targets) == ((type(source).inputs,), None, 1)
    count = source.samples * 3 // 4
    assert (data.x.shape, data.y.shape) == ((count, *summary.shape), (count, 1))
    assert data.classes is None
    assert len(data.x_val) == source.samples // 4


@pytest.mark.parametrize("source", [Sine(samples=5000), Surface(samples=5000)], ids=name)
def test_noise_is_added_to_the_same_points(source):
    still = everything(source)
    moved = source.replace("noise", 0.5).replace("validation", 0.0).load(HERE)
    assert np.array_equal(still.x, moved.x)
    noise = moved.y - still.y
    assert abs(noise.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * 5000)
    assert abs(noise.mean()) < 5 * 0.5 / np.sqrt(5000)
    other = source.replace("seed", 1).load(HERE)
    assert not np.array_equal(source.load(HERE).x, other.x)


def test_the_sine_has_its_frequency():
    data = everything(Sine(frequency=2.5))
    np.testing.assert_allclose(data.y, np.sin(5 * np.pi * data.x), atol=1e-12)


@pytest.mark.parametrize("bits", [2, 5, 10])
def test_parity_is_every_pattern_once(bits):
    data, summary = Parity(bits=bits).load(HERE), Parity(bits=bits).summary(HERE)
    assert data.x.shape == (2**bits, *summary.shape) == (2**bits, bits)
    assert len({tuple(row) for row in data.x}) == 2**bits
    assert set(data.x.ravel()) == {0.0, 1.0}
    assert [sum(row) % 2 for row in data.x.astype(int).tolist()] == data.y.tolist()
    assert (data.y.dtype, data.classes, summary.classes) == (np.int64, 2, 2)
    assert len(data.x_val) == 0
    # A pattern less than whole says nothing: any bit is 1 as often in both classes.
    assert np.array_equal(data.x[data.y == 0].mean(axis=0), data.x[data.y == 1].mean(axis=0)) or bits == 2


def test_parity_of_two_bits_is_exclusive_or():
    data = Parity(bits=2).load(HERE)
    assert data.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.y.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("cls", "wrong", "where"),
    [
        (Sine, {"kind": "sine", "frequency": 0}, "frequency"),
        (Curve, {"kind": "function", "curve": "tangent"}, "curve"),
        (Surface, {"kind": "surface", "surface": "hill"}, "surface"),
        (Parity, {"kind": "parity", "bits": 17}, "bits"),
    ],
)
def test_a_field_out_of_range_is_named(cls, wrong, where):
    with pytest.raises(ProjectError, match=rf"^data\.{where}: "):
        convert(wrong, cls, "data")
