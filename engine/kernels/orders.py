"""Random orders as NumPy draws them, in a third of the time: an epoch of a tiny net takes no longer than its order."""

# mypy: ignore-errors
import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from engine.kernels.loops import NONE, OPTIONS

# Philox4×64-10 (Salmon et al. 2011).
TIMES = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
MORE = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
ROUNDS = 10
ONE, TWO = np.uint64(1), np.uint64(2)
HALVES = (np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(8), np.uint64(16))


@intrinsic
def _upper(typing, a, b):
    """The upper half of a product of two words."""

    def codegen(context, builder, signature, arguments):
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(word, wide) for word in arguments))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), codegen


@nb.njit(inline="always", **OPTIONS)
def _round(a, b, c, d, low, high):
    return _upper(TIMES[1], c) ^ b ^ low, TIMES[1] * c, _upper(TIMES[0], a) ^ d ^ high, TIMES[0] * a


@nb.njit(**OPTIONS)
def _draw(count, low, high, words):
    """The eight words of two blocks, `count` and the next: neither waits for the other."""
    a, b, c, d = count, NONE, NONE, NONE
    e, f, g, h = count + ONE, NONE, NONE, NONE
    for _ in range(ROUNDS):
        a, b, c, d = _round(a, b, c, d, low, high)
        e, f, g, h = _round(e, f, g, h, low, high)
        low, high = low + MORE[0], high + MORE[1]
    words[0], words[1], words[2], words[3] = a, b, c, d
    words[4], words[5], words[6], words[7] = e, f, g, h


@nb.njit(nogil=True, cache=True, **OPTIONS)
def shuffle(keys, orders):
    """Each row of `orders` (n, N) becomes 0 … N - 1 as `numpy.random.Generator.shuffle` leaves it under a key (n, 2).

    From the last place on each number changes places with one at or before it: with that which a draw names, whose bits
    beyond the place's own are left out. A draw that is too large is not used; here it changes the number with itself.
    """
    words = np.empty(8, np.uint64)
    draws = words.view(np.uint32)  # the lower half of each word comes first
    for row in range(len(keys)):
        order = orders[row]
        for number in range(len(order)):
            order[number] = number
        place = np.uint64(max(len(order), 1)) - ONE
        mask = place
        for bits in HALVES:
            mask |= mask >> bits
        count, half = ONE, mask >> ONE
        while place:
            _draw(count, keys[row, 0], keys[row, 1], words)
            count += TWO
            for draw in draws:
                other = np.uint64(draw) & mask
                fits = other <= place
                other = other if fits else place
                order[place], order[other] = order[other], order[place]
                place -= ONE if fits else NONE
                if place == half:
                    mask, half = half, half >> ONE
                    if not place:
                        break
