"""Telemetry as TensorBoard's event file: scalars by step under `loss/…`, `accuracy/…` and `LAYER/FIELD`.

The format is small, and written here: libraries for it write from a thread whose errors nobody hears. A file is
records of TensorFlow's `TFRecord` (length, checksum of it, message, checksum of that; checksums are CRC-32C, turned
and shifted), each message an `Event` of tensorflow/core/util/event.proto.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import asdict
from math import nan
from pathlib import Path
from struct import pack

from engine.divergence import DivergenceError
from engine.errors import Problem, ProjectError
from engine.files import Stream
from engine.metrics import Score
from engine.trainer import StepRecord, Trainer

POLYNOMIAL = 0x82F63B78  # Castagnoli's, with its bits turned round
SUFFIX = "tfevents"  # by which TensorBoard knows such files


class TensorBoardFile:
    """Writes a trainer's records into a file of its own in `folder`, flushed at each epoch's end."""

    def __init__(self, folder: Path, trainer: Trainer, every: int = 1) -> None:
        self.every = every
        folder.mkdir(parents=True, exist_ok=True)
        self._stream = Stream(folder / f"events.out.{SUFFIX}.{int(time.time()):010d}.netviz.{os.getpid()}.0")
        self._write(_bytes(3, b"brain.Event:2"))

    def wants(self, step: int) -> bool:
        return step % self.every == 0

    def step(self, record: StepRecord) -> None:
        told = [("loss/batch", record.loss), ("accuracy/batch", record.batch_accuracy), ("learning_rate", record.lr)]
        for node, values in (record.layers or {}).items():
            told += [(f"{node}/{field}", value) for field, value in values.items()]
        self._scalars(record.step, told)

    def epoch(self, epoch: int, step: int, train: Score, validation: Score | None) -> None:
        """The scores at the end of `epoch`, at update `step`."""
        parts = {"train": train} if validation is None else {"train": train, "validation": validation}
        told = [
            (f"{measure}/{part}", value) for part, score in parts.items() for measure, value in asdict(score).items()
        ]
        self._scalars(step, told)
        self._stream.flush()

    def diverged(self, error: DivergenceError, epoch: int, lr: float) -> None:
        self._scalars(error.step, [("loss/batch", nan), ("learning_rate", lr)])
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()

    def _scalars(self, step: int, values: Iterable[tuple[str, float | None]]) -> None:
        """One event; what there is not is left out."""
        summary = b"".join(
            _bytes(1, _bytes(1, tag.encode()) + pack("<Bf", 2 << 3 | 5, _single(value)))
            for tag, value in values
            if value is not None
        )
        self._write(pack("<B", 2 << 3) + _varint(step) + _bytes(5, summary))

    def _write(self, event: bytes) -> None:
        event = pack("<Bd", 1 << 3 | 1, time.time()) + event
        length = pack("<Q", len(event))
        self._stream.write(length + pack("<I", masked(length)) + event + pack("<I", masked(event)))


def must_hold_one_run(folder: Path) -> None:
    """Raises ProjectError where `folder` has events already: TensorBoard would draw both runs as one curve."""
    if folder.exists() and not folder.is_dir():
        raise ProjectError(Problem("--tensorboard", f"{folder}: expected a folder"))
    if folder.is_dir() and any(SUFFIX in entry.name for entry in folder.iterdir()):
        words = f"{folder}: expected a folder without events, these would be drawn as one curve with those in it"
        raise ProjectError(Problem("--tensorboard", words))


def _single(value: float) -> float:
    """A number that single precision can hold; `pack` refuses larger ones."""
    return value if abs(value) <= 3.4028234e38 or value != value else float("inf") * (1 if value > 0 else -1)


def _bytes(field: int, content: bytes) -> bytes:
    """A field of protocol buffers that holds bytes, a text or a message."""
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Seven bits a byte, lowest first; the eighth says that more follow."""
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def _table() -> tuple[int, ...]:
    made = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        made.append(value)
    return tuple(made)


TABLE = _table()


def crc32c(content: bytes) -> int:
    """The checksum of G. Castagnoli et al., IEEE Trans. Comm. 41 (1993), as in RFC 3720."""
    sum_, table = 0xFFFFFFFF, TABLE
    for byte in content:
        sum_ = sum_ >> 8 ^ table[(sum_ ^ byte) & 255]
    return sum_ ^ 0xFFFFFFFF


def masked(content: bytes) -> int:
    """A checksum over data that may hold checksums itself, as TFRecord has it."""
    found = crc32c(content)
    return ((found >> 15 | found << 17) + 0xA282EAD8) & 0xFFFFFFFF
