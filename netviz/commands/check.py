"""`netviz check`: what a network is, and all that is wrong with it."""

import argparse
import sys

from engine.errors import ProjectError
from engine.gradient_check import check_project
from engine.project import Project, load_project
from netviz.commands.settings import parse_settings
from netviz.options import BAD_INPUT

FAILED = 1


def check(options: argparse.Namespace) -> int:
    """Prints shapes and counts, or every problem; returns the exit status."""
    try:
        project = load_project(options.file, parse_settings(options.settings))
    except ProjectError as error:
        for problem in error.problems:
            print(f"{options.file}: {problem}")
        print(f"{options.file}: {error}", file=sys.stderr)
        return BAD_INPUT
    lanes = project.lanes()
    for lane in lanes:
        if len(lanes) > 1:
            print(f"{lane.variant}:")
        _describe(lane)
    if not options.gradients:
        return 0
    return 0 if sum(not _gradients(lane) for lane in lanes) == 0 else FAILED


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


def _gradients(lane: Project) -> bool:
    report = check_project(lane)
    for tensor in report.tensors:
        print(tensor)
    return report.ok
