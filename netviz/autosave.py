"""Keeps a copy of what is not saved, so that a crash or a kill loses little."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from engine.run.messages import Keyframe, RunState
from netviz.document.document import Document
from netviz.recovery import Copy
from netviz.runtime.background import Background
from netviz.runtime.session import Session

EVERY_MS = 20_000


class Autosave(QObject):
    """Every so often, if something is unsaved, copies the project and its weights; the disk waits on a thread.

    Without the weights of a large run: of gigabytes nobody wants a copy every 20 seconds.
    """

    def __init__(self, document: Document, session: Session, unsaved: Callable[[], bool]) -> None:
        super().__init__(document)
        self._document, self._session, self._unsaved = document, session, unsaved
        self._copy = Copy()
        self._background = Background(self)
        self._kept: tuple[bytes, int] | None = None  # what the copy holds
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.copy)
        self._timer.start()

    def copy(self) -> None:
        """Brings the copy up to date; without anything unsaved there is none."""
        if not self._unsaved():
            self.forget()
            return
        now = (self._document.project.to_bytes(), self._session.step)
        if now == self._kept:
            return
        self._kept = now
        if self._session.state is RunState.IDLE or self._session.large:
            self._write(None)
        else:
            self._session.take_keyframe(self._write)

    def _write(self, keyframe: Keyframe | None) -> None:
        project, original = self._document.project, self._document.path
        parameters = None if keyframe is None else keyframe.parameters
        if parameters is not None and len(parameters) != len(project.lanes()):
            parameters = None  # a lane was added that does not run yet
        copy = self._copy
        self._background.run(
            lambda: copy.write(project, original, parameters), lambda _: None, lambda error: self._failed()
        )

    def _failed(self) -> None:
        self._kept = None  # tried again next time

    def forget(self) -> None:
        """Nothing is unsaved any more."""
        if self._kept is not None:
            self._kept = None
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
