"""Where arrays live: the array module, the device and the number type, chosen once and passed along."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np

from engine.errors import DeviceError
from engine.rooms import Rooms

Array = np.ndarray[Any, Any]  # on the device: numpy's or cupy's, by the backend
Call = Callable[[], object]  # one bound array call
BoundCall = tuple[Any, ...]  # a function and its arguments
DType = Literal["float32", "float64"]

LINE = 64  # bytes of the processor's cache
SHORT = 4096  # numbers for which a call's own cost is most of what it takes


class Lot(NamedTuple):
    """Examples of updates in turn: of `rows` (n, features + 1) and `targets` (n, units) those `chosen`, in order."""

    rows: Array
    targets: Array
    chosen: Array  # int64
    whole: int  # examples of an epoch
    left: int  # of them in the epoch that it begins in


# Up to so many updates in one call, from a lot and scalars of each (None: they stay); the losses of those done.
Steps = Callable[[int, Lot | None, Array | None], Array]


def bound(calls: Iterable[BoundCall]) -> list[Call]:
    """Calls with their arguments bound: running one costs a name and a pair of brackets."""
    return [partial(function, *arguments) for function, *arguments in calls]


@dataclass(frozen=True, slots=True)
class Backend:
    """An array module `xp` on one device with one number type."""

    xp: Any
    device: str
    dtype: str
    kernels: str = "numpy"
    rooms: Rooms | None = field(default=None, compare=False, repr=False)  # that networks on it have in turn

    def zeros(self, *shape: int) -> Array:
        return self._room(shape, self.dtype)

    def vectors(self, count: int, size: int) -> tuple[Array, ...]:
        """`count` vectors of zeros; short ones lie one behind the other, so that one call can go through two."""
        if size > SHORT or not self.calls_are_dear:
            return tuple(self.zeros(size) for _ in range(count))
        return tuple(self.zeros(count, size))

    def joined(self, first: Array, second: Array) -> Array | None:
        """Two vectors as one, where the second lies behind the first; else None."""
        if self.xp is not np or first.base is not second.base or first.ctypes.data + first.nbytes != second.ctypes.data:
            return None
        return np.lib.stride_tricks.as_strided(first, (first.size + second.size,))

    def ones(self, *shape: int) -> Array:
        made = self._room(shape, self.dtype)
        made.fill(1)
        return made

    def mask(self, *shape: int) -> Array:
        return self._room(shape, "bool")

    def _room(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Zeros that on the host begin with a line of the cache: what lies in two lines takes twice as long to read."""
        if self.xp is not np:
            made: Array = self.xp.zeros(shape, dtype)
            return made
        size = prod(shape) * np.dtype(dtype).itemsize
        room = np.zeros(size + LINE, np.uint8)
        start = -room.ctypes.data % LINE
        made = room[start : start + size].view(dtype).reshape(shape)
        return made

    def scalar(self, value: float) -> Array:
        """A 0-d array: an operand of the right type costs less than half of a Python float, and can change."""
        made: Array = self.xp.asarray(np.array(value, self.dtype))
        return made

    def word(self, value: int) -> Array:
        """A 0-d array of 32 bits without a sign."""
        made: Array = self.xp.asarray(np.array(value, np.uint32))
        return made

    def overlapping(self, rows: Array, shape: tuple[int, int, int, int], step: int) -> Array:
        """A view (groups, windows, k, n) of `rows` (groups, rows, m, n): windows of k from every step-th row.

        A window may hold several rows, which follow one another in memory, and neighbours the same ones: what is
        written to one is in the others, too.
        """
        (group, row, line, number), (_, count, lines, _) = rows.strides, rows.shape
        if count > 1:
            line = row // lines  # of an axis of one the stride that an array tells may be anything
        strides = (group, step * row, line, number)
        made: Array = self.xp.lib.stride_tricks.as_strided(rows, shape, strides)
        return made

    def from_host(self, array: Array) -> Array:
        """A copy on the device in the backend's number type, C-ordered."""
        with np.errstate(over="ignore"):  # beyond float32 is infinite there; training says where it met that
            made: Array = self.xp.array(np.ascontiguousarray(array, dtype=self.dtype))
        return made

    def put(self, array: Array, room: Array) -> None:
        """Copies an array on the host into `room` on the device, as `from_host` would have it."""
        if self.xp is np:
            with np.errstate(over="ignore"):
                np.copyto(room, array, casting="same_kind")
        else:
            room[...] = self.from_host(array)

    def to_host(self, array: Array) -> Array:
        """A copy on the host, C-ordered."""
        if self.xp is np:
            return np.array(array, order="C")
        host: Array = np.ascontiguousarray(self.xp.asnumpy(array))
        return host

    def wait(self) -> None:
        """Until the device has done all that it was given."""
        if self.xp is not np:
            self.xp.cuda.get_current_stream().synchronize()

    @property
    def calls_are_dear(self) -> bool:
        """Whether a call of its own costs as much as several hundred numbers."""
        return self.kernels != "numba"

    @property
    def product(self) -> Callable[[Array, Array, Array], object]:
        """out ← a b, of matrices or stacks of them, called as (a, b, out)."""
        return np.matmul if self.xp is np else self._own.product

    @property
    def most(self) -> Callable[..., object]:
        """The greatest along an axis, called as (a, axis, None, out, keepdims); NaN if one of them is."""
        return np.maximum.reduce if self.xp is np else self._own.most

    @property
    def _own(self) -> Any:
        from engine.cuda.own import own

        return own(self.xp)

    def lowered(self, calls: list[Call]) -> list[Call]:
        """The same calls, made one where compiled kernels or a CUDA graph can."""
        if self.kernels == "cuda":
            from engine.cuda.capture import lowered as as_graphs

            return as_graphs(self.xp, calls)
        if self.kernels != "numba":
            return calls
        from engine.kernels.running import lowered

        return lowered(calls)

    @property
    def shuffle(self) -> Callable[[Array, Array], None] | None:
        """The compiled one of `Generators.shuffle`, if there is one."""
        if self.kernels != "numba":
            return None
        from engine.kernels.running import shuffle

        made: Callable[[Array, Array], None] = shuffle
        return made

    def steps(self, ways: Sequence[tuple[Any, list[Call], list[Call]]], scalars: Array) -> Steps | None:
        """Updates by plans, each with the calls until its loss is known and those after, which take `scalars`.

        The first is for whole batches, another one for an epoch's last, smaller one. None where nothing compiles them.
        """
        if self.kernels != "numba":
            return None
        from engine.kernels.running import steps

        return steps(ways, scalars)


def count(xp: Any, mask: Array, out: Array) -> None:
    """How many of `mask` are true, to `out` (), which float32 tells up to 2²⁴ of them."""
    out[...] = xp.count_nonzero(mask)


def open_backend(device: str = "cpu", dtype: str = "float32", kernels: str = "numpy") -> Backend:
    """The backend for `cpu`, `cuda` or `cuda:N`; a DeviceError says why it cannot be had.

    On the CPU `kernels` are `numpy`, or `numba` where that is installed.
    """
    if dtype not in ("float32", "float64"):
        raise DeviceError(f"dtype {dtype!r} is not known, allowed: float32, float64")
    if device == "cpu":
        return Backend(np, "cpu", dtype, kernels)
    name, _, number = device.partition(":")
    if name != "cuda" or not (number.isdecimal() or device == "cuda"):
        raise DeviceError(f"device {device!r} is not known, allowed: cpu, cuda, cuda:N")
    found = cuda_devices()
    if isinstance(found, str):
        raise DeviceError(f"device {device!r}: {found}")
    index = int(number or 0)
    if index >= len(found):
        raise DeviceError(f"device {device!r}: there are {len(found)} CUDA devices, counted from 0")
    import cupy

    try:
        cupy.cuda.Device(index).use()
        cupy.zeros(1)  # the first array takes the device: another program may have it for itself
    except MemoryError:
        raise
    except Exception as error:
        raise DeviceError(f"device {device!r}: {' '.join(str(error).split()) or type(error).__name__}") from error
    return Backend(cupy, f"cuda:{index}", dtype, "cuda")


def cuda_devices() -> list[str] | str:
    """The names of the CUDA devices here, or one line on what is missing and how to get it."""
    found = cards()
    return found if isinstance(found, str) else [card.name for card in found]


@dataclass(frozen=True, slots=True)
class Card:
    """A CUDA device: what it is called, and the bytes of memory that it has."""

    name: str
    memory: int


def without_cupy() -> str:
    """One line on how to get CuPy; empty where it is installed."""
    return "" if find_spec("cupy") else "CuPy is not installed: pip install 'netviz[cuda12]' (or cuda13)"


def cards() -> list[Card] | str:
    """The CUDA devices here, or one line on what is missing and how to get it."""
    if why := without_cupy():
        return why
    try:
        import cupy

        if not cupy.cuda.is_available():
            return "CuPy finds no CUDA device or driver"
        runtime = cupy.cuda.runtime
        found = [runtime.getDeviceProperties(number) for number in range(runtime.getDeviceCount())]
    except Exception as error:  # a library of CUDA's is missing, or too old for the driver
        return f"CuPy does not work here: {' '.join(str(error).split()) or type(error).__name__}"
    return [Card(properties["name"].decode(), int(properties["totalGlobalMem"])) for properties in found]


def cores() -> int:
    """How many processes, or threads of NumPy's, can run at the same time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
