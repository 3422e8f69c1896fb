"""The page of runs that trained without a window."""

from collections.abc import Sequence
from pathlib import Path

from engine.files import write_atomically
from engine.project import Project
from engine.run.opening import points_of
from engine.telemetry import blas_threads
from engine.trainer import Trainer
from netviz.report.contents import LaneResult, Place, Report
from netviz.report.page import page


def write_report(path: Path, project: Project, results: Sequence[LaneResult], trainer: Trainer, began: str) -> None:
    """`trainer` is one of those that have run: on what, with what, and on which examples."""
    backend = trainer.backend
    place = Place(backend.device, backend.dtype, backend.kernels, blas_threads())
    write_atomically(path, page(Report(project, tuple(results), place, began, points=points_of(trainer))))
