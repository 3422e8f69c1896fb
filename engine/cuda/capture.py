"""The calls of a plan as CUDA graphs: one launch for many kernels, where a kernel is over sooner than it is launched.

A plan's calls work on buffers that exist already and read no number on the host, so that what they do can be recorded.
CuPy refuses cuBLAS while a graph is recorded (cupy#6290): products that are too large for the own kernel stand between
graphs, and there a launch costs little beside what it does.
"""

import contextlib
import gc
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

from engine.backend import Array, Call
from engine.cuda.own import fits, own

FEWEST = 2  # calls in a graph: of one a graph is no gain


class Drawn(ABC):
    """A call that wants to be told something before each step: `tell` runs outside of a graph, the call inside."""

    @abstractmethod
    def tell(self) -> None: ...

    @abstractmethod
    def __call__(self) -> None: ...


class Recorded:
    """Calls in a row: the first time run as they are, the second time recorded, and from then on launched as one.

    The first run compiles what is not compiled yet and shows how much room the calls need between them; that room is
    a pool of their own, which nobody else is given while the graph lives. Where recording fails, the calls are run
    one by one, then and ever after: the same numbers, more slowly.
    """

    def __init__(self, xp: Any, calls: Sequence[Call]) -> None:
        self.calls = tuple(calls)
        self.graph: Any = None
        self.why = ""  # recording failed
        self._xp = xp
        self._stream: Any = None
        self._pool: Any = None

    def __call__(self) -> None:
        if self.graph is not None:
            self.graph.launch()
        elif self.why:
            self._run()
        elif self._stream is not None:
            self._record()
        else:
            self._warm_up()

    def _run(self) -> None:
        for call in self.calls:
            call()

    def _warm_up(self) -> None:
        cuda = self._xp.cuda
        stream, self._pool = cuda.Stream(non_blocking=True), cuda.MemoryPool()
        cuda.get_current_stream().synchronize()  # streams do not wait for one another
        with cuda.using_allocator(self._pool.malloc), stream:
            self._run()
        stream.synchronize()
        self._stream = stream

    def _record(self) -> None:
        collects = gc.isenabled()
        gc.disable()  # what it would free meanwhile would be freed in the graph
        try:
            with self._xp.cuda.using_allocator(self._pool.malloc), self._stream:
                self._stream.begin_capture()
                try:
                    self._run()
                except BaseException:
                    with contextlib.suppress(Exception):  # what broke the recording says why
                        self._stream.end_capture()
                    raise
                self.graph = self._stream.end_capture()
        except MemoryError:
            raise
        except Exception as error:
            self.why = f"{type(error).__name__}: {error}"
        finally:
            if collects:
                gc.enable()
        if self.graph is None:
            self._run()
        else:
            self.graph.launch()


class Lowered:
    """Calls as graphs, with what no graph can hold between them."""

    def __init__(self, xp: Any, calls: Sequence[Call]) -> None:
        self.calls: tuple[Call, ...] = tuple(call for whole in calls for call in _apart(whole))
        ready = [made for call in self.calls if (made := translated(xp, call)) is not None]
        tellers = [_function(call) for call in self.calls]
        self._tell = [function.tell for function in tellers if isinstance(function, Drawn)]
        self.parts: list[Call] = []
        for held, some in groupby(ready, lambda call: can_be_held(xp, call)):
            row = list(some)
            self.parts += [Recorded(xp, row)] if held and len(row) >= FEWEST else row

    def __call__(self) -> None:
        for tell in self._tell:
            tell()
        for part in self.parts:
            part()


def _apart(call: Call) -> Sequence[Call]:
    """The calls that `call` is made of, where it has been lowered before."""
    return call.calls if isinstance(call, Lowered) else (call,)


def lowered(xp: Any, calls: list[Call]) -> list[Call]:
    return [Lowered(xp, calls)] if calls else calls


def translated(xp: Any, call: Call) -> Call | None:
    """The same call, its product bound to a kernel; None where it has nothing to do."""
    if not isinstance(call, partial) or call.keywords:
        return call
    if call.func == own(xp).product:
        a, b, out = call.args
    elif _is_dot(call):
        a, (b, out) = call.func.__self__, call.args  # type: ignore[attr-defined]
        if not a.dtype == b.dtype == out.dtype:
            return call
        if out.size == 1 or min(a.ndim, b.ndim) < 2:
            a, b, out = _as_matrices(a, b, out)
            if out.size == 1:
                return call  # a sum, for which CuPy needs no cuBLAS
        if not fits(a, b, out) and out.flags.c_contiguous:
            return call
    else:
        return call
    return own(xp).product_call(a, b, out) if out.size else None


def can_be_held(xp: Any, call: Call) -> bool:
    """Whether a graph can hold `call`: what is done is decided by its arguments, and cuBLAS has no part in it."""
    if not isinstance(call, partial):
        return False
    if _is_dot(call):
        return bool(call.args[1].size == 1)
    return call.func is not xp.matmul


def _is_dot(call: "partial[object]") -> bool:
    owner = getattr(call.func, "__self__", None)
    return getattr(call.func, "__name__", "") == "dot" and hasattr(owner, "strides")


def _as_matrices(a: Array, b: Array, out: Array) -> tuple[Array, Array, Array]:
    a, b = (a[None] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    return a, b, out.reshape(a.shape[0], b.shape[1])


def _function(call: Call) -> object:
    return call.func if isinstance(call, partial) else call
