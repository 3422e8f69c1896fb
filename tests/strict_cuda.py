"""`xp.cuda` of the stand-in: streams that record calls and graphs that run them, and kernels by their NumPy twins.

While a stream records nothing is done: a call that reads a number on the host, takes room or calls cuBLAS breaks the
recording, as it does in CUDA and CuPy.
"""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from engine.cuda.own import TWINS


class CaptureError(RuntimeError):
    """What cannot be recorded."""


class Graph:
    def __init__(self, cuda: "Cuda", calls: list[Callable[[], object]]) -> None:
        self.calls, self._cuda = calls, cuda

    def launch(self) -> None:
        self._cuda.launches += 1
        for call in self.calls:
            call()


class Stream:
    def __init__(self, cuda: "Cuda") -> None:
        self._cuda = cuda

    def __enter__(self) -> "Stream":
        self._cuda.streams.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._cuda.streams.pop() is self

    def synchronize(self) -> None:
        self._cuda.refuse_while_recording("a stream is waited for")

    def begin_capture(self) -> None:
        if self._cuda.streams[-1:] != [self]:
            raise CaptureError("calls go to another stream")
        if self._cuda.recorded is not None:
            raise CaptureError("a stream records already")
        self._cuda.recorded, self._cuda.broken = [], ""

    def end_capture(self) -> Graph:
        recorded, self._cuda.recorded = self._cuda.recorded, None
        if recorded is None:
            raise CaptureError("no stream records")
        if self._cuda.broken:
            raise CaptureError(f"the recording is broken: {self._cuda.broken}")
        self._cuda.graphs += 1
        return Graph(self._cuda, recorded)


class Pool:
    def __init__(self) -> None:
        self.malloc = object()


class Cuda:
    """Counts `graphs` recorded and `launches` of them, and launches of kernels one by one (`single`)."""

    def __init__(self) -> None:
        self.recorded: list[Callable[[], object]] | None = None
        self.broken = ""
        self.streams: list[Stream] = []
        self.allocators: list[object] = []
        self.graphs = self.launches = self.single = 0
        self.refuses_to_record = False  # every recording breaks

    def Stream(self, non_blocking: bool = False) -> Stream:  # noqa: N802 (CuPy's name)
        if not non_blocking:
            raise CaptureError("a stream that waits for the default one cannot record")
        return Stream(self)

    def MemoryPool(self) -> Pool:  # noqa: N802
        return Pool()

    @contextmanager
    def using_allocator(self, allocator: object) -> Any:
        self.allocators.append(allocator)
        yield
        self.allocators.pop()

    def get_current_stream(self) -> Stream:
        return self.streams[-1] if self.streams else Stream(self)

    def refuse_while_recording(self, why: str) -> None:
        if self.recorded is not None:
            self.broken = self.broken or why
            raise CaptureError(why)

    def do(self, call: Callable[[], object]) -> None:
        """Does it, or while a stream records writes it down."""
        if self.recorded is None:
            self.single += 1
            call()
            return
        if self.refuses_to_record:
            self.refuse_while_recording("this device records nothing")
        if not self.allocators:
            self.refuse_while_recording("what is taken between calls would be given to others")
        self.recorded.append(call)


class Emulated:
    """A kernel by its NumPy twin, with the arguments that CUDA would have."""

    def __init__(self, code: str, name: str, cuda: Cuda, inside: Callable[[Any], Any]) -> None:
        if f"void {name}(" not in code:
            raise CaptureError(f"the source has no kernel {name}")
        self.name, self._twin, self._cuda, self._inside = name, TWINS[name], cuda, inside
        self._count = code.split(f"void {name}(")[1].split(")")[0].count(",") + 1

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
        if len(args) != self._count:
            raise TypeError(f"{self.name} takes {self._count} arguments, got {len(args)}")
        if not all(0 < size <= 65_535 for size in grid[1:]) or min(grid) < 1:
            raise ValueError(f"{self.name}: no grid {grid}")
        given = [self._inside(arg) for arg in args]
        self._cuda.do(lambda: self._twin(*given))
