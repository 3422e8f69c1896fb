"""How much memory a training wants and how much there is: said before room is taken, and where room was short."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from engine.backend import Backend
from engine.errors import Problem, ProjectError
from engine.graph import Structure
from engine.layers.base import Weighted
from engine.project import Project
from engine.rooms import LEAST

SMALL = 1 << 26  # bytes of which nobody asks whether they are there
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
MEMINFO, CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


class ShortageError(ProjectError, MemoryError):
    """A network wants more room than there is; the message says how much, and what would take less."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Bytes by node: of `weights` with gradients and what the optimizer keeps, and of a `batch`'s values."""

    weights: dict[str, int]
    values: dict[str, int]
    batch: int
    dtype: str
    networks: int = 1  # side by side

    @property
    def total(self) -> int:
        return sum(self.weights.values()) + sum(self.values.values())

    @property
    def largest(self) -> str:
        """The node that wants most."""
        nodes = {*self.weights, *self.values}
        return max(sorted(nodes), key=lambda node: self.weights.get(node, 0) + self.values.get(node, 0), default="")

    def __str__(self) -> str:
        """One line: how much, of what, and what would take less."""
        weights, values = sum(self.weights.values()), sum(self.values.values())
        per = [f"{size(weights)} for weights, gradients and the optimizer" if weights else ""]
        per += [f"{size(values)} for a batch of {self.batch:,}" if values else ""]
        return f"wants about {size(self.total)} ({' and '.join(filter(None, per))}, most of it for {self.largest!r})"

    def advice(self) -> str:
        """What would take less, the most helpful first."""
        values, ways = sum(self.values.values()), []
        ways += ["a smaller batch size"] if self.batch > 1 and values > self.total / 4 else []
        ways += ["fewer networks side by side"] if self.networks > 1 else []
        ways += ["fewer units or filters"] if values < self.total * 3 / 4 else []
        ways += ["float32"] if self.dtype == "float64" else []
        return f"{_listed(ways or ['fewer units or filters'])} would take less"


def needs_of(structure: Structure, dtype: str, batch: int = 0, slots: int = 0) -> Needs:
    """At least so much; buffers that layers keep for themselves come on top."""
    number = np.dtype(dtype).itemsize
    weights, values = {}, {}
    for node in structure.order:
        layer, shape = structure.layers[node], structure.shapes[node]
        if isinstance(layer, Weighted):
            count = prod(layer.block_shape(*structure.input_shapes(node)))
            weights[node] = number * count * (2 + slots * layer.trains)
        if batch:
            held = layer.held(*structure.input_shapes(node))
            values[node] = number * batch * (2 * prod(shape) + 1 + held)
    return Needs(weights, values, batch, dtype)


def needs_of_training(project: Project, dtype: str, batch: int) -> Needs:
    return needs_of(project.structure(), dtype, batch, len(project.training.optimizer.slots))


def needs_side_by_side(parts: Sequence[Project], dtype: str) -> Needs:
    """Of networks that step in turn, with the weights as they were before an update, which what is told of it wants.

    Of large ones that are alike, these and the gradients are wanted once: see `engine.rooms`.
    """
    weights, values, largest, alike = dict[str, int](), dict[str, int](), 0, set[object]()
    for part in parts:
        wanted = part.training.batch_size
        batch = wanted if isinstance(wanted, int) else 0
        needs, largest = needs_of_training(part, dtype, batch), max(largest, batch)
        once = {node: room // 2 for node, room in needs_of(part.structure(), dtype).weights.items()}
        layout = tuple(once.items())
        shares = layout in alike and sum(once.values()) >= LEAST * np.dtype(dtype).itemsize
        alike.add(layout)
        name = f"{part.variant}: " if len(parts) > 1 else ""
        for node, room in needs.weights.items():
            weights[name + node] = room - once[node] if shares else room + once[node]
        values |= {name + node: room for node, room in needs.values.items()}
    return Needs(weights, values, largest, dtype, len(parts))


def must_fit(needs: Needs, backend: Backend, what: str = "the network", held: int = 0) -> None:
    """Raises ShortageError where there is not so much memory, before any is taken; `held` bytes are given back."""
    if needs.total < SMALL:
        return
    there = free_bytes(backend)
    if there is not None and needs.total > there + held:
        free = f"{size(there + held)} are free on {backend.device}"
        raise ShortageError(Problem("memory", f"{what} {needs}; {free}; {needs.advice()}"))


@contextmanager
def telling_sizes(project: Project, backend: Backend, batch: int | str | None = None) -> Iterator[None]:
    """Where room is short inside, a ShortageError says the sizes."""
    try:
        yield
    except ShortageError:
        raise
    except MemoryError as error:
        raise ShortageError(Problem("", shortage(error, project, backend, batch))) from error


def shortage(error: MemoryError, project: Project, backend: Backend, batch: int | str | None = None) -> str:
    """One line: what was asked for, what the training wants, what is free, and what would take less."""
    if isinstance(error, ShortageError):
        return str(error)
    wanted = project.training.batch_size if batch is None else batch
    needs = needs_of_training(project, backend.dtype, wanted if isinstance(wanted, int) else 1)
    there = backend_gives_back(backend)
    told = " ".join(str(error).split()).rstrip(".") or "out of memory"
    free = f"{size(there)} are free on {backend.device}" if there is not None else f"on {backend.device}"
    return f"memory: {told}; the training {needs}; {free}; {needs.advice()}"


def backend_gives_back(backend: Backend) -> int | None:
    """What is free when all that nobody holds any more has been given back."""
    if backend.xp is not np:
        backend.xp.get_default_memory_pool().free_all_blocks()
    return free_bytes(backend)


def free_bytes(backend: Backend) -> int | None:
    """What can still be taken; None where that cannot be known."""
    if backend.xp is not np:
        free, _ = backend.xp.cuda.runtime.memGetInfo()
        return int(free) + int(backend.xp.get_default_memory_pool().free_bytes())
    return _free_on_host()


def _free_on_host() -> int | None:
    known = [found for found in (_free_on_machine(), _free_in_group()) if found is not None]
    return min(known, default=None)


def _free_on_machine() -> int | None:
    if sys.platform == "win32":
        return _free_on_windows()
    try:
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")  # all that there is: nothing says what is free
    except (OSError, ValueError):
        return None


def _free_in_group() -> int | None:
    """What a container leaves; None where it sets no bound."""
    try:
        most, now = (int((CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        told = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        return max(0, most - now + int(told["file"]))  # what is kept of files is given back when it is wanted
    except (OSError, ValueError, KeyError):
        return None


def _free_on_windows() -> int | None:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong), ("sizes", ctypes.c_ulonglong * 7)]

    status = Status(length=ctypes.sizeof(Status))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 (not there elsewhere)
    return int(status.sizes[1]) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def size(count: int) -> str:
    """A number of bytes as people say it."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.3g} {UNITS[unit]}" if value < 100 else f"{value:,.0f} {UNITS[unit]}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
