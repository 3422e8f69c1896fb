"""`netviz report`: trains a project, or takes its trained weights, and writes one page about it."""

import argparse

from engine.divergence import DivergenceError
from engine.errors import Problem, ProjectError
from engine.project import load_project
from engine.run.lane import Lane
from engine.telemetry import one_blas_thread
from engine.trainer import Trainer
from netviz.commands.bar import Bar
from netviz.commands.files import fitting_weights, must_be_writable
from netviz.commands.settings import parse_settings
from netviz.commands.train import advance, steps_asked
from netviz.exit_status import DIVERGED, DONE, INTERRUPTED
from netviz.report.contents import FRESH, LaneResult
from netviz.report.gathering import Gathering
from netviz.report.writing import write_report


def run(options: argparse.Namespace) -> int:
    """Trains every network of the project, one after the other; returns the exit status."""
    one_blas_thread()
    project = load_project(options.file, parse_settings(options.settings))
    if options.variant is not None:
        project = project.lane(options.variant)
    lanes = project.lanes()
    if options.weights is not None and len(lanes) > 1:
        names = ", ".join(lane.variant for lane in lanes)
        raise ProjectError(Problem("--weights", f"are of one network: choose it by --variant out of {names}"))
    read = {options.file: "the project"} | ({options.weights: "the weights"} if options.weights else {})
    must_be_writable({"OUT": options.out}, read)
    status, results = DONE, []
    for lane in lanes:
        trainer = Trainer(lane, options.device, options.dtype, options.seed)
        steps = 0 if options.weights is not None else steps_asked(options, trainer)
        if options.weights is not None:
            with fitting_weights("--weights", options.weights) as weights:
                trainer.network.load_parameters(weights)
        ended, result = _trained(trainer, steps, options.quiet)
        status = status or ended
        results.append(result)
        if ended == INTERRUPTED:
            break
    began = FRESH if options.weights is None else f"the weights of {options.weights.name}, not trained further"
    write_report(options.out, project, results, trainer, began)
    if not options.quiet:
        print(options.out)
    return status


def _trained(trainer: Trainer, steps: int, quiet: bool) -> tuple[int, LaneResult]:
    lane = Lane(trainer)
    gathering, bar = Gathering(lane, steps), Bar(trainer.project.name, quiet)
    try:
        done = advance(lane, steps, bar, gathering)
    except DivergenceError as error:
        return DIVERGED, gathering.result(str(error))
    finally:
        bar.end()
    return DONE if done else INTERRUPTED, gathering.result()
