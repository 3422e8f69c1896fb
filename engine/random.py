"""Counter-based randomness: every draw is keyed by what it is for, so no generator state is ever carried."""

import hashlib
from math import prod
from typing import Any

import numpy as np

WORD = (1 << 64) - 1


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A fresh Philox generator for (seed, purpose...): the same key gives the same numbers, everywhere.

    Names enter by BLAKE2b, never by Python's `hash`, which differs from process to process.
    Building one costs about 20 µs, more than a step of a tiny net: ask once an epoch at most.
    """
    return np.random.Generator(np.random.Philox(key=key_of(seed, *purpose)))


class Generators:
    """The generators that `generator` makes, one at a time, in a twentieth of the time: each ends the one before it."""

    def __init__(self) -> None:
        self._bits = np.random.Philox(key=0)
        self._fresh, self._made = self._bits.state, np.random.Generator(self._bits)

    def at(self, seed: int, *purpose: str | int) -> np.random.Generator:
        """As `generator` has it."""
        key = key_of(seed, *purpose)
        return self._under(np.array([key & WORD, key >> 64], np.uint64))

    def shuffle(self, keys: np.ndarray[Any, Any], orders: np.ndarray[Any, Any]) -> None:
        """Each row of `orders` (n, N) becomes 0 … N - 1, shuffled under one of `keys` (n, 2)."""
        for key, order in zip(keys, orders, strict=True):
            order[:] = self._under(key).permutation(len(order))

    def _under(self, key: np.ndarray[Any, Any]) -> np.random.Generator:
        self._fresh["state"]["key"] = key
        self._bits.state = self._fresh
        return self._made


def key_of(seed: int, *purpose: str | int) -> int:
    """The 128 bits that stand for (seed, purpose...)."""
    return int.from_bytes(_hashed(seed, *purpose).digest(), "little")


def keys_of(seed: int, purpose: str, numbers: range) -> np.ndarray[Any, Any]:
    """`key_of` (seed, purpose, number) for each of the numbers, as two words (n, 2)."""
    begun, digests = _hashed(seed, purpose, ""), list[bytes]()
    for number in numbers:
        whole = begun.copy()
        whole.update(b"%d" % number)
        digests.append(whole.digest())
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64).reshape(-1, 2)


def _hashed(seed: int, *purpose: str | int) -> "hashlib.blake2b":
    return hashlib.blake2b("\x1f".join([str(seed), *map(str, purpose)]).encode(), digest_size=16)


class Bits:
    """Random words of 32 bits in an array of `shape`, drawn anew at every step by Philox4×64-10.

    Salmon et al. 2011: the step is part of the counter, so any step's words can be had without those before it.
    """

    def __init__(self, xp: Any, shape: tuple[int, ...]) -> None:
        self._xp, self._shape, self._count = xp, shape, prod(shape)
        self._known: tuple[object, int] = (None, 0)

    def at(self, step: int, seed: int, *purpose: str) -> np.ndarray[Any, Any]:
        """The words of `step` for (seed, purpose...), uint32 on the device."""
        asked = (seed, purpose)
        if self._known[0] != asked:
            self._known = (asked, key_of(seed, *purpose))
        # Each step has 2¹²⁸ words of 64 bits to itself.
        words = np.random.Philox(key=self._known[1]).advance(step << 128).random_raw((self._count + 1) // 2)
        drawn: np.ndarray[Any, Any] = words.astype("<u8", copy=False).view("<u4")[: self._count].reshape(self._shape)
        return self._xp.asarray(drawn)  # type: ignore[no-any-return]
