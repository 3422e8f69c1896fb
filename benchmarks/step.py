"""A training step: engine.Trainer against PyTorch eager on the same net, the same batches, one thread each."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Protocol

import numpy as np

import engine
from benchmarks.measure import Contender, Effort, compare, microseconds
from benchmarks.report import Row
from engine.backend import open_backend
from engine.kernels.choice import installed, kernels_for
from engine.project import project_from
from engine.run import messages as m
from engine.run.worker import Worker

ABOUT = """\
Shuffled batches are gathered from a data set in memory in the same order and by the same windows on both sides; where
the batch is the whole data set (2-4-1: the four points of XOR) it stays in place. PyTorch runs `zero_grad`, forward,
backward and a fused optimizer, and is never asked for its loss; the engine reads it at every step. float32, one thread
each; after 50 steps from the same weights the parameters must agree, and the greatest difference is shown. "With
fast": the same with compiled kernels (the extra `fast`), in turns of their own. Times: engine / PyTorch, a step. "In a
worker": the speed of a run as the window has it, at unlimited pace, over that of `Trainer.run` by the same kernels.
Times: worker / `Trainer.run`."""

CHECKED = 50  # steps after which the parameters must agree
KEPT = 0.75  # of the speed of `Trainer.run` that a worker at unlimited pace must have
TOLERANCE = 1e-3  # of the largest parameter: float32 sums in another order, 50 times over


class DisagreementError(AssertionError):
    """The two sides did not compute the same thing, so their times say nothing."""


class Opponent(Contender, Protocol):
    """A contender that can show its parameters by the engine's names."""

    def parameters(self) -> dict[str, np.ndarray[Any, Any]]: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One net and its training; `widths` from input to output, `samples` None for the four points of XOR."""

    widths: tuple[int, ...]
    activation: str
    loss: str
    optimizer: dict[str, Any]
    goal: float
    batch: int = 4
    samples: int | None = None
    fast: float | None = None  # the goal with compiled kernels

    @property
    def title(self) -> str:
        return f"{'-'.join(map(str, self.widths))}, batch {self.batch}, {self.optimizer['kind']}"

    def project(self, folder: Path) -> engine.Project:
        """The case as a project; data that no generator makes are written to `folder`."""
        nodes: list[dict[str, Any]] = [{"id": "x", "kind": "input"}, *self._layers()]
        ids = [node["id"] for node in nodes]
        parts = {
            "format": "netviz-project",
            "version": 1,
            "name": self.title,
            "data": self._data(folder, self.shapes[0]),
            "graph": {"nodes": nodes, "edges": [[a, b] for a, b in pairwise(ids)]},
            "training": {
                "loss": {"kind": self.loss},
                "optimizer": self.optimizer,
                "batch_size": self.batch,
                "shuffle": self.samples is not None,
            },
        }
        return project_from(parts, folder)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the input and of every layer that is no activation."""
        return [(width,) for width in self.widths]

    def _layers(self) -> Iterator[dict[str, Any]]:
        dense = self.widths[1:]
        for number, units in enumerate(dense, 1):
            yield {"id": f"dense{number}", "kind": "dense", "units": units}
            if number < len(dense):
                yield {"id": f"act{number}", "kind": self.activation}

    def _data(self, folder: Path, shape: tuple[int, ...]) -> dict[str, Any]:
        if self.samples is not None:
            noise = {"kind": "noise", "samples": self.samples, "shape": list(shape), "validation": 0.0}
            return {**noise, "classes": max(2, self.widths[-1])}
        x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        np.savez(folder / "xor.npz", x=x, y=np.array([0, 1, 1, 0]))
        return {"kind": "npz", "path": "xor.npz", "validation": 0.0}


@dataclass(frozen=True, slots=True)
class RecurrentCase(Case):
    """Sequences of so many steps through one recurrent layer, of which `activation` is the kind, and a dense one."""

    steps: int = 50

    @property
    def title(self) -> str:
        inputs, units, outputs = self.widths
        sizes = f"{self.steps} × {inputs}, {self.activation} {units}, {outputs}"
        return f"{sizes}, batch {self.batch}, {self.optimizer['kind']}"

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [(self.steps, self.widths[0]), *((width,) for width in self.widths[1:])]

    def _layers(self) -> Iterator[dict[str, Any]]:
        yield {"id": self.activation, "kind": self.activation, "units": self.widths[1]}
        yield {"id": "dense", "kind": "dense", "units": self.widths[2]}


@dataclass(frozen=True, slots=True)
class ImageCase(Case):
    """LeNet's form over square images: convolution, `activation` and a pool of 2 × 2, over again, and a dense layer.

    `widths` are maps, at the end units.
    """

    side: int = 28
    kernel: int = 5

    @property
    def title(self) -> str:
        sizes = f"{self.widths[0]} × {self.side} × {self.side}"
        maps = ", ".join(f"conv {maps}" for maps in self.widths[1:-1])
        return f"{sizes}, {maps}, {self.widths[-1]}, batch {self.batch}, {self.optimizer['kind']}"

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        *maps, units = self.widths
        side, shapes = self.side, [(maps[0], self.side, self.side)]
        for count in maps[1:]:
            side -= self.kernel - 1
            shapes.append((count, side, side))
            side //= 2
            shapes.append((count, side, side))
        return [*shapes, (maps[-1] * side * side,), (units,)]

    def _layers(self) -> Iterator[dict[str, Any]]:
        for number, maps in enumerate(self.widths[1:-1], 1):
            yield {"id": f"conv{number}", "kind": "conv2d", "filters": maps, "kernel_size": self.kernel}
            yield {"id": f"act{number}", "kind": self.activation}
            yield {"id": f"pool{number}", "kind": "max_pool2d"}
        yield {"id": "flat", "kind": "flatten"}
        yield {"id": "dense", "kind": "dense", "units": self.widths[-1]}


SGD, ADAM = {"kind": "sgd", "lr": 0.01}, {"kind": "adam", "lr": 0.001}
BINARY, CLASSES = "binary_cross_entropy", "cross_entropy"


def _cases() -> Iterator[Case]:
    for optimizer in (SGD, ADAM):
        yield Case((2, 4, 1), "tanh", BINARY, optimizer, goal=20, fast=300)
    for optimizer in (SGD, ADAM):
        yield Case((2, 8, 8, 1), "tanh", BINARY, optimizer, goal=18, batch=32, samples=512, fast=100)
    for optimizer in (SGD, ADAM):
        yield Case((64, 128, 128, 10), "relu", CLASSES, optimizer, goal=2.5, batch=64, samples=1280, fast=3)
    for optimizer in (SGD, ADAM):
        yield Case((784, 256, 128, 10), "relu", CLASSES, optimizer, goal=1.15, batch=128, samples=2560, fast=1.4)
    # With SGD alone: Adam divides gradients that are float32 noise here, and the two sides part after a few steps.
    yield Case((784, 1024, 1024, 10), "relu", CLASSES, SGD, goal=0.95, batch=256, samples=2560, fast=1.05)
    yield ImageCase((1, 8, 16, 10), "relu", CLASSES, ADAM, goal=1.8, batch=64, samples=1280, fast=3)
    yield RecurrentCase((32, 64, 10), "lstm", CLASSES, ADAM, goal=1.1, batch=32, samples=1280, fast=1.4)


CASES = tuple(_cases())
IN_A_WORKER = CASES[2], CASES[4]


class EngineSide:
    """engine.Trainer, by its public calls alone; with compiled kernels where `fast`."""

    def __init__(self, project: engine.Project, fast: bool = False) -> None:
        self.trainer = engine.Trainer(project, backend=open_backend(kernels="numba" if fast else "numpy"))

    def reset(self) -> None:
        self.trainer.reset()

    def run(self, steps: int) -> None:
        self.trainer.run(steps)

    def parameters(self) -> dict[str, np.ndarray[Any, Any]]:
        return self.trainer.network.parameters()


class WorkerSide:
    """A worker as the window has one, at unlimited pace."""

    def __init__(self, project: engine.Project) -> None:
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._said: SimpleQueue[Any] = SimpleQueue()
        Thread(target=Worker(self._inbox, self._said.put).run, daemon=True).start()
        self._ask(m.SetPace(m.Pace(m.PaceUnit.UNLIMITED)), m.Open(project.to_bytes(), str(project.folder)))

    def reset(self) -> None:
        """Goes on where it is: of a run that somebody watches the first epochs, which are all scored, are soon over."""

    def run(self, steps: int) -> None:
        self._ask(m.Advance(steps))

    def close(self) -> None:
        self._inbox.put(m.Shutdown())

    def _ask(self, *commands: m.Command) -> None:
        """Until it stands again."""
        for command in commands:
            self._inbox.put(command)
        while not isinstance(said := self._said.get(), m.Progress) or said.state is not m.RunState.PAUSED:
            assert not isinstance(said, m.Refused), said


def watched_row(case: Case, project: engine.Project, effort: Effort) -> Row:
    """How much of `Trainer.run`'s speed is left in a worker."""
    worker = WorkerSide(project)
    try:
        found = compare(worker, EngineSide(project, kernels_for("cpu") == "numba"), effort)
    finally:
        worker.close()
    times = microseconds((found.ours, found.theirs))
    return Row(f"{case.title}, in a worker", found.ratio, KEPT, spread=(found.low, found.high), context=times)


def largest_difference(ours: Opponent, theirs: Opponent) -> float:
    """The greatest difference of any parameter after 50 steps from the reset state; DisagreementError unless small."""
    for side in (ours, theirs):
        side.reset()
        side.run(CHECKED)
    mine, other = ours.parameters(), theirs.parameters()
    if set(mine) != set(other):
        raise DisagreementError(f"expected the parameters {sorted(mine)}, got {sorted(other)}")
    difference = max(float(np.abs(mine[name] - other[name]).max()) for name in mine)
    largest = max(float(np.abs(array).max()) for array in mine.values())
    if not difference <= TOLERANCE * largest:
        raise DisagreementError(
            f"parameters differ by {difference:.2g} after {CHECKED} steps, the largest is {largest:.2g}"
        )
    return difference


def row(case: Case, ours: Opponent, theirs: Opponent, effort: Effort, fast: bool = False) -> Row:
    """One line of the table; `fast` where ours has compiled kernels."""
    difference = largest_difference(ours, theirs)
    found = compare(ours, theirs, effort)
    times = microseconds((found.ours, found.theirs))
    context = f"{times}; parameters within {difference:.1g}"
    title, goal = (f"{case.title}, with fast", case.fast) if fast else (case.title, case.goal)
    return Row(title, found.ratio, goal, spread=(found.low, found.high), context=context)


def measure(effort: Effort) -> Iterator[Row]:
    """Every case against PyTorch."""
    from benchmarks.pytorch import PyTorchSide

    for case in CASES:
        with TemporaryDirectory() as folder:
            project = case.project(Path(folder))
            theirs = PyTorchSide(project)
            for fast in (False, True) if installed() else (False,):
                yield row(case, EngineSide(project, fast), theirs, effort, fast)
            if case in IN_A_WORKER:
                yield watched_row(case, project, effort)
