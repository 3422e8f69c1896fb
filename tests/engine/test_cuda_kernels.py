"""The own kernels and their twins: the same numbers. The sources run here as C++, a thread for each of CUDA's."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from engine.cuda.own import TWINS, launch_of_product, own, words_twin
from engine.cuda.sources import WORDS, product_source
from engine.cuda.words import Words
from engine.plan import Moment
from engine.random import Bits, key_of
from tests.card import card
from tests.strict_array import HostDeviceError, NotInCupyError, copies, strict

DTYPES = ("float32", "float64")
SHIM = """
#include <barrier>
#include <thread>
#include <vector>
#define __global__
#define __shared__ static
struct Place { unsigned x = 0, y = 0, z = 0; };
static thread_local Place threadIdx;
static Place blockIdx, blockDim, gridDim;
static std::barrier<>* waiting;
static void __syncthreads() { waiting->arrive_and_wait(); }
static unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
template <class Body> static void launch(const unsigned* grid, const unsigned* block, Body body) {
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], 1};
    for (unsigned b = 0; b < grid[0] * grid[1] * grid[2]; b++) {
        blockIdx = {b % grid[0], b / grid[0] % grid[1], b / grid[0] / grid[1]};
        std::barrier<> all((long)block[0] * block[1]);
        waiting = &all;
        std::vector<std::thread> threads;
        for (unsigned j = 0; j < block[1]; j++) for (unsigned i = 0; i < block[0]; i++)
            threads.emplace_back([=] { threadIdx = {i, j, 0}; body(); });
        for (auto& thread : threads) thread.join();
    }
}
"""
LONGS = 17  # numbers that `product` takes
RUN_PRODUCT = f"""
extern "C" void run(const unsigned* grid, const unsigned* block, const REAL* a, const REAL* b, REAL* c, long long* n) {{
    launch(grid, block, [=] {{ product(a, b, c, {", ".join(f"n[{i}]" for i in range(LONGS))}); }});
}}
"""
RUN_WORDS = """
extern "C" void run(const unsigned* grid, const unsigned* block, const unsigned long long* state, unsigned* out,
                    long long n) {
    launch(grid, block, [=] { words(state, out, n); });
}
"""
compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler is here")
RNG = np.random.default_rng(3)


def as_program(source, tmp_path):
    (tmp_path / "kernel.cpp").write_text(SHIM + source)
    made = tmp_path / "kernel.so"
    flags = ["-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", "-Wno-attributes"]
    subprocess.run(["g++", *flags, "-o", made, tmp_path / "kernel.cpp"], check=True, timeout=100)
    return ctypes.CDLL(str(made)).run


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


def cases(dtype):
    """Operands as plans have them: matrices, parts of wider ones, turned, repeated, overlapping, in stacks."""

    def numbers(*shape):
        return RNG.standard_normal(shape).astype(dtype)

    yield numbers(5, 7), numbers(7, 3), np.empty((5, 3), dtype)
    yield numbers(33, 40), numbers(40, 18), np.empty((33, 18), dtype)
    yield numbers(5, 8)[:, :-1], numbers(3, 7).T, np.empty((5, 6), dtype)[:, ::2]
    yield numbers(4, 5).T, numbers(4, 6)[:, ::-1], np.empty((6, 5), dtype).T
    yield numbers(1, 1), numbers(1, 1), np.empty((1, 1), dtype)
    yield numbers(2, 9), np.empty((9, 0), dtype), np.empty((2, 0), dtype)
    yield np.empty((3, 0), dtype), np.empty((0, 2), dtype), np.full((3, 2), 7, dtype)
    yield numbers(2, 1, 3, 6), numbers(2, 5, 6, 4), np.empty((2, 5, 3, 4), dtype)
    yield numbers(6, 3), numbers(4, 3, 2), np.empty((4, 6, 2), dtype)
    rows = numbers(1, 6, 2, 5)
    windows = np.lib.stride_tricks.as_strided(rows, (1, 5, 4, 5), rows.strides)
    yield numbers(1, 1, 3, 4), windows, np.empty((1, 5, 3, 5), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_twin_of_the_product(dtype):
    for a, b, out in cases(dtype):
        _, _, arguments = launch_of_product(a, b, out)
        TWINS["product"](*arguments)
        np.testing.assert_allclose(out, a @ b, rtol=1e-5 if dtype == "float32" else 1e-13)


@compiler
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_product_as_it_is_written(dtype, tmp_path):
    run = as_program(product_source(dtype) + RUN_PRODUCT, tmp_path)
    for a, b, out in cases(dtype):
        grid, block, (_, _, _, *numbers) = launch_of_product(a, b, out)
        longs, threads = (ctypes.c_longlong * LONGS)(*map(int, numbers)), (ctypes.c_uint * 2)(*block)
        for blocks in (grid, (grid[0], 1, 1)):  # and fewer than are wanted
            out[...] = np.nan
            run((ctypes.c_uint * 3)(*blocks), threads, pointer(a), pointer(b), pointer(out), longs)
            np.testing.assert_allclose(out, a @ b, rtol=2e-5 if dtype == "float32" else 1e-13, atol=1e-6)


@pytest.mark.parametrize("step", [0, 1, 70_000, 2**40])
@pytest.mark.parametrize("count", [1, 7, 8, 1000])
def test_words_are_those_of_the_host(step, count, tmp_path):
    key = key_of(5, "dropout", "d1")
    state = np.array([key & (1 << 64) - 1, key >> 64, step], np.uint64)
    wanted = Bits(np, (count,)).at(step, 5, "dropout", "d1")
    twin = np.empty(count, np.uint32)
    words_twin(state, twin, np.int64(count))
    np.testing.assert_array_equal(twin, wanted)


@compiler
def test_words_as_they_are_written(tmp_path):
    run = as_program(WORDS + RUN_WORDS, tmp_path)
    for step, count in ((0, 1), (3, 7), (2**40, 8), (9, 1000)):
        key = key_of(5, "dropout", "d1")
        state = np.array([key & (1 << 64) - 1, key >> 64, step], np.uint64)
        out = np.zeros(count, np.uint32)
        sizes = (ctypes.c_uint * 3)(2, 1, 1), (ctypes.c_uint * 2)(16, 1)
        run(*sizes, pointer(state), pointer(out), ctypes.c_longlong(count))
        np.testing.assert_array_equal(out, Bits(np, (count,)).at(step, 5, "dropout", "d1"))


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no CUDA compiler is here")
@pytest.mark.parametrize("source", [WORDS, *map(product_source, DTYPES)], ids=["words", *DTYPES])
def test_the_sources_are_cuda(source, tmp_path):
    (tmp_path / "kernel.cu").write_text(source)
    subprocess.run(["nvcc", "-ptx", "-o", tmp_path / "kernel.ptx", tmp_path / "kernel.cu"], check=True, timeout=100)
    assert ".entry" in (tmp_path / "kernel.ptx").read_text()
    assert "atom" not in (tmp_path / "kernel.ptx").read_text()


def test_shapes_that_do_not_meet_are_refused():
    a = np.ones((2, 3))
    with pytest.raises(ValueError, match="do not make"):
        launch_of_product(a, a, np.ones((2, 3)))
    with pytest.raises(ValueError, match="does not go into"):
        launch_of_product(np.ones((3, 2, 2)), np.ones((2, 2, 2)), np.ones((2, 2, 2)))


def test_the_greatest_lets_a_nan_through():
    a = strict.asarray(np.array([[1.0, np.nan], [3.0, 2.0]]))
    out = strict.zeros((1, 2))
    own(strict).most(a, 0, None, out, True)
    np.testing.assert_array_equal(strict.asnumpy(out), [[3, np.nan]])


# What CuPy has not, the stand-in has not


@pytest.mark.parametrize(
    "call",
    [
        lambda a, m: strict.maximum.reduce(a),
        lambda a, m: strict.fmax.reduce(a),
        lambda a, m: strict.add.reduce(a, initial=0),
        lambda a, m: strict.add(a, a, where=a > 0),
        lambda a, m: strict.matmul(m, m, m),
        lambda a, m: m.dot(m, strict.zeros((2, 2)).T[:, ::-1]),
        lambda a, m: m.dot(m, strict.zeros((2, 2), "float32")),
        lambda a, m: a.sum(initial=1),
        lambda a, m: a.max(where=a > 0),
        lambda a, m: a.take(strict.zeros((1,), "int64"), 0, None, "clip"),
        lambda a, m: strict.bincount(a, weights=a),
        lambda a, m: strict.clip(a, 0, 1, where=a > 0),
        lambda a, m: strict.full((2,), 1, like=a),
        lambda a, m: a.astype("int32", "C", "unsafe", False, True, 1),
    ],
)
def test_the_stand_in_refuses_what_cupy_has_not(call):
    with pytest.raises(TypeError):
        call(strict.asarray(np.ones(3)), strict.asarray(np.ones((2, 2))))


@pytest.mark.parametrize(
    "name", ["cumprod", "nditer", "einsum", "errstate", "ndenumerate", "vectorize", "lexsort", "histogram", "random"]
)
def test_what_is_not_in_the_table_is_not_there(name):
    assert not hasattr(strict, name)


def test_copies_are_counted():
    before = copies.now()
    a = strict.asarray(np.ones(3))
    strict.add(a, a, a)
    a.fill(2)
    a[1:] = 5
    assert copies.since(before) == (1, 0, 0)
    strict.asnumpy(a)
    a[0].item()
    assert copies.since(before) == (1, 2, 0)
    a * 2
    a[a > 3]  # how many they are is told to the host
    assert copies.since(before) == (1, 3, 3)


def test_a_single_number_is_a_view():
    a = strict.asarray(np.ones(3))
    a[1].fill(4)
    assert strict.asnumpy(a).tolist() == [1, 4, 1]
    assert a[1].shape == ()


def test_kernels_take_numbers_of_a_known_size():
    state, out = strict.zeros((3,), "uint64"), strict.zeros((5,), "uint32")
    kernel = strict.RawKernel(WORDS, "words")
    kernel((1,), (32,), (state, out, np.int64(5)))
    for wrong in ((state, out, 5), (state, out), (np.zeros(3, np.uint64), out, np.int64(5))):
        with pytest.raises((HostDeviceError, TypeError)):
            kernel((1,), (32,), wrong)
    assert issubclass(NotInCupyError, TypeError)


def test_words_follow_the_step_and_the_seed():
    moment, out = Moment(5, 0), strict.zeros((12,), "uint32")
    words = Words(strict, out, moment, "dropout", "d1")
    for seed, step in ((5, 0), (5, 1), (9, 1), (5, 70)):
        moment.seed, moment.step = seed, step
        before = copies.now()
        words.tell()
        words()
        assert copies.since(before)[0] == (seed == 9 or step == 70 or (seed, step) == (5, 0)), "a key is copied"
        np.testing.assert_array_equal(strict.asnumpy(out), Bits(np, (12,)).at(step, seed, "dropout", "d1"))


@pytest.mark.card
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_product_on_the_device(dtype):
    backend = card(dtype)
    xp = backend.xp
    for a, b, out in cases(dtype):
        there = xp.zeros(out.shape, dtype)
        backend.product(xp.asarray(np.ascontiguousarray(a)), xp.asarray(np.ascontiguousarray(b)), there)
        np.testing.assert_allclose(backend.to_host(there), a @ b, rtol=2e-5 if dtype == "float32" else 1e-12, atol=1e-5)


@pytest.mark.card
def test_words_on_the_device():
    backend, moment = card(), Moment(5, 3)
    out = backend.xp.zeros((1000,), "uint32")
    words = Words(backend.xp, out, moment, "dropout", "d1")
    for moment.step in (3, 70_000):
        words.tell()
        words()
        np.testing.assert_array_equal(backend.to_host(out), Bits(np, (1000,)).at(moment.step, 5, "dropout", "d1"))
