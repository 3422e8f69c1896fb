"""RESULTS.md: a section for each group, with the machine it was measured on; sections of other groups stay."""

import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

HEADING = """\
# Benchmarks

Written by `python -m benchmarks`. A ratio is the median over pairs of turns that both sides took in one process, one
after the other; the range holds the middle half of the pairs. Times are context only: they drift from run to run by
far more than ratios do.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number and its goal: at least `goal`, or with `at_most` no more than it."""

    what: str
    value: float
    goal: float | None = None
    unit: str = "×"
    at_most: bool = False
    spread: tuple[float, float] | None = None
    context: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    def cells(self) -> tuple[str, ...]:
        goal = "–" if self.goal is None else f"{'≤' if self.at_most else '≥'} {self.goal:g} {self.unit}"
        spread = "" if self.spread is None else " – ".join(map(_number, self.spread))
        met = {None: "–", True: "yes", False: "**no**"}[self.met]
        return self.what, f"{_number(self.value)} {self.unit}", spread, goal, met, self.context


COLUMNS = ("What", "Result", "Range", "Goal", "Met", "Context")


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def section(name: str, title: str, about: str, rows: Iterable[Row]) -> str:
    """A group's section: what was compared, on what and when, and the table."""
    return f"## {name}: {title}\n\n{about}\n\n{machine()}\n\n{table(rows)}\n"


def merged(old: str, sections: Mapping[str, str], order: Iterable[str]) -> str:
    """The whole file: `sections` by group name in place of the old ones, in `order`; the rest as it was."""
    kept = {match[1]: match[0].rstrip() + "\n" for match in re.finditer(r"^## (\w+):.*?(?=^## |\Z)", old, re.M | re.S)}
    kept.update(sections)
    known = list(order)
    names = [name for name in known if name in kept] + [name for name in kept if name not in known]
    return "\n".join([HEADING, *(kept[name] for name in names)])


def machine() -> str:
    """One line on what was measured when, and on what."""
    libraries = ", ".join(f"{name} {found}" for name in ("numpy", "torch") if (found := _version(name)))
    parts = (
        f"{datetime.now(UTC):%Y-%m-%d}",
        _processor(),
        f"{os.cpu_count()} cores",
        f"Python {platform.python_version()}",
        libraries,
        f"BLAS {_blas()}",
    )
    return " · ".join(parts)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _blas() -> str:
    """The library behind NumPy's products, its kernel, and its threads."""
    found = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    named = {
        f"{lib['internal_api']} {lib['version']} ({lib.get('architecture') or 'kernel not told'}), "
        f"{lib['num_threads']} thread{'s' if lib['num_threads'] > 1 else ''}"
        for lib in found
    }
    forced = os.environ.get("OPENBLAS_CORETYPE")
    told = " and ".join(sorted(named)) or "not told"
    return f"{told}, kernel set by OPENBLAS_CORETYPE={forced}" if forced else told


def _processor() -> str:
    if sys.platform.startswith("linux"):
        said = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
        if said:
            return said[1]
    return platform.processor() or platform.machine()


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
