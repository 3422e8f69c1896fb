"""The windows that are open: each has a project and a run of its own."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.data.toy import Xor
from engine.graph import Graph, Node
from engine.layers.input import Input
from engine.losses import BinaryCrossEntropy
from engine.optimizers import Adam
from engine.project import Project
from engine.training import Training

if TYPE_CHECKING:
    from netviz.main_window import MainWindow

Make = Callable[[Project, Path | None], "MainWindow"]
OFFSET = 32  # pixels between windows that open one after another


class Windows:
    """Keeps windows alive while they are open, and opens more of them."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self.all: list[MainWindow] = []

    def open(self, project: Project, path: Path | None) -> "MainWindow":
        """Another window, a little beside the last one."""
        window = self._make(project, path)
        window.windows = self
        if self.all:
            window.move(self.all[-1].pos().x() + OFFSET, self.all[-1].pos().y() + OFFSET)
        self.all.append(window)
        window.destroyed.connect(lambda: self.all.remove(window))
        window.show()
        settle_memory()
        return window


def settle_memory() -> None:
    """What a window and its project are made of lives long: the collector need not walk through it at every edit.

    Call it when a project has been opened; what the one before has left is collected first. The program starts with
    the collector switched off: there was nothing before, and the first window need not wait for it.
    """
    if gc.isenabled():
        gc.unfreeze()
        gc.collect()
    gc.freeze()
    gc.enable()


def empty_project() -> Project:
    """Nothing but an input over XOR: where drawing begins."""
    training = Training(loss=BinaryCrossEntropy(), optimizer=Adam(lr=0.03), epochs=200)
    return Project(name="Untitled", data=Xor(noise=0.03), graph=Graph((Node("x", Input()),), ()), training=training)
