"""Telemetry of a run that somebody watches: files that may fail without stopping it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.records.several import Guarded, telemetry_file
from engine.run.lane import Lane


def record(lanes: Sequence[Lane], path: Path, every: int, lost: Callable[[str], None]) -> None:
    """Writes each lane's telemetry from here on: the first to `path`, the others beside it with their numbers.

    `lost` hears in one line why nothing is recorded, where a file cannot be made, and of one that fails later.
    """

    def failed(error: OSError) -> None:
        lost(f"{error.filename}: cannot be written further: {error.strerror}; the recording has ended")

    end(lanes)
    try:
        for number, lane in enumerate(lanes):
            own = path if number == 0 else path.with_name(f"{path.stem}.{number}{path.suffix}")
            lane.telemetry = Guarded(telemetry_file(own, lane.trainer, every), failed)
    except OSError as error:
        end(lanes)
        lost(f"{error.filename}: cannot be written: {error.strerror}; nothing is recorded")


def end(lanes: Sequence[Lane]) -> None:
    """Closes the files that are open."""
    for lane in lanes:
        if lane.telemetry is not None:
            lane.telemetry.close()
            lane.telemetry = None
