"""What stands for data that are not there, where a network is used and not trained."""

from pathlib import Path
from typing import ClassVar

from engine.data.source import Dataset, DataSource, Summary
from engine.errors import Problem, ProjectError


class Absent(DataSource, frozen=True, tag="absent"):
    """The shape of one example, which an input node declares, and no examples. No project file can name it."""

    title: ClassVar[str] = "No data"

    shape: tuple[int, ...]

    def summary(self, folder: Path) -> Summary:
        return Summary(shape=self.shape, classes=None, targets=1)

    def load(self, folder: Path) -> Dataset:
        raise ProjectError(Problem("data", "are not there; the network can be used, but not trained"))
