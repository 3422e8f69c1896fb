"""Runs groups of benchmarks and writes their sections of RESULTS.md: `python -m benchmarks [names…]`."""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks import cost, editor, gpu, history, lasting, step, window
from benchmarks.diagnosis import score as diagnosis
from benchmarks.measure import Effort
from benchmarks.report import Row, merged, section, table
from engine.files import write_atomically


@dataclass(frozen=True, slots=True)
class Group:
    """Benchmarks that belong together: one section of the results."""

    name: str
    title: str
    about: str
    measure: Callable[[Effort], Iterator[Row]]
    needs: tuple[str, ...] = ()  # packages that netviz itself does without
    programs: tuple[str, ...] = ()
    lacks: Callable[[], list[str]] = list  # of the machine

    def missing(self) -> list[str]:
        """What it needs that is not there, and how to get it."""
        packages = [f"{name} (pip install {name})" for name in self.needs if find_spec(name) is None]
        return packages + [name for name in self.programs if shutil.which(name) is None] + self.lacks()


GROUPS = (
    Group("step", "a training step against PyTorch eager", step.ABOUT, step.measure, ("torch",)),
    Group(
        "gpu", "a training step on a card against PyTorch eager", gpu.ABOUT, gpu.measure, ("torch",), lacks=gpu.lacks
    ),
    Group("cost", "what looking costs, and the memory of a training", cost.ABOUT, cost.measure),
    Group("window", "the window beside a training at full speed", window.ABOUT, window.measure, programs=("Xvfb",)),
    Group("lasting", "a window that stays open", lasting.ABOUT, lasting.measure, programs=("Xvfb",)),
    Group("editor", "drawing a network by hand", editor.ABOUT, editor.measure),
    Group("history", "a million steps under the hand", history.ABOUT, history.measure),
    Group("diagnosis", "labelled runs, told apart by the diagnosis", diagnosis.ABOUT, diagnosis.measure),
)
RESULTS = Path(__file__).with_name("RESULTS.md")


def main(arguments: Sequence[str] | None = None, groups: Sequence[Group] = GROUPS, results: Path = RESULTS) -> int:
    names = [group.name for group in groups]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"groups to run, by default all: {', '.join(names)}")
    parser.add_argument("--pairs", type=int, default=Effort().pairs, help="turns of each side")
    parser.add_argument("--seconds", type=float, default=Effort().seconds, help="length of a turn")
    parser.add_argument("--dry", action="store_true", help="print only, leave the results as they are")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in names]:
        parser.error(f"there is no group {unknown[0]!r}, the groups are {', '.join(names)}")
    effort = Effort(chosen.pairs, chosen.seconds)
    sections = {}
    for group in groups:
        if group.name not in (chosen.names or names):
            continue
        if missing := group.missing():
            print(f"{group.name}: left out, it needs {' and '.join(missing)}")
            continue
        # Products of two libraries that both want every core measure the scheduler.
        with threadpool_limits(1):
            rows = list(_shown(group.measure(effort)))
            sections[group.name] = section(group.name, group.title, group.about, rows)
        print(table(rows))
    if sections and not chosen.dry:
        old = results.read_text("utf-8") if results.exists() else ""
        write_atomically(results, merged(old, sections, names).encode())
    return 0


def _shown(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, each on stderr as soon as it is measured."""
    for row in rows:
        print(*row.cells(), sep="  ", file=sys.stderr)
        yield row


if __name__ == "__main__":
    sys.exit(main())
