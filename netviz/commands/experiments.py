"""`netviz experiments`: what comes with the program."""

import argparse
from pathlib import Path

from engine.errors import Problem, ProjectError
from engine.files import write_atomically
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
    target = folder / known[name].path.name
    if target.exists():
        raise ProjectError(Problem("--copy", f"{target} is there already"))
    write_atomically(target, known[name].path.read_bytes())
    print(target)
    return DONE
