"""`netviz import`: an ONNX model as a project, with its weights beside it."""

import argparse
from dataclasses import replace
from pathlib import Path

from engine.errors import ProjectError
from engine.importing.project import Imported, import_onnx
from engine.project import Project
from netviz.commands.files import must_be_writable, tell_all
from netviz.document.storage import weight_names, write_project
from netviz.exit_status import DONE


def run(options: argparse.Namespace) -> int:
    """Writes both files, or says of every operator why not and writes nothing; returns the exit status."""
    file, out = Path(options.file), Path(options.out)
    try:
        found = import_onnx(file, options.output, options.shape)
    except ProjectError as error:
        return tell_all(file, error)
    project = write_imported(found, file, out)
    print(out)
    print(out.parent / str(project.weights))
    for note in found.notes:
        print(f"{file}: {note}")
    return DONE


def write_imported(found: Imported, model: Path, out: Path) -> Project:
    """Writes the project to `out` and its weights beside it; returns it as it stands there."""
    project = replace(found.project, folder=out.parent)
    (weights,) = weight_names(project, out.stem)
    must_be_writable({"PROJECT": out, "the weights": out.parent / weights}, {model: "the model"})
    return write_project(project, out, [found.weights])
