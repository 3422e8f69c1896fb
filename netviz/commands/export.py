"""`netviz export`: a trained network as a file for other programs."""

import argparse
from pathlib import Path

from engine.errors import Problem, ProjectError
from engine.export.names import class_name
from engine.export.onnx import save_onnx
from engine.export.torch import save_torch
from engine.fusion import fused
from engine.inference import network_with
from engine.weights import save_weights
from netviz.commands.files import must_be_writable
from netviz.commands.network import opened_project, trained_network, weights_file
from netviz.exit_status import DONE


def run(options: argparse.Namespace) -> int:
    """Writes the file and prints where it is; returns the exit status."""
    project, out = opened_project(options), Path(options.out)
    read = {options.file: "the project", weights_file(options, project): "the weights"}
    must_be_writable({"OUT": out, "--save": options.save}, read)
    if options.fuse and options.to == "torch" and options.save is None:
        raise ProjectError(Problem("--fuse", "gives the module other weights: say by --save where they shall go"))
    # The module does not hold the weights, but what is exported should take them.
    network = trained_network(options, project)
    if options.fuse:
        project, state = fused(project, network.state())
        network = network_with(project, state)
    if options.to == "onnx":
        save_onnx(out, network, class_name(project))
    else:
        save_torch(out, project)
    if options.save is not None:
        save_weights(options.save, network.state())
    print(out)
    return DONE
