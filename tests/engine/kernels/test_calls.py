"""Calls that compiled kernels do: the same numbers as NumPy's within rounding."""

from functools import partial

import numpy as np
import pytest

from engine.backend import count
from engine.kernels.program import MOST_WORK, table
from engine.kernels.rows import Op

pytest.importorskip("numba")

from engine.kernels.running import Program, lowered

RNG = np.random.default_rng(1)
CLOSE = {"float32": {"rtol": 2e-5, "atol": 2e-6}, "float64": {"rtol": 1e-12, "atol": 1e-14}}


def called(function, *arrays):
    """What NumPy and a program make of one call, whose last array is written to."""
    there, here = ([np.array(a) for a in arrays] for _ in range(2))
    with np.errstate(all="ignore"):
        function(*there[:-1], out=there[-1])
    (program,) = lowered([partial(function, *here[:-1], out=here[-1])])
    assert isinstance(program, Program)
    program()
    return there[-1], here[-1]


# One call


SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, 1e-30, 88.5, -88.0, -100.0, -104.0, 90.0, 3e38]
UNARY = [
    *(np.negative, np.absolute, np.sign, np.square, np.sqrt, np.reciprocal),
    *(np.exp, np.expm1, np.log, np.log1p, np.tanh),
]
LIMITS = [np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.greater, *LIMITS]


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_functions_of_one_number(function, dtype):
    spread = [RNG.normal(size=300) * scale for scale in (1e-6, 1e-2, 1.0, 10.0, 60.0)]
    x = np.concatenate([SPECIAL, *spread]).astype(dtype)
    there, here = called(function, x, np.empty_like(x))
    np.testing.assert_array_equal(np.isnan(here), np.isnan(there))
    np.testing.assert_array_max_ulp(here[~np.isnan(here)], there[~np.isnan(there)], maxulp=4)


RANGES = {
    np.tanh: [(-12, 12), (-1, 1), (-0.02, 0.02), (-1e-38, 1e-38)],
    np.exp: [(-1, 1), (-87, 88.7), (-104, -86)],
    np.expm1: [(-1, 1), (-25, 88.7), (-1e-4, 1e-4)],
    np.log: [(0.3, 3), (1e-38, 1e-30), (1, 3e38)],
}


@pytest.mark.parametrize(
    ("function", "low", "high"), [(f, *ends) for f, ranges in RANGES.items() for ends in ranges], ids=str
)
def test_functions_are_good_to_two_units_in_the_last_place(function, low, high):
    x = np.concatenate([np.linspace(low, high, 20_000), RNG.uniform(low, high, 10_000)]).astype("float32")
    x = x[np.isfinite(function(x.astype("float64")))]
    _, here = called(function, x, np.empty_like(x))
    true = function(x.astype("float64"))
    units = np.abs(here - true) / np.spacing(np.abs(true).astype("float32"))
    assert units.max() <= 2


@pytest.mark.parametrize("shapes", [((20,), (20,)), ((4, 5), ()), ((), (4, 5)), ((4, 1), (4, 5)), ((4, 5), (5,))])
@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
def test_functions_of_two_numbers_and_their_broadcasts(function, shapes):
    a, b = (np.array(RNG.normal(size=shape)).astype("float32") for shape in shapes)
    out = np.full(np.broadcast_shapes(*shapes), 7, "float32")
    there, here = called(function, a, b, out)
    np.testing.assert_allclose(here, there, rtol=3e-7, atol=1e-7)


@pytest.mark.parametrize("function", LIMITS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("length", [1, 3])  # long rows of logaddexp are made of several
def test_what_is_no_number_comes_through_as_in_numpy(function, length):
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL], "float32")
    a, b = (np.tile(pairs[:, i], length)[:: 1 if length > 1 else 20].copy() for i in range(2))
    there, here = called(function, a, b, np.empty_like(a))
    both_infinite = np.isinf(a) & (a == b) & (function is np.logaddexp)
    np.testing.assert_allclose(here[~both_infinite], there[~both_infinite], rtol=3e-7)
    assert not np.isfinite(here[both_infinite]).any()


@pytest.mark.parametrize("place", ["a", "b"])
def test_in_place(place):
    a, b = RNG.normal(size=(2, 3, 7)).astype("float32")
    expected = a - b
    (program,) = lowered([partial(np.subtract, a, b, a if place == "a" else b)])
    program()
    np.testing.assert_array_equal(a if place == "a" else b, expected)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("order", ["CC", "CF", "FC", "FF"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 4), (3, 9, 32), (8, 32, 3), (9, 5, 11), (1, 32, 9), (8, 3, 32)])
def test_products_however_the_factors_lie(shape, order, dtype):
    n, inner, m = shape
    a = np.array(RNG.normal(size=(n, inner)), dtype, order=order[0])
    b = np.array(RNG.normal(size=(inner, m)), dtype, order=order[1])
    there, here = called(np.dot, a, b, np.empty((n, m), dtype))
    np.testing.assert_allclose(here, there, **CLOSE[dtype])


@pytest.mark.parametrize("axis", [0, 1, None, (1,)])
@pytest.mark.parametrize("ufunc", [np.add, np.maximum], ids=lambda f: f.__name__)
def test_sums_and_the_greatest_along_axes(ufunc, axis):
    x = RNG.normal(size=(6, 5)).astype("float32")
    expected = ufunc.reduce(x, axis, keepdims=True)
    out = np.full_like(expected, 7)
    (program,) = lowered([partial(ufunc.reduce, x, axis, None, out, True)])
    program()
    np.testing.assert_allclose(out, expected, rtol=1e-6)


def test_masks():
    x, mask, out = RNG.normal(size=(4, 6)).astype("float32"), np.zeros((4, 6), bool), np.empty((4, 6), "float32")
    calls = [partial(np.greater, x, np.zeros((), "float32"), mask), partial(np.copyto, out, mask)]
    calls.append(partial(np.multiply, mask, x, x))
    (program,) = lowered(calls)
    expected = np.maximum(x, 0)
    program()
    assert np.array_equal(x, expected)
    assert np.array_equal(mask, x > 0)
    assert np.array_equal(out, (x > 0).astype("float32"))


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("function", [np.equal, np.not_equal], ids=lambda f: f.__name__)
@pytest.mark.parametrize("size", [1, 15, 200])
def test_what_is_equal_goes_into_masks(function, dtype, size):
    x = np.resize(np.array(SPECIAL, dtype), size)
    there, here = called(function, x, np.zeros((), dtype), np.ones(size, bool))
    assert np.array_equal(here, there)
    numbers = np.ones(size, dtype)
    assert not isinstance(lowered([partial(function, x, x, numbers)])[0], Program)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("shape", [(1,), (7, 11), (3, 400), (300, 257)])
def test_what_is_true_in_a_mask_is_counted(shape, dtype):
    mask, out = RNG.random(shape) < 0.4, np.full((), -1, dtype)
    (program,) = lowered([partial(count, np, mask, out)])
    assert isinstance(program, Program)
    program()
    assert out == np.count_nonzero(mask)
    for other in (mask[..., ::2], np.zeros((0, 3), bool)):
        if not (other.size and other.flags.c_contiguous):
            assert not isinstance(lowered([partial(count, np, other, out)])[0], Program)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(1, 1), (4, 3), (8, 32), (9, 67), (32, 8)])
def test_a_matrix_times_a_vector(shape, order, dtype):
    a, b = np.array(RNG.normal(size=shape), dtype, order=order), RNG.normal(size=shape[1]).astype(dtype)
    (program,) = lowered([partial(a.dot, b, out := np.empty(shape[0], dtype))])
    assert isinstance(program, Program)
    program()
    np.testing.assert_allclose(out, a.dot(b), **CLOSE[dtype])


def test_what_no_row_can_say_stays_as_it_is():
    x = np.ones((4, 4), "float32")
    for call in (
        partial(np.sin, x, x),
        partial(np.add, x, x.astype("float64"), x),
        lambda: None,
        partial(np.where, x > 0, x, x),
    ):
        assert lowered([call]) == [call]
    side = int(MOST_WORK**0.5) + 1
    large = np.ones((side, side), "float32")
    assert table([partial(np.add, large, large, large)]) is None
    assert len(Op) == 44


# Many numbers


def numbers(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize(
    ("out", "operand"),
    [
        (np.s_[:, :, :, :], np.s_[:, :, :, :]),
        (np.s_[1:3, :, ::2], np.s_[1:3, :, 1::2]),
        (np.s_[:, 1:4, 2], np.s_[:, 1:4, 0]),
        (np.s_[::-1], np.s_[::-1]),
        (np.s_[...], np.s_[2, :, :1, :]),
    ],
)
def test_parts_of_arrays_of_several_axes(out, operand, dtype):
    a, b, c = (numbers(4, 5, 6, 3, dtype=dtype) for _ in range(3))
    expected = c.copy()
    np.add(a[out], b[operand], expected[out])
    (made,) = lowered([partial(np.add, a[out], b[operand], c[out])])
    made()
    np.testing.assert_array_equal(c, expected)


def test_copies_turned_round_and_fills():
    a, b = numbers(70, 3, 50), np.zeros((3, 50, 70), "float32")
    (made,) = lowered([partial(np.copyto, b, a.transpose(1, 2, 0)), partial(b[1:, ::2].fill, 7)])
    made()
    expected = a.transpose(1, 2, 0).copy()
    expected[1:, ::2] = 7
    np.testing.assert_array_equal(b, expected)


def test_what_is_read_after_a_neighbour_was_written_stays_as_it_is():
    """NumPy copies first; a loop would not."""
    x = numbers(4000)
    calls = [partial(np.add, x[1:], x[:-1], x[1:])] * 2
    assert lowered(calls) == calls


def run_in_turn(calls):
    for call in calls:
        call()


def test_rows_that_need_one_anothers_numbers_are_not_gone_through_together():
    """The second reads what the first has written one place further on."""
    x, y, z = numbers(3, 5000)
    expected = x[1:] + np.append(x[1:-1] ** 2, y[-1])
    run_in_turn(lowered([partial(np.square, x[:-1], y[:-1]), partial(np.add, y[1:], x[1:], z[1:])]))
    np.testing.assert_allclose(z[1:], expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(5000,), (77, 131), (8192,), (3, 2049)])
def test_blocks_cover_every_number_once(shape):
    a, t, m = numbers(*shape), numbers(*shape), np.zeros(shape, bool)
    half, zero = np.array(0.5, "float32"), np.array(0.0, "float32")
    calls = [
        partial(np.multiply, a, half, t),
        partial(np.greater, t, zero, m),
        partial(np.copyto, t, m),
        partial(np.add, a, t, a),
    ]
    (made,) = lowered(calls)
    assert isinstance(made, Program)
    expected = a + (a * 0.5 > 0)
    made()
    np.testing.assert_allclose(a, expected, rtol=1e-6)
    assert made.count == 1  # all four in one run of blocks


def test_large_products_stay_calls_and_what_lies_between_is_one():
    x, w, h = numbers(64, 64), numbers(64, 64), numbers(64, 64)
    product = partial(np.dot, w, x, h)
    calls = [product, partial(np.tanh, h, h), partial(np.square, h, h), product, partial(np.tanh, h, h)]
    first, between, second, alone = lowered(calls)
    assert first is second is product
    assert isinstance(between, Program)
    assert alone is calls[-1]  # a single one is NumPy's


def test_number_types_are_not_mixed():
    x, y = numbers(3000), numbers(3000, dtype="float64")
    calls = [partial(np.square, a, a) for a in (x, x, y, y)]
    expected = x**4, y**4
    run_in_turn(lowered(calls))
    for array, powers in zip((x, y), expected, strict=True):
        np.testing.assert_allclose(array, powers, rtol=1e-6)
