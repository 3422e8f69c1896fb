"""Rows that are merged into one, or gone through together in blocks, do what NumPy does one call after another."""

from functools import partial

import numpy as np
import pytest

from engine.kernels import program
from engine.kernels.patterns import PATTERNS, merged
from engine.kernels.rows import Op, rows_of

pytest.importorskip("numba")

from engine.kernels.running import lowered

RNG = np.random.default_rng(3)
HALF, LEAST = np.array(0.5, "float32"), np.array(0.01, "float32")


def arrays():
    """a, b, c, g, h, o, s, t and a mask; all positive, so that every root is a number."""
    made = dict(zip("abcghost", RNG.uniform(0.5, 2, (8, 150)).astype("float32"), strict=True))
    return {**made, "m": np.zeros(150, bool)}


def written(x):
    """Each pattern as calls over `arrays`."""
    a, b, c, g, h, o, s, t, m = x.values()
    rectified = [(np.greater, a, b, m), (np.copyto, s, m)]
    return {
        Op.HALF_WAVE: [*rectified, (np.multiply, a, s, o)],
        Op.GREATER_ONE: [*rectified, (partial(np.maximum, out=o), b, a)],
        Op.TANH_SLOPE: [(np.square, h, s), (np.subtract, HALF, s, s), (np.multiply, g, s, o)],
        Op.SIGMOID_SLOPE: [(np.subtract, HALF, h, s), (np.multiply, h, s, s), (np.multiply, g, s, o)],
        Op.MULTIPLY_ADD: [(np.multiply, o, HALF, o), (np.add, o, c, o)],
        Op.DIVIDE_MULTIPLY: [(np.divide, a, b, o), (np.multiply, o, HALF, o)],
        Op.SQRT_ADD: [(np.sqrt, a, o), (np.add, o, HALF, o)],
        Op.SQUARE_MEAN: [(np.multiply, g, g, t), (np.multiply, o, HALF, o), (np.add, o, t, o)],
        Op.SCALED_STEP: [
            (np.sqrt, a, t),
            (np.add, t, HALF, t),
            (np.divide, b, t, t),
            (np.multiply, t, LEAST, t),
            (np.subtract, o, t, o),
        ],
        Op.MULTIPLY_SUBTRACT: [(np.multiply, t, HALF, t), (np.subtract, c, t, c)],
    }


def calls_of(bound):
    return [partial(function, *arguments) for function, *arguments in bound]


def ops(calls):
    return [row.op for row in merged([row for call in calls for row in rows_of(call)])]


def both_ways(make):
    """What NumPy and programs make of the calls that `make` binds over the same arrays."""
    there = arrays()
    here = {name: array.copy() for name, array in there.items()}
    with np.errstate(all="ignore"):
        for x, lower in ((there, False), (here, True)):
            calls = calls_of(make(x))
            for call in lowered(calls) if lower else calls:
                call()
    return there, here


@pytest.mark.parametrize("op", [pattern.op for pattern in PATTERNS], ids=lambda op: op.name)
def test_a_pattern_is_one_row_and_writes_all_that_its_rows_write(op):
    assert ops(calls_of(written(arrays())[op])) == [op]
    there, here = both_ways(lambda x: written(x)[op])
    for name, array in there.items():
        np.testing.assert_array_equal(here[name], array, err_msg=name)


OTHERS = {
    "o + o is no a b + c": lambda x: [(np.multiply, x["a"], x["b"], x["o"]), (np.add, x["o"], x["o"], x["o"])],
    "c - t with c = t": lambda x: [(np.multiply, x["a"], x["b"], x["t"]), (np.subtract, x["t"], x["t"], x["c"])],
    "t - c": lambda x: [(np.multiply, x["a"], x["b"], x["t"]), (np.subtract, x["t"], x["c"], x["o"])],
    "another array's root": lambda x: [(np.sqrt, x["a"], x["o"]), (np.add, x["a"], HALF, x["a"])],
    "a neighbour's product": lambda x: [
        (np.multiply, x["a"][1:], x["b"][1:], x["o"][1:]),
        (np.add, x["o"][1:], x["o"][:-1].copy(), x["o"][1:]),
        (np.multiply, x["a"][:-1], x["o"][1:], x["t"][:-1]),
        (np.subtract, x["t"][1:], x["t"][:-1], x["c"][1:]),
    ],
    "a slope into its own source": lambda x: [
        (np.square, x["h"], x["h"]),
        (np.subtract, HALF, x["h"], x["h"]),
        (np.multiply, x["g"], x["h"], x["h"]),
    ],
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_looks_like_a_pattern_is_right_all_the_same(name):
    there, here = both_ways(OTHERS[name])
    for key, array in there.items():
        np.testing.assert_array_equal(here[key], array, err_msg=key)


@pytest.mark.parametrize("other", ["o + o is no a b + c", "c - t with c = t", "t - c", "another array's root"])
def test_no_pattern_is_seen_where_none_is(other):
    bound = OTHERS[other](arrays())
    assert len(ops(calls_of(bound))) == len(bound)


@pytest.mark.parametrize("block", [4096, 7])
@pytest.mark.parametrize("seed", range(40))
def test_any_calls_in_turn(seed, block, monkeypatch):
    """Over few arrays and parts of them, so that every way to meet comes up."""
    monkeypatch.setattr(program, "MOST_WORK", 0)
    monkeypatch.setattr(program, "BLOCK", block)
    parts = [np.s_[:], np.s_[:148], np.s_[2:], np.s_[1::2], np.s_[::2], np.s_[75:], np.s_[:75]]
    alike = {150: parts[:1], 148: parts[1:3], 75: parts[3:]}
    functions = [(np.add, 2), (np.multiply, 2), (np.subtract, 2), (np.sqrt, 1), (np.square, 1), (np.divide, 2)]

    def make(x):
        rng = np.random.default_rng(seed)
        bound = []
        for _ in range(12):
            function, count = functions[rng.integers(len(functions))]
            length = (150, 150, 148, 75)[rng.integers(4)]
            views = [x["abc"[rng.integers(3)]][alike[length][rng.integers(len(alike[length]))]] for _ in range(3)]
            operands = [HALF if rng.random() < 0.2 else view for view in views[:count]]
            bound.append((function, *operands, views[2]))
        return bound

    there, here = both_ways(make)
    for name, array in there.items():
        np.testing.assert_array_equal(here[name], array, err_msg=name)
