"""Randomness by key."""

import numpy as np

from engine.random import WORD, Generators, generator, key_of, keys_of


def test_generators_begun_anew_are_those_of_their_keys():
    """Whatever was drawn before, in whatever width."""
    made = Generators()
    for seed, epoch in ((0, 0), (7, 3), (2**70, 12), (0, 0)):
        mine, other = made.at(seed, "shuffle", epoch), generator(seed, "shuffle", epoch)
        assert np.array_equal(mine.permutation(301), other.permutation(301))
        assert mine.integers(10, dtype=np.uint8) == other.integers(10, dtype=np.uint8)
        assert np.array_equal(mine.normal(size=5), other.normal(size=5))


def test_keys_and_orders_of_many_epochs_are_those_of_each():
    keys, orders = keys_of(7, "shuffle", range(8, 13)), np.empty((5, 301), np.int64)
    Generators().shuffle(keys, orders)
    for number, key, order in zip(range(8, 13), keys, orders, strict=True):
        own = key_of(7, "shuffle", number)
        assert key.tolist() == [own & WORD, own >> 64]
        assert np.array_equal(order, generator(7, "shuffle", number).permutation(301))
