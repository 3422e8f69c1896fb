"""Orders drawn by compiled code: those of NumPy."""

import numpy as np
import pytest

from engine.random import Generators, keys_of

pytest.importorskip("numba")

from engine.kernels.running import shuffle


@pytest.mark.parametrize("count", [*range(1, 20), 31, 32, 33, 63, 64, 65, 300, 1347, 4096, 100_003])
def test_orders_are_those_that_numpy_draws(count):
    keys = keys_of(11, "shuffle", range(40 if count < 5000 else 3))
    mine, theirs = (np.empty((len(keys), count), np.int64) for _ in range(2))
    shuffle(keys, mine)
    Generators().shuffle(keys, theirs)
    np.testing.assert_array_equal(mine, theirs)


def test_no_examples_have_no_order():
    shuffle(keys_of(0, "shuffle", range(2)), np.empty((2, 0), np.int64))
