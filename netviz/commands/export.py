"""`netviz export`: a trained network as a file for other programs."""

import argparse
from pathlib import Path

from engine.export.names import class_name
from engine.export.onnx import save_onnx
from engine.export.torch import save_torch
from netviz.commands.files import must_be_writable
from netviz.commands.network import opened_project, trained_network, weights_file


def export(options: argparse.Namespace) -> int:
    """Writes the file and prints where it is; returns the exit status."""
    project, out = opened_project(options), Path(options.out)
    read = {options.file: "the project", weights_file(options, project): "the weights"}
    must_be_writable({"OUT": out}, read)
    # The module does not hold the weights, but what is exported should take them.
    network = trained_network(options, project)
    if options.to == "onnx":
        save_onnx(out, network, class_name(project))
    else:
        save_torch(out, project)
    print(out)
    return 0
