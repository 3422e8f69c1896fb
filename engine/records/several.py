"""One run told to several files, and the file that a name asks for."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from engine.divergence import DivergenceError
from engine.metrics import Score
from engine.records.table import TelemetryTable
from engine.telemetry import Telemetry, TelemetryFile
from engine.trainer import StepRecord, Trainer


def telemetry_file(path: Path, trainer: Trainer, every: int = 1) -> Telemetry:
    """A table for a name that ends in .csv, JSON lines for any other."""
    kind = TelemetryTable if path.suffix.lower() == ".csv" else TelemetryFile
    return kind(path, trainer, every)


class Several:
    """Tells each of `files` what it wants to know."""

    def __init__(self, files: Sequence[Telemetry]) -> None:
        self._files = files

    def wants(self, step: int) -> bool:
        return any(file.wants(step) for file in self._files)

    def step(self, record: StepRecord) -> None:
        for file in self._files:
            if file.wants(record.step):
                file.step(record)

    def epoch(self, epoch: int, step: int, train: Score, validation: Score | None) -> None:
        for file in self._files:
            file.epoch(epoch, step, train, validation)

    def diverged(self, error: DivergenceError, epoch: int, lr: float) -> None:
        for file in self._files:
            file.diverged(error, epoch, lr)

    def close(self) -> None:
        """Every file is closed; the first error of those that could not be written is raised."""
        errors = []
        for file in self._files:
            try:
                file.close()
            except OSError as error:
                errors.append(error)
        if errors:
            raise errors[0]


class Guarded:
    """A file that may fail while a run goes on: `lost` hears why, and the file ends there."""

    def __init__(self, file: Telemetry, lost: Callable[[OSError], object]) -> None:
        self._file: Telemetry | None = file
        self._lost = lost

    def wants(self, step: int) -> bool:
        return self._file is not None and self._file.wants(step)

    def step(self, record: StepRecord) -> None:
        self._try(lambda file: file.step(record))

    def epoch(self, epoch: int, step: int, train: Score, validation: Score | None) -> None:
        self._try(lambda file: file.epoch(epoch, step, train, validation))

    def diverged(self, error: DivergenceError, epoch: int, lr: float) -> None:
        self._try(lambda file: file.diverged(error, epoch, lr))

    def close(self) -> None:
        self._try(lambda file: file.close())

    def _try(self, tell: Callable[[Telemetry], None]) -> None:
        if self._file is None:
            return
        try:
            tell(self._file)
        except OSError as error:
            file, self._file = self._file, None
            with suppress(OSError):
                file.close()
            self._lost(error)
