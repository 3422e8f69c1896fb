"""What a report tells: a run's networks as far as they have come, and what it takes to repeat it."""

import platform
import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass

import numpy as np

from engine.project import Project
from engine.run.messages import EpochScore, Points
from netviz.runtime.history import LaneHistory

FRESH = "the initial weights of the seed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place: on what, with what."""

    device: str
    dtype: str
    kernels: str
    blas_threads: int

    def rows(self) -> list[tuple[object, ...]]:
        from importlib.metadata import version  # slow to import, and a window needs it for its first report only

        return [
            ("device", self.device),
            ("numbers", self.dtype),
            ("kernels", f"{self.kernels}, BLAS threads: {self.blas_threads}"),
            ("machine", f"{platform.system()} {platform.machine()}"),
            ("netviz", version("netviz")),
            ("Python", platform.python_version()),
            ("NumPy", np.__version__),
        ]


@dataclass(frozen=True, slots=True)
class LaneResult:
    """One network: what it is, what has been seen of it, and the latest scores with their step."""

    project: Project
    seed: int
    step: int
    epoch: int
    history: LaneHistory
    score: EpochScore | None
    trouble: str = ""  # why it went no further


@dataclass(frozen=True, slots=True)
class Picture:
    """A panel as it stood: PNG, shown at `width` pixels of the page."""

    title: str
    words: str  # for those who do not see it
    png: bytes
    width: int

    @property
    def address(self) -> str:
        return "data:image/png;base64," + b64encode(self.png).decode()


@dataclass(frozen=True, slots=True)
class Report:
    project: Project
    lanes: tuple[LaneResult, ...]
    place: Place
    began: str  # with which weights
    changes: tuple[str, ...] = ()  # by hand while it ran
    pictures: tuple[Picture, ...] = ()
    points: Points | None = None


def png_bytes(pixels: np.ndarray) -> bytes:
    """(height, width, 4) uint8 RGBA as PNG, which is small enough to be written here (ISO 15948)."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
