"""Functions on arrays of a device that CuPy has not, or not in this way; on the host NumPy's do as well.

Each kernel has a twin in plain NumPy (`TWINS`) that takes the same arguments, so that the same tests hold both.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from math import prod
from typing import Any

import numpy as np

from engine.backend import Array, Call
from engine.cuda.sources import TILE, WORDS, product_source

# Multiplications up to which a product is done by the own kernel, which a graph can hold: beyond, cuBLAS' lead in
# arithmetic is worth more than a launch. A stack of products is worth more, as CuPy copies its operands first; a long
# sum less, as one thread goes along it. Estimated from launch times and arithmetic of cards, not measured.
MOST_OWN, MOST_STACKED, LONGEST = 1 << 23, 1 << 26, 1 << 11
MOST_BLOCKS = 65_535  # along the second and third axis of a grid
THREADS = 256


class Own:
    """The kernels of one array module, compiled when they are first used."""

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self._words = xp.RawKernel(WORDS, "words")
        self._products = {dtype: xp.RawKernel(product_source(dtype), "product") for dtype in ("float32", "float64")}

    def most(self, a: Array, axis: Any, dtype: None, out: Array, keepdims: bool = False) -> None:
        """What `maximum.reduce` is in NumPy: CuPy's ufuncs reduce by sums and products only."""
        a.max(axis, out=out, keepdims=keepdims)

    def product(self, a: Array, b: Array, out: Array) -> None:
        """out ← a b, of matrices or of stacks of them as `matmul` has them; CuPy takes no `out` by position."""
        if out.size:
            self.product_call(a, b, out)()

    def product_call(self, a: Array, b: Array, out: Array) -> "partial[object]":
        """That product, bound: by the own kernel where it is small enough, else by cuBLAS."""
        if not fits(a, b, out):
            return partial(self.xp.matmul, a, b, out=out)
        return partial(self._products[str(out.dtype)], *launch_of_product(a, b, out))

    def words_call(self, state: Array, out: Array) -> Call:
        """Random words into `out`, uint32, of the key and the step in `state`, three uint64."""
        blocks = -(-out.size // 8)
        grid = (max(1, min(-(-blocks // THREADS), MOST_BLOCKS)),)
        return partial(self._words, grid, (THREADS,), (state, out, np.int64(out.size)))


def fits(a: Array, b: Array, out: Array) -> bool:
    """Whether the own kernel takes a product, and is not much slower than cuBLAS."""
    most = MOST_STACKED if out.ndim > 2 else MOST_OWN
    small = prod(out.shape) * a.shape[-1] <= most and a.shape[-1] <= LONGEST
    return small and out.ndim <= 4 and min(a.ndim, b.ndim) >= 2


@lru_cache(maxsize=4)
def own(xp: Any) -> Own:
    return Own(xp)


def launch_of_product(a: Array, b: Array, out: Array) -> tuple[tuple[int, ...], tuple[int, ...], tuple[Any, ...]]:
    """Grid, block and arguments of `product` for arrays of two to four axes that `matmul` would take."""
    (m, k), n = a.shape[-2:], b.shape[-1]
    if b.shape[-2] != k or out.shape[-2:] != (m, n):
        raise ValueError(f"product: shapes {a.shape} and {b.shape} do not make {out.shape}")
    stack = (1, 1, *out.shape[:-2])[-2:]
    sizes = (m, n, k, stack[1], prod(stack))
    steps = [step for array in (a, b, out) for step in _steps(array, stack)]
    grid = (-(-n // TILE), min(-(-m // TILE), MOST_BLOCKS), min(prod(stack), MOST_BLOCKS))
    return grid, (TILE, TILE), (a, b, out, *map(np.int64, (*sizes, *steps)))


def _steps(array: Array, stack: tuple[int, ...]) -> list[int]:
    """From number to number along four axes; 0 where the array is repeated along one."""
    lead = (1, 1, *array.shape[:-2])[-2:]
    far = (0, 0, *array.strides[:-2])[-2:]
    if any(size not in (1, wanted) for size, wanted in zip(lead, stack, strict=True)):
        raise ValueError(f"product: a stack of {array.shape} does not go into {stack}")
    steps = [step if size > 1 else 0 for size, step in zip(lead, far, strict=True)]
    return [step // array.itemsize for step in (*steps, *array.strides[-2:])]


# Twins


def product_twin(a: Array, b: Array, c: Array, *numbers: int) -> None:
    """`product` in NumPy: `a`, `b` and `c` are the arrays that begin at the pointers."""
    m, n, k, rows, count, *steps = map(int, numbers)
    groups = count // rows

    def seen(array: Array, high: int, wide: int, steps: list[int]) -> Array:
        strides = tuple(step * array.itemsize for step in steps)
        view: Array = np.lib.stride_tricks.as_strided(array, (groups, rows, high, wide), strides)
        return view

    np.matmul(seen(a, m, k, steps[:4]), seen(b, k, n, steps[4:8]), out=seen(c, m, n, steps[8:]))


def words_twin(state: Array, out: Array, count: int) -> None:
    """`words` in NumPy, whose Philox is the same."""
    low, high, step = (int(word) for word in state)
    source = np.random.Philox(key=low | high << 64).advance(step << 128)
    drawn = source.random_raw((int(count) + 1) // 2).astype("<u8", copy=False).view("<u4")
    out.reshape(-1)[...] = drawn[: int(count)]


TWINS: dict[str, Callable[..., None]] = {"product": product_twin, "words": words_twin}
