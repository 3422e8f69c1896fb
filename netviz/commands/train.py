"""`netviz train`: a run without a window, by the same lane that the window's worker steps."""

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import numpy as np

from engine.backend import Array, open_backend
from engine.divergence import DivergenceError
from engine.errors import Problem, ProjectError, one_line
from engine.export.names import class_name
from engine.export.onnx import must_fit, save_onnx
from engine.kernels.choice import kernels_for
from engine.memory import telling_sizes
from engine.network import Network
from engine.records.several import Several, telemetry_file
from engine.records.tensorboard import TensorBoardFile, must_hold_one_run
from engine.run.lane import Lane
from engine.telemetry import Telemetry, one_blas_thread
from engine.trainer import Trainer
from engine.weights import save_weights
from netviz.commands.bar import Bar
from netviz.commands.files import fitting_weights, must_be_writable
from netviz.commands.settings import project_asked
from netviz.exit_status import DIVERGED, DONE, INTERRUPTED
from netviz.report.contents import FRESH
from netviz.report.gathering import Gathering
from netviz.report.writing import write_report

SHOWN = 64  # steps between two looks at the bar


def run(options: argparse.Namespace) -> int:
    """Trains and writes what was asked for; returns the exit status."""
    one_blas_thread()
    trainer = _trainer(options)
    _check_outputs(options, trainer)
    lane = Lane(trainer, scores_epochs=False)
    files = _telemetry(options, trainer)
    if files:
        lane.telemetry, lane.scores_epochs = Several(files), True
    if options.diagnose:
        lane.diagnose()
        lane.diagnoses_steps = lane.scores_epochs = True
    steps = steps_asked(options, trainer)
    gathering = Gathering(lane, steps) if options.report is not None else None
    status, reason = DONE, ""
    bar = Bar(trainer.project.name, quiet=options.quiet)
    try:
        if not advance(lane, steps, bar, gathering):
            status = INTERRUPTED
    except DivergenceError as error:
        status, reason = DIVERGED, str(error)
    finally:
        bar.end()
        if lane.telemetry is not None:
            lane.telemetry.close()
    if options.save is not None:
        save_weights(options.save, trainer.network.state())
    if options.export is not None:
        save_onnx(options.export, trainer.network, class_name(trainer.project))
    if gathering is not None:
        write_report(options.report, trainer.project, [gathering.result(reason)], trainer, _began(options))
    if reason:
        print(one_line(f"{options.file}: {reason}"), file=sys.stderr)
    if lane.diagnosis is not None:
        print(lane.diagnosis.report(), file=sys.stderr)
    if not options.quiet:
        print(_summary(lane))
    return status


def _trainer(options: argparse.Namespace) -> Trainer:
    project = project_asked(options)
    # The seed once more: a variant may have a training section of its own.
    backend = open_backend(options.device, options.dtype, kernels_for(options.device))
    with telling_sizes(project, backend):
        trainer = Trainer(project, seed=options.seed, backend=backend)
    if options.init is not None:
        with fitting_weights("--init", options.init) as weights:
            if options.fitting:
                _take_fitting(trainer.network, weights, options)
            else:
                trainer.network.load_parameters(weights)
    elif options.fitting:
        raise ProjectError(Problem("--fitting", "expected weights to take from, by --init"))
    return trainer


def _take_fitting(network: Network, weights: Mapping[str, Array], options: argparse.Namespace) -> None:
    """Takes what fits and says what is left new; ValueError where no parameter fits."""
    taken, own = network.load_fitting(weights), network.parameters()
    new = [name for name in own if name not in taken]
    if len(new) == len(own):
        raise ValueError(f"none of its weights fits: {network.misfits(weights)[0]}")
    if new and not options.quiet:
        print(f"{options.init}: does not fit, so left new: {', '.join(new)}", file=sys.stderr)


def _check_outputs(options: argparse.Namespace, trainer: Trainer) -> None:
    """Said before training, not after it."""
    if options.export is not None:
        must_fit(trainer.network.structure)
    outputs = {"--save": options.save, "--export": options.export, "--telemetry": options.telemetry}
    outputs["--report"] = options.report
    must_be_writable(outputs, {options.file: "the project"}, streamed="--telemetry")
    if options.tensorboard is not None:
        must_hold_one_run(options.tensorboard)


def _telemetry(options: argparse.Namespace, trainer: Trainer) -> list[Telemetry]:
    files: list[Telemetry] = []
    if options.tensorboard is not None:  # first: its folder has to be made, and nothing is written if that fails
        files.append(TensorBoardFile(options.tensorboard, trainer, options.every))
    if options.telemetry is not None:
        files.append(telemetry_file(options.telemetry, trainer, options.every))
    return files


def _began(options: argparse.Namespace) -> str:
    return FRESH if options.init is None else f"the weights of {options.init.name}"


def steps_asked(options: argparse.Namespace, trainer: Trainer) -> int:
    if options.steps is not None:
        return int(options.steps)
    epochs = trainer.project.training.epochs if options.epochs is None else options.epochs
    return int(epochs) * trainer.steps_per_epoch


def advance(lane: Lane, steps: int, bar: Bar, gathering: Gathering | None = None) -> bool:
    """Does `steps` updates; False when it was interrupted after one of them. `gathering` watches for a report."""
    trainer = lane.trainer
    sizes = telling_sizes(trainer.project, trainer.backend, trainer.batch_size)
    with np.errstate(all="ignore"), _interruption() as interrupted, sizes:
        step = 0
        while step < steps:
            if gathering is not None:
                gathering.before(step)
            together = 1 if gathering is not None else lane.unseen(min(steps - step, SHOWN - step % SHOWN))
            loss = lane.advance_unseen(together)
            if step % SHOWN == 0:
                lane.forget_news() if gathering is None else gathering.take()
                bar.show(step / steps, f"step {step}/{steps}  epoch {lane.trainer.epoch}  loss {loss:.4g}")
            step += together
            if interrupted:
                return False
            if lane.stopped:
                break
    return True


@contextmanager
def _interruption() -> Iterator[list[int]]:
    """A list that is no longer empty once somebody pressed Ctrl+C: a step is never left half done."""
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def _summary(lane: Lane) -> str:
    trainer = lane.trainer
    train, validation = trainer.evaluate()
    parts = [f"{trainer.project.name}: {trainer.step_number} steps, {trainer.epoch} epochs, loss {train.loss:.6g}"]
    if train.accuracy is not None:
        parts.append(f"accuracy {train.accuracy:.4f}")
    if train.r2 is not None:
        parts.append(f"R² {train.r2:.4f}")
    if validation is not None:
        parts.append(f"validation loss {validation.loss:.6g}")
        if validation.accuracy is not None:
            parts.append(f"validation accuracy {validation.accuracy:.4f}")
        if validation.r2 is not None:
            parts.append(f"validation R² {validation.r2:.4f}")
    if lane.stopped:
        parts.append(f"stopped early: {lane.how_it_stopped}")
    return one_line(", ".join(parts))
