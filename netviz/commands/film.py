"""`netviz film`: a run as a film. Needs Qt, but no display: what is filmed is shown to nobody."""

import argparse
import os
import signal
import sys
from types import FrameType

from engine.errors import Problem, ProjectError
from engine.trainer import Trainer
from netviz.commands.files import must_be_writable
from netviz.commands.settings import project_asked
from netviz.exit_status import DONE, FAILED, INTERRUPTED
from netviz.film.plan import FilmPlan
from netviz.system import ensure_qt


def run(options: argparse.Namespace) -> int:
    """Makes the film and prints where it is; returns the exit status."""
    project = project_asked(options)
    length, unit = options.steps, 1
    if length is None:
        unit = Trainer(project.lanes()[0]).steps_per_epoch
        length = project.training.epochs if options.epochs is None else options.epochs
    width, height = options.size
    plan = FilmPlan(
        what=options.panel,
        steps=length * unit,
        every=options.every * unit,
        fps=options.fps,
        width=width,
        height=height,
        scale=options.scale,
        suffix=options.out.suffix.lower(),
        exact=options.exact,
    )
    if problem := plan.problem():
        raise ProjectError(Problem("OUT", problem))
    must_be_writable({"OUT": options.out}, {options.file: "the project"})
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    ensure_qt(offscreen=True)
    from netviz.film.stage import titles

    if options.panel not in titles():
        raise ProjectError(Problem("--panel", f"expected {', '.join(titles())}, got {options.panel!r}"))
    return _make(options, plan, project)


def _make(options: argparse.Namespace, plan: FilmPlan, project: object) -> int:
    from PySide6.QtCore import qInstallMessageHandler

    from netviz.app import make_application
    from netviz.film.maker import FilmMaker

    # The offscreen platform complains of every window that has a least size, which is true and of no use.
    qInstallMessageHandler(
        lambda kind, where, text: None if "propagateSizeHints" in text else print(text, file=sys.stderr)
    )
    app = make_application(options.theme)
    maker = FilmMaker(plan, project, options.out)
    ended: list[tuple[int, str]] = []

    def end(status: int, words: str) -> None:
        ended.append((status, words))
        app.quit()

    def show(done: int, frames: int) -> None:
        if not options.quiet and sys.stderr.isatty():
            print(f"\r{done} of {frames} frames ", end="", file=sys.stderr, flush=True)

    def interrupt(number: int, frame: FrameType | None) -> None:
        maker.cancel()

    maker.progressed.connect(show)
    maker.made.connect(lambda note: end(DONE, note.removeprefix("; ")))
    maker.failed.connect(lambda error: end(FAILED, str(error)))
    maker.cancelled.connect(lambda: end(INTERRUPTED, ""))
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        maker.start()
        app.exec()
    finally:
        signal.signal(signal.SIGINT, before)
    status, words = ended[0]
    if words:
        print(f"{options.file}: {words}", file=sys.stderr)
    if status == DONE and not options.quiet:
        print(options.out)
    return status
