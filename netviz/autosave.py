"""Keeps a copy of what is not saved, so that a crash or a kill loses little."""

from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path
from time import monotonic

from PySide6.QtCore import QObject, QTimer

from engine.project import Project
from engine.run.messages import Keyframe, RunState
from netviz.document.document import Document
from netviz.document.storage import with_weights_of
from netviz.recovery import Copy
from netviz.runtime.background import Background
from netviz.runtime.session import Session
from netviz.runtime.taken import Weights, step_of, with_taken

EVERY_MS = 20_000
SHARE = 0.01  # of the time: what copies of a large run's weights may take


class Autosave(QObject):
    """Every so often, if something is unsaved, copies the project and its weights; the disk waits on a thread.

    Weights of a large run as often as that may cost; of such a run a worker that is lost leaves nothing else.
    """

    def __init__(self, document: Document, session: Session, unsaved: Callable[[], bool]) -> None:
        super().__init__(document)
        self._document, self._session, self._unsaved = document, session, unsaved
        self._copy = Copy()
        self._background = Background(self)
        self._kept: tuple[bytes, int] | None = None  # what the copy holds
        self._due = 0.0  # when weights of a large run may be copied again
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.copy)
        self._timer.start()
        session.opened.connect(self._begin)

    def _begin(self) -> None:
        """Of another run nobody knows how long its weights take."""
        self._due = 0.0

    def copy(self) -> None:
        """Brings the copy up to date; without anything unsaved there is none."""
        if not self._unsaved():
            self.forget()
            return
        session, now = self._session, (self._document.project.to_bytes(), self._session.step)
        if now == self._kept:
            return
        first, early = self._kept is None, session.large and monotonic() < self._due
        if early and self._kept is not None and now[0] == self._kept[0]:
            return
        self._kept = now
        if session.state is RunState.IDLE:
            self._write(None)
        elif not session.large:
            session.take_keyframe(self._write)
        elif first or early:
            self._write(None)  # what is drawn does not wait for the weights, and these want a folder
            self._kept = now[0], -1
        else:
            began, self._due = monotonic(), inf
            session.take_keyframe(lambda keyframe: self._write(keyframe, began), self._copy.folder)

    def _write(self, keyframe: Keyframe | None, began: float | None = None) -> None:
        project, original, copy = self._document.project, self._document.path, self._copy
        session, running = self._session, self._session.project
        if session.copied is not None:  # those weights stay the copy's until there are others
            project = with_weights_of(project, session.copied[0])

        def write(taken: Sequence[Weights] | None = None) -> Project:
            # A lane may have been added that does not run yet.
            fits = taken is not None and len(taken) == len(project.lanes())
            return copy.write(project, original, taken if fits else None)

        def written(made: Project) -> None:
            self._put_off(began)
            if keyframe is not None and session.large and session.project is running and running is not None:
                session.copied = with_weights_of(running, made), step_of(keyframe)

        self._background.run(
            lambda: write() if keyframe is None else with_taken(keyframe, write),
            written,
            lambda error: self._failed(began),
        )

    def _put_off(self, began: float | None) -> None:
        if began is not None:
            now = monotonic()
            self._due = now + (now - began) / SHARE

    def _failed(self, began: float | None) -> None:
        self._put_off(began)
        self._kept = None  # tried again next time

    def forget(self) -> None:
        """Nothing is unsaved any more."""
        if self._kept is not None:
            self._kept = self._session.copied = None
            copy = self._copy
            self._background.run(copy.remove, lambda _: None, lambda error: None)

    def adopt(self, folder: Path) -> None:
        """The copy in `folder`, just opened, is this window's from now on: at no moment is there none."""
        self.forget()
        self._copy, self._kept = Copy(folder), (b"", -1)
        self.copy()

    def close(self) -> None:
        """The window closes as it should: the copy goes."""
        self._timer.stop()
        self.forget()
        self._background.close()
