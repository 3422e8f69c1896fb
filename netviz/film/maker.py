"""Makes a film beside the window's own work: one frame a turn of the event loop, encoded on a thread."""

from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal

from engine.project import Project
from engine.run.messages import RunState
from netviz.film.feed import CancelledError, Feed, Frames
from netviz.film.plan import FilmPlan
from netviz.film.stage import Stage
from netviz.runtime.background import Background

TURN_MS = 4
LONGEST = 10.0  # seconds that a frame waits for what is computed slice by slice
ENDED = (RunState.FINISHED, RunState.FAILED)  # by early stopping; by a loss that is no number


class FilmMaker(QObject):
    """One film. Exactly one of `made`, `failed` and `cancelled` comes, when all is put away."""

    progressed = Signal(int, int)  # frames drawn, of how many
    made = Signal(str)  # a word on what is unusual about it, or nothing
    failed = Signal(Exception)
    cancelled = Signal()

    def __init__(
        self, plan: FilmPlan, project: Project, path: Path, worker: str = "process", parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._plan, self._path = plan, path
        self._feed, self._background = Feed(), Background(self)
        self._stage = Stage(plan, project, worker)
        self._frame = 0  # the next one to draw
        self._still: bytes | None = None  # what every further frame is, once the run can go no further
        self._note = ""
        self._since = 0.0  # when the run had come to the next frame
        self._over = False
        self._error: Exception | None = None
        session = self._stage.session
        session.refused.connect(self._trouble)
        session.worker_lost.connect(self._trouble)
        self._timer = QTimer(self, interval=TURN_MS)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        frames = iter(self._feed)
        self._background.run(lambda: self._encode(frames), lambda _: self._ended(None), self._ended)
        self._timer.start()

    def _encode(self, frames: Frames) -> None:
        from netviz.film.encoding import write_film  # with Pillow: a window that makes no film opens without it

        write_film(self._path, self._plan, frames)

    def cancel(self) -> None:
        """Nothing is written."""
        self._timer.stop()
        self._feed.cancel()

    def abandon(self) -> None:
        """As `cancel`, but at once, and nobody is told."""
        self.cancel()
        self._over = True
        self._background.close()
        self._stage.close()

    def _turn(self) -> None:
        if self._frame == self._plan.frames:
            self._timer.stop()  # the rest is the encoder's
        elif not self._feed.full:
            try:
                self._next()
            except Exception as error:  # whatever it is, the thread that waits for frames must hear of it
                self._error = error
                self.cancel()

    def _next(self) -> None:
        """Draws the next frame if the run has come there."""
        goal, (state, step) = self._plan.step_of(self._frame), self._stage.session.answered
        if self._still is None and not (state in ENDED or (state is RunState.PAUSED and step == goal)):
            return
        if self._still is None and self._is_studied_yet():
            return
        frame = self._still if self._still is not None else self._stage.shoot()
        if state in ENDED and self._still is None:
            self._still = frame
            self._note = f"; {self._stage.session.reason.partition('; play')[0]}: the film stands still from there"
        self._feed.put(frame)
        self._frame += 1
        self.progressed.emit(self._frame, self._plan.frames)
        if self._still is None and self._frame < self._plan.frames:
            self._stage.session.advance(steps=self._plan.step_of(self._frame) - goal)

    def _is_studied_yet(self) -> bool:
        """Whether what takes longer than a frame, as a landscape does, is worth waiting for."""
        now, session = monotonic(), self._stage.session
        self._since = self._since or now
        if not session.studying:
            self._stage.refresh()
        if session.studying and now - self._since < LONGEST:
            return True
        self._since = 0.0
        return False

    def _trouble(self, words: str) -> None:
        self._error = self._error or RuntimeError(words)
        self.cancel()

    def _ended(self, error: Exception | None) -> None:
        if self._over:
            return
        self._over = True
        self._timer.stop()
        self._stage.close()
        self._background.close()
        if self._error is not None or (error is not None and not isinstance(error, CancelledError)):
            self.failed.emit(self._error or error)
        elif error is not None:
            self.cancelled.emit()
        else:
            self.made.emit(self._note)
