"""What this machine can compute on, found out by a process of its own: CUDA's libraries take seconds to load."""

import msgspec
from PySide6.QtCore import QObject, QProcess, Signal

from engine.backend import Card, without_cupy
from engine.run.transports import own_command
from netviz.runtime.place import Found

PATIENCE_MS = 3000


class Devices(QObject):
    """`cards` as CUDA counts them; where there are none, `why` says it in a line, with how to get them."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cards: tuple[Card, ...] = ()
        self.why = ""
        self.known = False
        self._process: QProcess | None = None

    @property
    def looking(self) -> bool:
        return self._process is not None

    def look(self, again: bool = False) -> None:
        """Finds out what is there, unless that is known; `changed` says when."""
        if self.looking or (self.known and not again):
            return
        if why := without_cupy():
            self._take(Found(why=why))
            return
        self._process = QProcess(self)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._process.start(*_program())
        self.changed.emit()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect()
            process.errorOccurred.disconnect()
            process.kill()
            process.waitForFinished(PATIENCE_MS)

    def _finished(self) -> None:
        assert self._process is not None
        said, code = bytes(self._process.readAllStandardOutput().data()), self._process.exitCode()
        try:
            lines = said.strip().splitlines()
            self._take(msgspec.json.decode(lines[-1] if lines else b"", type=Found))
        except msgspec.DecodeError:
            self._take(Found(why=f"the process that looks for devices ended with status {code}"))

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._take(Found(why="the process that looks for devices could not be started"))

    def _take(self, found: Found) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        self.cards, self.why, self.known = found.cards, found.why, True
        self.changed.emit()


def _program() -> tuple[str, list[str]]:
    program, *arguments = own_command("devices")
    return program, arguments
