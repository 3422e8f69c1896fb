"""`netviz check`: what a network is, all that is wrong with it, and what is asked about it besides."""

import argparse
import sys
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import TypeVar

from engine.checks.overfit import EXAMPLES, OverfitReport, overfit
from engine.checks.rates import RateReport, must_have_rate, range_test
from engine.errors import ProjectError
from engine.files import write_atomically
from engine.gradient_check import GradientReport, checking_project
from engine.lanes import problems_of_examples
from engine.memory import SMALL, needs_of_training
from engine.project import Project, load_project
from netviz.commands.bar import Bar
from netviz.commands.files import must_be_writable, tell_all
from netviz.commands.settings import parse_settings
from netviz.exit_status import DONE, FAILED
from netviz.tables import csv_bytes

DRAWN = 10_000_000  # numbers: more are not drawn, which cannot be wrong, only to see that they can
COLUMNS = ("network", "rate", "loss", "smoothed")
Report = TypeVar("Report", GradientReport, OverfitReport, RateReport)


def run(options: argparse.Namespace) -> int:
    """Prints shapes and counts, or every problem, then what was asked; returns the exit status."""
    try:
        project = load_project(options.file, parse_settings(options.settings))
        _read_examples(project)
    except ProjectError as error:
        return tell_all(options.file, error)
    out = options.rates if options.rates != Path() else None
    must_be_writable({"--rates": out}, {options.file: "the project"})
    lanes = project.lanes()
    for lane in lanes if options.rates is not None else ():
        must_have_rate(lane)
    right = True
    rates: dict[str, RateReport] = {}
    for lane in lanes:
        if len(lanes) > 1:
            print(f"{lane.variant}:")
        _describe(lane)
    for lane in lanes:
        named = f"{lane.variant}: " if len(lanes) > 1 else ""
        if options.gradients:
            right &= _gradients(lane, named)
        if options.overfit is not None:
            learnt = _last(f"{named}overfit", overfit(lane, examples=options.overfit or EXAMPLES))
            print(f"{named}{learnt}")
            right &= learnt.learnt
        if options.rates is not None:
            rates[lane.variant] = _last(f"{named}rates", range_test(lane))
            print(f"{named}{rates[lane.variant]}")
            right &= rates[lane.variant].suggestion is not None
    if out is not None:
        rows = [(name, p.rate, p.loss, p.smoothed) for name, report in rates.items() for p in report.points]
        write_atomically(out, csv_bytes(COLUMNS, rows))
    return DONE if right else FAILED


def _read_examples(project: Project) -> None:
    """All of them, as training would: a ProjectError tells of what their outline does not show."""
    source = project.data
    if (
        not (source.endings or source.of_folder)
        and getattr(source, "samples", 0) * prod(project.summary().shape) > DRAWN
    ):
        return
    data = source.load(project.folder)
    found = [problem for lane in project.lanes() for problem in problems_of_examples(lane, data)]
    if found:
        raise ProjectError(*dict.fromkeys(found))


def _describe(lane: Project) -> None:
    structure = lane.structure()
    rows = [
        (
            node,
            structure.layers[node].kind(),
            "×".join(map(str, structure.shapes[node])),
            f"{structure.parameter_count(node):,}",
        )
        for node in structure.order
    ]
    rows.insert(0, ("node", "kind", "shape", "parameters"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, kind, shape, count in rows:
        print(f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {shape:<{widths[2]}}  {count:>{widths[3]}}")
    total = sum(structure.parameter_count(node) for node in structure.order)
    print(f"{total:,} parameters in all")
    batch = lane.training.batch_size
    needs = needs_of_training(lane, "float32", batch if isinstance(batch, int) else 0)
    if needs.total >= SMALL:
        print(f"in float32 training {needs}")
    connections = structure.connection_count()
    if connections is not None:
        print(f"{structure.unit_count():,} units and {connections:,} connections, with the input and the biases")


def _gradients(lane: Project, named: str) -> bool:
    report = _last(f"{named}gradients", checking_project(lane))
    for tensor in report.tensors:
        print(f"{named}{tensor}")
    return report.ok


def _last(name: str, steps: Iterator[float | Report]) -> Report:
    """The report at the end of `steps`; a terminal sees how far they are."""
    bar = Bar(name, quiet=not sys.stderr.isatty())
    try:
        for part in steps:
            if not isinstance(part, float):
                return part
            bar.show(part, f"{part:.0%}")
    finally:
        bar.end()
    raise AssertionError(f"{name}: no report")
