"""`netviz predict`: a trained network's outputs for examples in a file, or the mean of several."""

import argparse
import io
from pathlib import Path

import numpy as np

from engine.backend import Array
from engine.data.archive import Archive
from engine.errors import Problem, ProjectError
from engine.files import write_atomically
from netviz.commands.files import must_be_writable
from netviz.commands.network import opened_project, trained_ensemble, weights_files
from netviz.exit_status import DONE


def run(options: argparse.Namespace) -> int:
    """Writes `y` for the raw `x` of the input file; returns the exit status."""
    project = opened_project(options)
    read = {
        options.file: "the project",
        **dict.fromkeys(weights_files(options, project), "the weights"),
        options.input: "that of --input",
    }
    must_be_writable({"--output": options.output}, read)
    ensemble = trained_ensemble(options, project)
    try:
        y = ensemble.predict(_examples(options.input))
    except ValueError as error:
        raise ProjectError(Problem("--input", f"{options.input}: {error}")) from None
    file = io.BytesIO()
    np.savez(file, y=y)
    write_atomically(options.output, file.getvalue())
    return DONE


def _examples(path: Path) -> Array:
    with Archive(path) as archive:
        return archive.read("x")
