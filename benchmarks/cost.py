"""What looking costs: a step whose layers are looked at against a plain one; and what memory training takes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import engine
from benchmarks.measure import Effort, compare, microseconds
from benchmarks.report import Row
from benchmarks.step import ADAM, CLASSES, SGD, Case, EngineSide
from benchmarks.window import digits
from engine.project import project_from

ABOUT = """\
Steps: `Trainer.step(layers=True)`, all of telemetry's scalars, against `Trainer.run`, on the digits network; the range
is that of the ratio. Memory: a process of its own builds a network of 15 million parameters, trains it with Adam and
looks at its layers; what its resident set has grown by since the data were there and a small network had been trained,
over parameters, gradients, the optimizer's vectors and the activations of a batch with their gradients. Later: the
time of a step of 64-2000-10 on the digits, with Adam, over that of its first steps; by then the gradients of many
weights have ended, and their means must not fade into numbers for which a processor takes long."""

DIGITS = (64, 128, 128, 10)
LATER = 12_000  # steps
MEMORY = Path(__file__).with_name("memory.py")


class LookedAt(EngineSide):
    """Every step tells its layers' scalars."""

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.trainer.step(layers=True)


class Later(EngineSide):
    """As it goes on after many steps."""

    def __init__(self, project: engine.Project) -> None:
        super().__init__(project)
        self.trainer.run(LATER)
        self._state = self.trainer.snapshot()

    def reset(self) -> None:
        self.trainer.restore(self._state)


def measure(effort: Effort) -> Iterator[Row]:
    for optimizer in (SGD, ADAM):
        with TemporaryDirectory() as folder:
            case = Case(DIGITS, "relu", CLASSES, optimizer, goal=1.6, batch=64, samples=1280)
            yield row(case, case.project(Path(folder)), effort)
    yield later(effort)
    for name, ratio in memory():
        yield Row(f"memory, {name}", ratio, 1.5, at_most=True)


def row(case: Case, project: engine.Project, effort: Effort) -> Row:
    found = compare(EngineSide(project), LookedAt(project), effort)
    what = f"every step looked at, {case.title}"
    context = microseconds((found.ours, found.theirs))
    return Row(what, found.ratio, case.goal, at_most=True, spread=(found.low, found.high), context=context)


def later(effort: Effort) -> Row:
    project = project_from(digits(2000), Path())
    found = compare(EngineSide(project), Later(project), effort)
    context = microseconds((found.ours, found.theirs))
    what = f"a step after {LATER:,} steps".replace(",", "\u202f")
    return Row(what, found.ratio, 1.1, at_most=True, spread=(found.low, found.high), context=context)


def memory() -> Iterator[tuple[str, float]]:
    """After 20 steps, and after one that was looked at."""
    told = subprocess.run([sys.executable, MEMORY], capture_output=True, text=True, check=True, cwd=MEMORY.parents[1])
    for line in told.stdout.splitlines():
        name, _, ratio = line.rpartition(" ")
        yield name, float(ratio)
