"""Randomness by key."""

import numpy as np

from engine.random import Generators, generator


def test_generators_begun_anew_are_those_of_their_keys():
    """Whatever was drawn before, in whatever width."""
    made = Generators()
    for seed, epoch in ((0, 0), (7, 3), (2**70, 12), (0, 0)):
        mine, other = made.at(seed, "shuffle", epoch), generator(seed, "shuffle", epoch)
        assert np.array_equal(mine.permutation(301), other.permutation(301))
        assert mine.integers(10, dtype=np.uint8) == other.integers(10, dtype=np.uint8)
        assert np.array_equal(mine.normal(size=5), other.normal(size=5))
