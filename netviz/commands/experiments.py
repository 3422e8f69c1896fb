"""`netviz experiments`: what comes with the program."""

import argparse
from dataclasses import replace
from pathlib import Path

import msgspec

from engine.errors import Problem, ProjectError
from engine.files import write_atomically
from engine.project import load_project
from engine.spec import unknown
from netviz.exit_status import DONE
from netviz.experiments import find_experiments


def run(options: argparse.Namespace) -> int:
    """Lists the experiments, or copies one; returns the exit status."""
    known = find_experiments()
    if options.copy is None:
        width = max(map(len, known))
        for name, experiment in known.items():
            print(f"{name:<{width}}  {experiment.title}")
        return DONE
    name, folder = options.copy[0], Path(options.copy[1])
    if name not in known:
        raise ProjectError(Problem("--copy", unknown("experiment", name, tuple(known))))
    if not folder.is_dir():
        raise ProjectError(Problem("--copy", f"{folder} is not a folder"))
    copies = {folder / file: content for file, content in _copies(known[name].path).items()}
    for target in copies:
        if target.exists():
            raise ProjectError(Problem("--copy", f"{target} is there already"))
    for target, content in copies.items():
        write_atomically(target, content)
        print(target)
    return DONE


def _copies(path: Path) -> dict[str, bytes]:
    """What to write, by name: the project, and beside it the files that it learns from and begins with, if any."""
    project = load_project(path)
    first = dict.fromkeys(lane.training.first_weights for lane in project.lanes())
    beside = {name: (path.parent / name).read_bytes() for name in first if name}
    source = getattr(project.data, "path", None)
    if source is None:
        return {path.name: path.read_bytes(), **beside}
    name = Path(source).name
    moved = replace(project, data=msgspec.structs.replace(project.data, path=name))
    return {path.name: moved.to_bytes(), name: (path.parent / source).read_bytes(), **beside}
