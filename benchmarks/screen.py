"""A screen that nobody sees, whose pixels can be read: an X server with its picture in a file."""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SIZE = (2560, 1600)
SPARSE = 8  # of so many rows and columns one is looked at


class Screen:
    """Xvfb, white until somebody paints on it; a context manager."""

    def __enter__(self) -> "Screen":
        self._folder = tempfile.TemporaryDirectory(prefix="netviz-screen-")
        told, tell = os.pipe()
        screen, quiet = ["-screen", "0", "{}x{}x24".format(*SIZE), "-wr"], ["-nolisten", "tcp"]
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(tell), *screen, *quiet, "-fbdir", self._folder.name],
            pass_fds=[tell],
            stderr=subprocess.DEVNULL,
        )
        os.close(tell)
        with os.fdopen(told) as number:
            self.display = f":{number.readline().strip()}"
        self._pixels = _pixels(Path(self._folder.name) / "Xvfb_screen0")
        return self

    def __exit__(self, *error: object) -> None:
        self._server.terminate()
        self._server.wait(timeout=10)
        self._folder.cleanup()

    def environment(self) -> dict[str, str]:
        """What a program needs to open its window here, with settings that are nobody's."""
        mine = {"DISPLAY": self.display, "XDG_CONFIG_HOME": self._folder.name, "QT_QPA_PLATFORM": "xcb"}
        return {**os.environ, **mine}

    def painted(self) -> float:
        """How many pixels are not white."""
        return float(np.count_nonzero(self._pixels & 0xFFFFFF != 0xFFFFFF)) * SPARSE**2


def _pixels(file: Path) -> np.ndarray:
    """Some of the pixels of an XWD file, as they are at any time (the format: X11/XWDFile.h)."""
    head = np.memmap(file, ">u4", "r", shape=25)
    begin, line, colours = int(head[0]), int(head[12]), int(head[19])
    order = "<u4" if head[7] == 0 else ">u4"
    whole = np.memmap(file, order, "r", offset=begin + 12 * colours, shape=(SIZE[1], line // 4))
    return whole[::SPARSE, : SIZE[0] : SPARSE]
