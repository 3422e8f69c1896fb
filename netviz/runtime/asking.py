"""One question, answered by a process of its own: `netviz answer`."""

import msgspec
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from engine.checks.questions import Question, decode_line, encode_line
from engine.run.transports import ONE_THREAD, own_command

PATIENCE_MS = 3000  # for a process that was killed to be gone


class Asking(QObject):
    """Nothing of it touches the window or the run; a process that is not wanted any more is killed at once."""

    progress = Signal(float)  # the share that is done
    answered = Signal(object)  # the report
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._question: Question | None = None

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        """Of the process; 0 where none runs."""
        return 0 if self._process is None else int(self._process.processId())

    def ask(self, question: Question) -> None:
        """Asks; a question before it is dropped. `answered` or `failed` says how it went."""
        self.cancel()
        self._question, self._process = question, QProcess(self)
        process = self._process
        environment = QProcessEnvironment.systemEnvironment()
        for name, value in ONE_THREAD.items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._error)
        program, *arguments = own_command("answer")
        process.start(program, arguments)
        if self._process is process:  # it could be started
            process.write(msgspec.json.encode(question))
            process.closeWriteChannel()

    def cancel(self) -> None:
        """Kills the process; neither `answered` nor `failed` comes."""
        process, self._process = self._process, None
        if process is None:
            return
        for signal in (process.readyReadStandardOutput, process.finished, process.errorOccurred):
            signal.disconnect()
        if process.state() is not QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(PATIENCE_MS)
        process.deleteLater()

    def _read(self) -> None:
        while self._process is not None and self._process.canReadLine():
            self._take(bytes(self._process.readLine().data()))

    def _take(self, data: bytes) -> None:
        assert self._question is not None
        try:
            line = decode_line(data, self._question.kind)
        except ValueError as error:
            line = decode_line(encode_line(f"the process said what is no answer: {error}"), self._question.kind)
        if line.share is not None:
            self.progress.emit(line.share)
        elif line.failed is not None:
            self._fail(line.failed)
        else:
            self.cancel()
            self.answered.emit(line.report)

    def _finished(self, code: int) -> None:
        self._read()
        if self._process is not None:
            self._fail(f"the process ended without an answer (exit status {code})")

    def _error(self, error: QProcess.ProcessError) -> None:
        if self._process is not None and error is QProcess.ProcessError.FailedToStart:
            self._fail(f"the process could not be started: {self._process.errorString()}")

    def _fail(self, words: str) -> None:
        self.cancel()
        self.failed.emit(words)
